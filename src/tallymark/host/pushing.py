"""Follow-up questions of a recipe: whose answers are being handled, and what is asked because of them."""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tallymark import jsontext
from tallymark.errors import RecipeError
from tallymark.hashing import IDENTITY_KEY, INPUT_HASH_KEY, TASK_HASH_KEY
from tallymark.host.run_channel import RunChannel
from tallymark.types import Task

AsNew = Callable[[Task], dict[str, Any]]
"""A task as `enqueue` takes it, with whom it is for. Errors: ValueError, TypeError."""


class Pushing:
    """Puts questions ahead of the stream, for the person whose answer or page led to them."""

    def __init__(self, channel: RunChannel, as_new: AsNew, *, prefix: str) -> None:
        """`prefix` begins the full form of every session."""
        self._channel = channel
        self._as_new = as_new
        self._prefix = prefix
        self._asker: str | None = None
        self._answered: dict[tuple[Any, Any, Any], int] = {}

    @contextmanager
    def for_answers(self, answers: Iterable[Mapping[str, Any]]) -> Iterator[None]:
        """While a callback handles these answers, questions may follow each of them."""
        self._answered = {_key(answer["task"]): answer["task_id"] for answer in answers}
        try:
            yield
        finally:
            self._answered = {}

    @contextmanager
    def for_page(self, token: str | None) -> Iterator[None]:
        """While a hook answers the page of a seat, questions are for who sits there."""
        self._asker = token
        try:
            yield
        finally:
            self._asker = None

    def push(
        self, tasks: Iterable[Task], *, session: str | None, after: Task | None, repeat: bool
    ) -> dict[str, int]:
        """Ask questions, as `Controller.push` says."""
        given = list(tasks)
        named = session if session is not None else (after or {}).get("_session_id")
        person = None if named is None else str(named).removeprefix(self._prefix)
        counts: dict[str, int] = self._channel.call(
            "pushing.push",
            tasks=[self._new(task) for task in given],
            push=uuid.uuid4().hex,
            session=person,
            asker=self._asker if person is None else None,
            after=None if after is None else self._followed(after),
            repeat=repeat,
        )
        return counts

    def _new(self, task: Task) -> dict[str, Any]:
        if not isinstance(task, Mapping):
            raise RecipeError(f"ctrl.push takes a list of tasks, which are dicts; not {task!r}.")
        try:
            return self._as_new(jsontext.plain(_question(task)))
        except (TypeError, ValueError) as error:
            raise RecipeError(f"A task cannot be pushed: {error}") from error

    def _followed(self, after: Task) -> dict[str, Any]:
        """How the queue finds the task that others follow. Errors: `RecipeError`."""
        known = self._answered.get(_key(after))
        if known is not None:
            return {"task": known}
        hashes = {"input_hash": after.get(INPUT_HASH_KEY), "task_hash": after.get(TASK_HASH_KEY)}
        if None in hashes.values():
            raise RecipeError(
                "ctrl.push(…, after=task) takes a task with its _input_hash and _task_hash, as update and "
                "the page have it."
            )
        return hashes


def _question(task: Mapping[str, Any]) -> Task:
    """The task without what an answer adds, so that an answered one may be changed and asked.

    Its hashes are made anew, unless the recipe made them itself.
    """
    hashes = (INPUT_HASH_KEY, TASK_HASH_KEY, IDENTITY_KEY) if IDENTITY_KEY in task else ()
    return {
        key: value
        for key, value in task.items()
        if key in hashes or (key not in ("answer", "flagged") and not key.startswith("_"))
    }


def _key(answer: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    return answer.get("_session_id"), answer.get(INPUT_HASH_KEY), answer.get(TASK_HASH_KEY)
