"""`ner`: a text with its spans, to accept or reject. What is asked is the whole task, spans included."""

from tallymark.interfaces.interface import Interface
from tallymark.interfaces.spans import READING, spans_problem

__all__ = ["NER"]

NER = Interface("ner", "binary", spans_problem, settings=READING)
