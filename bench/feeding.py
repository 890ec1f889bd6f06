"""Loading a large file into the queue, against a bare insert: `python bench/feeding.py [rows]`.

`tallymark textcat.manual` loads, hashes, deduplicates and enqueues a JSONL file. The bare insert writes the
rows that came of it into a database of the same schema, indexes and settings (WAL, `synchronous = FULL`), as
many tasks to a commit. Wanted: at least half its rate.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tallymark.channel.find import stop_server
from tallymark.host.feeder import EAGER_TASKS
from tallymark.store import Store

ROWS = 1_000_000
LEAST_RATIO = 0.5
TABLES = ("document", "task", "task_row")


def main() -> int:
    """Print both rates and their ratio; 1 when it is too low."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, database = folder / "source.jsonl", folder / "fed.db"
        write(source, rows)
        fed = feed(folder, source, database)
        bare = insert(database, folder / "bare.db")
    ratio = bare / fed
    print(f"{rows:,} rows: fed in {fed:.1f} s ({rows / fed:,.0f}/s),")
    print(f"bare insert {bare:.1f} s ({rows / bare:,.0f}/s)")
    print(f"ratio {ratio:.2f} (wanted {LEAST_RATIO})")
    return int(ratio < LEAST_RATIO)


def write(path: Path, rows: int) -> None:
    """A file of about 150 bytes a row."""
    with path.open("w") as file:
        for n in range(rows):
            file.write(
                json.dumps({"text": f"Sentence {n} " + "lorem ipsum dolor sit amet " * 4, "n": n}) + "\n"
            )


def feed(folder: Path, source: Path, database: Path) -> float:
    """Seconds from the address being told to the end of the source."""
    settings = {"TALLYMARK_HOME": str(folder), "TALLYMARK_DATABASE": str(database), "TALLYMARK_OPEN": "false"}
    command = [
        sys.executable,
        "-u",
        "-m",
        "tallymark",
        "textcat.manual",
        "bench",
        str(source),
        "--label",
        "A,B",
    ]
    host = subprocess.Popen(
        [*command, "--port", "0"],
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert host.stdout is not None
        began = 0.0
        for line in host.stdout:
            if "Annotate at" in line:
                began = time.perf_counter()
            if "Read through" in line:
                return time.perf_counter() - began
        raise SystemExit("the recipe ended early")
    finally:
        host.send_signal(signal.SIGINT)
        host.wait(60)
        stop_server(database)


def insert(fed: Path, path: Path) -> float:
    """Seconds to write the rows of one database into another of the same kind."""
    Store.open(path).close()
    seconds = 0.0
    with sqlite3.connect(fed) as source, sqlite3.connect(path, isolation_level=None) as target:
        target.execute("PRAGMA synchronous = FULL")
        for table in ("dataset", "run", "source", "row_fate"):
            copy(source, target, table)
        pages = {table: parts(source, table) for table in TABLES}
        while any(batch := {table: next(page, []) for table, page in pages.items()}.values()):
            started = time.perf_counter()
            target.execute("BEGIN IMMEDIATE")
            for table, rows in zip(TABLES, batch, strict=True):
                put(target, table, rows)
            target.execute("COMMIT")
            seconds += time.perf_counter() - started
    return seconds


def parts(source: sqlite3.Connection, table: str) -> Iterator[list[tuple[object, ...]]]:
    """The rows of a table, as many at a time as the feeder sends."""
    rows = source.execute(f"SELECT * FROM {table}")
    while part := list(islice(rows, EAGER_TASKS)):
        yield part


def copy(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> None:
    """A small table, whole."""
    put(target, table, list(source.execute(f"SELECT * FROM {table}")))


def put(target: sqlite3.Connection, table: str, rows: list[tuple[object, ...]]) -> None:
    """Insert rows."""
    if rows:
        target.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(rows[0]))})", rows)


if __name__ == "__main__":
    sys.exit(main())
