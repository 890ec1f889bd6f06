"""Open a database and run transactions on it.

SQLAlchemy gives the schema, the pool and the dialects; statements go to the driver directly because the
hot ones run thousands of times a second.
"""

import fcntl
import os
import sqlite3
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

import orjson
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from tallymark.errors import StoreError, StoreUnavailable
from tallymark.store.schema import SCHEMA_VERSION, metadata
from tallymark.store.statements import SQLITE, Dialect, Statement, render

Clock = Callable[[], float]

APPLICATION_ID = 0x54414C59  # "TALY": marks the SQLite file as ours
BUSY_SECONDS = 30.0
CHECKPOINT_PAGES = 4_000  # 16 MB: pages that many commits touch are written to the file once
KEY_STEPS = (1, 8, 64, 512)

_PASSING = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_PASSING |= {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM}

_DATABASE = Statement(
    "The one row about the database itself.", "SELECT uuid, schema_version FROM database WHERE id = 1"
)
_NEW_DATABASE = Statement(
    "Write the row about the database.",
    "INSERT INTO database (id, uuid, schema_version, created_at) VALUES (1, :uuid, :version, :now)",
)
_TALLY = Statement(
    "Bring a dataset's counters up to date.",
    "UPDATE dataset SET queued = queued + :queued, done = done + :done, withdrawn = withdrawn + :withdrawn"
    " WHERE id = :dataset",
)


class Row(Protocol):
    """One row of a result, by column name or number."""

    def __getitem__(self, key: str | int, /) -> Any: ...
    def keys(self) -> list[str]: ...


class _Tally(dict[str, int]):
    """Changes of one dataset's counters that the transaction has not written yet."""

    def __init__(self) -> None:
        super().__init__(queued=0, done=0, withdrawn=0)


