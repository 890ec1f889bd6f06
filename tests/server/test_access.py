"""Who may come in: passwords, accounts, invitations, tokens."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from itsdangerous import URLSafeTimedSerializer
from tests.server.conftest import Serve, Served

from tallymark import queue
from tallymark.errors import StoreUnavailable
from tallymark.server.passwords import Throttle, network_of
from tallymark.server.settings import ServerSettings, access_of
from tallymark.store import Store

PASSWORD = "correct horse"
ACCESS = "/api/v1/access"


def sealed(served: Served, value: Any, salt: str) -> str:
    key = served.writer.call(queue.accounts.ensure_key)
    return str(URLSafeTimedSerializer(key, salt=f"tallymark {salt}").dumps(value))


def invitation(served: Served, name: str = "ann", dataset: str | None = "news", **more: Any) -> str:
    """What stands in an invitation's link."""
    made = served.inner("accounts.invite", name=name, dataset=dataset, **more).json()
    return sealed(served, made["nonce"], "invitation")


def accept(served: Served, name: str = "ann", **more: Any) -> httpx.Response:
    """Accept an invitation; the client is logged in from then on."""
    body = {"invitation": invitation(served, name, **more), "password": PASSWORD}
    return served.client.post(f"{ACCESS}/invitation", json=body)


def login(served: Served, name: str = "ann", password: str = PASSWORD) -> httpx.Response:
    return served.client.post(f"{ACCESS}/login", json={"name": name, "password": password})


