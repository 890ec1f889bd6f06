"""Recipes: Python functions whose signature is their command line.

    @recipe("greet", name=Arg(help="Whom to greet"), loud=Arg("--loud", "-L", help="Shout"))
    def greet(name: str, loud: bool = False) -> None: ...

The decorated function is returned as it is, so it stays callable from Python. Three ways to describe an
argument, and they mix: a plain type hint and default, `Arg(...)`, or the tuple
`("help", "positional" | "option" | "flag", "short", converter)` that existing recipes use.
"""

import inspect
import sys
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from tallymark.errors import RecipeError
from tallymark.registry import Registry, did_you_mean

__all__ = [
    "MISSING",
    "Arg",
    "Argument",
    "ArgumentKind",
    "Recipe",
    "plain_type",
    "recipe",
    "recipes",
    "register_in",
]

Function = TypeVar("Function", bound=Callable[..., Any])
Converter = Callable[[str], Any]
ArgumentKind = Literal["positional", "option", "flag", "count", "extra"]

EXTRA: Final = "_extra"
MISSING: Final = inspect.Parameter.empty
_PLAIN_TYPES: Final = (str, int, float, bool, Path)
_TUPLE_KINDS: Final = ("positional", "option", "flag")


@dataclass(frozen=True, slots=True)
class Arg:
    """How one parameter of a recipe appears on the command line.

    Without an option name it is positional; `short` is its one-dash name. `converter` gets the text that was
    typed (the type hint decides when there is none). `count` counts how often the option was given. An
    `optional` one may be left out although the parameter has no default, and is None then.
    """

    option: str | None = None
    short: str | None = None
    help: str | None = None
    converter: Converter | None = None
    count: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Argument:
    """What a recipe's signature says about one parameter.

    `option` and `short` carry their dashes; both are None for positional ones. `type` is the resolved hint
    (of the default when there is no hint, `str` when there is neither). `default` is `MISSING` when required.
    """

    name: str
    kind: ArgumentKind
    option: str | None
    short: str | None
    help: str
    type: Any
    converter: Converter | None
    default: Any

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is MISSING

    @property
    def shown(self) -> str:
        """The name for messages: `--label`, or `dataset` for a positional one."""
        return self.option or self.short or self.name


@dataclass(frozen=True)
class Recipe:
    """A registered recipe: its function, how its arguments were annotated, and the file it came from."""

    name: str
    function: Callable[..., Any]
    annotations: Mapping[str, Arg]

    @cached_property
    def arguments(self) -> tuple[Argument, ...]:
        """The command line, read from the signature; type hints are resolved on first use."""
        return _read_signature(self)

    @property
    def origin(self) -> str:
        """The file that defines it."""
        return inspect.getsourcefile(inspect.unwrap(self.function)) or "<python>"

    @property
    def module(self) -> str:
        """The module that defines it."""
        return str(getattr(self.function, "__module__", "") or "")

    @property
    def summary(self) -> str:
        """The first paragraph of its docstring on one line, or an empty string."""
        return " ".join((inspect.getdoc(self.function) or "").split("\n\n", 1)[0].split())

    @property
    def takes_extra(self) -> bool:
        """Whether options it does not know are handed to it as `_extra`."""
        return any(argument.kind == "extra" for argument in self.arguments)


recipes: Final[Registry[Recipe]] = Registry("recipe", group=("tallymark_recipes", "prodigy_recipes"))


def recipe(name: str, **annotations: Any) -> Callable[[Function], Function]:
    """Register a function as a recipe and as the command `tallymark <name>`; returns it unchanged.

    The function returns a dict of components to start annotating, or nothing to be a plain command.
    Each annotation is an `Arg` or a tuple `(help, kind, short, converter)` for the parameter of that name.
    """
    return register_in(recipes, name, annotations)


def register_in(
    registry: Registry[Recipe], name: str, annotations: Mapping[str, Any]
) -> Callable[[Function], Function]:
    """A decorator that registers a function with its annotations in `registry`."""
    if not isinstance(name, str) or not name or any(character.isspace() for character in name):
        raise RecipeError(f"A recipe needs a name without spaces, not {name!r}.")

    def register(function: Function) -> Function:
        arguments = {key: _as_arg(name, key, value) for key, value in annotations.items()}
        _refuse_unknown(name, function, arguments)
        registry.add(name, Recipe(name, function, arguments))
        return function

    return register


def _as_arg(recipe_name: str, parameter: str, annotation: Any) -> Arg:
    if isinstance(annotation, Arg):
        return annotation
    if isinstance(annotation, tuple):
        return _from_tuple(recipe_name, parameter, annotation)
    if isinstance(annotation, str):
        return Arg(help=annotation)
    raise RecipeError(
        f'The recipe "{recipe_name}" describes its parameter "{parameter}" by {annotation!r}.',
        "Use Arg(...) or a tuple (help, kind, short, converter).",
    )


