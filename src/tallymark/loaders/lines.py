"""Lines of a file as bytes, in constant memory, with what is wrong about them."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple
from zlib import crc32

from tallymark.errors import SourceError
from tallymark.loaders.content import is_unzipped, open_content
from tallymark.source import Position, Start

__all__ = ["MAX_LINE", "Line", "decoded", "first_bytes", "lines"]

MAX_LINE = 64 * 1024 * 1024
"""A longer line is an invalid row; it is skipped without being held in memory."""

BOM = b"\xef\xbb\xbf"
_OTHER_FORMATS = {
    b"\xff\xfe": "UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8",
    b"PK\x03\x04": "a zip archive; unpack it first",
    b"PAR1": "a Parquet file; read it with --loader parquet",
    b"ARROW1": "an Arrow file; read it with --loader arrow",
    b"version https://git-lfs": "a pointer of Git LFS, not the file itself; run `git lfs pull` where it lies",
    b"\x28\xb5\x2f\xfd": "compressed with zstd; unpack it first",
    b"BZh": "compressed with bzip2; unpack it first",
    b"\xfd7zXZ": "compressed with xz; unpack it first",
}


class Line(NamedTuple):
    """One line with its end, and its number. `data` is None if it is too long.

    `position` is right after it; None when the file ends there without a line end, so that it may still grow.
    """

    data: bytes | None
    number: int
    position: Position | None


def lines(path: Path, *, start: Start | None = None) -> Iterator[Line]:
    """Every line, blank ones too, without a byte order mark. Raises `SourceError` for what is no text."""
    with open_content(path, start) as file:
        offset, number, crc = (0, 0, 0) if start is None else (start.offset, start.line, start.crc)
        zipped = is_unzipped(file)
        first = not offset
        while data := file.readline(MAX_LINE + 1):
            length = len(data)
            crc = crc32(data, crc) if zipped else 0
            ends = data.endswith(b"\n")
            too_long = length > MAX_LINE and not ends
            if too_long:
                skipped, crc, ends = _skip_line(file, crc)
                length += skipped
            if first:
                data = first_bytes(data, path)
                first = False
            offset += length
            number += 1
            position = None if not ends else (offset, number, crc) if zipped else (offset, number)
            yield Line(None if too_long else data, number, position)


def decoded(data: bytes) -> str:
    """The text of UTF-8 bytes. Raises ValueError naming the first byte that is not."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8: byte 0x{data[error.start]:02x} at position {error.start}") from error


def first_bytes(data: bytes, path: Path) -> bytes:
    """The first bytes of a text without a byte order mark. Raises `SourceError` for another format."""
    for magic, what in _OTHER_FORMATS.items():
        if data.startswith(magic):
            raise SourceError(f"{path} is {what}.")
    return data.removeprefix(BOM)


def _skip_line(file: BinaryIO, crc: int) -> tuple[int, int, bool]:
    """Skip the rest of a line: its length, the checksum after it, and whether it has an end."""
    skipped = 0
    while data := file.readline(1024 * 1024):
        skipped += len(data)
        crc = crc32(data, crc)
        if data.endswith(b"\n"):
            return skipped, crc, True
    return skipped, crc, False
