"""What a host may call over the channel: each function has one contract for its arguments and result."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from tests.queue.team import SHAPES, Team, new_task

from tallymark import jsontext
from tallymark.queue.calls import BULK, CALLS, NEEDS_SHAPES

OF_A_HOST = ("enqueue.", "settle.", "runs.beat", "runs.end_run", "runs.stream_state", "routing.", "wanting.")


@pytest.mark.parametrize(("name", "function"), CALLS.items())
def test_a_call_takes_a_transaction_and_names(name: str, function: Callable[..., Any]) -> None:
    first, *others = inspect.signature(function).parameters.values()
    assert first.name == "tx"
    assert {one.kind for one in others} <= {inspect.Parameter.KEYWORD_ONLY}
    assert name.rpartition(".")[2] == function.__name__
    assert (function.__doc__ or "").strip()


def test_calls_that_need_shapes_are_those_that_take_them() -> None:
    taking = {name for name, function in CALLS.items() if "shapes" in inspect.signature(function).parameters}
    assert taking == NEEDS_SHAPES
    assert set(CALLS) >= BULK


@pytest.mark.parametrize("name", [name for name in CALLS if name.startswith(OF_A_HOST)])
def test_calls_of_a_host_are_fenced(name: str) -> None:
    assert {"run", "generation"} <= set(inspect.signature(CALLS[name]).parameters)


def arguments(team: Team) -> dict[str, dict[str, Any]]:
    """What each call is given here, besides the names of dataset, session and run."""
    [task, answered] = team.tasks("a", "b")
    source = team.source()
    ann = team.seat("ann")
    ann.submit(answered, op_id="first")
    on_task = {"task_id": task}
    on_answer = {"task_id": answered, "session": "ann"}
    return {
        "accounts.invite": {"name": "ann"},
        "accounts.disable": {"name": "ann"},
        "accounts.enable": {"name": "ann"},
        "answers.save": {"ops": [ann.op(task)], "shapes": SHAPES},
        "datasets.ensure_dataset": {"name": "news"},
        "enqueue.open_source": {"uri": "/a", "fingerprint": "1"},
        "enqueue.enqueue": {"tasks": [new_task({"text": "c"})], "read": {str(source): 1}},
        "enqueue.source_done": {"source": source, "known_rows": 1},
        "enqueue.demand": {"batch_size": 10},
        "erasing.erase_record": {"task_ids": [task]},
        "erasing.erase_person": {"name": "bob"},
        "labelling.add_label": {"label": "A"},
        "labelling.rename_label": {"label": "A", "new": "B"},
        "labelling.merge_labels": {"label": "B", "into": "C"},
        "labelling.retire_label": {"label": "C"},
        "labelling.set_instructions": {"text": "Look."},
        "labelling.reopen_affected": {"comment": "Look again.", "label": "none of them"},
        "people.withdraw_answers": {"session": "ann"},
        "people.reinstate_answers": {"session": "ann"},
        "people.send_answer_back": {**on_answer, "comment": "Look again."},
        "people.rename_seat": {"name": "ann", "new_name": "eve"},
        "people.merge_seats": {"name": "cem", "into": "eve"},
        "importing.import_answers": {"records": [{"text": "d", "answer": "accept"}], "shapes": SHAPES},
        "operate.withdraw_task": on_task,
        "operate.reopen_task": on_task,
        "operate.withdraw_answer": on_answer,
        "operate.reinstate_answer": on_answer,
        "operate.set_overlap": {"overlap": 2},
        "operate.set_ineligible": {"session": "ann", "task_ids": [task]},
        "operate.release_all": {"session": None},
        "runs.start_run": {"recipe": "mark", "command": "tallymark mark", "view_id": "text"},
        "adding.add_source": {"uri": "/a.jsonl"},
        "adding.added_source_state": {"added": 1, "state": "reading"},
        "adding.look_up_added": {"added": 1},
        "dropping.begin_drop": {"dataset": "spare"},
        "dropping.drop_part": {"dataset": "spare (being dropped, 2)"},
        "pushing.push": {"tasks": [new_task({"text": "e"})], "push": "one", "session": "ann"},
        "routing.to_route": {"after": 0, "limit": 10},
        "routing.route": {"tasks": [{"id": int(task), "people": ["ann", "bob"], "fallback": 60.0}]},
        "routing.routed": {"seat": 1},
        "runs.stream_state": {"state": "ended"},
        "seats.allow_seats": {"names": ["ann", "bob", "cem"]},
        "seats.claim_seat": {"name": "bob"},
        "seats.reserve_seats": {"names": ["bob", "cyd"]},
        "seats.retire_seat": {"name": "bob"},
        "seats.set_tags": {"annotators": {"ann": {"languages": ["de"]}}},
        "settle.delivered": {"op_ids": ["first"]},
        "settle.store_forms": {"forms": {"first": {"text": "made"}}},
        "settle.validated": {"valid": ["first"]},
        "settle.set_progress": {"values": {"": 0.5}},
        "wanting.want": {"least": 2, "share": 0.5},
    }


def test_arguments_and_results_are_json(team: Team) -> None:
    given = arguments(team)
    team.other("spare")
    team.run(labels=["C", "D"])
    team.people("bob", "cem")
    token = team.seat("ann").token
    for name, function in CALLS.items():
        names = inspect.signature(function).parameters
        own: dict[str, Any] = {"dataset": "news", "session": token, **team.fence, **given.get(name, {})}
        named = {key: value for key, value in own.items() if key in names}
        plain = {key: value for key, value in named.items() if key != "shapes"}
        assert jsontext.loads(jsontext.dumps(plain)) == plain
        result = team.do(function, **named)
        assert jsontext.loads(jsontext.dumps(result)) == result, name
        if name == "runs.start_run":
            team.fence = {key: result[key] for key in ("run", "generation")}
