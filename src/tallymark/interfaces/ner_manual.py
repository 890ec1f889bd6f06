"""`ner_manual`: a text whose spans are marked by the annotator; spans do not overlap."""

from tallymark.interfaces.interface import Interface
from tallymark.interfaces.spans import MARKING, answered_spans, overlap_problem, spans_problem
from tallymark.types import Task

__all__ = ["NER_MANUAL"]


def _problem(document: Task) -> str | None:
    return spans_problem(document) or overlap_problem(document)


NER_MANUAL = Interface(
    "ner_manual",
    "manual",
    _problem,
    fingerprint_keys=("spans",),
    answered=answered_spans,
    settings=MARKING,
)
