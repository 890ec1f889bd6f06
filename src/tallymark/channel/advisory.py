"""Advisory locks of PostgreSQL, each held by a connection of its own: they end when that ends.

A connection names its process, so that whoever is refused learns who holds the lock, on which machine.
"""

import re
import socket
import time
from contextlib import closing
from os import getpid
from typing import TYPE_CHECKING, Any, Self

from tallymark.channel.locks import AdvisoryName, Holder, LockHeld, close_in_forks, closed, holder
from tallymark.databases import NO_DRIVER, DatabaseUrl, without_password
from tallymark.errors import StoreError, StoreUnavailable

if TYPE_CHECKING:
    import psycopg

_GROUPS = {"server": 84_011, "host": 84_012, "timers": 84_013}
_NAME = re.compile(r"tallymark (?P<kind>\w+) (?P<pid>\d+)@(?P<machine>.*)")
_PAUSE = 0.02
_DEAD_SECONDS = (20, 5, 4)  # idle, between probes, probes: then the server lets go of a machine that is gone

_HOLDERS = """
    SELECT a.application_name, extract(epoch FROM a.backend_start)::float8
      FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = %(group)s
       AND (l.objid::bigint = %(number)s OR %(all)s)
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
     ORDER BY a.backend_start
"""


class AdvisoryLock:
    """An exclusive advisory lock, held until `release` or the end of this process."""

    def __init__(self, name: AdvisoryName, *, patience: float = 0.2) -> None:
        """Take the lock, asking again for `patience` seconds. Errors: `LockHeld`, `StoreError`."""
        self.name = name
        self._file: int | None = None
        self._take(patience)

    def lives(self) -> bool:
        """Whether the connection that holds it is still there."""
        import psycopg

        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def keep(self) -> None:
        """Take the lock again if the connection that held it is gone.

        Errors: `LockHeld` when somebody else has it by now, `StoreError` when that cannot be told yet.
        """
        if self.lives():
            return
        self._let_go()
        try:
            self._take(0)
        except LockHeld as error:
            if error.holder is None or error.holder.is_this_process:
                raise StoreUnavailable(
                    f"{self.name} is still locked by a connection that this process has lost."
                ) from error
            raise

    def release(self) -> None:
        """Let go; harmless when done before."""
        self._let_go()

    def _take(self, patience: float) -> None:
        self._connection = connected(self.name.database, self.name.kind)
        try:
            self._ask(patience)
        except BaseException:
            self._connection.close()
            raise
        self._file = self._connection.fileno()
        close_in_forks(self._file)

    def _ask(self, patience: float) -> None:
        deadline = time.monotonic() + patience
        while not self._try():
            if time.monotonic() > deadline:
                raise LockHeld(self.name, holder(self.name))
            time.sleep(_PAUSE)

    def _let_go(self) -> None:
        if self._file is not None:
            closed(self._file)
            self._file = None
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _try(self) -> bool:
        import psycopg

        asked = "SELECT pg_try_advisory_lock(%s, %s)"
        try:
            row = self._connection.execute(asked, [_GROUPS[self.name.kind], self.name.number]).fetchone()
        except psycopg.Error as error:
            raise _explained(error, self.name.database) from None
        return bool(row and row[0])


def holders(database: DatabaseUrl, kind: str, number: int | None = None) -> list[Holder]:
    """Who holds the locks of a kind, or one of them, now; oldest first. Errors: `StoreError`."""
    named = {"group": _GROUPS[kind], "number": (number or 0) % 2**32, "all": number is None}
    with closing(connected(database, "look")) as connection:
        import psycopg

        try:
            rows = connection.execute(_HOLDERS, named).fetchall()
        except psycopg.Error as error:
            raise _explained(error, database) from None
    return [_holder(name, since) for name, since in rows]


def connected(database: DatabaseUrl, kind: str) -> "psycopg.Connection[Any]":
    """A connection that says whose it is. Errors: `StoreError`, without the password."""
    try:
        import psycopg
    except ImportError as error:
        raise StoreError(NO_DRIVER) from error

    name = f"tallymark {kind} {getpid()}@{socket.gethostname()}"
    try:
        connection = psycopg.connect(
            database.url, autocommit=True, connect_timeout=10, application_name=name[:63]
        )
        _set_keepalives(connection)
    except psycopg.Error as error:
        raise _explained(error, database) from None
    return connection


def _set_keepalives(connection: "psycopg.Connection[Any]") -> None:
    idle, between, probes = _DEAD_SECONDS
    try:
        for setting, value in (("idle", idle), ("interval", between), ("count", probes)):
            connection.execute(f"SET tcp_keepalives_{setting} TO {value}".encode())
    except BaseException:
        connection.close()
        raise


def _explained(error: "psycopg.Error", database: DatabaseUrl) -> StoreError:
    """What a failure of the driver means; what it says may hold the password."""
    import psycopg

    said = without_password(str(error).strip(), database.url)
    kind = StoreUnavailable if isinstance(error, psycopg.OperationalError) else StoreError
    return kind(f"The database {database} cannot be reached: {said}")


def _holder(name: str, since: float) -> Holder:
    found = _NAME.match(name)
    if found is None:
        return Holder(0, since)
    return Holder(int(found["pid"]), since, found["machine"])
