"""What operators do: pause, release, withdraw, reopen, bar, change the overlap."""

from collections.abc import Callable, Sequence

import pytest
from tests.queue.team import Person, Team

from tallymark.errors import InputError, NotKnown
from tallymark.queue import operate


def events(team: Team) -> list[str]:
    """Kinds of the events, without the start of the run."""
    return [row["kind"] for row in team.sql("SELECT kind FROM event WHERE kind <> 'run_started' ORDER BY id")]


def places(people: Sequence[Person], task_id: str) -> list[str]:
    return [person.place(task_id) for person in people]


@pytest.mark.parametrize(
    "function",
    [operate.pause, operate.resume, operate.release_all],
)
def test_an_operation_needs_a_dataset(team: Team, function: Callable[..., object]) -> None:
    with pytest.raises(NotKnown, match="There is no dataset 'weather'"):
        team.do(function, dataset="weather")


@pytest.mark.parametrize("task_id", ["99", "x"])
def test_an_operation_on_a_task_needs_the_task(team: Team, task_id: str) -> None:
    with pytest.raises(NotKnown, match="no task"):
        team.withdraw(task_id)


def test_pausing_and_resuming_is_noted(team: Team) -> None:
    team.operator(operate.pause)
    team.operator(operate.resume)
    assert events(team) == ["paused", "resumed"]


# -- leases -------------------------------------------------------------------------------------------


