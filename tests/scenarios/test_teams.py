"""Whole projects, played by people who come and go as chance will have it; the clock is the test's."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import pytest
from tests.queue.team import Person, Team

from tallymark.queue import seats, waiting
from tallymark.routers import route_average_per_task

TWELVE = tuple("ann bob cyd dan eva fay gus hal ida jon kim leo".split())  # noqa: SIM905
NEVER_COME = TWELVE[-3:]
STAY = TWELVE[:2]


def dice(seed: int) -> random.Random:
    """Chance, the same for the same seed."""
    return random.Random(seed)  # noqa: S311


@dataclass
class Project:
    """People at work; `said` counts who answered what."""

    team: Team
    tasks: Sequence[str]
    chance: random.Random
    people: dict[str, Person] = field(default_factory=dict)
    here: set[str] = field(default_factory=set)
    said: Counter[tuple[str, str]] = field(default_factory=Counter)

    def come(self, name: str) -> None:
        """Somebody opens the page, perhaps once more."""
        self.people[name] = self.team.seat(name, client=f"{name} {self.team.clock.now}")
        self.here.add(name)

    def moment(self, comers: Sequence[str]) -> None:
        """Something happens: somebody comes, goes without a word, gives back, or works."""
        self.team.clock.forward(self.chance.choice([1, 5, 20, 70, 300]))
        away = [name for name in comers if name not in self.here]
        if away and self.chance.random() < 0.15:
            self.come(self.chance.choice(away))
        name = self.chance.choice(sorted(self.here))
        what = self.chance.random()
        if what < 0.1 and name not in STAY:
            self.here.discard(name)
        elif what < 0.15:
            self.people[name].release()
        else:
            self.work(self.people[name])

    def work(self, person: Person) -> None:
        """Take some tasks and answer some of them, perhaps from memory of what one held before."""
        held = person.lease(self.chance.choice([1, 2, 5]))
        for task in held[: self.chance.choice([1, 2, 5])]:
            person.submit(task)
            self.said[person.name, task] += 1

    def open(self) -> list[str]:
        """Tasks that are not done."""
        return [task for task in self.tasks if self.team.state(task) != "done"]

    def play(self, comers: Sequence[str], moments: int = 4_000) -> None:
        """Until every task is done."""
        for name in STAY:
            self.come(name)
        for number in range(moments):
            if number % 10 == 0 and not self.open():
                return
            self.moment(comers)
        raise AssertionError(f"still open: {self.open()}")

    def counted(self, task: str) -> list[str]:
        """Who is counted for a task."""
        rows = self.team.sql(
            "SELECT s.name FROM assignment a JOIN session s ON s.id = a.session"
            " WHERE a.task = :task AND a.standing = 'counted' ORDER BY s.name",
            task=int(task),
        )
        return [row["name"] for row in rows]


@pytest.mark.parametrize("seed", range(4))
def test_twelve_may_come_three_never_do_and_every_task_gets_two_peoples_answers(
    make_team: Callable[..., Team], seed: int
) -> None:
    team = make_team(overlap=2)
    team.operator(seats.reserve_seats, names=TWELVE)
    project = Project(team, team.tasks(*[f"t{n}" for n in range(60)]), dice(seed))
    project.play(TWELVE[:-3])
    for task in project.tasks:
        assert len(project.counted(task)) == 2
        assert team.counters(task) == (2, 2)
    assert not set(NEVER_COME) & {name for name, _ in project.said}
    assert max(project.said.values()) == 1, "nobody was asked the same twice"


@pytest.mark.parametrize("seed", range(2))
def test_a_router_names_two_of_twelve_and_those_who_never_come_are_stood_in_for(
    make_team: Callable[..., Team], seed: int
) -> None:
    team = make_team()
    team.operator(seats.reserve_seats, names=TWELVE)
    route = route_average_per_task(2)

    class Everybody:
        session_ids: ClassVar = list(TWELVE)

    tasks = [
        team.tasks(f"t{n}", people=route(Everybody(), "*", {"_task_hash": n}), overlap=2, fallback=1800.0)[0]
        for n in range(40)
    ]
    project = Project(team, tasks, dice(seed))
    project.play(TWELVE[:-3])
    assert all(len(project.counted(task)) == 2 for task in tasks)
    assert team.operator(waiting.awaiting) == []


@pytest.mark.parametrize("seed", range(2))
def test_at_least_two_and_up_to_three_while_people_ask(make_team: Callable[..., Team], seed: int) -> None:
    team = make_team(overlap=2, most=3)
    project = Project(team, team.tasks(*[f"t{n}" for n in range(25)]), dice(seed))
    project.play(TWELVE)
    counts = {len(project.counted(task)) for task in project.tasks}
    assert counts <= {2, 3}
    for name in TWELVE[:4]:
        project.come(name)
        while tasks := project.people[name].lease(5):
            for task in tasks:
                project.people[name].submit(task)
    assert all(len(project.counted(task)) == 3 for task in project.tasks)


@pytest.mark.parametrize("seed", range(2))
def test_everyone_answers_everything_once_a_late_joiner_too(
    make_team: Callable[..., Team], seed: int
) -> None:
    team = make_team(overlap=None)
    project = Project(team, team.tasks(*[f"t{n}" for n in range(15)]), dice(seed))
    comers = TWELVE[:3]
    for name in comers:
        project.come(name)
    project.play(comers)
    assert all(project.counted(task) == sorted(comers) for task in project.tasks)
    late = TWELVE[5]
    project.come(late)
    assert len(project.open()) == len(project.tasks), "all of it is the newcomer's"
    project.play([*comers, late])
    assert all(project.counted(task) == sorted([*comers, late]) for task in project.tasks)
    assert set(project.said.values()) == {1}
