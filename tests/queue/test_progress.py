"""Where a dataset and one of its sessions stand."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.queue.team import SHAPES, Person, Team

from tallymark.errors import NotKnown
from tallymark.queue import answers, operate, progress, seats


def of(person: Person) -> dict[str, object]:
    return dict(person.team.do(progress.progress, session=person.token))


def test_a_new_dataset_has_no_progress(team: Team) -> None:
    assert of(team.seat("ann")) == {
        "tasks": 0,
        "done": 0,
        "withdrawn": 0,
        "mine": 0,
        "remaining": None,
        "at_most": False,
        "estimate": True,
        "rows_read": 0,
        "rows_known": None,
        "fraction": None,
    }


def test_counts_are_told_for_the_dataset_and_for_me(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    first, second, third, fourth = team.tasks("a", "b", "c", "d")
    ann, bob = team.people("ann", "bob")
    ann.submit(first)
    bob.submit(first)
    ann.submit(second)
    team.withdraw(third)
    team.operator(operate.set_ineligible, session="bob", task_ids=[fourth])
    seen = of(ann)
    assert (seen["tasks"], seen["done"], seen["withdrawn"], seen["mine"]) == (4, 1, 1, 2)
    assert (seen["remaining"], seen["at_most"], seen["estimate"]) == (1, False, False), "the fourth"
    assert of(bob)["remaining"] == 1, "the second"


def test_a_withdrawn_task_that_i_answered_hides_no_other(team: Team) -> None:
    first, _second, _third = team.tasks("a", "b", "c")
    ann = team.seat("ann")
    ann.submit(first)
    team.withdraw(first)
    assert of(ann)["remaining"] == 2


def test_where_nothing_is_left_nothing_remains(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    first, second = team.tasks("a", "b")
    ann, bob, cyd = team.people("ann", "bob", "cyd")
    ann.submit(first)
    bob.submit(second)
    cyd.submit(second)
    reply = ann.reply()
    assert (reply["state"], reply["progress"]["remaining"]) == ("exhausted", 0)
    assert ann.heartbeat()["progress"]["remaining"] == 0


def test_rows_not_read_yet_remain_too(team: Team) -> None:
    team.tasks("a", ended=False)
    ann = team.seat("ann")
    team.stream("open", rows_read=3, rows_known=10)
    assert (of(ann)["remaining"], of(ann)["estimate"]) == (8, True)
    team.stream("ended", rows_read=10)
    assert (of(ann)["remaining"], of(ann)["estimate"]) == (1, False)


def test_how_much_remains_is_unknown_while_the_end_of_the_stream_is(team: Team) -> None:
    team.tasks("a", ended=False)
    assert of(team.seat("ann"))["remaining"] is None


def test_a_dataset_without_a_run_has_progress_too(team: Team) -> None:
    team.tasks("a")
    team.sql("UPDATE dataset SET run = NULL")
    assert (of(team.seat("ann"))["remaining"], of(team.seat("ann"))["rows_read"]) == (1, 0)


def test_progress_in_a_reply_counts_what_the_same_transaction_did(team: Team) -> None:
    """Many requests share one commit; the counters of the dataset are written at its end."""
    tasks = team.tasks("a", "b")
    ann = team.seat("ann")
    with team.store.transaction() as tx:
        answers.save(tx, session=ann.token, ops=[ann_op(tasks[0])], shapes=SHAPES)  # type: ignore[list-item]
        seen = progress.progress(tx, session=ann.token)
    assert (seen["done"], seen["mine"], seen["remaining"]) == (1, 1, 1)


def ann_op(task: str) -> dict[str, object]:
    return {"op_id": "op", "task_id": task, "status": "submitted", "decision": "accept"}


def test_an_unknown_session_has_no_progress(team: Team) -> None:
    with pytest.raises(NotKnown):
        team.do(progress.progress, session="nobody")


# -- what is left for somebody -------------------------------------------------------------------------


def many(team: Team, number: int, **more: Any) -> list[str]:
    return team.tasks(*[f"{more} {n}" for n in range(number)], **more)


def left(person: Person) -> tuple[object, object]:
    seen = of(person)
    return seen["remaining"], seen["at_most"]


def test_few_tasks_are_counted_for_whom_they_are(team: Team) -> None:
    german = {"languages": ["de"]}
    team.do(seats.set_tags, annotators={"ann": german})
    first, *_ = many(team, 50, needs=german)
    many(team, 60)
    many(team, 70, people=["bob"])
    ann, bob, cyd = team.people("ann", "bob", "cyd")
    assert (left(ann), left(bob), left(cyd)) == ((110, False), (130, False), (60, False))
    ann.submit(first)
    assert (left(ann), left(bob)) == ((109, False), (130, False))


def test_of_many_tasks_those_of_an_audience_are_counted(team: Team) -> None:
    german = {"languages": ["de"]}
    team.do(seats.set_tags, annotators={"ann": german, "bob": german})
    first, *_ = many(team, 50, needs=german)
    many(team, 60)
    many(team, 250, people=["bob"])
    many(team, 1_100, people=["cyd"])
    ann, bob, cyd = team.people("ann", "bob", "cyd")
    ann.submit(first)
    assert left(ann) == (109, False)
    assert left(bob) == (359, True)
    assert left(cyd) == (1_459, True), "so many are not counted"


def test_alone_one_knows_what_is_left_however_much_it_is(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    first, second, third, *_ = many(team, 300)
    ann, bob = team.people("ann", "bob")
    ann.submit(first)
    ann.submit(second)
    assert (left(ann), left(bob)) == ((298, False), (300, True))
    bob.submit(first)
    assert left(ann) == (298, True)
    team.withdraw(third)
    assert (left(ann), left(bob)) == ((298, True), (298, True))


def test_what_is_withdrawn_or_barred_makes_it_a_bound(team: Team) -> None:
    first, second, *_ = many(team, 300)
    ann = team.seat("ann")
    team.operator(operate.set_ineligible, session="ann", task_ids=[first])
    assert left(ann) == (299, True)
    ann.submit(first)
    team.withdraw(second)
    assert left(ann) == (298, True)
