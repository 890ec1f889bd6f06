"""`spans`, and what all interfaces of text spans share: what spans have to be, when two sets of them agree.

A span has `start`, `end` (characters, end exclusive) and `label`; on tokens also `token_start`, `token_end`
(token ids, end inclusive). The characters say where a span is; tokens are what marking snaps to. A span
that does not begin and end where its tokens do is therefore a possible one, and the page points it out.
"""

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final, TypeGuard

from tallymark.interfaces.interface import Interface, text_problem
from tallymark.types import Task

__all__ = ["MARKING", "READING", "SPANS", "answered_spans", "overlap_problem", "spans_problem"]

READING: Final[Mapping[str, Any]] = {
    "labels": [],
    "label_descriptions": {},
    "hide_newlines": False,
    "honor_token_whitespace": True,
}
"""Settings of the interfaces that show spans, with their defaults."""

MARKING: Final[Mapping[str, Any]] = {
    **READING,
    "label_style": None,
    "ner_manual_highlight_chars": False,
    "allow_newline_highlight": False,
}
"""Settings of the interfaces in which spans are marked."""


def spans_problem(document: Task) -> str | None:
    """The first span that does not lie in the text, or names tokens that are not there."""
    problem = text_problem(document)
    if problem is not None:
        return problem
    spans, tokens = document.get("spans"), document.get("tokens")
    if spans is None:
        return None
    if not isinstance(spans, list):
        return '"spans" must be a list.'
    for number, span in enumerate(spans, start=1):
        problem = _span_problem(span, document["text"]) or _token_problem(span, tokens)
        if problem is not None:
            return f"Span {number}{_called(span)} {problem}"
    return None


def overlap_problem(document: Task) -> str | None:
    """The first two spans that overlap, in spans that are otherwise possible."""
    spans = sorted(document.get("spans") or [], key=lambda span: (span["start"], span["end"]))
    for one, other in pairwise(spans):
        if other["start"] < one["end"]:
            return f"The spans{_called(one)} and{_called(other)} overlap; only one of them can stay."
    return None


def answered_spans(values: Mapping[str, Any]) -> list[str]:
    """The set of (start, end, label), sorted: equal for equal annotations, whatever else spans carry."""
    spans = values.get("spans")
    return sorted({_key(span) for span in spans}) if isinstance(spans, list) else []


def _key(span: Any) -> str:
    told = [span.get(key) for key in ("start", "end", "label")] if isinstance(span, dict) else span
    return json.dumps(told, sort_keys=True)


def _called(span: Any) -> str:
    if not isinstance(span, dict) or "start" not in span or "end" not in span:
        return ""
    return f" ({span.get('label', 'no label')}, {span['start']}–{span['end']})"


def _span_problem(span: Any, text: str) -> str | None:
    if not isinstance(span, dict):
        return "is no object."
    start, end = span.get("start"), span.get("end")
    if not _is_count(start) or not _is_count(end):
        return 'needs "start" and "end" as integers.'
    if not 0 <= start < end:
        return "ends before it starts or is empty."
    if end > len(text):
        return f"lies outside of the text, which has {len(text)} characters."
    if not isinstance(span.get("label"), str):
        return 'has no "label".'
    return None


def _token_problem(span: Task, tokens: Any) -> str | None:
    first, last = span.get("token_start"), span.get("token_end")
    if not isinstance(tokens, list) or first is None or last is None:
        return None
    if not _is_count(first) or not _is_count(last) or not 0 <= first <= last < len(tokens):
        return f"names the tokens {first} to {last}; the text has {len(tokens)}."
    return None


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


SPANS = Interface("spans", "binary", spans_problem, settings=READING)
