"""`prodigy.recipes.ner`."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from tallymark.compat.prodigy.components.preprocess import add_tokens, split_sentences
from tallymark.compat.prodigy.recipes._training import batch_train
from tallymark.recipes.ner import manual
from tallymark.stream import Stream, get_stream
from tallymark.tokens import without_tokens
from tallymark.types import Task

if TYPE_CHECKING:
    from spacy.language import Language

__all__ = ["batch_train", "get_labels_from_ner", "manual", "preprocess_stream", "remove_tokens"]


def get_labels_from_ner(nlp: "Language", component: str = "ner") -> list[str]:
    """The labels of a pipeline's entity recogniser."""
    return list(nlp.pipe_labels.get(component, []))


def remove_tokens(answers: Iterable[Task]) -> list[Task]:
    """The answers without tokens, in place."""
    return [without_tokens(answer) for answer in answers]


def preprocess_stream(
    stream: Iterable[Task], nlp: "Language", *, labels: Sequence[str] | None = None, unsegmented: bool = True
) -> Stream:
    """A stream with tokens, in sentences unless `unsegmented`, and with spans of these labels alone."""
    prepared = get_stream(stream, input_key="text")
    if not unsegmented:
        prepared.apply(split_sentences, nlp=nlp, stream=prepared)
    if labels is not None:
        prepared.apply(_with_labels, labels=labels)
    return prepared.apply(add_tokens, nlp=nlp, stream=prepared, skip=True)


def _with_labels(stream: Iterable[Task], labels: Sequence[str]) -> Any:
    for task in stream:
        if task.get("spans"):
            task["spans"] = [span for span in task["spans"] if span.get("label") in labels]
        yield task
