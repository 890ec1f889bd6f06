"""Every row of the table of moves in docs/concepts/queue.md, with the counters before and after."""

from collections.abc import Callable

import pytest
from tests.queue.team import Person, Team

from tallymark.queue import operate, seats

OVERDUE = 901


def expired(person: Person, task_id: str, by: Person) -> None:
    """A lease of `person` expires because `by` asks after the deadline; `by` then holds the task."""
    person.lease()
    person.team.clock.forward(OVERDUE)
    assert by.lease() == [task_id]
    assert person.place(task_id) == "expired"


def test_open_to_leased_takes_a_slot(team: Team) -> None:
    [task] = team.tasks("a")
    [ann] = team.people("ann")
    assert team.counters(task) == (0, 0)
    ann.lease()
    assert (ann.place(task), team.counters(task), team.state(task)) == ("leased slot", (1, 0), "open")


def test_leased_to_released_frees_the_slot(team: Team) -> None:
    [task] = team.tasks("a")
    [ann] = team.people("ann")
    ann.lease()
    assert team.counters(task) == (1, 0)
    assert ann.release() == 1
    assert (ann.place(task), team.counters(task)) == ("released", (0, 0))


def test_leased_to_expired_frees_the_slot_for_the_one_who_asks(team: Team) -> None:
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.lease()
    assert team.counters(task) == (1, 0)
    team.clock.forward(OVERDUE)
    bob.lease()
    assert (ann.place(task), bob.place(task), team.counters(task)) == ("expired", "leased slot", (1, 0))


def test_leased_to_answered_counts_and_keeps_the_slot(team: Team) -> None:
    [task] = team.tasks("a")
    [ann] = team.people("ann")
    ann.lease()
    assert team.counters(task) == (1, 0)
    assert ann.submit(task) == "stored"
    assert (ann.place(task), team.counters(task), team.state(task)) == ("answered counted", (1, 1), "done")


