"""`prodigy.components.sorters`: choose among scored tasks; each takes `(score, task)` and gives tasks."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal

from tallymark.compat.prodigy.util import log
from tallymark.errors import RecipeError
from tallymark.types import Task

__all__ = [
    "ExpMovingAverage",
    "Probability",
    "find_with_terms",
    "prefer_high_scores",
    "prefer_low_scores",
    "prefer_uncertain",
]

Scored = tuple[float, Task]
Algorithm = Literal["ema", "probability"]

DECAY = 0.95
PATIENCE = 20
"""Tasks passed over in a row that lower what is wanted by one spread."""


def prefer_uncertain(
    stream: Iterable[Scored], bias: float = 0.0, algorithm: Algorithm = "ema"
) -> Iterator[Task]:
    """Rather tasks with a score near 0.5; a bias above 0 leans to high scores, below 0 to low ones."""
    log(f"SORTER: Prefer uncertain scores (bias {bias})")
    return _sorted(((_uncertainty(score, bias), task) for score, task in _pairs(stream)), algorithm)


def prefer_high_scores(stream: Iterable[Scored], algorithm: Algorithm = "ema") -> Iterator[Task]:
    """Rather tasks with a high score."""
    log("SORTER: Prefer high scores")
    return _sorted(stream, algorithm)


def prefer_low_scores(stream: Iterable[Scored], algorithm: Algorithm = "ema") -> Iterator[Task]:
    """Rather tasks with a low score."""
    log("SORTER: Prefer low scores")
    return _sorted(((1.0 - score, task) for score, task in _pairs(stream)), algorithm)


def _pairs(stream: Iterable[Scored]) -> Iterator[Scored]:
    """The scored tasks of a stream. Errors: `RecipeError` for what is no pair, as a task without one."""
    for pair in stream:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise RecipeError(
                f"A sorter takes pairs of a score and a task, and was given a {type(pair).__name__}. "
                "Write it around what gives both, as in prefer_uncertain(model(stream))."
            )
        score, task = pair
        yield score, task


def _uncertainty(score: float, bias: float) -> float:
    """1 for the score that is sought, 0 for the ones farthest from it."""
    sought = min(1.0, max(0.0, 0.5 + bias / 2))
    return 1.0 - abs(score - sought) / max(sought, 1.0 - sought)


def _sorted(stream: Iterable[Scored], algorithm: Algorithm) -> Iterator[Task]:
    kinds: dict[str, Callable[[Iterable[Scored]], Iterator[Task]]]
    kinds = {"ema": ExpMovingAverage, "probability": Probability}
    if algorithm not in kinds:
        raise ValueError(f"A sorter's algorithm is one of {', '.join(kinds)}, not {algorithm!r}.")
    return kinds[algorithm](stream)


class Probability:
    """Gives each task with the probability that its score is; the others are passed over."""

    def __init__(self, stream: Iterable[Scored]) -> None:
        self._stream = _pairs(stream)

    def __iter__(self) -> Iterator[Task]:
        return self

    def __next__(self) -> Task:
        for score, task in self._stream:
            if random.random() < score:  # noqa: S311 (nothing depends on it being unforeseeable)
                return task
        raise StopIteration


class ExpMovingAverage:
    """Gives tasks whose score is no lower than those of late: what is high is seen against its neighbours.

    The more are passed over in a row, the lower one may be, so tasks keep coming when all scores sink. A
    score of 0 has nothing of what is sought: such a task comes only when there was nothing else for long.
    """

    def __init__(self, stream: Iterable[Scored]) -> None:
        self._stream = _pairs(stream)
        self._average: float | None = None
        self._spread = 0.0
        self._passed = 0

    def __iter__(self) -> Iterator[Task]:
        return self

    def __next__(self) -> Task:
        for score, task in self._stream:
            if self._is_high(score):
                self._passed = 0
                return task
            self._passed += 1
        raise StopIteration

    def _is_high(self, score: float) -> bool:
        """Whether it reaches the average; a drawn part of the spread leaves some others a chance."""
        average = score if self._average is None else self._average
        self._average = DECAY * average + (1 - DECAY) * score
        self._spread = DECAY * self._spread + (1 - DECAY) * abs(score - average)
        if score <= 0 and self._passed < PATIENCE:
            return False
        leeway = random.random() + self._passed / PATIENCE  # noqa: S311
        return score >= average - leeway * self._spread


def find_with_terms(
    stream: Iterable[Task],
    terms: Sequence[str],
    at_least: int = 10,
    at_most: int = 1000,
    give_up_after: int = 10000,
) -> Iterator[Task]:
    """Tasks with one of the terms in their text, up to `at_most`.

    After `give_up_after` tasks only as many more are sought as `at_least` wants.
    """
    sought = [term.lower() for term in terms]
    found = 0
    for number, task in enumerate(stream, start=1):
        if any(term in task["text"].lower() for term in sought):
            found += 1
            yield task
        if found >= at_most or (number >= give_up_after and found >= at_least):
            return
