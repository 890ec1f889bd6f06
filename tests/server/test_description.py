"""The API's description and its errors' documentation say what is so."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from tests.server.conftest import Served

from tallymark import errors
from tallymark.server import replies
from tallymark.server.problems import PROBLEMS

DOCS = Path(__file__).parents[2] / "docs" / "reference" / "errors.md"


def op(task_id: str) -> dict[str, Any]:
    return {"op_id": "op1", "task_id": task_id, "base": 0, "status": "submitted", "decision": "accept"}


def test_every_code_is_documented_and_every_documented_code_exists() -> None:
    documented = set(re.findall(r"^### `(\w+)`", DOCS.read_text(), re.MULTILINE))
    assert documented == set(PROBLEMS)


def test_every_error_of_the_program_has_a_meaning_over_http() -> None:
    assert {getattr(errors, name).code for name in errors.__all__} <= set(PROBLEMS)


def test_every_reference_of_the_description_is_there(served: Served) -> None:
    document = served.client.get("/openapi.json").json()
    named = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert named <= document["components"]["schemas"].keys()
    assert {"LeaseRequest", "LeaseReply", "Operation", "Ack", "ProblemDocument"} <= named


def test_every_call_has_a_name_a_reply_and_problems(served: Served) -> None:
    document = served.client.get("/openapi.json").json()
    calls = [call for path in document["paths"].values() for call in path.values()]
    names = [call["operationId"] for call in calls]
    assert len(set(names)) == len(names) >= 13
    for call in calls:
        assert "application/problem+json" in call["responses"]["default"]["content"]
        assert call["summary"]


@pytest.fixture
def answered(served: Served) -> tuple[Served, str, str]:
    """A dataset with an answered task and one that is held."""
    served.enqueue(served.start(), ["one", "two"])
    session = served.claim()
    task = served.post(session, "lease")["tasks"][0]["task_id"]
    served.post(session, "answers", {"ops": [op(task)]})
    return served, session, task


def test_replies_have_the_described_shapes(answered: tuple[Served, str, str]) -> None:
    served, session, task = answered
    again = {**op(task), "op_id": "op2", "base": 7}
    posted: list[tuple[str, dict[str, Any], type[BaseModel]]] = [
        ("lease", {}, replies.LeaseReply),
        ("answers", {"ops": [op(task), again]}, replies.AnswersReply),
        ("heartbeat", {}, replies.HeartbeatReply),
        ("heartbeat", {"cursor": 0}, replies.HeartbeatReply),
        ("release", {}, replies.ReleaseReply),
    ]
    for what, body, model in posted:
        exactly(model, served.post(session, what, body))
    read: list[tuple[str, type[BaseModel]]] = [
        ("/api/v1/project", replies.Project),
        (f"/api/v1/progress?session={session}", replies.Progress),
        (f"/api/v1/sessions/{session}/history", replies.HistoryReply),
        ("/api/v1/audit", replies.AuditReply),
        (f"/api/v1/trace?task_id={task}", replies.TraceReply),
        ("/healthz", replies.Health),
        ("/api/v1/nothing", replies.ProblemDocument),
    ]
    for path, model in read:
        exactly(model, served.client.get(path).json())
    exactly(replies.Session, served.client.post("/api/v1/sessions", json={"name": "bob"}).json())


def exactly(model: type[BaseModel], document: dict[str, Any]) -> None:
    """The document has the model's shape, and no key the model does not tell of."""
    known = model.model_validate(document, strict=True).model_dump(exclude_unset=True)
    assert known == document