def _from_tuple(recipe_name: str, parameter: str, annotation: tuple[Any, ...]) -> Arg:
    help_text, kind, short, converter, *_ = (*annotation, None, None, None, None)[: max(4, len(annotation))]
    kind = kind or "positional"
    if kind not in _TUPLE_KINDS:
        raise RecipeError(
            f'The recipe "{recipe_name}" calls its parameter "{parameter}" a "{kind}".',
            f"The second item of the tuple is one of {', '.join(_TUPLE_KINDS)}.",
        )
    if kind == "positional":
        return Arg(help=help_text, converter=converter)
    if kind == "flag":
        converter = bool
    return Arg(_option_name(parameter), short, help=help_text, converter=converter)


def _refuse_unknown(name: str, function: Callable[..., Any], annotations: Mapping[str, Arg]) -> None:
    parameters = inspect.signature(function).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    for key in annotations:
        if key not in parameters:
            raise RecipeError(
                f'The recipe "{name}" describes an argument "{key}" that its function does not have.'
                f"{did_you_mean(key, parameters)}"
            )


def _read_signature(registered: Recipe) -> tuple[Argument, ...]:
    function = registered.function
    hints = _hints(function)
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return tuple(
        _argument(parameter, hints.get(parameter.name, MISSING), registered.annotations.get(parameter.name))
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind not in variable
    )


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Resolved type hints; a hint that cannot be resolved (imported for type checkers only) is left out."""
    function = inspect.unwrap(function)
    try:
        return typing.get_type_hints(function)
    except (NameError, AttributeError, TypeError):
        raw = getattr(function, "__annotations__", {})
        return {
            key: hint
            for key, hint in ((k, _resolve(function, v)) for k, v in raw.items())
            if hint is not None
        }


def _resolve(function: Callable[..., Any], hint: Any) -> Any:
    if not isinstance(hint, str):
        return hint
    holder = type("_Hint", (), {"__annotations__": {"hint": hint}})
    try:
        return typing.get_type_hints(holder, globalns=getattr(function, "__globals__", {}))["hint"]
    except (NameError, AttributeError, TypeError, SyntaxError):
        return None


def _argument(parameter: inspect.Parameter, hint: Any, arg: Arg | None) -> Argument:
    if arg is None:
        arg = Arg() if parameter.default is MISSING else Arg(_option_name(parameter.name))
    converter, kind_type = arg.converter, _type_of(hint, parameter.default)
    if converter is not None and converter in _PLAIN_TYPES:
        converter, kind_type = None, converter
    option, short = _dashed(arg)
    kind = _kind(parameter, arg, kind_type, converter, named=bool(option or short))
    default = parameter.default
    if default is MISSING and kind in ("flag", "count", "extra"):
        default = {"flag": False, "count": 0, "extra": ()}[kind]
    if default is MISSING and arg.optional:
        default = None
    return Argument(
        name=parameter.name,
        kind=kind,
        option=option,
        short=short,
        help=arg.help or "",
        type=kind_type,
        converter=converter,
        default=default,
    )


def _kind(
    parameter: inspect.Parameter, arg: Arg, value_type: Any, converter: Converter | None, *, named: bool
) -> ArgumentKind:
    if parameter.name == EXTRA:
        return "extra"
    if not named:
        return "positional"
    if arg.count:
        return "count"
    return "flag" if value_type is bool and converter is None else "option"


def _type_of(hint: Any, default: Any) -> Any:
    """The hint without `| None`; the default's type where there is no hint; `str` where there is neither."""
    if hint is not MISSING:
        return plain_type(hint)
    if default is MISSING or default is None:
        return str
    if isinstance(default, list | tuple | set):
        return list[str]
    return type(default)


def plain_type(hint: Any) -> Any:
    """A hint without `Annotated` and without `| None`."""
    if typing.get_origin(hint) is typing.Annotated:
        return plain_type(typing.get_args(hint)[0])
    members = typing.get_args(hint)
    if type(None) not in members:
        return hint
    rest = [member for member in members if member is not type(None)]
    if len(rest) == 1:
        return plain_type(rest[0])
    return typing.Union[tuple(rest)]  # noqa: UP007 - made at run time


def _option_name(parameter: str) -> str:
    return "--" + parameter.strip("_").replace("_", "-")


def _dashed(arg: Arg) -> tuple[str | None, str | None]:
    """Option and short name with their dashes, whichever way they were written."""
    option, short = arg.option, arg.short
    if option is not None and short is None and option.startswith("-") and not option.startswith("--"):
        option, short = None, option
    if option is not None:
        option = "--" + option.lstrip("-")
    return option, f"-{short.lstrip('-')}" if short else None


class _CallableModule(types.ModuleType):
    """Makes `from tallymark import recipe` the decorator although a module has the same name."""

    def __call__(self, name: str, **annotations: Any) -> Callable[[Function], Function]:
        return recipe(name, **annotations)


sys.modules[__name__].__class__ = _CallableModule
