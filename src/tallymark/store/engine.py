"""Open a database and run transactions on it.

SQLAlchemy gives the schema, the pool and the dialects; statements go to the driver directly because the
hot ones run thousands of times a second.
"""

import logging
import random
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tallymark.databases import is_postgresql
from tallymark.errors import NoDatabase, StoreConflict, StoreError, StoreUnavailable
from tallymark.store import sqlite
from tallymark.store.database import ABOUT, NEW_ABOUT, Clock, Database
from tallymark.store.schema import SCHEMA_VERSION
from tallymark.store.transaction import Transaction

T = TypeVar("T")

log = logging.getLogger(__name__)

TRIES = 8
_PAUSE = 0.005


class Store:
    """One database. Readers see a snapshot and never wait; writers take turns where they must."""

    def __init__(self, database: Database, *, read_only: bool) -> None:
        self._database = database
        self.read_only = read_only
        self.name = database.name
        """What people call the database: its path, or its URL without the password."""
        self.writers = database.writers
        """How many transactions may usefully write at once."""
        try:
            self.database_id = self._prepare()
        except BaseException:
            database.close()
            raise

    @classmethod
    def open(cls, where: str | Path, *, clock: Clock | None = None, read_only: bool = False) -> "Store":
        """Open a database, and create it unless it is opened for reading only.

        `where` is a path, a `sqlite:///` URL or a `postgresql://` URL; `clock` replaces the database's own.
        Errors: `StoreError` when it is not ours, of a newer version, damaged, or cannot be opened.
        """
        if is_postgresql(where):
            from tallymark.store.postgresql import PostgreSQLDatabase

            return cls(PostgreSQLDatabase(str(where), clock, read_only=read_only), read_only=read_only)
        path = sqlite.sqlite_path(where)
        if read_only and not path.exists():
            raise NoDatabase(
                f"There is no database at {path}. It is made when the first recipe starts or db-in runs."
            )
        try:
            if read_only:
                return cls(sqlite.SQLiteDatabase(path, clock, read_only=True), read_only=True)
            with sqlite.made_by_one(path):
                return cls(sqlite.SQLiteDatabase(path, clock, read_only=False), read_only=False)
        except (sqlite3.Error, OSError) as error:
            explained = sqlite.explained(error, path) if isinstance(error, sqlite3.Error) else error
            if isinstance(explained, StoreError) and not isinstance(explained, StoreUnavailable):
                raise explained from error
            raise StoreError(
                f"The database {path} cannot be opened: {error}. Check the path and its permissions."
            ) from error

    @property
    def path(self) -> Path | None:
        """The file of an SQLite database."""
        return self._database.path if isinstance(self._database, sqlite.SQLiteDatabase) else None

    @property
    def now(self) -> float:
        """Seconds since 1970 by the database's clock."""
        return self._database.now

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Write: everything inside is stored when the block ends, nothing when it raises.

        Errors: `StoreError` when the database is gone, `StoreConflict` when others were in its way (`do`
        then begins again).
        """
        with self._database.begun(writing=True) as transaction:
            yield transaction
            transaction.flush()
        if transaction.scrubs:
            self._database.scrub()

    @contextmanager
    def swift_transaction(self) -> Iterator[Transaction]:
        """Write, in as few messages to the database as can be; for work that `do` does if this fails.

        Errors, also of statements that were executed before: any. A savepoint that is needed undoes the whole
        transaction (`StoreConflict`), and so does a lock that others hold for a while.
        """
        with self._database.begun_swiftly() as transaction:
            yield transaction
            transaction.flush()

    def do(self, work: Callable[[Transaction], T]) -> T:
        """Do some work in a transaction, and again, up to 8 times, while others are in its way."""
        tries = 0
        while True:
            tries += 1
            try:
                with self.transaction() as transaction:
                    return work(transaction)
            except StoreConflict:
                if tries == TRIES:
                    raise
                time.sleep(_PAUSE * 2**tries * random.random())  # noqa: S311  (waits are no secret)

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Read: one snapshot for the whole block."""
        with self._database.begun(writing=False) as transaction:
            yield transaction

    def close(self) -> None:
        """Let go of all connections."""
        self._database.close()

    def explained(self, error: Exception) -> Exception:
        """`StoreError` or `StoreUnavailable` where the database failed, else the error itself."""
        return self._database.explained(error)

    def _prepare(self) -> str:
        with self._database.begun(writing=not self.read_only) as transaction:
            if self._database.is_new(transaction):
                if self.read_only:
                    raise NoDatabase(
                        f"There is no database at {self.name}. "
                        "It is made when the first recipe starts or db-in runs."
                    )
                self._database.make(transaction)
                about = {"uuid": str(uuid.uuid4()), "version": SCHEMA_VERSION, "now": transaction.now}
                transaction.run(NEW_ABOUT, about)
            row = transaction.one(ABOUT)
        if row is None or row["schema_version"] > SCHEMA_VERSION:
            raise StoreError(
                f"{self.name} was written by a newer Tallymark. Upgrade, or name another database."
            )
        if row["schema_version"] < SCHEMA_VERSION:
            self._upgrade(row["schema_version"])
        identifier: str = row["uuid"]
        return identifier

    def _upgrade(self, version: int) -> None:
        """Bring the tables of an older version up to date. Errors: `StoreError` for who may only read."""
        if self.read_only:
            raise StoreError(
                f"{self.name} was written by an older Tallymark (its tables are of version {version}, not "
                f"{SCHEMA_VERSION}). Start a recipe on it once, which brings it up to date."
            )
        copy = self._database.upgrade()
        kept = f"; as it was it is kept in {copy}" if copy else ""
        log.warning(
            "%s was brought from version %d of its tables to %d%s", self.name, version, SCHEMA_VERSION, kept
        )


def is_database_failure(error: BaseException) -> bool:
    """Whether the database itself failed (disk full, locked, damaged), not what was asked of it."""
    if isinstance(error, sqlite3.OperationalError | sqlite3.InternalError | StoreError):
        return True
    return type(error) is sqlite3.DatabaseError
