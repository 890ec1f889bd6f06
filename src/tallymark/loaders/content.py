"""The content of files: as it lies there, or unpacked when it is gzip, whatever the name says."""

import io
import json
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from tallymark.errors import SourceError
from tallymark.source import HEAD, Position, Start, StoredFile, digest

__all__ = ["BrokenContent", "GzipFile", "WholeFile", "is_gzip", "is_unzipped", "open_content", "seekable"]

MAGIC = b"\x1f\x8b"
PACKED_BYTES = 64 * 1024
"""So much is unpacked at a time."""
UNPACKED_BYTES = 1024 * 1024
"""No more than this comes out of one step, however well it was packed."""
SPOOLED_BYTES = 64 * 1024 * 1024
_RESCUED_BYTES = 16
_GZIP = 31  # zlib's word for: with a gzip header and trailer


class BrokenContent(Exception):
    """The content cannot be read any further. The message goes on a sentence that names the file."""


@contextmanager
def open_content(path: Path, start: Start | None = None) -> Iterator[BinaryIO]:
    """The content of a file from a start on, unpacked; `-` is standard input, which stays open."""
    if start is not None and start.content is not None:
        with start.content as ready:
            yield ready
        return
    if str(path) == "-":
        yield _unpacked(sys.stdin.buffer)
        return
    with _opened(path) as file:
        content = _unpacked(file)
        if start is not None and start.offset:
            content.seek(start.offset)
        yield content


@contextmanager
def seekable(path: Path) -> Iterator[BinaryIO]:
    """As `open_content`, for formats that are read from their end: a pipe or gzip is unpacked into a file."""
    with open_content(path) as content:
        if not is_unzipped(content) and content.seekable():
            yield content
            return
        with tempfile.SpooledTemporaryFile(max_size=SPOOLED_BYTES) as copy:
            while data := content.read(UNPACKED_BYTES):
                copy.write(data)
            copy.seek(0)
            yield cast(BinaryIO, copy)


def is_gzip(path: Path) -> bool:
    """Whether a file is gzip by its first bytes."""
    with _opened(path) as file:
        return file.read(len(MAGIC)) == MAGIC


def is_unzipped(content: BinaryIO) -> bool:
    """Whether content is unpacked while it is read, so that it cannot be sought."""
    return isinstance(getattr(content, "raw", None), _Unpacking)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.") from error


def _unpacked(file: BinaryIO) -> BinaryIO:
    buffered = file if hasattr(file, "peek") else io.BufferedReader(cast(io.RawIOBase, file))
    if buffered.peek(len(MAGIC))[: len(MAGIC)] != MAGIC:
        return buffered
    return io.BufferedReader(_Unpacking(buffered), UNPACKED_BYTES)


