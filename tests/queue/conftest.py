"""Fixtures of the tests of the queue: a clock, a real store, and teams whose books must balance at the end."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.queue.team import Clock, Team

from tallymark.store import Store


@pytest.fixture()
def clock() -> Clock:
    return Clock()


@pytest.fixture()
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    opened = Store.open(tmp_path / "tallymark.db", clock=clock)
    yield opened
    opened.close()


@pytest.fixture()
def make_team(store: Store, clock: Clock) -> Iterator[Callable[..., Team]]:
    """Make the team of a dataset with these settings; at the end its invariants hold and its books balance."""
    made: list[Team] = []

    def make(**settings: Any) -> Team:
        made.append(Team(store, clock).begin(**settings))
        return made[-1]

    yield make
    for team in made:
        assert team.broken() == []
        assert team.books()["balanced"]


@pytest.fixture()
def team(make_team: Callable[..., Team]) -> Team:
    """A team that wants one answer to each task."""
    return make_team()
