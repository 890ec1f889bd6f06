"""JSONL: one JSON object a line. Blank lines are no rows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tallymark.errors import SourceError
from tallymark.hashing import PRIVATE_KEYS
from tallymark.jsontext import loads_noting
from tallymark.loaders import loader, open_source
from tallymark.loaders.lines import MAX_LINE, Line, lines
from tallymark.source import Row, Start
from tallymark.stream import Stream, remembered

__all__ = ["JSONL", "read_jsonl", "task_of"]


@loader(".jsonl", ".ndjson", name="jsonl")
def read_jsonl(path: Path, *, start: Start | None = None) -> Iterator[Row]:
    """A row for every line that is not blank; what is no JSON object is an invalid one."""
    ordinal = 0 if start is None else start.ordinal
    name = path.name
    for line in lines(path, start=start):
        if line.data is not None and (not line.data or line.data.isspace()):
            continue
        ordinal += 1
        if ordinal == 1 and line.data is not None and _begins_an_array(line.data):
            raise SourceError(f"{path} is a JSON array, not one object a line. Read it with --loader json.")
        yield _row(line, ordinal, name)


def _begins_an_array(data: bytes) -> bool:
    """Whether the first line is an array of objects, or the beginning of one."""
    text = data.strip()
    return text == b"[" or (text.startswith(b"[") and text[1:].lstrip().startswith(b"{"))


def _row(line: Line, ordinal: int, name: str) -> Row:
    try:
        task, note = _task(line)
    except ValueError as error:
        return Row(ordinal, None, f"{name}:{line.number}: {error}", line.position)
    return Row(ordinal, task, note and f"{name}:{line.number}: {note}", line.position, line.number)


def _task(line: Line) -> tuple[dict[str, Any], str | None]:
    if line.data is None:
        raise ValueError(f"the line is longer than {MAX_LINE // 2**20} MB")
    return task_of(line.data)


def task_of(data: bytes) -> tuple[dict[str, Any], str | None]:
    """The task in a JSON text, and what to know about it. Raises ValueError with the reason."""
    value, repeated = loads_noting(data)
    if not isinstance(value, dict):
        raise ValueError(f"a row is a JSON object; this is {_named(value)}")
    notes = []
    if repeated:
        keys = ", ".join(f'"{key}"' for key in repeated)
        notes.append(f"repeated key {keys}: the last value counts")
    for key in PRIVATE_KEYS:
        if key in value:
            del value[key]
            notes.append(f'the key "{key}" is reserved and was left out')
    return value, "; ".join(notes) or None


def _named(value: Any) -> str:
    if value is None:
        return "null"
    return {list: "a list", str: "a string", bool: "true or false"}.get(type(value), "a number")


class JSONL(Stream):
    """The rows of a JSONL file as an iterator of dicts."""

    def __init__(self, path: str | Path) -> None:
        source = open_source(path, loader="jsonl")
        super().__init__(remembered(source.tasks()), sources=[source], plain=True)
