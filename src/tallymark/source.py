"""Sources: where rows come from, and what became of every row of them.

A source is read once, from the top or from a mark. Each row it gives is counted by its 1-based ordinal and
stamped into the task under `ROW_KEY`; a row that cannot become a task gets its fate here.
"""

import itertools
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol
from weakref import WeakValueDictionary

from tallymark.errors import SourceError
from tallymark.hashing import IDENTITY_KEY, ROW_KEY, identities_of
from tallymark.types import Datasets, Fate, RowFate, Task

__all__ = [
    "Content",
    "Position",
    "Row",
    "Source",
    "Start",
    "StoredFile",
    "collect_sources",
    "current_datasets",
    "current_sources",
    "digest",
    "enter",
    "iterable_source",
    "leave",
    "source_by_index",
    "with_datasets",
    "with_sources",
]

HEAD = 64 * 1024
"""So many bytes at the start of a file, and before a mark, tell whether it is still the same."""

WINDOW = 10_000
"""So many rows back a position or the input of a row is remembered."""


Position = tuple[int, ...]
"""Where a row ends, as its loader understands it: an offset, a count of lines or the like, and for compressed
content the CRC-32 of all before."""


class Row(NamedTuple):
    """One row as a loader gives it.

    `ordinal` counts rows from 1. `task` is None when the row cannot be one; then `note` says why, otherwise
    `note` is something to know about the row. `position` is None where reading cannot start again, such as
    after a last line without an end, which could still grow. `line` is where it begins, in formats of lines.
    """

    ordinal: int
    task: Task | None
    note: str | None = None
    position: Position | None = None
    line: int | None = None


class Start(NamedTuple):
    """Where a loader starts: after so many rows, bytes and lines.

    `content` is the open content at that offset where finding the place took time, and `crc` the CRC-32 of
    what stands before it.
    """

    ordinal: int
    offset: int
    line: int
    content: BinaryIO | None = None
    crc: int = 0


class Content(Protocol):
    """The bytes of a source that can be read again, and how to tell whether they are still the same."""

    def stored_bytes(self) -> int:
        """How large it is."""

    def bytes_before(self, offset: int) -> int:
        """About how many of the stored bytes stand before an offset of a position."""

    def fingerprint(self) -> dict[str, Any]:
        """What tells one content from another, without reading it all."""

    def may_begin_with(self, fingerprint: dict[str, Any]) -> bool:
        """Whether it may be the content of this fingerprint with more at its end."""

    def check(self, position: Position) -> str:
        """What `find` needs to tell whether the content before a position is still the same."""

    def find(self, ordinal: int, position: Position, check: str) -> Start | None:
        """The start after this row; None when the content before it is not the same."""


