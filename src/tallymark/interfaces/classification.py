"""`classification`: content under one label, to accept or reject."""

from tallymark.interfaces.interface import Interface, content_problem
from tallymark.types import Task

__all__ = ["CLASSIFICATION"]


def _problem(document: Task) -> str | None:
    if not isinstance(document.get("label", ""), str):
        return 'The "label" of the task is not text.'
    return content_problem(document)


CLASSIFICATION = Interface("classification", "binary", _problem)
