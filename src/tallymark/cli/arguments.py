"""A function's arguments as a cyclopts command, and back to values.

cyclopts takes apart the command line and writes the help; values stay text until everything was understood,
so that a mistyped option is reported before a language model is loaded.
"""

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Final

from cyclopts import Group, Parameter

from tallymark.cli.convert import convert, is_list, type_name
from tallymark.recipe import MISSING, Argument

__all__ = ["ARGUMENTS", "DASH", "OPTIONS", "command_of", "known_options", "split_extra", "values_of"]

DASH: Final = "\ue000"
"""Stands for a lone `-` (standard input) while cyclopts reads: it would take it for an option."""

ARGUMENTS: Final = Group("Arguments", sort_key=1)
OPTIONS: Final = Group("Options", sort_key=2)
SETTINGS: Final = Group("Settings (also as TALLYMARK_<NAME>)", sort_key=3)


def command_of(arguments: Iterable[Argument], settings: Iterable[Argument] = ()) -> Callable[..., None]:
    """A function whose signature has cyclopts read `arguments`, and `settings` beside them."""

    def command() -> None: ...

    mine = list(arguments)
    parameters = [_parameter(argument, ARGUMENTS if _positional(argument) else OPTIONS) for argument in mine]
    parameters += [_parameter(argument, SETTINGS) for argument in settings]
    parameters.sort(key=lambda parameter: parameter.kind)
    shown = [parameter for parameter in parameters if parameter.name != "_extra"]
    command.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    return command


def values_of(arguments: Iterable[Argument], typed: dict[str, Any]) -> dict[str, Any]:
    """Converted values of those arguments that were given."""
    values: dict[str, Any] = {}
    for argument in arguments:
        given = typed.get(argument.name)
        if isinstance(given, str | list):
            values[argument.name] = convert(argument, [given] if isinstance(given, str) else given)
        elif given is not None:
            values[argument.name] = given
    return values


def known_options(arguments: Iterable[Argument]) -> set[str]:
    """Every option name, long and short, that these arguments understand."""
    names: set[str] = set()
    for argument in arguments:
        names |= set(_names(argument)) | {name for name in [_negative(argument)] if name}
    return names


def split_extra(tokens: Sequence[str], known: set[str]) -> tuple[list[str], list[str]]:
    """Part options a recipe does not know, with their values, from the rest (for `_extra`)."""
    rest: list[str] = []
    extra: list[str] = []
    pending = False
    for token in tokens:
        if token.startswith("--") and len(token) > 2 and token.split("=", 1)[0] not in known:
            extra.append(token)
            pending = "=" not in token
        elif pending and not token.startswith("-"):
            extra.append(token)
            pending = False
        else:
            rest.append(token)
            pending = False
    return rest, extra


def _positional(argument: Argument) -> bool:
    return argument.kind == "positional"


def _parameter(argument: Argument, group: Group) -> inspect.Parameter:
    kind = inspect.Parameter.POSITIONAL_ONLY if _positional(argument) else inspect.Parameter.KEYWORD_ONLY
    hint, parameter = _described(argument, group)
    default = MISSING if argument.required else None
    hint = hint if argument.required else hint | None
    return inspect.Parameter(argument.name, kind, annotation=Annotated[hint, parameter], default=default)


def _described(argument: Argument, group: Group) -> tuple[Any, Parameter]:
    common: dict[str, Any] = {"group": group, "help": _help(argument), "show_default": False}
    if argument.kind == "flag":
        return bool, Parameter(name=_names(argument), negative=_negative(argument) or "", **common)
    if argument.kind == "count":
        return int, Parameter(name=_names(argument), count=True, **common)
    many = is_list(argument.type) or argument.converter is not None
    if _positional(argument):
        return str, Parameter(converter=_typed, **common)
    # a list takes one value each time its option is given: `--label A,B --label C`
    hint: Any = list[str] if many else str
    named: dict[str, Any] = {"name": _names(argument), "negative": "", "metavar": _metavar(argument)}
    return hint, Parameter(converter=_typed, **named, **common)


def _metavar(argument: Argument) -> str:
    return "NAME=VALUE" if argument.option == "--set" else type_name(argument.type)


def _typed(hint: Any, tokens: Sequence[Any]) -> str | list[str]:
    """What was typed, unconverted."""
    texts = ["-" if token.value == DASH else token.value for token in tokens]
    return texts[-1] if hint is str else texts


def _names(argument: Argument) -> list[str]:
    return [name for name in (argument.option, argument.short) if name]


def _negative(argument: Argument) -> str | None:
    """`--no-x` for a flag that is on by default."""
    if argument.kind == "flag" and argument.default is True and argument.option:
        return argument.option.replace("--", "--no-", 1)
    return None


def _help(argument: Argument) -> str:
    """The help text, with the default where it says something."""
    default = argument.default
    if argument.kind in ("flag", "count") or default is None or default is MISSING or default in ("", (), []):
        return argument.help
    shown = ",".join(map(str, default)) if isinstance(default, list | tuple | set) else str(default)
    return f"{argument.help} [default: {shown}]".strip()
