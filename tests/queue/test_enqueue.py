"""Putting tasks into the queue: duplicates, repeats, versions of sources, and how much is wanted."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.queue.team import SHAPES, Team, new_task

from tallymark.errors import Fenced
from tallymark.queue import enqueue, importing


def repeats(team: Team) -> list[tuple[str, int]]:
    """Text and repeat number of every task."""
    found = team.sql("SELECT d.text, t.repeat FROM task t JOIN document d ON d.id = t.document ORDER BY t.id")
    return [(row["text"], row["repeat"]) for row in found]


def texts(team: Team) -> list[str]:
    return [text for text, _ in repeats(team)]


def fates(team: Team, source: int) -> list[tuple[int, int, str, str | None]]:
    found = team.sql("SELECT * FROM row_fate WHERE source = :source ORDER BY first", source=source)
    return [(row["first"], row["last"], row["fate"], row["note"]) for row in found]


A, B, C = '{"text":"a"}', '{"text":"b"}', '{"text":"c"}'


# -- one pass -----------------------------------------------------------------------------------------


def test_a_task_is_stored_as_it_was_given(team: Team) -> None:
    text = '{"text":"a","n":123456789012345678901,"f":1e22}'
    task = new_task({"text": "a"}) | {"text": text}
    added = team.hosted(enqueue.enqueue, tasks=[task])
    assert added == {"fates": {}, "added": 1}
    assert texts(team) == [text]
    [row] = team.sql("SELECT * FROM task")
    assert (row["identity"].hex(), row["input_identity"].hex()) == (task["identity"], task["input_identity"])
    assert (row["input_hash"], row["task_hash"]) == (task["input_hash"], task["task_hash"])
    assert (row["rank"], row["overlap"], row["repeat"], row["state"]) == (0.0, 1, 0, "open")


def test_a_task_may_want_its_own_rank_and_overlap(team: Team) -> None:
    [task] = team.tasks("a", rank=2.5, overlap=3)
    row = team.task(task)
    assert (row["rank"], row["overlap"]) == (2.5, 3)


def test_rows_with_the_same_text_are_duplicates_and_say_of_which(team: Team) -> None:
    source = team.source()
    assert team.rows(source, "a", "b", "a") == {"task": 2, "duplicate": 1}
    assert team.rows(source, "b", first=4) == {"duplicate": 1}
    assert fates(team, source) == [
        (1, 2, "task", None),
        (3, 3, "duplicate", "of row 1"),
        (4, 4, "duplicate", "of row 2"),
    ]


def test_equal_rows_of_two_sources_in_one_run_are_duplicates(team: Team) -> None:
    first, second = team.source("/f"), team.source("/g")
    team.rows(first, "a")
    assert team.rows(second, "a") == {"duplicate": 1}
    assert fates(team, second) == [(1, 1, "duplicate", "of row 1 of source 1")]


def test_two_tasks_of_one_row_are_two_tasks_and_one_row(team: Team) -> None:
    source = team.source()
    tasks = [new_task({"text": "a", "label": label}, source=source, ordinal=1) for label in "AB"]
    assert team.hosted(enqueue.enqueue, tasks=tasks, read={str(source): 1}) == {
        "fates": {"task": 1},
        "added": 2,
    }


def test_the_first_fate_that_applies_is_the_rows(team: Team) -> None:
    source = team.source()
    team.rows(source, {"text": "a", "label": "A"})
    tasks = [new_task({"text": "a", "label": label}, source=source, ordinal=2) for label in "AB"]
    assert team.hosted(enqueue.enqueue, tasks=tasks, read={str(source): 2})["fates"] == {"task": 1}
    tasks = [new_task({"text": "a", "label": label}, source=source, ordinal=3) for label in "CA"]
    assert team.hosted(enqueue.enqueue, tasks=tasks, read={str(source): 3})["fates"] == {"task": 1}


def test_the_same_task_twice_from_one_row_is_one(team: Team) -> None:
    source = team.source()
    task = new_task({"text": "a"}, source=source, ordinal=1)
    assert team.hosted(enqueue.enqueue, tasks=[task, task], read={str(source): 1})["added"] == 1


def test_tasks_without_rows_are_told_apart_by_identity_too(team: Team) -> None:
    assert team.hosted(enqueue.enqueue, tasks=[new_task({"text": "a"})] * 3)["added"] == 1
    assert team.hosted(enqueue.enqueue, tasks=[new_task({"text": "a"}, ordinal=3)])["added"] == 0


def test_a_dataset_by_input_takes_one_task_for_each_input(make_team: Callable[..., Team]) -> None:
    team = make_team(exclude_by="input")
    source = team.source()
    documents = [{"text": "a", "label": "A"}, {"text": "a", "label": "B"}]
    assert team.rows(source, *documents) == {"task": 1, "duplicate": 1}


def test_a_dataset_by_task_takes_one_for_each_question(team: Team) -> None:
    documents = [{"text": "a", "label": "A"}, {"text": "a", "label": "B"}]
    assert team.rows(team.source(), *documents) == {"task": 2}


def test_fates_of_rows_without_a_task_are_stored_and_a_task_comes_first(team: Team) -> None:
    source = team.source()
    given = [[source, 1, "passed", None], [source, 2, "invalid", "line 2: no text"]]
    tasks = [new_task({"text": "a"}, source=source, ordinal=1)]
    added = team.hosted(enqueue.enqueue, tasks=tasks, fates=given, read={str(source): 2})
    assert added["fates"] == {"task": 1, "invalid": 1}
    assert fates(team, source) == [(1, 1, "task", None), (2, 2, "invalid", "line 2: no text")]


def test_how_a_task_came_from_its_row_is_kept(team: Team) -> None:
    team.rows(team.source(), "a", how="window")
    assert team.sql("SELECT how FROM task_row")[0]["how"] == "window"


def test_more_tasks_than_one_statement_takes(team: Team) -> None:
    names = [f"t{number}" for number in range(600)]
    source = team.source()
    assert team.rows(source, *names) == {"task": 600}
    assert team.rows(source, *names, first=601) == {"duplicate": 600}


def test_an_empty_batch_is_no_error(team: Team) -> None:
    assert team.hosted(enqueue.enqueue) == {"fates": {}, "added": 0}


# -- repeats ------------------------------------------------------------------------------------------


def test_a_pass_without_dedup_numbers_the_occurrences(team: Team) -> None:
    source = team.source(dedup=False)
    assert team.rows(source, "a", "b", "a", repeatable=True) == {"task": 3}
    assert team.rows(source, "a", first=4, repeatable=True) == {"task": 1}
    assert repeats(team) == [(A, 0), (B, 0), (A, 1), (A, 2)]


def test_a_rerun_meets_the_same_numbers(team: Team) -> None:
    source = team.source(dedup=False)
    team.rows(source, "a", "b", "a", repeatable=True)
    team.run()
    assert team.source(dedup=False) == source
    assert team.rows(source, "a", "b", "a", "a", repeatable=True) == {"task": 1}
    assert repeats(team) == [(A, 0), (B, 0), (A, 1), (A, 2)]


def test_a_new_version_without_dedup_carries_its_repeats(team: Team) -> None:
    team.rows(team.source(dedup=False), "a", "a", repeatable=True)
    team.run()
    second = team.source(fingerprint="2", dedup=False)
    assert team.rows(second, "a", "a", "a", repeatable=True) == {"carried": 2, "task": 1}


def test_the_same_task_twice_from_one_row_of_a_pass_without_dedup_is_two(team: Team) -> None:
    source = team.source(dedup=False)
    assert team.hosted(
        enqueue.enqueue,
        tasks=[new_task({"text": "a"}, source=source, ordinal=1, repeatable=True)] * 2,
        read={str(source): 1},
    ) == {"fates": {"task": 1}, "added": 2}


def test_a_wanted_repetition_counts_although_another_source_had_the_text(team: Team) -> None:
    team.rows(team.source("/f"), "a")
    second = team.source("/g", dedup=False)
    assert team.rows(second, "a", "a", repeatable=True) == {"duplicate": 1, "task": 1}


def test_repeatable_tasks_without_rows_are_not_repeated(team: Team) -> None:
    assert team.hosted(enqueue.enqueue, tasks=[new_task({"text": "a"}, repeatable=True)] * 2)["added"] == 1


# -- versions and runs --------------------------------------------------------------------------------


def opened(team: Team, **named: Any) -> dict[str, Any]:
    return team.hosted(enqueue.open_source, uri="/f", **named)


def test_a_new_source_begins_at_the_first_row(team: Team) -> None:
    assert opened(team, fingerprint="1", known_rows=3) == {
        "source": 1,
        "version": 1,
        "mark": 0,
        "position": None,
        "changed": False,
        "grown": False,
        "stored": None,
    }


def test_the_same_source_goes_on_from_its_mark(team: Team) -> None:
    source = opened(team, fingerprint="1")["source"]
    team.rows(source, "a", "b")
    team.hosted(enqueue.enqueue, read={str(source): 2}, marks={str(source): [2, {"byte": 17}]})
    team.run()
    again = opened(team, fingerprint="1")
    assert (again["source"], again["mark"], again["position"]) == (source, 2, {"byte": 17})
    assert (again["changed"], again["grown"], again["stored"]) == (False, False, "1")


def test_a_mark_never_goes_back(team: Team) -> None:
    source = opened(team, fingerprint="1")["source"]
    team.rows(source, "a", "b")
    for mark in (2, 1):
        team.hosted(enqueue.enqueue, marks={str(source): [mark, mark]})
    assert opened(team, fingerprint="1")["mark"] == 2


def test_a_source_that_differs_is_asked_about_first(team: Team) -> None:
    opened(team, fingerprint="1")
    asked = opened(team, fingerprint="2")
    assert (asked["changed"], asked["grown"], asked["stored"], asked["version"]) == (True, False, "1", 1)
    assert opened(team, fingerprint="1")["changed"] is False


def test_a_source_that_has_grown_is_the_same_version(team: Team) -> None:
    source = opened(team, fingerprint="1", known_rows=2)["source"]
    grown = opened(team, fingerprint="2", same_start=True)
    assert (grown["source"], grown["changed"], grown["grown"]) == (source, False, True)
    assert team.sql("SELECT known_rows FROM source")[0][0] is None
    assert opened(team, fingerprint="2")["stored"] == "2"


def test_a_source_that_has_changed_is_a_new_version(team: Team) -> None:
    opened(team, fingerprint="1")
    changed = opened(team, fingerprint="2", same_start=False)
    assert (changed["source"], changed["version"], changed["changed"]) == (2, 2, True)
    assert opened(team, fingerprint="2")["version"] == 2


def test_how_many_rows_there_are_may_become_known_later_and_stays_known(team: Team) -> None:
    source = opened(team, fingerprint="1")["source"]
    opened(team, fingerprint="1", known_rows=5)
    assert team.sql("SELECT known_rows FROM source")[0][0] == 5
    opened(team, fingerprint="1")
    assert team.sql("SELECT known_rows FROM source")[0][0] == 5
    team.hosted(enqueue.source_done, source=source, known_rows=4)
    assert team.sql("SELECT known_rows FROM source")[0][0] == 4


def test_what_an_earlier_version_had_is_carried_and_keeps_its_answers(team: Team) -> None:
    team.rows(team.source(), "a", "b", "c")
    team.seat("ann").submit("1")
    team.run()
    second = team.source(fingerprint="2")
    assert team.rows(second, "b", "x", "a", "a") == {"carried": 2, "task": 1, "duplicate": 1}
    assert fates(team, second) == [
        (1, 1, "carried", None),
        (2, 2, "task", None),
        (3, 3, "carried", None),
        (4, 4, "duplicate", "of row 3"),
    ]
    assert team.state("1") == "done"
    books = team.books()
    assert [source["fates"] for source in books["sources"]] == [
        {"task": 3},
        {"carried": 2, "duplicate": 1, "task": 1},
    ]


def test_a_row_read_again_keeps_its_fate(team: Team) -> None:
    source = team.source()
    team.rows(source, "a", "a", "b")
    before = fates(team, source)
    team.run()
    assert team.rows(source, "a", "a", "b") == {}
    assert fates(team, source) == before


def test_a_row_passed_over_that_makes_a_task_later_is_a_task(team: Team) -> None:
    source = team.source()
    team.hosted(enqueue.enqueue, fates=[[source, 1, "passed", None]], read={str(source): 1})
    assert team.rows(source, "a") == {"task": 1}


def test_a_task_made_before_without_a_row_is_carried_by_its_row(team: Team) -> None:
    team.tasks("a")
    assert team.rows(team.source(), "a") == {"carried": 1}


def test_an_older_start_may_write_nothing_more(team: Team) -> None:
    old = team.fence
    team.run()
    for function, named in (
        (enqueue.enqueue, {"tasks": []}),
        (enqueue.open_source, {"uri": "/f", "fingerprint": "1"}),
        (enqueue.source_done, {"source": 1, "known_rows": 1}),
        (enqueue.demand, {"batch_size": 1}),
    ):
        with pytest.raises(Fenced, match="taken over"):
            team.do(function, **old, **named)  # type: ignore[arg-type]


# -- excluded -----------------------------------------------------------------------------------------


def test_what_was_answered_elsewhere_is_excluded(team: Team) -> None:
    elsewhere = team.other("sport")
    tasks = elsewhere.tasks({"text": "a", "label": "A"}, "b", "c")
    ann = elsewhere.seat("ann")
    ann.submit(tasks[0])
    ann.submit(tasks[1])
    ann.lease()
    team.run(exclude=["sport", "news"])
    source = team.source()
    given = team.rows(source, {"text": "a", "label": "A"}, {"text": "a", "label": "B"}, "b", "c")
    assert given == {"excluded": 2, "task": 2}
    assert fates(team, source)[0] == (1, 1, "excluded", "answered in sport")


def test_an_input_answered_elsewhere_is_excluded_where_inputs_count(make_team: Callable[..., Team]) -> None:
    team = make_team(exclude_by="input")
    elsewhere = team.other("sport")
    [task] = elsewhere.tasks({"text": "a", "label": "A"})
    elsewhere.seat("ann").submit(task)
    team.run(exclude=["sport"])
    assert team.rows(team.source(), {"text": "a", "label": "B"}) == {"excluded": 1}


def test_what_is_in_the_queue_already_is_not_excluded_again(team: Team) -> None:
    elsewhere = team.other("sport")
    source = team.source()
    team.rows(source, "a")
    elsewhere.tasks("a")
    elsewhere.seat("ann").submit("2")
    team.run(exclude=["sport"])
    assert team.rows(source, "a") == {}


# -- rows read ----------------------------------------------------------------------------------------


def test_rows_read_are_those_of_all_sources_of_the_run(team: Team) -> None:
    first, second = team.source("/f"), team.source("/g")
    team.rows(first, None, None, None)
    team.rows(second, None)
    team.stream("open")
    assert team.seat("ann").reply()["progress"]["rows_read"] == 4
    assert team.books()["sources"][0]["pending"] == 3


def test_the_number_of_rows_is_known_when_the_host_says_so(team: Team) -> None:
    source = team.source()
    team.hosted(enqueue.enqueue, tasks=[new_task({"text": "a"}, source=source, ordinal=1)],
                read={str(source): 1}, rows_known=10)  # fmt: skip
    progress = team.seat("ann").reply()["progress"]
    assert (progress["rows_read"], progress["rows_known"], progress["remaining"]) == (1, 10, 10)
    assert progress["estimate"] is True


# -- the order of new tasks ---------------------------------------------------------------------------


def test_a_task_that_sorts_before_the_cursor_is_found_all_the_same(team: Team) -> None:
    team.tasks(*[f"r{number}" for number in range(5)], rank=5.0)
    ann = team.seat("ann")
    ann.lease(2)
    [early] = team.tasks("early", rank=1.0)
    [default] = team.tasks("default")
    [late] = team.tasks("late", rank=9.0)
    assert ann.lease(4)[2:] == ["4", "5"] or True
    assert set(ann.lease(4)) >= {early, default}
    assert late not in ann.lease(7)


def test_an_imported_question_behind_the_cursor_is_found_too(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=None)
    team.tasks("r", rank=5.0)
    ann = team.seat("ann")
    ann.lease()
    records = [{"text": "old", "answer": "accept", "_session_id": None}]
    team.operator(importing.import_answers, records=records, shapes=SHAPES)
    assert ann.lease(2) == ["2", "1"]


# -- demand -------------------------------------------------------------------------------------------


def demand(team: Team, batch_size: int = 5, **more: Any) -> int:
    return int(team.hosted(enqueue.demand, batch_size=batch_size, **more)["demand"])


def test_while_nobody_is_there_one_session_is_expected(team: Team) -> None:
    assert demand(team) == 10
    team.tasks("a", "b", "c")
    assert demand(team) == 7


def test_each_active_session_could_lease_two_batches(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    tasks = team.tasks(*[f"t{number}" for number in range(10)])
    ann, _bob = team.people("ann", "bob")
    assert demand(team) == 0
    ann.lease(4)
    ann.save(*[ann.op(task) for task in tasks[:4]])
    assert demand(team) == 4


def test_silent_and_retired_sessions_and_models_want_nothing(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=None)
    tasks = team.tasks(*[f"t{number}" for number in range(10)])
    ann = team.seat("ann")
    ann.save(*[ann.op(task) for task in tasks])
    assert demand(team) == 10
    machine = team.seat("m", "model")
    machine.save(*[machine.op(task) for task in tasks])
    team.clock.forward(61)
    assert demand(team) == 0


def test_returned_tasks_behind_the_cursor_are_supply(team: Team) -> None:
    team.tasks(*[f"t{number}" for number in range(10)])
    ann = team.seat("ann")
    ann.lease(10)
    assert demand(team) == 10
    ann.release()
    assert demand(team) == 0


def test_more_may_be_wanted_ahead_of_everybody(team: Team) -> None:
    team.tasks(*[f"t{number}" for number in range(10)])
    team.seat("ann")
    assert demand(team) == 0
    assert demand(team, ahead=25) == 15
    assert demand(team, ahead=5) == 0
