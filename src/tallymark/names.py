"""Names of datasets and sessions."""

import unicodedata
from collections.abc import Sequence
from typing import Final

__all__ = ["canonical", "listed"]

_SHOWN: Final = 12


def canonical(name: str) -> str:
    """A name in the one form of those that look the same (Unicode NFC)."""
    return unicodedata.normalize("NFC", name)


def listed(names: Sequence[str]) -> str:
    """The datasets there are, in words for an error: the first few, and how many more."""
    more = len(names) - _SHOWN
    known = ", ".join(names[:_SHOWN]) or "none yet"
    return known if more <= 0 else f"{known} and {more:,} more (`tallymark stats` lists them)"
