"""Label sets as they are given: a comma-separated text, a list, or a file with one label a line."""

import os
from collections.abc import Iterable
from pathlib import Path

from tallymark.errors import InputError

__all__ = ["get_labels", "split_string"]


def split_string(text: str | Iterable[str] | None) -> list[str]:
    """The parts of a comma-separated text, stripped, without empty ones; a list is taken as it is."""
    if text is None:
        return []
    parts = text.split(",") if isinstance(text, str) else text
    return [part.strip() for part in parts if part.strip()]


def get_labels(labels: str | Path | Iterable[str] | None) -> list[str]:
    """Labels in their order, each once. A path, or a text that looks like one, is a file of one label a line.

    Raises `InputError` when that file cannot be read.
    """
    if isinstance(labels, Path) or (isinstance(labels, str) and _looks_like_path(labels)):
        return _unique(_lines(Path(labels).expanduser()))
    return _unique(split_string(labels))


def _looks_like_path(text: str) -> bool:
    """`PERSON/ORG` or `v1.0` are labels unless there is such a file; `labels.txt` is always a file."""
    if "," in text:
        return False
    path = Path(text).expanduser()
    return path.suffix.lower() == ".txt" or ((os.sep in text or bool(path.suffix)) and path.is_file())


def _lines(path: Path) -> list[str]:
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"The labels in {path} are not UTF-8; save the file as UTF-8.") from error
    except OSError as error:
        raise InputError(f"The labels in {path} cannot be read: {error.strerror}.") from error
    return [line.strip() for line in content.splitlines() if line.strip()]


def _unique(labels: list[str]) -> list[str]:
    return list(dict.fromkeys(labels))
