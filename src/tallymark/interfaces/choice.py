"""`choice`: content and options, of which one or several are selected, or which are put in order.

`options` is a list of objects with an `id` (text or integer); `accept`, or the key that `choice_key` names,
is the list of the selected ids: one for `choice_style` "single" and "rating", several for "multiple", all of
them, the best one first, for "ranking". Two such blocks on one card each have a `choice_key` of their own.
"""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from tallymark.interfaces.interface import Interface, content_problem, key_problem
from tallymark.types import Task

__all__ = ["CHOICE"]


_DEFAULT_KEY: Final = "accept"


def _within(_document: Task, settings: Mapping[str, Any]) -> Interface:
    key = settings.get("choice_key") or _DEFAULT_KEY
    problem = key_problem("choice_key", key)
    if problem is not None:
        return Interface("choice", "manual", lambda _document: problem)
    return _under(key, ordered=settings.get("choice_style") == "ranking")


def _under(key: str, *, ordered: bool = False) -> Interface:
    return Interface(
        "choice",
        "manual",
        partial(_problem, key=key),
        fingerprint_keys=(key,),
        answered=partial(_answered, key=key, ordered=ordered),
        settings={"choice_style": "single", "choice_auto_accept": False, "choice_key": _DEFAULT_KEY},
        within=_within,
    )


def _problem(document: Task, *, key: str) -> str | None:
    return content_problem(document) or _options_problem(document) or _selected_problem(document, key)


def _options_problem(document: Task) -> str | None:
    options = document.get("options")
    if not isinstance(options, list):
        return 'The task has no list of "options".'
    ids = set()
    for number, option in enumerate(options, start=1):
        if not isinstance(option, dict) or not _is_id(option.get("id")):
            return f'Option {number} has no "id" that is text or an integer.'
        if option["id"] in ids:
            return f"Two options have the id {json.dumps(option['id'])}."
        ids.add(option["id"])
    return None


def _selected_problem(document: Task, key: str) -> str | None:
    selected = document.get(key)
    if selected is None:
        return None
    if not isinstance(selected, list):
        return f'"{key}" must be the list of the selected ids.'
    ids = [option["id"] for option in document["options"]]
    for chosen in selected:
        if not _is_id(chosen) or chosen not in ids:
            known = ", ".join(json.dumps(one, ensure_ascii=False) for one in ids)
            return (
                f"{json.dumps(chosen, ensure_ascii=False)} is selected but is none of the options ({known})."
            )
    return None


def _is_id(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool))


def _answered(values: Mapping[str, Any], *, key: str, ordered: bool) -> list[str]:
    selected = values.get(key)
    told = [json.dumps(chosen) for chosen in selected] if isinstance(selected, list) else []
    return told if ordered else sorted(set(told))


CHOICE = _under(_DEFAULT_KEY)
