"""The fixtures of the queue's tests serve the store's as well: a clock, a real store, teams."""

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
