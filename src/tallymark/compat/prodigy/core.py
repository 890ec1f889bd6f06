"""`prodigy.core`: recipes, their arguments, and the controller."""

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from tallymark.compat.components import arguments_of, returning_components
from tallymark.compat.prodigy.components.session import Session
from tallymark.compat.prodigy.util import get_labels, split_string
from tallymark.errors import RecipeError
from tallymark.host.controller import Controller as RunningController
from tallymark.recipe import Arg, recipes, register_in
from tallymark.stream import Stream

__all__ = [
    "Arg",
    "Controller",
    "Session",
    "get_recipe",
    "recipe",
    "recipe_args",
    "serve",
    "set_recipe",
]

Function = TypeVar("Function", bound=Callable[..., Any])


def recipe(name: str, **annotations: Any) -> Callable[[Function], Function]:
    """Register a function as a recipe and as a command; returns it unchanged."""

    def register(function: Function) -> Function:
        set_recipe(name, function, annotations)
        return function

    return register


def set_recipe(name: str, function: Callable[..., Any], annotations: Mapping[str, Any] | None = None) -> None:
    """Register a function under a name."""
    arguments = arguments_of(function, annotations or {})
    register_in(recipes, name, arguments)(returning_components(function))


def get_recipe(name: str, path: str | Path | None = None) -> Callable[..., Any] | None:
    """The function of a recipe, after the file at `path` was run; None when there is no such recipe."""
    from tallymark.cli import catalog
    from tallymark.registry import load_files

    catalog.load_built_in()
    if path is not None:
        load_files(str(path))
    found = recipes.find(name)
    return None if found is None else getattr(found.function, "__wrapped__", found.function)


def serve(command: str, *args: Any, **config: Any) -> int:
    """Run a recipe as if `tallymark <command>` had been typed; `config` are settings and come last.

    In the older form, the name of a recipe is followed by the arguments of its function.
    """
    from tallymark.cli.run import serve as run

    words = shlex.split(command)
    if words[:1] == ["prodigy"]:
        command = shlex.join(words[1:])
    return run(command, *args, **config)


class Controller(RunningController):
    """What callbacks are handed as `ctrl`, and what a recipe may make of its components itself."""

    @classmethod
    def from_components(cls, name: str, components: Mapping[str, Any]) -> "PreparedController":
        """A controller that a recipe returns, or gives to `prodigy.app.server`."""
        return PreparedController(name, components)


class PreparedController:
    """Components of a recipe that is not served yet."""

    def __init__(self, name: str, components: Mapping[str, Any]) -> None:
        self.name = name
        self.components = dict(components)
        self.dataset = components.get("dataset")
        self.view_id = components.get("view_id")
        self.config = dict(components.get("config") or {})
        self.exclude_by = self.config.get("exclude_by", "task")
        self.components["config"] = self.config
        self._sessions: list[str] = []

    @property
    def stream(self) -> Stream:
        """The tasks."""
        stream = Stream.from_iterable(self.components.get("stream") or [])
        self.components["stream"] = stream
        return stream

    @property
    def db(self) -> Any:
        """The database of the settings."""
        from tallymark.compat.prodigy.components.db import connect

        return connect()

    @property
    def session_ids(self) -> list[str]:
        """The sessions added so far, in their full form."""
        return [self.get_session_name(name) for name in self._sessions]

    def get_session_name(self, name: str) -> str:
        """The full form of a session's name."""
        return f"{self.dataset}-{name}"

    def add_session(self, session_id: str) -> None:
        """Have a session there from the start, by its name or its full form."""
        if not isinstance(self.dataset, str):
            raise RecipeError("Sessions need a dataset; this recipe saves nothing.")
        self._sessions.append(session_id.removeprefix(f"{self.dataset}-"))
        on_load, sessions = self.components.get("on_load"), list(self._sessions)
        if len(sessions) > 1:
            return

        def load(ctrl: RunningController) -> None:
            ctrl.add_sessions(self._sessions)
            if on_load:
                on_load(ctrl)

        self.components["on_load"] = load

    confirm_session = add_session


recipe_args: Final[dict[str, tuple[Any, ...]]] = {
    "api": ("Live API to load from; files are read without one", "option", "a", str),
    "batch_size": ("Examples in one batch of training", "option", "b", int),
    "dataset": ("Dataset to save to", "positional", None, str),
    "dropout": ("Share of the model that is left out in a step of training", "option", "d", float),
    "entity_label": ("Labels of entities, with commas between", "option", "l", split_string),
    "eval_id": ("Dataset of examples to evaluate with", "option", "e", str),
    "eval_split": ("Share of the examples to evaluate with", "option", "es", float),
    "exclude": ("Datasets whose tasks are not asked again, with commas between", "option", "e", split_string),
    "factor": ("Share of the examples to train with", "option", "f", float),
    "label": ("Label to ask about", "option", "l", str),
    "label_set": ("Labels, with commas between, or a file of one a line", "option", "l", get_labels),
    "lang": ("Language, as the code spaCy uses", "option", "l", str),
    "loader": ("Format of the source, if its extension does not say", "option", "lo", str),
    "memorize": ("Ask nothing that was answered before", "flag", "M", bool),
    "n_iter": ("Passes over the examples", "option", "n", int),
    "n_samples": ("How many amounts of data to compare", "option", "ns", int),
    "no_missing": ("Whatever is not marked is not an entity", "flag", "NM", bool),
    "output": ("Folder to write to", "option", "o", Path),
    "patterns": ("File of match patterns", "option", "pt", str),
    "resume": ("Go on from the answers of the dataset", "flag", "R", bool),
    "seeds": ("Terms, with commas between, or a file of one a line", "option", "se", str),
    "silent": ("Say nothing", "flag", "S", bool),
    "source": ("File of tasks, or - for standard input", "positional", None, str),
    "spacy_model": ("Pipeline of spaCy", "positional", None, str),
    "unsegmented": ("Leave texts whole instead of splitting them into sentences", "flag", "U", bool),
    "view": ("Interface", "option", "v", str),
    "view_id": ("Interface", "option", "v", str),
}
"""Descriptions of arguments that many recipes have, for `recipe(…, dataset=recipe_args["dataset"])`."""
