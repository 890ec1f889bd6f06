"""Tokens of texts, and spans that lie on them.

A token is `{"text", "start", "end", "id", "ws"}`: characters with the end exclusive, its index, and whether a
space follows. A span on tokens has `token_start` and `token_end`, the end inclusive.
"""

import logging
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from tallymark.errors import RecipeError
from tallymark.stream import costly, row_of, rowwise
from tallymark.types import Task

if TYPE_CHECKING:
    from spacy.language import Language

__all__ = ["add_tokens", "without_tokens"]

log = logging.getLogger(__name__)


@costly
@rowwise
def add_tokens(
    nlp: "Language",
    stream: Iterable[Task],
    skip: bool = False,
    overwrite: bool = False,
    use_chars: bool = False,
    keep_misaligned: bool = False,
) -> Iterator[Task]:
    """Add `tokens` to each task and give its spans their `token_start` and `token_end`.

    Tokens that are there stay unless `overwrite`. `use_chars` makes every character a token. A task that
    cannot be tokenised, or with a span that does not begin and end with a token, raises `RecipeError`; with
    `skip` its row becomes invalid instead, with the reason. With `keep_misaligned` such a span stays as it
    is, without ids of tokens that were not given with it.
    """
    for task in stream:
        try:
            fresh = overwrite or not task.get("tokens")
            if fresh:
                task["tokens"] = _characters(task) if use_chars else _tokens(nlp, task)
            if task.get("spans"):
                task["spans"] = _aligned(task["spans"], task["tokens"], keep=keep_misaligned, fresh=fresh)
        except ValueError as error:
            _refuse(task, str(error), skip=skip)
        else:
            yield task


def without_tokens(task: Task) -> Task:
    """Take the tokens out of a task and the token ids out of its spans, in place."""
    task.pop("tokens", None)
    for span in task.get("spans") or []:
        span.pop("token_start", None)
        span.pop("token_end", None)
    return task


def _text(task: Task) -> str:
    text = task.get("text")
    if not isinstance(text, str):
        raise ValueError('there is no "text" to split into tokens')
    return text


def _tokens(nlp: "Language", task: Task) -> list[dict[str, Any]]:
    text = _text(task)
    if len(text) > nlp.max_length:
        raise ValueError(f"the text has {len(text):,} characters; the pipeline takes {nlp.max_length:,}")
    try:
        doc = nlp.make_doc(text)
    except UnicodeEncodeError as error:
        raise ValueError("the text holds half of a surrogate pair and cannot be split") from error
    return [
        {
            "text": token.text,
            "start": token.idx,
            "end": token.idx + len(token.text),
            "id": token.i,
            "ws": bool(token.whitespace_),
        }
        for token in doc
    ]


def _characters(task: Task) -> list[dict[str, Any]]:
    return [
        {"text": character, "start": place, "end": place + 1, "id": place, "ws": False}
        for place, character in enumerate(_text(task))
    ]


def _aligned(spans: Any, tokens: Any, *, keep: bool, fresh: bool) -> list[dict[str, Any]]:
    """Copies of the spans with the ids of the tokens they begin and end with."""
    if not isinstance(spans, list):
        raise ValueError('"spans" is not a list')
    try:
        starts = {token["start"]: token["id"] for token in tokens}
        ends = {token["end"]: token["id"] for token in tokens}
    except (TypeError, KeyError) as error:
        raise ValueError('"tokens" is not a list of tokens with "start", "end" and "id"') from error
    return [
        _loose(span, fresh=fresh)
        if keep and _lies_beside(span, starts, ends)
        else _on_tokens(span, number, starts, ends)
        for number, span in enumerate(spans, start=1)
    ]


def _lies_beside(span: Any, starts: dict[int, int], ends: dict[int, int]) -> bool:
    """A sound span with a border inside of a token or between two."""
    if not isinstance(span, dict):
        return False
    start, end = span.get("start"), span.get("end")
    if not isinstance(start, int) or not isinstance(end, int) or not start < end:
        return False
    return start not in starts or end not in ends


def _loose(span: dict[str, Any], *, fresh: bool) -> dict[str, Any]:
    ids = ("token_start", "token_end") if fresh else ()
    return {key: value for key, value in span.items() if key not in ids}


def _on_tokens(span: Any, number: int, starts: dict[int, int], ends: dict[int, int]) -> dict[str, Any]:
    if (
        not isinstance(span, dict)
        or not isinstance(span.get("start"), int)
        or not isinstance(span.get("end"), int)
    ):
        raise ValueError(f'span {number} has no "start" and "end"')
    first, last = starts.get(span["start"]), ends.get(span["end"])
    if first is None or last is None or first > last:
        edge = "begin" if first is None else "end"
        where = f"span {number} ({span.get('label', 'no label')}, {span['start']}–{span['end']})"
        raise ValueError(f"{where} does not {edge} with a token; use another tokenizer, or mark characters")
    return {**span, "token_start": first, "token_end": last}


def _refuse(task: Task, reason: str, *, skip: bool) -> None:
    row = row_of(task)
    if not skip:
        where = "" if row is None else f"Row {row[1]} of {row[0].uri}: "
        raise RecipeError(f"{where}{reason}")
    if row is not None:
        row[0].decide(row[1], "invalid", reason)
    else:
        log.warning("A task was left out: %s", reason)
