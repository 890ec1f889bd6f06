"""A session's own answers, newest first, found by what is in them."""

from typing import Any

import pytest
from tests.queue.team import SHAPES, START, Person, Team

from tallymark.errors import NotKnown
from tallymark.queue import history, importing

LABELS: list[dict[str, Any]] = [
    {"label": "A"},
    {"spans": [{"label": "A"}, {"label": "B"}, "odd"]},
    {"accept": ["A", 5]},
    {"spans": "none", "accept": "A", "label": ["A"]},
    {"spans": [{"label": ["A"]}, {}]},
    {"pages": [{"spans": [{"label": "D"}]}, "odd"]},
    {"pages": "none"},
]


@pytest.fixture
def ann(team: Team) -> Person:
    return team.seat("ann")


def shown(ann: Person, **more: Any) -> list[str]:
    return [entry["task"]["text"] for entry in ann.history(**more)["answers"]]


def answered(ann: Person, *texts: str) -> list[str]:
    tasks = ann.team.tasks(*texts)
    ann.save(*(ann.op(task) for task in tasks))
    return tasks


def imported(ann: Person, *texts: str) -> None:
    """Many answers at once."""
    records = [{"text": text, "answer": "accept", "_session_id": "news-ann"} for text in texts]
    ann.team.operator(importing.import_answers, records=records, shapes=SHAPES)


def test_the_newest_answer_comes_first(ann: Person) -> None:
    answered(ann, "a", "b", "c")
    assert shown(ann) == ["c", "b", "a"]


def test_an_entry_has_all_that_was_said(ann: Person) -> None:
    source = ann.team.source()
    ann.team.rows(source, "before", {"text": "a", "n": 10**30})
    ann.submit("2", "reject", set={"label": "A", "flagged": True}, comment="hm", reason="dirty")
    assert ann.history() == {
        "answers": [
            {
                "task_id": "2",
                "revision": 1,
                "status": "submitted",
                "decision": "reject",
                "standing": "counted",
                "answered_at": START,
                "position": 1,
                "comment": "hm",
                "reason": "dirty",
                "flagged": True,
                "row": 2,
                "draft": None,
                "task": {"text": "a", "n": 10**30, "label": "A", "flagged": True},
            }
        ],
        "next": None,
    }


def test_an_edit_keeps_its_place_and_shows_what_is_current(ann: Person) -> None:
    [first, _] = answered(ann, "a", "b")
    ann.submit(first, "reject")
    assert [(entry["decision"], entry["revision"]) for entry in ann.history()["answers"]] == [
        ("accept", 1),
        ("reject", 2),
    ]


def test_what_was_retracted_is_not_an_answer(ann: Person) -> None:
    [first, _] = answered(ann, "a", "b")
    ann.undo(first)
    assert shown(ann) == ["b"]
    ann.submit(first)
    assert shown(ann) == ["a", "b"]


def test_a_refused_edit_is_shown_as_a_draft(ann: Person) -> None:
    [task] = answered(ann, "a")
    op = ann.op(task, decision="reject", set={"label": "X"})
    ann.save(op, validated={op["op_id"]: "failed: No such label."})
    [entry] = ann.history()["answers"]
    assert (entry["decision"], entry["draft"]["message"]) == ("accept", "No such label.")
    assert entry["draft"]["set"] == {"label": "X"}


def test_others_answers_are_not_shown(ann: Person) -> None:
    [task] = ann.team.tasks("a")
    ann.team.seat("bob").submit(task)
    assert ann.history() == {"answers": [], "next": None}


@pytest.mark.parametrize(
    ("limit", "pages"),
    [(1, [1] * 5), (2, [2, 2, 1]), (4, [4, 1]), (5, [5, 0]), (6, [5]), (0, [1] * 5), (-3, [1] * 5)],
)
def test_pages_follow_each_other_without_a_gap(ann: Person, limit: int, pages: list[int]) -> None:
    answered(ann, *"abcde")
    found, before, sizes = [], None, []
    while True:
        page = ann.history(limit=limit, before=before)
        sizes.append(len(page["answers"]))
        found += [entry["task"]["text"] for entry in page["answers"]]
        before = page["next"]
        if before is None:
            break
    assert found == list("edcba")
    assert [size for size in sizes if size] == [size for size in pages if size]


