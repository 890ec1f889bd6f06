"""What recipes for Prodigy return, as components of ours."""

import functools
import inspect
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tallymark.components import DESCRIPTIONS
from tallymark.errors import RecipeError
from tallymark.host.say import raised_at
from tallymark.recipe import MISSING, Arg
from tallymark.registry import did_you_mean
from tallymark.types import Components, Task

__all__ = ["arguments_of", "as_components", "returning_components"]

log = logging.getLogger(__name__)


def returning_components(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as the program calls it: however it hands over components, they are a dict of ours."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        return as_components(function(*args, **kwargs))

    return run


def as_components(returned: Any) -> Components | None:
    """The components that a recipe returned as a dict or as a controller; None for a plain command."""
    given = getattr(returned, "components", returned)
    if not isinstance(given, Mapping):
        return None
    components = {key: value for key, value in given.items() if _is_known(key)}
    database = components.get("db")
    return components if database is None or isinstance(database, bool | str) else _with_own(components)


def _is_known(key: str) -> bool:
    if key not in DESCRIPTIONS:
        near = did_you_mean(key, DESCRIPTIONS)
        log.warning('The component "%s" is not known and has no effect.%s', key, near)
    return key in DESCRIPTIONS


def _with_own(components: Components) -> Components:
    """The components with a database of the recipe's own: it gets every answer when it is settled.

    What it holds already is not asked. The books are kept in our database all the same.
    """
    database, dataset = components["db"], components.get("dataset")
    if not callable(getattr(database, "add_examples", None)):
        raise RecipeError(
            f'"db" cannot be {type(database).__name__}: a database of your own has a method add_examples().'
        )
    update, on_load = components.get("update"), components.get("on_load")

    def save_and_update(answers: list[Task]) -> Any:
        try:
            database.add_examples(answers, datasets=[dataset])
        except Exception as error:
            raise RecipeError(
                f"the add_examples() of the recipe's db raised {type(error).__name__}: {error} "
                f"({raised_at(error)})"
            ) from error
        return update(answers) if update else None

    def load(ctrl: Any) -> None:
        ctrl.db = database
        if on_load:
            on_load(ctrl)

    stream = _unanswered(components.get("stream") or (), database, dataset)
    return {**components, "db": True, "update": save_and_update, "on_load": load, "stream": stream}


def _unanswered(stream: Iterable[Task], database: Any, dataset: Any) -> Iterator[Task]:
    from tallymark.hashing import TASK_HASH_KEY, set_hashes

    known = set(database.get_task_hashes(dataset)) if dataset in database else set()
    return (task for task in stream if set_hashes(task)[TASK_HASH_KEY] not in known)


def arguments_of(function: Callable[..., Any], annotations: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's annotations as we take them: options without a default may be left out, choices are kept to.

    Annotations of parameters that the function does not have are left out, too.
    """
    parameters = inspect.signature(function).parameters
    variable = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    return {
        name: _argument(name, annotation, parameters[name].default if name in parameters else MISSING)
        for name, annotation in annotations.items()
        if name in parameters or variable
    }


def _argument(name: str, annotation: Any, default: Any) -> Any:
    if not isinstance(annotation, tuple) or len(annotation) < 2 or annotation[1] == "positional":
        return annotation
    help_text, kind, short, converter, choices = (*annotation, None, None, None)[:5]
    if kind == "flag":
        return annotation[:4]
    return Arg(
        "--" + name.strip("_").replace("_", "-"),
        short,
        help=help_text,
        converter=_one_of(choices, converter) if choices else converter,
        optional=default is MISSING,
    )


def _one_of(choices: Sequence[Any], converter: Callable[[str], Any] | None) -> Callable[[str], Any]:
    def chosen(text: str) -> Any:
        value = converter(text) if converter is not None else text
        if value not in choices:
            raise ValueError(f"expected one of {', '.join(map(str, choices))}")
        return value

    return chosen
