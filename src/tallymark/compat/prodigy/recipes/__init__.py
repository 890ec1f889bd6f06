"""`prodigy.recipes`: the built-in recipes as functions."""

from tallymark.compat.missing import missing

__getattr__ = missing(__name__)
