"""`prodigy.recipes.generic`."""

from tallymark.recipes.mark import mark

__all__ = ["mark"]
