"""Names of datasets and sessions."""

import unicodedata

__all__ = ["canonical"]


def canonical(name: str) -> str:
    """A name in the one form of those that look the same (Unicode NFC)."""
    return unicodedata.normalize("NFC", name)
