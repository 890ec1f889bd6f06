"""From what was typed to the value a recipe's parameter wants.

A recipe's own converter gets the text as it was typed. Otherwise the type hint decides: numbers, paths, true
and false, one of several words, lists separated by commas; a hint nothing is known about gets the text.
"""

import types
import typing
from collections import abc
from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Final, Literal, NoReturn

from tallymark.errors import InputError, TallymarkError
from tallymark.recipe import Argument
from tallymark.registry import did_you_mean

__all__ = ["convert", "is_list", "type_name"]

_LISTS: Final = (list, tuple, set, frozenset, abc.Sequence, abc.Iterable, abc.Collection, abc.MutableSequence)
_TRUE: Final = frozenset({"true", "yes", "on", "1"})
_FALSE: Final = frozenset({"false", "no", "off", "0"})
_PIPELINE: Final = "spacy.language.Language"


def convert(argument: Argument, typed: Sequence[str]) -> Any:
    """The value of one argument. Raises `InputError` naming it, what was typed and what it wants."""
    if argument.converter is not None:
        return _by_converter(argument, ",".join(typed), argument.converter)
    if is_list(argument.type):
        return _as_list(argument, typed)
    return _one(argument, argument.type, typed[-1])


def is_list(hint: Any) -> bool:
    """Whether a hint wants several values; text is never one, also as one of several possible types."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        members = typing.get_args(hint)
        return str not in members and Path not in members and any(is_list(member) for member in members)
    return (typing.get_origin(hint) or hint) in _LISTS


def type_name(hint: Any) -> str:
    """A short name for help texts: TEXT, INT, PATH …"""
    if typing.get_origin(hint) is Literal:
        return "|".join(str(member) for member in typing.get_args(hint))
    if is_list(hint):
        return "A,B"
    names = {int: "INT", float: "NUMBER", Path: "PATH", bool: "true|false"}
    return names.get(hint, "TEXT")


def _by_converter(argument: Argument, text: str, converter: Callable[[str], Any]) -> Any:
    try:
        return converter(text)
    except TallymarkError:
        raise
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise InputError(f"{argument.shown} cannot be {text!r}: {reason}") from error


def _as_list(argument: Argument, typed: Sequence[str]) -> Any:
    hint = argument.type
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        hint = next(member for member in typing.get_args(hint) if is_list(member))
    members = [member for member in typing.get_args(hint) if member is not Ellipsis]
    member = members[0] if members else str
    parts = [part.strip() for text in typed for part in text.split(",")]
    values = [_one(argument, member, part) for part in parts if part]
    container = typing.get_origin(hint) or hint
    return container(values) if container in (tuple, set, frozenset) else values


def _one(argument: Argument, hint: Any, text: str) -> Any:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _first_that_fits(argument, typing.get_args(hint), text)
    if origin is Literal:
        return _word(argument, {str(member): member for member in typing.get_args(hint)}, text)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _word(argument, {str(member.value): member for member in hint}, text)
    if hint is bool:
        return _truth(argument, text)
    if hint in (int, float):
        return _number(argument, hint, text)
    if hint is Path:
        return Path(text).expanduser()
    if f"{getattr(hint, '__module__', '')}.{getattr(hint, '__qualname__', '')}" == _PIPELINE:
        return _by_converter(argument, text, _pipeline)
    return text


def _first_that_fits(argument: Argument, members: Sequence[Any], text: str) -> Any:
    """Numbers and words before text, because text always fits."""
    for member in sorted(members, key=lambda member: member is str or member is Any):
        try:
            return _one(argument, member, text)
        except InputError as error:
            refusal = error
    raise refusal


def _word(argument: Argument, words: dict[str, Any], text: str) -> Any:
    if text in words:
        return words[text]
    return _refuse(argument, text, f"one of {', '.join(words)}", did_you_mean(text, words))


def _truth(argument: Argument, text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    return _refuse(argument, text, "true or false")


def _number(argument: Argument, kind: Callable[[str], Any], text: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        return _refuse(argument, text, "a whole number" if kind is int else "a number")


def _refuse(argument: Argument, text: str, expected: str, hint: str = "") -> NoReturn:
    raise InputError(f"{argument.shown} is {text!r}; expected {expected}.{hint}")


def _pipeline(name: str) -> Any:
    from tallymark.pipelines import load_pipeline

    return load_pipeline(name)
