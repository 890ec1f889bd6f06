"""The fixtures of the queue's tests: a clock that tests move, teams whose books must balance at the end."""

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
    "clock",
    "empty_database",
    "make_team",
    "memory",
    "postgresql_store",
    "sqlite_store",
    "store",
    "team",
]