class StoredFile:
    """`Content` as it lies on the disk: offsets are the file's."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def stored_bytes(self) -> int:
        """The size of the file."""
        with _readable(self._path):
            return self._path.stat().st_size

    def bytes_before(self, offset: int) -> int:
        """The offset."""
        return offset

    def fingerprint(self) -> dict[str, Any]:
        """The size, and hashes of the first and of the last 64 kB."""
        size = self.stored_bytes()
        return {
            "size": size,
            "head": digest(self._path, 0, min(size, HEAD)),
            "tail": digest(self._path, max(0, size - HEAD), HEAD),
        }

    def may_begin_with(self, fingerprint: dict[str, Any]) -> bool:
        """Whether it is no shorter and begins with the same 64 kB."""
        size = fingerprint["size"]
        head: str = fingerprint["head"]
        return self.stored_bytes() >= size and digest(self._path, 0, min(size, HEAD)) == head

    def check(self, position: Position) -> str:
        """The hash of the 64 kB before the position."""
        return digest(self._path, max(0, position[0] - HEAD), min(position[0], HEAD))

    def find(self, ordinal: int, position: Position, check: str) -> Start | None:
        """The position itself, if the 64 kB before it are the same."""
        offset, line = position[:2]
        if self.stored_bytes() < offset or self.check(position) != check:
            return None
        return Start(ordinal, offset, line)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """A file can be taken away while a program uses it. Errors: `SourceError`."""
    try:
        yield
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read: {error.strerror}. Put it back, then start again."
        ) from error


def digest(path: Path, offset: int, length: int) -> str:
    """A hash of some bytes of a file, in hexadecimal. Errors: `SourceError` where it is gone."""
    with _readable(path), path.open("rb") as file:
        file.seek(offset)
        return blake2b(file.read(length), digest_size=16).hexdigest()


OpenRows = Callable[[Start | None], Iterator[Row]]

_indices = itertools.count()
_living: WeakValueDictionary[int, "Source"] = WeakValueDictionary()
_opened: ContextVar[list["Source"] | None] = ContextVar("opened_sources", default=None)
_datasets: ContextVar[Callable[[], Datasets] | None] = ContextVar("datasets", default=None)


@contextmanager
def with_datasets(opened: Callable[[], Datasets]) -> Iterator[None]:
    """Let `dataset:` sources that are opened from here on read from what this gives."""
    token = _datasets.set(opened)
    try:
        yield
    finally:
        _datasets.reset(token)


def current_datasets() -> Datasets | None:
    """The annotated data that sources may read; None where nobody handed any in."""
    opened = _datasets.get()
    return None if opened is None else opened()


@contextmanager
def collect_sources(recipe: str = "python") -> Iterator[list["Source"]]:
    """Collect the sources that are opened while a recipe runs; iterables among them are named after it."""
    sources: list[Source] = _Collected(recipe)
    with with_sources(sources):
        yield sources


@contextmanager
def with_sources(sources: list["Source"]) -> Iterator[None]:
    """Add sources opened from here on to a list that was collected before."""
    token = enter(sources)
    try:
        yield
    finally:
        leave(token)


def enter(sources: list["Source"]) -> Token[list["Source"] | None]:
    """As `with_sources`, for where every microsecond counts; give the token to `leave`."""
    return _opened.set(sources)


def leave(token: Token[list["Source"] | None]) -> None:
    """The end of what `enter` began."""
    _opened.reset(token)


def current_sources() -> list["Source"]:
    """The sources of the recipe that runs; empty outside of one."""
    sources = _opened.get()
    return [] if sources is None else sources


def source_by_index(index: object) -> "Source | None":
    """The living source that a task's `ROW_KEY` names."""
    return _living.get(index) if isinstance(index, int) else None


class _Collected(list["Source"]):
    def __init__(self, recipe: str) -> None:
        super().__init__()
        self.recipe = recipe

    def uri(self) -> str:
        same = sum(source.uri.startswith("recipe:") for source in self)
        return f"recipe:{self.recipe}" + (f"#{same + 1}" if same else "")


