"""PostgreSQL: many transactions write at once, each at READ COMMITTED, with locks on the rows it decides by.

The tables are in a schema of their own, so that a database may hold other things, too.
"""

import itertools
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from tallymark.databases import NO_DRIVER, libpq_url, shown, without_password
from tallymark.errors import StoreConflict, StoreError, StoreUnavailable
from tallymark.store.database import Clock, ddl
from tallymark.store.statements import POSTGRESQL, POSTGRESQL_READING, Dialect, Statement, render_many
from tallymark.store.swift import SwiftTransaction
from tallymark.store.transaction import Transaction

try:
    import psycopg
    from psycopg.abc import Buffer
    from psycopg.adapt import Dumper, Loader
    from psycopg.pq import TransactionStatus
    from psycopg.types.numeric import Int8Dumper
except ImportError as error:  # pragma: no cover  (the tests have it)
    raise StoreError(NO_DRIVER) from error

SCHEMA = "tallymark"
WRITERS = 8
WAIT = "30s"
"""How long a statement waits for a lock before it gives up."""
SWIFT_WAIT = "200ms"
"""The same in a swift transaction, of which others may wait for the rest."""

_MAKING = 84_000  # the advisory lock of whoever makes or migrates the tables
_READ_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_TIME = "SELECT extract(epoch FROM clock_timestamp())::float8"
_TIME_AND_PATIENCE = f"{_TIME}, set_config('lock_timeout', '{SWIFT_WAIT}', true)"
_CONFLICTS = {"40001", "40P01"}
_PASSING = {"08", "53", "55", "57", "58"}
_READ_ONLY = {"25006", "42501"}
_DAMAGED = ("XX", "42P01")  # among them: a table is missing
_DISK_FULL = "53100"


