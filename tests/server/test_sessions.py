"""What a page does: claim a seat, lease, answer, look back."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.server.conftest import Served

from tallymark import queue


def op(task_id: str, op_id: str = "op1", **more: Any) -> dict[str, Any]:
    given = {"op_id": op_id, "task_id": task_id, "base": 0, "status": "submitted", "decision": "accept"}
    return {**given, **more}


def test_a_project_is_told_before_anything_runs_that_there_is_none(served: Served) -> None:
    reply = served.client.get("/api/v1/project")
    assert reply.status_code == 404
    assert reply.json()["code"] == "no_project"
    assert reply.headers["content-type"] == "application/problem+json"


def test_project_holds_what_the_page_needs_and_no_secret(served: Served) -> None:
    served.start(instructions="Mark it.", address="http://127.0.0.1:1", secret="host-secret")
    project = served.client.get("/api/v1/project").json()
    assert project["dataset"] == "news"
    assert project["labels"] == ["A", "B"]
    assert project["config"] == {"batch_size": 10}
    assert project["database_id"] == served.store.database_id
    assert project["host"] == "up"
    assert project["seat"]["ask"] is False
    assert "secret" not in str(project)


def test_a_silent_host_is_down(served: Served) -> None:
    served.start()
    served.clock.now += 60
    assert served.client.get("/api/v1/project").json()["host"] == "down"


def test_several_datasets_have_to_be_named(served: Served) -> None:
    served.start("news")
    served.start("blogs")
    reply = served.client.get("/api/v1/project")
    assert reply.status_code == 409
    assert reply.json()["code"] == "dataset_required"
    assert reply.json()["datasets"] == ["blogs", "news"]
    assert served.client.get("/api/v1/project?dataset=blogs").json()["dataset"] == "blogs"


def test_a_seat_is_the_same_for_the_same_name(served: Served) -> None:
    served.start()
    assert served.claim("ann") == served.claim(" ann ")
    assert served.claim("bob") != served.claim("ann")


def test_only_allowed_names_may_sit_down(served: Served) -> None:
    served.start(config={"_server": {"allowed_sessions": ["ann"], "overlap": 1}})
    served.claim("ann")
    reply = served.client.post("/api/v1/sessions", json={"name": "eve"})
    assert reply.status_code == 403
    assert reply.json()["code"] == "session_not_allowed"
    assert "'eve' is not among the allowed sessions, which are ann." in reply.json()["detail"]
    assert served.client.get("/api/v1/project").json()["seat"] == {
        "ask": True,
        "login": False,
        "suggested": served.client.get("/api/v1/project").json()["seat"]["suggested"],
        "allowed": ["ann"],
    }


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\nb", 5, None])
def test_a_name_has_to_be_one(served: Served, name: Any) -> None:
    served.start()
    reply = served.client.post("/api/v1/sessions", json={"name": name})
    assert reply.status_code == 422
    assert reply.json()["code"] == "invalid_request"


def test_lease_answer_and_history(served: Served) -> None:
    served.enqueue(served.start(), ["one", "two", "three"])
    session = served.claim()
    leased = served.post(session, "lease", {"size": 2})
    assert [entry["task"]["text"] for entry in leased["tasks"]] == ["one", "two"]
    first = leased["tasks"][0]["task_id"]
    reply = served.post(session, "answers", {"ops": [op(first, set={"label": "A"})]})
    assert [ack["result"] for ack in reply["acks"]] == ["stored"]
    assert reply["progress"]["mine"] == 1
    again = served.post(session, "answers", {"ops": [op(first, set={"label": "A"})]})
    assert [ack["result"] for ack in again["acks"]] == ["repeated"]
    history = served.client.get(f"/api/v1/sessions/{session}/history").json()
    assert [(entry["task_id"], entry["task"]["label"]) for entry in history["answers"]] == [(first, "A")]


def test_a_refresh_gives_the_same_tasks_and_holding_leaves_them_out(served: Served) -> None:
    served.enqueue(served.start(), ["one", "two", "three"])
    session = served.claim()
    first = served.post(session, "lease", {"size": 2})["tasks"]
    assert served.post(session, "lease", {"size": 2})["tasks"] == first
    held = [entry["task_id"] for entry in first]
    assert served.post(session, "lease", {"size": 2, "holding": held})["tasks"] == []


def test_release_and_heartbeat(served: Served) -> None:
    served.enqueue(served.start(), ["one", "two"])
    ann, bob = served.claim("ann"), served.claim("bob")
    held = [entry["task_id"] for entry in served.post(ann, "lease", {"size": 2})["tasks"]]
    beat = served.post(ann, "heartbeat")
    assert sorted(beat["leases"]) == sorted(held)
    assert served.post(ann, "release", {"task_ids": held[:1]}) == {"released": 1}
    assert [entry["task_id"] for entry in served.post(bob, "lease")["tasks"]] == held[:1]


def test_an_unknown_session_is_told_to_sit_down_again(served: Served) -> None:
    served.start()
    for what in ("lease", "answers", "release", "heartbeat"):
        body: dict[str, Any] = {"ops": []} if what == "answers" else {}
        reply = served.client.post(f"/api/v1/sessions/nobody/{what}", json=body)
        assert (reply.status_code, reply.json()["code"]) == (404, "session_unknown")
    reply = served.client.get("/api/v1/sessions/nobody/history")
    assert (reply.status_code, reply.json()["code"]) == (404, "session_unknown")


def test_pages_of_an_erased_person_are_told(served: Served) -> None:
    served.start()
    token = served.claim("ann")
    served.writer.call(lambda tx: queue.erasing.erase_person(tx, name="ann"))
    for what in ("lease", "answers", "release", "heartbeat"):
        body: dict[str, Any] = {"ops": []} if what == "answers" else {}
        reply = served.client.post(f"/api/v1/sessions/{token}/{what}", json=body)
        assert (reply.status_code, reply.json()["code"]) == (410, "session_erased")
        assert "has erased this name" in reply.json()["detail"]
    reply = served.client.get(f"/api/v1/sessions/{token}/history")
    assert (reply.status_code, reply.json()["code"]) == (410, "session_erased")


VALUES = '{"big":123456789012345678901234567890,"tiny":5e-324,"third":0.1,"nul":"a\\u0000b","half":"\\ud800"}'


def test_every_value_of_a_document_comes_back_exact(served: Served) -> None:
    from tallymark import jsontext

    fence = served.start()
    document = {"text": "one", "meta": jsontext.loads(VALUES)}
    served.enqueue(fence, [document])
    session = served.claim()
    entry = served.post(session, "lease")["tasks"][0]
    assert entry["task"] == document
    operation = jsontext.dumps({"ops": [op(entry["task_id"], set={"more": document["meta"]})]})
    reply = served.client.post(
        f"/api/v1/sessions/{session}/answers",
        content=operation,
        headers={"content-type": "application/json"},
    )
    assert reply.status_code == 200, reply.text
    history = jsontext.loads(served.client.get(f"/api/v1/sessions/{session}/history").content)
    assert history["answers"][0]["task"]["more"] == document["meta"]


def test_a_draft_of_exact_values_comes_back_with_the_lease(served: Served) -> None:
    from tallymark import jsontext

    served.enqueue(served.start(), ["one"])
    session = served.claim()
    task = served.post(session, "lease")["tasks"][0]["task_id"]
    values = jsontext.loads(VALUES)
    content = jsontext.dumps({"ops": [op(task, status="draft", decision=None, set={"more": values})]})
    headers = {"content-type": "application/json"}
    saved = served.client.post(f"/api/v1/sessions/{session}/answers", content=content, headers=headers)
    assert saved.json()["acks"][0]["result"] == "stored"
    assert served.post(session, "lease")["tasks"][0]["draft"]["set"] == {"more": values}


def test_a_body_that_is_no_json_or_has_another_shape_is_refused_with_the_place(served: Served) -> None:
    served.start()
    session = served.claim()
    path = f"/api/v1/sessions/{session}/answers"
    headers = {"content-type": "application/json"}
    for body in ("{", '{"ops": [NaN]}', '{"ops": 1}', '{"ops": [], "extra": 1}', "[]"):
        reply = served.client.post(path, content=body, headers=headers)
        assert (reply.status_code, reply.json()["code"]) == (422, "invalid_request"), body
    reply = served.client.post(path, json={"ops": [{"task_id": "1"}]})
    assert reply.json()["errors"][0]["at"] == "ops.0.op_id"


def test_a_malformed_operation_is_kept_and_does_not_hold_the_others_up(served: Served) -> None:
    served.enqueue(served.start(), ["text"])
    session = served.claim()
    [task] = served.post(session, "lease")["tasks"]
    wrong = [
        {**op(task["task_id"]), "op_id": "w1", "status": "sent"},
        {**op(task["task_id"]), "op_id": "w2", "set": [1]},
    ]
    acks = served.post(session, "answers", {"ops": [*wrong, op(task["task_id"])]})["acks"]
    assert [ack["result"] for ack in acks] == ["quarantined", "quarantined", "stored"]


def test_many_requests_at_once_each_get_their_own_reply(served: Served) -> None:
    served.enqueue(served.start(), [f"text {n}" for n in range(200)])
    sessions = [served.claim(f"a{n}") for n in range(20)]
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda session: served.post(session, "lease", {"size": 10}), sessions))
    held = [task["task_id"] for reply in replies for task in reply["tasks"]]
    assert len(held) == len(set(held)) == 200


def test_what_a_page_measured_need_not_be_whole(served: Served) -> None:
    served.enqueue(served.start(), ["one"])
    session = served.claim()
    task = served.post(session, "lease")["tasks"][0]["task_id"]
    operation = op(task, client_time=1.5, shown_at=1, active_ms=1200.7, comment=None, unset=None)
    assert served.post(session, "answers", {"ops": [operation]})["acks"][0]["result"] == "stored"
    trace = served.client.get(f"/api/v1/trace?task_id={task}").json()
    assert trace["tasks"][0]["answers"][0]["active_ms"] == 1201


def test_an_answer_to_an_unknown_task_is_quarantined_not_lost(served: Served) -> None:
    served.start()
    session = served.claim()
    reply = served.post(session, "answers", {"ops": [op("999")]})
    assert reply["acks"][0]["result"] == "quarantined"


def test_audit_and_trace_tell_the_life_of_a_record(served: Served) -> None:
    served.enqueue(served.start(), ["one"])
    session = served.claim()
    task = served.post(session, "lease")["tasks"][0]["task_id"]
    served.post(session, "answers", {"ops": [op(task)]})
    audit = served.client.get("/api/v1/audit").json()
    assert audit["dataset"] == "news"
    assert all(invariant["broken"] == 0 for invariant in audit["invariants"])
    trace = served.client.get(f"/api/v1/trace?task_id={task}").json()
    assert trace["tasks"][0]["answers"][0]["session"] == "ann"
    reply = served.client.get("/api/v1/trace")
    assert (reply.status_code, reply.json()["code"]) == (422, "input")


def test_progress_healthz_and_ping(served: Served) -> None:
    served.enqueue(served.start(), ["one"])
    session = served.claim()
    assert served.client.get(f"/api/v1/progress?session={session}").json()["tasks"] == 1
    assert served.client.get("/healthz").json()["status"] == "ok"
    assert served.client.get("/ping").text == "pong"


def test_a_stopped_run_leases_nothing_but_still_takes_answers(served: Served) -> None:
    fence = served.start()
    served.enqueue(fence, ["one", "two"])
    session = served.claim()
    task = served.post(session, "lease", {"size": 1})["tasks"][0]["task_id"]
    served.writer.call(lambda tx: queue.runs.end_run(tx, **fence))
    assert served.post(session, "lease", {"size": 5})["state"] == "paused"
    assert served.post(session, "answers", {"ops": [op(task)]})["acks"][0]["result"] == "stored"
