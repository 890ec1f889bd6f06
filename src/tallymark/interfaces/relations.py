"""`relations`: arrows between the words or spans of a text, and spans on the same screen.

A relation has `head` and `child` (the id of the last token at either end), `label`, and a span at either end:
`head_span` and `child_span` with `start`, `end` (characters, end exclusive), `token_start`, `token_end` (ids
of tokens, end inclusive) and `label`, which is None for a word. Without them an end is the token alone. Where
`relations_span_labels` are set, `spans` are part of the answer, too.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, TypeGuard

from tallymark.interfaces.interface import Interface, text_problem
from tallymark.interfaces.spans import READING, answered_spans, spans_problem
from tallymark.types import Task

__all__ = ["ARROWS", "RELATIONS", "arrows_problem", "tokens_problem"]

ARROWS: Final[Mapping[str, Any]] = {
    **READING,
    "wrap_relations": False,
    "hide_relations_arrow": False,
}
"""Settings of the interfaces that show arrows, with their defaults."""

_SETTINGS: Final[Mapping[str, Any]] = {
    **ARROWS,
    "relations_span_labels": [],
    "label_style": None,
    "allow_newline_highlight": False,
}


def tokens_problem(document: Task) -> str | None:
    """Why there are no tokens that arrows could join."""
    tokens = document.get("tokens")
    if not isinstance(tokens, list) or not tokens:
        return 'The task has no "tokens" to relate. Add them with rel.manual or add_tokens.'
    for number, token in enumerate(tokens, start=1):
        if not isinstance(token, dict) or not _is_stretch(token.get("start"), token.get("end")):
            return f'Token {number} needs "start" and "end" as integers, the start first.'
    return None


def arrows_problem(arrows: Any, *, key: str, tokens: list[Task]) -> str | None:
    """The first arrow of a list that does not join two tokens; `key` says where the list stands."""
    if arrows is None:
        return None
    if not isinstance(arrows, list):
        return f'"{key}" must be a list.'
    known = {token.get("id", place) for place, token in enumerate(tokens)}
    name = "Arc" if key == "arcs" else "Relation"
    for number, arrow in enumerate(arrows, start=1):
        problem = _arrow_problem(arrow, known)
        if problem is not None:
            return f"{name} {number} {problem}"
    return None


def _arrow_problem(arrow: Any, known: set[Any]) -> str | None:
    if not isinstance(arrow, dict):
        return "is no object."
    for end in ("head", "child"):
        token = arrow.get(end)
        if not _is_count(token):
            return f'needs "{end}" as the id of a token.'
        if token not in known:
            return f"names the token {token} as its {end}; the text has {len(known)}."
        problem = _span_problem(arrow.get(f"{end}_span"), end, known)
        if problem is not None:
            return problem
    return None if isinstance(arrow.get("label"), str) else 'has no "label".'


def _span_problem(span: Any, end: str, known: set[Any]) -> str | None:
    if span is None:
        return None
    if not isinstance(span, dict):
        return f'has a "{end}_span" that is no object.'
    first, last = span.get("token_start"), span.get("token_end")
    if not _is_stretch(first, last):
        return f'has a "{end}_span" without "token_start" and "token_end" as integers.'
    if first not in known or last not in known:
        return f"names the tokens {first} to {last} as its {end}; the text has {len(known)}."
    return None


def _is_stretch(first: object, last: object) -> bool:
    return _is_count(first) and _is_count(last) and 0 <= first <= last


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _problem(document: Task) -> str | None:
    problem = text_problem(document) or tokens_problem(document) or spans_problem(document)
    return problem or arrows_problem(document.get("relations"), key="relations", tokens=document["tokens"])


def _answered_relations(values: Mapping[str, Any]) -> list[str]:
    """The set of (head, child, label) by the tokens of either end, sorted."""
    relations = values.get("relations")
    return sorted({_key(relation) for relation in relations}) if isinstance(relations, list) else []


def _key(relation: Any) -> str:
    if not isinstance(relation, dict):
        return json.dumps(relation, sort_keys=True)
    return json.dumps([_place(relation, "head"), _place(relation, "child"), relation.get("label")])


def _place(relation: Mapping[str, Any], end: str) -> list[Any]:
    span = relation.get(f"{end}_span")
    if not isinstance(span, dict):
        return [relation.get(end), relation.get(end)]
    return [span.get("token_start", relation.get(end)), span.get("token_end", relation.get(end))]


def _answered(values: Mapping[str, Any]) -> list[list[str]]:
    return [_answered_relations(values), answered_spans(values)]


_WITH_SPANS: Final = Interface(
    "relations",
    "manual",
    _problem,
    fingerprint_keys=("relations", "spans"),
    answered=_answered,
    settings=_SETTINGS,
)
_ALONE: Final = Interface(
    "relations",
    "manual",
    _problem,
    fingerprint_keys=("relations",),
    answered=_answered_relations,
    settings=_SETTINGS,
)


def _within(_document: Task, settings: Mapping[str, Any]) -> Interface:
    return _WITH_SPANS if settings.get("relations_span_labels") else _ALONE


RELATIONS = Interface(
    "relations",
    "manual",
    _problem,
    fingerprint_keys=("relations",),
    answered=_answered_relations,
    settings=_SETTINGS,
    within=_within,
)
