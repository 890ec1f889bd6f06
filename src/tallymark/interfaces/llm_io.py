"""`llm_io`: what a large language model was asked and what it said (`llm`), to accept or reject.

`llm` has a `prompt` and a `response`, each a text, a list of texts or any other JSON. As a block below what
is annotated it takes no part in the answer.
"""

from tallymark.interfaces.interface import Interface
from tallymark.types import Task

__all__ = ["LLM_IO"]


def _problem(document: Task) -> str | None:
    if isinstance(document.get("llm"), dict):
        return None
    return 'The task has no "llm" with a "prompt" and a "response".'


LLM_IO = Interface("llm_io", "binary", _problem)
