"""Columns of Arrow tables as JSON values. The rule stands in docs/how-to/loading.md.

Numbers, texts, booleans, lists and objects stay what they are. Bytes become text, or a data URI where they
are no UTF-8; decimals become text with all their digits; times become ISO 8601, those with a zone in UTC; NaN
and infinity become null, with a note. Numbers of classes become the names that the data set gives them.
"""

import base64
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tallymark.errors import SourceError
from tallymark.hashing import PRIVATE_KEYS
from tallymark.loaders.content import BrokenContent
from tallymark.source import Position, Row

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Features", "check_columns", "features_of", "guarded", "table_rows"]

Features = Mapping[str, Any]
"""How Hugging Face describes columns: by name, `{"_type": "ClassLabel", "names": […]}` and the like."""

Convert = Callable[[Any, list[str]], Any]
"""From a value as Arrow gives it to one that JSON has; notes are added to the list."""

_EPOCH = datetime(1970, 1, 1)
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_IMAGES = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"%PDF": "application/pdf",
    b"fLaC": "audio/flac",
    b"OggS": "audio/ogg",
    b"ID3": "audio/mpeg",
}
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}


def table_rows(
    batches: Iterable[tuple["pa.RecordBatch", Position]],
    *,
    path: Path,
    features: Features,
    ordinal: int,
    skip: int,
) -> Iterator[Row]:
    """The rows of batches, without the first `skip`. `ordinal` is that of the row before the first given."""
    columns: list[_Column] | None = None
    for batch, position in batches:
        if skip >= batch.num_rows:
            skip -= batch.num_rows
            continue
        batch, skip = batch.slice(skip), 0
        if columns is None:
            columns = [_Column(field, features.get(field.name)) for field in batch.schema]
        names = [column.name for column in columns]
        odd: dict[int, list[str]] = {}
        bad: dict[int, str] = {}
        values = [column.values(array, odd, bad) for column, array in zip(columns, batch, strict=True)]
        for index, row in enumerate(zip(*values, strict=True)):
            ordinal += 1
            where = f"{path.name}, row {ordinal:,}: "
            if index in bad:
                yield Row(ordinal, None, where + bad[index], position)
            else:
                note = where + "; ".join(odd[index]) if index in odd else None
                yield Row(ordinal, dict(zip(names, row, strict=True)), note, position)


def check_columns(schema: "pa.Schema", path: Path, input_key: str | None) -> None:
    """Refuse a table whose columns cannot be used."""
    names = list(schema.names)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SourceError(f"{path.name} names a column twice: {', '.join(twice)}.")
    reserved = [name for name in names if name in PRIVATE_KEYS]
    if reserved:
        raise SourceError(f"{path.name} has a column of the reserved name {reserved[0]}; rename it.")
    if input_key is not None and input_key not in names:
        raise SourceError(
            f'{path.name} has no column "{input_key}". Its columns are {", ".join(names) or "none"}. '
            "Say which one is the text with --text-key."
        )


def features_of(schema: "pa.Schema", beside: Path | None = None) -> Features:
    """What Hugging Face says about the columns, in the table or in a file beside it; else nothing."""
    raw = (schema.metadata or {}).get(b"huggingface")
    found = _features(raw, "info")
    if not found and beside is not None and beside.is_file():
        found = _features(beside.read_bytes(), None)
    return found


def _features(raw: bytes | None, key: str | None) -> Features:
    """The features in a JSON text; none when it is not what Hugging Face writes, which is no error."""
    try:
        document = json.loads(raw or b"{}")
    except ValueError:
        return {}
    info = document.get(key) if key and isinstance(document, dict) else document
    features = info.get("features") if isinstance(info, dict) else None
    return features if isinstance(features, dict) else {}


def guarded(batches: Callable[[], Iterator[tuple["pa.RecordBatch", Position]]]) -> Any:
    """The batches; what Arrow raises becomes `BrokenContent`."""
    import pyarrow as pa

    try:
        yield from batches()
    except (pa.ArrowException, OSError, ValueError, EOFError, OverflowError) as error:
        reason = (str(error) or repr(error)).splitlines()[0]
        raise BrokenContent(f"it is damaged or cut off: {reason}") from error


