"""Recipes for relations."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tallymark.errors import RecipeError
from tallymark.labels import get_labels, split_string
from tallymark.patterns import PatternMatcher, add_matches, load_patterns
from tallymark.pipelines import load_pipeline
from tallymark.recipe import Arg, recipe
from tallymark.stream import Stream, costly, get_stream, rowwise
from tallymark.tokens import add_tokens
from tallymark.types import Components, Task

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span

__all__ = ["manual"]

_LABEL: Final = "label"
"""The attribute `_.label` of a token in patterns: the label of the span that it is in."""


@recipe(
    "rel.manual",
    dataset=Arg(help="Dataset to save to."),
    spacy_model=Arg(help="Pipeline that splits the texts: blank:en, an installed package or a folder."),
    source=Arg(help="File of texts, or - for standard input."),
    loader=Arg("--loader", "-lo", help="Format of the source, if its extension does not say."),
    label=Arg(
        "--label",
        "-l",
        help="Labels of relations, separated by commas, or a file of one a line.",
        converter=get_labels,
    ),
    span_label=Arg(
        "--span-label",
        "-sl",
        help="Labels of spans, if spans are to be marked, too; separated by commas, or a file of one a line.",
        converter=get_labels,
    ),
    exclude=Arg("--exclude", "-e", help="Datasets whose tasks are not asked again.", converter=split_string),
    patterns=Arg("--patterns", "-pt", help="File of match patterns; what they find is a span beforehand."),
    disable_patterns=Arg(
        "--disable-patterns", "-dpt", help="File of match patterns; words that they find cannot be picked."
    ),
    add_ents=Arg("--add-ents", "-AE", help="Entities that the pipeline finds are spans beforehand."),
    add_nps=Arg("--add-nps", "-AN", help="Noun phrases that the pipeline finds are spans beforehand."),
    wrap=Arg("--wrap", "-W", help="Show the text in several lines rather than in one that scrolls."),
    hide_arrow_heads=Arg("--hide-arrow-heads", "-HA", help="Draw relations without arrow heads."),
    text_key=Arg("--text-key", "-tk", help="Key or column of the source that is the text, if not 'text'."),
)
def manual(
    dataset: str,
    spacy_model: Any,
    source: Any,
    loader: str | None = None,
    label: Any = None,
    span_label: Any = None,
    exclude: Any = None,
    patterns: Path | None = None,
    disable_patterns: Path | None = None,
    add_ents: bool = False,
    add_nps: bool = False,
    wrap: bool = False,
    hide_arrow_heads: bool = False,
    text_key: str | None = None,
) -> Components:
    """Draw relations between words or spans by hand, and mark the spans on the same screen.

    Texts are split into tokens. Spans are those of the source and of --patterns, and with --add-ents and
    --add-nps what the pipeline finds where none is. With --span-label you mark and change them, too.
    """
    nlp = load_pipeline(spacy_model)
    labels, span_labels = get_labels(label), get_labels(span_label)
    if not labels and not span_labels:
        raise RecipeError(
            "rel.manual has no labels.",
            "Give those of relations with --label, such as --label WORKS_AT,LIVES_IN or --label labels.txt.",
        )
    _check_parts(nlp, ents=add_ents, phrases=add_nps)
    stream = get_stream(
        source, loader=loader, rehash=True, input_key="text", is_binary=False, text_key=text_key
    )
    if patterns is not None:
        stream.apply(add_matches, matcher=PatternMatcher(nlp, load_patterns(patterns)), stream=stream)
    _prepare(stream, nlp, ents=add_ents, phrases=add_nps, disabling=disable_patterns)
    return {
        "dataset": dataset,
        "view_id": "relations",
        "stream": stream,
        "exclude": split_string(exclude),
        "config": {
            "lang": nlp.lang,
            "labels": labels,
            "relations_span_labels": span_labels,
            "wrap_relations": wrap,
            "hide_relations_arrow": hide_arrow_heads,
            "exclude_by": "input",
        },
    }


def _prepare(stream: Stream, nlp: "Language", *, ents: bool, phrases: bool, disabling: Path | None) -> None:
    """Tokens, then what the pipeline finds, then which of the tokens cannot be picked."""
    stream.apply(add_tokens, nlp=nlp, stream=stream, skip=True, keep_misaligned=True)
    stream.apply(_with_spans, nlp=nlp, ents=ents, phrases=phrases)
    if disabling is not None:
        matcher = PatternMatcher(nlp, load_patterns(disabling, labelled=False), allow_overlap=True)
        stream.apply(_disabled, nlp=nlp, matcher=matcher)


def _check_parts(nlp: "Language", *, ents: bool, phrases: bool) -> None:
    """Raise `RecipeError` where the pipeline cannot find what was asked for."""
    found = {name for pipe in nlp.pipe_names for name in nlp.get_pipe_meta(pipe).assigns}
    if ents and "doc.ents" not in found:
        raise RecipeError(
            "rel.manual cannot add entities: the pipeline has no component that finds them.",
            "Name a trained pipeline instead, such as en_core_web_sm, or leave --add-ents out.",
        )
    if phrases and ("token.dep" not in found or nlp.vocab.get_noun_chunks is None):
        raise RecipeError(
            f"rel.manual cannot add noun phrases: the pipeline ({nlp.lang}) has no parser that finds them.",
            "Name a trained pipeline with a parser instead, such as en_core_web_sm, or leave --add-nps out.",
        )


@costly
@rowwise
def _with_spans(tasks: Iterable[Task], nlp: "Language", ents: bool, phrases: bool) -> Iterator[Task]:
    """The tasks with what the pipeline finds as spans, where it meets none that is there."""
    for task in tasks:
        spans = [_named(span, task["text"]) for span in task.get("spans") or []]
        for found in _found(nlp, task, ents=ents, phrases=phrases):
            if all(span["end"] <= found.start_char or found.end_char <= span["start"] for span in spans):
                spans.append(_span(found))
        task["spans"] = spans
        yield task


def _found(nlp: "Language", task: Task, *, ents: bool, phrases: bool) -> list["Span"]:
    if not ents and not phrases:
        return []
    doc = nlp(_doc(nlp, task))
    return [*(doc.ents if ents else ()), *(doc.noun_chunks if phrases else ())]


def _named(span: dict[str, Any], text: str) -> dict[str, Any]:
    """A span as those of relations are kept: with its text, and that it is one."""
    return {"text": text[span["start"] : span["end"]], **span, "type": "span"}


def _span(span: "Span") -> dict[str, Any]:
    place = {"token_start": span.start, "token_end": span.end - 1}
    start, end = span.start_char, span.end_char
    return {
        "text": span.text,
        "start": start,
        **place,
        "end": end,
        "type": "span",
        "label": span.label_,
    }


@costly
@rowwise
def _disabled(tasks: Iterable[Task], nlp: "Language", matcher: PatternMatcher) -> Iterator[Task]:
    """The tasks with every token told whether it can be picked; those that are matched cannot."""
    from spacy.tokens import Token

    Token.set_extension(_LABEL, default="", force=True)
    for task in tasks:
        doc = _doc(nlp, task)
        for span in task["spans"]:
            for token in doc[span.get("token_start", 0) : span.get("token_end", -1) + 1]:
                token._.set(_LABEL, span["label"])
        matched = {place for start, end in matcher.places(doc) for place in range(start, end)}
        for place, token in enumerate(task["tokens"]):
            token["disabled"] = place in matched or bool(token.get("disabled"))
        yield task


def _doc(nlp: "Language", task: Task) -> "Doc":
    """The text of a task as a document with the task's own tokens."""
    from spacy.tokens import Doc

    words = [task["text"][token["start"] : token["end"]] for token in task["tokens"]]
    return Doc(nlp.vocab, words=words, spaces=[bool(token.get("ws", True)) for token in task["tokens"]])
