"""The line of a file on which a row stands, for formats in which lines are rows."""

from functools import cache
from pathlib import Path

__all__ = ["place_of"]

LINE_FORMATS = (".jsonl", ".ndjson", ".txt")


def place_of(uri: str, ordinal: int) -> str:
    """`news.jsonl:58` where the file is there and its lines are rows, else `news.csv, row 57`.

    Blank lines are no rows, so a row's number may be smaller than its line's.
    """
    path = Path(uri)
    line = _line_of(path, ordinal) if path.suffix.lower() in LINE_FORMATS else None
    return f"{uri}, row {ordinal:,}" if line is None else f"{uri}:{line}"


@cache
def _line_of(path: Path, ordinal: int) -> int | None:
    """The 1-based number of the line, or None when the file is gone or has fewer rows now."""
    rows = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.isspace():
                    rows += 1
                    if rows == ordinal:
                        return number
    except OSError:
        return None
    return None
