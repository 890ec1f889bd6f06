"""Settings about who annotates: how many each task wants, and what annotators are tagged with."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

__all__ = ["PER_TASK", "TAGS", "PerTask", "Tagged", "Wanted", "wanted"]

PER_TASK: Final = 'a whole number of at least 1, an average such as 1.5, or {"min": 2, "max": 3}'
TAGS: Final = 'a JSON object of annotators, as {"ann": {"languages": ["de", "en"]}}'


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many counted answers a task wants.

    `least` None is everyone's; this `share` of all tasks (0 to below 1) wants one more; `most` is how far it
    goes while people ask who have nothing else to do.
    """

    least: int | None
    share: float = 0.0
    most: int | None = None

    @property
    def highest(self) -> int | None:
        """The most answers any task may want; None: everyone's."""
        return self.least if self.least is None else max(self.least + (self.share > 0), self.most or 0)


def wanted(per_task: int | float | Mapping[str, int] | None, *, everyone: bool) -> Wanted:
    """What `annotations_per_task` and `feed_overlap` mean together."""
    if everyone:
        return Wanted(None)
    if isinstance(per_task, Mapping):
        return Wanted(per_task["min"], most=per_task["max"])
    number = 1 if per_task is None else per_task
    return Wanted(math.floor(number), share=number - math.floor(number))


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise PydanticCustomError("json", "is not JSON: {reason}", {"reason": str(error)}) from error


def _per_task(value: Any) -> Any:
    """A whole number where it is one, bounds that are equal as that number."""
    value = _parsed(value)
    if isinstance(value, Mapping):
        return _bounds(value)
    if value is None:
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < 1:
        raise PydanticCustomError("per_task", "is no number of annotators")
    return int(value) if float(value).is_integer() else value


def _bounds(value: Mapping[str, Any]) -> Any:
    whole = all(isinstance(item, int) and not isinstance(item, bool) for item in value.values())
    if set(value) != {"min", "max"} or not whole or not 1 <= value["min"] <= value["max"]:
        raise PydanticCustomError("per_task", "are no bounds")
    return value["min"] if value["min"] == value["max"] else dict(value)


def _tagged(value: Any) -> Any:
    """Every tag as a list of texts."""
    value = _parsed(value)
    if not isinstance(value, Mapping) or not all(isinstance(tags, Mapping) for tags in value.values()):
        raise PydanticCustomError("tags", "is no object of annotators")
    return {str(name): {str(key): _texts(item) for key, item in tags.items()} for name, tags in value.items()}


def _texts(value: Any) -> list[str]:
    items = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(item, str | int) and not isinstance(item, bool) for item in items):
        raise PydanticCustomError("tags", "a tag is text or a list of texts")
    return [str(item) for item in items]


PerTask = Annotated[int | float | dict[str, int] | None, BeforeValidator(_per_task)]
Tagged = Annotated[dict[str, dict[str, list[str]]], BeforeValidator(_tagged)]
