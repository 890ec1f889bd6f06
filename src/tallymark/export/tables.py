"""JSONL and CSV."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tallymark import jsontext
from tallymark.export import Notes, exporter
from tallymark.types import Task

__all__ = ["write_csv", "write_jsonl"]

FIRST = ("text", "label", "accept", "spans", "answer")
"""Columns that come first, in this order, where there are any."""


@exporter("jsonl", suffix=".jsonl")
def write_jsonl(records: Iterable[Task], path: Path, notes: Notes) -> int:  # noqa: ARG001  (nothing is lost)
    """One JSON object a line, as `db-out` writes it."""
    number = 0
    with path.open("w", encoding="utf-8") as file:
        for record in records:
            file.write(jsontext.dumps(record) + "\n")
            number += 1
    return number


@exporter("csv", suffix=".csv")
def write_csv(records: Iterable[Task], path: Path, notes: Notes) -> int:
    """One row a record, with the columns of the first one; what is no text or number is written as JSON.

    Tokens are left out. Keys that the first record does not have are noted, and so are texts that a
    spreadsheet would take for a formula: they are written as they are.
    """
    number = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        columns: list[str] = []
        writer = csv.writer(file)
        for record in records:
            if not columns:
                columns = _columns(record)
                writer.writerow(columns)
            for key in record.keys() - set(columns) - {"tokens"}:
                notes.mention(f'left out "{key}", which the first record does not have')
            writer.writerow([_cell(record.get(column), notes) for column in columns])
            number += 1
    return number


def _columns(record: Task) -> list[str]:
    first = [key for key in FIRST if key in record]
    return [*first, *(key for key in record if key not in first and key != "tokens")]


def _cell(value: Any, notes: Notes) -> Any:
    if value is None:
        return ""
    if isinstance(value, str):
        if value.startswith(("=", "+", "-", "@", "\t", "\r")):
            notes.mention("a cell that a spreadsheet may take for a formula; import such columns as text")
        return value
    return value if isinstance(value, int | float) and not isinstance(value, bool) else jsontext.dumps(value)
