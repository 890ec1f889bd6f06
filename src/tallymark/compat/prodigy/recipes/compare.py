"""`prodigy.recipes.compare`: two systems side by side."""

import copy
import random
from collections.abc import Iterable, Iterator

from tallymark.compat.prodigy.components.printers import get_compare_printer
from tallymark.types import Task

__all__ = ["get_printer", "get_questions"]

get_printer = get_compare_printer


def get_questions(
    a_questions: Iterable[Task], b_questions: Iterable[Task], rand: bool = True
) -> Iterator[Task]:
    """A task for each `id` that both have and for which they differ; `mapping` says which is shown where."""
    others = {question["id"]: question for question in b_questions}
    for first in a_questions:
        second = others.get(first["id"])
        if second is None or second["output"] == first["output"]:
            continue
        turned = rand and random.random() < 0.5  # noqa: S311 (only the order of two outputs)
        outputs = {"A": copy.deepcopy(first["output"]), "B": copy.deepcopy(second["output"])}
        sides = {"A": "reject", "B": "accept"} if turned else {"A": "accept", "B": "reject"}
        yield {
            "id": first["id"],
            "input": copy.deepcopy(first["input"]),
            **{sides[name]: output for name, output in outputs.items()},
            "mapping": sides,
        }