def code(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["code"]


@pytest.fixture
def news(served: Served) -> Served:
    """A dataset with tasks."""
    served.enqueue(served.start(), ["one", "two"])
    return served


def test_without_accounts_nobody_has_to_log_in(news: Served) -> None:
    assert news.client.get(ACCESS).json() == {"required": False, "provider": False, "account": None}
    assert news.client.get("/api/v1/project").status_code == 200
    assert code(login(news)) == (401, "login_failed")


def test_the_first_account_shuts_the_door(news: Served) -> None:
    session = news.claim("ann")
    invitation(news)
    for path in (
        "project",
        "audit",
        "trace?row=1",
        f"sessions/{session}/history",
        f"progress?session={session}",
    ):
        assert code(news.client.get(f"/api/v1/{path}")) == (401, "login_required")
    for what in ("lease", "answers", "heartbeat", "release", "events/x"):
        reply = news.client.post(f"/api/v1/sessions/{session}/{what}", json={"ops": []})
        assert code(reply) == (401, "login_required")
    assert code(news.client.post("/api/v1/sessions", json={"name": "ann"})) == (401, "login_required")
    assert code(news.client.get("/media/x/y.png")) == (401, "login_required")
    assert code(news.client.get("/openapi.json")) == (401, "login_required")
    assert news.client.get(ACCESS).json() == {"required": True, "provider": False, "account": None}
    assert news.client.get("/healthz").status_code == news.client.get("/ping").status_code == 200


def test_an_invitation_leads_to_the_seat_of_its_name(news: Served) -> None:
    link = invitation(news)
    told = news.client.get(f"{ACCESS}/invitation", params={"token": link}).json()
    assert told == {"name": "ann", "datasets": ["news"]}
    short = news.client.post(f"{ACCESS}/invitation", json={"invitation": link, "password": "short"})
    assert code(short) == (422, "invalid_request")
    reply = news.client.post(f"{ACCESS}/invitation", json={"invitation": link, "password": PASSWORD})
    assert reply.json() == {"name": "ann", "role": "annotator"}
    cookie = reply.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert news.client.get("/api/v1/project").json()["seat"] == {
        "ask": False,
        "login": True,
        "suggested": "ann",
        "allowed": None,
    }
    tasks = news.post(news.claim("ann"), "lease")["tasks"]
    assert [task["task"]["text"] for task in tasks] == ["one", "two"]
    again = news.client.post(f"{ACCESS}/invitation", json={"invitation": link, "password": PASSWORD})
    assert code(again) == (422, "input")


def test_nobody_takes_the_seat_of_another(news: Served) -> None:
    bobs = news.claim("bob")
    accept(news)
    refused = news.client.post("/api/v1/sessions", json={"name": "bob"})
    assert code(refused) == (403, "session_not_allowed")
    assert code(news.client.post(f"/api/v1/sessions/{bobs}/lease", json={})) == (403, "not_allowed")
    assert code(news.client.get(f"/api/v1/sessions/{bobs}/history")) == (403, "not_allowed")
    assert code(news.client.get("/api/v1/sessions/made-up/history")) == (404, "session_unknown")


def test_whose_account_was_erased_is_told_so_and_not_to_log_in(news: Served) -> None:
    accept(news)
    token = news.claim("ann")
    news.inner("erasing.erase_person", name="ann")
    assert code(news.client.post(f"/api/v1/sessions/{token}/lease", json={})) == (410, "session_erased")
    assert code(news.client.get("/api/v1/sessions/made-up/history")) == (401, "login_required")


def test_the_books_are_for_operators(news: Served) -> None:
    accept(news)
    for path in ("audit", "trace?row=1"):
        assert code(news.client.get(f"/api/v1/{path}")) == (403, "not_allowed")
    assert accept(news, "eve", role="operator").json() == {"name": "eve", "role": "operator"}
    assert news.client.get("/api/v1/audit").status_code == 200


def test_only_what_one_was_invited_to(news: Served) -> None:
    news.enqueue(news.start("books"), ["three"])
    accept(news)
    assert news.client.get("/api/v1/project").json()["dataset"] == "news"
    assert code(news.client.get("/api/v1/project?dataset=books")) == (403, "not_allowed")
    refused = news.client.post("/api/v1/sessions", json={"name": "ann", "dataset": "books"})
    assert code(refused) == (403, "session_not_allowed")
    accept(news, "zoe", dataset="other")
    assert code(news.client.get("/api/v1/project")) == (403, "not_allowed")
    accept(news, "all", dataset=None)
    assert news.client.get("/api/v1/project").json()["datasets"] == ["books", "news"]


def test_log_in_and_out(news: Served) -> None:
    accept(news)
    assert news.client.get(ACCESS).json()["account"] == {"name": "ann", "role": "annotator"}
    news.client.post(f"{ACCESS}/logout", json={})
    assert news.client.get(ACCESS).json()["account"] is None
    assert code(login(news, password="wrong")) == (401, "login_failed")
    assert code(login(news, name="nobody")) == (401, "login_failed")
    assert login(news).json() == {"name": "ann", "role": "annotator"}
    assert news.client.get("/api/v1/project").status_code == 200


def test_a_disabled_account_and_a_new_password_end_every_login(news: Served) -> None:
    accept(news)
    news.inner("accounts.disable", name="ann")
    assert code(news.client.get("/api/v1/project")) == (401, "login_required")
    assert code(login(news)) == (401, "login_failed")
    news.inner("accounts.enable", name="ann")
    assert code(news.client.get("/api/v1/project")) == (401, "login_required")
    assert login(news).status_code == 200
    news.inner("accounts.invite", name="ann", reset=True)
    assert code(news.client.get("/api/v1/project")) == (401, "login_required")


def test_a_cookie_that_somebody_made_up(news: Served) -> None:
    accept(news, role="operator")
    name, genuine = next(iter(news.client.cookies.items()))
    for value in (
        "",
        "x",
        genuine[:-2],
        f"{genuine}x",
        sealed(news, [1, 1], "token"),
        sealed(news, "x", "login"),
    ):
        news.client.cookies.clear()
        news.client.cookies.set(name, value)
        assert code(news.client.get("/api/v1/project")) == (401, "login_required"), value
    news.client.cookies.clear()
    for header in ("", ";;==", f"{name}", "x" * 4000):
        reply = news.client.get("/api/v1/project", headers={"cookie": header})
        assert code(reply) == (401, "login_required")


def test_a_token_for_scripts(news: Served) -> None:
    accept(news, role="operator")
    news.client.cookies.clear()
    headers = {"authorization": f"Bearer {sealed(news, [1, 1], 'token')}"}
    assert news.client.get("/api/v1/audit", headers=headers).status_code == 200
    wrong = {"authorization": "Bearer made-up"}
    assert code(news.client.get("/api/v1/audit", headers=wrong)) == (401, "login_required")


def test_guesses_have_to_wait(news: Served) -> None:
    accept(news)
    for _ in range(5):
        assert code(login(news, password="wrong")) == (401, "login_failed")
    reply = login(news)
    assert code(reply) == (429, "too_many_tries")
    assert int(reply.headers["retry-after"]) >= 1


def test_guesses_that_come_together_have_to_wait_as_well(
    news: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tallymark.server.passwords.FREE_TRIES", -5)  # a minute after the first one
    accept(news, "Zo\u00eb")
    names = ["Zo\u00eb", " zoe\u0308", "ZO\u00cb", "Zoe\u0308 "]
    with ThreadPoolExecutor(12) as crowd:
        replies = list(crowd.map(lambda n: code(login(news, names[n % 4], "wrong")), range(12)))
    assert replies.count((401, "login_failed")) == 1
    assert replies.count((429, "too_many_tries")) == 11


def test_the_wait_doubles_and_ends() -> None:
    now = [0.0]
    throttle = Throttle(lambda: now[0])
    waits = []
    for _ in range(16):
        throttle.failed("name ann", "address x")
        waits.append(throttle.wait("name ann"))
    assert waits[:8] == [0, 0, 0, 0, 1, 2, 4, 8]
    assert waits[-1] == 300
    assert throttle.wait("name bob", "address x") == 300
    now[0] = 301
    assert throttle.wait("name ann") == 0
    throttle.succeeded("name ann")
    throttle.failed("name ann")
    assert throttle.wait("name ann") == 0
    throttle.failed("name bob", "address x")
    assert throttle.wait("address x") == 300
    now[0] += 300 + 3601
    throttle.failed("address x")
    assert throttle.wait("address x") == 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_guesses_from_one_network_count_together(address: str, network: str) -> None:
    assert network_of(address) == network


def test_one_password_for_everybody(serve: Serve) -> None:
    served = serve(ServerSettings(basic=("team", "s\u00e9cret")))
    served.enqueue(served.start(), ["one"])
    for path in ("/", "/assets/x.js", "/api/v1/project", "/openapi.json"):
        reply = served.client.get(path)
        assert code(reply) == (401, "login_required")
        assert reply.headers["www-authenticate"].startswith("Basic ")
    assert served.client.get("/ping").status_code == 200
    right = httpx.BasicAuth("team", "s\u00e9cret".encode())
    assert served.client.get("/api/v1/project", auth=right).status_code == 200
    assert served.client.get("/api/v1/audit", auth=right).status_code == 200
    for given in ("Basic", "Basic ?", "Basic dGVhbTp3cm9uZw==", "Bearer x", "Basic dGVhbQ=="):
        reply = served.client.get("/api/v1/project", headers={"authorization": given})
        assert code(reply) == (401, "login_required")
    reply = served.client.get("/api/v1/project", headers={"authorization": "Basic dGVhbTp3cm9uZw=="})
    assert code(reply) == (429, "too_many_tries")


def test_guesses_from_an_address_keep_out_nobody_who_was_in(serve: Serve) -> None:
    served = serve(ServerSettings(basic=("team", "s\u00e9cret")))
    served.start()
    right, wrong = httpx.BasicAuth("team", "s\u00e9cret".encode()), httpx.BasicAuth("team", "guess")
    assert served.client.get("/api/v1/project", auth=right).status_code == 200
    [cookie] = served.client.cookies.jar
    assert cookie.has_nonstandard_attr("HttpOnly")
    with httpx.Client(base_url=served.client.base_url, headers={"host": "localhost"}) as other:
        for _ in range(5):
            assert code(other.get("/api/v1/project", auth=wrong)) == (401, "login_required")
        for guess in (wrong, right):
            assert code(other.get("/api/v1/project", auth=guess)) == (429, "too_many_tries")
        forged = {"cookie": f"{cookie.name}=0"}
        assert code(other.get("/api/v1/project", auth=right, headers=forged)) == (429, "too_many_tries")
    reply = served.client.get("/api/v1/project", auth=right)
    assert reply.status_code == 200
    assert "set-cookie" not in reply.headers
    assert code(served.client.get("/api/v1/project", auth=wrong)) == (429, "too_many_tries")


def test_the_server_is_told_by_its_host() -> None:
    assert access_of("{}")["access_digest"] != access_of('{"basic": ["a", "b"]}')["access_digest"]
    told = access_of(
        '{"public_url": "https://x.example/n", "oidc": {"discovery_url": "d", "client_id": "i",'
        ' "client_secret": "s", "name_claim": "email", "operators": ["eve"]}}'
    )
    settings = ServerSettings(**told)
    assert settings.answers_to("x.example")
    assert settings.oidc is not None
    assert settings.oidc.operators == ("eve",)


def test_a_database_that_is_away_is_said_at_the_door(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_: Store) -> None:
        raise StoreUnavailable("The database cannot be used just now.")

    served.start()
    monkeypatch.setattr(Store, "reading", away)
    assert code(served.client.post("/api/v1/sessions", json={"name": "ann"})) == (503, "store_unavailable")
