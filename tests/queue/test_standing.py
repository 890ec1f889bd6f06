"""How far a dataset is, as whoever waits for it sees it."""

import pytest
from tests.queue.team import Team

from tallymark.errors import NotKnown
from tallymark.queue import adding, operate, runs
from tallymark.queue.standing import standing


def test_from_empty_to_done(team: Team) -> None:
    assert team.operator(standing) == {
        "tasks": 0,
        "done": 0,
        "withdrawn": 0,
        "open": 0,
        "answered": 0,
        "fed": False,
        "complete": False,
        "failed": None,
        "quiet": 0.0,
        "paused": False,
    }
    first, second = team.tasks("a", "b")
    team.hosted(runs.stream_state, state="ended")
    team.seat("ann").submit(first)
    team.clock.forward(30)
    found = team.operator(standing)
    assert (found["fed"], found["complete"], found["open"], found["answered"]) == (True, False, 1, 1)
    assert found["quiet"] == 30
    team.operator(operate.withdraw_task, task_id=second)
    assert team.operator(standing)["complete"]


def test_what_was_added_is_still_to_be_read(team: Team) -> None:
    team.hosted(runs.stream_state, state="ended")
    team.operator(adding.add_source, uri="/more.jsonl")
    assert not team.operator(standing)["fed"]


def test_a_failed_stream(team: Team) -> None:
    team.hosted(runs.stream_state, state="failed", detail="row 3 is odd")
    assert team.operator(standing)["failed"] == "row 3 is odd"
    team.hosted(runs.stream_state, state="failed")
    assert team.operator(standing)["failed"] == "the stream failed"


def test_a_dataset_without_a_run(team: Team) -> None:
    books = team.other("books")
    books.sql("UPDATE dataset SET run = NULL WHERE name = 'books'")
    assert books.operator(standing)["quiet"] is None
    with pytest.raises(NotKnown):
        team.do(standing, dataset="other")
