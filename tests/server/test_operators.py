"""The operators' calls over HTTP: what they do, and who may not make them."""

from typing import Any

import pytest
from fastapi import Request
from tests.asynchronous import finish
from tests.server.conftest import Served

from tallymark.server.admin_api import ACTIONS
from tallymark.server.operators import operator
from tallymark.server.problems import Refused

URL = "/api/v1/admin"


def post(served: Served, name: str, code: int = 200, /, **body: Any) -> dict[str, Any]:
    reply = served.client.post(f"{URL}/{name}", json=body)
    assert reply.status_code == code, reply.text
    document: dict[str, Any] = reply.json()
    return document


@pytest.fixture
def news(served: Served) -> str:
    """A dataset of three tasks, of which ann has answered the first; her token."""
    fence = served.start()
    served.enqueue(fence, ["a", "b", "c"])
    token = served.claim("ann")
    served.post(token, "lease", {"size": 1})
    answer(served, token, "1")
    return token


def answer(served: Served, token: str, task: str, **more: Any) -> dict[str, Any]:
    op = {"op_id": f"{token}-{task}-{len(more)}", "task_id": task, "status": "submitted"}
    acks = served.post(token, "answers", {"ops": [{**op, "decision": "accept", **more}]})["acks"]
    return dict(acks[0])


def test_a_dataset_is_paused_and_goes_on(served: Served, news: str) -> None:
    assert post(served, "pause") == {}
    assert served.post(news, "heartbeat")["state"] == "paused"
    post(served, "resume", dataset="news")
    assert served.post(news, "lease", {"size": 1})["state"] == "ready"
    assert post(served, "release", session="ann") == {"released": 1}


def test_tasks_and_answers_are_withdrawn_and_come_back(served: Served, news: str) -> None:
    post(served, "withdraw", task_id="2")
    post(served, "withdraw", task_id="1", session="ann")
    assert post(served, "reopen", task_id="2") == {}
    post(served, "reopen", task_id="1", session="ann")
    assert post(served, "withdraw-answers", session="ann") == {"answers": 1}
    assert post(served, "reinstate-answers", session="ann") == {"answers": 1}
    assert post(served, "overlap", overlap=2) == {"tasks": 3}
    assert post(served, "overlap", overlap=None, task_id="1") == {"tasks": 1}


def test_an_answer_goes_back_and_its_author_is_told(served: Served, news: str) -> None:
    cursor = served.post(news, "heartbeat")["cursor"]
    post(served, "send-back", task_id="1", session="ann", comment="Look again.")
    assert [each["task_id"] for each in served.post(news, "heartbeat", {"cursor": cursor})["changed"]] == [
        "1"
    ]
    [entry] = [e for e in served.post(news, "lease", {"size": 2})["tasks"] if e["task_id"] == "1"]
    assert entry["draft"]["message"] == "Look again."


def test_seats_change(served: Served, news: str) -> None:
    served.claim("anne")
    post(served, "seats/rename", name="anne", new_name="eve")
    assert post(served, "seats/merge", name="eve", into="ann") == {"moved": 0, "both": 0}
    assert post(served, "seats/retire", name="ann") == {"released": 0}


def test_labels_change_under_an_open_page(served: Served, news: str) -> None:
    before = served.post(news, "heartbeat")["project_version"]
    assert post(served, "labels/add", label="C")["labels"] == ["A", "B", "C"]
    post(served, "labels/rename", label="A", new="D")
    post(served, "labels/merge", label="C", into="B")
    assert post(served, "labels/retire", label="B")["labels"] == ["D"]
    post(served, "labels/instructions", text="Read *well*.")
    project = served.client.get("/api/v1/project").json()
    assert (project["labels"], project["instructions"]) == (["D"], "Read *well*.")
    assert served.post(news, "heartbeat")["project_version"] == project["project_version"] > before
    assert post(served, "labels/reopen", comment="The labels changed.") == {"answers": 1}


