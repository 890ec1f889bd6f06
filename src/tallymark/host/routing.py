"""Whom tasks are for: the tags they ask for, and what the recipe's router says.

Routers decide who may have a task, never who has it: that is decided when somebody asks for tasks.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from tallymark import jsontext
from tallymark.components import RecipeComponents
from tallymark.config import Settings
from tallymark.errors import RecipeError, TallymarkError
from tallymark.hashing import set_hashes
from tallymark.host.controller import Controller
from tallymark.host.run_channel import RunChannel
from tallymark.host.say import Say, raised_at
from tallymark.routers import WHOEVER_ASKS, Router, full_overlap, no_overlap
from tallymark.types import Task

logger = logging.getLogger(__name__)

AT_ONCE = 100
BALANCING_MINUTES = 30.0

Seats = Callable[[], Mapping[str, int]]
"""The open, named seats of the dataset with their ids, in the order they joined."""

NewTask = Callable[[Task], dict[str, Any]]
"""A task as `enqueue` takes it."""


def router_of(components: RecipeComponents) -> Router | None:
    """The router that is to be asked about every task; those for all or one ask nobody."""
    router = components.callback("task_router")
    return None if router in (full_overlap, no_overlap) else router


def tags_of(task: Task, keys: Sequence[str]) -> dict[str, list[str]]:
    """The tags that a task asks for under these keys of its own or of its `meta`.

    Raises ValueError for what is neither text nor a list of texts.
    """
    meta = task.get("meta")
    within: Mapping[str, Any] = meta if isinstance(meta, Mapping) else {}
    needs = {}
    for key in keys:
        value = task.get(key, within.get(key))
        items = value if isinstance(value, list | tuple) else [] if value is None else [value]
        if not all(isinstance(item, str | int) and not isinstance(item, bool) for item in items):
            raise ValueError(
                f'"{key}" says which tags the annotator of a task must have: text, or a list of texts, '
                f"not {jsontext.dumps(value)[:40]}"
            )
        if items:
            needs[key] = [str(item) for item in items]
    return needs


class Routing:
    """The routing of one run: what new tasks ask for, and open tasks when people come and go."""

    def __init__(
        self,
        components: RecipeComponents,
        controller: Controller,
        settings: Settings,
        channel: RunChannel,
        say: Say,
        *,
        seats: Seats,
    ) -> None:
        self._router = router_of(components)
        self._factory = components.callback("session_factory")
        self._controller = controller
        self._channel = channel
        self._say = say
        self._seats = seats
        self._keys = settings.tag_keys
        self._counts = not (settings.feed_overlap or settings.annotations_per_task is not None)
        self._fallback = _fallback(self._router, settings.router_fallback)
        self._known: dict[str, int] = {}
        self._greeted: set[str] = set()
        self._missed: set[str | None] = set()
        self._after: int | None = None

    def wish(self, task: Task) -> dict[str, Any]:
        """Whom a new task is for, as `enqueue` takes it.

        Errors: ValueError for tags that are none, `RecipeError` for a router that fails.
        """
        wish: dict[str, Any] = {}
        if self._keys:
            wish["needs"] = tags_of(task, self._keys)
        return wish | self._route(task) if self._router is not None else wish

    def step(self, new_task: NewTask) -> bool:
        """Look who is there, and route some open tasks anew when that has changed; whether any were."""
        if self._router is None and self._factory is None:
            return False
        seats = dict(self._seats())
        if seats != self._known:
            self._known, self._after = seats, 0
        self._greet([name for name in seats if name not in self._greeted], new_task)
        return self._router is not None and self._route_some()

    def _greet(self, names: Iterable[str], new_task: NewTask) -> None:
        """Tell the recipe's `session_factory` of new sessions; tasks it gives are for that session alone."""
        for name in names:
            self._greeted.add(name)
            if self._factory is None:
                continue
            try:
                made = self._factory(self._controller, self._controller.get_session_name(name))
                given = _tasks_of(made)
                tasks = [{**new_task(task), "people": [name], "overlap": 1, "narrow": True} for task in given]
            except (Exception, SystemExit) as error:
                logger.info("session_factory failed", exc_info=error)
                self._say(f"session_factory failed for {name}: {_reason(error)}{_place(error)}")
                continue
            if tasks:
                self._channel.call("enqueue.enqueue", tasks=tasks)

    def _route_some(self) -> bool:
        if self._after is None:
            return False
        rows = self._channel.call("routing.to_route", after=self._after, limit=AT_ONCE)
        try:
            routed = [{"id": row["id"], **self._route(jsontext.loads(row["text"]))} for row in rows]
        except RecipeError as error:
            self._say(f"{error}. Open tasks stay with those they are for.")
            rows = routed = []
        self._channel.call("routing.route", tasks=routed)
        self._after = rows[-1]["id"] if rows else None
        if self._after is None:
            self._channel.call("routing.routed", seat=max(self._known.values(), default=0))
        return True

    def _route(self, task: Task) -> dict[str, Any]:
        """Whom the router names. Before anybody is there, the task waits until somebody is."""
        assert self._router is not None  # noqa: S101  (asked by callers that have one)
        if not self._known and not self._controller.session_ids:
            return {"people": [], "fallback": self._fallback}
        named = self._named(self._router, task if "_task_hash" in task else set_hashes(task))
        self._tell_of_absent(named)
        counts = {"overlap": max(1, len(named))} if self._counts else {}
        people = None if WHOEVER_ASKS in named else list(named)
        return {"people": people, "fallback": self._fallback, **counts}

    def _tell_of_absent(self, named: Collection[str]) -> None:
        """Say it once of each name that nobody has come under, and once that the router named none."""
        absent: set[str | None] = {name for name in named if name not in (WHOEVER_ASKS, *self._known)}
        for name in sorted((absent or ({None} if not named else set())) - self._missed, key=str):
            self._missed.add(name)
            if name is None:
                self._say("The task_router names nobody for some tasks. They wait until it names somebody.")
            else:
                self._say(
                    f"The task_router names {name!r}, and nobody has come by that name yet. Its tasks wait "
                    "until somebody does, or until they are opened to all on the page /admin."
                )

    def _named(self, router: Router, task: Task) -> dict[str, None]:
        """The names of the sessions a router gives. Errors: `RecipeError`."""
        asking = self._controller.get_session_name(WHOEVER_ASKS)
        try:
            given: Any = router(self._controller, asking, dict(task))
        except (Exception, SystemExit) as error:
            logger.info("task_router failed", exc_info=error)
            self._say(f"task_router failed: {_reason(error)}{_place(error)}")  # the page is told no paths
            raise RecipeError(f"The task_router failed: {_reason(error)}") from error
        if not isinstance(given, list | tuple | set) or not all(isinstance(one, str) for one in given):
            raise RecipeError(f"The task_router has to return a list of session ids, not {given!r}.")
        prefix = self._controller.get_session_name("")
        return dict.fromkeys(session.removeprefix(prefix) for session in given)


def _tasks_of(made: Any) -> Sequence[Task]:
    """The tasks a `session_factory` gave; Prodigy's sessions have none. Errors: `RecipeError`."""
    if isinstance(made, list | tuple):
        return made
    if isinstance(made, Iterable):
        raise RecipeError(f"it has to return a list of tasks or None, not {made!r}")
    return []


def _fallback(router: Router | None, minutes: float | None) -> float | None:
    """Seconds after which a router's tasks are opened to all; None: never."""
    if minutes is None:
        minutes = BALANCING_MINUTES if getattr(router, "balances", False) else 0.0
    return minutes * 60 or None


def _place(error: BaseException) -> str:
    """Where an error of the recipe's own code came up; ours say what is wrong without it."""
    return "" if isinstance(error, TallymarkError) else f" ({raised_at(error)})"


def _reason(error: BaseException) -> str:
    if isinstance(error, TallymarkError):
        return str(error)
    return f"{type(error).__name__}: {error}"
