"""SQLite: one file, one writer at a time, readers that never wait."""

import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from tallymark.databases import shown
from tallymark.errors import StoreError, StoreUnavailable
from tallymark.store.database import Clock, ddl
from tallymark.store.statements import SQLITE, Statement
from tallymark.store.swift import SwiftTransaction
from tallymark.store.transaction import Row, Transaction

APPLICATION_ID = 0x54414C59  # "TALY": marks the SQLite file as ours
BUSY_SECONDS = 30.0
SCRUB_SECONDS = 5.0
"""So long readers are waited for, before the write-ahead file is left for later."""
SCRUB_AGAIN_SECONDS = 60.0
CHECKPOINT_PAGES = 4_000  # 16 MB: pages that many commits touch are written to the file once

log = logging.getLogger(__name__)

_PASSING = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_PASSING |= {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM}


class SQLiteTransaction(Transaction):
    """A transaction of the one writer, or a reader's snapshot."""

    _connection: sqlite3.Connection

    def foresee(self, statement: Statement, parameters: Mapping[str, Any], row: Row | None) -> None:
        """Nothing: asking costs no more than remembering."""

    def many(self, statement: Statement, rows: Iterable[Mapping[str, Any]]) -> None:
        """Execute once for each row of parameters."""
        given = list(rows)
        if not given:
            return
        if len(given) == 1:  # all or nothing by itself
            self._execute(statement, given[0])
            return
        sql = self._rendered(statement)
        try:
            with self.savepoint():
                self._connection.executemany(sql, given)
        except UnicodeEncodeError:  # as in `_execute`; rare, so that it is not looked for beforehand
            self._connection.executemany(sql, map(_storable, given))

    def new_ids(self, table: str, count: int) -> range:
        """`count` fresh ids of a table, in order; ids of tasks that were deleted are not given again."""
        (last,) = self._connection.execute(
            f"SELECT max((SELECT coalesce(max(id), 0) FROM {table}),"  # noqa: S608
            f" coalesce((SELECT seq FROM sqlite_sequence WHERE name = '{table}'), 0))"
        ).fetchone()
        return range(last + 1, last + 1 + count)

    def _lives(self) -> bool:
        return self._connection.in_transaction

    def _check(self) -> None:
        """SQLite undoes a whole transaction by itself when the disk fails; nothing may follow then."""
        if not self._lives():
            raise self._undone_by or sqlite3.OperationalError("the database undid the transaction")

    def _execute(
        self, statement: Statement, parameters: Mapping[str, Any], *, keys: int = 0
    ) -> sqlite3.Cursor:
        sql = self._rendered(statement, keys)
        try:
            return self._connection.execute(sql, parameters)
        except UnicodeEncodeError:  # a file's name or an error's text that is no UTF-8
            return self._connection.execute(sql, _storable(parameters))


