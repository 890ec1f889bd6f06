"""Seats: the same name is the same seat, and those who want everyone wait for every open seat."""

from collections.abc import Callable

import pytest
from tests.queue.team import SHAPES, Team

from tallymark.errors import InputError, NotKnown
from tallymark.queue import importing, operate, seats


def test_the_same_name_is_the_same_seat(team: Team) -> None:
    assert team.seat("ann").token == team.seat("ann").token
    assert team.seat("ann").token != team.seat("bob").token


def test_a_seat_is_told_with_its_name_and_dataset(team: Team) -> None:
    claimed = team.operator(seats.claim_seat, name="ann")
    assert claimed == {
        "session": team.seat("ann").token,
        "name": "ann",
        "dataset": "news",
        "also_open": False,
    }


def test_seats_of_datasets_are_apart_but_their_annotator_is_one(team: Team) -> None:
    elsewhere = team.other("sport").seat("ann")
    assert elsewhere.token != team.seat("ann").token
    assert elsewhere.row["annotator"] == team.seat("ann").row["annotator"]


def test_a_person_and_a_model_of_the_same_name_are_two(team: Team) -> None:
    assert team.seat("ann").token != team.seat("ann", "model").token


def test_the_nameless_seat_is_one_too(team: Team) -> None:
    first, again = (team.operator(seats.claim_seat, name=None) for _ in range(2))
    assert first["session"] == again["session"]
    assert first["name"] is None


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "half \ud83d"])
def test_a_name_has_some_characters_and_not_too_many(team: Team, name: str) -> None:
    with pytest.raises(InputError, match="1 to 200 characters"):
        team.seat(name)


def test_a_seat_needs_a_dataset(team: Team) -> None:
    with pytest.raises(NotKnown, match=r"'weather'.*There are: news"):
        team.do(seats.claim_seat, dataset="weather", name="ann")


def test_a_seat_open_elsewhere_says_so_for_a_minute(team: Team) -> None:
    team.seat("ann", client="x")
    claim = {"name": "ann", "client_id": "y"}
    assert team.operator(seats.claim_seat, **claim)["also_open"] is True
    assert team.operator(seats.claim_seat, name="ann", client_id="x")["also_open"] is True
    team.clock.forward(60)
    assert team.operator(seats.claim_seat, **claim)["also_open"] is False


def test_only_a_known_seat_can_be_retired(team: Team) -> None:
    with pytest.raises(NotKnown, match="no session 'zoe'"):
        team.operator(seats.retire_seat, name="zoe")


def test_a_retired_seat_that_is_claimed_again_looks_at_everything_anew(team: Team) -> None:
    tasks = team.tasks("a", "b")
    ann = team.seat("ann")
    ann.lease(2)
    team.operator(seats.retire_seat, name="ann")
    assert ann.row["retired_at"] is not None
    assert team.seat("ann").lease(2) == tasks
    assert ann.row["retired_at"] is None


def test_a_retired_seats_answer_is_stored_all_the_same(team: Team) -> None:
    [task] = team.tasks("a")
    ann = team.seat("ann")
    ann.lease()
    team.operator(seats.retire_seat, name="ann")
    assert ann.submit(task) == "stored"


# -- tasks that want everyone -------------------------------------------------------------------------


@pytest.fixture
def crowd(make_team: Callable[..., Team]) -> Team:
    """A team in which everybody answers everything."""
    return make_team(overlap=None)


def test_everyone_gets_every_task_once(crowd: Team) -> None:
    tasks = crowd.tasks("a", "b")
    people = crowd.people("ann", "bob", "cyd")
    for person in people:
        assert person.lease(2) == tasks
        person.save(*[person.op(task) for task in tasks])
    assert [person.idle() for person in people] == ["exhausted"] * 3
    assert [crowd.state(task) for task in tasks] == ["done", "done"]


def test_everyones_task_is_done_when_every_open_seat_has_answered(crowd: Team) -> None:
    [task] = crowd.tasks("a")
    ann, bob = crowd.people("ann", "bob")
    ann.submit(task)
    assert (crowd.state(task), crowd.counters(task)) == ("open", (1, 1))
    bob.submit(task)
    assert (crowd.state(task), crowd.counters(task)) == ("done", (2, 2))


def test_nobodys_task_is_not_done(crowd: Team) -> None:
    [task] = crowd.tasks("a")
    machine = crowd.seat("m", "model")
    machine.submit(task)
    assert crowd.state(task) == "open"


def test_a_late_joiner_reopens_what_wants_everyone(crowd: Team) -> None:
    [task] = crowd.tasks("a")
    crowd.seat("ann").submit(task)
    assert crowd.state(task) == "done"
    late = crowd.seat("late")
    assert crowd.state(task) == "open"
    assert late.lease() == [task]
    late.submit(task)
    assert crowd.state(task) == "done"


def test_retiring_a_seat_makes_done_what_waited_for_it(crowd: Team) -> None:
    tasks = crowd.tasks("a", "b")
    ann, bob = crowd.people("ann", "bob")
    ann.submit(tasks[0])
    bob.lease(2)
    crowd.operator(seats.retire_seat, name="bob")
    assert [crowd.state(task) for task in tasks] == ["done", "open"]
    crowd.seat("bob")
    assert [crowd.state(task) for task in tasks] == ["open", "open"]
    assert bob.lease(2) == tasks


def test_a_retired_seats_answer_does_not_reopen_anything(crowd: Team) -> None:
    [task] = crowd.tasks("a")
    ann, bob = crowd.people("ann", "bob")
    crowd.operator(seats.retire_seat, name="bob")
    ann.submit(task)
    bob.submit(task)
    assert (crowd.state(task), crowd.counters(task)) == ("done", (2, 2))


def test_ignoring_is_answering_even_where_ignores_do_not_count(make_team: Callable[..., Team]) -> None:
    crowd = make_team(overlap=None, ignore_counts=False)
    [task] = crowd.tasks("a")
    people = crowd.people("ann", "bob")
    for person in people:
        person.submit(task, "ignore")
    assert (crowd.state(task), crowd.counters(task)) == ("done", (0, 0))
    assert people[0].idle() == "exhausted"


def test_barring_the_last_who_was_missing_makes_everyones_task_done(crowd: Team) -> None:
    [task] = crowd.tasks("a")
    ann, _bob = crowd.people("ann", "bob")
    ann.submit(task)
    crowd.operator(operate.set_ineligible, session="bob", task_ids=[task])
    assert crowd.state(task) == "done"


def test_everyones_answer_taken_back_opens_the_task(crowd: Team) -> None:
    [task] = crowd.tasks("a")
    ann = crowd.seat("ann")
    ann.submit(task)
    ann.undo(task)
    assert (crowd.state(task), crowd.counters(task)) == ("open", (1, 0))


def test_imported_answers_wait_for_nobody_until_somebody_sits_down(crowd: Team) -> None:
    records = [{"text": "a", "answer": "accept", "_session_id": "news-old"}]
    crowd.operator(importing.import_answers, records=records, shapes=SHAPES)
    assert crowd.state("1") == "done"
    crowd.stream("ended")
    assert crowd.seat("ann").lease() == ["1"]
    assert crowd.seat("old").idle() == "exhausted"


def test_a_model_joining_reopens_nothing(crowd: Team) -> None:
    [task] = crowd.tasks("a")
    crowd.seat("ann").submit(task)
    crowd.seat("m", "model")
    assert crowd.state(task) == "done"