def test_expired_to_answered_takes_a_slot_where_there_is_one(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    expired(ann, task, by=bob)
    assert team.counters(task) == (1, 0)
    assert ann.submit(task) == "stored"
    assert (ann.place(task), team.counters(task)) == ("answered counted", (2, 1))


def test_released_to_answered_takes_a_slot_where_there_is_one(team: Team) -> None:
    [task] = team.tasks("a")
    [ann] = team.people("ann")
    ann.lease()
    ann.release()
    assert team.counters(task) == (0, 0)
    assert ann.submit(task) == "stored"
    assert (ann.place(task), team.counters(task)) == ("answered counted", (1, 1))


def test_expired_to_answered_is_surplus_where_the_slot_is_gone(team: Team) -> None:
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    expired(ann, task, by=bob)
    assert team.counters(task) == (1, 0)
    assert ann.submit(task) == "surplus"
    assert (ann.place(task), team.counters(task)) == ("answered surplus", (1, 0))


def test_released_to_answered_is_surplus_where_the_slot_is_gone(team: Team) -> None:
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.lease()
    ann.release()
    bob.lease()
    bob.submit(task)
    assert team.counters(task) == (1, 1)
    assert ann.submit(task) == "surplus"
    assert (ann.place(task), team.counters(task)) == ("answered surplus", (1, 1))


def test_counted_retracted_by_its_author_is_leased_again_with_its_slot(team: Team) -> None:
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.submit(task)
    assert (team.counters(task), team.state(task)) == ((1, 1), "done")
    assert ann.undo(task) == "stored"
    assert (ann.place(task), team.counters(task), team.state(task)) == ("leased slot", (1, 0), "open")
    assert bob.idle() == "waiting"


def test_surplus_retracted_by_its_author_is_leased_without_a_slot(team: Team) -> None:
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.submit(task)
    bob.submit(task)
    assert team.counters(task) == (1, 1)
    assert bob.undo(task) == "stored"
    assert (bob.place(task), team.counters(task)) == ("leased", (1, 1))


def test_leased_without_a_slot_to_answered_is_surplus_again(team: Team) -> None:
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.submit(task)
    bob.submit(task)
    bob.undo(task)
    assert bob.submit(task) == "surplus"
    assert (bob.place(task), team.counters(task)) == ("answered surplus", (1, 1))


def test_leased_without_a_slot_to_answered_counts_when_a_slot_has_become_free(team: Team) -> None:
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.submit(task)
    bob.submit(task)
    bob.undo(task)
    team.operator(operate.withdraw_answer, task_id=task, session="ann")
    assert team.counters(task) == (0, 0)
    assert bob.submit(task) == "stored"
    assert (bob.place(task), team.counters(task)) == ("answered counted", (1, 1))


def test_a_lease_without_a_slot_released_frees_nothing(team: Team) -> None:
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.submit(task)
    bob.submit(task)
    bob.undo(task)
    assert bob.release() == 1
    assert (bob.place(task), team.counters(task)) == ("released", (1, 1))


def test_surplus_is_promoted_when_a_release_frees_a_slot(team: Team) -> None:
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    expired(ann, task, by=bob)
    ann.submit(task)
    assert team.counters(task) == (1, 0)
    bob.release()
    assert (ann.place(task), team.counters(task), team.state(task)) == ("answered counted", (1, 1), "done")


def test_surplus_is_promoted_when_a_lease_expires_and_the_task_is_not_offered_again(team: Team) -> None:
    [task] = team.tasks("a")
    ann, bob, cyd = team.people("ann", "bob", "cyd")
    expired(ann, task, by=bob)
    ann.submit(task)
    team.clock.forward(OVERDUE)
    assert cyd.idle() == "exhausted"
    assert (ann.place(task), bob.place(task), team.counters(task)) == ("answered counted", "expired", (1, 1))


def test_surplus_is_promoted_oldest_first(team: Team) -> None:
    [task] = team.tasks("a")
    ann, bob, cyd = team.people("ann", "bob", "cyd")
    ann.submit(task)
    team.clock.forward(1)
    cyd.submit(task)
    team.clock.forward(1)
    bob.submit(task)
    team.operator(operate.withdraw_answer, task_id=task, session="ann")
    assert (cyd.place(task), bob.place(task)) == ("answered counted", "answered surplus")
    assert team.counters(task) == (1, 1)


def test_a_surplus_answer_given_again_after_a_retraction_is_the_newest(team: Team) -> None:
    [task] = team.tasks("a")
    ann, bob, cyd = team.people("ann", "bob", "cyd")
    for person in (ann, bob, cyd):
        person.submit(task)
        team.clock.forward(1)
    bob.undo(task)
    bob.submit(task)
    team.operator(operate.withdraw_answer, task_id=task, session="ann")
    assert (bob.place(task), cyd.place(task)) == ("answered surplus", "answered counted")


def test_counted_withdrawn_by_an_operator_frees_its_slot(team: Team) -> None:
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.submit(task)
    assert team.counters(task) == (1, 1)
    team.operator(operate.withdraw_answer, task_id=task, session="ann")
    assert (ann.place(task), team.counters(task), team.state(task)) == ("answered withdrawn", (0, 0), "open")
    assert ann.idle() == "exhausted"
    assert bob.lease() == [task]


def test_surplus_withdrawn_by_an_operator_changes_no_counter(team: Team) -> None:
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.submit(task)
    bob.submit(task)
    team.operator(operate.withdraw_answer, task_id=task, session="bob")
    assert (bob.place(task), team.counters(task)) == ("answered withdrawn", (1, 1))


def test_an_ignore_fills_a_slot_by_default(team: Team) -> None:
    [task] = team.tasks("a")
    [ann] = team.people("ann")
    ann.submit(task, "ignore")
    assert (ann.place(task), team.counters(task)) == ("answered counted", (1, 1))


def test_an_ignore_that_does_not_count_gives_its_slot_back(make_team: Callable[..., Team]) -> None:
    team = make_team(ignore_counts=False)
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.lease()
    assert team.counters(task) == (1, 0)
    assert ann.submit(task, "ignore") == "stored"
    assert (ann.place(task), team.counters(task)) == ("answered uncounted", (0, 0))
    assert ann.idle() == "exhausted"
    assert bob.lease() == [task]


def test_an_ignore_that_does_not_count_promotes_a_surplus_answer(make_team: Callable[..., Team]) -> None:
    team = make_team(ignore_counts=False)
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    expired(ann, task, by=bob)
    ann.submit(task)
    bob.submit(task, "ignore")
    assert (ann.place(task), bob.place(task)) == ("answered counted", "answered uncounted")
    assert team.counters(task) == (1, 1)


def test_an_uncounted_late_ignore_takes_nothing(make_team: Callable[..., Team]) -> None:
    team = make_team(ignore_counts=False)
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    expired(ann, task, by=bob)
    ann.submit(task, "ignore")
    assert (ann.place(task), team.counters(task)) == ("answered uncounted", (1, 0))


def test_a_counted_answer_edited_to_an_uncounted_ignore_leaves_the_count(
    make_team: Callable[..., Team],
) -> None:
    team = make_team(ignore_counts=False)
    [task] = team.tasks("a")
    [ann] = team.people("ann")
    ann.submit(task)
    assert team.counters(task) == (1, 1)
    ann.submit(task, "ignore")
    assert (ann.place(task), team.counters(task), team.state(task)) == ("answered uncounted", (0, 0), "open")


def test_an_uncounted_ignore_edited_to_an_answer_counts_where_there_is_a_slot(
    make_team: Callable[..., Team],
) -> None:
    team = make_team(ignore_counts=False)
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    for person, expected in ((ann, "answered counted"), (bob, "answered surplus")):
        person.submit(task, "ignore")
        person.submit(task, "ignore")
        assert person.place(task) == "answered uncounted"
        person.submit(task)
        assert person.place(task) == expected
    assert team.counters(task) == (1, 1)


@pytest.mark.parametrize("kind", ["model", "function"])
def test_answers_of_models_and_functions_never_count(team: Team, kind: str) -> None:
    [task] = team.tasks("a")
    machine = team.seat("m", kind)
    machine.lease()
    assert team.counters(task) == (1, 0)
    assert machine.submit(task) == "stored"
    assert (machine.place(task), team.counters(task), team.state(task)) == (
        "answered uncounted",
        (0, 0),
        "open",
    )
    assert team.seat("ann").lease() == [task]


def test_an_edit_keeps_the_standing(team: Team) -> None:
    [task] = team.tasks("a")
    ann, bob, cyd = team.people("ann", "bob", "cyd")
    for person in (ann, bob, cyd):
        person.submit(task)
    team.operator(operate.withdraw_answer, task_id=task, session="cyd")
    for person, ack, standing in (
        (ann, "stored", "counted"),
        (bob, "surplus", "surplus"),
        (cyd, "stored", "withdrawn"),
    ):
        assert person.submit(task, "reject") == ack
        assert person.place(task) == f"answered {standing}"
    assert team.counters(task) == (1, 1)


def test_a_done_task_is_never_offered_again(team: Team) -> None:
    [task] = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.submit(task)
    assert bob.idle() == "exhausted"


def test_an_answer_without_a_lease_is_an_answer(team: Team) -> None:
    [task] = team.tasks("a")
    [ann] = team.people("ann")
    assert ann.submit(task) == "stored"
    assert (ann.row["answered"], ann.row["held"], ann.row["position"]) == (1, 0, 1)


def test_retiring_a_seat_gives_its_leases_back(team: Team) -> None:
    tasks = team.tasks("a", "b")
    ann, bob = team.people("ann", "bob")
    ann.lease(2)
    assert team.operator(seats.retire_seat, name="ann") == {"released": 2}
    assert [team.counters(task) for task in tasks] == [(0, 0), (0, 0)]
    assert bob.lease(2) == tasks