class SwiftSQLiteTransaction(SwiftTransaction, SQLiteTransaction):
    """The writer's transaction for many calls."""

    def new_ids(self, table: str, count: int) -> range:
        """`count` fresh ids of a table, in order."""
        self._write()
        return super().new_ids(table, count)

    def _execute(
        self, statement: Statement, parameters: Mapping[str, Any], *, keys: int = 0
    ) -> sqlite3.Cursor:
        self._write()
        return super()._execute(statement, parameters, keys=keys)

    def _send(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        self._connection.executemany(self._rendered(statement), rows)


class SQLiteDatabase:
    """One file. What is written to it survives a power cut once the transaction has ended."""

    writers = 1

    def __init__(self, path: Path, clock: Clock | None, *, read_only: bool) -> None:
        """Open a file that is there. Errors: `StoreError` when it is not ours."""
        self.path = path
        self.name = str(path)
        self._clock = clock or time.time
        _refuse_foreign(path, empty=not read_only)
        self._engine = _engine(path, read_only=read_only)
        self._file = _inode(path)
        self._unclean = False  # the file may hold what was deleted
        self._unemptied = False  # the write-ahead file may
        self._scrub_at = 0.0

    @property
    def now(self) -> float:
        """Seconds since 1970 by the clock of this machine."""
        return self._clock()

    def begun(self, *, writing: bool) -> AbstractContextManager[SQLiteTransaction]:
        """A transaction; `writing` takes the file's one lock at once.

        Errors: `StoreError` when the file was removed or replaced: nothing written to it would last.
        """
        return self._begun(SQLiteTransaction, writing=writing)

    @contextmanager
    def _begun(self, kind: type[SQLiteTransaction], *, writing: bool) -> Iterator[SQLiteTransaction]:
        if writing:
            self._check_file()
        pooled = self._engine.raw_connection()
        connection = pooled.driver_connection
        assert isinstance(connection, sqlite3.Connection)  # noqa: S101  (narrows the pool's type)
        try:
            connection.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
            try:
                yield kind(connection, SQLITE, self.now)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise self.explained(error) from error
        finally:
            pooled.close()
        if writing and self._unemptied and self.now >= self._scrub_at:
            self._scrub()

    def begun_swiftly(self) -> AbstractContextManager[SQLiteTransaction]:
        """A transaction for who writes, whose statements wait for others of their kind."""
        return self._begun(SwiftSQLiteTransaction, writing=True)

    def is_new(self, transaction: Transaction) -> bool:
        """Whether there is no table yet."""
        connection = transaction._connection
        return not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]

    def make(self, transaction: Transaction) -> None:
        """Make all tables, and mark the file as ours."""
        for statement in ddl(self._engine):
            transaction._connection.execute(statement)
        transaction._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")

    def upgrade(self) -> Path:
        """Bring tables of an older version up to date, after the file was copied; gives the copy."""
        from tallymark.store.migrations import upgrade, version_of

        with self._engine.connect() as connection:
            connection.exec_driver_sql(
                "PRAGMA foreign_keys = OFF"
            )  # tables may be made anew under their names
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # the driver begins nothing by itself
            version = version_of(connection)
            copy = self._copied(version)
            upgrade(connection, version=version)
            connection.commit()
            connection.invalidate()
        return copy

    def _copied(self, version: int) -> Path:
        """A copy of the file as it is; others may read it meanwhile, nobody may write."""
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(self.now))
        copy = self.path.with_name(f"{self.path.name}.version-{version}-{stamp}")
        copy.touch(mode=0o600)
        with closing(sqlite3.connect(self.path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        return copy

    def scrub(self) -> None:
        """Write the file anew without what was deleted, and empty the write-ahead file.

        What readers or a full disk hinder is told in the log and done after a later transaction.
        """
        self._unclean = self._unemptied = True
        self._scrub()

    def _scrub(self) -> None:
        try:
            with closing(self._beside()) as connection:
                if self._unclean:
                    connection.execute("VACUUM")
                    self._unclean = False
                (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._unemptied = bool(busy)
            hindered = "something reads the database" if busy else ""
        except sqlite3.Error as error:
            hindered = str(error)
        if hindered:
            self._scrub_at = self.now + SCRUB_AGAIN_SECONDS
            log.warning(
                "What was erased may still stand in the files of %s: %s. This is tried again.",
                self.path,
                hindered,
            )

    def _beside(self) -> sqlite3.Connection:
        """A connection for what no transaction can do."""
        target = f"file:{_quoted(self.path)}?mode=rw"
        return sqlite3.connect(target, uri=True, isolation_level=None, timeout=SCRUB_SECONDS)

    def explained(self, error: Exception) -> Exception:
        """`StoreError` or `StoreUnavailable` where the database failed, else the error itself."""
        return explained(error, self.path) if isinstance(error, sqlite3.Error) else error

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    def _check_file(self) -> None:
        if _inode(self.path) != self._file:
            raise StoreError(
                f"The database {self.path} was removed or replaced. Put it back, then start again."
            )


def sqlite_path(where: str | Path) -> Path:
    """The file that a path or a `sqlite:///` URL names. Errors: `StoreError`."""
    if isinstance(where, Path) or "://" not in where:
        return Path(where).expanduser().absolute()
    wanted = "Write a path, sqlite:////absolute/path.db or postgresql://user@host/name."
    try:
        url = make_url(where)
    except ArgumentError as error:
        raise StoreError(f"{shown(where)!r} is not a database address. {wanted}") from error
    if url.get_backend_name() != "sqlite" or not url.database:
        raise StoreError(f"The database {url.render_as_string()!r} is not supported. {wanted}")
    return Path(url.database).expanduser().absolute()


@contextmanager
def made_by_one(path: Path) -> Iterator[None]:
    """Let one process at a time make a database in a folder: SQLite does not wait where it changes to WAL.

    The folder is locked, not the file: closing a second handle of that would drop SQLite's own locks.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not path.exists():
            path.touch(mode=0o600)  # it holds the tokens of sessions
            _keep_names(path)
        yield
    finally:
        os.close(handle)


def _keep_names(path: Path) -> None:
    """Have the names of a new file and of the folders above it outlast a power cut.

    SQLite does so for the files beside the database. Like SQLite, this goes on where a folder may not be
    opened (nothing of ours is new in it) or its file system syncs no folders.
    """
    for folder in path.parents:
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def explained(error: sqlite3.Error, path: Path) -> Exception:
    """What a failure of the driver means; the error itself where it is a mistake of the program."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest of the number says more than is needed
    if code == sqlite3.SQLITE_NOTADB:
        return StoreError(f"{path} is no SQLite database, or its head is damaged. Name another database.")
    if code == sqlite3.SQLITE_READONLY:
        return StoreError(f"The database {path} may only be read. Check its permissions and its folder's.")
    if code == sqlite3.SQLITE_CORRUPT:
        return StoreError(
            f"The database {path} is damaged ({error}). Stop everything that uses it and restore a copy; "
            "`tallymark restore` checks it."
        )
    if code == sqlite3.SQLITE_FULL:
        return StoreUnavailable(f"The disk is full: {path} cannot grow. Free some space; nothing is lost.")
    if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_IOERR_WRITE:
        return StoreUnavailable(
            f"The database {path} cannot be written: {error}. Look for a quota, a limit on the size of "
            "files or a failing disk; nothing is lost."
        )
    if code in _PASSING:
        return StoreUnavailable(f"The database {path} cannot be used just now: {error}.")
    return error


def _inode(path: Path) -> int | None:
    """What tells a file from another one that takes its place; None when there is none."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _storable(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters, with the halves of characters that UTF-8 does not have replaced in their text."""
    if all(value.isascii() for value in parameters.values() if isinstance(value, str)):
        return parameters
    return {
        name: value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
        for name, value in parameters.items()
    }


def _refuse_foreign(path: Path, *, empty: bool) -> None:
    """Leave a file that is not ours as it is; an `empty` one may become ours. Errors: `StoreError`."""
    left = path.with_name(path.name + "-wal")
    if path.stat().st_size == 0 and left.exists() and left.stat().st_size:
        raise StoreError(
            f"{path} is empty, but {left.name} beside it is not: restore a copy of the database."
        )
    target = f"file:{_quoted(path)}?mode={'rw' if empty else 'ro'}"
    with closing(sqlite3.connect(target, uri=True, isolation_level=None)) as connection:
        connection.execute("BEGIN")  # both at one moment: somebody may be making it just now
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION_ID and (tables or not empty):
        raise StoreError(f"{path} is an SQLite file, but not one of Tallymark. Name another database.")


def _engine(path: Path, *, read_only: bool) -> Engine:
    target = f"file:{_quoted(path)}?mode={'ro' if read_only else 'rwc'}"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            target,
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=BUSY_SECONDS,
            cached_statements=256,
        )
        connection.row_factory = sqlite3.Row
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=4, max_overflow=12)
    event.listen(engine, "connect", lambda connection, _record: _configure(connection, read_only=read_only))
    return engine


def _configure(connection: sqlite3.Connection, *, read_only: bool) -> None:
    if not read_only:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA cache_size = -16384")


def _quoted(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
