"""JSON: an array of objects, or an object that holds one. Read in constant memory, a row at a time."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from zlib import crc32

from tallymark import jsontext
from tallymark.loaders import loader, open_source
from tallymark.loaders.content import BrokenContent, is_unzipped, open_content
from tallymark.loaders.jsonl import task_of
from tallymark.loaders.lines import first_bytes
from tallymark.source import Position, Row, Start
from tallymark.stream import Stream, remembered

__all__ = ["JSON", "read_json"]

logger = logging.getLogger(__name__)

MAX_ROW = 64 * 1024 * 1024
"""A longer row is taken for one that is not closed."""
READ_BYTES = 1024 * 1024

_SPACE = re.compile(rb"[ \t\r\n]*+")
_MARKS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|"|[{}\[\]]', re.DOTALL)
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_PLAIN = re.compile(rb'[^\s,:"{}\[\]]++')


@loader(".json", name="json")
def read_json(path: Path, *, start: Start | None = None) -> Iterator[Row]:
    """A row for every element of the array; what is no object is an invalid one.

    In an object, the first array of objects is read, and others are logged. A position has the offset after
    an element, and in place of lines how many objects hold the array: 0 or 1.
    """
    with open_content(path, start) as file:
        text = _Text(file, start)
        if start is None:
            text.begin(path)
            found = _enter(text)
            if found is None:
                return
            (name, inside), ordinal = found, 0
        else:
            name, inside, ordinal = None, bool(start.line), start.ordinal
        if start is None or _goes_on(text, ordinal, path):
            yield from _elements(text, ordinal, path, inside=inside)
        _leave(text, inside, name, path)


def _elements(text: "_Text", ordinal: int, path: Path, *, inside: bool) -> Iterator[Row]:
    """The elements up to the end of the array; its bracket, or the comma before, is behind us."""
    if text.peek() == b"]":
        text.skip(1)
        return
    while True:
        ordinal += 1
        element = text.value(f"row {ordinal:,}")
        yield _row(element, ordinal, path, text.position(inside))
        if not _goes_on(text, ordinal, path):
            return


def _row(element: bytes, ordinal: int, path: Path, position: Position) -> Row:
    try:
        task, note = task_of(element)
    except ValueError as error:
        return Row(ordinal, None, f"{path.name}, row {ordinal:,}: {error}", position)
    return Row(ordinal, task, note and f"{path.name}, row {ordinal:,}: {note}", position)


def _goes_on(text: "_Text", ordinal: int, path: Path) -> bool:
    """Whether a further element comes, after one was read; passes the comma or the closing bracket."""
    mark = text.peek()
    if mark == b"":
        raise BrokenContent("the array is not closed")
    if mark not in (b",", b"]"):
        found = text.some()
        raise BrokenContent(f"after row {ordinal:,} a comma or ] is expected, not {found}")
    text.skip(1)
    if mark == b"," and text.peek() == b"]":
        logger.warning("%s: there is a comma after the last row.", path)
        text.skip(1)
        return False
    return mark == b","


def _enter(text: "_Text") -> tuple[str | None, bool] | None:
    """Go to the first row: the key of the array, if it is in an object, and whether it is.

    None when the file is read through, because its arrays are empty.
    """
    mark = text.peek()
    if mark == b"[":
        text.skip(1)
        return None, False
    if mark == b"":
        raise BrokenContent("it is empty; a JSON file holds at least []")
    if mark != b"{":
        raise BrokenContent(f"a JSON array or object is expected, not {text.some()}")
    text.skip(1)
    empty = False
    for key in _keys(text):
        if text.peek() == b"[":
            text.skip(1)
            if text.peek() == b"{":
                return key, True
            if text.peek() == b"]":
                empty = True
            _skip_array(text)
        else:
            text.value(f'"{key}"')
    if text.peek() == b"{":
        raise BrokenContent("one object follows another; that is JSONL: read it with --loader jsonl")
    if not empty:
        raise BrokenContent("it is an object without an array of objects")
    return None


def _keys(text: "_Text") -> Iterator[str]:
    """The keys of an object whose brace, or a value of which, is behind us; each value is to be passed."""
    while (mark := text.peek()) != b"}":
        if mark == b",":
            text.skip(1)
        if text.peek() != b'"':
            raise BrokenContent(f"a key is expected in the outer object, not {text.some()}")
        try:
            key = str(jsontext.loads(text.value("a key")))
        except ValueError as error:
            raise BrokenContent(f"a key of the outer object is broken: {error}") from error
        if text.peek() != b":":
            raise BrokenContent(f'after the key "{key[:40]}" a colon is expected, not {text.some()}')
        text.skip(1)
        yield key
    text.skip(1)


def _skip_array(text: "_Text") -> None:
    """Pass the rest of an array, element by element."""
    while (mark := text.peek()) != b"]":
        if mark == b",":
            text.skip(1)
        text.value("an array that is not read")
    text.skip(1)


def _leave(text: "_Text", inside: bool, name: str | None, path: Path) -> None:
    """Read on to the end of the file; says what of it was not used."""
    if inside:
        for key in _keys(text):
            if text.peek() != b"[":
                text.value(f'"{key}"')
                continue
            text.skip(1)
            if text.peek() == b"{":
                what = f'"{name}"' if name else "the first array"
                logger.warning('%s: the rows are those of %s; "%s" is not read.', path, what, key)
            _skip_array(text)
    if text.peek():
        raise BrokenContent(f"something follows after the end: {text.some()}")


class _Text:
    """The content from some place on, of which only a window is held in memory."""

    def __init__(self, file: BinaryIO, start: Start | None) -> None:
        self._file = file
        self._window = b""
        self._at = 0
        self._before = start.offset if start is not None else 0  # the offset of the window
        self._zipped = is_unzipped(file)
        self._crc = start.crc if start is not None else 0
        self._checked = 0  # so much of the window is in the checksum

    def begin(self, path: Path) -> None:
        """Refuse other formats, and pass a byte order mark."""
        self._more()
        self._at = len(self._window) - len(first_bytes(self._window, path))

    def peek(self) -> bytes:
        """The next byte that is no white space; empty at the end."""
        while True:
            self._at = _SPACE.match(self._window, self._at).end()  # type: ignore[union-attr]  # it always matches
            if self._at < len(self._window) or not self._more():
                return self._window[self._at : self._at + 1]

    def some(self) -> str:
        """What comes next, for a message."""
        if not self.peek():
            return "the end"
        return repr(self._window[self._at : self._at + 20].decode("utf-8", "replace"))

    def skip(self, count: int) -> None:
        """Pass some bytes that were looked at."""
        self._at += count

    def value(self, what: str) -> bytes:
        """The bytes of the next value, by its quotation marks and brackets alone."""
        self.peek()
        while (end := self._end()) is None:
            if len(self._window) - self._at > MAX_ROW:
                raise BrokenContent(f"{what} is not closed, or longer than {MAX_ROW // 2**20} MB")
            if not self._more():
                raise BrokenContent(f"the file ends inside of {what}")
        if end == self._at:
            raise BrokenContent(f"a value is expected for {what}, not {self.some()}")
        found = self._window[self._at : end]
        self._at = end
        return found

    def position(self, inside: bool) -> Position:
        """The place after what was read."""
        offset = self._before + self._at
        if not self._zipped:
            return offset, int(inside)
        self._check()
        return offset, int(inside), self._crc

    def _end(self) -> int | None:
        """Where the next value ends, None when the window does not tell."""
        window, at = self._window, self._at
        first = window[at : at + 1]
        if first == b'"':
            string = _STRING.match(window, at)
            return string.end() if string else None
        if first not in (b"{", b"["):
            plain = _PLAIN.match(window, at)
            end = plain.end() if plain else at
            return end if end < len(window) else None
        depth = 0
        for mark in _MARKS.finditer(window, at):
            byte = window[mark.start()]
            if byte in b"{[":
                depth += 1
            elif byte in b"}]":
                depth -= 1
                if not depth:
                    return mark.end()
            elif mark.end() == mark.start() + 1:
                return None  # a string that the window does not hold to its end
        return None

    def _more(self) -> bool:
        """Read on; the window grows with what has to be held, so that looking again stays cheap."""
        data = self._file.read(max(READ_BYTES, len(self._window) - self._at))
        if data:
            self._check()
            self._before += self._at
            self._window = self._window[self._at :] + data
            self._at = self._checked = 0
        return bool(data)

    def _check(self) -> None:
        if self._zipped:
            self._crc = crc32(memoryview(self._window)[self._checked : self._at], self._crc)
            self._checked = self._at


class JSON(Stream):
    """The rows of a JSON file as an iterator of dicts."""

    def __init__(self, path: str | Path) -> None:
        source = open_source(path, loader="json")
        super().__init__(remembered(source.tasks()), sources=[source], plain=True)
