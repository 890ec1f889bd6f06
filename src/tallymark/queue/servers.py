"""Servers: which process serves this database, where, and since when all of them were down."""

from typing import Any

from tallymark.store import Statement, Transaction

_NEW = Statement(
    "A server begins to serve.",
    "INSERT INTO server (address, secret, pid, version, started_at, beat_at, machine)"
    " VALUES (:address, :secret, :pid, :version, :now, :now, :machine) RETURNING id",
)
_STOP = Statement("A server stops.", "UPDATE server SET stopped_at = :now WHERE id = :server")
_BEAT = Statement("A server is alive.", "UPDATE server SET beat_at = :now WHERE id = :server")
_DATABASE_BEAT = Statement("Some server is alive.", "UPDATE database SET beat_at = :now WHERE id = 1")
_LAST_BEAT = Statement("When a server was last alive.", "SELECT beat_at FROM database WHERE id = 1")
_LOCK = Statement(
    "One server at a time begins: what is added to leases is added once.",
    "SELECT id FROM database WHERE id = 1 {lock:database}",
)
_ADDRESS = Statement(
    "Remember where this database is served.", "UPDATE database SET address = :address WHERE id = 1"
)
_REMEMBERED = Statement("Where this database was served last.", "SELECT address FROM database WHERE id = 1")
_REMEMBERED_ON = Statement(
    "Where a machine served this database last.",
    "SELECT address FROM server WHERE machine = :machine ORDER BY id DESC LIMIT 1",
)
_NEWEST = Statement(
    "The server that began last and did not stop.",
    "SELECT * FROM server WHERE stopped_at IS NULL ORDER BY id DESC LIMIT 1",
)
_NEWEST_ON = Statement(
    "The server of a machine that began last and did not stop.",
    "SELECT id FROM server WHERE machine = :machine AND stopped_at IS NULL ORDER BY id DESC LIMIT 1",
)
_SHIFT_SEATS = Statement(
    "Time in which nobody could call does not count against leases.",
    "UPDATE session SET last_call = last_call + :gap WHERE held > 0 AND last_call <= :until",
)
_SHIFT_CLIENTS = Statement(
    "Nor against the clients that were alive.",
    "UPDATE client SET last_call = last_call + :gap WHERE last_call > :since AND last_call <= :until",
)
_NOT_AHEAD = tuple(
    Statement(purpose, f"UPDATE {table} SET {column} = :now WHERE {column} > :now")  # noqa: S608
    for table, column, purpose in (
        ("session", "last_call", "No seat has called later than now."),
        ("client", "last_call", "Nor has any client."),
        ("run", "beat_at", "No host has beaten later than now."),
    )
)

CLIENTS_ALIVE_SECONDS = 60.0
STALL_SECONDS = 15.0
"""Without a beat for so long nobody could call: all were down or asleep, or the clock was set."""


def register_server(
    tx: Transaction,
    *,
    address: str,
    secret: str,
    pid: int,
    version: str,
    machine: str | None = None,
    lead: bool = True,
) -> dict[str, Any]:
    """A server begins to serve at an address. The time all servers were down is added to leases.

    The hosts of its `machine` find it there, unless it only helps (`lead` is false).
    """
    last = _locked_beat(tx)
    gap = 0.0 if last is None else max(0.0, tx.now - last)
    if last is not None and last < tx.now:
        _skip(tx, last, until=tx.now)
    elif last is not None:
        _set_back(tx)
    named = {"address": address, "secret": secret, "pid": pid, "version": version, "now": tx.now}
    named |= {"machine": machine if lead else None}
    server = tx.insert(_NEW, named)
    tx.run(_DATABASE_BEAT, {"now": tx.now})
    if lead:
        tx.run(_ADDRESS, {"address": address})
    return {"server": server, "gap": gap}


def beat_server(tx: Transaction, *, server: int) -> dict[str, Any]:
    """A server is alive; called every 5 s.

    When the last beat of any server is far away, the machine slept or its clock was set: leases and clients
    are as old afterwards as they were before.
    """
    last = _locked_beat(tx)
    if last is not None and tx.now - last > STALL_SECONDS:
        _skip(tx, last, until=(last + tx.now) / 2)  # who has called since did so just now
    elif last is not None and last - tx.now > STALL_SECONDS:
        _set_back(tx)
    tx.run(_BEAT, {"server": server, "now": tx.now})
    tx.run(_DATABASE_BEAT, {"now": tx.now})
    return {}


def is_awake(tx: Transaction) -> bool:
    """Whether a server has beaten lately, so that who was silent could have called; so it is without any."""
    last = tx.value(_LAST_BEAT)
    return last is None or abs(tx.now - last) <= STALL_SECONDS


def stop_server(tx: Transaction, *, server: int) -> dict[str, Any]:
    """A server stops in good order."""
    tx.run(_STOP, {"server": server, "now": tx.now})
    tx.run(_DATABASE_BEAT, {"now": tx.now})
    return {}


def newest_server(tx: Transaction) -> dict[str, Any] | None:
    """The server that began last and did not stop: `{"id", "address", "secret", "pid", "version", …}`."""
    row = tx.one(_NEWEST)
    return None if row is None else {key: row[key] for key in row.keys()}  # noqa: SIM118


def newest_on(tx: Transaction, *, machine: str) -> int | None:
    """The server that hosts of a machine find there, or None."""
    server: int | None = tx.value(_NEWEST_ON, {"machine": machine})
    return server


def remembered_address(tx: Transaction, *, machine: str | None = None) -> str | None:
    """Where this database was served last, from a machine if one is named; or None."""
    named = {"machine": machine}
    address: str | None = tx.value(_REMEMBERED) if machine is None else tx.value(_REMEMBERED_ON, named)
    return address


def _locked_beat(tx: Transaction) -> float | None:
    """When a server was last alive; no other one begins or beats until the end of the transaction."""
    tx.lock(_LOCK)
    last: float | None = tx.value(_LAST_BEAT)
    return last


def _skip(tx: Transaction, last: float, *, until: float) -> None:
    """The time since the last beat does not count for those who called before `until`."""
    named = {"gap": tx.now - last, "until": until}
    tx.run(_SHIFT_SEATS, named)
    tx.run(_SHIFT_CLIENTS, {**named, "since": last - CLIENTS_ALIVE_SECONDS})


def _set_back(tx: Transaction) -> None:
    """What was written by a clock that went ahead is no later than now: else leases would hardly ever end."""
    for statement in _NOT_AHEAD:
        tx.run(statement, {"now": tx.now})
