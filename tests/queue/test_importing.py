"""Imported records are counted answers of their own authors, and come out as they went in."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from tests.queue.team import SHAPES, START, Person, Team

from tallymark.errors import InputError, NotKnown
from tallymark.queue import importing, operate
from tallymark.store.reading import StoredDatasets
from tallymark.types import Task


def record(text: str = "a", session: str | None = "news-ann", answer: Any = "accept", **more: Any) -> Task:
    return {"text": text, "answer": answer, "_session_id": session, **more}


def bring(team: Team, *records: Task, **more: Any) -> tuple[int, int, int]:
    """Import; how many were added, repeats, known."""
    counts = team.operator(importing.import_answers, records=records, shapes=SHAPES, **more)
    return counts["added"], counts["repeats"], counts["known"]


def exported(team: Team) -> list[Task]:
    return list(StoredDatasets(team.store).answers(team.dataset))


def tasks_of(team: Team) -> list[tuple[str, int, Any, int, int]]:
    rows = team.sql("SELECT state, repeat, overlap, taken, counted FROM task ORDER BY id")
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


EXACT = [
    record(),
    record(answer="ignore", session=None),
    record("b", meta={"id": 10**30, "x": 0.1 + 0.2, "low": 5e-324}, z=1, a=2),
    record("half \ud83d, \0, ü", spans=[{"start": 0, "end": 4, "label": "A", "token_start": None}]),
    record("c", "other-dataset-bob", _timestamp=123, _annotator_id="me", _view_id="text", flagged=True),
    record("d", _input_hash=-5, _task_hash=7, _is_binary=False, config={}, _custom=[1]),
    {"html": "<b>", "answer": "reject"},
]


def test_records_come_out_as_they_went_in(team: Team) -> None:
    assert bring(team, *EXACT) == (len(EXACT), 0, 0)
    assert exported(team) == EXACT
    assert [list(one) for one in exported(team)] == [list(one) for one in EXACT]


def test_what_travels_inside_the_program_is_not_kept(team: Team) -> None:
    bring(team, record(_row=[0, 1]))
    assert exported(team) == [record()]


def test_each_record_is_a_counted_answer_of_a_done_task(team: Team) -> None:
    bring(team, record("a"), record("b", answer="ignore"))
    assert tasks_of(team) == [("done", 0, 1, 1, 1)] * 2
    assert team.books()["answers"]["counted"] == 2


def test_the_same_file_again_adds_nothing(team: Team) -> None:
    records = [record("a"), record("b"), record("a")]
    assert bring(team, *records, occurrences=[0, 0, 1]) == (3, 1, 0)
    assert bring(team, *records, occurrences=[0, 0, 1]) == (0, 0, 3)
    assert exported(team) == records


def test_a_record_twice_in_one_call_is_known_unless_it_is_numbered(team: Team) -> None:
    assert bring(team, record(), record()) == (1, 0, 1)


def test_the_same_records_in_another_dataset_are_new_there(make_team: Callable[..., Team]) -> None:
    team = make_team()
    other = team.other("books")
    assert bring(team, record()) == bring(other, record()) == (1, 0, 0)


def test_the_same_session_asked_again_is_a_repeat(team: Team) -> None:
    first, second = record(label="A"), record(label="A", answer="reject")
    assert bring(team, first, second, record(label="A", _timestamp=3)) == (3, 2, 0)
    assert [task[:2] for task in tasks_of(team)] == [("done", 0), ("done", 1), ("done", 2)]
    assert bring(team, record(label="A", _timestamp=4)) == (1, 1, 0)


def test_repeats_are_by_input_where_the_dataset_says_so(make_team: Callable[..., Team]) -> None:
    team = make_team(exclude_by="input")
    assert bring(team, record(label="A"), record(label="B")) == (2, 1, 0)
    plain = team.other("books")
    assert bring(plain, record(label="A"), record(label="B")) == (2, 0, 0)


def test_another_session_answers_the_same_task_and_it_wants_as_many(team: Team) -> None:
    assert bring(team, record(), record(session="news-bob"), record(session=None)) == (3, 0, 0)
    assert tasks_of(team) == [("done", 0, 3, 3, 3)]
    assert bring(team, record(session="news-cem")) == (1, 0, 0)
    assert tasks_of(team) == [("done", 0, 4, 4, 4)]


def queued(team: Team, *texts: str) -> list[str]:
    """Tasks whose identities are those an import computes: they were imported, and are asked again."""
    bring(team, *(record(text, session=None) for text in texts))
    tasks = [str(row["id"]) for row in team.sql("SELECT id FROM task ORDER BY id")]
    for task in tasks:
        team.operator(operate.set_overlap, overlap=2, task_id=task)
    team.stream("ended")
    return tasks


@pytest.mark.parametrize("given_back", [True, False])
def test_an_import_fills_what_its_session_holds_or_has_released(team: Team, given_back: bool) -> None:
    [task] = queued(team, "a")
    ann = team.seat("ann")
    assert ann.lease() == [task]
    if given_back:
        ann.release()
    assert bring(team, record()) == (1, 0, 0)
    assert (ann.place(task), team.counters(task), team.state(task)) == ("answered counted", (2, 2), "done")
    assert ann.row["held"] == 0


def test_an_import_answers_a_task_its_session_was_barred_from(team: Team) -> None:
    [task] = queued(team, "a")
    ann = team.seat("ann")
    team.operator(operate.set_ineligible, session="ann", task_ids=[task])
    assert bring(team, record()) == (1, 0, 0)
    assert (ann.place(task), ann.row["ineligible"]) == ("answered counted", 0)


def test_an_import_goes_on_from_an_answer_that_was_retracted(team: Team) -> None:
    [task] = queued(team, "a")
    ann = team.seat("ann")
    ann.submit(task)
    ann.undo(task)
    assert bring(team, record(answer="reject")) == (1, 0, 0)
    assert ann.revision(task) == 3
    assert [one["answer"] for one in exported(team) if one["_session_id"]] == ["reject"]


def test_an_overlap_that_fits_stays(team: Team) -> None:
    [task] = queued(team, "a")
    team.operator(operate.set_overlap, overlap=5, task_id=task)
    bring(team, record())
    assert tasks_of(team) == [("open", 0, 5, 2, 2)]


def test_others_lease_survives_an_import(team: Team) -> None:
    [task] = queued(team, "a")
    bob = team.seat("bob")
    bob.lease()
    bring(team, record())
    assert (bob.place(task), team.counters(task)) == ("leased slot", (3, 2))
    assert bob.submit(task) == "stored"
    assert team.task(task)["overlap"] == 3


def test_every_author_keeps_what_he_said(team: Team) -> None:
    """Options are part of the question, what was accepted is the author's."""
    shared: dict[str, Any] = {"options": [{"id": 1}, {"id": 2}]}
    bring(
        team,
        record(accept=[1], **shared),
        record(session="news-bob", accept=[2], flagged=True, **shared),
        record(session="news-cem", **shared),
    )
    ann, bob, cem = team.people("ann", "bob", "cem")
    said = [one.history()["answers"][0]["task"] for one in (ann, bob, cem)]
    assert [one.get("accept") for one in said] == [[1], [2], None]
    assert [one.get("flagged") for one in said] == [None, True, None]
    bob.undo("1")
    bob.submit("1", set={"note": "x"})
    edited = exported(team)[-1]
    assert (edited["accept"], edited["note"], edited["_session_id"]) == ([2], "x", "news-bob")


