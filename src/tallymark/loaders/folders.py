"""Which files a folder or a pattern stands for, in which order, and what of it is not read."""

import glob
import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tallymark.errors import SourceError
from tallymark.loaders import suffix_is_known

__all__ = ["found_files"]

logger = logging.getLogger(__name__)

SPLITS = "dataset_dict.json"
STATE = "state.json"
BESIDE = frozenset(
    (SPLITS, STATE, "dataset_info.json", "dataset_infos.json", "license.txt", "requirements.txt")
)
"""Files that go with data but hold none."""

SHOWN = 5


def found_files(source: str | Path, *, any_suffix: bool = False) -> list[Path] | None:
    """The files of a folder or pattern; None when it is neither, but one file.

    Of a folder, every file in it and below it whose format is known by its name, or every one with
    `any_suffix`, except hidden ones. A folder written by Hugging Face's `save_to_disk` gives its Arrow files,
    split by split. What is left out is logged. Raises `SourceError` when nothing is left.
    """
    path = Path(source).expanduser().absolute()
    if path.is_dir():
        return _saved(path) or _readable(_below(path), source, any_suffix=any_suffix)
    if path.exists() or not glob.has_magic(str(source)):
        return None
    matches = [Path(match) for match in glob.glob(str(path), recursive=True)]  # noqa: PTH207 (of any root)
    if not matches:
        raise SourceError(f"No file is called {source}.")
    return _readable((match for match in matches if not match.is_dir()), source, any_suffix=any_suffix)


def _below(folder: Path) -> Iterable[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.is_file():
            yield path


def _readable(files: Iterable[Path], source: str | Path, *, any_suffix: bool) -> list[Path]:
    read: list[Path] = []
    left_out: list[Path] = []
    for file in sorted(files):
        known = any_suffix or (suffix_is_known(file) and file.name.lower() not in BESIDE)
        (read if known else left_out).append(file)
    names = [file.name for file in left_out]
    if not read:
        what = f" There is {', '.join(names[:SHOWN])}; name the format with --loader." if names else ""
        raise SourceError(f"{source} holds no file that can be read.{what}")
    if names:
        more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
        logger.warning("Not read of %s: %s%s.", source, ", ".join(names[:SHOWN]), more)
    return read


def _saved(folder: Path) -> list[Path] | None:
    """The Arrow files that `save_to_disk` wrote, or None."""
    if (folder / SPLITS).is_file():
        splits = [str(split) for split in _document(folder / SPLITS).get("splits", ())]
        if len(splits) > 1:
            logger.warning(
                "%s has the splits %s. All are read; to read one, give its folder.", folder, ", ".join(splits)
            )
        return [file for split in splits for file in _saved(folder / split) or ()] or None
    if not (folder / STATE).is_file():
        return None
    state = _document(folder / STATE)
    if state.get("_indices_files") or state.get("_indices_data_files"):
        raise SourceError(
            f"{folder} holds a selection beside its rows. Call flatten_indices() before save_to_disk()."
        )
    files = [folder / str(entry["filename"]) for entry in state.get("_data_files") or ()]
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise SourceError(f"{folder} lacks {', '.join(missing)}, which {STATE} names.")
    return files or None


def _document(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be read: {error}") from error
    return document
