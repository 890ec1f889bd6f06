"""Changes are merged onto documents exactly."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallymark import jsontext
from tallymark.errors import InputError
from tallymark.store.documents import composed, difference, has_keep, merged, resolved

DOCUMENT = {
    "text": "a",
    "spans": [{"start": 0, "id": 10**30}, 5, {"spans": [{"id": 10**30}]}],
    "meta": {"x": 1},
}


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        (None, {"a": 1}),
        ("{}", {"a": 1}),
        ('{"set":{"a":2,"b":3}}', {"a": 2, "b": 3}),
        ('{"unset":["a","none"]}', {}),
        ('{"set":{"b":123456789012345678901234567890}}', {"a": 1, "b": 123456789012345678901234567890}),
    ],
)
def test_changes_set_and_unset_keys(changes: str | None, result: dict[str, Any]) -> None:
    assert merged('{"a":1}', changes) == result


@pytest.mark.parametrize(
    ("base", "change", "result"),
    [
        ({}, {}, {}),
        ({"set": {"a": 1}}, {"set": {"a": 2, "b": 3}}, {"set": {"a": 2, "b": 3}}),
        ({"set": {"a": 1}}, {"unset": ["a"]}, {"unset": ["a"]}),
        ({"unset": ["a"]}, {"set": {"a": 1}}, {"set": {"a": 1}}),
        ({"unset": ["a"]}, {"unset": ["b", "a"]}, {"unset": ["a", "b"]}),
    ],
)
def test_two_changes_are_one(base: dict[str, Any], change: dict[str, Any], result: dict[str, Any]) -> None:
    assert composed(base, change) == result


@pytest.mark.parametrize(
    ("values", "found"),
    [({"spans": [{"$keep": 0}]}, True), ({"spans": [{"start": 0}, 3]}, False), ({"a": {"$keep": 0}}, False)],
)
def test_only_elements_of_arrays_are_kept(values: dict[str, Any], found: bool) -> None:
    assert has_keep(values) is found


@pytest.mark.parametrize(
    ("item", "result"),
    [
        ({"$keep": 0}, {"start": 0, "id": 10**30}),
        ({"$keep": 1}, 5),
        ({"$keep": 0, "set": {"label": "A"}}, {"start": 0, "id": 10**30, "label": "A"}),
        ({"$keep": 0, "unset": ["start"]}, {"id": 10**30}),
        ({"start": 7}, {"start": 7}),
        ({"$keep": 2, "set": {"spans": [{"$keep": 0}, {"a": 1}]}}, {"spans": [{"id": 10**30}, {"a": 1}]}),
    ],
)
def test_a_kept_element_is_the_one_of_the_document(item: Any, result: Any) -> None:
    assert resolved({"spans": [item], "label": "B"}, DOCUMENT) == {"spans": [result], "label": "B"}


@pytest.mark.parametrize(
    ("key", "item", "message"),
    [
        ("spans", {"$keep": 3}, "has no element 3"),
        ("spans", {"$keep": -1}, "has no element -1"),
        ("spans", {"$keep": "0"}, "has no element '0'"),
        ("meta", {"$keep": 0}, "has no element 0"),
        ("none", {"$keep": 0}, "has no element 0"),
        ("spans", {"$keep": True}, "has no element True"),
        ("spans", {"$keep": 1, "set": {"a": 1}}, "is not an object"),
        ("spans", {"$keep": 0, "set": [1]}, "by an object as set and a list as unset"),
        ("spans", {"$keep": 0, "unset": "id"}, "by an object as set and a list as unset"),
    ],
)
def test_what_cannot_be_kept_is_an_error(key: str, item: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        resolved({key: [item]}, DOCUMENT)


@pytest.mark.parametrize(
    ("whole", "changes"),
    [
        (DOCUMENT, {"set": {}, "unset": []}),
        ({**DOCUMENT, "text": "b", "label": "A"}, {"set": {"text": "b", "label": "A"}, "unset": []}),
        ({"text": "a"}, {"set": {}, "unset": ["spans", "meta"]}),
        ({**DOCUMENT, "meta": {"x": 1.0}}, {"set": {"meta": {"x": 1.0}}, "unset": []}),
        ({**DOCUMENT, "meta": {"x": True}}, {"set": {"meta": {"x": True}}, "unset": []}),
    ],
)
def test_a_difference_is_what_is_not_written_the_same(whole: dict[str, Any], changes: dict[str, Any]) -> None:
    assert difference(DOCUMENT, whole) == changes


# -- anything at all ----------------------------------------------------------------------------------

PLAIN = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
NAMES = st.sampled_from(["spans", "tokens", "meta", "set", "unset", "$keep", "id"])
JSON = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
KEEPS = st.fixed_dictionaries({"$keep": st.integers(-1, 3) | PLAIN}, optional={"set": JSON, "unset": JSON})
SETS = st.dictionaries(NAMES, st.lists(KEEPS | JSON, max_size=4) | JSON, max_size=4)


@settings(max_examples=400, derandomize=True, database=None, deadline=None)
@given(document=st.dictionaries(NAMES, JSON, max_size=4), values=SETS)
def test_whatever_is_set_is_merged_or_refused(document: dict[str, Any], values: dict[str, Any]) -> None:
    before = jsontext.dumps(document)
    try:
        result = resolved(values, document)
    except InputError:
        return
    assert jsontext.dumps(document) == before
    assert result.keys() == values.keys()
    for key, value in values.items():
        if not isinstance(value, list):
            assert result[key] is value
    whole = merged(before, jsontext.dumps({"set": result}))
    assert jsontext.dumps(whole) == jsontext.dumps({**document, **result})


@settings(max_examples=300, derandomize=True, database=None, deadline=None)
@given(document=st.dictionaries(NAMES, JSON, max_size=4), whole=st.dictionaries(NAMES, JSON, max_size=4))
def test_a_difference_leads_to_the_whole(document: dict[str, Any], whole: dict[str, Any]) -> None:
    made = merged(jsontext.dumps(document), jsontext.dumps(difference(document, whole)))
    assert {key: jsontext.dumps(value) for key, value in made.items()} == {
        key: jsontext.dumps(value) for key, value in whole.items()
    }
