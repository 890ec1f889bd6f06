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
        self._connection = connected(name.database, name.kind)
        deadline = time.monotonic() + patience
        while not self._try():
            if time.monotonic() > deadline:
                self._connection.close()
                raise LockHeld(name, holder(name))
            time.sleep(_PAUSE)
        close_in_forks(self._connection.fileno())

    def lives(self) -> bool:
        """Whether the connection that holds it is still there."""
        import psycopg

        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def release(self) -> None:
        """Let go; harmless when done before."""
        if not self._connection.closed:
            closed(self._connection.fileno())
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _try(self) -> bool:
        asked = "SELECT pg_try_advisory_lock(%s, %s)"
        row = self._connection.execute(asked, [_GROUPS[self.name.kind], self.name.number]).fetchone()
        return bool(row and row[0])


def holders(database: DatabaseUrl, kind: str, number: int | None = None) -> list[Holder]:
    """Who holds the locks of a kind, or one of them, now; oldest first. Errors: `StoreError`."""
    named = {"group": _GROUPS[kind], "number": (number or 0) % 2**32, "all": number is None}
    with closing(connected(database, "look")) as connection:
        rows = connection.execute(_HOLDERS, named).fetchall()
    return [_holder(name, since) for name, since in rows]


def connected(database: DatabaseUrl, kind: str) -> "psycopg.Connection[Any]":
    """A connection that says whose it is. Errors: `StoreError`, without the password."""
    try:
        import psycopg
    except ImportError as error:
        raise StoreError(NO_DRIVER) from error

    idle, between, probes = _DEAD_SECONDS
    name = f"tallymark {kind} {getpid()}@{socket.gethostname()}"
    try:
        connection = psycopg.connect(
            database.url, autocommit=True, connect_timeout=10, application_name=name[:63]
        )
        for setting, value in (("idle", idle), ("interval", between), ("count", probes)):
            connection.execute(f"SET tcp_keepalives_{setting} TO {value}".encode())
    except psycopg.Error as error:
        said = without_password(str(error).strip(), database.url)
        kind_of = StoreUnavailable if isinstance(error, psycopg.OperationalError) else StoreError
        raise kind_of(f"The database {database} cannot be reached: {said}") from None
    return connection


def _holder(name: str, since: float) -> Holder:
    found = _NAME.match(name)
    if found is None:
        return Holder(0, since)
    return Holder(int(found["pid"]), since, found["machine"])
