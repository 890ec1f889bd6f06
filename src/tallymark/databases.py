"""What a database is called: the path of an SQLite file, or a URL."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from tallymark.errors import InputError

_SCHEME = re.compile(r"(?:postgresql|postgres)(?:\+psycopg)?://", re.IGNORECASE)
_OTHER_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_SECRET = re.compile(r"((?:password|passfile|sslpassword)=)[^&\s]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """The URL of a PostgreSQL database; as text it is without its password."""

    url: str = field(repr=False)

    def __str__(self) -> str:
        return shown(self.url)


Place = Path | DatabaseUrl
"""Where a database is: the file of SQLite, or a URL."""


NO_DRIVER = "PostgreSQL needs its driver. Install it: pip install 'tallymark[postgresql]'"


def place_of(where: str | Place) -> Place:
    """Where a database is that is given as a path, as `sqlite:///path` or as a URL of PostgreSQL.

    Links are followed: all agree on a file. Errors: `InputError` for a URL of another kind.
    """
    if isinstance(where, DatabaseUrl):
        return where
    text = str(where)
    if is_postgresql(text):
        return DatabaseUrl(libpq_url(text))
    path = text.removeprefix("sqlite:///")
    if _OTHER_SCHEME.match(path):
        raise InputError(
            f"The database {shown(path)!r} is not supported. Write a path, sqlite:////absolute/path.db or "
            "postgresql://user@host/name."
        )
    return Path(path).expanduser().resolve()


def address_of(place: Place) -> str:
    """The path or whole URL, as a store is opened with."""
    return place.url if isinstance(place, DatabaseUrl) else str(place)


def is_postgresql(where: object) -> bool:
    """Whether this is the URL of a PostgreSQL database."""
    return isinstance(where, str) and _SCHEME.match(where) is not None


def libpq_url(where: str) -> str:
    """The URL of a PostgreSQL database as PostgreSQL's own programs write it."""
    return _SCHEME.sub("postgresql://", where, count=1)


def shown(where: object) -> str:
    """A path or URL as people may see it: without the password."""
    text = str(where)
    scheme, separator, rest = text.partition("://")
    if not separator:
        return text
    person, at, place = rest.rpartition("@")
    name, colon, _ = person.partition(":")
    person = f"{name}{colon}***" if colon else person
    return f"{scheme}://{person}{at}" + _SECRET.sub(r"\1***", place)


def shown_words(words: Iterable[str]) -> list[str]:
    """The words of a command line as they may be kept and shown: URLs of databases without passwords."""
    return [shown(word) if _SCHEME.search(word) else word for word in words]


def without_password(message: str, where: object) -> str:
    """A message of a driver about a URL, with nothing in it that may be part of the password."""
    person = str(where).partition("://")[2].rpartition("@")[0]
    password = person.partition(":")[2]
    passwords = [password, *re.findall(r"password=([^&\s]+)", str(where))]
    passwords += [unquote(written) for written in passwords]
    parts = {part for written in passwords for part in (written, *re.split(r"[@/?#:]", written))}
    for part in sorted(filter(None, parts), key=len, reverse=True):
        message = message.replace(part, "***")
    return message
