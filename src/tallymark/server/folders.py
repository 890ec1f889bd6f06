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

_SOURCES = Statement(
    "The sources of a dataset, those of a task first.",
    "SELECT o.uri FROM source o JOIN dataset d ON d.id = o.dataset"
    " LEFT JOIN task_row r ON r.source = o.id AND r.task = :task"
    " WHERE d.name = :dataset GROUP BY o.uri ORDER BY count(r.task) = 0, o.uri",
)
OF_TASK = "task-"


def file_below(folder: Path, path: str) -> Path | None:
    """The file at a path below a folder, or None. Links are followed first, so none leads out of it."""
    try:
        root = folder.resolve()
        file = (root / path).resolve()
        return file if file.is_relative_to(root) and file.is_file() else None
    except (OSError, ValueError):  # a name too long for the file system, or with a NUL
        return None


def media_folders(tx: Transaction, *, dataset: str, mount: str) -> list[str]:
    """The folders behind a mount, in the order in which a file is looked for.

    That is a name that a loader gave, a source's id for the folder its file lies in, or `task-` and the id of
    a task for the folders of all sources, of its own first.
    """
    if mount.startswith(OF_TASK) and is_task_id(mount.removeprefix(OF_TASK)):
        named = {"dataset": dataset, "task": int(mount.removeprefix(OF_TASK))}
        return list(filter(None, (_folder(row["uri"]) for row in tx.all(_SOURCES, named))))
    mounted: str | None = tx.value(_MOUNTED, {"dataset": dataset, "mount": mount})
    if mounted is None and is_task_id(mount):
        mounted = _folder(tx.value(_SOURCE, {"dataset": dataset, "source": int(mount)}))
    return [] if mounted is None else [mounted]


def _folder(uri: str | None) -> str | None:
    """The folder a file source is, or lies in."""
    if uri is None or not uri.startswith("/"):
        return None
    return uri if Path(uri).is_dir() else str(Path(uri).parent)
