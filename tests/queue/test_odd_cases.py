"""Odd text, late refusals and imports: nobody is stopped and nothing is lost."""

import logging
from collections.abc import Callable

import pytest
from tests.queue.team import SHAPES, Team

from tallymark.queue import audit, enqueue, importing, operate, runs, seats, settle


def test_sources_reasons_and_errors_that_are_no_utf_8_are_kept_readable(team: Team) -> None:
    source = team.source("/x\udcff.jsonl")
    team.hosted(enqueue.enqueue, fates=[[source, 1, "invalid", "bad \ud83d"]], read={str(source): 1})
    team.hosted(runs.stream_state, state="failed", detail="half \ud83d")
    books = team.books()["sources"][0]
    assert books["uri"] == "/x\\udcff.jsonl"
    assert books["invalid"] == [{"first": 1, "last": 1, "note": "bad \\ud83d"}]


def test_a_late_refusal_keeps_what_its_author_has_begun_since(team: Team) -> None:
    [task] = team.tasks("a")
    ann = team.seat("ann")
    ann.lease()
    ann.save({**ann.op(task), "op_id": "late"}, validated={"late": "unvalidated"})
    ann.draft(task, set={"label": "mine"}, base=1)
    team.hosted(settle.validated, failed={"late": "not so"})
    [entry] = ann.reply()["tasks"]
    assert (entry["draft"]["set"], entry["draft"]["message"]) == ({"label": "mine"}, "not so")


def test_a_retired_seat_that_takes_its_answer_back_holds_nothing(make_team: Callable[..., Team]) -> None:
    team = make_team(lease_seconds=None)
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.submit(task)
    team.operator(seats.retire_seat, name="ann")
    ann.undo(task)
    assert (ann.place(task), team.counters(task)) == ("released", (0, 0))
    assert [entry["task_id"] for entry in bob.reply()["tasks"]] == [task]
    assert ann.submit(task) == "surplus"
    assert team.broken() == []


def test_a_late_refusal_of_a_retired_seats_answer_leaves_a_draft_and_a_free_task(
    make_team: Callable[..., Team],
) -> None:
    team = make_team(lease_seconds=None)
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.save({**ann.op(task), "op_id": "late"}, validated={"late": "unvalidated"})
    team.operator(seats.retire_seat, name="ann")
    team.hosted(settle.validated, failed={"late": "not so"})
    assert ann.place(task) == "released"
    assert [entry["task_id"] for entry in bob.reply()["tasks"]] == [task]
    assert team.books()["apart"]["drafts"] == 1


def test_an_import_is_an_operators_word_and_no_longer_set_aside(team: Team) -> None:
    record = {"text": "a", "answer": "accept", "_session_id": "news-ann"}
    team.operator(importing.import_answers, records=[record], shapes=SHAPES)
    team.operator(operate.withdraw_answer, task_id="1", session="ann")
    ann = team.seat("ann")
    ann.undo("1")
    again = {**record, "answer": "reject"}
    team.operator(importing.import_answers, records=[again], shapes=SHAPES)
    ann.submit("1", "ignore")
    assert ann.assignment("1")["standing"] == "counted"
    assert [found["name"] for found in team.do(audit.invariants) if found["broken"]] == []


def test_a_verbose_log_names_session_task_and_hash(team: Team, caplog: pytest.LogCaptureFixture) -> None:
    [task] = team.tasks("a")
    ann = team.seat("ann")
    with caplog.at_level(logging.DEBUG, logger="tallymark.queue.journal"):
        ann.lease()
        ann.submit(task)
        ann.undo(task)
        ann.release()
    task_hash = team.sql("SELECT task_hash FROM task")[0]["task_hash"]
    assert [record.getMessage() for record in caplog.records] == [
        f"news-ann {what}: {task} ({task_hash})"
        for what in ("leased", "submitted, stored", "retracted, stored", "released")
    ]
