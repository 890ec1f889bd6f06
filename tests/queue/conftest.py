"""A clock, a real store, and teams whose books must balance at the end."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from tests.postgresql import PostgreSQL
from tests.queue.team import Clock, Team

from tallymark.store import Store


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def memory() -> Iterator[Path]:
    """A folder in memory, where the machine has one, so that hundreds of commits cost no flush to disk."""
    fast = Path("/dev/shm")  # noqa: S108
    with TemporaryDirectory(dir=fast if fast.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def empty_database(memory: Path) -> Path:
    """A database as it is made, to be copied."""
    path = memory / "empty.db"
    Store.open(path).close()
    return path


@pytest.fixture
def sqlite_store(memory: Path, empty_database: Path, clock: Clock) -> Iterator[Store]:
    with TemporaryDirectory(dir=memory) as folder:
        path = Path(folder) / "tallymark.db"
        shutil.copyfile(empty_database, path)
        opened = Store.open(path, clock=clock)
        yield opened
        opened.close()


@pytest.fixture
def postgresql_store(postgresql: PostgreSQL, clock: Clock) -> Iterator[Store]:
    opened = Store.open(postgresql.emptied(), clock=clock)
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Store:
    """An empty database, of each kind in turn."""
    opened: Store = request.getfixturevalue(f"{request.param}_store")
    return opened


@pytest.fixture
def make_team(store: Store, clock: Clock) -> Iterator[Callable[..., Team]]:
    """Make the team of a dataset; at the end its invariants hold and its books balance."""
    made: list[Team] = []

    def make(**settings: Any) -> Team:
        made.append(Team(store, clock).begin(**settings))
        return made[-1]

    yield make
    for team in made:
        assert team.broken() == []
        assert team.books()["balanced"]


@pytest.fixture
def team(make_team: Callable[..., Team]) -> Team:
    """A team that wants one answer to each task."""
    return make_team()
