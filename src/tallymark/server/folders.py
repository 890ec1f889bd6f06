"""Which folders of this machine a dataset's media may be read from."""

from pathlib import Path

from tallymark.queue.numbers import is_task_id
from tallymark.store import Statement, Transaction

_MOUNTED = Statement(
    "The folder a dataset's loader mounted under a name.",
    "SELECT m.folder FROM media m JOIN dataset d ON d.id = m.dataset"
    " WHERE d.name = :dataset AND m.mount = :mount",
)
_SOURCE = Statement(
    "A file source of the dataset, by its id.",
    "SELECT s.uri FROM source s JOIN dataset d ON d.id = s.dataset"
    " WHERE d.name = :dataset AND s.id = :source",
)


def file_below(folder: Path, path: str) -> Path | None:
    """The file at a path below a folder, or None. Links are followed first, so none leads out of it."""
    try:
        root = folder.resolve()
        file = (root / path).resolve()
        return file if file.is_relative_to(root) and file.is_file() else None
    except (OSError, ValueError):  # a name too long for the file system, or with a NUL
        return None


def media_folder(tx: Transaction, *, dataset: str, mount: str) -> str | None:
    """The folder behind a mount: a name a loader gave, or a source's id for the folder its file lies in."""
    mounted: str | None = tx.value(_MOUNTED, {"dataset": dataset, "mount": mount})
    if mounted is not None or not is_task_id(mount):
        return mounted
    uri: str | None = tx.value(_SOURCE, {"dataset": dataset, "source": int(mount)})
    if uri is None or not uri.startswith("/"):
        return None
    return uri if Path(uri).is_dir() else str(Path(uri).parent)
