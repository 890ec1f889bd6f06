"""Named statements: SQL that SQLite and PostgreSQL both understand, but for a few macros.

| macro | SQLite | PostgreSQL |
|---|---|---|
| `{ids}` | the integers of the JSON array `:ids` | the same |
| `{texts:names}` | the texts of the JSON array `:names` | the same |
| `{keys}` | one placeholder for each element of the list `keys` | the same |
| `{lock:t}` | nothing: the one writer holds the database | `FOR NO KEY UPDATE OF t`; nothing while reading |
| `{lock_free:t}` | nothing | the same with `SKIP LOCKED` |

Parameters are written `:name`. PostgreSQL must be able to tell their types: write `x = :y OR :y IS NULL` in
this order. A statement is rendered once per dialect.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

_MACRO = re.compile(r"\{(\w+)(?::(\w+))?\}")
_VALUES = re.compile(r"VALUES\s*\(([^()]*)\)")
_PARAMETER = re.compile(r"'[^']*'|%|(?<!:):([a-z]\w*)")


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """How one database spells what the others spell differently."""

    name: str
    macros: dict[str, Callable[[str], str]]
    spelled: Callable[[str], str] = str
    """Parameters as the driver wants them."""


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One SQL statement with the sentence that says what it does.

    `postgresql` is the same for PostgreSQL, where the one of SQLite would lock too little or be slow there.
    With the types of all its parameters there, an `INSERT … VALUES` or `UPDATE … WHERE` can be carried out
    there for many rows at once (`render_many`).
    """

    purpose: str
    sql: str
    postgresql: str | None = None
    types: Mapping[str, str] | None = None


def _percent(sql: str) -> str:
    """`:name` as `%(name)s`, outside quoted text."""

    def one(match: re.Match[str]) -> str:
        name = match.group(1)
        return f"%({name})s" if name else match.group(0).replace("%", "%%")

    return _PARAMETER.sub(one, sql)


_TEXTS = "(SELECT value FROM json_array_elements_text(CAST(:{} AS json)) AS given(value))"
_INTEGERS = "(SELECT unnest(CAST(translate(:ids, '[]', '{}') AS bigint[])))"
"""As an array, of which PostgreSQL knows how long it is when it plans."""

SQLITE = Dialect(
    name="sqlite",
    macros={
        "ids": lambda _: "(SELECT value FROM json_each(:ids))",
        "texts": lambda name: f"(SELECT value FROM json_each(:{name}))",  # noqa: S608
        "lock": lambda _: "",
        "lock_free": lambda _: "",
    },
)
_POSTGRESQL_MACROS: dict[str, Callable[[str], str]] = {
    "ids": lambda _: _INTEGERS,
    "texts": lambda name: _TEXTS.format(name),
}
POSTGRESQL = Dialect(
    name="postgresql",
    macros={
        **_POSTGRESQL_MACROS,
        "lock": lambda table: f"FOR NO KEY UPDATE OF {table}",
        "lock_free": lambda table: f"FOR NO KEY UPDATE OF {table} SKIP LOCKED",
    },
    spelled=_percent,
)
POSTGRESQL_READING = Dialect(
    name="postgresql",
    macros={**_POSTGRESQL_MACROS, "lock": lambda _: "", "lock_free": lambda _: ""},
    spelled=_percent,
)


@cache
def render(statement: Statement, dialect: Dialect, keys: int = 0) -> str:
    """The text for a dialect, with `keys` placeholders `:key0 … ` for `{keys}`."""

    def expand(match: re.Match[str]) -> str:
        name, argument = match.group(1), match.group(2) or ""
        if name == "keys":
            return "(" + ", ".join(f":key{n}" for n in range(keys)) + ")"
        return dialect.macros[name](argument)

    own = statement.postgresql if dialect.name == "postgresql" else None
    return dialect.spelled(_MACRO.sub(expand, own or statement.sql))


@cache
def render_many(statement: Statement) -> str:
    """The text for PostgreSQL that takes an array of values for each parameter, in place of one value.

    Errors: `ValueError` for a statement without the types of its parameters.
    """
    if statement.types is None:
        raise ValueError(f"The types of the parameters are not known: {statement.purpose}")
    arrays = ", ".join(f"CAST(:{name} AS {type}[])" for name, type in statement.types.items())
    names = ", ".join(f"given_{name}" for name in statement.types)
    given = f"unnest({arrays}) AS given({names})"
    of_rows = _PARAMETER.sub(lambda found: f"given_{found[1]}" if found[1] else found[0], statement.sql)
    if of_rows.lstrip().startswith("UPDATE"):
        changes, _, where = of_rows.rpartition(" WHERE ")
        return POSTGRESQL.spelled(f"{changes} FROM {given} WHERE {where}")
    return POSTGRESQL.spelled(_VALUES.sub(rf"SELECT \1 FROM {given}", of_rows))  # noqa: S608
