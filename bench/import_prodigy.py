"""Seconds to bring a Prodigy database here: `python bench/import_prodigy.py [examples]`.

A `prodigy.db` with one dataset and five sessions is made and imported. Wanted: 200,000 examples in less than
60 s, as many answers here as examples there, and a second import that adds none.
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from commands import record
from tallymark.hashing import IDENTITY_KEY, set_hashes

EXAMPLES, MOST_SECONDS = 200_000, 60.0
SESSIONS = 5
TABLES = """
    CREATE TABLE dataset (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL,
        created INTEGER NOT NULL, meta BLOB NOT NULL, session BOOL NOT NULL);
    CREATE TABLE example (id INTEGER NOT NULL PRIMARY KEY, input_hash BIGINT NOT NULL,
        task_hash BIGINT NOT NULL, content BLOB NOT NULL);
    CREATE TABLE link (id INTEGER NOT NULL PRIMARY KEY, example_id INTEGER NOT NULL,
        dataset_id INTEGER NOT NULL);
    CREATE INDEX link_example_id ON link (example_id);
    CREATE INDEX link_dataset_id ON link (dataset_id);
"""


def main() -> int:
    """Print the figures; 1 when they are not good enough."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLES
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder) / "prodigy.db", count)
        (first, said), (again, said_again) = (run(folder, "import-prodigy", folder) for _ in range(2))
        exported = sum(1 for _ in run(folder, "db-out", "news")[1].splitlines())
    print(said, said_again, sep="\n")
    print(
        f"{count:,} examples: {first:.1f} s (wanted {MOST_SECONDS:.0f}), again {again:.1f} s, {exported} out"
    )
    good = (
        first <= MOST_SECONDS and exported == count and all("adds up" in text for text in (said, said_again))
    )
    return int(not good)


def fill(path: Path, count: int) -> None:
    """A database as Prodigy makes it: each example is in the dataset and in a session."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(TABLES)
        names = [("news", 0), *((f"news-a{n}", 1) for n in range(SESSIONS))]
        connection.executemany(
            "INSERT INTO dataset (name, created, meta, session) VALUES (?, 1600000000, '{}', ?)", names
        )
        for number in range(count):
            example = hashed(number)
            row = (example["_input_hash"], example["_task_hash"], json.dumps(example).encode())
            key = connection.execute(
                "INSERT INTO example (input_hash, task_hash, content) VALUES (?, ?, ?)", row
            ).lastrowid
            links = [(key, 1), (key, number % SESSIONS + 2)]
            connection.executemany("INSERT INTO link (example_id, dataset_id) VALUES (?, ?)", links)
        connection.commit()


def hashed(number: int) -> dict[str, object]:
    """An answered record that was hashed before it was answered."""
    answered = record(number)
    asked = set_hashes({key: answered[key] for key in ("text", "tokens")})
    del asked[IDENTITY_KEY]
    return {**answered, **asked}


def run(folder: str, *arguments: str) -> tuple[float, str]:
    """Seconds of a command, and what it printed. One that fails ends the measurement."""
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "tallymark", *arguments],
        env=os.environ | {"TALLYMARK_HOME": folder},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return time.monotonic() - begun, done.stdout


if __name__ == "__main__":
    sys.exit(main())
