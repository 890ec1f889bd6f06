"""`text`: a text to accept or reject."""

from tallymark.interfaces.interface import Interface, text_problem

__all__ = ["TEXT"]

TEXT = Interface("text", "binary", text_problem)
