"""Named statements: SQL that SQLite and PostgreSQL both understand, but for a few macros.

| macro | SQLite | PostgreSQL |
|---|---|---|
| `{ids}` | the integers of the JSON array `:ids` | the same |
| `{keys}` | one placeholder for each element of the list `keys` | the same |
| `{lock:t}` | nothing: the one writer holds the database | `FOR UPDATE OF t` |
| `{lock_free:t}` | nothing | `FOR UPDATE OF t SKIP LOCKED` |

Parameters are written `:name`. A statement is rendered once per dialect.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

_MACRO = re.compile(r"\{(\w+)(?::(\w+))?\}")


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """How one database spells what the others spell differently."""

    name: str
    macros: dict[str, Callable[[str], str]]


SQLITE = Dialect(
    name="sqlite",
    macros={
        "ids": lambda _: "(SELECT value FROM json_each(:ids))",
        "lock": lambda _: "",
        "lock_free": lambda _: "",
    },
)


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One SQL statement with the sentence that says what it does."""

    purpose: str
    sql: str


@cache
def render(statement: Statement, dialect: Dialect, keys: int = 0) -> str:
    """The text for a dialect, with `keys` placeholders `:key0 … ` for `{keys}`."""

    def expand(match: re.Match[str]) -> str:
        name, argument = match.group(1), match.group(2) or ""
        if name == "keys":
            return "(" + ", ".join(f":key{n}" for n in range(keys)) + ")"
        return dialect.macros[name](argument)

    return _MACRO.sub(expand, statement.sql)
