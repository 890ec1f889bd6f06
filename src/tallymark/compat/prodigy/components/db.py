"""`prodigy.components.db`: annotated data, in our database."""

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from tallymark.compat.prodigy.components.tables import Dataset, Example, Link
from tallymark.config import current_settings
from tallymark.databases import Place, address_of, place_of
from tallymark.errors import InputError
from tallymark.host.datasets import HostDatasets
from tallymark.registry import did_you_mean

__all__ = ["Database", "Dataset", "Example", "Link", "connect", "get_db", "get_prodigy_path"]

GROUP = "prodigy_db"
"""The entry points under which packages announce databases of their own."""

_KINDS = ("sqlite", "postgresql")


def connect(db_id: str | None = None, db_settings: Mapping[str, Any] | None = None) -> Any:
    """The database of the settings; or another one, by its kind and where it is.

    Nothing is opened before it is used. `db_settings` are `path` and `name` of an SQLite file, or what
    PostgreSQL connects with (`host`, `port`, `dbname`, `user`, `password`). Packages may announce more kinds.
    """
    given = dict(db_settings or {})
    if db_id in (None, *_KINDS) and not given:
        return Database()
    if db_id is None:
        db_id = "postgresql" if "host" in given else "sqlite"
    given = {**given, **given.pop(db_id)} if isinstance(given.get(db_id), Mapping) else given
    if db_id == "sqlite":
        return Database(str(_file(given)))
    return Database(_url(given)) if db_id == "postgresql" else _announced(db_id)(given)


def get_db(db_id: str | None = None, db_settings: Mapping[str, Any] | None = None) -> Any:
    """As `connect`."""
    return connect(db_id, db_settings)


def get_prodigy_path() -> str:
    """The folder of the settings and the database, in which recipes keep files of their own; it is there."""
    home = Path(current_settings().home).expanduser()
    home.mkdir(parents=True, exist_ok=True)
    return str(home)


def _file(given: Mapping[str, Any]) -> Path:
    folder = Path(given.get("path") or current_settings().home)
    return folder.expanduser() / str(given.get("name") or "tallymark.db")


def _url(given: Mapping[str, Any]) -> str:
    known = {"database": "dbname", "db": "dbname", **{name: name for name in ("host", "port", "dbname")}}
    named = {known.get(key, key): str(value) for key, value in given.items() if value is not None}
    user, password = (quote(named.pop(key, ""), safe="") for key in ("user", "password"))
    person = f"{user}:{password}@" if password else f"{user}@" if user else ""
    return f"postgresql://{person}/?{urlencode(named)}"


def _announced(db_id: str) -> Callable[[Mapping[str, Any]], Any]:
    from importlib.metadata import entry_points

    points = {point.name: point for point in entry_points(group=GROUP)}
    if db_id not in points:
        known = [*_KINDS, *points]
        raise InputError(
            f'There is no database "{db_id}".{did_you_mean(db_id, known)} Known are {", ".join(known)}.'
        )
    found = points[db_id].load()
    return found if callable(found) else lambda _settings: found


class Database(HostDatasets):
    """Annotated data outside of a run or beside it. A database that is not there has none."""

    def __init__(self, where: str | None = None) -> None:
        self._where = where
        super().__init__(Path(), _Writing(lambda: self.place))

    @cached_property
    def place(self) -> Place:
        """Where the database is: as the settings say at the first use, unless it was named."""
        return place_of(self._where or current_settings().database_url)


class _Writing:
    """A `Channel` that reaches the writer anew for every call, so nobody is kept from the database."""

    def __init__(self, place: Callable[[], Place]) -> None:
        self._place = place

    def call(self, name: str, /, *, timeout: float = 30.0, **arguments: Any) -> Any:
        """Run the named queue function in a transaction (see `tallymark.types.Channel`)."""
        from tallymark.server.channel import open_channel

        with open_channel(address_of(self._place())) as channel:
            return channel.call(name, timeout=timeout, **arguments)

    def close(self) -> None:
        """Nothing is held."""