class Transaction:
    """One transaction: statements, the clock, savepoints, and counters that are written once at the end.

    The counters of a dataset would be the hottest row of the database, so their changes are collected and
    written by one statement just before the commit.
    """

    def __init__(self, connection: sqlite3.Connection, dialect: Dialect, clock: Clock) -> None:
        self._connection = connection
        self._dialect = dialect
        self.now = clock()
        """Seconds since 1970 by the database's clock, the same for the whole transaction."""
        self._tallies: defaultdict[int, _Tally] = defaultdict(_Tally)
        self._depth = 0

    def all(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """Every row."""
        return self._execute(statement, parameters or {}).fetchall()

    def one(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._execute(statement, parameters or {}).fetchone()
        return row

    def value(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row, or None."""
        row = self.one(statement, parameters)
        return None if row is None else row[0]

    def stream(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> Iterator[Row]:
        """Rows one at a time; constant memory."""
        yield from self._execute(statement, parameters or {})

    def run(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> int:
        """Execute, and how many rows were touched."""
        return self._execute(statement, parameters or {}).rowcount

    def many(self, statement: Statement, rows: Iterable[Mapping[str, Any]]) -> None:
        """Execute once for each row of parameters."""
        given = list(rows)
        if not given:
            return
        sql = render(statement, self._dialect)
        try:
            with self.savepoint():
                self._connection.executemany(sql, given)
        except UnicodeEncodeError:  # as in `_execute`; rare, so that it is not looked for beforehand
            self._connection.executemany(sql, map(_storable, given))

    def by_keys(
        self, statement: Statement, keys: Sequence[Any], parameters: Mapping[str, Any] | None = None
    ) -> list[Row]:
        """Every row of a statement with `{keys}`, for any number of keys."""
        rows: list[Row] = []
        for start in range(0, len(keys), KEY_STEPS[-1]):
            part = list(keys[start : start + KEY_STEPS[-1]])
            room = next(step for step in KEY_STEPS if step >= len(part))
            part += [part[-1]] * (room - len(part))
            named = {f"key{n}": key for n, key in enumerate(part)} | dict(parameters or {})
            rows += self._connection.execute(render(statement, self._dialect, room), named).fetchall()
        return rows

    def new_ids(self, table: str, count: int) -> range:
        """`count` fresh ids of a table, in order; ids of tasks that were deleted are not given again."""
        (last,) = self._connection.execute(
            f"SELECT max((SELECT coalesce(max(id), 0) FROM {table}),"  # noqa: S608
            f" coalesce((SELECT seq FROM sqlite_sequence WHERE name = '{table}'), 0))"
        ).fetchone()
        return range(last + 1, last + 1 + count)

    def insert(self, statement: Statement, parameters: Mapping[str, Any]) -> int:
        """Execute an INSERT … RETURNING id, and the id."""
        identifier: int = self._execute(statement, parameters).fetchone()[0]
        return identifier

    def tally(self, dataset: int, *, queued: int = 0, done: int = 0, withdrawn: int = 0) -> None:
        """Change a dataset's counters; written at the end of the transaction."""
        tally = self._tallies[dataset]
        tally["queued"] += queued
        tally["done"] += done
        tally["withdrawn"] += withdrawn

    def pending(self, dataset: int) -> Mapping[str, int]:
        """What this transaction has yet to add to a dataset's stored counters."""
        return self._tallies[dataset]

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what happens inside when it raises, and let the error pass on."""
        self._check()
        kept = {dataset: dict(tally) for dataset, tally in self._tallies.items()}
        self._depth += 1
        name = f"s{self._depth}"
        self._connection.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute(f"ROLLBACK TO {name}")
            self._restore(kept)
            raise
        finally:
            if self._connection.in_transaction:
                self._connection.execute(f"RELEASE {name}")
            self._depth -= 1

    def flush(self) -> None:
        """Write the collected counters."""
        self._check()
        changed = [
            {"dataset": dataset, **tally}
            for dataset, tally in sorted(self._tallies.items())
            if any(tally.values())
        ]
        self.many(_TALLY, changed)
        self._tallies.clear()

    def _check(self) -> None:
        """SQLite undoes a whole transaction by itself when the disk fails; nothing may follow then."""
        if not self._connection.in_transaction:
            raise sqlite3.OperationalError("the database undid the transaction")

    def _restore(self, kept: dict[int, dict[str, int]]) -> None:
        self._tallies.clear()
        for dataset, tally in kept.items():
            self._tallies[dataset].update(tally)

    def _execute(self, statement: Statement, parameters: Mapping[str, Any]) -> sqlite3.Cursor:
        sql = render(statement, self._dialect)
        try:
            return self._connection.execute(sql, parameters)
        except UnicodeEncodeError:  # a file's name or an error's text that is no UTF-8
            return self._connection.execute(sql, _storable(parameters))


class Store:
    """One database. Transactions that write take turns; readers see a snapshot and never wait."""

    def __init__(self, engine: Engine, *, clock: Clock, read_only: bool, path: Path) -> None:
        self._engine = engine
        self._clock = clock
        self.read_only = read_only
        self.path = path
        self.dialect = SQLITE
        self._file = _inode(path)
        try:
            self.database_id = self._prepare()
        except BaseException:
            engine.dispose()
            raise

    @classmethod
    def open(cls, where: str | Path, *, clock: Clock = time.time, read_only: bool = False) -> "Store":
        """Open a database, and create it unless it is opened for reading only.

        `where` is a path or a `sqlite:///` URL. Errors: `StoreError` when the file is not ours, of a newer
        version, damaged, or cannot be opened.
        """
        path = _sqlite_path(where)
        if read_only and not path.exists():
            raise StoreError(
                f"There is no database at {path}. It is made when the first recipe starts or db-in runs."
            )
        try:
            if read_only:
                return cls._opened(path, clock, read_only=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            with _one_at_a_time(path.parent):
                path.touch(mode=0o600)  # it holds the tokens of sessions
                return cls._opened(path, clock, read_only=False)
        except (sqlite3.Error, OSError) as error:
            explained = _explained(error, path) if isinstance(error, sqlite3.Error) else error
            if isinstance(explained, StoreError) and not isinstance(explained, StoreUnavailable):
                raise explained from error
            raise StoreError(
                f"The database {path} cannot be opened: {error}. Check the path and its permissions."
            ) from error

    @classmethod
    def _opened(cls, path: Path, clock: Clock, *, read_only: bool) -> "Store":
        _refuse_foreign(path, empty=not read_only)
        return cls(_sqlite_engine(path, read_only=read_only), clock=clock, read_only=read_only, path=path)

    @property
    def now(self) -> float:
        """Seconds since 1970 by the database's clock."""
        return self._clock()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Write: everything inside is stored when the block ends, nothing when it raises.

        Errors: `StoreError` when the file was removed or replaced: nothing written to it would last.
        """
        self._check_file()
        with self._begun("BEGIN IMMEDIATE") as transaction:
            yield transaction
            transaction.flush()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Read: one snapshot for the whole block."""
        with self._begun("BEGIN") as transaction:
            yield transaction

    def _check_file(self) -> None:
        if _inode(self.path) != self._file:
            raise StoreError(
                f"The database {self.path} was removed or replaced. Put it back, then start again."
            )

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    @contextmanager
    def _begun(self, begin: str) -> Iterator[Transaction]:
        pooled = self._engine.raw_connection()
        connection = pooled.driver_connection
        assert isinstance(connection, sqlite3.Connection)  # noqa: S101  (narrows the pool's type)
        try:
            connection.execute(begin)
            try:
                yield Transaction(connection, self.dialect, self._clock)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise self.explained(error) from error
        finally:
            pooled.close()

    def explained(self, error: Exception) -> Exception:
        """`StoreError` or `StoreUnavailable` where the database failed, else the error itself."""
        return _explained(error, self.path) if isinstance(error, sqlite3.Error) else error

    def _prepare(self) -> str:
        with self._begun("BEGIN" if self.read_only else "BEGIN IMMEDIATE") as transaction:
            connection = transaction._connection
            if (
                not self.read_only
                and not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            ):
                self._create(transaction)
            row = transaction.one(_DATABASE)
        if row is None or row["schema_version"] > SCHEMA_VERSION:
            raise StoreError(
                f"{self.path} was written by a newer Tallymark. Upgrade, or name another database."
            )
        identifier: str = row["uuid"]
        return identifier

    def _create(self, transaction: Transaction) -> None:
        for statement in _ddl(self._engine):
            transaction._connection.execute(statement)
        transaction._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        transaction.run(
            _NEW_DATABASE, {"uuid": str(uuid.uuid4()), "version": SCHEMA_VERSION, "now": self.now}
        )


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Let one process at a time make a database in a folder: SQLite does not wait where it changes to WAL.

    The folder is locked, not the file: closing a second handle of that would drop SQLite's own locks.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


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


def is_database_failure(error: BaseException) -> bool:
    """Whether the database itself failed (disk full, locked, damaged), not what was asked of it."""
    if isinstance(error, sqlite3.OperationalError | sqlite3.InternalError | StoreError):
        return True
    return type(error) is sqlite3.DatabaseError


def _explained(error: sqlite3.Error, path: Path) -> Exception:
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
    if code in _PASSING:
        return StoreUnavailable(f"The database {path} cannot be used just now: {error}.")
    return error


def json_ids(ids: Iterable[int]) -> str:
    """Integers for a statement with `{ids}`."""
    return orjson.dumps(list(ids)).decode()


def _sqlite_path(where: str | Path) -> Path:
    if isinstance(where, Path) or "://" not in where:
        return Path(where).expanduser().absolute()
    try:
        url = make_url(where)
    except ArgumentError as error:
        raise StoreError(
            f"{where!r} is not a database address. Write a path or sqlite:////absolute/path.db."
        ) from error
    if url.get_backend_name() != "sqlite" or not url.database:
        raise StoreError(
            f"The database {where!r} is not supported. Write a path or sqlite:////absolute/path.db."
        )
    return Path(url.database).expanduser().absolute()


def _sqlite_engine(path: Path, *, read_only: bool) -> Engine:
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


def _ddl(engine: Engine) -> list[str]:
    from sqlalchemy.schema import CreateIndex, CreateTable

    statements: list[str] = []
    for table in metadata.sorted_tables:
        statements.append(str(CreateTable(table).compile(engine)))
        statements += [
            str(CreateIndex(index).compile(engine))
            for index in sorted(table.indexes, key=lambda i: str(i.name))
        ]
    return statements
