"""How an operation's changes meet the document they were made against, after queue.md ("Answers")."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any

KEEP = "$keep"


def merged(base: Mapping[str, Any], changes: Mapping[str, Any], unset: Iterable[str]) -> dict[str, Any]:
    """`base` with top-level keys set and unset; arrays in `changes` may keep elements of the same array."""
    gone = set(unset)
    document = {key: copy.deepcopy(value) for key, value in base.items() if key not in gone}
    for key, value in changes.items():
        old = base.get(key)
        document[key] = with_kept(old, value) if isinstance(value, list) else copy.deepcopy(value)
    return document


def with_kept(old: Any, new: list[Any]) -> list[Any]:
    """`new` with every `{"$keep": n, ...}` replaced by element n of `old` and that element's own changes."""
    return [kept(old, element) if is_kept(element) else copy.deepcopy(element) for element in new]


def is_kept(element: Any) -> bool:
    return isinstance(element, dict) and KEEP in element


def kept(old: Any, element: Mapping[str, Any]) -> Any:
    original = old[element[KEEP]]
    if "set" not in element and "unset" not in element:
        return copy.deepcopy(original)
    return merged(original, element.get("set", {}), element.get("unset", ()))
