"""`prodigy.recipes.rel`."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tallymark.compat.prodigy.components.preprocess import make_raw_doc
from tallymark.labels import get_labels, split_string
from tallymark.patterns import PatternMatcher, add_matches, load_patterns
from tallymark.pipelines import load_pipeline
from tallymark.stream import costly, get_stream, rowwise
from tallymark.tokens import add_tokens
from tallymark.types import Components, Task

__all__ = ["manual"]


def manual(
    dataset: str,
    spacy_model: Any,
    source: Any,
    loader: str | None = None,
    label: str | Sequence[str] | None = None,
    span_label: str | Sequence[str] | None = None,
    exclude: Sequence[str] | None = None,
    patterns: str | Path | None = None,
    disable_patterns: str | Path | None = None,
    add_ents: bool = False,
    add_nps: bool = False,
    wrap: bool = False,
    hide_arrow_heads: bool = False,
) -> Components:
    """Mark relations between tokens or spans by hand.

    Spans are those of the source, of `patterns`, entities (`add_ents`) and noun phrases (`add_nps`). What
    `disable_patterns` match cannot be chosen.
    """
    nlp = load_pipeline(spacy_model)
    stream = get_stream(source, loader=loader, rehash=True, dedup=True, input_key="text")
    if patterns is not None:
        stream.apply(add_matches, matcher=PatternMatcher(nlp, load_patterns(patterns)), stream=stream)
    stream.apply(add_tokens, nlp=nlp, stream=stream, skip=True)
    if add_ents or add_nps:
        stream.apply(_with_spans, nlp=nlp, ents=add_ents, phrases=add_nps)
    if disable_patterns is not None:
        matcher = PatternMatcher(nlp, load_patterns(disable_patterns), allow_overlap=True)
        stream.apply(_disabled, matcher=matcher)
    return {
        "dataset": dataset,
        "view_id": "relations",
        "stream": stream,
        "exclude": split_string(exclude),
        "config": {
            "lang": nlp.lang,
            "labels": get_labels(label),
            "relations_span_labels": get_labels(span_label),
            "wrap_relations": wrap,
            "hide_relations_arrow": hide_arrow_heads,
            "exclude_by": "input",
        },
    }


@costly
@rowwise
def _with_spans(tasks: Iterable[Task], nlp: Any, ents: bool, phrases: bool) -> Iterator[Task]:
    """The tasks with what the pipeline finds as spans, where it meets none that is there."""
    for task in tasks:
        doc = nlp(make_raw_doc(nlp, task))
        found = [*(doc.ents if ents else ()), *(doc.noun_chunks if phrases else ())]
        spans = list(task.get("spans") or [])
        for span in found:
            if all(span.end <= s.get("token_start", 0) or s.get("token_end", -1) < span.start for s in spans):
                spans.append(_span(span))
        task["spans"] = spans
        yield task


def _span(span: Any) -> dict[str, Any]:
    place = {"start": span.start_char, "end": span.end_char, "text": span.text}
    return {**place, "token_start": span.start, "token_end": span.end - 1, "label": span.label_ or None}


@costly
@rowwise
def _disabled(tasks: Iterable[Task], matcher: PatternMatcher) -> Iterator[Task]:
    """The tasks with matched tokens disabled."""
    for task in tasks:
        matches = matcher.matches(task["text"])
        for token in task["tokens"]:
            if any(match["start"] <= token["start"] and token["end"] <= match["end"] for match in matches):
                token["disabled"] = True
        yield task
