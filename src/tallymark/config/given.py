"""One value from one place, and everything that was given for a start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from tallymark.config.places import Files

__all__ = ["LENIENT", "Given", "Kind", "Resolution"]

Kind = Literal["toml", "json", "recipe", "overrides", "prodigy", "variable", "option", "keyword"]

LENIENT: Final[frozenset[Kind]] = frozenset({"json", "recipe", "overrides"})
"""Places written for other programs, too: unknown keys are kept for the page, null means not given."""


@dataclass(frozen=True, slots=True)
class Given:
    """A value for one setting.

    `named` is how a message calls it (`TALLYMARK_PORT`, `--port`, `port (/x/tallymark.toml, line 3)`),
    `place` where it stands. `within` are the further parts of a dotted name: a key inside a table.
    """

    key: str
    value: Any
    kind: Kind
    named: str
    place: str
    within: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resolution:
    """All values by setting, the winner last; `extra` holds keys that are no settings."""

    given: Mapping[str, tuple[Given, ...]] = field(default_factory=dict)
    extra: Mapping[str, tuple[Given, ...]] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    files: "Files | None" = None
