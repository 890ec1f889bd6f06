"""Routers: which sessions get a task.

A router is `router(ctrl, session_id, item) -> list of session ids`. It is asked when a task is queued, before
anybody asks for it, and again for open tasks when somebody new sits down. So `session_id` stands for whoever
will ask; a router that gives it back lets the first who asks have the task.
"""

import math
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final, Protocol

from tallymark.types import Task

__all__ = ["WHOEVER_ASKS", "Router", "full_overlap", "no_overlap", "route_average_per_task"]

WHOEVER_ASKS: Final = "*"
"""The name of the session that routers are asked for."""

Router = Callable[..., list[str]]


class _Sessions(Protocol):
    @property
    def session_ids(self) -> list[str]: ...


def full_overlap(ctrl: _Sessions, session_id: str, item: Task) -> list[str]:  # noqa: ARG001
    """Every session."""
    return list(ctrl.session_ids)


def no_overlap(ctrl: _Sessions, session_id: str, item: Task) -> list[str]:  # noqa: ARG001
    """One session: whoever asks."""
    return [session_id]


def route_average_per_task(n: float) -> Router:
    """A router that names `n` sessions for each task: 1.5 is one, and two for every second task.

    The task's hash decides, the same way at every start; a further session takes over its share of the tasks
    and leaves the others where they are. Raises ValueError for less than one session.
    """
    if isinstance(n, bool) or not isinstance(n, int | float) or not math.isfinite(n) or n < 1:
        raise ValueError(f"route_average_per_task takes a number of at least 1, not {n!r}.")

    def router(ctrl: _Sessions, session_id: str, item: Task) -> list[str]:  # noqa: ARG001
        wanted = math.floor(n) + (_drawn(item, "") < n - math.floor(n))
        return sorted(ctrl.session_ids, key=lambda session: _drawn(item, session))[:wanted]

    router.balances = True  # type: ignore[attr-defined]
    return router


def _drawn(item: Task, session: str) -> float:
    """A number from 0 to below 1 that looks drawn by lot, and is the same for the same task and session."""
    text: Any = f"{item['_task_hash']}\0{session}"
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2.0**48
