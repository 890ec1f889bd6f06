"""Find the server of a database: its row says where it listens, a call tells whether it lives."""

import socket
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from tallymark.channel.client import Address, post
from tallymark.channel.locks import held, holder, server_lock
from tallymark.databases import DatabaseUrl, Place
from tallymark.errors import ChannelDown, DatabaseBusy, TallymarkError

_LAST_SERVER = "SELECT address, secret, version FROM server WHERE stopped_at IS NULL ORDER BY id DESC LIMIT 1"
_LAST_SERVER_HERE = (
    "SELECT address, secret, version FROM tallymark.server"
    " WHERE stopped_at IS NULL AND machine = %s ORDER BY id DESC LIMIT 1"
)
_PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class LivingServer:
    """A server that answered just now."""

    address: Address
    version: str
    pid: int


def living_server(database: Place, *, timeout: float = 2.0) -> LivingServer | None:
    """The server that writes to this database now, or None when nobody answers.

    One on PostgreSQL may have lost its lock with a connection and not have it again yet, so it is asked.
    """
    if not isinstance(database, DatabaseUrl) and not held(server_lock(database)):
        return None
    row = _last_server(database)
    if row is None:
        return None
    address = Address(url=row[0], secret=row[1])
    try:
        hello: dict[str, Any] = post(address, "/internal/server.hello", {}, timeout=timeout)
    except TallymarkError:
        return None
    return LivingServer(address=address, version=hello["version"], pid=hello["pid"])


def stop_server(database: Place, *, patience: float = 20.0) -> bool:
    """Ask the server of a database to end and wait until it has; False when none lives.

    Errors: `DatabaseBusy` when the process that holds the database does not answer or does not end.
    """
    deadline = time.monotonic() + patience
    asked = False
    while held(server_lock(database)):
        if time.monotonic() > deadline:
            raise DatabaseBusy(
                f"{database} is still held by {_holder(database)}, which does not end; stop it."
            )
        server = None if asked else living_server(database)
        if server is not None:
            asked = _ask_to_stop(server)
        time.sleep(_PAUSE)
    return asked


def busy(database: Place) -> DatabaseBusy:
    """The error that names who holds a database."""
    return DatabaseBusy(
        f"{database} is held by {_holder(database)}. Wait until it is done, or stop that process."
    )


def _ask_to_stop(server: LivingServer) -> bool:
    try:
        post(server.address, "/internal/server.stop", {}, timeout=5.0)
    except ChannelDown:
        return False
    return True


def _holder(database: Place) -> str:
    return str(holder(server_lock(database)) or "another process")


def _last_server(database: Place) -> tuple[str, str, str] | None:
    if isinstance(database, DatabaseUrl):
        return _last_server_of(database)
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=5.0)) as connection:
            row: tuple[str, str, str] | None = connection.execute(_LAST_SERVER).fetchone()
            return row
    except sqlite3.Error:  # no database yet, or none of ours: then nobody serves it
        return None


def _last_server_of(database: DatabaseUrl) -> tuple[str, str, str] | None:
    import psycopg

    from tallymark.channel.advisory import connected

    with closing(connected(database, "look")) as connection:
        try:
            return connection.execute(_LAST_SERVER_HERE, [socket.gethostname()]).fetchone()
        except psycopg.errors.UndefinedTable:  # no database yet: then nobody serves it
            return None
