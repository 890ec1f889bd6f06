"""What scenarios need: a team on a database of each kind, a host in this process, the program, a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.crash.processes import Machine, free_port
from tests.e2e.conftest import ann, context, tallymark
from tests.host.conftest import desk
from tests.queue.conftest import (
    clock,
    empty_database,
    make_team,
    memory,
    postgresql_store,
    sqlite_store,
    store,
    team,
)

__all__ = [
    "ann",
    "clock",
    "context",
    "desk",
    "empty_database",
    "machine",
    "make_team",
    "memory",
    "postgresql_store",
    "sqlite_store",
    "store",
    "tallymark",
    "team",
]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A fresh database with a port of its own."""
    machine = Machine(tmp_path, port=free_port())
    yield machine
    machine.close()