class _Column:
    """One column, and how its values become those of JSON."""

    def __init__(self, field: "pa.Field", feature: Any) -> None:
        self.name: str = field.name
        self._stored = _stored_type(field.type)
        self._type = field.type
        self._convert = _converter(field.type, feature, self.name)

    def values(self, array: "pa.Array", odd: dict[int, list[str]], bad: dict[int, str]) -> list[Any]:
        """The values of an array; by index, what is odd about some and why others cannot be had."""
        import pyarrow as pa

        if isinstance(array, pa.ExtensionArray):
            array = array.storage
        if self._stored is not None:
            array = array.cast(self._stored)
        try:
            values: list[Any] = array.to_pylist()
        except UnicodeDecodeError:
            values = [self._one(array, index, bad) for index in range(len(array))]
        if self._convert is None:
            return values
        for index, value in enumerate(values):
            if value is not None:
                notes: list[str] = []
                values[index] = self._convert(value, notes)
                if notes:
                    odd.setdefault(index, []).extend(notes)
        return values

    def _one(self, array: "pa.Array", index: int, bad: dict[int, str]) -> Any:
        try:
            return array[index].as_py()
        except UnicodeDecodeError as error:
            byte = f"byte 0x{error.object[error.start]:02x} at position {error.start}"
            bad[index] = f'"{self.name}" is not UTF-8: {byte}'
            return None


