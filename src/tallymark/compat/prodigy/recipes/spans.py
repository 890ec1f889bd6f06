"""`prodigy.recipes.spans`."""

from tallymark.recipes.spans import manual

__all__ = ["manual"]