class PostgreSQLTransaction(Transaction):
    """A transaction beside others, or a reader's snapshot."""

    _connection: "psycopg.Connection[Any]"

    def __init__(
        self,
        connection: "psycopg.Connection[Any]",
        dialect: Dialect,
        now: float,
        *,
        database: "PostgreSQLDatabase",
    ) -> None:
        super().__init__(connection, dialect, now)
        self.concurrent = dialect is POSTGRESQL
        self._database = database
        self._cursors = itertools.count()

    def all(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> list[Any]:
        """Every row; none for a statement that gives no rows."""
        cursor = self._execute(statement, parameters or {})
        return cursor.fetchall() if cursor.description else []

    def stream(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """Rows one at a time; constant memory."""
        with self._connection.cursor(f"rows{next(self._cursors)}") as cursor:
            yield from cursor.execute(self._rendered(statement), parameters or {})

    def lock(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> None:
        """Execute a statement that does nothing but lock; a reader locks nothing."""
        if self.concurrent:
            self._execute(statement, parameters or {})

    def foresee(self, statement: Statement, parameters: Mapping[str, Any], row: Any) -> None:
        """Nothing: what others have written since is seen by whoever asks."""

    def many(self, statement: Statement, rows: Iterable[Mapping[str, Any]]) -> None:
        """Execute once for each row of parameters."""
        given = list(rows)
        if len(given) == 1:
            self._execute(statement, given[0])
        elif given and statement.types is not None:
            arrays = {name: [row[name] for row in given] for name in statement.types}
            self._explaining(lambda: self._connection.execute(render_many(statement), arrays))
        elif given:
            with self._connection.cursor() as cursor:
                self._explaining(lambda: cursor.executemany(self._rendered(statement), given))

    def new_ids(self, table: str, count: int) -> Sequence[int]:
        """`count` fresh ids of a table, in order, perhaps with gaps; no id is ever given again."""
        sequence = f"pg_get_serial_sequence('{table}', 'id')"
        sql = f"SELECT nextval({sequence}) FROM generate_series(1, %(count)s)"  # noqa: S608
        rows = self._explaining(lambda: self._connection.execute(sql, {"count": count}).fetchall())
        return sorted(row[0] for row in rows)

    def _lives(self) -> bool:
        status = self._connection.info.transaction_status
        return status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)

    def _check(self) -> None:
        """After an error PostgreSQL would answer a commit with a rollback."""
        if self._connection.info.transaction_status != TransactionStatus.INTRANS:
            raise StoreError(f"{self._database.name} undid the transaction after an error.")

    def _execute(self, statement: Statement, parameters: Mapping[str, Any], *, keys: int = 0) -> Any:
        sql = self._rendered(statement, keys)
        return self._explaining(lambda: self._connection.execute(sql, parameters))

    def _command(self, sql: str) -> None:
        self._explaining(lambda: self._connection.execute(sql))

    def _explaining(self, call: Any) -> Any:
        """Errors of the driver as ours at once: callers tell a failure from a mistake by them."""
        try:
            return call()
        except psycopg.Error as error:
            explained = self._database.explained(error)
            if explained is error:
                raise
            raise explained from error


class SwiftPostgreSQLTransaction(SwiftTransaction, PostgreSQLTransaction):
    """A transaction whose statements go out in a pipeline: nothing waits for an answer nobody looks at."""

    def __init__(
        self,
        connection: "psycopg.Connection[Any]",
        timed: "psycopg.Cursor[Any]",
        database: "PostgreSQLDatabase",
        now: float | None,
    ) -> None:
        super().__init__(connection, POSTGRESQL, 0.0, database=database)
        self._timed = timed
        self._known_now = now

    @property
    def now(self) -> float:
        """Seconds since 1970 by the database's clock, the same for the whole transaction."""
        if self._known_now is None:
            self._known_now = float(self._explaining(self._timed.fetchone)[0])
        return self._known_now

    def all(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> list[Any]:
        """Every row."""
        rows: list[Any] = self._explaining(self._execute(statement, parameters or {}).fetchall)
        return rows

    def touched(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> int:
        """Not known here."""
        raise NotImplementedError

    def _check(self) -> None:
        """What went wrong is known at the commit."""

    def _execute(self, statement: Statement, parameters: Mapping[str, Any], *, keys: int = 0) -> Any:
        self._write()
        return super()._execute(statement, parameters, keys=keys)

    def _send(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        PostgreSQLTransaction.many(self, statement, rows)


class PostgreSQLDatabase:
    """One database of a PostgreSQL server, with a pool of connections."""

    writers = WRITERS

    def __init__(self, url: str, clock: Clock | None, *, read_only: bool) -> None:
        """Connect once, to see that it can be done. Errors: `StoreError`."""
        self.name = shown(url)
        self._url = libpq_url(url)
        self._clock = clock
        self._read_only = read_only
        self._ahead = 0.0  # of the database's clock before this machine's, in seconds
        self._engine = create_engine(
            "postgresql+psycopg://",
            creator=self._connect,
            poolclass=QueuePool,
            pool_size=WRITERS,
            max_overflow=24,
        )
        try:
            self._engine.raw_connection().close()
        except psycopg.Error as error:
            self._engine.dispose()
            said = without_password(str(error).strip(), url)
            raise StoreError(
                f"The database {self.name} cannot be opened: {said}. "
                "Check the address, the name of the database and the password."
            ) from None  # what the driver says may hold the password

    @property
    def now(self) -> float:
        """Seconds since 1970 by the database's clock, as of its last transaction."""
        return self._clock() if self._clock is not None else time.time() + self._ahead

    @contextmanager
    def begun(self, *, writing: bool) -> Iterator[PostgreSQLTransaction]:
        """A transaction: READ COMMITTED for who writes, one snapshot for who reads."""
        with self._failing(), self._begin(_READ_WRITE if writing else _SNAPSHOT) as (connection, now):
            dialect = POSTGRESQL if writing else POSTGRESQL_READING
            transaction = PostgreSQLTransaction(connection, dialect, now, database=self)
            try:
                yield transaction
                connection.execute("COMMIT")
            except BaseException:
                if transaction._lives():
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def begun_swiftly(self) -> Iterator[SwiftPostgreSQLTransaction]:
        """A transaction for who writes, whose statements are sent in a pipeline.

        After an error in one, psycopg takes statements for prepared that never were: the connection ends.
        """
        with self._failing(), self._pooled() as connection:
            try:
                with connection.pipeline():
                    connection.execute(_READ_WRITE)
                    timed = connection.execute(_TIME_AND_PATIENCE)
                    now = None if self._clock is None else self._clock()
                    yield SwiftPostgreSQLTransaction(connection, timed, self, now)
                    committed = connection.execute("COMMIT")
            except BaseException:
                if connection.info.transaction_status == TransactionStatus.INTRANS:
                    connection.execute("ROLLBACK")
                else:
                    connection.close()
                raise
            if committed.statusmessage != "COMMIT":
                connection.close()
                raise StoreConflict(f"{self.name} undid a transaction.")

    def is_new(self, transaction: Transaction) -> bool:
        """Whether there is no table yet; whoever asks holds the lock of making them from now on."""
        connection = transaction._connection
        if not self._read_only:
            connection.execute(f"SELECT pg_advisory_xact_lock({_MAKING})")
        (found,) = connection.execute(f"SELECT to_regclass('{SCHEMA}.database')").fetchone()
        return found is None

    def make(self, transaction: Transaction) -> None:
        """Make all tables, in a schema of their own."""
        connection = transaction._connection
        (there,) = connection.execute(f"SELECT to_regnamespace('{SCHEMA}')").fetchone()
        if there is None:
            connection.execute(f"CREATE SCHEMA {SCHEMA}")
        for statement in ddl(self._engine):
            connection.execute(statement)

    def upgrade(self) -> None:
        """Bring tables of an older version up to date, one process at a time; all of it or nothing."""
        from tallymark.store.migrations import upgrade, version_of

        with self._failing(), self._engine.connect() as connection:
            connection.exec_driver_sql(_READ_WRITE)  # the driver begins nothing by itself
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MAKING})")
            upgrade(connection, version=version_of(connection))
            connection.commit()

    def scrub(self) -> None:
        """Nothing: the database server does so when it cleans up (VACUUM)."""

    def explained(self, error: Exception) -> Exception:
        """`StoreError` or `StoreUnavailable` where the database failed, else the error itself."""
        if not isinstance(error, psycopg.Error):
            return error
        state = error.sqlstate or ("08000" if isinstance(error, psycopg.OperationalError) else "")
        said = without_password(str(error).strip(), self._url).rstrip(".")
        if state in _CONFLICTS:
            return StoreConflict(f"Others were in the way in {self.name}: {said}.")
        if state == _DISK_FULL:
            return StoreUnavailable(f"The disk of {self.name} is full. Free some space; nothing is lost.")
        if state in _READ_ONLY:
            return StoreError(f"The database {self.name} may only be read, or not at all: {said}.")
        if state.startswith(_DAMAGED):
            return StoreError(f"The database {self.name} is damaged: {said}. Restore a copy.")
        if state[:2] in _PASSING:
            return StoreUnavailable(f"The database {self.name} cannot be used just now: {said}.")
        return error

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Errors of the driver as ours."""
        try:
            yield
        except psycopg.Error as error:
            explained = self.explained(error)
            if explained is error:
                raise
            raise explained from error

    @contextmanager
    def _begin(self, begin: str) -> Iterator[tuple["psycopg.Connection[Any]", float]]:
        """A connection in a transaction; those that were lost while they lay in the pool are replaced."""
        pooled, now = self._taken(begin)
        if pooled is None:
            self._engine.dispose()
            pooled, now = self._taken(begin)
        if pooled is None:
            raise StoreUnavailable(f"The database {self.name} ends every connection. Look into its log.")
        with self._returned(pooled) as connection:
            yield connection, now

    @contextmanager
    def _pooled(self) -> Iterator["psycopg.Connection[Any]"]:
        """A connection, which may turn out to be lost."""
        with self._returned(self._engine.raw_connection()) as connection:
            yield connection

    @contextmanager
    def _returned(self, pooled: PoolProxiedConnection) -> Iterator["psycopg.Connection[Any]"]:
        """A connection of the pool, which goes back to it unless it is lost."""
        connection: Any = pooled.driver_connection
        try:
            yield connection
        finally:
            if connection.closed:
                pooled.invalidate()
            pooled.close()

    def _taken(self, begin: str) -> tuple[PoolProxiedConnection | None, float]:
        """A connection with its transaction begun and the time; None where the connection was lost."""
        pooled = self._engine.raw_connection()
        connection: Any = pooled.driver_connection
        try:
            return pooled, self._timed(connection, begin)
        except psycopg.OperationalError:
            lost = connection.broken
            pooled.invalidate()
            if not lost:
                raise
        return None, 0.0

    def _timed(self, connection: Any, begin: str) -> float:
        if self._clock is not None:
            connection.execute(begin)
            return self._clock()
        cursor = connection.execute(f"{begin}; {_TIME}")
        cursor.nextset()
        now: float = cursor.fetchone()[0]
        self._ahead = now - time.time()
        return now

    def _connect(self) -> "psycopg.Connection[Any]":
        connection = psycopg.connect(
            self._url, autocommit=True, row_factory=_rows, connect_timeout=10, application_name="tallymark"
        )
        for kind, dumper in ((str, _Text), (int, Int8Dumper), (bool, _Flag)):
            connection.adapters.register_dumper(kind, dumper)
        connection.adapters.register_loader("numeric", _Whole)
        connection.execute(f"SET search_path TO {SCHEMA}")
        connection.execute(f"SET lock_timeout TO '{WAIT}'")
        return connection


class _Text(Dumper):
    """Text with what PostgreSQL cannot store kept readable: halves of characters, and NUL."""

    def dump(self, obj: str) -> Buffer:
        return obj.encode("utf-8", "backslashreplace").replace(b"\0", b"\\x00")


class _Flag(Int8Dumper):
    """Truth values are stored as 0 and 1."""

    def dump(self, obj: bool) -> Buffer | None:
        return super().dump(int(obj))


class _Whole(Loader):
    """Sums of integers are integers."""

    def load(self, data: Buffer) -> int:
        return int(bytes(data))


def _rows(cursor: Any) -> Any:
    return _row_type(tuple(column.name for column in cursor.description or ()))


@cache
def _row_type(names: tuple[str, ...]) -> Any:
    """A class of rows with these columns, read by name or number."""
    places = {name: place for place, name in enumerate(names)}

    class PostgreSQLRow(tuple[Any, ...]):
        __slots__ = ()

        def __getitem__(self, key: Any) -> Any:
            return tuple.__getitem__(self, places[key] if type(key) is str else key)

        def keys(self) -> list[str]:
            return list(names)

    return PostgreSQLRow
