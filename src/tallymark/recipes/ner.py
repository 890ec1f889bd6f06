"""Recipes for named entities."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tallymark.errors import RecipeError
from tallymark.labels import get_labels, split_string
from tallymark.patterns import PatternMatcher, add_matches, load_patterns
from tallymark.pipelines import load_pipeline
from tallymark.recipe import Arg, recipe
from tallymark.stream import Stream, get_stream
from tallymark.tokens import add_tokens, without_tokens
from tallymark.types import Components, Task

__all__ = ["labels_of", "manual", "marking"]


@recipe(
    "ner.manual",
    dataset=Arg(help="Dataset to save to."),
    spacy_model=Arg(help="Pipeline that splits the texts: blank:en, an installed package or a folder."),
    source=Arg(help="File of texts, or - for standard input."),
    loader=Arg("--loader", "-lo", help="Format of the source, if its extension does not say."),
    label=Arg(
        "--label", "-l", help="Labels, separated by commas, or a file of one a line.", converter=get_labels
    ),
    patterns=Arg("--patterns", "-pt", help="File of match patterns; what they find is marked beforehand."),
    exclude=Arg("--exclude", "-e", help="Datasets whose tasks are not asked again.", converter=split_string),
    highlight_chars=Arg("--highlight-chars", "-C", help="Mark single characters instead of tokens."),
    text_key=Arg("--text-key", "-tk", help="Key or column of the source that is the text, if not 'text'."),
)
def manual(
    dataset: str,
    spacy_model: Any,
    source: Any,
    loader: str | None = None,
    label: Any = None,
    patterns: Path | None = None,
    exclude: Any = None,
    highlight_chars: bool = False,
    text_key: str | None = None,
) -> Components:
    """Mark entities in texts by hand.

    Texts are split into tokens, and what is marked snaps to them. With --patterns, matches are marked
    beforehand for you to correct.
    """
    nlp = load_pipeline(spacy_model)
    labels = get_labels(label) or labels_of(nlp, "ner", "ner.manual")
    stream = get_stream(
        source, loader=loader, rehash=True, input_key="text", is_binary=False, text_key=text_key
    )
    if patterns is not None:
        stream.apply(add_matches, matcher=PatternMatcher(nlp, load_patterns(patterns)), stream=stream)
    return marking(
        dataset,
        "ner_manual",
        stream,
        nlp=nlp,
        labels=labels,
        exclude=split_string(exclude),
        highlight_chars=highlight_chars,
    )


def marking(
    dataset: str,
    view_id: str,
    stream: Stream,
    *,
    nlp: Any,
    labels: list[str],
    exclude: list[str],
    highlight_chars: bool,
) -> Components:
    """The components of a recipe in which spans are marked by hand; `stream` has no tokens yet."""
    stream.apply(
        add_tokens, nlp=nlp, stream=stream, skip=True, use_chars=highlight_chars, keep_misaligned=True
    )
    components: Components = {
        "dataset": dataset,
        "view_id": view_id,
        "stream": stream,
        "exclude": exclude,
        "config": {
            "lang": nlp.lang,
            "labels": labels,
            "exclude_by": "input",
            "ner_manual_highlight_chars": highlight_chars,
        },
    }
    if highlight_chars:
        components["before_db"] = _remove_tokens
    return components


def labels_of(nlp: Any, component: str, recipe_name: str) -> list[str]:
    """The labels of a component of the pipeline, for want of others."""
    labels = list(nlp.pipe_labels.get(component, [])) if hasattr(nlp, "pipe_labels") else []
    if not labels:
        raise RecipeError(
            f"{recipe_name} has no labels.",
            "Give them with --label, such as --label PERSON,ORG or --label labels.txt.",
        )
    return labels


def _remove_tokens(examples: Iterable[Task]) -> list[Task]:
    """Spans on characters are saved by their characters alone."""
    return [without_tokens(example) for example in examples]
