"""What `Store` needs of a database, and what SQLite and PostgreSQL have in common."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine
from sqlalchemy.schema import CreateIndex, CreateTable

from tallymark.store.schema import metadata
from tallymark.store.statements import Statement
from tallymark.store.transaction import Transaction

Clock = Callable[[], float]

ABOUT = Statement(
    "The one row about the database itself.", "SELECT uuid, schema_version FROM database WHERE id = 1"
)
NEW_ABOUT = Statement(
    "Write the row about the database.",
    "INSERT INTO database (id, uuid, schema_version, created_at) VALUES (1, :uuid, :version, :now)",
)


class Database(Protocol):
    """An open database: transactions, and what its failures mean."""

    @property
    def name(self) -> str:
        """What people call it: a path, or a URL without its password."""

    @property
    def writers(self) -> int:
        """How many transactions may usefully write at once."""

    @property
    def now(self) -> float:
        """Seconds since 1970 by the database's clock."""

    def begun(self, *, writing: bool) -> AbstractContextManager[Transaction]:
        """A transaction that is committed when the block ends and undone when it raises."""

    def begun_swiftly(self) -> AbstractContextManager[Transaction]:
        """A transaction to write in as few messages as can be; a savepoint in it undoes all of it."""

    def is_new(self, transaction: Transaction) -> bool:
        """Whether there is no table yet."""

    def make(self, transaction: Transaction) -> None:
        """Make all tables."""

    def upgrade(self) -> Path | None:
        """Bring tables of an older version up to date; gives where the database as it was is kept."""

    def scrub(self) -> None:
        """Leave nothing in the files of what was deleted; what cannot be done at once is done later."""

    def explained(self, error: Exception) -> Exception:
        """`StoreError` or `StoreUnavailable` where the database failed, else the error itself."""

    def close(self) -> None:
        """Let go of all connections."""


def ddl(engine: Engine) -> list[str]:
    """The statements that make all tables and indexes."""
    statements: list[str] = []
    for table in metadata.sorted_tables:
        statements.append(str(CreateTable(table).compile(engine)))
        statements += [
            str(CreateIndex(index).compile(engine))
            for index in sorted(table.indexes, key=lambda i: str(i.name))
        ]
    return statements
