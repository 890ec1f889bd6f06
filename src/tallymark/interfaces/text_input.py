"""`text_input`: one or several fields to write in, below the content.

A field is described by keys `field_…` of the task or of the settings, the task's first. Several fields are a
list under `fields`, each an object with such keys. What is written is stored as text under the `field_id`; a
value that is there already is offered for editing.
"""

import unicodedata
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from tallymark.interfaces.interface import Interface, content_problem, key_problem
from tallymark.types import Task

__all__ = ["FIELD_DEFAULTS", "TEXT_INPUT", "fields_of"]

FIELD_DEFAULTS: Final[Mapping[str, Any]] = {
    "field_id": "user_input",
    "field_label": None,
    "field_placeholder": None,
    "field_rows": 1,
    "field_autofocus": False,
    "field_suggestions": None,
}
_WRITTEN = (str, int, float, type(None))


def fields_of(document: Task, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The fields with all their keys, in order; errors in them are left for `problem`."""
    several = document.get("fields") or settings.get("fields")
    if isinstance(several, list):
        return [_complete(field) if isinstance(field, dict) else dict(FIELD_DEFAULTS) for field in several]
    return [_complete({key: document.get(key, settings.get(key)) for key in FIELD_DEFAULTS})]


def _complete(given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: default if given.get(key) is None else given[key] for key, default in FIELD_DEFAULTS.items()}


def _within(document: Task, settings: Mapping[str, Any]) -> Interface:
    fields = fields_of(document, settings)
    ids = tuple(str(field["field_id"]) for field in fields)
    return Interface(
        "text_input",
        "manual",
        partial(_problem, fields=fields),
        fingerprint_keys=ids,
        answered=lambda values: [_said(values.get(name)) for name in sorted(set(ids))],
    )


def _problem(document: Task, *, fields: list[dict[str, Any]]) -> str | None:
    problem = content_problem(document)
    seen: set[str] = set()
    for field in fields:
        problem = problem or _field_problem(field) or _value_problem(document, field["field_id"])
        if problem is None and field["field_id"] in seen:
            problem = f'Two fields have the field_id "{field["field_id"]}"; each needs one of its own.'
        seen.add(str(field["field_id"]))
    return problem


def _field_problem(field: Mapping[str, Any]) -> str | None:
    name, rows, suggestions = field["field_id"], field["field_rows"], field["field_suggestions"]
    problem = key_problem("field_id", name)
    if problem is not None:
        return problem
    if not isinstance(rows, int) or isinstance(rows, bool) or rows < 1:
        return f'"field_rows" of "{name}" must be a whole number of at least 1.'
    listed = suggestions is None or isinstance(suggestions, list)
    if not listed or not all(isinstance(one, str) for one in suggestions or ()):
        return f'"field_suggestions" of "{name}" must be a list of texts.'
    return None


def _value_problem(document: Task, name: str) -> str | None:
    value = document.get(name)
    fits = isinstance(value, _WRITTEN) and not isinstance(value, bool)
    return None if fits else f'The "{name}" of the task is not text.'


def _said(value: Any) -> str:
    """What was written, whatever the white space around it and the way accents are encoded."""
    return "" if value is None else unicodedata.normalize("NFC", str(value)).strip()


TEXT_INPUT = Interface(
    "text_input",
    "manual",
    partial(_problem, fields=[dict(FIELD_DEFAULTS)]),
    fingerprint_keys=("user_input",),
    answered=lambda values: [_said(values.get("user_input"))],
    settings={**FIELD_DEFAULTS, "fields": None},
    within=_within,
)
