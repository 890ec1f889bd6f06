"""`prodigy.models`."""

from tallymark.compat.missing import missing

__getattr__ = missing(__name__)
