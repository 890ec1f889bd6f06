"""Recipes for named entities."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tallymark.errors import RecipeError
from tallymark.labels import get_labels, split_string
from tallymark.patterns import PatternMatcher, add_matches, load_patterns
from tallymark.pipelines import load_pipeline
from tallymark.recipe import Arg, recipe
from tallymark.stream import get_stream
from tallymark.tokens import add_tokens, without_tokens
from tallymark.types import Components, Task

__all__ = ["manual"]


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
    labels = get_labels(label) or _labels_of(nlp)
    stream = get_stream(
        source, loader=loader, rehash=True, input_key="text", is_binary=False, text_key=text_key
    )
    if patterns is not None:
        stream.apply(add_matches, matcher=PatternMatcher(nlp, load_patterns(patterns)), stream=stream)
    stream.apply(add_tokens, nlp=nlp, stream=stream, skip=True, use_chars=highlight_chars)
    components: Components = {
        "dataset": dataset,
        "view_id": "ner_manual",
        "stream": stream,
        "exclude": split_string(exclude),
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


def _labels_of(nlp: Any) -> list[str]:
    """The labels of the pipeline's entity recogniser, for want of others."""
    labels = list(nlp.pipe_labels.get("ner", [])) if hasattr(nlp, "pipe_labels") else []
    if not labels:
        raise RecipeError(
            "ner.manual has no labels.",
            "Give them with --label, such as --label PERSON,ORG or --label labels.txt.",
        )
    return labels


def _remove_tokens(examples: Iterable[Task]) -> list[Task]:
    """Spans on characters are saved by their characters alone."""
    return [without_tokens(example) for example in examples]
