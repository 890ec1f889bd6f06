"""`compare`: two outputs for one input; accepting says that the first one is better.

`accept` and `reject` are what is compared, each a text or an object with content; `input` stands above them.
Which of them comes from where is for the recipe to know (`mapping`).
"""

from typing import Any

from tallymark.interfaces.interface import CONTENT_KEYS, Interface, content_problem
from tallymark.types import Task

__all__ = ["COMPARE"]


def _problem(document: Task) -> str | None:
    for key in ("accept", "reject"):
        if key not in document:
            return f'The task has no "{key}" to compare.'
    for key in ("input", "accept", "reject"):
        problem = _part_problem(key, document.get(key))
        if problem is not None:
            return problem
    return None


def _part_problem(key: str, part: Any) -> str | None:
    if part is None or isinstance(part, str):
        return None
    if not isinstance(part, dict) or not set(part) & set(CONTENT_KEYS):
        return f'"{key}" must be text, or an object with one of {", ".join(CONTENT_KEYS)}.'
    problem = content_problem(part)
    return None if problem is None else problem.replace("of the task", f'of "{key}"')


COMPARE = Interface("compare", "binary", _problem)
