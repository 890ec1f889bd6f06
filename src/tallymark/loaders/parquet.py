"""Parquet: a row for each row of the table, its columns as keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tallymark.loaders import loader, open_source
from tallymark.loaders.columns import check_columns, features_of, guarded, table_rows
from tallymark.loaders.content import BrokenContent, seekable
from tallymark.source import Position, Row, Start, StoredFile
from tallymark.stream import Stream, remembered

if TYPE_CHECKING:
    import pyarrow.parquet as pq

__all__ = ["Parquet", "read_parquet"]

BATCH_ROWS = 1_000
BUFFER_BYTES = 1024 * 1024


def _check(path: Path, input_key: str | None) -> None:
    with _opened(path) as file:
        check_columns(file.schema_arrow, path, input_key)


def _count(path: Path) -> int:
    with _opened(path) as file:
        return int(file.metadata.num_rows)


class ParquetFile(StoredFile):
    """A stored table: a larger one begins with it as far as its row groups are described in the same way.

    The description of a row group has the place, size and extreme values of each column.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._path = path

    def fingerprint(self) -> dict[str, Any]:
        """As of any file, and the hash of what describes the first row group."""
        return {**super().fingerprint(), "first": self._groups[:1]}

    def may_begin_with(self, fingerprint: dict[str, Any]) -> bool:
        """Whether it is no smaller and its first row group is the same."""
        size: int = fingerprint["size"]
        return self.stored_bytes() >= size and self._groups[:1] == fingerprint.get("first")

    def check(self, position: Position) -> str:
        """The hash of what describes the row groups up to that of the position."""
        return self._groups[position[1]]

    def find(self, ordinal: int, position: Position, check: str) -> Start | None:
        """The position itself, if all row groups up to it are the same."""
        offset, group = position[:2]
        groups = self._groups
        return Start(ordinal, offset, group) if group < len(groups) and groups[group] == check else None

    @cached_property
    def _groups(self) -> list[str]:
        """The hash up to each row group."""
        state = blake2b(digest_size=16)
        found = []
        with _opened(self._path) as file:
            for group in range(file.num_row_groups):
                state.update(repr(file.metadata.row_group(group).to_dict()).encode())
                found.append(state.hexdigest())
        return found


@loader(".parquet", ".pq", name="parquet", check=_check, count=_count, stored=ParquetFile)
def read_parquet(path: Path, *, start: Start | None = None) -> Iterator[Row]:
    """Every row, in constant memory. A position is where its row group begins, and the group's number."""
    with _opened(path) as file:
        group = 0 if start is None else start.line
        ordinal = 0 if start is None else start.ordinal
        before = sum(file.metadata.row_group(place).num_rows for place in range(group))
        yield from table_rows(
            guarded(lambda: _batches(file, group)),
            path=path,
            features=features_of(file.schema_arrow),
            ordinal=ordinal,
            skip=ordinal - before,
        )


def _batches(file: "pq.ParquetFile", first: int) -> Iterator[tuple[Any, Position]]:
    for group in range(first, file.num_row_groups):
        position = (_offset(file, group), group)
        for batch in file.iter_batches(BATCH_ROWS, row_groups=[group], use_threads=False):
            yield batch, position


def _offset(file: "pq.ParquetFile", group: int) -> int:
    """Where the first page of a row group lies."""
    columns = file.metadata.row_group(group)
    places = [columns.column(place) for place in range(columns.num_columns)]
    return min(
        (place.dictionary_page_offset or place.data_page_offset for place in places),
        default=0,
    )


@contextmanager
def _opened(path: Path) -> "Iterator[pq.ParquetFile]":
    import pyarrow as pa
    import pyarrow.parquet as pq

    with seekable(path) as content:
        try:
            file = pq.ParquetFile(
                pa.PythonFile(content, mode="r"), buffer_size=BUFFER_BYTES, pre_buffer=False
            )
        except (pa.ArrowException, OSError, ValueError) as error:
            reason = str(error).rstrip(".")
            raise BrokenContent(f"it is no Parquet file, or a damaged one: {reason}") from error
        yield file


class Parquet(Stream):
    """The rows of a Parquet file as an iterator of dicts."""

    def __init__(self, path: str | Path) -> None:
        source = open_source(path, loader="parquet")
        super().__init__(remembered(source.tasks()), sources=[source], plain=True)
