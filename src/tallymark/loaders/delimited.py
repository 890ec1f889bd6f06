"""CSV and TSV: a header, then one row a record. Fields may hold line breaks inside quotation marks.

The columns `text`, `label` and `meta` are known in any case; every other column is kept by its name.
"""

import csv
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tallymark.errors import SourceError
from tallymark.hashing import PRIVATE_KEYS
from tallymark.loaders import format_suffix, loader, open_source
from tallymark.loaders.lines import Line, lines
from tallymark.source import Position, Row, Start
from tallymark.stream import Stream, remembered

__all__ = ["CSV", "read_csv", "read_tsv"]

MAX_RECORD = 16 * 1024 * 1024
"""A longer record is taken for one with a missing quotation mark."""

_KNOWN_COLUMNS = ("text", "label", "meta")
_TEXT_COLUMNS = (
    *("content", "body", "sentence", "comment", "review", "description", "message", "tweet", "abstract"),
    *("headline", "title", "question", "document", "utterance", "query"),
)
_DELIMITERS = (",", ";", "\t")
_TAB_SUFFIXES = (".tsv", ".tab")


def _check(path: Path, input_key: str | None) -> None:
    """Refuse a file whose header cannot be used, before anything is read."""
    header = _Records(lines(path), "\t" if format_suffix(path) in _TAB_SUFFIXES else None).header(path)
    if header and input_key is not None and input_key not in header:
        raise SourceError(
            f'{path.name} has no column "{input_key}". Its columns are {", ".join(header)}. The first line '
            f"has to name the columns. Say which one is the text, such as: --text-key {_likely_text(header)}"
        )


def _likely_text(header: list[str]) -> str:
    """The column to propose as the text."""
    return next((name for name in header if name.lower() in _TEXT_COLUMNS), header[-1])


@loader(".tsv", ".tab", name="tsv", check=_check)
def read_tsv(path: Path, *, start: Start | None = None) -> Iterator[Row]:
    """As `read_csv`, with tabs between the columns."""
    return _rows(path, start, "\t")


@loader(".csv", name="csv", check=_check)
def read_csv(path: Path, *, start: Start | None = None) -> Iterator[Row]:
    """A row for every record after the header; one with another number of columns is invalid.

    Columns are parted by commas; where the header has none, by semicolons or tabs.
    """
    return _rows(path, start, "\t" if format_suffix(path) in _TAB_SUFFIXES else None)


def _rows(path: Path, start: Start | None, delimiter: str | None) -> Iterator[Row]:
    records = _Records(lines(path), delimiter)
    header = records.header(path)
    ordinal = 0
    if start is not None:
        records = _Records(lines(path, start=start), records.delimiter)
        ordinal = start.ordinal
    for record in records:
        ordinal += 1
        yield _row(record, header, ordinal, path.name)


def _row(record: "_Record", header: list[str], ordinal: int, name: str) -> Row:
    problem = record.problem
    if problem is None and len(record.fields) != len(header):
        problem = f"{len(record.fields)} columns where the header has {len(header)}"
    if problem is None and any(map(_has_bad_bytes, record.fields)):
        problem = "not UTF-8"
    if problem is not None:
        return Row(ordinal, None, f"{name}:{record.line}: {problem}", record.position)
    task = _task(dict(zip(header, record.fields, strict=True)))
    return Row(ordinal, task, None, record.position, record.line)


def _task(values: dict[str, str]) -> dict[str, Any]:
    task: dict[str, Any] = dict(values)
    for key in ("label", "meta"):
        if not task.get(key, True):
            del task[key]
    if "meta" in task:
        task["meta"] = {"meta": task["meta"]}
    return task


def _has_bad_bytes(field: str) -> bool:
    return not field.isascii() and any("\udc80" <= character <= "\udcff" for character in field)


class _Record:
    """The fields of one record or the problem with it, its first line, and the position after it."""

    __slots__ = ("fields", "line", "position", "problem")

    def __init__(self, fields: list[str], problem: str | None, line: int, position: Position | None) -> None:
        self.fields = fields
        self.problem = problem
        self.line = line
        self.position = position


class _Records:
    """Records of lines. After a broken one, reading goes on with the line after its first."""

    def __init__(self, source: Iterator[Line], delimiter: str | None = None) -> None:
        self.delimiter = delimiter or ","
        self._given = delimiter is not None
        self._source = source
        self._again: deque[Line] = deque()
        self._taken: list[Line] = []
        self._size = 0

    def header(self, path: Path) -> list[str]:
        """The column names; empty for an empty file."""
        first = next(self._source, None)
        if first is None:
            return []
        if not self._given and first.data is not None and b"," not in first.data:
            self.delimiter = next((mark for mark in _DELIMITERS if mark.encode() in first.data), ",")
        self._again.append(first)
        record = next(iter(self), None)
        if record is None:
            return []
        if record.problem is not None or any(map(_has_bad_bytes, record.fields)):
            raise SourceError(f"The header of {path.name} cannot be read: {record.problem or 'not UTF-8'}.")
        names = [_column(name) for name in record.fields]
        reserved = [name for name in names if name in PRIVATE_KEYS]
        if reserved:
            raise SourceError(f"The header of {path.name} has the reserved name {reserved[0]}; rename it.")
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise SourceError(f"The header of {path.name} names a column twice: {', '.join(twice)}.")
        return names

    def __iter__(self) -> Iterator[_Record]:
        csv.field_size_limit(MAX_RECORD)
        reader = csv.reader(self._texts(), delimiter=self.delimiter, strict=True)
        while True:
            self._taken, self._size = [], 0
            try:
                fields = next(reader)
            except StopIteration:
                return
            except (csv.Error, _TooLong) as error:
                yield self._broken(str(error))
                reader = csv.reader(self._texts(), delimiter=self.delimiter, strict=True)
                continue
            if fields:
                last = self._taken[-1]
                yield _Record(fields, None, self._taken[0].number, last.position)

    def _broken(self, problem: str) -> _Record:
        first, *rest = self._taken
        self._again.extendleft(reversed(rest))
        if rest:
            problem = f"a quotation mark that opens here is not closed properly ({problem})"
        return _Record([], problem, first.number, first.position)

    def _texts(self) -> Iterator[str]:
        while True:
            line = self._again.popleft() if self._again else next(self._source, None)
            if line is None:
                return
            self._taken.append(line)
            self._size += len(line.data or b"")
            if line.data is None or self._size > MAX_RECORD:
                raise _TooLong(f"longer than {MAX_RECORD // 2**20} MB")
            yield line.data.decode("utf-8", "surrogateescape")


class _TooLong(Exception):
    pass


def _column(name: str) -> str:
    plain = name.strip()
    return plain.lower() if plain.lower() in _KNOWN_COLUMNS else plain


class CSV(Stream):
    """The records of a CSV file as an iterator of dicts."""

    def __init__(self, path: str | Path) -> None:
        source = open_source(path, loader="csv")
        super().__init__(remembered(source.tasks()), sources=[source], plain=True)
