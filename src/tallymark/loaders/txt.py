"""TXT: one text a line. Blank lines are no rows."""

from collections.abc import Iterator
from pathlib import Path

from tallymark.loaders import loader, open_source
from tallymark.loaders.lines import MAX_LINE, Line, decoded, lines
from tallymark.source import Row, Start
from tallymark.stream import Stream, remembered

__all__ = ["TXT", "read_txt"]


@loader(".txt", name="txt")
def read_txt(path: Path, *, start: Start | None = None) -> Iterator[Row]:
    """A task `{"text": line}` for every line that is not blank."""
    ordinal = 0 if start is None else start.ordinal
    for line in lines(path, start=start):
        if line.data is not None and (not line.data or line.data.isspace()):
            continue
        ordinal += 1
        yield _row(line, ordinal, path.name)


def _row(line: Line, ordinal: int, name: str) -> Row:
    if line.data is None:
        problem = f"the line is longer than {MAX_LINE // 2**20} MB"
        return Row(ordinal, None, f"{name}:{line.number}: {problem}", line.position)
    try:
        text = decoded(line.data.removesuffix(b"\n").removesuffix(b"\r"))
    except ValueError as error:
        return Row(ordinal, None, f"{name}:{line.number}: {error}", line.position)
    return Row(ordinal, {"text": text}, None, line.position, line.number)


class TXT(Stream):
    """The lines of a text file as an iterator of dicts."""

    def __init__(self, path: str | Path) -> None:
        source = open_source(path, loader="txt")
        super().__init__(remembered(source.tasks()), sources=[source], plain=True)
