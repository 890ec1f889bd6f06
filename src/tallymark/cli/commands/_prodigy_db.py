"""The database of a Prodigy installation, for reading: datasets, sessions and the examples linked to them."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tallymark.databases import NO_DRIVER, is_postgresql, libpq_url, shown, without_password
from tallymark.errors import InputError, SourceError

__all__ = ["Example", "Named", "ProdigyDatabase", "open_prodigy"]

_TABLES = ("dataset", "example", "link")
_OTHER_TABLES = (
    "Its tables are not those of Prodigy. If Prodigy reads it all the same, export each dataset with"
    " `prodigy db-out` and import the file with `tallymark db-in`."
)
_PART = 1000

_NAMED = """
    SELECT d.id, d.name, d.created, d.session IS TRUE, count(l.id)
    FROM dataset d LEFT JOIN link l ON l.dataset_id = d.id
    GROUP BY d.id, d.name, d.created, d.session ORDER BY d.id
"""
_LOST = """
    SELECT count(*) FROM link l
    WHERE l.dataset_id = {} AND NOT EXISTS (SELECT 1 FROM example e WHERE e.id = l.example_id)
"""
_APART = """
    SELECT count(*) FROM example e WHERE NOT EXISTS (
        SELECT 1 FROM link l JOIN dataset d ON d.id = l.dataset_id
        WHERE l.example_id = e.id AND d.session IS NOT TRUE)
"""
_EXAMPLES = """
    SELECT e.id, e.input_hash, e.task_hash, e.content, s.name, s.created
    FROM link l JOIN example e ON e.id = l.example_id
    LEFT JOIN (
        SELECT k.example_id, min(k.dataset_id) AS dataset_id
        FROM link k JOIN dataset d ON d.id = k.dataset_id
        WHERE d.session IS TRUE AND k.dataset_id <> {}
          AND k.example_id IN (SELECT example_id FROM link WHERE dataset_id = {})
        GROUP BY k.example_id
    ) o ON o.example_id = e.id
    LEFT JOIN dataset s ON s.id = o.dataset_id
    WHERE l.dataset_id = {} ORDER BY l.id
"""


@dataclass(frozen=True, slots=True)
class Named:
    """A dataset or a session: both have a name and examples."""

    id: int
    name: str
    created: float | None
    session: bool
    examples: int


@dataclass(frozen=True, slots=True)
class Example:
    """One stored answer; `session` and when that began, if it is linked to one."""

    id: int
    input_hash: int | None
    task_hash: int | None
    content: bytes | str
    session: str | None
    session_created: float | None


class _Reader(Protocol):
    """How each database is asked: one row after the other, in constant memory."""

    def rows(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]: ...


@dataclass(frozen=True, slots=True)
class ProdigyDatabase:
    """An open database; everything is read from one snapshot."""

    reader: _Reader

    def named(self) -> list[Named]:
        """All datasets and sessions, in the order they were made."""
        return [
            Named(key, str(name), _seconds(created), bool(session), links)
            for key, name, created, session, links in self.reader.rows(_NAMED)
        ]

    def examples(self, named: Named) -> Iterator[Example]:
        """The examples of a dataset, in the order they were stored."""
        for row in self.reader.rows(_EXAMPLES, (named.id,) * 3):
            key, input_hash, task_hash, content, session, created = row
            text = content if isinstance(content, str) else bytes(content or b"")
            yield Example(key, input_hash, task_hash, text, session, _seconds(created))

    def lost(self, named: Named) -> int:
        """Links of a dataset to examples that are no longer there."""
        return int(next(self.reader.rows(_LOST, (named.id,)))[0])

    def apart(self) -> int:
        """Examples that are in no dataset, or in sessions alone."""
        return int(next(self.reader.rows(_APART))[0])


@contextmanager
def open_prodigy(where: str) -> Iterator[ProdigyDatabase]:
    """Open a `prodigy.db`, the folder it is in, or a URL of PostgreSQL; nothing in it is changed.

    Errors: `SourceError` for what cannot be opened or is no such database.
    """
    if is_postgresql(where):
        with _postgresql(libpq_url(where)) as reader:
            yield ProdigyDatabase(reader)
    elif "://" in where and not where.startswith("sqlite:///"):
        raise SourceError(
            f"{shown(where)}: an SQLite file or a postgresql:// URL can be read. From another database,"
            " export each dataset with `prodigy db-out` and import the file with `tallymark db-in`."
        )
    else:
        with _sqlite(Path(where.removeprefix("sqlite:///")).expanduser()) as reader:
            yield ProdigyDatabase(reader)


@dataclass(frozen=True, slots=True)
class _SQLite:
    connection: sqlite3.Connection

    def rows(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        yield from self.connection.execute(query.replace("{}", "?"), values)


@contextmanager
def _sqlite(path: Path) -> Iterator[_SQLite]:
    path = path / "prodigy.db" if path.is_dir() else path
    if not path.is_file():
        raise SourceError(
            f"{path}: there is no such file. It is called prodigy.db, in ~/.prodigy if not elsewhere."
        )
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            connection.isolation_level = None
            connection.execute("BEGIN")
            found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            _check_tables(str(path), found)
            yield _SQLite(connection)
    except sqlite3.DatabaseError as error:
        raise SourceError(f"{path}: {_reason(error)}") from error


def _reason(error: sqlite3.DatabaseError) -> str:
    """What is wrong with a file, and what to do."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code == sqlite3.SQLITE_NOTADB:
        return "this is no SQLite database. It is called prodigy.db, in ~/.prodigy if not elsewhere."
    if code == sqlite3.SQLITE_CORRUPT:
        return (
            f"the file is damaged ({error}). What stands before the damage was imported. Import a backup, or"
            " what `sqlite3 prodigy.db .recover | sqlite3 recovered.db` saves; what is here already is known."
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return (
            f"another program is writing to it ({error}). End Prodigy, or import a copy of the file; what is "
            "imported already is known then."
        )
    if "no such column" in str(error):
        return f"{error}. {_OTHER_TABLES}"
    return f"it cannot be read as an SQLite database: {error}"


@dataclass(frozen=True, slots=True)
class _PostgreSQL:
    connection: Any

    def rows(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        with self.connection.cursor(name="tallymark_import") as cursor:
            cursor.itersize = _PART
            yield from cursor.execute(query.replace("{}", "%s"), values)


@contextmanager
def _postgresql(url: str) -> Iterator[_PostgreSQL]:
    try:
        import psycopg
    except ImportError as error:
        raise InputError(NO_DRIVER) from error
    try:
        with psycopg.connect(url) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            rows = connection.execute("SELECT table_name FROM information_schema.tables").fetchall()
            _check_tables(shown(url), {row[0] for row in rows})
            yield _PostgreSQL(connection)
    except psycopg.errors.UndefinedColumn as error:
        raise SourceError(f"{shown(url)}: {error.diag.message_primary}. {_OTHER_TABLES}") from error
    except psycopg.Error as error:
        raise SourceError(f"{shown(url)}: {without_password(str(error).strip(), url)}") from error


def _check_tables(where: str, found: set[str]) -> None:
    missing = [name for name in _TABLES if name not in found]
    if missing:
        raise SourceError(
            f"{where}: this is no database of Prodigy; it has no table {' and no table '.join(missing)}."
        )


def _seconds(created: object) -> float | None:
    return float(created) if isinstance(created, int | float) and not isinstance(created, bool) else None
