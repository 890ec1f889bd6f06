"""Exporters: functions that write answered records in a format that other programs read.

    @exporter("csv", suffix=".csv")
    def write_csv(records: Iterable[Task], path: Path, notes: Notes) -> int: ...

An exporter writes in one pass and constant memory, gives how many records it wrote, and notes what the format
cannot hold. Installed packages add theirs under the entry point group `tallymark_exporters`.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tallymark import jsontext
from tallymark.registry import Registry
from tallymark.types import Task

__all__ = ["Exporter", "Notes", "exporter", "exporters", "whole"]


@dataclass(slots=True)
class Notes:
    """What people should know of a file: what the format could not hold, and how often."""

    mentions: Counter[str] = field(default_factory=Counter)

    def mention(self, what: str) -> None:
        """Count one such case."""
        self.mentions[what] += 1


def whole(records: Iterable[Task], notes: Notes) -> Iterator[Task]:
    """The records without halves of characters (lone surrogates), which no UTF-8 file can hold; noted."""
    for record in records:
        if "\\ud" in jsontext.dumps(record):  # only those are escaped in it, or a text that names one
            mended = _mended(record)
            if mended != record:
                notes.mention("a record with halves of characters, which are written as “\ufffd”")
            yield mended
        else:
            yield record


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return value


_HALF = re.compile("[\ud800-\udfff]")

Write = Callable[[Iterable[Task], Path, Notes], int]
Function = TypeVar("Function", bound=Write)


@dataclass(frozen=True, slots=True)
class Exporter:
    """A registered exporter."""

    name: str
    suffix: str
    write: Write


exporters: Registry[Exporter] = Registry("export format", group="tallymark_exporters")


def exporter(name: str, *, suffix: str) -> Callable[[Function], Function]:
    """Register an exporter under the name of its format and the extension of its files."""

    def register(function: Function) -> Function:
        exporters.add(name, Exporter(name, suffix, function))
        return function

    return register


from tallymark.export import iob, spacy_docs, tables  # noqa: E402, F401  (they register themselves)
