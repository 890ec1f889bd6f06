"""`prodigy.about`."""

__version__ = "1.18.4"
"""The version whose names are here."""
