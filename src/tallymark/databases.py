"""What a database is called: the path of an SQLite file, or a URL."""

import re
from urllib.parse import unquote

_SCHEME = re.compile(r"(?:postgresql|postgres)(?:\+psycopg)?://", re.IGNORECASE)
_SECRET = re.compile(r"((?:password|passfile|sslpassword)=)[^&\s]*", re.IGNORECASE)


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