class Source:
    """One source while it is read.

    `uri` is the absolute path, `-`, `dataset:<name>`, or `recipe:<name>` for what Python code yields.
    `index` is unique in the process. `rows_read` is the ordinal of the last row read; `known_rows` is exact,
    or None until it is.
    `mark` is the last row such that it and all before it have their final fate, once every task yielded so
    far is in the queue.
    """

    def __init__(
        self,
        uri: str,
        open_rows: OpenRows,
        *,
        path: Path | None = None,
        length: int | None = None,
        content: Content | None = None,
        facts: dict[str, Any] | None = None,
    ) -> None:
        """`path` is a file that can be read again, as `content` where that is not simply its bytes.

        `facts` are the fingerprint of a source that is no file.
        """
        self.uri = uri
        self.path = path
        self._content = content or (StoredFile(path) if path is not None else None)
        self._facts = facts
        self._found: tuple[list[Any], Start] | None = None
        self.index = next(_indices)
        self.rows_read = 0
        self.known_rows = length
        self.size = self._content.stored_bytes() if self._content is not None else None
        self.bytes_read = 0
        self.exhausted = False
        self.rowwise = False
        self.remembering = True
        self.mark = 0
        self._open_rows = open_rows
        self._start: Start | None = None
        self._begun = False
        self._line: int | None = None
        self._decided = bytearray()  # one byte for each row after the mark: has it a task or a fate?
        self._fates: deque[RowFate] = deque()
        self._passed: deque[_Passed] = deque()
        self._notes: list[tuple[int, str]] = []
        self._positions: deque[Position | None] = deque(maxlen=WINDOW)
        self._inputs: dict[str, list[int]] = {}
        _living[self.index] = self
        opened = _opened.get()
        if opened is not None:
            opened.append(self)

    @property
    def is_file(self) -> bool:
        """Whether rows come from outside of the program: a file or standard input."""
        return not self.uri.startswith("recipe:")

    def tasks(self) -> Iterator[Task]:
        """The rows that can be tasks, each stamped with where it came from."""
        for row in self._rows():
            task = self.take(row)
            if task is not None:
                yield task
        self.end()

    def take(self, row: Row) -> Task | None:
        """Count a row in; gives its stamped task, or None when it cannot be one."""
        if self.rowwise:
            self.settle(self.rows_read)
        self.rows_read = row.ordinal
        self._line = row.line
        self._positions.append(row.position)
        if row.position is not None and self._content is not None:
            self.bytes_read = self._content.bytes_before(row.position[0])
        if row.task is None:
            self.decide(row.ordinal, "invalid", row.note)
            return None
        if row.note is not None:
            self._notes.append((row.ordinal, row.note))
        row.task[ROW_KEY] = [self.index, row.ordinal]
        return row.task

    def end(self) -> None:
        """There is no further row."""
        self.exhausted = True
        self.known_rows = self.rows_read
        self.bytes_read = self.size or self.bytes_read
        if self.rowwise:
            self.settle(self.rows_read)

    def _rows(self) -> Iterator[Row]:
        self._begun = True
        start = self._start
        rows = self._open_rows(start)
        if start is None:
            return rows
        return (row for row in rows if row.ordinal > start.ordinal)

    def remember(self, task: Task) -> None:
        """Keep the input identity of a row, so that a task made of it is known without its `ROW_KEY`."""
        ordinals = self._inputs.setdefault(_input_of(task), [])
        if ordinals[-1:] != [task[ROW_KEY][1]]:
            ordinals.append(task[ROW_KEY][1])
        if len(self._inputs) > WINDOW:
            del self._inputs[next(iter(self._inputs))]

    def row_of_input(self, task: Task) -> int | None:
        """The row with the same input, among the last ones; of several each in its turn."""
        ordinals = self._inputs.get(_input_of(task))
        if not ordinals:
            return None
        return ordinals.pop(0) if len(ordinals) > 1 else ordinals[0]

    def place_of(self, ordinal: int) -> str:
        """Where a row stands, for people: `news.jsonl:7`, or the row where the line is not known."""
        name = self.uri if self.path is None else self.path.name
        if self._line is not None and ordinal == self.rows_read:
            return f"{name}:{self._line}"
        return f"{name}, row {ordinal:,}"

    def place_and_reason(self, ordinal: int, note: str) -> tuple[str, str]:
        """Where a row stands, for people, and why it has its fate: what a note of it says."""
        name = self.uri if self.path is None else self.path.name
        place, colon, reason = note[len(name) :].partition(": ")
        if not note.startswith(name) or not colon:
            return f"row {ordinal:,}", note
        return f"{name}{place}", reason

    def decide(self, ordinal: int, fate: Fate, note: str | None = None) -> None:
        """Give a row its final fate, once."""
        if self._take(ordinal):
            self._fates.append(RowFate(ordinal, fate, note))

    def link(self, ordinal: int) -> None:
        """A task came out of this row."""
        self._take(ordinal)

    def _take(self, ordinal: int) -> bool:
        place = ordinal - self.mark - 1
        if place < 0:
            return False
        self._reach(place + 1)
        was, self._decided[place] = self._decided[place], 1
        return not was

    def settle(self, ordinal: int) -> None:
        """Rows up to here give no more tasks: those without one were passed over."""
        count = ordinal - self.mark
        if count <= 0:
            return
        if count == 1 and self._decided == b"\x01":  # the common case, made quick
            self._decided.clear()
            self.mark = ordinal
            return
        self._reach(count)
        self._passed.append(_Passed(self.mark + 1, bytes(self._decided[:count])))
        del self._decided[:count]
        self.mark = ordinal

    def _reach(self, count: int) -> None:
        if count > len(self._decided):
            self._decided.extend(bytes(count - len(self._decided)))

    def drain_fates(self, limit: int | None = None) -> list[RowFate]:
        """Rows that got a final fate inside the stream and were not given before, but for rows of tasks.

        With a limit it may have to be called again, until it gives none: at the end of a stream that is not
        row-wise, all the rows it passed over come at once.
        """
        return list(itertools.islice(self._waiting_fates(), limit))

    def _waiting_fates(self) -> Iterator[RowFate]:
        while self._fates:
            yield self._fates.popleft()
        while self._passed:
            ordinal = self._passed[0].next_ordinal()
            if ordinal is None:
                self._passed.popleft()
            else:
                yield RowFate(ordinal, "passed")

    def drain_notes(self) -> list[tuple[int, str]]:
        """Things to know about rows that did become tasks (a repeated key) since the last call."""
        notes, self._notes = self._notes, []
        return notes

    def fingerprint(self) -> str:
        """JSON text: what tells the content of a file from another; else what is known, such as a length."""
        if self._content is not None:
            return json.dumps(self._content.fingerprint())
        if self._facts is not None:
            return json.dumps(self._facts)
        return json.dumps({"rows": self.known_rows} if self.known_rows is not None else {})

    def same_start(self, stored: str, position: list[Any] | None = None) -> bool:
        """Whether the file is the one with this fingerprint, possibly with more at its end.

        With a position of `position_of`, what stands before that is compared, too.
        """
        before = json.loads(stored)
        if self._content is None or not isinstance(before, dict) or not {"size", "head"} <= before.keys():
            return stored == self.fingerprint()
        if not self._content.may_begin_with(before):
            return False
        return position is None or self._start_at(0, position) is not None

    def position_of(self, ordinal: int) -> list[Any] | None:
        """Where to go on after this row: the loader's position, and what tells whether it is still right.

        None when it is too long ago, or the source cannot be read from there, or its file is gone.
        """
        place = ordinal - self.rows_read + len(self._positions) - 1
        if self._content is None or not 0 <= place < len(self._positions):
            return None
        position = self._positions[place]
        try:
            return None if position is None else [*position, self._content.check(position)]
        except SourceError:  # the rows are read all the same: the file is open
            return None

    def seek(self, ordinal: int, position: list[Any] | None) -> bool:
        """Start after a row, before anything is read.

        With a position of `position_of` the file is opened there; without one the rows up to it are read
        and left out. False, and nothing changes, when this is no file or is not the same before the position.
        """
        if self._begun:
            raise RuntimeError(f"{self.uri} is being read; a start can only be chosen before.")
        if self._content is None:
            return False
        start: Start | None = Start(ordinal, 0, 0)
        if position is not None:
            start = self._start_at(ordinal, position)
        if start is None:
            return False
        self._start = start
        self.mark = self.rows_read = ordinal
        self.bytes_read = self._content.bytes_before(start.offset)
        return True

    def _start_at(self, ordinal: int, position: list[Any]) -> Start | None:
        """The start at a position, which may have been looked for before."""
        if self._found is None or self._found[0] != position:
            *place, check = position
            if self._content is None or len(place) < 2:
                return None
            start = self._content.find(ordinal, tuple(place), check)
            if start is None:
                return None
            self._found = position, start
        return self._found[1]._replace(ordinal=ordinal)


def _input_of(task: Task) -> str:
    stamp = task.get(IDENTITY_KEY)
    return stamp[:32] if isinstance(stamp, str) else identities_of(task).input.hex()


class _Passed:
    """A stretch of rows, of which the undecided ones were passed over; gives them one by one."""

    __slots__ = ("_decided", "_first", "_place")

    def __init__(self, first: int, decided: bytes) -> None:
        self._first = first
        self._decided = decided
        self._place = 0

    def next_ordinal(self) -> int | None:
        place = self._decided.find(0, self._place)
        self._place = place + 1
        return None if place < 0 else self._first + place


def iterable_source(items: Iterable[Any]) -> Source:
    """A source of what Python code yields, for a stream to take the items from."""
    opened = _opened.get()
    uri = opened.uri() if isinstance(opened, _Collected) else "recipe:python"
    return Source(
        uri, lambda _start: iter(()), length=len(items) if isinstance(items, list | tuple) else None
    )
