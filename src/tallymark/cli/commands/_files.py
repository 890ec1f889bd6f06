"""Files that commands write: named after a dataset, and there only when they are complete."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from tallymark.errors import InputError, TallymarkError

if TYPE_CHECKING:
    from tallymark.store import Store

__all__ = ["complete_file", "complete_path", "file_name", "refuse_source"]


def file_name(dataset: str, suffix: str) -> str:
    """A dataset's name as that of a file: different for different datasets, never hidden, in one folder."""
    safe = dataset.replace("%", "%25").replace("/", "%2F").replace("\0", "%00")
    return f"%2E{safe[1:]}{suffix}" if safe.startswith(".") else f"{safe}{suffix}"


def refuse_source(store: "Store", path: Path) -> None:
    """Leave a file alone from which a dataset reads its rows. Errors: `InputError`."""
    from tallymark.queue.rows import read_by

    with store.reading() as tx:
        dataset = read_by(tx, path=path)
    if dataset is not None:
        raise InputError(f"{path} is a source of dataset {dataset!r}. Name another file to write to.")


@contextmanager
def complete_path(path: Path) -> Iterator[Path]:
    """A path to write; it takes its real name when the block ends well. Errors: `InputError` for it.

    What is written may become a folder; a folder that is there already is never replaced. Where not all could
    be written, as on a full disk, nothing is left. Errors: `TallymarkError` for that.
    """
    partial = path.with_name(path.name + ".part")
    if path.is_dir():
        raise InputError(f"{path} is a folder already. Remove it, or name another file.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.touch()
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}. Name another file.") from error
    try:
        yield partial
        if partial.is_dir():
            path.unlink(missing_ok=True)
        partial.replace(path)
    except OSError as error:
        raise TallymarkError(
            f"{path} was not written: {error.strerror}. Free some space there, or name another file."
        ) from error
    finally:
        if partial.is_dir():
            shutil.rmtree(partial)
        partial.unlink(missing_ok=True)


@contextmanager
def complete_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write, there when the block ends well. Errors: as `complete_path`."""
    with complete_path(path) as partial, partial.open("wb") as file:
        yield file
