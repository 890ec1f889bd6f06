"""Compare an export with the counted answers of a dataset, in constant memory.

Both sides go into a temporary table as short digests, and the database does the rest. Two records say the
same when everything but their time is equal; they are about the same question when session and hashes are.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import orjson

from tallymark.types import Task

__all__ = ["SHOWN", "Comparison", "compare"]

SHOWN = 20
FILE, DATASET = 0, 1

_TABLE = (
    "CREATE TABLE record (side INTEGER, question BLOB, said BLOB, time INTEGER, session TEXT,"
    " task_hash INTEGER, place INTEGER)"
)
_GROUPS = """
    CREATE TABLE saying AS
    SELECT question, said, session, max(task_hash) AS task_hash,
           count(CASE WHEN side = 0 THEN 1 END) AS file, count(CASE WHEN side = 1 THEN 1 END) AS dataset,
           max(CASE WHEN side = 0 THEN place END) AS place
      FROM record GROUP BY question, said
"""
_QUESTIONS = """
    CREATE TABLE asked AS
    SELECT question, session, task_hash,
           sum(CASE WHEN file < dataset THEN file ELSE dataset END) AS same,
           sum(CASE WHEN dataset > file THEN dataset - file ELSE 0 END) AS only_dataset,
           sum(CASE WHEN dataset = 0 THEN 1 ELSE 0 END) AS only_file,
           sum(CASE WHEN dataset > 0 AND file > dataset THEN file - dataset
                    WHEN dataset = 0 THEN file - 1 ELSE 0 END) AS doubled,
           max(CASE WHEN file > dataset THEN place END) AS place
      FROM saying GROUP BY question
"""
_TOTALS = """
    SELECT coalesce(sum(same), 0), coalesce(sum(doubled), 0),
           coalesce(sum(min(only_file, only_dataset)), 0),
           coalesce(sum(only_dataset - min(only_file, only_dataset)), 0),
           coalesce(sum(only_file - min(only_file, only_dataset)), 0) FROM asked
"""
_SAME_TIME = """
    SELECT coalesce(sum(min(file, dataset)), 0) FROM (
        SELECT count(CASE WHEN side = 0 THEN 1 END) AS file, count(CASE WHEN side = 1 THEN 1 END) AS dataset
          FROM record GROUP BY question, said, time)
"""
_REPEATS = """
    SELECT session, sum(max(file, 1) - 1) AS file, sum(max(dataset, 1) - 1) AS dataset FROM saying
     WHERE file > 1 OR dataset > 1 GROUP BY session ORDER BY session
"""
_WHERE = {
    "missing": "only_dataset > only_file",
    "extra": "only_file > only_dataset",
    "changed": "only_file > 0 AND only_dataset > 0",
    "doubled": "doubled > 0",
}


@dataclass(slots=True)
class Comparison:
    """How many records of a file are counted answers, and what differs, with the first of each kind.

    `repeats` by session: answers that say the same as another one of the same session to the same question.
    """

    file: int = 0
    dataset: int = 0
    same: int = 0
    other_time: int = 0
    missing: int = 0
    extra: int = 0
    changed: int = 0
    doubled: int = 0
    repeats: list[dict[str, Any]] = field(default_factory=list)
    examples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether the file holds exactly the counted answers."""
        return not (self.missing or self.extra or self.changed or self.doubled)


def compare(file: Iterable[tuple[int, Task]], dataset: Iterable[Task]) -> Comparison:
    """Compare the records of a file, each with its row, and the counted answers of a dataset."""
    found = Comparison()
    with closing(sqlite3.connect("", isolation_level=None)) as temporary:
        temporary.execute("PRAGMA journal_mode = OFF")
        temporary.execute(_TABLE)
        temporary.execute("BEGIN")
        found.file = _put(temporary, FILE, file)
        found.dataset = _put(temporary, DATASET, enumerate(dataset, 1))
        temporary.execute(_GROUPS)
        temporary.execute(_QUESTIONS)
        totals = temporary.execute(_TOTALS).fetchone()
        found.same, found.doubled, found.changed, found.missing, found.extra = totals
        found.other_time = found.same - temporary.execute(_SAME_TIME).fetchone()[0]
        found.repeats = _rows(temporary, _REPEATS)
        for kind, where in _WHERE.items():
            if getattr(found, kind):
                sql = f"SELECT session, task_hash, place AS row FROM asked WHERE {where}"  # noqa: S608
                found.examples[kind] = _rows(temporary, f"{sql} ORDER BY place, rowid LIMIT {SHOWN}")
    return found


def _put(temporary: sqlite3.Connection, side: int, records: Iterable[tuple[int, Task]]) -> int:
    count = 0

    def values() -> Iterator[tuple[Any, ...]]:
        nonlocal count
        for place, record in records:
            count += 1
            yield (side, *_digests(record), place)

    temporary.executemany("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?)", values())
    return count


def _digests(record: Task) -> tuple[bytes, bytes, int | None, str | None, int]:
    """Question, what was said, when, by whom, and the task hash of a record."""
    from tallymark.hashing import set_hashes, without_private

    hashed = record if "_input_hash" in record and "_task_hash" in record else set_hashes(dict(record))
    session = record.get("_session_id")
    asked = [session, hashed["_input_hash"], hashed["_task_hash"]]
    said = {key: value for key, value in without_private(record).items() if key != "_timestamp"}
    time = record.get("_timestamp")
    seconds = int(time) if isinstance(time, int | float) and abs(time) < 2**53 else None
    name = None if session is None else _stored(str(session))
    return _digest(asked), _digest(said), seconds, name, hashed["_task_hash"]


def _digest(value: Any) -> bytes:
    """A digest of a value, whatever the order of its keys."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # integers beyond 64 bits, lone surrogates
        text = json.dumps(value, sort_keys=True).encode()
    return blake2b(text, digest_size=16).digest()


def _stored(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _rows(temporary: sqlite3.Connection, sql: str) -> list[dict[str, Any]]:
    cursor = temporary.execute(sql)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
