"""What people who annotate together complain about, played through, each under the name of its complaint."""

from collections import Counter
from collections.abc import Callable

import pytest
from tests.queue.team import Person, Team

from tallymark.queue import operate, routing, seats
from tallymark.routers import route_average_per_task

FIFTEEN_MINUTES = 900.0
HALF_AN_HOUR = 1800.0


def work(person: Person, size: int = 1) -> list[str]:
    """Take some tasks and answer them; what they were."""
    tasks = person.lease(size)
    for task in tasks:
        assert person.submit(task) == "stored"
    return tasks


def work_through(person: Person, size: int = 3) -> list[str]:
    """Answer whatever one is given, to the end."""
    done: list[str] = []
    while tasks := work(person, size):
        done += tasks
    return done


def texts(number: int) -> list[str]:
    return [f"t{n}" for n in range(number)]


# -- no tasks available, though many remain ----------------------------------------------------------


def test_people_who_never_come_keep_nothing_from_the_others(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    names = ["miguel", "francesca", "rosa", "anna", "marina"]
    assert team.operator(seats.reserve_seats, names=names) == {"made": names}
    assert team.operator(seats.reserve_seats, names=names) == {"made": []}
    tasks = team.tasks(*texts(30))
    anna, marina = team.people("anna", "marina")
    assert work_through(anna) == tasks
    assert work_through(marina) == tasks
    assert {team.state(task) for task in tasks} == {"done"}


def test_people_whom_a_router_names_and_who_never_come_are_not_waited_for(team: Team) -> None:
    team.operator(seats.reserve_seats, names=["rosa", "anna"])
    [for_rosa] = team.tasks("a", people=["rosa"], fallback=HALF_AN_HOUR)
    anna = team.seat("anna")
    assert anna.idle() == "exhausted"
    team.clock.forward(HALF_AN_HOUR + 1)
    assert work(anna) == [for_rosa]


# -- small sets are shared unevenly, and idle people cannot take over ----------------------------------


def test_a_small_set_is_shared_by_who_asks(team: Team) -> None:
    tasks = team.tasks(*texts(12))
    ann, bob, cyd = team.people("ann", "bob", "cyd")
    done = Counter[str]()
    while not all(team.state(task) == "done" for task in tasks):
        for person in (ann, bob, cyd):
            done[person.name] += len(work(person))
    assert done == {"ann": 4, "bob": 4, "cyd": 4}


def test_idle_people_take_over_what_a_silent_page_holds(team: Team) -> None:
    tasks = team.tasks(*texts(10))
    ann, bob = team.people("ann", "bob")
    assert ann.lease(10) == tasks
    assert bob.idle() == "waiting"
    team.clock.forward(61)
    assert work_through(bob, size=10) == tasks
    assert ann.submit(tasks[0]) == "surplus", "hers is kept, beside the one that counts"


# -- it is unclear when work is stolen, and more people than wanted answer -----------------------------


def test_work_that_is_taken_over_never_gives_a_task_too_many_answers(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    [task] = team.tasks("a")
    people = team.people("ann", "bob", "cyd", "dan")
    for person in people:
        team.clock.forward(FIFTEEN_MINUTES + 1)
        assert person.lease() == [task], "each of the two before has gone away"
    assert [person.submit(task) for person in people] == ["stored", "surplus", "surplus", "stored"]
    assert team.counters(task) == (2, 2)
    standings = Counter(person.place(task) for person in people)
    assert standings == {"answered counted": 2, "answered surplus": 2}


def test_without_stealing_an_operator_decides(make_team: Callable[..., Team]) -> None:
    team = make_team(lease_seconds=None)
    tasks = team.tasks("a")
    ann, bob = team.people("ann", "bob")
    ann.lease()
    team.clock.forward(1e7)
    assert bob.idle() == "waiting"
    team.operator(operate.release_all, session="ann")
    assert bob.lease() == tasks


# -- work is stolen by people who cannot do it ----------------------------------------------------------


def test_work_goes_to_those_who_speak_its_language_when_it_is_taken_over_too(team: Team) -> None:
    team.do(seats.set_tags, annotators={"hans": {"languages": ["de"]}, "eva": {"languages": ["de", "en"]}})
    german = team.tasks("Hallo", "Guten Tag", needs={"languages": ["de"]})
    english = team.tasks("Hello", needs={"languages": ["en"]})
    hans, eva, bob = team.people("hans", "eva", "bob")
    assert hans.lease(5) == german
    team.clock.forward(2 * FIFTEEN_MINUTES)
    assert bob.lease(5) == [], "he speaks neither"
    assert work_through(eva) == german + english


# -- fixed teams get stuck, and newcomers get nothing -----------------------------------------------------


def test_whoever_comes_late_has_work_at_once_and_whoever_goes_leaves_none_behind(
    make_team: Callable[..., Team],
) -> None:
    team = make_team(overlap=2)
    tasks = team.tasks(*texts(10))
    ann = team.seat("ann")
    assert ann.lease(10) == tasks
    bob = team.seat("bob")
    assert work(bob, 4) == tasks[:4]
    cyd = team.seat("cyd")
    assert work(cyd, 6) == tasks[4:], "what still wants somebody"
    team.clock.forward(2 * FIFTEEN_MINUTES)  # ann has gone
    dan = team.seat("dan")
    assert work_through(dan, 10) == tasks
    assert {team.state(task) for task in tasks} == {"done"}


def test_a_router_is_asked_again_when_the_team_changes(make_team: Callable[..., Team]) -> None:
    team = make_team(overlap=2)
    route, names = route_average_per_task(2), ["ann"]

    class Present:
        @property
        def session_ids(self) -> list[str]:
            return names

    def people(number: int) -> list[str]:
        return route(Present(), "*", {"_task_hash": number})

    tasks = [team.tasks(f"t{n}", people=people(n), overlap=len(people(n)))[0] for n in range(20)]
    ann = team.seat("ann")
    assert work(ann, 5) == tasks[:5]
    names += ["bob", "cyd"]
    routes = [{"id": int(task), "people": people(n), "overlap": 2} for n, task in enumerate(tasks)]
    team.hosted(routing.route, tasks=routes)
    bob, cyd = team.people("bob", "cyd")
    rest = [work_through(person) for person in (bob, cyd, ann)]
    answered = Counter(task for done in rest for task in done)
    assert all(team.counters(task) == (2, 2) for task in tasks[5:])
    assert set(answered) >= set(tasks[5:])
    assert all(rest)


# -- so many answers, without naming anybody beforehand -----------------------------------------------------


@pytest.mark.parametrize("wanted", [1, 2, 3])
def test_exactly_so_many_people_whoever_they_are(make_team: Callable[..., Team], wanted: int) -> None:
    team = make_team(overlap=wanted)
    tasks = team.tasks(*texts(8))
    number = 0
    while not all(team.state(task) == "done" for task in tasks):
        number += 1
        work(team.seat(f"somebody{number}"), 3)
    assert all(team.counters(task) == (wanted, wanted) for task in tasks)


# -- skip what this annotator has done ----------------------------------------------------------------------


def test_one_does_not_see_again_what_one_has_answered_in_another_dataset(
    make_team: Callable[..., Team],
) -> None:
    first = make_team()
    for name, text in (("ann", "a"), ("bob", "b")):
        [task] = first.tasks(text)
        first.seat(name).submit(task)
    team = first.other("second")
    team.run(exclude=["news"], exclude_own=True)
    tasks = team.tasks("a", "b")
    ann, bob = team.people("ann", "bob")
    assert (ann.lease(5), bob.lease(5)) == (tasks[1:], tasks[:1])