def test_all_leases_of_a_dataset_end_at_once(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    tasks = team.tasks("a", "b")
    ann, bob = team.people("ann", "bob")
    machine = team.seat("m", "model")
    ann.lease(2)
    bob.lease(1)
    machine.lease(1)
    assert team.operator(operate.release_all) == {"released": 4}
    assert [team.counters(task) for task in tasks] == [(0, 0), (0, 0)]
    assert events(team) == ["released"]
    assert ann.submit(tasks[0]) == "stored"


def test_the_leases_of_one_session_end_and_the_others_stay(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.lease()
    bob.lease()
    assert team.operator(operate.release_all, session="ann") == {"released": 1}
    assert places([ann, bob], task) == ["released", "leased slot"]
    with pytest.raises(NotKnown, match="no session 'zoe'"):
        team.operator(operate.release_all, session="zoe")


def test_the_leases_of_a_model_can_be_ended(team: Team) -> None:
    team.tasks("a")
    team.seat("m", "model").lease()
    assert team.operator(operate.release_all, session="m") == {"released": 1}


# -- withdrawing tasks --------------------------------------------------------------------------------


def test_withdrawing_a_task_ends_its_leases_and_keeps_its_answers(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=3)
    [task] = team.tasks("a")
    ann, bob, cyd = team.people("ann", "bob", "cyd")
    ann.submit(task)
    bob.lease()
    team.withdraw(task)
    assert places([ann, bob], task) == ["answered counted", "released"]
    assert (team.state(task), team.counters(task)) == ("withdrawn", (1, 1))
    assert cyd.idle() == "exhausted"
    assert bob.submit(task) == "surplus"
    assert [entry["task_id"] for entry in ann.history()["answers"]] == [task]


def test_withdrawing_twice_is_withdrawing_once(team: Team) -> None:
    [task] = team.tasks("a")
    team.withdraw(task)
    team.withdraw(task)
    assert team.books()["tasks"]["withdrawn"] == 1


def test_reopening_offers_the_task_again_and_counts_who_answered_meanwhile(
    make_team: Callable[..., Team],
) -> None:
    team = make_team(overlap=2)
    [task] = team.tasks("a")
    ann, bob, cyd = team.people("ann", "bob", "cyd")
    ann.lease()
    team.withdraw(task)
    ann.submit(task)
    assert places([ann], task) == ["answered surplus"]
    team.operator(operate.reopen_task, task_id=task)
    assert (places([ann], task), team.state(task)) == (["answered counted"], "open")
    assert bob.lease() == [task]
    assert cyd.idle() == "waiting"
    assert events(team) == ["task_withdrawn", "task_reopened"]


def test_reopening_a_task_that_has_its_answers_makes_it_done(team: Team) -> None:
    [task] = team.tasks("a")
    team.seat("ann").submit(task)
    team.withdraw(task)
    assert team.books()["tasks"] | {"done": 0, "withdrawn": 1} == team.books()["tasks"]
    team.operator(operate.reopen_task, task_id=task)
    assert team.state(task) == "done"
    assert team.books()["tasks"] | {"done": 1, "withdrawn": 0} == team.books()["tasks"]


def test_reopening_a_task_that_was_not_withdrawn_changes_nothing(team: Team) -> None:
    [task] = team.tasks("a")
    team.operator(operate.reopen_task, task_id=task)
    assert (team.state(task), events(team)) == ("open", [])


def test_a_withdrawn_task_that_wants_everyone_waits_for_nobody(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=None)
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.submit(task)
    team.withdraw(task)
    bob.submit(task)
    assert (team.state(task), bob.place(task)) == ("withdrawn", "answered surplus")
    team.operator(operate.reopen_task, task_id=task)
    assert (team.state(task), bob.place(task)) == ("done", "answered counted")


# -- withdrawing answers ------------------------------------------------------------------------------


def test_only_an_answer_can_be_withdrawn(team: Team) -> None:
    [task] = team.tasks("a")
    ann = team.seat("ann")
    ann.lease()
    for session in ("ann", "zoe"):
        with pytest.raises(NotKnown, match="'" + session + "'"):
            team.operator(operate.withdraw_answer, task_id=task, session=session)
        with pytest.raises(NotKnown, match="'" + session + "'"):
            team.operator(operate.reinstate_answer, task_id=task, session=session)


def test_an_answer_that_was_not_withdrawn_cannot_be_reinstated(team: Team) -> None:
    [task] = team.tasks("a")
    team.seat("ann").submit(task)
    with pytest.raises(NotKnown, match="no withdrawn answer"):
        team.operator(operate.reinstate_answer, task_id=task, session="ann")


def test_a_reinstated_answer_counts_where_there_is_a_slot(team: Team) -> None:
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.submit(task)
    team.operator(operate.withdraw_answer, task_id=task, session="ann")
    assert team.counters(task) == (0, 0)
    team.operator(operate.reinstate_answer, task_id=task, session="ann")
    assert (ann.place(task), team.counters(task), team.state(task)) == ("answered counted", (1, 1), "done")
    team.operator(operate.withdraw_answer, task_id=task, session="ann")
    bob.submit(task)
    team.operator(operate.reinstate_answer, task_id=task, session="ann")
    assert (ann.place(task), team.counters(task)) == ("answered surplus", (1, 1))
    assert ann.submit(task, "reject") == "surplus"


def test_what_is_said_after_a_reinstated_answer_was_retracted_counts(team: Team) -> None:
    [task] = team.tasks("a")
    ann = team.seat("ann")
    ann.submit(task)
    team.operator(operate.withdraw_answer, task_id=task, session="ann")
    ann.undo(task)
    team.operator(operate.reinstate_answer, task_id=task, session="ann")
    assert (ann.place(task), team.counters(task)) == ("leased", (0, 0))
    ann.submit(task, "reject")
    assert (ann.place(task), team.counters(task), team.state(task)) == ("answered counted", (1, 1), "done")


def test_a_reinstated_answer_of_a_model_or_an_ignore_stays_uncounted(make_team: Callable[..., Team]) -> None:
    team = make_team(ignore_counts=False)
    [task] = team.tasks("a")
    ann, machine = team.seat("ann"), team.seat("m", "model")
    ann.submit(task, "ignore")
    machine.submit(task)
    for person in (ann, machine):
        team.operator(operate.withdraw_answer, task_id=task, session=person.name)
        assert person.place(task) == "answered withdrawn"
        team.operator(operate.reinstate_answer, task_id=task, session=person.name)
        assert (person.place(task), team.counters(task)) == ("answered uncounted", (0, 0))


def test_a_persons_seat_comes_before_a_models_of_the_same_name(team: Team) -> None:
    [task] = team.tasks("a")
    machine, person = team.seat("x", "model"), team.seat("x")
    machine.submit(task)
    person.submit(task)
    team.operator(operate.withdraw_answer, task_id=task, session="x")
    assert (person.place(task), machine.place(task)) == ("answered withdrawn", "answered uncounted")


# -- overlap ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("overlap", [0, -1])
def test_an_overlap_is_at_least_one(team: Team, overlap: int) -> None:
    with pytest.raises(InputError, match="1 or more"):
        team.operator(operate.set_overlap, overlap=overlap)


def test_raising_the_overlap_promotes_the_oldest_surplus_and_offers_the_rest(team: Team) -> None:
    [task] = team.tasks("a")
    ann, bob, cyd, dan = people = team.people("ann", "bob", "cyd", "dan")
    for person in (ann, cyd, bob):
        person.submit(task)
        team.clock.forward(1)
    assert team.operator(operate.set_overlap, overlap=2, task_id=task) == {"tasks": 1}
    assert places(people, task) == ["answered counted", "answered surplus", "answered counted", "open"]
    assert (team.counters(task), team.state(task)) == ((2, 2), "done")
    team.operator(operate.set_overlap, overlap=4, task_id=task)
    assert (team.counters(task), team.state(task)) == ((3, 3), "open")
    assert dan.lease() == [task]


def test_lowering_the_overlap_demotes_the_newest_answers(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=3)
    [task] = team.tasks("a")
    people = team.people("ann", "bob", "cyd")
    for person in people:
        person.submit(task)
        team.clock.forward(1)
    assert team.counters(task) == (3, 3)
    team.operator(operate.set_overlap, overlap=1)
    assert places(people, task) == ["answered counted", "answered surplus", "answered surplus"]
    assert team.counters(task) == (1, 1)


def test_lowering_the_overlap_takes_slots_from_the_newest_leases_first(
    make_team: Callable[..., Team],
) -> None:
    team = make_team(overlap=3)
    [task] = team.tasks("a")
    ann, bob, cyd = people = team.people("ann", "bob", "cyd")
    ann.submit(task)
    bob.lease()
    team.clock.forward(1)
    cyd.lease()
    team.operator(operate.set_overlap, overlap=2)
    assert places(people, task) == ["answered counted", "leased slot", "leased"]
    team.operator(operate.set_overlap, overlap=1)
    assert places(people, task) == ["answered counted", "leased", "leased"]
    assert (team.counters(task), team.state(task)) == ((1, 1), "done")
    assert bob.submit(task) == "surplus"


def test_a_new_overlap_holds_for_new_tasks_too(team: Team) -> None:
    [old] = team.tasks("a")
    assert team.operator(operate.set_overlap, overlap=2) == {"tasks": 1}
    [new] = team.tasks("b")
    assert [team.task(task)["overlap"] for task in (old, new)] == [2, 2]
    assert events(team) == ["overlap"]


def test_the_overlap_of_very_many_tasks_is_changed_in_parts(team: Team) -> None:
    team.tasks(*[f"t{number}" for number in range(1001)])
    assert team.operator(operate.set_overlap, overlap=2) == {"tasks": 1001}
    assert team.sql("SELECT count(*) FROM task WHERE overlap = 2")[0][0] == 1001


def test_from_one_answer_to_everyone_and_back(team: Team) -> None:
    [task] = team.tasks("a")
    people = ann, bob = team.people("ann", "bob")
    ann.submit(task)
    team.clock.forward(1)
    team.operator(operate.set_overlap, overlap=None)
    assert team.state(task) == "open"
    bob.submit(task)
    assert (team.state(task), team.counters(task)) == ("done", (2, 2))
    team.operator(operate.set_overlap, overlap=1)
    assert places(people, task) == ["answered counted", "answered surplus"]
    assert (team.state(task), team.counters(task)) == ("done", (1, 1))


# -- eligibility --------------------------------------------------------------------------------------


def test_barring_touches_neither_answers_nor_leases(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=3)
    answered, held, given_back, fresh = team.tasks("a", "b", "c", "d")
    ann = team.seat("ann")
    ann.lease(3)
    ann.submit(answered)
    ann.release(given_back)
    tasks = [answered, held, given_back, fresh, "99", "x"]
    assert team.operator(operate.set_ineligible, session="ann", task_ids=tasks) == {"ineligible": 2}
    assert team.operator(operate.set_ineligible, session="ann", task_ids=tasks) == {"ineligible": 0}
    assert [ann.place(task) for task in tasks[:4]] == [
        "answered counted",
        "leased slot",
        "ineligible",
        "ineligible",
    ]
    assert ann.row["ineligible"] == 2
    assert team.seat("bob").lease(4) == [answered, held, given_back, fresh]