@pytest.mark.parametrize(
    ("session", "name"),
    [
        ("news-ann", "ann"),
        ("ann", "ann"),
        ("books-ann", "books-ann"),
        (None, ""),
        (17, "17"),
        ("news-half \ud83d", "half ?"),
    ],
)
def test_a_session_is_named_as_its_id_says(team: Team, session: Any, name: str) -> None:
    bring(team, record(session=session))
    assert [row["name"] for row in team.sql("SELECT name FROM session")] == [name]


def test_nobody_sits_where_answers_were_imported_until_the_name_is_claimed(
    make_team: Callable[..., Team],
) -> None:
    team = make_team(overlap=None)
    bring(team, record("a"), record("b", session="news-bob"))
    assert [row["state"] for row in team.sql("SELECT state FROM task ORDER BY id")] == ["done", "done"]
    team.stream("ended")
    ann = team.seat("ann")
    assert [row["state"] for row in team.sql("SELECT state FROM task ORDER BY id")] == ["done", "open"]
    assert ann.lease(5) == ["2"]
    assert ann.history()["answers"][0]["task_id"] == "1"


def test_imported_tasks_behind_a_cursor_are_offered(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    ranked = team.tasks("x", "y", rank=5.0)
    ann = team.seat("ann")
    assert ann.lease(2) == ranked
    bring(team, record("new", session="news-bob"))
    team.operator(operate.set_overlap, overlap=2, task_id="3")
    assert ann.lease(3) == ["3", *ranked]


@pytest.mark.parametrize(
    ("time", "stored"),
    [(5, 5.0), (5.5, 5.5), ("5", None), (True, None), (None, None), (10**400, None), (1e300, None)],
)
def test_a_timestamp_that_is_none_does_no_harm(team: Team, time: Any, stored: float | None) -> None:
    bring(team, record(_timestamp=time))
    assert team.sql("SELECT client_time FROM answer")[0]["client_time"] == stored
    assert exported(team)[0]["_timestamp"] == time
    Person(team, "ann", team.sql("SELECT token FROM session")[0]["token"]).submit("1", "reject")
    assert exported(team)[0]["_timestamp"] == int(START)


@pytest.mark.parametrize(
    ("view_id", "own", "same"), [("text", {}, True), (None, {"_view_id": "text"}, True), (None, {}, False)]
)
def test_answers_are_compared_where_their_interface_is_known(
    team: Team, view_id: str | None, own: dict[str, Any], same: bool
) -> None:
    bring(team, record(label="A", **own), view_id=view_id)
    stored = team.sql("SELECT fingerprint FROM answer")[0]["fingerprint"]
    assert stored == (SHAPES.fingerprint("text", "accept", {"label": "A"}) if same else None)


@pytest.mark.parametrize("answer", [None, "yes", 1, ["accept"]])
def test_a_record_that_is_no_answer_stops_the_import(team: Team, answer: Any) -> None:
    with pytest.raises(InputError, match="is not one of accept, reject, ignore"):
        bring(team, record("a"), record("b", answer=answer))
    assert exported(team) == []


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_record_that_is_not_json_stops_the_import(team: Team, bad: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        bring(team, record(), record("b", x=bad))
    assert exported(team) == []


def test_an_unknown_dataset_takes_no_import(team: Team) -> None:
    with pytest.raises(NotKnown, match="There are: news"):
        team.do(importing.import_answers, dataset="other", records=[], shapes=SHAPES)


def test_no_records_are_no_change(team: Team) -> None:
    assert bring(team) == (0, 0, 0)


def test_an_import_can_be_large(team: Team) -> None:
    records = [record(str(n), session=f"news-{n % 3}") for n in range(1000)]
    assert bring(team, *records) == (1000, 0, 0)
    assert exported(team) == records
