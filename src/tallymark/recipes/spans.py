"""Recipes for spans that may overlap."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tallymark.errors import InputError, RecipeError
from tallymark.labels import get_labels, split_string
from tallymark.patterns import PatternMatcher, add_matches, load_patterns
from tallymark.pipelines import load_pipeline
from tallymark.recipe import Arg, recipe
from tallymark.recipes.ner import labels_of, marking
from tallymark.registry import did_you_mean
from tallymark.stream import get_stream
from tallymark.types import Components, Task

__all__ = ["manual"]


@recipe(
    "spans.manual",
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
    suggester=Arg(
        "--suggester", "-sg", help="Registered suggester; spans it would not suggest are not accepted."
    ),
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
    suggester: str | None = None,
    text_key: str | None = None,
) -> Components:
    """Mark spans in texts by hand; they may lie in and over each other.

    Texts are split into tokens, and what is marked snaps to them. With --patterns, every match is marked
    beforehand for you to correct. With --suggester, an answer with a span that the suggester of a span
    categoriser would not propose is refused, as it could not be learned.
    """
    if suggester is not None and highlight_chars:
        raise RecipeError(
            "spans.manual has both --suggester and --highlight-chars.",
            "A suggester proposes spans of tokens; leave one of the two out.",
        )
    nlp = load_pipeline(spacy_model)
    labels = get_labels(label) or labels_of(nlp, "spancat", "spans.manual")
    stream = get_stream(
        source, loader=loader, rehash=True, input_key="text", is_binary=False, text_key=text_key
    )
    if patterns is not None:
        matcher = PatternMatcher(nlp, load_patterns(patterns), allow_overlap=True)
        stream.apply(add_matches, matcher=matcher, stream=stream)
    components = marking(
        dataset,
        "spans_manual",
        stream,
        nlp=nlp,
        labels=labels,
        exclude=split_string(exclude),
        highlight_chars=highlight_chars,
    )
    if suggester is not None:
        components["validate_answer"] = _suggested(nlp, suggester)
    return components


def _suggested(nlp: Any, name: str) -> Callable[[Task], None]:
    """A check that raises `ValueError` for an accepted span that the suggester does not propose."""
    suggest = _suggester(name)

    def validate(task: Task) -> None:
        if task.get("answer") != "accept" or not task.get("spans"):
            return
        possible = {(int(start), int(end) - 1) for start, end in suggest([_doc(nlp, task)]).dataXd}
        for span in task["spans"]:
            if (span.get("token_start"), span.get("token_end")) not in possible:
                words = task["text"][span["start"] : span["end"]]
                raise ValueError(f"The suggester {name} does not propose “{words}” ({span['label']}).")

    return validate


def _doc(nlp: Any, task: Task) -> Any:
    from spacy.tokens import Doc

    words = [token["text"] for token in task["tokens"]]
    return Doc(nlp.vocab, words=words, spaces=[bool(token.get("ws", True)) for token in task["tokens"]])


def _suggester(name: str) -> Any:
    from spacy.util import registry

    known = registry.misc.get_all()
    try:
        return known[name]()
    except KeyError as error:
        hint = did_you_mean(name, known)
        raise InputError(
            f'No suggester "{name}" is registered.{hint}'
            " Register one with @spacy.registry.misc in a file that -F names."
        ) from error
    except TypeError as error:
        raise InputError(
            f'The suggester "{name}" cannot be made without arguments: {error}. Register one of your own that'
            " calls it, with @spacy.registry.misc in a file that -F names."
        ) from error
