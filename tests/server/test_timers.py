"""What is done for a whole database is done by one process at a time, and by another when that is gone."""

import asyncio
import sys
from pathlib import Path

import pytest
from tests.asynchronous import finish
from tests.postgresql import PostgreSQL

from tallymark.channel.advisory import AdvisoryLock
from tallymark.channel.locks import AdvisoryName, LockHeld, dataset_lock, held, holder, living_hosts, take
from tallymark.databases import DatabaseUrl, Place, place_of
from tallymark.errors import StoreError
from tallymark.server import timers


@pytest.fixture
def place(postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch) -> DatabaseUrl:
    monkeypatch.setattr(timers, "LOOK_SECONDS", 0.01)
    place = place_of(postgresql.new())
    assert isinstance(place, DatabaseUrl)
    return place


class Work:
    """Endless work that says whether it is being done."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()

    async def __call__(self) -> None:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()


async def one_after_the_other(place: Place) -> None:
    first, second = Work(), Work()
    mine = asyncio.create_task(timers.alone(place, first))
    await first.begun.wait()
    other = asyncio.create_task(timers.alone(place, second))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not second.begun.is_set()
    mine.cancel()
    await second.begun.wait()
    assert first.ended.is_set()
    other.cancel()
    await asyncio.gather(mine, other, return_exceptions=True)


def test_one_process_at_a_time_looks_after_a_database(place: DatabaseUrl) -> None:
    finish(asyncio.wait_for(one_after_the_other(place), 60))


async def until_it_is_lost(place: DatabaseUrl, postgresql: PostgreSQL) -> None:
    import psycopg

    work = Work()
    task = asyncio.create_task(timers.alone(place, work))
    await work.begun.wait()
    work.begun.clear()
    with psycopg.connect(place.url, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE application_name LIKE 'tallymark timers %%' AND datname = current_database()"
        )
    await work.ended.wait()
    await work.begun.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_who_loses_the_lock_stops_and_asks_for_it_again(place: DatabaseUrl, postgresql: PostgreSQL) -> None:
    finish(asyncio.wait_for(until_it_is_lost(place, postgresql), 60))


def test_a_lock_of_postgresql_names_its_holder_and_ends_with_it(place: DatabaseUrl) -> None:
    name = dataset_lock(place, "news")
    assert (held(name), holder(name), living_hosts(place)) == (False, None, [])
    with take(name) as lock:
        assert held(name)
        assert not held(dataset_lock(place, "other"))
        [living] = living_hosts(place)
        assert living == holder(name)
        with pytest.raises(LockHeld, match=f"the host of .* is locked by process {living.pid} on "):
            take(name, patience=0)
        lock.release()
        lock.release()
    assert not held(name)


def test_a_database_that_is_away_is_said_without_its_password() -> None:
    away = DatabaseUrl("postgresql://ann:s3cr3t@127.0.0.1:1/none")
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        AdvisoryLock(AdvisoryName(away, "timers", 0))
    assert "s3cr3t" not in f"{caught.value} {caught.value.__cause__} {away!r} {away}"


def test_a_missing_driver_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"pip install 'tallymark\[postgresql\]'"):
        held(dataset_lock(DatabaseUrl("postgresql://host/name"), "news"))


async def some_work() -> None:
    await asyncio.sleep(0)


def test_a_file_has_one_server_and_needs_no_lock(tmp_path: Path) -> None:
    finish(timers.alone(tmp_path / "t.db", some_work))
