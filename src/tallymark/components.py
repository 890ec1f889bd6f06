"""What a recipe returns, checked and typed.

A recipe hands over a plain dict of components, as existing recipes do. `read_components` says at once what is
wrong with it, before a browser opens, and gives the record the host works with.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from tallymark.errors import RecipeError
from tallymark.names import canonical
from tallymark.registry import did_you_mean
from tallymark.types import RecipeCallback, Task

__all__ = ["CALLBACKS", "DESCRIPTIONS", "Callback", "RecipeComponents", "read_components"]

Callback = Literal[
    "update",
    "replace",
    "remove",
    "progress",
    "on_load",
    "on_exit",
    "before_db",
    "validate_answer",
    "get_session_id",
    "task_router",
    "session_factory",
]
CALLBACKS: Final[tuple[Callback, ...]] = get_args(Callback)

DESCRIPTIONS: Final[Mapping[str, str]] = {
    "dataset": "Name of the dataset that answers are saved to. It is created when it is new.",
    "view_id": "The interface that shows the tasks.",
    "stream": "The tasks: a `Stream`, a list, or any iterable of dicts. A list has a known length.",
    "update": "`update(answers)` gets settled answers, each once, in batches.",
    "replace": "`replace(answers)` gets answers that were edited after `update` had seen them.",
    "remove": "`remove(answers)` gets answers that were taken back after `update` had seen them.",
    "progress": "`progress(ctrl, session, answers, update_return_value)` gives a number up to 1, or None.",
    "db": "False saves nothing; an object of your own gets every settled answer, beside our database.",
    "exclude": "Datasets whose examples are not asked again.",
    "on_load": "`on_load(ctrl)` is called once at the start.",
    "on_exit": "`on_exit(ctrl)` is called when annotation stops.",
    "before_db": "`before_db(examples)` changes what is exported; the raw answers stay in the history.",
    "validate_answer": "`validate_answer(task)` raises an error with a message to refuse an answer.",
    "get_session_id": "`get_session_id()` names the seat of a page that gave no name.",
    "task_router": "`task_router(ctrl, session_id, item)` gives the sessions that get a task.",
    "session_factory": "`session_factory(ctrl, session_id)` makes a session.",
    "event_hooks": "A dict of functions that scripts of the page may call by name.",
    "config": "Settings of this recipe; unknown keys are passed to the page.",
}
"""Every component, for messages and the reference."""


@dataclass(frozen=True, slots=True)
class RecipeComponents:
    """The components of one start of a recipe. `dataset` is None when nothing is to be saved."""

    dataset: str | None
    view_id: str
    stream: Iterable[Task]
    exclude: tuple[str, ...] = ()
    callbacks: Mapping[Callback, RecipeCallback] = field(default_factory=dict)
    event_hooks: Mapping[str, RecipeCallback] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)

    def callback(self, name: Callback) -> RecipeCallback | None:
        """The function given for `name`, or None."""
        return self.callbacks.get(name)


def read_components(
    components: Mapping[str, Any], *, recipe_name: str, view_ids: Collection[str]
) -> RecipeComponents:
    """Check what a recipe returned. Raises `RecipeError` naming the component and what it should be."""
    read = _Reader(recipe_name, components)
    for key in components:
        if key not in DESCRIPTIONS:
            raise read.error(f'"{key}" is no component.{did_you_mean(key, DESCRIPTIONS)}', _known())
    read.database()
    return RecipeComponents(
        dataset=read.dataset(),
        view_id=read.view_id(view_ids),
        stream=read.stream(),
        exclude=read.exclude(),
        callbacks=read.callbacks(),
        event_hooks=read.event_hooks(),
        config=read.mapping("config"),
    )


def _known() -> str:
    return f"Components are {', '.join(DESCRIPTIONS)}."


class _Reader:
    """The components of one recipe, read one at a time."""

    def __init__(self, recipe_name: str, components: Mapping[str, Any]) -> None:
        self._recipe_name = recipe_name
        self._components = components

    def error(self, title: str, details: str | None = None) -> RecipeError:
        return RecipeError(f'The recipe "{self._recipe_name}" cannot start: {title}', details)

    def wrong(self, key: str, expected: str) -> RecipeError:
        value = self._components.get(key)
        return self.error(f'"{key}" should be {expected}, not {_short(value)}.', DESCRIPTIONS[key])

    def dataset(self) -> str | None:
        value = self._components.get("dataset")
        if value is None or value is False or self._components.get("db") is False:
            return None
        if not isinstance(value, str) or not value.strip():
            raise self.wrong("dataset", "a name, or None to save nothing")
        return canonical(value)

    def view_id(self, view_ids: Collection[str]) -> str:
        value = self._components.get("view_id")
        if value is None:
            raise self.error('it returned no "view_id".', f"Interfaces are {', '.join(sorted(view_ids))}.")
        if not isinstance(value, str):
            raise self.wrong("view_id", "the name of an interface")
        if value not in view_ids:
            hint = did_you_mean(value, view_ids)
            raise self.error(
                f'there is no interface "{value}".{hint}', f"Interfaces are {', '.join(sorted(view_ids))}."
            )
        return value

    def stream(self) -> Iterable[Task]:
        value = self._components.get("stream")
        if value is None:
            raise self.error('it returned no "stream".', DESCRIPTIONS["stream"])
        if isinstance(value, str | bytes | Mapping) or not hasattr(value, "__iter__"):
            raise self.wrong("stream", "an iterable of dicts")
        stream: Iterable[Task] = value
        return stream

    def exclude(self) -> tuple[str, ...]:
        value = self._components.get("exclude")
        if isinstance(value, str):
            value = [name.strip() for name in value.split(",") if name.strip()]
        if not value:
            return ()
        if not isinstance(value, list | tuple | set) or not all(isinstance(name, str) for name in value):
            raise self.wrong("exclude", "a list of dataset names")
        return tuple(value)

    def callbacks(self) -> dict[Callback, Callable[..., Any]]:
        given: dict[Callback, Callable[..., Any]] = {}
        for name in CALLBACKS:
            value = self._components.get(name)
            if value is None or value is False:
                continue
            if not callable(value):
                raise self.wrong(name, "a function")
            given[name] = value
        return given

    def event_hooks(self) -> dict[str, Callable[..., Any]]:
        hooks = self.mapping("event_hooks")
        for name, hook in hooks.items():
            if not callable(hook):
                raise self.error(f'the event hook "{name}" should be a function, not {_short(hook)}.')
        return hooks

    def mapping(self, key: str) -> dict[str, Any]:
        value = self._components.get(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
            raise self.wrong(key, "a dict with names as keys")
        return dict(value)

    def database(self) -> None:
        """Only the program's own database is supported; some recipes say so, some switch saving off."""
        value = self._components.get("db")
        if value is not None and not isinstance(value, bool | str):
            raise self.wrong("db", "True, False or left out")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
