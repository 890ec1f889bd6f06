"""JSON text keeps every value, or says why it cannot."""

import json
import math
import re
import struct
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallymark.jsontext import MAX_DEPTH, dumps, loads, loads_noting, plain

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=()), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def _has_split_pair(value: Any) -> bool:
    """Two lone surrogates side by side are one character in JSON; nothing read from JSON holds them."""
    text = json.dumps(value, ensure_ascii=False)
    return bool(text != json.loads(json.dumps(text)))


@given(VALUES)
def test_every_value_survives_writing_and_reading(value: Any) -> None:
    if _has_split_pair(value):
        return
    text = dumps(value)
    text.encode()
    assert repr(loads(text)) == repr(value)
    assert repr(loads(text.encode())) == repr(value)
    assert "\n" not in text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-9223372036854775809", -9223372036854775809),
        ("18446744073709551616", 18446744073709551616),
        ('{"id": 123456789012345678901234567890}', {"id": 123456789012345678901234567890}),
        ('"\\ud800"', "\ud800"),
        ('"a\\u0000b"', "a\0b"),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ('"1234567890123456789 and \\udfff"', "1234567890123456789 and \udfff"),
    ],
)
def test_reads_exactly(text: str, value: Any) -> None:
    assert loads(text) == value
    assert loads(text.encode()) == value


@pytest.mark.parametrize(
    "text", ["0.1", "1e-7", "-0.0", "5e-324", "1.7976931348623157e308", "0.30000000000000004"]
)
def test_floats_keep_their_bits(text: str) -> None:
    assert struct.pack("d", loads(text)) == struct.pack("d", float(text))
    assert struct.pack("d", loads(dumps(float(text)))) == struct.pack("d", float(text))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("NaN", "NaN is not a JSON number"),
        ('{"score": -Infinity}', "-Infinity is not a JSON number"),
        ("1e400", "the number 1e400 is too large for a double"),
        ("1" + "0" * 400 + ".5", "is too large for a double"),
        ("1" * 5000, "an integer of 5,000 digits"),
        ("", "not JSON"),
        ('{"a": 1,}', "not JSON: trailing comma is not allowed (at character 8)"),
        ('{"a": 12345678901234567890', "not JSON"),
        ('"tab\there"', "not JSON"),
        ("{} {}", "not JSON"),
        ("[" * 5000 + "]" * 5000, "nested more than"),
    ],
)
def test_refuses_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        loads(text)


def test_bytes_that_are_not_utf8_are_named() -> None:
    with pytest.raises(ValueError, match="not UTF-8: byte 0xff at position 10"):
        loads(b'{"text": "\xff"}')


@pytest.mark.parametrize(
    ("text", "repeated"),
    [
        ('{"a": 1, "b": {"a": 2}}', []),
        ('{"text": "say \\"a\\": b"}', []),
        ('{"text": "\\u0022a\\u0022: 1"}', []),
        ('{"a" : 1, "a" : 2}', ["a"]),
        ('{"a": 1, "b": [{"c": 1, "d": 0, "c": 2}], "a": 2, "a": 3}', ["c", "a"]),
        ('{"a": "\\u0022", "a": ""}', ["a"]),
        ('{"a": 12345678901234567890, "a": 1}', ["a"]),
        ('{"a": "\\ud800", "b": 1, "b": 1}', ["b"]),
    ],
)
def test_notes_repeated_keys(text: str, repeated: list[str]) -> None:
    value, keys = loads_noting(text)
    assert value == json.loads(text)
    assert keys == repeated


@pytest.mark.parametrize("filling", ["", "12345678901234567890"])
def test_depth_is_bounded(filling: str) -> None:
    deepest = "[" * MAX_DEPTH + filling + "]" * MAX_DEPTH
    assert dumps(loads_noting(deepest)[0]) == deepest
    with pytest.raises(ValueError, match="nested more than 250 levels deep"):
        loads_noting(f'[[[[[{{"a":{deepest}}}]]]]]')


def test_writes_compactly_in_order_and_readably() -> None:
    assert dumps({"b": [1, 2.5, None, True], "a": "Zürich 🧪\0", "t": (1, 2)}) == (
        '{"b":[1,2.5,null,true],"a":"Zürich 🧪\\u0000","t":[1,2]}'
    )


def test_lone_surrogates_are_escaped() -> None:
    assert dumps({"text": "é\ud800"}) == '{"text":"\\u00e9\\ud800"}'


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize("beside", [None, 2**70])
def test_uuids_and_enums_are_written_as_their_value(beside: int | None) -> None:
    value = {"id": UUID(int=1), "colour": Colour.RED, "beside": beside}
    assert loads(dumps(value)) == {
        "id": "00000000-0000-0000-0000-000000000001",
        "colour": "red",
        "beside": beside,
    }


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("beside", [None, 2**70])
def test_numbers_that_json_lacks_are_refused_with_their_place(number: float, beside: int | None) -> None:
    with pytest.raises(ValueError, match=r"meta\.scores\[1\] is -?(nan|inf), which JSON does not have"):
        dumps({"meta": {"beside": beside, "scores": (0.5, number)}})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"meta": {"when": {1}}}, "meta.when is a set, which JSON does not have"),
        (b"x", "the value is a bytes, which JSON does not have"),
        ({"a": [{3: 1}]}, "a[0] has the key 3, and keys in JSON are strings"),
    ],
)
def test_what_json_lacks_is_named(value: Any, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        dumps(value)
    assert str(caught.value) == message


def test_a_value_too_deep_to_write_is_refused() -> None:
    value: list[Any] = []
    for _ in range(2000):
        value = [value]
    with pytest.raises(ValueError, match="nested more than 250 levels deep"):
        dumps(value)


def test_a_null_beside_numbers_is_no_obstacle() -> None:
    assert dumps([None, 0.5, {"a": [1.5, "x"]}]) == '[null,0.5,{"a":[1.5,"x"]}]'


def test_plain_says_where_something_is_that_json_does_not_have() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert plain({1: {2: "a"}, "b": (3,)}) == {"1": {"2": "a"}, "b": [3]}
    for value, words in (
        ({"meta": {"scores": [1, object()]}}, r"meta.scores\[1\] is a object, which JSON does not have"),
        ({"meta": {(1, 2): 3}}, r"meta has the key \(1, 2\), and keys in JSON are strings"),
        ({True: 3}, "the value has the key True, and keys in JSON are strings"),
        ({1: "a", "1": "b"}, "the value has the key '1' twice: as text and as number"),
        ({"a": endless}, "nested more than 250 levels deep"),
    ):
        with pytest.raises((TypeError, ValueError), match=words):
            plain(value)
