"""Call a recipe's `progress` callback, whichever of its historical signatures it has."""

import inspect
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tallymark.types import Task

_BY_COUNT: tuple[tuple[str, ...], ...] = (
    (),
    ("ctrl",),
    ("ctrl", "update_return_value"),
    ("session_count", "total", "loss"),
    ("ctrl", "session", "answers", "update_return_value"),
)
_KNOWN = frozenset({"session", *(name for form in _BY_COUNT for name in form)})
_NAMES = {"controller": "ctrl", "_ctrl": "ctrl", "_controller": "ctrl", "return_value": "update_return_value"}


@dataclass(frozen=True, slots=True)
class Session:
    """A session as callbacks see it; `id` is the full form `<dataset>-<name>`."""

    id: str
    total_annotated: int


@dataclass(frozen=True, slots=True)
class Progress:
    """What a progress callback may ask for."""

    ctrl: Any
    session: Session
    answers: Sequence[Task]
    update_return_value: Any
    answered_in_run: int
    total: int

    def value(self, callback: Callable[..., Any]) -> float | None:
        """The callback's figure, or None when it has none or gives no number."""
        result = callback(*self._arguments(callback))
        if isinstance(result, bool) or not isinstance(result, int | float) or not math.isfinite(result):
            return None
        return float(result)

    def _arguments(self, callback: Callable[..., Any]) -> list[Any]:
        return [self._offered()[name] for name in argument_names(callback)]

    def _offered(self) -> Mapping[str, Any]:
        loss = self.update_return_value
        return {
            "ctrl": self.ctrl,
            "session": self.session,
            "answers": list(self.answers),
            "update_return_value": self.update_return_value,
            "session_count": self.answered_in_run,
            "total": self.total,
            "loss": loss if isinstance(loss, int | float) else 0.0,
        }


def argument_names(callback: Callable[..., Any]) -> tuple[str, ...]:
    """What to give a callback for each of its parameters: by their names, else by their number.

    `(session, total, loss)` is the oldest form: there `session` is the number of answers of this run. From
    the first parameter on with a default and no known name, the callback's own defaults count.
    """
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = [p for p in inspect.signature(callback).parameters.values() if p.kind in positional]
    given = itertools.takewhile(lambda p: p.default is p.empty or _plain(p.name) in _KNOWN, parameters)
    names = tuple(_plain(p.name) for p in given)
    if "total" in names or "loss" in names:
        names = tuple("session_count" if name == "session" else name for name in names)
    if all(name in _KNOWN for name in names):
        return names
    return _BY_COUNT[min(len(names), len(_BY_COUNT) - 1)]


def _plain(name: str) -> str:
    return _NAMES.get(name, name)
