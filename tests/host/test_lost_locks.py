"""A lock of PostgreSQL is lost with the connection that holds it: it is taken again, or its holder stops."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from tests.crash.processes import Machine, free_port, is_gone, until
from tests.postgresql import PostgreSQL

from tallymark.channel.advisory import AdvisoryLock
from tallymark.channel.find import living_server
from tallymark.channel.locks import (
    AdvisoryName,
    LockHeld,
    dataset_lock,
    held,
    holder,
    server_lock,
    take,
)
from tallymark.databases import DatabaseUrl
from tallymark.errors import Busy, Fenced, StoreUnavailable
from tallymark.host import dataset_lock as locking
from tallymark.host.dataset_lock import DatasetLock

ELSEWHERE = "tallymark host 7@elsewhere"
_GROUPS = {"server": 84_011, "host": 84_012}


@pytest.fixture
def place(postgresql: PostgreSQL) -> DatabaseUrl:
    return DatabaseUrl(postgresql.new())


def lose(place: DatabaseUrl, kind: str) -> None:
    """End every connection of the database that holds locks of a kind."""
    end(
        place,
        "SELECT pg_terminate_backend(l.pid, 10000) FROM pg_locks l"
        " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = %s"
        " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        _GROUPS[kind],
    )


def end(place: DatabaseUrl, statement: str, of: object) -> None:
    """End the connections that a statement chooses."""
    with psycopg.connect(place.url, autocommit=True) as admin:
        admin.execute(statement.encode(), [of])


@contextmanager
def held_elsewhere(name: Any, *, by: str = ELSEWHERE) -> Iterator[None]:
    """Somebody else gets the lock at the moment its holder loses it, and keeps it for the block."""
    with psycopg.connect(name.database.url, autocommit=True, application_name=by) as other:
        waiting = "SELECT pg_try_advisory_lock(%s, %s)"
        lose(name.database, name.kind)

        def taken() -> bool:
            row = other.execute(waiting, [_GROUPS[name.kind], name.number]).fetchone()
            return bool(row and row[0])

        until(taken, "the lock")
        yield


def advisory(name: Any) -> AdvisoryName:
    """An advisory lock's name, which those of PostgreSQL are."""
    assert isinstance(name, AdvisoryName)
    return name


def test_a_lock_that_was_lost_is_taken_again(place: DatabaseUrl) -> None:
    name = dataset_lock(place, "news")
    with take(name) as lock:
        lock.keep()
        lose(place, "host")
        assert not held(name)
        lock.keep()
        assert held(name)
        with pytest.raises(LockHeld):
            AdvisoryLock(advisory(name), patience=0)
    assert not held(name)


def test_a_lock_that_somebody_else_has_by_now_is_not_taken(place: DatabaseUrl) -> None:
    name = dataset_lock(place, "news")
    lock = take(name)
    with held_elsewhere(name), pytest.raises(LockHeld, match="process 7 on elsewhere"):
        lock.keep()
    lock.release()


def test_an_old_connection_of_ours_that_lives_on_is_waited_for(place: DatabaseUrl) -> None:
    name = dataset_lock(place, "news")
    ours = f"tallymark host {os.getpid()}@{socket.gethostname()}"[:63]
    with take(name) as lock:
        with held_elsewhere(name, by=ours), pytest.raises(StoreUnavailable, match="this process has lost"):
            lock.keep()
        lock.keep()
        assert held(name)


