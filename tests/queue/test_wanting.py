"""How many answers a task wants: fixed, of everyone, a share one more, or from so many to so many."""

from collections.abc import Callable

import pytest
from tests.queue.team import Person, Team

from tallymark.errors import InputError
from tallymark.queue import datasets, operate, wanting


def answer(person: Person) -> list[str]:
    """Take one task and answer it; what it was."""
    tasks = person.lease()
    for task in tasks:
        person.submit(task)
    return tasks


def change(team: Team, least: int | None, **more: float) -> bool:
    """Let new tasks and all others want something else."""
    changed = team.hosted(wanting.want, least=least, **more)["changed"]
    after: int | None = 0
    while changed and after is not None:
        after = team.hosted(wanting.want_part, after=after, limit=2)["after"]
    return bool(changed)


# -- an average -------------------------------------------------------------------------------------


def test_a_share_of_tasks_wants_one_more_the_same_ones_every_time(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=1, share=0.5)
    tasks = team.tasks(*[f"t{number}" for number in range(200)])
    wanted = [team.task(task)["overlap"] for task in tasks]
    assert set(wanted) == {1, 2}
    assert 70 < wanted.count(2) < 130
    again = team.other("again", overlap=1, share=0.5)
    assert [
        again.task(task)["overlap"] for task in again.tasks(*[f"t{number}" for number in range(200)])
    ] == wanted


def test_the_floor_is_exact(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2, share=0.0)
    tasks = team.tasks(*[f"t{number}" for number in range(50)])
    assert {team.task(task)["overlap"] for task in tasks} == {2}


# -- from so many to so many --------------------------------------------------------------------------


def test_further_answers_are_asked_of_who_has_nothing_else_to_do(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2, most=3)
    first, second = team.tasks("a", "b")
    ann, bob, cyd, dan = team.people("ann", "bob", "cyd", "dan")
    assert (ann.lease(), bob.lease(), cyd.lease()) == ([first], [first], [second])
    ann.submit(first)
    bob.submit(first)
    assert team.state(first) == "done"
    assert dan.lease() == [second], "what is needed comes first"
    cyd.submit(second)
    dan.submit(second)
    assert cyd.lease() == [first]
    assert team.state(first) == "open"
    assert (dan.idle(), team.state(second)) == ("waiting", "done"), "nobody gets a task twice"
    cyd.submit(first)
    assert (team.state(first), team.counters(first)) == ("done", (3, 3))
    assert ann.lease() == [second]
    assert bob.idle() == "waiting"


def test_a_further_answer_that_is_given_back_is_not_missed(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=1, most=2)
    [task] = team.tasks("a")
    ann, bob, cyd = team.people("ann", "bob", "cyd")
    ann.submit(task)
    assert bob.lease() == [task]
    assert (team.state(task), team.task(task)["overlap"]) == ("open", 2)
    bob.release()
    assert (team.state(task), team.task(task)["overlap"]) == ("done", 1)
    assert cyd.lease() == [task]
    assert bob.submit(task) == "surplus", "no more than two"
    cyd.release()
    assert bob.place(task) == "answered counted", "but up to two"


def test_further_answers_wait_while_the_stream_has_more(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=1, most=2)
    [task] = team.tasks("a", ended=False)
    ann, bob = team.people("ann", "bob")
    ann.submit(task)
    assert bob.idle() == "searching"
    team.stream("ended")
    assert bob.lease() == [task]


def test_answers_that_come_unasked_count_up_to_the_limit(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=1, most=2)
    [task] = team.tasks("a")
    people = team.people("ann", "bob", "cyd")
    assert [person.submit(task) for person in people] == ["stored", "stored", "surplus"]
    assert team.task(task)["overlap"] == 2
    people[0].undo(task)
    assert team.state(task) == "open", "ann holds it still"
    people[0].release(task)
    assert people[2].place(task) == "answered counted"


def test_a_withdrawn_task_asks_for_nothing_more(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=1, most=2)
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.submit(task)
    team.withdraw(task)
    assert bob.idle() == "exhausted"
    team.operator(operate.reopen_task, task_id=task)
    assert bob.lease() == [task]


def test_an_operators_number_is_meant(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=1, most=3)
    [task] = team.tasks("a")
    team.operator(operate.set_overlap, overlap=2, task_id=task)
    people = team.people("ann", "bob", "cyd")
    assert [person.submit(task) for person in people] == ["stored", "stored", "surplus"]


# -- changed from one start to the next ----------------------------------------------------------------


def test_a_new_number_holds_for_what_is_queued_and_takes_no_answer_away(team: Team) -> None:
    tasks = team.tasks("a", "b", "c")
    ann, bob = team.people("ann", "bob")
    ann.submit(tasks[0])
    assert change(team, 2)
    assert not change(team, 2)
    assert [team.state(task) for task in tasks] == ["open"] * 3
    assert bob.lease() == [tasks[0]]
    bob.submit(tasks[0])
    assert change(team, 1)
    assert team.counters(tasks[0]) == (2, 2), "both answers stay counted"
    assert [team.task(task)["overlap"] for task in tasks] == [2, 1, 1]
    assert change(team, None)
    assert team.state(tasks[0]) == "done", "both are everyone"
    assert change(team, 1, most=3)
    assert team.seat("cyd").lease(4) == tasks[1:]
    assert change(team, 1, share=0.25)


def test_bounds_are_stretched_over_what_is_there(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=3)
    [task] = team.tasks("a")
    for person in team.people("ann", "bob", "cyd"):
        person.submit(task)
    assert change(team, 1, most=2)
    assert team.counters(task) == (3, 3)
    assert team.task(task)["most"] == 3


@pytest.mark.parametrize(
    ("least", "share", "most"), [(0, 0.0, None), (1, 1.0, None), (3, 0.0, 2), (None, 0.0, 2)]
)
def test_numbers_that_make_no_sense_are_refused(
    team: Team, least: int | None, share: float, most: int | None
) -> None:
    with pytest.raises(InputError):
        team.hosted(wanting.want, least=least, share=share, most=most)
    with pytest.raises(InputError):
        team.do(datasets.ensure_dataset, name="other", overlap=least, share=share, most=most)
