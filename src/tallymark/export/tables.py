"""JSONL and CSV."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from tallymark import jsontext
from tallymark.export import Notes, exporter, whole
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
    """One row a record, with a column for every key there is; what is no text or number is written as JSON.

    Tokens are left out. Texts that a spreadsheet would take for a formula are noted, and written as they are.
    The rows wait in a file beside it until all columns are known.
    """
    columns: dict[str, int] = {}
    number = 0
    with TemporaryFile("w+", encoding="ascii", dir=path.parent) as waiting:
        for record in whole(records, notes):
            for key in record:
                if key != "tokens":
                    columns.setdefault(key, len(columns))
            cells = [_cell(record[key], notes) if key in record else "" for key in columns]
            waiting.write(json.dumps(cells) + "\n")
            number += 1
        waiting.seek(0)
        with path.open("w", encoding="utf-8", newline="") as file:
            _write_rows(csv.writer(file), columns, map(json.loads, waiting))
    return number


def _write_rows(writer: Any, columns: dict[str, int], rows: Iterable[list[Any]]) -> None:
    """The header and the rows, whose cells stand in the order in which columns were met."""
    order = sorted(columns, key=lambda key: FIRST.index(key) if key in FIRST else len(FIRST))
    if order:
        writer.writerow(order)
    for row in rows:
        cells = row + [""] * (len(columns) - len(row))
        writer.writerow([cells[columns[key]] for key in order])


def _cell(value: Any, notes: Notes) -> Any:
    if value is None:
        return ""
    if isinstance(value, str):
        if value.startswith(("=", "+", "-", "@", "\t", "\r")):
            notes.mention("a cell that a spreadsheet may take for a formula; import such columns as text")
        return value
    return value if isinstance(value, int | float) and not isinstance(value, bool) else jsontext.dumps(value)
