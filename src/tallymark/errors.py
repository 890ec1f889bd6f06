"""Every error this program raises on purpose.

    TallymarkError
    ├── InputError          something a user gave is wrong: a file, an argument, a setting
    │   ├── SourceError     a source cannot be read at all
    │   ├── SettingError    a setting is unknown or has an impossible value
    │   ├── RecipeError     a recipe returned or asked for something impossible
    │   └── DatasetRequired several datasets are open and none was named
    ├── NotKnown            a dataset, session, task or run that does not exist
    │   └── Erased          a session whose person was erased
    ├── Busy                somebody else holds what is needed
    │   └── DatabaseBusy    another process writes to this database
    ├── Fenced              this host was replaced by a newer one
    ├── ChannelDown         the other process does not answer
    └── StoreError          the database file is not ours, too new or damaged

A message says what happened, to which dataset, row, file or session, and what to do.
"""

from collections.abc import Sequence

__all__ = [
    "Busy",
    "ChannelDown",
    "DatabaseBusy",
    "DatasetRequired",
    "Erased",
    "Fenced",
    "InputError",
    "NoDatabase",
    "NotKnown",
    "RecipeError",
    "SettingError",
    "SourceError",
    "StoreConflict",
    "StoreError",
    "StoreUnavailable",
    "TallymarkError",
]


class TallymarkError(Exception):
    """Any error of this program. `code` is stable and explained in the docs."""

    code = "error"


class InputError(TallymarkError):
    """Something a user gave is wrong."""

    code = "input"


class SourceError(InputError):
    """A source cannot be read at all; single bad rows are recorded, not raised."""

    code = "source"


class SettingError(InputError):
    """A setting is unknown or has an impossible value."""

    code = "setting"


class RecipeError(InputError):
    """A recipe returned or asked for something impossible.

    `RecipeError("title", "details")` keeps the two apart for the command line.
    """

    code = "recipe"

    def __init__(self, title: str, details: str | None = None) -> None:
        super().__init__(title if details is None else f"{title}\n{details}")
        self.title = title
        self.details = details


class DatasetRequired(InputError):
    """Several datasets are open and none was named; `names` says which there are."""

    code = "dataset_required"

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"Several datasets are open here: {', '.join(names)}. Say which one.")
        self.names = list(names)


class NotKnown(TallymarkError):
    """A dataset, session, task or run that does not exist."""

    code = "not_known"


class Erased(NotKnown):
    """A session whose person was erased; there is nothing to claim again."""

    code = "session_erased"


class Busy(TallymarkError):
    """Somebody else holds what is needed."""

    code = "busy"


class DatabaseBusy(Busy):
    """Another process writes to this database."""

    code = "database_busy"


class Fenced(TallymarkError):
    """This host was replaced by a newer one and must stop."""

    code = "fenced"


class ChannelDown(TallymarkError):
    """The other process does not answer."""

    code = "channel_down"


class StoreError(TallymarkError):
    """The database file is not ours, too new or damaged."""

    code = "store"


class NoDatabase(StoreError):
    """There is no database yet where one is to be read."""


class StoreUnavailable(StoreError):
    """The database cannot be written or read just now: the disk is full, or somebody else locks it."""

    code = "store_unavailable"


class StoreConflict(StoreUnavailable):
    """Others were in a transaction's way and the database undid it; it can be done again at once."""
