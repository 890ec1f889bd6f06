"""Nobody but the page, a script of this machine and the hosts gets anywhere."""

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest
from tests.server.conftest import Serve, Served

from tallymark.queue.sources import open_source
from tallymark.server.settings import ServerSettings
from tallymark.store import Statement, Transaction

PATHS = ("/api/v1/project", "/ping", "/")


def refused(reply: httpx.Response) -> tuple[int, str]:
    assert reply.headers["content-type"] == "application/problem+json"
    return reply.status_code, reply.json()["code"]


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "evil.example:8080", "", "192.168.1.9", "a@localhost"]
)
@pytest.mark.parametrize("path", PATHS)
def test_a_foreign_host_name_is_refused(served: Served, host: str, path: str) -> None:
    assert refused(served.client.get(path, headers={"host": host})) == (421, "wrong_host")


def test_two_host_names_are_one_too_many(served: Served) -> None:
    connection = HTTPConnection(served.client.base_url.netloc.decode())
    connection.putrequest("GET", "/ping", skip_host=True)
    connection.putheader("Host", "evil.example")
    connection.putheader("Host", "localhost")
    connection.endheaders()
    with closing(connection):
        assert connection.getresponse().status in (400, 421)


@pytest.mark.parametrize("host", ["localhost:9", "127.0.0.1", "[::1]:8080", "LOCALHOST", "localhost."])
def test_names_of_this_machine_are_ours(served: Served, host: str) -> None:
    assert served.client.get("/ping", headers={"host": host}).status_code == 200


def test_allowed_hosts_and_addresses_where_everybody_may_connect(serve: Serve) -> None:
    served = serve(ServerSettings(host="0.0.0.0", allowed_hosts=("tally.example",)))  # noqa: S104
    for host in ("tally.example", "192.168.1.9:8080", "localhost"):
        assert served.client.get("/ping", headers={"host": host}).status_code == 200
    assert refused(served.client.get("/ping", headers={"host": "evil.example"})) == (421, "wrong_host")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None]
)
def test_what_a_form_of_another_site_could_send_is_refused(served: Served, kind: str | None) -> None:
    headers = {} if kind is None else {"content-type": kind}
    reply = served.client.post("/api/v1/sessions", content=b'{"name":"eve"}', headers=headers)
    assert refused(reply) == (415, "media_type")


