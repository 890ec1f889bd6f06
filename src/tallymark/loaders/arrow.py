"""Arrow: the files that Hugging Face's `save_to_disk` writes (streams), and Feather files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tallymark.loaders import loader, open_source
from tallymark.loaders.columns import check_columns, features_of, guarded, table_rows
from tallymark.loaders.content import BrokenContent, WholeFile, seekable
from tallymark.source import Position, Row, Start
from tallymark.stream import Stream, remembered

__all__ = ["Arrow", "read_arrow"]

INFO = "dataset_info.json"
_FILE_MAGIC = b"ARROW1"
SLICE_ROWS = 1_000


def _check(path: Path, input_key: str | None) -> None:
    with _opened(path) as table:
        check_columns(table.schema, path, input_key)


@loader(".arrow", ".feather", name="arrow", check=_check, stored=WholeFile)
def read_arrow(path: Path, *, start: Start | None = None) -> Iterator[Row]:
    """Every row, in constant memory. A position is where its batch begins, and the batch's number."""
    with _opened(path) as table:
        ordinal = 0 if start is None else start.ordinal
        yield from table_rows(
            guarded(table.batches),
            path=path,
            features=features_of(table.schema, path.parent / INFO),
            ordinal=ordinal,
            skip=ordinal,
        )


class _Table:
    """The batches of either of the two formats. Those before a start are only passed, without being read."""

    def __init__(self, content: Any) -> None:
        import pyarrow as pa

        self._content = content
        magic = content.read(len(_FILE_MAGIC))
        content.seek(0)
        self._reader: Any = pa.ipc.open_file(content) if magic == _FILE_MAGIC else pa.ipc.open_stream(content)
        self.schema: pa.Schema = self._reader.schema

    def batches(self) -> Iterator[tuple[Any, Position]]:
        """Every batch, in slices, with where it begins."""
        for number, (offset, batch) in enumerate(self._whole()):
            for first in range(0, batch.num_rows, SLICE_ROWS):
                yield batch.slice(first, SLICE_ROWS), (offset, number)

    def _whole(self) -> Iterator[tuple[int, Any]]:
        if hasattr(self._reader, "num_record_batches"):
            for number in range(self._reader.num_record_batches):
                yield len(_FILE_MAGIC), self._reader.get_batch(number)
            return
        while True:
            offset = self._content.tell()
            try:
                batch = self._reader.read_next_batch()
            except StopIteration:
                return
            yield offset, batch


@contextmanager
def _opened(path: Path) -> Iterator[_Table]:
    import pyarrow as pa

    with seekable(path) as content:
        try:
            table = _Table(pa.PythonFile(content, mode="r"))
        except (pa.ArrowException, OSError, ValueError, EOFError) as error:
            reason = str(error).rstrip(".")
            raise BrokenContent(f"it is no Arrow file, or a damaged one: {reason}") from error
        yield table


class Arrow(Stream):
    """The rows of an Arrow file as an iterator of dicts."""

    def __init__(self, path: str | Path) -> None:
        source = open_source(path, loader="arrow")
        super().__init__(remembered(source.tasks()), sources=[source], plain=True)