def test_a_database_that_is_away_is_no_lost_dataset(
    place: DatabaseUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = DatasetLock(place, "news", take_over=False)
    lose(place, "host")
    with monkeypatch.context() as patched:
        patched.setattr(psycopg, "connect", refuse)
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            lock.keep()
    lock.keep()
    assert held(dataset_lock(place, "news"))
    lock.release()


def refuse(*_: object, **__: object) -> None:
    raise psycopg.OperationalError("connection refused")


def test_a_lock_that_breaks_off_while_it_is_asked_for_is_explained(
    place: DatabaseUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise psycopg.OperationalError("the connection is lost")

    monkeypatch.setattr(psycopg.Connection, "execute", fail)
    with pytest.raises(StoreUnavailable, match="the connection is lost"):
        take(dataset_lock(place, "news"))


def test_a_host_stops_where_another_one_has_its_dataset(place: DatabaseUrl) -> None:
    lock = DatasetLock(place, "news", take_over=False)
    with held_elsewhere(dataset_lock(place, "news")):
        with pytest.raises(Fenced, match=r"'news' .* process 7 on elsewhere, since .* serves it by now"):
            lock.keep()
        with pytest.raises(Busy, match="process 7 on elsewhere"):
            DatasetLock(place, "news", take_over=False)
    lock.release()


def test_who_waits_for_a_lock_waits_through_an_outage(
    place: DatabaseUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locking, "TAKE_OVER_SECONDS", 0.01)
    monkeypatch.setattr(locking, "TRY_SECONDS", 0.01)
    name = dataset_lock(place, "news")
    with held_elsewhere(name):
        waiting = DatasetLock(place, "news", take_over=True)
        waiting.wait()
        waiting.keep()
        assert not waiting.held
        lose_waiters(place)
    until(lambda: waiting.held, "the lock")
    assert holder(name) is not None
    waiting.release()


def lose_waiters(place: DatabaseUrl) -> None:
    """End the connections of those who wait for a lock."""
    end(
        place,
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        " WHERE application_name LIKE 'tallymark host %%' AND application_name <> %s"
        " AND datname = current_database()",
        ELSEWHERE,
    )


@pytest.fixture
def machine(tmp_path: Path, place: DatabaseUrl) -> Iterator[Machine]:
    machine = Machine(tmp_path, place.url, port=free_port())
    yield machine
    machine.close()


@pytest.mark.slow
def test_a_host_and_its_server_have_their_locks_again_after_an_outage(
    machine: Machine, place: DatabaseUrl
) -> None:
    host = machine.start()
    host.heard("Annotate at")
    server = machine.server()
    for kind in ("host", "server"):
        lose(place, kind)
    until(lambda: held(dataset_lock(place, "news")), "the dataset's lock")
    until(lambda: held(server_lock(place)), "the server's lock")
    assert living_server(place) == server
    second = machine.start()
    assert f"process {host.process.pid}" in second.heard("error busy")
    assert second.ended() == 1
    assert host.interrupt() == 0


@pytest.mark.slow
def test_a_host_whose_dataset_is_somebody_elses_by_now_says_so_and_stops(
    machine: Machine, place: DatabaseUrl
) -> None:
    host = machine.start()
    host.heard("Annotate at")
    with held_elsewhere(dataset_lock(place, "news")):
        host.heard("process 7 on elsewhere")
        assert host.ended() == 3
    assert httpx.get(f"{machine.server().address.url}/healthz", timeout=20).status_code == 200


@pytest.mark.slow
def test_a_server_waits_for_a_command_and_ends_for_another_server(
    machine: Machine, place: DatabaseUrl
) -> None:
    host = machine.start()
    host.heard("Annotate at")
    server = machine.server()
    with held_elsewhere(server_lock(place), by="tallymark server 7@elsewhere"):
        assert living_server(place) == server
        until(lambda: "is locked by process 7" in log_of(machine), "the warning")
        assert living_server(place) == server
        with psycopg.connect(place.url, autocommit=True) as other:
            other.execute(
                "INSERT INTO tallymark.server (address, secret, pid, version, started_at, beat_at, machine)"
                " SELECT 'http://127.0.0.1:1', 'none', 7, version, started_at, beat_at, machine"
                " FROM tallymark.server WHERE machine IS NOT NULL ORDER BY id DESC LIMIT 1"
            )
        until(lambda: "another server took over" in log_of(machine), "the end of the server")
        until(lambda: is_gone(server.pid), "the end of its process")


def log_of(machine: Machine) -> str:
    """What the server wrote into its log."""
    return "".join(log.read_text() for log in Path(machine.settings["home"]).glob("*.server.log"))
