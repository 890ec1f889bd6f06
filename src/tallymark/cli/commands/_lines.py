"""The lines of a file on which rows stand, for formats in which lines are rows."""

from collections.abc import Iterable
from pathlib import Path

__all__ = ["place_of", "places_of"]

LINE_FORMATS = (".jsonl", ".ndjson", ".txt")


def place_of(uri: str, ordinal: int) -> str:
    """`news.jsonl:58` where the file is there and its lines are rows, else `news.csv, row 57`."""
    return places_of(uri, [ordinal])[ordinal]


def places_of(uri: str, ordinals: Iterable[int]) -> dict[int, str]:
    """The places of some rows, in one pass over the file.

    Blank lines are no rows, so a row's number may be smaller than its line's.
    """
    wanted = sorted(set(ordinals))
    path = Path(uri)
    lines = _lines_of(path, wanted) if wanted and path.suffix.lower() in LINE_FORMATS else {}
    return {
        ordinal: f"{uri}:{lines[ordinal]}" if ordinal in lines else f"{uri}, row {ordinal:,}"
        for ordinal in wanted
    }


def _lines_of(path: Path, ordinals: list[int]) -> dict[int, int]:
    """The 1-based numbers of the lines; rows that the file does not have now are left out."""
    found: dict[int, int] = {}
    rows = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.isspace():
                    rows += 1
                    if rows == ordinals[len(found)]:
                        found[rows] = number
                        if len(found) == len(ordinals):
                            break
    except OSError:
        return {}
    return found
