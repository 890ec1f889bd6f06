"""Rows become tasks once, and every row that was read has one fate."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.queue.team import Team, new_task

from tallymark.errors import Fenced
from tallymark.queue import demand, enqueue, operate, runs, seats, sources


def texts(team: Team) -> list[str]:
    rows = team.sql("SELECT d.text FROM task t JOIN document d ON d.id = t.document ORDER BY t.id")
    return [row["text"].removeprefix('{"text":"').removesuffix('"}') for row in rows]


def fates(team: Team, source: int) -> list[tuple[int, int, str, str | None]]:
    """The ranges of a source."""
    rows = team.sql("SELECT first, last, fate, note FROM row_fate WHERE source = :s ORDER BY first", s=source)
    return [(row["first"], row["last"], row["fate"], row["note"]) for row in rows]


def repeats(team: Team) -> list[int]:
    return [row["repeat"] for row in team.sql("SELECT repeat FROM task ORDER BY id")]


def open_source(team: Team, **more: Any) -> dict[str, Any]:
    return team.hosted(sources.open_source, **{"uri": "/rows.jsonl", "fingerprint": "1", **more})


# -- sources ------------------------------------------------------------------------------------------


def test_a_new_source_begins_at_its_start(team: Team) -> None:
    assert open_source(team, known_rows=5) == {
        "source": 1,
        "version": 1,
        "mark": 0,
        "position": None,
        "changed": False,
        "grown": False,
        "stored": None,
    }


def test_the_same_source_goes_on_from_its_mark(team: Team) -> None:
    source = open_source(team, known_rows=5)["source"]
    team.rows(source, "a", "b")
    team.hosted(enqueue.enqueue, marks={str(source): [2, {"byte": 30}]})
    team.run()
    again = open_source(team)
    assert (again["source"], again["mark"], again["position"]) == (source, 2, {"byte": 30})
    assert (again["changed"], again["grown"], again["stored"]) == (False, False, "1")
    assert team.sql("SELECT run, known_rows FROM source")[0]["run"] == team.fence["run"]


def test_a_mark_never_goes_back(team: Team) -> None:
    source = team.source()
    team.rows(source, "a", "b")
    for mark, position in ((2, "late"), (1, "early")):
        team.hosted(enqueue.enqueue, marks={str(source): [mark, position]})
    assert (open_source(team)["mark"], open_source(team)["position"]) == (2, "late")


def test_a_source_that_differs_is_compared_first(team: Team) -> None:
    source = open_source(team)["source"]
    team.rows(source, "a")
    reply = open_source(team, fingerprint="2")
    assert (reply["source"], reply["changed"], reply["stored"]) == (source, True, "1")
    assert len(team.sql("SELECT 1 FROM source")) == 1


def test_a_source_that_has_grown_is_the_same_version(team: Team) -> None:
    source = open_source(team, known_rows=1)["source"]
    grown = open_source(team, fingerprint="2", same_start=True, known_rows=None)
    assert (grown["source"], grown["version"], grown["grown"], grown["changed"]) == (source, 1, True, False)
    assert team.sql("SELECT known_rows FROM source")[0]["known_rows"] is None
    assert open_source(team, fingerprint="2")["changed"] is False


def test_a_source_that_has_changed_is_a_new_version(team: Team) -> None:
    first = open_source(team)["source"]
    second = open_source(team, fingerprint="2", same_start=False)
    assert (second["source"], second["version"], second["mark"]) == (first + 1, 2, 0)
    assert (second["changed"], second["grown"]) == (True, False)


@pytest.mark.parametrize(("before", "now", "kept"), [(None, 7, 7), (None, None, None), (5, None, 5)])
def test_how_many_rows_there_are_is_learnt_once(
    team: Team, before: int | None, now: int | None, kept: int | None
) -> None:
    open_source(team, known_rows=before)
    open_source(team, known_rows=now)
    assert team.sql("SELECT known_rows FROM source")[0]["known_rows"] == kept


def test_a_source_that_was_read_through_has_its_rows(team: Team) -> None:
    source = team.source()
    team.rows(source, "a", "b")
    team.hosted(sources.source_done, source=source, known_rows=2)
    assert (team.books()["sources"][0]["known"], team.books()["sources"][0]["unread"]) == (2, 0)


# -- fates --------------------------------------------------------------------------------------------


def test_a_row_that_makes_a_task_is_one(team: Team) -> None:
    source = team.source()
    assert team.rows(source, "a", "b") == {"task": 2}
    assert (texts(team), fates(team, source)) == (["a", "b"], [(1, 2, "task", None)])


def test_an_equal_row_is_a_duplicate_of_the_first(team: Team) -> None:
    source = team.source()
    assert team.rows(source, "a", "b", "a") == {"task": 2, "duplicate": 1}
    assert team.rows(source, "b", first=4) == {"duplicate": 1}
    assert fates(team, source)[1:] == [(3, 3, "duplicate", "of row 1"), (4, 4, "duplicate", "of row 2")]


@pytest.mark.parametrize(("exclude_by", "tasks"), [("task", 3), ("input", 1)])
def test_the_dataset_says_what_a_duplicate_is(
    make_team: Callable[..., Team], exclude_by: str, tasks: int
) -> None:
    team = make_team(exclude_by=exclude_by)
    rows = [{"text": "a", "label": label} for label in ("A", "B", "C")]
    team.rows(team.source(), *rows)
    assert len(team.sql("SELECT 1 FROM task")) == tasks


def test_an_equal_row_of_another_source_of_the_run_is_a_duplicate(team: Team) -> None:
    first, second = team.source("/a"), team.source("/b")
    team.rows(first, "a")
    assert team.rows(second, "a") == {"duplicate": 1}
    assert fates(team, second) == [(1, 1, "duplicate", f"of row 1 of source {first}")]


def test_a_row_of_an_earlier_run_is_carried(team: Team) -> None:
    team.rows(team.source("/a"), "a")
    team.run()
    second = team.source("/b")
    assert team.rows(second, "a", "a") == {"carried": 1, "duplicate": 1}
    assert texts(team) == ["a"]


def test_rows_of_a_changed_source_are_carried_and_those_that_vanished_stay(team: Team) -> None:
    team.rows(team.source(), "a", "b")
    team.run()
    changed = team.source(fingerprint="2")
    assert team.rows(changed, "new", "b") == {"task": 1, "carried": 1}
    assert texts(team) == ["a", "b", "new"]
    links = team.sql("SELECT source, ordinal FROM task_row WHERE task = 2 ORDER BY source")
    assert [(row["source"], row["ordinal"]) for row in links] == [(1, 2), (2, 2)]


def test_a_row_read_again_keeps_its_fate(team: Team) -> None:
    source = team.source()
    team.rows(source, "a", "a", "b")
    before = fates(team, source)
    team.run()
    assert team.source() == source
    assert team.rows(source, "a", "a", "b") == {}
    assert (fates(team, source), texts(team)) == (before, ["a", "b"])


def test_a_row_without_a_fate_is_pending(team: Team) -> None:
    source = team.source()
    team.rows(source, "a", None, "b")
    assert team.books()["sources"][0]["pending"] == 1
    team.hosted(enqueue.enqueue, fates=[[source, 2, "passed", "filtered"]])
    assert (team.books()["sources"][0]["pending"], fates(team, source)[1]) == (
        0,
        (2, 2, "passed", "filtered"),
    )


def test_rows_that_made_no_task_say_why(team: Team) -> None:
    source = team.source()
    final = [
        [source, 1, "invalid", "line 1: no text"],
        [source, 2, "passed", None],
        [source, 3, "passed", None],
    ]
    reply = team.hosted(enqueue.enqueue, fates=final, read={str(source): 3})
    assert reply == {"fates": {"invalid": 1, "passed": 2}, "added": 0}
    assert fates(team, source) == [(1, 1, "invalid", "line 1: no text"), (2, 3, "passed", None)]


def test_a_row_that_makes_several_tasks_has_the_first_fate_that_applies(team: Team) -> None:
    source = team.source()
    team.rows(source, "a")
    made = [new_task({"text": text}, source=source, ordinal=2) for text in ("a", "b", "a")]
    said = [[source, 2, "invalid", "no"]]
    reply = team.hosted(enqueue.enqueue, tasks=made, fates=said, read={str(source): 2})
    assert reply == {"fates": {"task": 1}, "added": 1}
    assert fates(team, source) == [(1, 2, "task", None)]
    both = [new_task({"text": text}, source=source, ordinal=3) for text in ("c", "a")]
    team.hosted(enqueue.enqueue, tasks=both, read={str(source): 3})
    assert fates(team, source) == [(1, 3, "task", None)]


def test_a_row_that_passed_and_makes_a_task_later_is_a_task(team: Team) -> None:
    source = team.source()
    team.hosted(
        enqueue.enqueue, fates=[[source, n, "passed", None] for n in (1, 2, 3)], read={str(source): 3}
    )
    assert team.rows(source, "a", first=2) == {"task": 1}
    assert fates(team, source) == [(1, 1, "passed", None), (2, 2, "task", None), (3, 3, "passed", None)]


@pytest.mark.parametrize("how", ["exact", "hash", "window"])
def test_a_task_knows_its_row_and_how_it_was_found(team: Team, how: str) -> None:
    team.rows(team.source(), "a", how=how)
    assert [row["how"] for row in team.sql("SELECT how FROM task_row")] == [how]


@pytest.mark.parametrize("row", [{}, {"source": 1}, {"ordinal": 1}])
def test_a_task_without_a_row_has_no_fate_and_is_added_once(team: Team, row: dict[str, int]) -> None:
    team.source()
    for added in (1, 0):
        reply = team.hosted(enqueue.enqueue, tasks=[new_task({"text": "a"}, **row)])
        assert reply == {"fates": {}, "added": added}
    repeated = new_task({"text": "a"}, repeatable=True)
    assert team.hosted(enqueue.enqueue, tasks=[repeated])["added"] == 0
    assert team.books()["tasks"]["without_row"] == 1


def test_a_run_counts_the_rows_of_all_its_sources(team: Team) -> None:
    first, second = team.source("/a"), team.source("/b")
    team.hosted(enqueue.enqueue, read={str(first): 10}, rows_known=50)
    team.hosted(enqueue.enqueue, read={str(second): 3}, rows_known=50)
    team.hosted(enqueue.enqueue, read={str(first): 4}, rows_known=50)
    [run] = team.sql("SELECT rows_read, rows_known FROM run")
    assert (run["rows_read"], run["rows_known"]) == (13, 50)


# -- repeats ------------------------------------------------------------------------------------------


def repeatable(team: Team, source: int, *words: str, first: int = 1) -> dict[str, int]:
    return team.rows(source, *words, first=first, repeatable=True)


def test_a_pass_without_dedup_makes_repeats_by_occurrence(team: Team) -> None:
    source = team.source(dedup=False)
    assert repeatable(team, source, "a", "b", "a") == {"task": 3}
    assert repeatable(team, source, "a", first=4) == {"task": 1}
    assert repeats(team) == [0, 0, 1, 2]


def test_a_rerun_meets_the_same_repeats(team: Team) -> None:
    source = team.source(dedup=False)
    repeatable(team, source, "a", "a")
    team.run()
    assert repeatable(team, team.source(), "a", "a") == {}
    changed = team.source(fingerprint="2", dedup=False)
    assert repeatable(team, changed, "a", "x", "a", "a") == {"carried": 2, "task": 2}
    assert repeats(team) == [0, 1, 0, 2]


def test_two_equal_tasks_of_one_row_are_two_repeats(team: Team) -> None:
    source = team.source(dedup=False)
    pair = [new_task({"text": "a"}, source=source, ordinal=1, repeatable=True) for _ in range(2)]
    for added in (2, 0):
        assert team.hosted(enqueue.enqueue, tasks=pair, read={str(source): 1})["added"] == added
    assert repeats(team) == [0, 1]


def test_a_pass_without_dedup_gets_its_repeats_where_another_source_has_the_first(team: Team) -> None:
    team.rows(team.source("/a"), "a")
    second = team.source("/b", dedup=False)
    assert repeatable(team, second, "a", "a") == {"duplicate": 1, "task": 1}
    assert repeats(team) == [0, 1]


# -- excluded -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("exclude_by", "excluded"), [("task", 1), ("input", 2)])
def test_what_was_answered_in_another_dataset_is_excluded(
    make_team: Callable[..., Team], exclude_by: str, excluded: int
) -> None:
    team = make_team(exclude_by=exclude_by)
    other = team.other("books")
    answered, _ = other.tasks({"text": "a", "label": "A"}, {"text": "open"})
    other.seat("ann").submit(answered)
    team.run(exclude=["books", "news"])
    source = team.source()
    rows = [{"text": "a", "label": "A"}, {"text": "a", "label": "B"}, {"text": "open"}]
    assert team.rows(source, *rows) == {"excluded": excluded, "task": 3 - excluded}
    assert fates(team, source)[0] == (1, excluded, "excluded", "answered in books")
    assert team.hosted(enqueue.enqueue, tasks=[new_task({"text": "a", "label": "A"})])["added"] == 0


def test_a_task_that_is_in_the_queue_is_not_excluded_any_more(team: Team) -> None:
    team.tasks("a")
    other = team.other("books")
    [answered] = other.tasks("a")
    other.seat("ann").submit(answered)
    team.run(exclude=["books"])
    assert team.rows(team.source(), "a") == {"carried": 1}


# -- tasks --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dataset", "given", "wanted"), [(1, None, 1), (1, 3, 3), (None, None, None), (None, 2, 2)]
)
def test_a_task_wants_as_many_answers_as_it_or_its_dataset_says(
    make_team: Callable[..., Team], dataset: int | None, given: int | None, wanted: int | None
) -> None:
    team = make_team(overlap=dataset)
    [task] = team.tasks("a", overlap=given)
    assert team.task(task)["overlap"] == wanted


def test_tasks_are_leased_in_the_order_of_their_rank(team: Team) -> None:
    late, default = team.tasks("late", rank=2), team.tasks("default", rank=None)
    early = team.tasks("early", rank=-1.5)
    assert team.seat("ann").lease(3) == [*early, *default, *late]


def test_tasks_before_a_cursor_are_offered_again(team: Team) -> None:
    team.tasks("late", rank=2.0)
    ann = team.seat("ann")
    ann.lease()
    early = team.tasks("early", rank=1.0)
    assert [str(row["task"]) for row in team.sql("SELECT task FROM returned")] == early
    assert ann.lease(2) == [*early, "1"]


# -- fences -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "more"),
    [
        (sources.open_source, {"uri": "/a", "fingerprint": "1"}),
        (enqueue.enqueue, {"tasks": [new_task({"text": "a"})]}),
        (sources.source_done, {"source": 1, "known_rows": 1}),
        (demand.demand, {"batch_size": 10}),
        (runs.beat, {}),
        (runs.end_run, {}),
        (runs.stream_state, {"state": "ended"}),
    ],
)
def test_a_host_that_was_replaced_must_stop(
    team: Team, call: Callable[..., Any], more: dict[str, Any]
) -> None:
    old = team.fence
    team.run()
    with pytest.raises(Fenced):
        team.do(call, **old, **more)
    with pytest.raises(Fenced):
        team.do(call, run=team.fence["run"], generation=99, **more)
    assert texts(team) == []


# -- demand -------------------------------------------------------------------------------------------


def wanted(team: Team, **more: Any) -> int:
    return int(team.hosted(demand.demand, batch_size=5, **more)["demand"])


def test_while_nobody_is_active_one_session_is_expected(team: Team) -> None:
    assert wanted(team) == 10
    team.tasks("a", "b", "c")
    assert wanted(team) == 7
    team.tasks(*(str(number) for number in range(20)))
    assert wanted(team) == 0


def test_the_session_with_least_to_do_decides(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    tasks = team.tasks(*(str(number) for number in range(10)))
    ann, bob = team.people("ann", "bob")
    assert wanted(team) == 0
    for task in tasks[:4]:
        ann.submit(task)
    ann.lease(2)
    bob.lease(3)
    assert wanted(team) == 6
    assert ann.release() == 2
    assert wanted(team) == 4


@pytest.mark.parametrize("gone", ["silent", "retired", "model"])
def test_who_is_not_active_wants_nothing(team: Team, gone: str) -> None:
    tasks = team.tasks(*(str(number) for number in range(10)), ended=False)
    ann = team.seat("ann", kind="model" if gone == "model" else "person")
    ann.lease(3)
    team.do(operate.set_overlap, dataset="news", overlap=2)
    if gone != "model":
        assert wanted(team) == 3
    if gone == "silent":
        team.clock.forward(60)
    if gone == "retired":
        team.operator(seats.retire_seat, name="ann")
    assert (wanted(team), len(tasks)) == (0, 10)


def test_tasks_that_were_returned_are_supply(team: Team) -> None:
    team.tasks(*(str(number) for number in range(10)), ended=False)
    ann = team.seat("ann")
    ann.lease(10)
    assert wanted(team) == 10
    ann.release()
    assert wanted(team) == 0


def test_tasks_can_be_wanted_ahead(team: Team) -> None:
    team.tasks(*(str(number) for number in range(15)), ended=False)
    team.seat("ann")
    assert [wanted(team), wanted(team, ahead=12), wanted(team, ahead=40)] == [0, 0, 25]