def test_a_page_has_at_most_so_many(ann: Person) -> None:
    imported(ann, *(str(number) for number in range(history.LIMIT + 1)))
    assert len(shown(ann, limit=10**9)) == history.LIMIT


@pytest.mark.parametrize(("before", "found"), [(2**70, 2), (-(2**70), 0), (2, 1), (0, 0)])
def test_any_number_is_a_position_to_go_on_from(ann: Person, before: int, found: int) -> None:
    answered(ann, "a", "b")
    assert len(shown(ann, before=before)) == found


# -- searching ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("", True),
        ("SAY", True),
        ('say "hi"', True),
        ("\\", True),
        ("line\nbreak", True),
        ("STRASSE", True),
        ("inside", True),
        ("\ud83d", True),
        ("text", False),
        ("1234", False),
        ("missing", False),
    ],
)
def test_text_is_found_wherever_it_stands(ann: Person, q: str, found: bool) -> None:
    [task] = ann.team.tasks(
        {"text": 'Say "hi" \\ line\nbreak straße', "meta": [{"x": ["Inside \ud83d"]}], "n": 1234}
    )
    ann.submit(task)
    assert bool(shown(ann, q=q)) is found


@pytest.mark.parametrize(
    ("label", "found"), [("A", [0, 1, 2]), ("B", [1]), ("5", [2]), ("C", []), ("D", [5])]
)
def test_a_label_is_found_on_spans_options_pages_and_the_task(
    ann: Person, label: str, found: list[int]
) -> None:
    tasks = ann.team.tasks(*(str(number) for number in range(len(LABELS))))
    for task, said in zip(tasks, LABELS, strict=True):
        ann.submit(task, set=said)
    assert shown(ann, label=label) == [str(number) for number in reversed(found)]


def test_answers_are_found_by_decision_and_flag(ann: Person) -> None:
    tasks = ann.team.tasks("a", "b", "c")
    ann.submit(tasks[0], "reject")
    ann.submit(tasks[1], "reject", set={"flagged": True})
    ann.submit(tasks[2], "accept", set={"flagged": True})
    assert shown(ann, decision="reject") == ["b", "a"]
    assert shown(ann, flagged=True) == ["c", "b"]
    assert shown(ann, flagged=False) == ["a"]
    assert shown(ann, decision="reject", flagged=True, q="B") == ["b"]


def test_a_search_goes_on_where_it_found_enough(ann: Person) -> None:
    answered(ann, *(f"{'even' if n % 2 == 0 else 'odd'} {n}" for n in range(10)))
    page = ann.history(q="even", limit=2)
    assert [entry["task"]["text"] for entry in page["answers"]] == ["even 8", "even 6"]
    assert shown(ann, q="even", before=page["next"]) == ["even 4", "even 2", "even 0"]


def test_a_search_looks_past_many_others(ann: Person) -> None:
    imported(ann, "needle", *(str(number) for number in range(2 * history.PAGE)))
    assert ann.history(q="needle") == {**ann.history(q="needle"), "next": None}
    assert shown(ann, q="needle") == ["needle"]


def test_a_search_gives_up_after_so_many_and_says_where(ann: Person) -> None:
    imported(ann, "needle", *(str(number) for number in range(history.LOOK)))
    page = ann.history(q="needle")
    assert (page["answers"], page["next"]) == ([], 2)
    assert shown(ann, q="needle", before=page["next"]) == ["needle"]


def test_an_unknown_session_has_no_history(team: Team) -> None:
    with pytest.raises(NotKnown):
        team.do(history.history, session="unknown")