def test_work_in_parts_is_done_to_its_end(served: Served, news: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tallymark.queue.people.PART", 1)
    answer(served, news, "2")
    assert post(served, "withdraw-answers", session="ann") == {"answers": 2}


def test_who_erases_has_to_be_sure(served: Served, news: str) -> None:
    assert "sure" in post(served, "erase/record", 422, task_ids=["1"], sure=False)["detail"]
    assert "sure" in post(served, "erase/person", 422, name="ann", sure=False)["detail"]
    assert post(served, "erase/record", task_ids=["1"], sure=True) == {"tasks": 1, "datasets": 1}
    assert post(served, "erase/person", name="ann", sure=True)["sessions"] == 1


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("withdraw", {"task_id": "99"}, "not_known"),
        ("pause", {"dataset": "other"}, "not_known"),
        ("overlap", {"overlap": 0}, "invalid_request"),
        ("overlap", {}, "invalid_request"),
        ("pause", {"datasets": "news"}, "invalid_request"),
        ("labels/retire", {"label": "X"}, "not_known"),
        ("labels/add", {"label": "A"}, "input"),
    ],
)
def test_mistakes_are_told(served: Served, news: str, name: str, body: dict[str, Any], code: str) -> None:
    reply = served.client.post(f"{URL}/{name}", json=body)
    assert reply.json()["code"] == code


# -- who may not --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTIONS)
def test_a_page_of_another_site_cannot_operate(served: Served, news: str, name: str) -> None:
    for headers, code in (
        ({"origin": "http://evil.example", "content-type": "application/json"}, "cross_origin"),
        ({"sec-fetch-site": "cross-site", "content-type": "application/json"}, "cross_origin"),
        ({"content-type": "text/plain"}, "media_type"),
        ({"host": "evil.example", "content-type": "application/json"}, "wrong_host"),
    ):
        reply = served.client.post(f"{URL}/{name}", content=b"{}", headers=headers)
        assert reply.json()["code"] == code
    assert served.client.get(f"{URL}/{name}").status_code in (404, 405)


@pytest.mark.parametrize("header", ["forwarded", "x-forwarded-for", "x-real-ip", "via"])
def test_nobody_operates_through_a_proxy(served: Served, news: str, header: str) -> None:
    reply = served.client.post(f"{URL}/pause", json={}, headers={header: "for=10.0.0.1"})
    assert (reply.status_code, reply.json()["code"]) == (403, "not_operator")
    for path in (f"{URL}/overview", "/api/v1/audit", "/api/v1/trace?row=1"):
        reply = served.client.get(path, headers={header: "for=10.0.0.1"})
        assert reply.json()["code"] == "not_operator"


@pytest.mark.parametrize(
    ("client", "name", "let_in"),
    [
        (("127.0.0.1", 1), b"localhost:8080", True),
        (("::1", 1), b"[::1]:8080", True),
        (("127.0.0.1", 1), b"annotate.example", False),
        (("10.0.0.5", 1), b"localhost", False),
        (("::ffff:10.0.0.5", 1), b"localhost", False),
        (("a socket", 1), b"localhost", False),
        (None, b"localhost", False),
    ],
)
def test_operators_sit_at_the_machine(client: Any, name: bytes, let_in: bool) -> None:
    scope = {"type": "http", "scheme": "http", "server": None, "path": "/", "query_string": b""}
    request = Request({**scope, "client": client, "headers": [(b"host", name)]})
    if let_in:
        finish(operator(request))
    else:
        with pytest.raises(Refused) as refused:
            finish(operator(request))
        assert refused.value.code == "not_operator"


# -- looking ------------------------------------------------------------------------------------------


def test_a_glance_at_everything_consumes_nothing(served: Served, news: str) -> None:
    listed = served.client.get(f"{URL}/datasets").json()["datasets"]
    assert [each["name"] for each in listed] == ["news"]
    found = served.client.get(f"{URL}/overview").json()
    assert (found["name"], found["tasks"], found["done"]) == ("news", 3, 1)
    assert found["seats"][0]["name"] == "ann"
    assert found["seats"][0]["held"] == 0
    labels = served.client.get(f"{URL}/labels").json()
    assert labels["labels"] == ["A", "B"]
    assert served.client.get(f"{URL}/affected", params={"version": 1}).json()["answers"] == [
        {"task_id": "1", "session": "ann"}
    ]
    measured = served.client.get(f"{URL}/agreement").json()
    assert measured["decision"] == {"units": 0, "values": 0, "percent": None, "alpha": None}
    assert served.client.get(f"{URL}/waiting").json() == {"awaiting": [], "unfillable": []}
    assert post(served, "open-to-all") == {"opened": 0}
