"""The life of a record, by its task, hash or row."""

from typing import Any

import pytest
from tests.queue.team import START, Team

from tallymark.errors import InputError, NotKnown
from tallymark.queue import enqueue, settle, trace


@pytest.fixture
def team(team: Team) -> Team:
    """Three rows: a task that lived, one that nobody saw, an invalid row."""
    team.run(wants=["update"])
    source = team.source()
    team.rows(source, {"text": "a", "n": 10**30}, "b")
    team.hosted(enqueue.enqueue, fates=[[source, 3, "invalid", "no text"]], read={str(source): 3})
    ann, bob = team.people("ann", "bob")
    ann.lease()
    ann.submit("1", "reject", op_id="first", set={"label": "A"}, active_ms=5, shown_at=START - 1)
    bob.submit("1", op_id="second")
    team.due(stopping=True)
    team.hosted(settle.delivered, op_ids=["first"])
    return team


def traced(team: Team, **asked: Any) -> dict[str, Any]:
    return team.operator(trace.trace, **asked)


def found(team: Team, **asked: Any) -> list[str]:
    return [task["task_id"] for task in traced(team, **asked)["tasks"]]


def test_a_life_is_told_from_its_row_to_the_model(team: Team) -> None:
    [life] = traced(team, task_id="1")["tasks"]
    assert life["task"] == {"text": "a", "n": 10**30}
    assert (life["state"], life["overlap"], life["taken"], life["counted"]) == ("done", 1, 1, 1)
    assert life["rows"] == [{"uri": "/rows.jsonl", "version": 1, "ordinal": 1, "how": "exact"}]
    assert [(one["session"], one["state"], one["standing"]) for one in life["assignments"]] == [
        ("ann", "answered", "counted"),
        ("bob", "answered", "surplus"),
    ]
    first, second = life["answers"]
    assert (first["op_id"], first["decision"], first["changes"]) == (
        "first",
        "reject",
        {"set": {"label": "A"}},
    )
    assert (first["active_ms"], first["shown_at"], first["server_time"]) == (5, START - 1, START)
    assert (second["session"], second["changes"]) == ("bob", {})
    assert [(one["session"], one["kind"], one["delivered_at"]) for one in life["deliveries"]] == [
        ("ann", "update", START),
        ("bob", "update", None),
    ]


def test_a_life_that_has_not_begun_is_short(team: Team) -> None:
    [life] = traced(team, task_id="2")["tasks"]
    assert (life["assignments"], life["answers"], life["deliveries"]) == ([], [], [])


@pytest.mark.parametrize("hash_name", ["input_hash", "task_hash"])
def test_a_record_is_found_by_either_hash(team: Team, hash_name: str) -> None:
    assert found(team, hash=team.task("2")[hash_name]) == ["2"]


def test_a_row_is_found_with_its_fate(team: Team) -> None:
    assert found(team, row=2) == ["2"]
    fate = {"uri": "/rows.jsonl", "version": 1, "fate": "invalid", "note": "no text"}
    assert traced(team, row=3) == {"tasks": [], "row_fates": [fate]}
    assert traced(team, task_id="1")["row_fates"] == []


@pytest.mark.parametrize(
    "asked",
    [{"task_id": "99"}, {"task_id": "x"}, {"hash": 2**70}, {"row": 2**70}, {"row": -(2**70)}, {"row": 9}],
)
def test_what_is_not_there_is_not_found(team: Team, asked: dict[str, Any]) -> None:
    assert traced(team, **asked) == {"tasks": [], "row_fates": []}


def test_records_of_other_datasets_are_not_found(team: Team) -> None:
    other = team.other("books")
    assert (found(other, task_id="1"), found(other, row=1)) == ([], [])


def test_something_has_to_be_asked_for(team: Team) -> None:
    with pytest.raises(InputError, match="a task id, a row number or a hash"):
        traced(team)
    with pytest.raises(NotKnown):
        team.do(trace.trace, dataset="other", row=1)
