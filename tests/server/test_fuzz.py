"""Requests of every shape that the API describes, and of many it does not: none makes the server fail."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from tests.server.conftest import Served

EXAMPLES = 20
NO_HOST = {"host_down", "channel_down"}
"""What a call that needs a recipe's process says where none runs."""

FUZZ = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def busy(served: Served) -> Served:
    """A served dataset with a few tasks, one of them answered."""
    served.enqueue(served.start(), ["one", {"text": "two", "spans": [{"start": 0, "end": 3}]}, "three"])
    session = served.claim()
    task = served.post(session, "lease", {"size": 1})["tasks"][0]
    op = {
        "op_id": "first",
        "task_id": task["task_id"],
        "base": 0,
        "status": "submitted",
        "decision": "accept",
    }
    served.post(session, "answers", {"ops": [op]})
    return served


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_request_makes_the_server_fail(busy: Served, mode: GenerationMode) -> None:
    url = str(busy.client.base_url)
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    schema.config.update(base_url=url)
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) > 10
    for operation in operations:
        if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query):
            continue  # nothing of it can be wrong

        @FUZZ
        @given(case=operation.as_strategy(generation_mode=mode))
        def call(case: Any) -> None:
            aim(case, busy)
            reply = case.call()
            allowed = reply.status_code == 503 and reply.json()["code"] in NO_HOST
            assert reply.status_code < 500 or allowed, (case.as_curl_command(), reply.text)

        call()


def aim(case: Any, served: Served) -> None:
    """Let requests concern what is there: the session, and its tasks."""
    if "session" in (case.path_parameters or {}):
        case.path_parameters["session"] = served.claim("fuzz")
    ops = case.body.get("ops") if isinstance(case.body, dict) else None
    for number, op in enumerate(ops if isinstance(ops, list) else []):
        if isinstance(op, dict):
            op["task_id"] = str(number % 4)