def _stored_type(kind: "pa.DataType") -> "pa.DataType | None":
    """The type whose values Python can hold exactly: integers in place of times. None when it is the same."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_timestamp(kind) or types.is_duration(kind) or types.is_time64(kind):
        return pa.int64()
    if types.is_time32(kind):
        return pa.int32()
    if types.is_dictionary(kind):
        return _stored_type(kind.value_type) or kind.value_type
    if types.is_struct(kind):
        fields = [kind.field(place) for place in range(kind.num_fields)]
        inner = [_stored_type(field.type) for field in fields]
        pairs = zip(fields, inner, strict=True)
        return pa.struct([field.with_type(new or field.type) for field, new in pairs]) if any(inner) else None
    for is_list, make in ((types.is_list, pa.list_), (types.is_large_list, pa.large_list)):
        if is_list(kind):
            value = _stored_type(kind.value_type)
            return make(value) if value is not None else None
    if types.is_fixed_size_list(kind):
        value = _stored_type(kind.value_type)
        return pa.list_(value, kind.list_size) if value is not None else None
    return None


def _converter(kind: "pa.DataType", feature: Any, name: str) -> Convert | None:
    """How values of a type become those of JSON; None when they are already."""
    import pyarrow as pa
    from pyarrow import types

    if isinstance(kind, pa.ExtensionType):
        return _converter(kind.storage_type, feature, name)
    if types.is_dictionary(kind):
        return _converter(kind.value_type, feature, name)
    special = _of_feature(kind, feature)
    if special is not None:
        return special
    if types.is_floating(kind):
        return _finite(name)
    if types.is_timestamp(kind):
        return _timestamp(kind.unit, zoned=kind.tz is not None)
    if types.is_time(kind):
        return _time(kind.unit)
    if types.is_duration(kind):
        return _seconds(kind.unit)
    if types.is_struct(kind):
        return _struct(kind, feature, name)
    if types.is_map(kind):
        return _map(_converter(kind.key_type, None, name), _converter(kind.item_type, None, name))
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _list(_converter(kind.value_type, _inner(feature), name))
    if types.is_integer(kind) or types.is_boolean(kind) or types.is_null(kind):
        return None
    if types.is_string(kind) or types.is_large_string(kind):
        return None
    return _plain


def _of_feature(kind: "pa.DataType", feature: Any) -> Convert | None:
    from pyarrow import types

    if not isinstance(feature, dict):
        return None
    if feature.get("_type") == "ClassLabel" and types.is_integer(kind) and feature.get("names"):
        return _class_name([str(name) for name in feature["names"]])
    if feature.get("_type") in ("Image", "Audio") and types.is_struct(kind):
        return _media
    return None


def _inner(feature: Any) -> Any:
    """What is said about the elements of a list."""
    if isinstance(feature, list) and feature:
        return feature[0]
    return feature.get("feature") if isinstance(feature, dict) else None


def _class_name(names: list[str]) -> Convert:
    def convert(value: Any, _notes: list[str]) -> Any:
        if value == -1:  # how Hugging Face writes that there is no label
            return None
        return names[value] if 0 <= value < len(names) else value

    return convert


def _media(value: Any, notes: list[str]) -> Any:
    if isinstance(value.get("bytes"), bytes):
        return _data_uri(value["bytes"])
    return _plain(value.get("path"), notes)


def _finite(name: str) -> Convert:
    def convert(value: Any, notes: list[str]) -> Any:
        if math.isfinite(value):
            return value
        notes.append(f'"{name}" is {value}, which JSON does not have: null')
        return None

    return convert


def _timestamp(unit: str, *, zoned: bool) -> Convert:
    def convert(value: Any, notes: list[str]) -> Any:
        seconds, rest = divmod(value, _PER_SECOND[unit])
        try:
            moment = _EPOCH + timedelta(seconds=seconds)
        except OverflowError:
            notes.append(f"a time is out of range ({value} {unit} since 1970): null")
            return None
        return moment.isoformat() + _fraction(rest, unit) + ("+00:00" if zoned else "")

    return convert


def _time(unit: str) -> Convert:
    def convert(value: Any, notes: list[str]) -> Any:
        seconds, rest = divmod(value, _PER_SECOND[unit])
        if not 0 <= seconds < 86_400:
            notes.append(f"a time of day is out of range ({value} {unit}): null")
            return None
        return time(seconds // 3600, seconds // 60 % 60, seconds % 60).isoformat() + _fraction(rest, unit)

    return convert


def _fraction(rest: int, unit: str) -> str:
    """The part of a second, with as many digits as it has."""
    digits = len(str(_PER_SECOND[unit])) - 1
    return "." + f"{rest:0{digits}d}".rstrip("0") if rest else ""


def _seconds(unit: str) -> Convert:
    def convert(value: Any, _notes: list[str]) -> Any:
        whole, rest = divmod(value, _PER_SECOND[unit])
        return value / _PER_SECOND[unit] if rest else whole

    return convert


def _struct(kind: "pa.DataType", feature: Any, name: str) -> Convert | None:
    described = feature if isinstance(feature, dict) else {}
    converts = {}
    for place in range(kind.num_fields):
        field = kind.field(place)
        convert = _converter(field.type, described.get(field.name), f"{name}.{field.name}")
        if convert is not None:
            converts[field.name] = convert
    if not converts:
        return None

    def convert_all(value: Any, notes: list[str]) -> Any:
        for key, convert in converts.items():
            if value[key] is not None:
                value[key] = convert(value[key], notes)
        return value

    return convert_all


def _list(convert: Convert | None) -> Convert | None:
    if convert is None:
        return None

    def convert_all(value: Any, notes: list[str]) -> Any:
        return [None if part is None else convert(part, notes) for part in value]

    return convert_all


def _map(of_key: Convert | None, of_value: Convert | None) -> Convert:
    """An object where the keys are texts and differ, else a list of pairs."""

    def convert(value: Any, notes: list[str]) -> Any:
        pairs = [
            [
                key if of_key is None else of_key(key, notes),
                part if of_value is None or part is None else of_value(part, notes),
            ]
            for key, part in value
        ]
        if all(isinstance(key, str) for key, _ in pairs) and len({key for key, _ in pairs}) == len(pairs):
            return dict(pairs)
        return pairs

    return convert


def _plain(value: Any, notes: list[str]) -> Any:
    """Any value by what it is in Python."""
    if isinstance(value, bytes):
        return _text_or_uri(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float):
        return _finite("a value")(value, notes)
    if isinstance(value, dict):
        return {str(key): _plain(part, notes) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part, notes) for part in value]
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(timezone.utc).isoformat()  # noqa: UP017
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if value is None or isinstance(value, str | int):
        return value
    return str(value)


def _text_or_uri(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return _data_uri(value)


def _data_uri(value: bytes) -> str:
    kind = next((kind for magic, kind in _IMAGES.items() if value.startswith(magic)), None)
    if value[:4] == b"RIFF":
        kind = _RIFF.get(value[8:12])
    return f"data:{kind or 'application/octet-stream'};base64,{base64.b64encode(value).decode()}"
