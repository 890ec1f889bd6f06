"""`dep`: arrows between the words of a text, to accept or reject. What is asked is the whole task."""

from tallymark.interfaces.interface import Interface, text_problem
from tallymark.interfaces.relations import ARROWS, arrows_problem, tokens_problem
from tallymark.types import Task

__all__ = ["DEP"]


def _problem(document: Task) -> str | None:
    problem = text_problem(document) or tokens_problem(document)
    return problem or arrows_problem(document.get("arcs"), key="arcs", tokens=document["tokens"])


DEP = Interface("dep", "binary", _problem, settings=ARROWS)
