"""A database of an older version is brought up to date, and is then what a new one is."""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Column, Connection, Integer, create_engine, inspect, text
from sqlalchemy.pool import NullPool
from tests.postgresql import PostgreSQL

from tallymark.errors import StoreError
from tallymark.store import Statement, Store
from tallymark.store.migrations import upgrade, v0001
from tallymark.store.schema import SCHEMA_VERSION

URL = str


def connected(url: str) -> Any:
    """A connection as it is, without our pool."""
    address = url.replace("postgresql://", "postgresql+psycopg://") if "://" in url else f"sqlite:///{url}"
    engine = create_engine(address, poolclass=NullPool)
    connection = engine.connect()
    if "://" in url:
        connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS tallymark")
        connection.exec_driver_sql("SET search_path TO tallymark")
    return connection


@pytest.fixture(params=["sqlite", "postgresql"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], URL]]:
    """Places for new databases."""
    if request.param == "postgresql":
        postgresql: PostgreSQL = request.getfixturevalue("postgresql")
        yield postgresql.new
    else:
        names = iter(range(9))
        yield lambda: str(tmp_path / f"{next(names)}.db")


def first_version(url: URL) -> None:
    """A database as version 1 made it, with a dataset in it."""
    with connected(url) as connection:
        v0001.metadata.create_all(connection)
        connection.execute(
            text("INSERT INTO database (id, uuid, schema_version, created_at) VALUES (1, 'me', 1, 0)")
        )
        connection.execute(
            text("INSERT INTO dataset (name, created_at, exclude_by) VALUES ('news', 0, 'task')")
        )
        if "://" not in url:
            connection.exec_driver_sql(f"PRAGMA application_id = {0x54414C59}")
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        connection.commit()


def _options(index: Any) -> str:
    return str({name: str(value) for name, value in index.get("dialect_options", {}).items()})


def described(connection: Connection) -> dict[str, Any]:
    """Everything about the tables that matters to who uses them."""
    seen = inspect(connection)
    return {
        table: {
            "columns": sorted(
                (column["name"], str(column["type"]), column["nullable"], str(column["default"]))
                for column in seen.get_columns(table)
            ),
            "key": seen.get_pk_constraint(table)["constrained_columns"],
            "unique": sorted(
                map(str, (found["column_names"] for found in seen.get_unique_constraints(table)))
            ),
            "foreign": sorted(str(found["referred_table"]) for found in seen.get_foreign_keys(table)),
            "checks": sorted(found["sqltext"] for found in seen.get_check_constraints(table)),
            "indexes": sorted(
                (str(found["name"]), str(found["column_names"]), _options(found))
                for found in seen.get_indexes(table)
            ),
            "options": str(seen.get_table_options(table)),
        }
        for table in seen.get_table_names()
    }


def test_the_sum_of_the_steps_is_a_new_database(places: Callable[[], URL]) -> None:
    new, old = places(), places()
    Store.open(new).close()
    first_version(old)
    Store.open(old).close()
    with connected(new) as fresh, connected(old) as stepped:
        assert described(stepped) == described(fresh), "schema.py changed: add a step to store/migrations"


def test_all_steps_from_nothing_make_a_new_database(places: Callable[[], URL]) -> None:
    new, stepped = places(), places()
    Store.open(new).close()
    with connected(new) as fresh, connected(stepped) as connection:
        upgrade(connection)
        assert described(connection) == described(fresh)


def test_what_was_in_an_older_database_is_still_there(places: Callable[[], URL]) -> None:
    url = places()
    first_version(url)
    names = Statement("Names.", "SELECT name FROM dataset")
    version = Statement("The version.", "SELECT schema_version FROM database")
    for _ in range(2):
        store = Store.open(url)
        with store.reading() as tx:
            assert (tx.value(names), tx.value(version), store.database_id) == ("news", SCHEMA_VERSION, "me")
        store.close()


def test_an_older_database_is_not_changed_by_who_only_reads(places: Callable[[], URL]) -> None:
    url = places()
    first_version(url)
    with pytest.raises(StoreError, match=r"older Tallymark .*version 1.*Start a recipe"):
        Store.open(url, read_only=True)


def test_a_file_is_copied_before_it_is_changed_and_the_copy_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "t.db"
    first_version(str(path))
    with caplog.at_level(logging.WARNING):
        Store.open(path).close()
    [copy] = tmp_path.glob("t.db.version-1-*")
    assert str(copy) in caplog.text
    assert copy.stat().st_mode & 0o777 == 0o600
    connection = sqlite3.connect(copy)
    assert connection.execute("SELECT schema_version FROM database").fetchone() == (1,)
    connection.close()


def test_a_step_that_fails_changes_nothing(
    places: Callable[[], URL], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = places()
    first_version(url)

    def fail(op: Any) -> None:
        op.create_table("half", Column("id", Integer))
        raise RuntimeError("a step failed")

    with monkeypatch.context() as patched:
        patched.setattr("tallymark.store.migrations.v0002.upgrade", fail)
        with pytest.raises(RuntimeError, match="a step failed"):
            Store.open(url)
    with connected(url) as connection:
        assert "half" not in inspect(connection).get_table_names()
    Store.open(url).close()


def test_many_that_start_at_once_change_it_once(postgresql: PostgreSQL) -> None:
    from concurrent.futures import ThreadPoolExecutor

    url = postgresql.new()
    first_version(url)
    with ThreadPoolExecutor(4) as pool:
        for store in pool.map(lambda _: Store.open(url), range(4)):
            store.close()
    with psycopg.connect(url) as mine:
        assert mine.execute("SELECT schema_version FROM tallymark.database").fetchone() == (SCHEMA_VERSION,)
