"""Lines of a file as bytes, in constant memory, with what is wrong about them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tallymark.errors import SourceError
from tallymark.source import Start

__all__ = ["MAX_LINE", "Line", "decoded", "lines", "open_bytes"]

MAX_LINE = 64 * 1024 * 1024
"""A longer line is an invalid row; it is skipped without being held in memory."""

BOM = b"\xef\xbb\xbf"
_OTHER_FORMATS = {
    b"\xff\xfe": "UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8",
    b"\x1f\x8b": "compressed with gzip; unpack it first",
    b"PK\x03\x04": "a zip archive; unpack it first",
    b"PAR1": "a Parquet file; give its format with --loader",
}


class Line(NamedTuple):
    """One line with its end, and the offset and number right after it. `data` is None if it is too long."""

    data: bytes | None
    offset: int
    number: int


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """The file for reading; `-` is standard input, which stays open."""
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.") from error
    with file:
        yield file


def lines(path: Path, *, start: Start | None = None) -> Iterator[Line]:
    """Every line, blank ones too, without a byte order mark. Raises `SourceError` for what is no text."""
    with open_bytes(path) as file:
        offset, number = (0, 0) if start is None else (start.offset, start.line)
        if offset:
            file.seek(offset)
        first = not offset
        while data := file.readline(MAX_LINE + 1):
            length = len(data)
            too_long = length > MAX_LINE and not data.endswith(b"\n")
            if too_long:
                length += _skip_line(file)
            if first:
                data = _start_of(data, path)
                first = False
            offset += length
            number += 1
            yield Line(None if too_long else data, offset, number)


def decoded(data: bytes) -> str:
    """The text of UTF-8 bytes. Raises ValueError naming the first byte that is not."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8: byte 0x{data[error.start]:02x} at position {error.start}") from error


def _start_of(data: bytes, path: Path) -> bytes:
    for magic, what in _OTHER_FORMATS.items():
        if data.startswith(magic):
            raise SourceError(f"{path} is {what}.")
    return data.removeprefix(BOM)


def _skip_line(file: BinaryIO) -> int:
    skipped = 0
    while data := file.readline(1024 * 1024):
        skipped += len(data)
        if data.endswith(b"\n"):
            break
    return skipped
