"""Reading a database from a command: a snapshot, whoever writes meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tallymark.config import Settings
    from tallymark.store import Store

__all__ = ["dataset_names", "is_there", "reading_store"]


@contextmanager
def reading_store(settings: "Settings") -> Iterator["Store"]:
    """The database, for reading. Errors: `NoDatabase` when there is none."""
    from tallymark.store import Store

    store = Store.open(settings.database_url, read_only=True)
    try:
        yield store
    finally:
        store.close()


def is_there(settings: "Settings") -> bool:
    """Whether there is a database yet."""
    from tallymark.errors import NoDatabase

    try:
        with reading_store(settings):
            return True
    except NoDatabase:
        return False


def dataset_names(settings: "Settings") -> list[str]:
    """All datasets by name; none when there is no database yet."""
    from tallymark.store.reading import StoredDatasets

    if not is_there(settings):
        return []
    with reading_store(settings) as store:
        return StoredDatasets(store).names()
