"""Annotated data as others read it: whole, in order, as of the start."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.queue.team import SHAPES, START, Person, Team

from tallymark.errors import NotKnown
from tallymark.queue import importing, operate
from tallymark.store import Store
from tallymark.store.reading import PAGE, StoredDatasets
from tallymark.store.records import without_answer


@pytest.fixture
def data(store: Store) -> StoredDatasets:
    return StoredDatasets(store)


def answered(team: Team, number: int) -> tuple[Person, list[str]]:
    """So many tasks, all answered by ann."""
    tasks = team.tasks(*(str(n) for n in range(number)))
    ann = team.seat("ann")
    ann.save(*(ann.op(task) for task in tasks))
    return ann, tasks


def texts(data: StoredDatasets, name: str = "news", **chosen: Any) -> list[str]:
    return [record["text"] for record in data.answers(name, **chosen)]


def test_datasets_are_known_by_name(make_team: Callable[..., Team], data: StoredDatasets) -> None:
    assert data.names() == []
    team = make_team()
    team.other("books")
    assert data.names() == ["books", "news"]
    assert (len(data), "news" in data, "other" in data) == (2, True, False)


@pytest.mark.parametrize(
    "read",
    [
        lambda data: data.count("other"),
        lambda data: next(data.answers("other")),
        lambda data: next(data.input_hashes("other")),
        lambda data: next(data.task_hashes("other")),
    ],
)
def test_an_unknown_dataset_is_an_error_that_names_the_known_ones(
    data: StoredDatasets, make_team: Callable[..., Team], read: Callable[[StoredDatasets], Any]
) -> None:
    with pytest.raises(NotKnown, match="none yet"):
        read(data)
    make_team()
    with pytest.raises(NotKnown, match=r"no dataset 'other'. There are: news\."):
        read(data)


def test_an_answer_is_the_document_with_what_was_said_and_by_whom(team: Team, data: StoredDatasets) -> None:
    [task] = team.tasks({"text": "a", "meta": {"id": 10**30}, "gone": 1})
    ann = team.seat("ann")
    ann.submit(task, "reject", set={"label": "A"}, unset=["gone"], comment="why", reason="dirty")
    assert list(data.answers("news")) == [
        {
            "text": "a",
            "meta": {"id": 10**30},
            "label": "A",
            "_view_id": "text",
            "answer": "reject",
            "_timestamp": int(START),
            "_annotator_id": "news-ann",
            "_session_id": "news-ann",
            "_comment": "why",
            "_reason": "dirty",
        }
    ]


def test_an_answer_says_when_it_was_given_by_the_clock_of_its_author(
    team: Team, data: StoredDatasets
) -> None:
    [task] = team.tasks("a")
    team.seat("ann").submit(task, client_time=START - 500.5)
    assert next(data.answers("news"))["_timestamp"] == int(START - 501)


def test_an_answer_without_a_run_has_no_view(store: Store, data: StoredDatasets, team: Team) -> None:
    other = team.other("books")
    [task] = other.tasks("a")
    other.sql("UPDATE dataset SET run = NULL")
    other.seat("ann").submit(task)
    assert "_view_id" not in next(data.answers("books"))


@pytest.mark.parametrize("number", [0, 1, PAGE - 1, PAGE, PAGE + 1])
def test_answers_come_in_the_order_they_were_stored(team: Team, data: StoredDatasets, number: int) -> None:
    answered(team, number)
    assert texts(data) == [str(n) for n in range(number)]
    assert data.count("news") == number


def test_answers_are_read_as_of_the_start(team: Team, data: StoredDatasets) -> None:
    ann, tasks = answered(team, PAGE + 3)
    [late] = team.tasks("late")
    reading = data.answers("news")
    first = next(reading)
    ann.submit(late)
    ann.submit(tasks[0], "reject")  # one that was read
    ann.submit(tasks[PAGE], "reject")  # one that is yet to be read
    ann.undo(tasks[PAGE + 1])
    rest = list(reading)
    assert [first["text"], *(record["text"] for record in rest)] == [
        str(n) for n in range(PAGE + 3) if n != PAGE + 1
    ]
    assert {record["answer"] for record in rest} == {"accept"}
    assert [record["answer"] for record in data.answers("news")].count("reject") == 2


def test_only_current_revisions_are_given(team: Team, data: StoredDatasets) -> None:
    ann, tasks = answered(team, 3)
    ann.submit(tasks[0], "ignore")
    ann.undo(tasks[1])
    ann.submit(tasks[2], "reject", base=0)  # a conflict
    assert [(one["text"], one["answer"]) for one in data.answers("news")] == [
        ("2", "accept"),
        ("0", "ignore"),
    ]
    assert data.count("news") == 2


def test_surplus_answers_are_given_when_asked_for(team: Team, data: StoredDatasets) -> None:
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.submit(task)
    bob.submit(task, "reject")
    assert [record["_session_id"] for record in data.answers("news")] == ["news-ann"]
    both = list(data.answers("news", include_surplus=True))
    assert [record.get("_standing") for record in both] == [None, "surplus"]
    assert data.count("news") == 1


def test_answers_of_models_and_withdrawn_ones_are_not_given(team: Team, data: StoredDatasets) -> None:
    tasks = team.tasks("a", "b")
    team.seat("m", kind="model").submit(tasks[0])
    team.seat("ann").submit(tasks[1])
    team.operator(operate.withdraw_answer, task_id=tasks[1], session="ann")
    assert list(data.answers("news", include_surplus=True)) == []
    assert data.count("news") == 0


@pytest.mark.parametrize("number", [PAGE - 1, PAGE, PAGE + 1])
def test_the_history_comes_in_the_order_it_was_stored(team: Team, data: StoredDatasets, number: int) -> None:
    ann, tasks = answered(team, number)
    ann.submit(tasks[0], "reject", shown_at=START - 2, active_ms=1500)
    *earlier, last = data.history("news")
    assert [one["text"] for one in earlier] == [str(n) for n in range(number)]
    assert [one["_current"] for one in earlier] == [False] + [True] * (number - 1)
    assert not {"_shown_at", "_active_ms"} & earlier[0].keys()
    expected = {
        "text": "0",
        "answer": "reject",
        "_revision": 2,
        "_base": 1,
        "_current": True,
        "_shown_at": START - 2,
        "_active_ms": 1500,
    }
    assert last.items() >= expected.items()


def test_answers_are_chosen_by_decision_and_flag(team: Team, data: StoredDatasets) -> None:
    tasks = team.tasks("a", "b", "c")
    ann = team.seat("ann")
    ann.submit(tasks[0])
    ann.submit(tasks[1], "reject", set={"flagged": True})
    ann.submit(tasks[2], "accept", set={"flagged": True})
    assert texts(data, decision="reject") == ["b"]
    assert texts(data, flagged_only=True) == ["b", "c"]
    assert texts(data, decision="accept", flagged_only=True) == ["c"]


def test_hashes_are_those_of_answered_tasks(team: Team, data: StoredDatasets) -> None:
    first, second, _ = team.tasks("a", {"text": "b", "label": "A"}, "c")
    team.seat("ann").submit(first)
    team.seat("m", kind="model").submit(second)
    rows = [team.task(task) for task in (first, second)]
    assert list(data.input_hashes("news")) == [row["input_hash"] for row in rows]
    assert list(data.task_hashes("news")) == [row["task_hash"] for row in rows]


def test_an_imported_answer_without_a_session_has_none_when_it_is_edited(
    team: Team, data: StoredDatasets
) -> None:
    record = {"text": "a", "answer": "accept", "_session_id": None}
    team.operator(importing.import_answers, records=[record], shapes=SHAPES)
    token = team.sql("SELECT token FROM session")[0]["token"]
    assert list(data.answers("news")) == [record]
    Person(team, "", token).submit("1", "reject")
    [edited] = data.answers("news")
    assert (edited["answer"], edited["_session_id"], edited["_annotator_id"]) == ("reject", None, None)


def test_a_record_to_be_asked_again_has_no_answer_but_its_hashes() -> None:
    record = {
        "text": "a",
        "_input_hash": 1,
        "_task_hash": 2,
        "answer": "accept",
        "flagged": True,
        "_view_id": "text",
    }
    assert without_answer(record) == {"text": "a", "_input_hash": 1, "_task_hash": 2}
