"""`diff`: what changes from one text (`reject`) to another (`accept`), to accept or reject."""

from typing import Any

from tallymark.interfaces.interface import Interface
from tallymark.types import Task

__all__ = ["DIFF"]


def _problem(document: Task) -> str | None:
    for key in ("accept", "reject"):
        if not isinstance(_text(document.get(key)), str):
            return f'The task has no "{key}" with a "text".'
    return None


def _text(part: Any) -> Any:
    return part.get("text") if isinstance(part, dict) else part


DIFF = Interface("diff", "binary", _problem, settings={"diff_style": "words"})
