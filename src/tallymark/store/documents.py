"""Merge changes onto documents. Values that are kept never leave Python, so every one stays exact."""

from typing import Any

from tallymark import jsontext
from tallymark.errors import InputError
from tallymark.types import Task

KEEP = "$keep"


def merged(text: str, changes: str | None) -> Task:
    """The document with stored changes applied."""
    document: Task = jsontext.loads(text)
    if changes is not None:
        apply(document, jsontext.loads(changes))
    return document


def apply(document: Task, changes: dict[str, Any]) -> None:
    """Apply `{"set", "unset"}` to a document in place; nothing is left to resolve."""
    document.update(changes.get("set", {}))
    for key in changes.get("unset", ()):
        document.pop(key, None)


def composed(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Two changes after each other as one against the same original document."""
    kept = {key: value for key, value in base.get("set", {}).items() if key not in change.get("unset", ())}
    new = {**kept, **change.get("set", {})}
    gone = [
        key for key in dict.fromkeys([*base.get("unset", ()), *change.get("unset", ())]) if key not in new
    ]
    result: dict[str, Any] = {}
    if new:
        result["set"] = new
    if gone:
        result["unset"] = gone
    return result


def has_keep(values: dict[str, Any]) -> bool:
    """Whether any array of a `set` refers to elements of the document it is against."""
    return any(isinstance(value, list) and any(_is_keep(item) for item in value) for value in values.values())


def resolved(values: dict[str, Any], document: Task) -> dict[str, Any]:
    """`set` with every `{"$keep": n}` replaced by element n of the same array of `document`.

    An element that is kept with changes may hold arrays of which elements are kept in turn.

    Errors: `InputError` for an element that is not there.
    """
    return {
        key: [_element(key, item, document.get(key)) for item in value] if isinstance(value, list) else value
        for key, value in values.items()
    }


def difference(document: Task, whole: Task) -> dict[str, Any]:
    """The top-level changes that make `whole` of `document`."""
    new = {
        key: value for key, value in whole.items() if key not in document or not _same(document[key], value)
    }
    gone = [key for key in document if key not in whole]
    return {"set": new, "unset": gone}


def _same(one: Any, other: Any) -> bool:
    return one is other or jsontext.dumps(one) == jsontext.dumps(other)


def _is_keep(item: Any) -> bool:
    return isinstance(item, dict) and KEEP in item


def _element(key: str, item: Any, array: Any) -> Any:
    if not _is_keep(item):
        return item
    number = item[KEEP]
    if type(number) is not int or not isinstance(array, list) or not 0 <= number < len(array):
        raise InputError(f"{key!r} has no element {number!r} to keep.")
    kept = array[number]
    if "set" not in item and "unset" not in item:
        return kept
    if not isinstance(kept, dict):
        raise InputError(f"Element {number} of {key!r} is not an object and cannot be changed in part.")
    new, gone = item.get("set") or {}, item.get("unset") or []
    if not isinstance(new, dict) or not isinstance(gone, list):
        raise InputError(f"Element {number} of {key!r} is changed by an object as set and a list as unset.")
    return {name: value for name, value in kept.items() if name not in gone} | resolved(new, kept)
