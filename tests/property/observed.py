"""What the tables of a store say, read past the code under test by a connection of our own."""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

Place = tuple[int, int]


@dataclass
class Observed:
    """One snapshot: rows by their keys."""

    tasks: dict[int, dict[str, Any]] = field(default_factory=dict)
    audiences: dict[int, dict[str, Any]] = field(default_factory=dict)
    assignments: dict[Place, dict[str, Any]] = field(default_factory=dict)
    seats: dict[int, dict[str, Any]] = field(default_factory=dict)
    answers: dict[Place, list[dict[str, Any]]] = field(default_factory=dict)
    drafts: dict[Place, dict[str, Any]] = field(default_factory=dict)
    quarantined: list[tuple[str, str, str]] = field(default_factory=list)
    fates: dict[int, dict[int, str]] = field(default_factory=dict)
    sources: dict[int, dict[str, Any]] = field(default_factory=dict)
    dataset: dict[str, Any] = field(default_factory=dict)
    returned: list[int] = field(default_factory=list)

    def opened(self) -> set[int]:
        """Tasks that were opened to all."""
        wide = {number for number, row in self.audiences.items() if row["opened"]}
        return {number for number, row in self.tasks.items() if row["audience"] in wide}

    def leased(self) -> set[Place]:
        return {place for place, each in self.assignments.items() if each["state"] == "leased"}


def observe(place: Path | str, dataset: int) -> Observed:
    """Look at an SQLite file, or a PostgreSQL database by its URL."""
    if isinstance(place, Path):
        return _of_file(place, dataset)
    with psycopg.connect(place, row_factory=dict_row) as connection:
        connection.execute("SET search_path TO tallymark")
        return _observed(lambda sql: connection.execute(_percent(sql).encode(), {"dataset": dataset}))


def _percent(sql: str) -> str:
    return sql.replace(":dataset", "%(dataset)s")


def _of_file(path: Path, dataset: int) -> Observed:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("BEGIN")
        return _observed(lambda sql: connection.execute(sql, {"dataset": dataset}))
    finally:
        connection.close()


def _observed(ask: Callable[[str], Iterable[Any]]) -> Observed:
    def rows(sql: str) -> list[dict[str, Any]]:
        return [dict(row) for row in ask(sql)]

    seen = Observed()
    seen.dataset = rows("SELECT * FROM dataset WHERE id = :dataset")[0]
    seen.tasks = {row["id"]: row for row in rows("SELECT * FROM task WHERE dataset = :dataset")}
    seen.audiences = {row["id"]: row for row in rows("SELECT * FROM audience WHERE dataset = :dataset")}
    seen.seats = {row["id"]: row for row in rows("SELECT * FROM session WHERE dataset = :dataset")}
    seen.assignments = {
        (row["task"], row["session"]): row
        for row in rows(
            "SELECT a.* FROM assignment a JOIN task t ON t.id = a.task WHERE t.dataset = :dataset"
        )
    }
    for row in rows("SELECT * FROM answer WHERE dataset = :dataset ORDER BY id"):
        seen.answers.setdefault((row["task"], row["session"]), []).append(row)
    seen.drafts = {
        (row["task"], row["session"]): row
        for row in rows("SELECT d.* FROM draft d JOIN task t ON t.id = d.task WHERE t.dataset = :dataset")
    }
    seen.quarantined = [
        (row["op_id"], seen.seats[row["session"]]["token"], row["task_id"])
        for row in rows("SELECT op_id, session, task_id FROM quarantine")
    ]
    seen.returned = [row["task"] for row in rows("SELECT task FROM returned WHERE dataset = :dataset")]
    seen.sources = {row["id"]: row for row in rows("SELECT * FROM source WHERE dataset = :dataset")}
    for row in rows("SELECT f.* FROM row_fate f JOIN source s ON s.id = f.source WHERE s.dataset = :dataset"):
        fates = seen.fates.setdefault(row["source"], {})
        for ordinal in range(row["first"], row["last"] + 1):
            assert ordinal not in fates, f"row {ordinal} of source {row['source']} has two fates"
            fates[ordinal] = row["fate"]
    return seen
