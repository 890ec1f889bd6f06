"""`spans_manual`: a text whose spans are marked by the annotator; spans may lie in and over each other."""

from tallymark.interfaces.interface import Interface
from tallymark.interfaces.spans import MARKING, answered_spans, spans_problem

__all__ = ["SPANS_MANUAL"]

SPANS_MANUAL = Interface(
    "spans_manual",
    "manual",
    spans_problem,
    fingerprint_keys=("spans",),
    answered=answered_spans,
    settings=MARKING,
)
