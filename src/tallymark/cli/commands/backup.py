"""`tallymark backup` and `tallymark restore`: the whole database as one file, and back."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tallymark.cli.catalog import command
from tallymark.cli.commands._terminal import ask, console, shown_progress
from tallymark.errors import Busy, InputError, StoreError
from tallymark.recipe import Arg

if TYPE_CHECKING:
    from tallymark.config import Settings

__all__ = ["backup", "restore"]

PAGES = 2_000
"""So many pages (of 4 kB) are copied at a time; others may write between."""


@command("backup", file=Arg(help="File to write, or a folder for one that is named by the time."))
def backup(file: str, *, settings: "Settings") -> None:
    """Copy the whole database into one file, while people annotate.

    The copy is of one moment, checked, and can be restored or used as a database itself.
    """
    from tallymark.cli.commands._database import reading_store

    database = _file_of(settings, "pg_dump --format=custom --file=FILE")
    with reading_store(settings):
        path = _target(file, database)
        partial = path.with_name(path.name + ".part")
        try:
            with _closing_both(database, partial) as (source, target):
                _copy(source, target)
            _check(partial)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
            partial.with_name(partial.name + "-journal").unlink(missing_ok=True)
    console(stderr=True).print(f"{path}: {path.stat().st_size / 1e6:,.1f} MB, checked.")


@command(
    "restore",
    file=Arg(help="File that `tallymark backup` wrote."),
    yes=Arg("--yes", "-y", help="Do not ask."),
)
def restore(file: str, yes: bool = False, *, settings: "Settings") -> int:
    """Put a backup in the place of the database. What is there now is kept beside it.

    Answers given since the backup are in the kept file only. Recipes and their server have to be stopped.
    """
    from tallymark.channel.locks import LockHeld, server_lock, take

    database = _file_of(settings, "pg_restore --clean --if-exists --dbname=URL FILE")
    source = Path(file).expanduser()
    if not source.is_file():
        raise InputError(f"There is no file {source}.")
    _check(source)
    if database.exists() and source.samefile(database):
        raise InputError(f"{source} is the database itself.")
    kept = database.with_name(f"{database.name}.before-{time.strftime('%Y%m%d-%H%M%S')}")
    what = f"Put {source} in the place of {database}" + (
        f" (kept as {kept.name})?" if database.exists() else "?"
    )
    if not yes and not ask(what, otherwise="--yes"):
        print("Nothing was changed.")
        return 1
    try:
        lock = take(server_lock(database))
    except LockHeld as error:
        raise Busy(f"{database} is in use by {error.holder}. Stop it first, then restore.") from error
    with lock:
        _replace(source, database, kept)
    console(stderr=True).print(
        f"{database} is what {source} was." + (f" Before: {kept}" if kept.exists() else "")
    )
    return 0


def _target(file: str, database: Path) -> Path:
    path = Path(file).expanduser()
    if path.is_dir() or file.endswith("/"):
        path = path / f"{database.stem}-{time.strftime('%Y%m%d-%H%M%S')}.db"
    if path.exists():
        raise InputError(f"{path} is there already. Name another file.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name(path.name + ".part").touch(mode=0o600)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}. Name another file.") from error
    return path


def _replace(source: Path, database: Path, kept: Path) -> None:
    """First a whole copy beside the database, then two renames: at no moment is there half a database."""
    new = database.with_name(database.name + ".restored")
    database.parent.mkdir(parents=True, exist_ok=True)
    try:
        with _closing_both(source, new) as (there, here):
            _copy(there, here)
        if database.exists():
            _fold_in_log(database)
            database.replace(kept)
        new.replace(database)
    finally:
        new.unlink(missing_ok=True)


def _fold_in_log(database: Path) -> None:
    """Bring what lies in the write-ahead log into the file, so that it is whole by itself."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)


@contextmanager
def _closing_both(source: Path, target: Path) -> Iterator[tuple[sqlite3.Connection, sqlite3.Connection]]:
    try:
        with closing(_reading(source)) as there, closing(sqlite3.connect(target)) as here:
            yield there, here
    except sqlite3.Error as error:
        raise StoreError(f"{source} cannot be copied to {target}: {error}.") from error


def _copy(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """One moment of the source: it is read in one transaction, so that writers do not start it anew."""
    source.execute("BEGIN")
    total = source.execute("PRAGMA page_count").fetchone()[0]
    source.execute("SELECT count(*) FROM database").fetchone()
    with shown_progress("Copying", total=total) as advance:
        source.backup(target, pages=PAGES, progress=lambda _code, _left, _all: advance(PAGES))
    target.execute("PRAGMA journal_mode = DELETE")


def _file_of(settings: "Settings", tool: str) -> Path:
    """The file of the database. Errors: `InputError` for PostgreSQL, which has tools of its own."""
    from tallymark.databases import DatabaseUrl, place_of

    place = place_of(settings.database_url)
    if isinstance(place, DatabaseUrl):
        raise InputError(f"{place} is on PostgreSQL, which has a tool of its own for this: {tool}")
    return place


def _check(path: Path) -> None:
    """Whether a file is a sound database of ours. Errors: `StoreError`."""
    from tallymark.queue import audit
    from tallymark.store import Store

    store = Store.open(path, read_only=True)
    try:
        with closing(_reading(path)) as connection:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise StoreError(f"{path} is damaged: {verdict}. Take another copy.")
        with store.reading() as tx:
            broken = [found["name"] for found in audit.invariants(tx) if found["broken"]]
    finally:
        store.close()
    if broken:
        raise StoreError(f"{path} is not sound: its books are wrong in {', '.join(broken)}.")


def _reading(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
