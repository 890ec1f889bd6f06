"""Whatever is sent, the reply is a problem of the sender's, never a failure of the server."""

from typing import Any

import pytest
from tests.server.conftest import Served

HUGE = 10**30
JSON = {"content-type": "application/json"}


def op(**more: Any) -> dict[str, Any]:
    given = {"op_id": "op1", "task_id": "1", "base": 0, "status": "submitted", "decision": "accept"}
    return {**given, **more}


@pytest.fixture
def seated(served: Served) -> tuple[Served, str]:
    """A dataset with three tasks, and somebody who holds them."""
    served.enqueue(served.start(), ["one", "two", "three"])
    session = served.claim()
    served.post(session, "lease")
    return served, session


@pytest.mark.parametrize(
    "path",
    [
        f"sessions/S/history?before={HUGE}",
        f"sessions/S/history?before=-{HUGE}",
        "sessions/S/history?limit=0",
        "sessions/S/history?limit=100000",
        "sessions/S/history?q=%00&label=%ff",
        "sessions/%00/history",
        "sessions/%ff%fe/history",
        f"trace?hash={HUGE}",
        f"trace?row={HUGE}",
        "trace?row=0",
        f"trace?task_id={HUGE}",
        "trace?task_id=1%00",
        "trace?dataset=nowhere&row=1",
        "audit?dataset=nowhere",
        "project?dataset=%00",
        "progress?session=",
        "progress",
        "media/a/b/c%00d.png",
    ],
)
def test_odd_questions(seated: tuple[Served, str], path: str) -> None:
    served, session = seated
    reply = served.client.get(f"/api/v1/{path.replace('/S/', f'/{session}/')}")
    assert reply.status_code < 500, reply.text
    if reply.status_code != 200:
        assert reply.json()["code"]


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("lease", {"size": HUGE}),
        ("lease", {"size": -1}),
        ("lease", {"holding": ["x", "\0", str(HUGE)]}),
        ("lease", {"client_id": "\0"}),
        ("lease", {"client_id": "x" * 100_000}),
        ("heartbeat", {"cursor": HUGE}),
        ("heartbeat", {"cursor": -HUGE}),
        ("release", {"task_ids": ["x", "", "-1", str(HUGE), "１"]}),
        ("answers", {"ops": [op(base=HUGE)]}),
        ("answers", {"ops": [op(base="never seen")]}),
        ("answers", {"ops": [op(task_id=str(HUGE))]}),
        ("answers", {"ops": [op(task_id="１")]}),
        ("answers", {"ops": [op(task_id="\0")]}),
        ("answers", {"ops": [op(set={"a": {"$keep": 0}, "spans": [{"$keep": HUGE}]})]}),
        ("answers", {"ops": [op(set={"spans": [{"$keep": "x"}, {"$keep": 0, "set": 5, "unset": {}}]})]}),
        ("answers", {"ops": [op(active_ms=1e300, client_time=1e300, shown_at=-1e300)]}),
        ("answers", {"ops": [op(active_ms=-5)]}),
        ("answers", {"ops": [op(comment="\0", reason="x" * 100_000)]}),
        ("answers", {"ops": [op(unset=["text", "text", "\0"])]}),
        ("answers", {"ops": [op(status="retracted")]}),
        ("answers", {"ops": [op(), op()]}),
        ("answers", {"ops": []}),
        ("events/nothing", {}),
    ],
)
def test_odd_requests(seated: tuple[Served, str], what: str, body: dict[str, Any]) -> None:
    from tallymark import jsontext

    served, session = seated
    content = jsontext.dumps(body).encode()
    reply = served.client.post(f"/api/v1/sessions/{session}/{what}", content=content, headers=JSON)
    assert reply.status_code < 500 or reply.json()["code"] == "host_down", reply.text
    if what == "answers" and reply.status_code == 200:
        assert len(reply.json()["acks"]) == len(body["ops"])
    audit = served.client.get("/api/v1/audit").json()
    assert [i["name"] for i in audit["invariants"] if i["broken"]] == []


@pytest.mark.parametrize(
    "content",
    [
        b"\xff",
        b'{"ops": [{"op_id": "\\ud800"}]}',
        b"[" * 100_000,
        b'{"ops":' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"ops": [{"set": 1e999}]}',
        b"null",
        b"1",
        b'"ops"',
    ],
)
def test_odd_bodies(seated: tuple[Served, str], content: bytes) -> None:
    served, session = seated
    reply = served.client.post(f"/api/v1/sessions/{session}/answers", content=content, headers=JSON)
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid_request")


def test_a_value_nested_too_deeply_is_kept_and_not_a_failure(seated: tuple[Served, str]) -> None:
    served, session = seated
    nested = "[" * 600 + "]" * 600
    content = '{"ops": [{"op_id": "deep", "task_id": "1", "base": 0, "status": "submitted",'
    content += f'"decision": "accept", "set": {{"a": {nested}}}}}]}}'
    reply = served.client.post(f"/api/v1/sessions/{session}/answers", content=content, headers=JSON)
    assert reply.status_code < 500, reply.text
