"""`choice`: content and options, of which one or several are selected.

`options` is a list of objects with an `id` (text or integer); `accept` is the list of the selected ids.
"""

import json
from collections.abc import Mapping
from typing import Any

from tallymark.interfaces.interface import Interface, content_problem
from tallymark.types import Task

__all__ = ["CHOICE"]


def _problem(document: Task) -> str | None:
    return content_problem(document) or _options_problem(document) or _accept_problem(document)


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


def _accept_problem(document: Task) -> str | None:
    accept = document.get("accept")
    if accept is None:
        return None
    if not isinstance(accept, list):
        return '"accept" must be the list of the selected ids.'
    ids = [option["id"] for option in document["options"]]
    for chosen in accept:
        if not _is_id(chosen) or chosen not in ids:
            known = ", ".join(json.dumps(one, ensure_ascii=False) for one in ids)
            return (
                f"{json.dumps(chosen, ensure_ascii=False)} is selected but is none of the options ({known})."
            )
    return None


def _is_id(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool))


def _answered(values: Mapping[str, Any]) -> list[str]:
    accept = values.get("accept")
    return sorted({json.dumps(chosen) for chosen in accept}) if isinstance(accept, list) else []


CHOICE = Interface(
    "choice",
    "manual",
    _problem,
    fingerprint_keys=("accept",),
    answered=_answered,
    settings={"choice_style": "single", "choice_auto_accept": False},
)
