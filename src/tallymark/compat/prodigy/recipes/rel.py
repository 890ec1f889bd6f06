"""`prodigy.recipes.rel`."""

from tallymark.recipes.rel import manual

__all__ = ["manual"]
