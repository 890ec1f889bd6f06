"""Settings in words: what one accepts, a value as people write it, and how a wrong one is mended."""

import json
import re
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

from tallymark.config.prodigy import SECRET
from tallymark.config.settings import lax, off
from tallymark.databases import is_postgresql
from tallymark.databases import shown as without_secret
from tallymark.registry import nearest

__all__ = ["can_be_off", "expected", "fits", "is_number", "masked", "shown", "suggestion", "words_of"]

_PASSWORD: Final = re.compile(r"(://[^:/@\s]*:)[^/\s]+(@)")
_LONGEST: Final = 80


def expected(field: FieldInfo) -> str:
    """What a setting accepts, in words: `a whole number from 0 to 65535`."""
    told = typing.cast(Mapping[str, Any], field.json_schema_extra).get("takes")
    if told is not None:
        return str(told)
    words = _words(field.annotation)
    limits = {
        key: getattr(item, key) for item in field.metadata for key in ("ge", "gt", "le") if hasattr(item, key)
    }
    if "ge" in limits and "le" in limits:
        return f"{words} from {limits['ge']} to {limits['le']}"
    if "ge" in limits:
        return f"{words} of at least {limits['ge']}"
    return f"{words} above {limits['gt']}" if "gt" in limits else words


def _words(annotation: Any) -> str:
    origin, members = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return _words(members[0])
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_words(member) for member in members if member is not type(None))
    if origin is Literal:
        return " or ".join(str(member) for member in members)
    plain = {int: "a whole number", float: "a number", bool: "true or false", Path: "a path", str: "text"}
    if annotation in plain:
        return plain[annotation]
    return "a JSON object" if origin is dict else "names separated by commas"


def _plain_type(hint: Any) -> Any:
    """A hint without `Annotated` and without `| None`."""
    origin, members = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return _plain_type(members[0])
    rest = [member for member in members if member is not type(None)]
    return _plain_type(rest[0]) if len(rest) < len(members) and rest else hint


def is_number(field: FieldInfo) -> bool:
    """Whether a setting is a number, whole or not."""
    return _plain_type(field.annotation) in (int, float)


def words_of(field: FieldInfo) -> list[str]:
    """The words of which a setting is one; none for other settings."""
    hint = _plain_type(field.annotation)
    return [str(word) for word in typing.get_args(hint)] if typing.get_origin(hint) is Literal else []


def can_be_off(field: FieldInfo) -> bool:
    """Whether `false` switches the setting off."""
    hints = [*field.metadata, *typing.get_args(field.annotation)]
    hints += [item for hint in hints for item in typing.get_args(hint)]
    return any(isinstance(item, BeforeValidator) and item.func is off for item in hints)


def fits(field: FieldInfo, value: Any) -> bool:
    """Whether a value has the very type of a setting, as our own files want it."""
    if value is False and can_be_off(field):
        return True
    return any(_fits(hint, value) for hint in _alternatives(field.annotation))


def _alternatives(hint: Any) -> list[Any]:
    """The types of which a value may be one, without None."""
    if typing.get_origin(hint) is Annotated:
        return _alternatives(typing.get_args(hint)[0])
    if typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return [hint]
    members = [member for member in typing.get_args(hint) if member is not type(None)]
    return [found for member in members for found in _alternatives(member)]


def _fits(hint: Any, value: Any) -> bool:
    kind = typing.get_origin(hint) or hint
    if kind in (int, float):
        return not isinstance(value, bool) and isinstance(value, int if kind is int else int | float)
    return isinstance(value, kind if kind in (bool, list, dict) else str)


def shown(name: str, value: Any) -> str:
    """A value as settings files write it, on one line, secrets masked; a long one is cut."""
    text = json.dumps(masked(name, value), ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def masked(name: str, value: Any) -> Any:
    """The value without passwords: those of URLs, and whatever is called one."""
    if value and SECRET.search(name):
        return "***"
    if isinstance(value, Mapping):
        return {key: masked(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked(name, item) for item in value]
    if is_postgresql(value):
        return without_secret(value)
    return _PASSWORD.sub(r"\1***\2", value) if isinstance(value, str) else value


def suggestion(name: str, field: FieldInfo, value: Any, *, toml: bool) -> str:
    """How to write a setting right: the value that was meant, if that can be told, else an example."""
    meant, sure = _meant(name, field, value)
    text = _toml(meant) if toml else json.dumps(meant, ensure_ascii=False)
    pair = f"{name} = {text}" if toml else f'"{name}": {text}'
    return f"Write {pair}" + ("." if sure else ", for example.")


def _meant(name: str, field: FieldInfo, value: Any) -> tuple[Any, bool]:
    other = [str(item) for item in value] if isinstance(value, list) else str(value)
    for candidate in (value,) if isinstance(value, bool | dict) else (value, other):
        read = lax(name, candidate)
        if read is not None and read.value is not None:
            return _plain(read.value), True
    words = words_of(field)
    if words:
        return (nearest(str(value), words) or words)[0], False
    return _example(field), False


def _example(field: FieldInfo) -> Any:
    told = typing.cast(Mapping[str, Any], field.json_schema_extra).get("example")
    if told is not None:
        return told
    default = field.get_default(call_default_factory=True)
    if default is not None and default not in ([], {}):
        return _plain(default)
    hint = _plain_type(field.annotation)
    examples: dict[Any, Any] = {int: 2, float: 1.5, bool: True, list: ["A", "B"], dict: {"A": "B"}}
    return examples.get(typing.get_origin(hint) or hint, "text")


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