def test_a_charset_beside_the_content_type_is_fine(served: Served) -> None:
    served.start()
    headers = {"content-type": "application/json; charset=utf-8"}
    assert (
        served.client.post("/api/v1/sessions", content=b'{"name":"ann"}', headers=headers).status_code == 200
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://localhost:1"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_sites_page_can_neither_answer_nor_read(served: Served, headers: dict[str, str]) -> None:
    reply = served.client.post("/api/v1/sessions", json={"name": "eve"}, headers=headers)
    assert refused(reply) == (403, "cross_origin")
    assert refused(served.client.get("/api/v1/audit", headers=headers)) == (403, "cross_origin")


def test_our_own_page_may(served: Served) -> None:
    served.start()
    origin = str(served.client.base_url).replace("127.0.0.1", "localhost").rstrip("/")
    headers = {"origin": origin, "sec-fetch-site": "same-origin"}
    assert served.client.post("/api/v1/sessions", json={"name": "a"}, headers=headers).status_code == 200


def test_behind_a_proxy_the_public_address_is_ours(serve: Serve) -> None:
    served = serve(ServerSettings(public_url="https://tally.example:8443/news"))
    served.start()
    headers = {"host": "tally.example", "origin": "https://tally.example:8443"}
    assert served.client.post("/api/v1/sessions", json={"name": "a"}, headers=headers).status_code == 200
    for origin in ("https://tally.example:1", "null", "https://evil.example"):
        reply = served.client.post(
            "/api/v1/sessions", json={"name": "a"}, headers={**headers, "origin": origin}
        )
        assert refused(reply) == (403, "cross_origin")


def test_a_large_body_is_refused_with_and_without_a_length(serve: Serve) -> None:
    served = serve(ServerSettings(max_body=1000))
    headers = {"content-type": "application/json"}
    body = b'{"name": "' + b"x" * 1000 + b'"}'

    def chunks() -> Iterator[bytes]:
        yield body[:500]
        yield body[500:]

    whole = served.client.post("/api/v1/sessions", content=body, headers=headers)
    assert refused(whole) == (413, "body_too_large")
    chunked = served.client.post("/api/v1/sessions", content=chunks(), headers=headers)
    assert refused(chunked) == (413, "body_too_large")


@pytest.mark.parametrize("path", [*PATHS, "/api/v1/nothing", "/api/v1/project"])
def test_every_reply_carries_the_security_headers(served: Served, path: str) -> None:
    for headers in ({}, {"host": "evil.example"}):
        reply = served.client.get(path, headers=headers)
        policy = reply.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "same-origin"


def test_wrong_paths_and_methods_are_problems_too(served: Served) -> None:
    assert refused(served.client.get("/api/v1/nothing"))[0] == 404
    for method in ("DELETE", "OPTIONS"):  # neither has a body whose type could be wrong
        assert refused(served.client.request(method, "/api/v1/project")) == (405, "method_not_allowed")
    assert refused(served.client.put("/api/v1/project", content=b"{}")) == (415, "media_type")
    assert refused(served.client.get("/api/v1/sessions")) == (405, "method_not_allowed")
    assert refused(served.client.get("/api/v2/nothing")) == (404, "not_known")


def test_the_inner_door_opens_to_the_secret_alone(served: Served) -> None:
    assert served.inner("server.hello").json()["database_id"] == served.store.database_id
    assert served.inner("server.hello", secret="guess").status_code == 404
    assert served.client.post("/internal/server.hello", json={}).status_code == 404


@pytest.mark.parametrize("mark", ["origin", "sec-fetch-mode", "cookie", "referer"])
def test_the_inner_door_stays_shut_for_browsers(served: Served, mark: str) -> None:
    origin = str(served.client.base_url).replace("127.0.0.1", "localhost").rstrip("/")
    headers = {"x-tallymark-secret": "inner-door", mark: origin}
    reply = served.client.post("/internal/server.hello", json={}, headers=headers)
    assert reply.status_code == 404


def test_inner_errors_travel_with_their_code(served: Served) -> None:
    reply = served.inner("seats.claim_seat", dataset="nowhere", name="a")
    assert reply.status_code == 409
    assert reply.json()["code"] == "not_known"
    assert "nowhere" in reply.json()["message"]
    assert served.inner("os.system").json()["code"] == "input"


def test_the_description_does_not_show_the_inner_door(served: Served) -> None:
    assert not any("internal" in path for path in served.client.get("/openapi.json").json()["paths"])


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A built web app."""
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html>")
    (static / "assets" / "app-1a2b.js").write_text("1")
    (tmp_path / "private.txt").write_text("private")
    (static / "link.txt").symlink_to(tmp_path / "private.txt")
    return static


def test_the_page_is_asked_for_again_and_its_assets_are_not(serve: Serve, page: Path) -> None:
    client = serve(static=page).client
    index = client.get("/?session=ann")
    assert (index.status_code, index.headers["cache-control"]) == (200, "no-cache")
    asset = client.get("/assets/app-1a2b.js")
    assert "immutable" in asset.headers["cache-control"]
    assert asset.headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    "path",
    ["/../private.txt", "/%2e%2e/private.txt", "/link.txt", "/assets/%00", "/assets", "/" + "x" * 5000],
)
def test_the_page_gives_no_other_files(serve: Serve, page: Path, path: str) -> None:
    assert serve(static=page).client.get(path).status_code == 404


def test_without_a_built_page_the_reply_says_what_to_do(served: Served) -> None:
    assert refused(served.client.get("/")) == (503, "page_missing")


def test_pages_move_to_the_canonical_host(serve: Serve, page: Path) -> None:
    client = serve(static=page).client
    reply = client.get("/?dataset=a&session=b", headers={"host": "127.0.0.1:8080"})
    assert reply.status_code == 307
    assert reply.headers["location"] == "http://localhost:8080/?dataset=a&session=b"
    assert client.get("/api/v1/project", headers={"host": "127.0.0.1:8080"}).status_code == 404
    other = client.get("//evil.example/x", headers={"host": "127.0.0.1:8080"})
    assert other.headers["location"].startswith("http://localhost:8080/")


@pytest.fixture
def pictures(served: Served, tmp_path: Path) -> Served:
    """A dataset with a folder of pictures."""
    folder = tmp_path / "pictures"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.png").write_bytes(bytes(range(100)))
    (folder / "notes.txt").write_text("private")
    (folder / ".hidden.png").write_bytes(b"x")
    (tmp_path / "outside.png").write_bytes(b"x")
    (folder / "out.png").symlink_to(tmp_path / "outside.png")
    served.start()
    mount = Statement("", "INSERT INTO media (dataset, mount, folder) VALUES (1, 'pics', :folder)")
    served.writer.call(lambda tx: tx.run(mount, {"folder": str(folder)}))
    return served


@pytest.fixture
def task(pictures: Served, tmp_path: Path) -> int:
    """A task from a file beside other pictures; its dataset has the folder of pictures as a source, too."""
    (tmp_path / "more" / "sub").mkdir(parents=True)
    (tmp_path / "more" / "sub" / "a.png").write_bytes(b"other")
    fence = pictures.start()
    pictures.enqueue(fence, ["x"])

    def read(tx: Transaction) -> int:
        named = {**fence, "fingerprint": "1", "same_start": False}
        open_source(tx, uri=str(tmp_path / "pictures"), **named)
        open_source(tx, uri="-", **named)
        source = open_source(tx, uri=str(tmp_path / "more" / "rows.jsonl"), **named)["source"]
        found = int(tx.value(Statement("", "SELECT id FROM task")))
        row = "INSERT INTO task_row (source, ordinal, task, how, run) VALUES (:source, 1, :task, 'exact', 1)"
        tx.run(Statement("", row), {"source": source, "task": found})
        return found

    return pictures.writer.call(read)


def test_media_of_a_task_lie_in_the_folders_of_the_sources(
    pictures: Served, task: int, tmp_path: Path
) -> None:
    def had(path: str, number: object = task) -> bytes | None:
        reply = pictures.client.get(f"/api/v1/media/news/task-{number}/{path}")
        return reply.content if reply.status_code == 200 else None

    home = f"%2F{str(tmp_path)[1:]}"
    (tmp_path / "pictures" / "b.png").write_bytes(b"b")
    assert (had("sub/a.png"), had("b.png"), had("b.png", 10**9)) == (b"other", b"b", b"b")
    assert had(f"{home}/pictures/sub/a.png") == bytes(range(100))
    for outside in (
        "../outside.png",
        "%2E%2E/outside.png",
        "%2Fetc/x.png",
        f"{home}/outside.png",
        "notes.txt",
    ):
        assert had(outside) is None
    assert had("b.png", "x") is None
    assert pictures.client.get("/api/v1/media/blogs/task-1/b.png").status_code == 404


def test_media_are_served_with_ranges(pictures: Served) -> None:
    path = "/api/v1/media/news/pics/sub/a.png"
    whole = pictures.client.get(path)
    assert (whole.headers["content-type"], whole.content) == ("image/png", bytes(range(100)))
    part = pictures.client.get(path, headers={"range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, bytes(range(10, 20)))


@pytest.mark.parametrize(
    "path",
    [
        "news/pics/../outside.png",
        "news/pics/%2e%2e/outside.png",
        "news/pics/..%2foutside.png",
        "news/pics/out.png",
        "news/pics/notes.txt",
        "news/pics/.hidden.png",
        "news/pics/%00.png",
        f"news/pics/{'x' * 5000}.png",
        f"news/{'9' * 40}/a.png",
        "news/pics//etc/x.png",
        "news/other/sub/a.png",
        "blogs/pics/sub/a.png",
    ],
)
def test_media_outside_the_folder_are_not(pictures: Served, path: str) -> None:
    assert pictures.client.get(f"/api/v1/media/{path}").status_code == 404


def test_the_page_may_load_what_its_recipe_names_and_no_more(serve: Serve, page: Path) -> None:
    served = serve(static=page)
    plain = served.client.get("/").headers["content-security-policy"]
    policy = {"script-src": ["https://code.test/x.js"], "style-src": ["https://code.test/x.css"]}
    private = {"custom_code": {"files": {}, "policy": policy}}
    served.start("news", config={"_server": private})
    served.start("blogs")
    own = served.client.get("/?dataset=news").headers["content-security-policy"]
    assert "script-src 'self' https://code.test/x.js;" in own
    assert "style-src 'self' 'unsafe-inline' https://code.test/x.css;" in own
    assert "script-src 'self';" in plain
    for path in ("/", "/?dataset=blogs", "/?dataset=nothing", "/admin", "/assets/app-1a2b.js"):
        reply = served.client.get(path)
        assert reply.headers.get_list("content-security-policy") == [plain]
