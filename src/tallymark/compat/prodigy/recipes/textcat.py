"""`prodigy.recipes.textcat`."""

from tallymark.recipes.textcat import manual

__all__ = ["manual"]