class _Unpacking(io.RawIOBase):
    """The bytes in one or more gzip members. All that can be unpacked comes before `BrokenContent`."""

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        self._waiting = b""
        self._member = zlib.decompressobj(_GZIP)
        self._ready = memoryview(b"")
        self._broken: BrokenContent | None = None

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as it goes; 0 at the end."""
        if not self._ready:
            self._ready = memoryview(self._unpack())
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def close(self) -> None:
        """Close the packed file, too."""
        self._packed.close()
        super().close()

    def _unpack(self) -> bytes:
        while self._broken is None:
            if not self._waiting:
                self._waiting = self._packed.read(PACKED_BYTES)
            if not self._waiting:
                left = b"" if self._member.eof else self._member.decompress(b"", UNPACKED_BYTES)
                if left or self._member.eof:
                    return left
                self._broken = BrokenContent("the compressed file is cut off")
                break
            if self._member.eof and not self._next_member():
                continue
            data = self._step()
            if data:
                return data
        raise self._broken or BrokenContent("the compressed data is damaged")

    def _next_member(self) -> bool:
        """Begin the next member; zeros after one are only padding."""
        self._waiting = self._waiting.lstrip(b"\0")
        if self._waiting:
            self._member = zlib.decompressobj(_GZIP)
        return bool(self._waiting)

    def _step(self) -> bytes:
        before = self._member.copy()
        try:
            data = self._member.decompress(self._waiting, UNPACKED_BYTES)
        except zlib.error as error:
            self._broken = BrokenContent(f"the compressed data is damaged ({error})")
            return _rescued(before, self._waiting)
        self._waiting = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
        return data


def _rescued(member: Any, packed: bytes) -> bytes:
    """What comes out before the damage."""
    data = b""
    for place in range(0, len(packed), _RESCUED_BYTES):
        try:
            data += member.decompress(packed[place : place + _RESCUED_BYTES])
        except zlib.error:
            break
    return data


class WholeFile(StoredFile):
    """A stored file that does not grow at its end: any change makes it another one."""

    def may_begin_with(self, fingerprint: dict[str, Any]) -> bool:
        """Only the same file is the same."""
        return self.fingerprint() == fingerprint

    def check(self, position: Position) -> str:  # noqa: ARG002
        """A hash of its size and end."""
        return json.dumps(self.fingerprint())

    def find(self, ordinal: int, position: Position, check: str) -> Start | None:
        """The position itself, if nothing changed."""
        offset, line = position[:2]
        return Start(ordinal, offset, line) if self.check(position) == check else None


class GzipFile:
    """The `Content` of a gzip file: offsets are those of what is in it.

    Reading can start at a position that has a CRC-32 when all before it has that checksum; at any other one
    only as long as nothing changed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stored = StoredFile(path)
        unpacked = int.from_bytes(self._last_bytes(4), "little")  # modulo 4 GB, of the last member
        self._size = self.stored_bytes()
        self._ratio = min(1.0, self._size / unpacked) if unpacked else 1.0

    def stored_bytes(self) -> int:
        """The size of the file, packed."""
        return self._stored.stored_bytes()

    def bytes_before(self, offset: int) -> int:
        """An estimate from the size that the file says to have."""
        return min(self._size, int(offset * self._ratio))

    def fingerprint(self) -> dict[str, Any]:
        """The packed size, a hash of the last 64 kB with the checksum of all, and of the first unpacked."""
        return {"size": self.stored_bytes(), "head": self._head(), "tail": self._tail()}

    def may_begin_with(self, fingerprint: dict[str, Any]) -> bool:
        """Whether it is no smaller, and what is in it begins with the same 64 kB."""
        head = fingerprint["head"]
        if not isinstance(head, list) or self.stored_bytes() < fingerprint["size"]:
            return False
        return self._head(max(0, head[0])) == head

    def check(self, position: Position) -> str:
        """For a position without a checksum, what changes with the file."""
        return "" if len(position) > 2 else self._tail()

    def find(self, ordinal: int, position: Position, check: str) -> Start | None:
        """Unpack up to the position; None when the checksum of that is another."""
        if len(position) == 2:
            return Start(ordinal, *position) if check == self._tail() else None
        offset, line, wanted = position
        content = _unpacked(_opened(self._path))
        if _checksum(content, offset) == wanted:
            return Start(ordinal, offset, line, content, wanted)
        content.close()
        return None

    def _head(self, length: int | None = None) -> list[Any]:
        """How long the beginning is, at most 64 kB, and its hash."""
        with _opened(self._path) as file:
            try:
                data = _unpacked(file).read(HEAD if length is None else length)
            except BrokenContent as error:
                return [-1, str(error)]
        return [len(data), zlib.crc32(data)]

    def _tail(self) -> str:
        return digest(self._path, max(0, self.stored_bytes() - HEAD), HEAD)

    def _last_bytes(self, count: int) -> bytes:
        with _opened(self._path) as file:
            file.seek(max(0, self.stored_bytes() - count))
            return file.read(count)


def _checksum(content: BinaryIO, length: int) -> int | None:
    """The CRC-32 of the next so many bytes; None when there are fewer, or they cannot be read."""
    crc = 0
    try:
        while length > 0:
            data = content.read(min(length, UNPACKED_BYTES))
            if not data:
                return None
            crc = zlib.crc32(data, crc)
            length -= len(data)
    except BrokenContent:
        return None
    return crc
