"""JSON text in and out without changing a value.

orjson reads and writes what it can do exactly. Integers beyond 64 bits and lone surrogates go through
`json`. NaN, infinity and numbers too large for a double are refused, because no other program could
read them back.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import date
from enum import Enum
from pathlib import PurePath
from typing import Any, NoReturn
from uuid import UUID

import orjson

__all__ = ["MAX_DEPTH", "dumps", "loads", "loads_noting", "plain"]

MAX_DEPTH = 250
"""Objects and arrays may be nested this deep."""

_TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep"

_LONG_INTEGER = re.compile(rb"(?:^|[\[:,\s-])[0-9]{19}")
"""Where an integer beyond 64 bits may be: at the start of a value, not amid letters as in a hash."""

_LONG = b"0" * 19
_AS_ZEROS = bytes(ord("0") if chr(byte).isdecimal() and byte < 128 else byte for byte in range(256))

_WRITE_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def loads(data: str | bytes) -> Any:
    """The value of a JSON text. Of a repeated key the last value counts.

    Raises ValueError with a reason made for people: not JSON, not UTF-8, NaN or infinity, a number
    outside the range of a double, an integer of more than 4,300 digits, nested too deeply.
    """
    raw = _encoded(data)
    if not _may_be_long(raw):
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            return _exact(raw, [], error)
    return _exact(raw, [], None)


def loads_noting(data: str | bytes) -> tuple[Any, list[str]]:
    """As `loads`, and the keys that an object in the text repeats. Checks the depth, too."""
    raw = _encoded(data)
    value: Any = None
    refused: orjson.JSONDecodeError | None = None
    if not _may_be_long(raw):
        try:
            value = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            refused = error
        else:
            if _kept_every_key(raw, value):
                return value, []
    repeated: list[str] = []
    value = _exact(raw, repeated, refused)
    if _depth(value) > MAX_DEPTH:
        raise ValueError(_TOO_DEEP)
    return value, list(dict.fromkeys(repeated))


def dumps(value: Any) -> str:
    """The value as compact JSON text; keys keep their order, text stays readable.

    Only a text with lone surrogates has its other non-ASCII characters escaped as well. UUIDs and enums are
    written as their value. Raises ValueError for NaN and infinity, TypeError for what JSON does not have;
    both name the place, such as `meta.scores[2]`.
    """
    try:
        text = orjson.dumps(value, option=_WRITE_OPTIONS)
    except TypeError:
        return _dumps_exact(value)
    if b"null" in text and not _all_finite(value):  # orjson writes NaN and infinity as null
        _refuse_unwritable(value)
    return text.decode()


def _may_be_long(raw: bytes) -> bool:
    """Whether there may be an integer beyond 64 bits; the expression alone would take most of the reading."""
    return _LONG in raw.translate(_AS_ZEROS) and _LONG_INTEGER.search(raw) is not None


def _encoded(data: str | bytes) -> bytes:
    return data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")


def _kept_every_key(raw: bytes, value: Any) -> bool:
    """Whether the value holds all that the text says, told by the number of quotation marks."""
    if b"\\u0022" in raw:
        return False
    try:
        return raw.count(b'"') == orjson.dumps(value).count(b'"')
    except TypeError:  # deeper than orjson writes
        return False


def _exact(raw: bytes, repeated: list[str], refused: orjson.JSONDecodeError | None) -> Any:
    """Read with `json`; keys that occur twice in an object are appended to `repeated`."""

    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        built = dict(pairs)
        if len(built) < len(pairs):
            names = [name for name, _ in pairs]
            repeated.extend(name for name in built if names.count(name) > 1)
        return built

    try:
        text = raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8: byte 0x{raw[error.start]:02x} at position {error.start}") from error
    decoder = json.JSONDecoder(
        object_pairs_hook=build, parse_float=_finite, parse_int=_integer, parse_constant=_refuse_constant
    )
    try:
        return decoder.decode(text)
    except json.JSONDecodeError as error:
        clearest = refused or error
        raise ValueError(f"not JSON: {clearest.msg} (at character {clearest.pos + 1})") from error
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"the number {_shortened(digits)} is too large for a double")
    return number


def _integer(digits: str) -> int:
    try:
        return int(digits)
    except ValueError as error:
        raise ValueError(f"an integer of {len(digits.lstrip('-')):,} digits; 4,300 are possible") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while containers := [part for part in level if isinstance(part, dict | list)]:
        depth += 1
        level = [part for outer in containers for part in _parts(outer)]
    return depth


def _parts(container: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return container.values() if isinstance(container, dict) else container


def _dumps_exact(value: Any) -> str:
    _refuse_unwritable(value)
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), default=_plain)
    return text


def _plain(value: UUID | Enum) -> Any:
    return value.value if isinstance(value, Enum) else str(value)


def _all_finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(_all_finite(part) for part in value.values() if type(part) is not str)
    if isinstance(value, list | tuple):
        return all(map(_all_finite, value))
    return True


def _refuse_unwritable(value: Any, place: str = "", depth: int = 0) -> None:
    """Raise for the first part of a value that JSON does not have."""
    if value is None or isinstance(value, str | int | UUID | Enum):
        return
    where = place or "the value"
    if depth > MAX_DEPTH:
        raise ValueError(_TOO_DEEP)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{where} is {value}, which JSON does not have")
    elif isinstance(value, dict):
        for key, part in value.items():
            if not isinstance(key, str):
                raise TypeError(_odd_key(place, key))
            _refuse_unwritable(part, f"{place}.{key}" if place else key, depth + 1)
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            _refuse_unwritable(part, f"{place}[{index}]", depth + 1)
    else:
        raise TypeError(f"{where} is a {type(value).__name__}, which JSON does not have")


def plain(value: Any) -> Any:
    """The value in terms of JSON, where recipes use more.

    Sets are lists in the order of their texts, tuples lists, paths texts, times in ISO form, numbers and
    arrays of numpy numbers and lists, integers as keys texts. Errors: TypeError for anything else, ValueError
    for what has no end or two keys of one text; both name the place, as in `dumps`.
    """
    return _plain_at(value, "", 0)


def _plain_at(value: Any, place: str, depth: int) -> Any:
    if value is None or isinstance(value, str | int | float | UUID | Enum):
        return value
    if depth > MAX_DEPTH:
        raise ValueError(_TOO_DEEP)
    if isinstance(value, Mapping):
        return _plain_object(value, place, depth)
    if isinstance(value, list | tuple):
        return [_plain_at(part, f"{place}[{index}]", depth + 1) for index, part in enumerate(value)]
    if isinstance(value, set | frozenset):
        return sorted((_plain_at(part, place, depth + 1) for part in value), key=dumps)
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{place or 'the value'} is a {type(value).__name__}, which JSON does not have")


def _plain_object(value: Mapping[Any, Any], place: str, depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, part in value.items():
        name = str(key) if isinstance(key, int) and not isinstance(key, bool) else key
        if not isinstance(name, str):
            raise TypeError(_odd_key(place, key))
        if name in made:
            raise ValueError(f"{place or 'the value'} has the key {name!r} twice: as text and as number")
        made[name] = _plain_at(part, f"{place}.{name}" if place else name, depth + 1)
    return made


def _odd_key(place: str, key: object) -> str:
    return f"{place or 'the value'} has the key {key!r}, and keys in JSON are strings"
