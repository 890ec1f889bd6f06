"""`prodigy.components.preprocess`: steps that change the tasks of a stream, or make others of them."""

import copy
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from tallymark.compat.prodigy.util import msg
from tallymark.errors import RecipeError
from tallymark.hashing import INPUT_HASH_KEY, TASK_HASH_KEY, set_hashes
from tallymark.loaders.fetch import fetch_images, fetch_media, fetch_task_media
from tallymark.stream import costly, rowwise
from tallymark.tokens import add_tokens
from tallymark.types import Task

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span

__all__ = [
    "add_annot_name",
    "add_answer",
    "add_label_options",
    "add_labels_to_stream",
    "add_tokens",
    "add_view_id",
    "fetch_images",
    "fetch_media",
    "fetch_task_media",
    "get_llm_task",
    "make_ner_suggestions",
    "make_raw_doc",
    "make_spancat_suggestions",
    "make_textcat_suggestions",
    "merge_entities",
    "merge_noun_chunks",
    "msg",
    "resolve_labels",
    "set_hashes",
    "split_sentences",
    "split_spans",
    "tokenize_example",
]

_BATCH: Final = 32


def tokenize_example(eg: Task, doc: "Doc") -> Task:
    """Give a task the tokens of a document, and its spans the ids of the tokens they begin and end with."""
    tokens = [
        {
            "text": token.text,
            "start": token.idx,
            "end": token.idx + len(token.text),
            "id": token.i,
            "ws": bool(token.whitespace_),
        }
        for token in doc
    ]
    starts = {token["start"]: token["id"] for token in tokens}
    ends = {token["end"]: token["id"] for token in tokens}
    for span in eg.get("spans") or []:
        if span["start"] in starts and span["end"] in ends:
            span["token_start"], span["token_end"] = starts[span["start"]], ends[span["end"]]
    eg["tokens"] = tokens
    return eg


@costly
def split_sentences(
    nlp: "Language",
    stream: Iterable[Task],
    text_key: str = "text",
    batch_size: int = _BATCH,
    min_length: int | bool | None = None,
) -> Iterator[Task]:
    """A task for each sentence; texts of up to `min_length` characters stay whole.

    Spans go with the sentence they lie in. A pipeline without sentences gets a rule that finds them by
    punctuation.
    """
    splitter = _with_sentences(nlp)
    for batch in _batches(stream, batch_size):
        for task, doc in zip(batch, splitter.pipe(task[text_key] for task in batch), strict=True):
            if min_length and len(task[text_key]) <= min_length:
                yield task
            else:
                yield from (_sentence(task, sentence, text_key) for sentence in doc.sents)


def _with_sentences(nlp: "Language") -> "Language":
    """The pipeline, or one of its language that knows sentences where it knows none."""
    if any("token.is_sent_start" in nlp.get_pipe_meta(name).assigns for name in nlp.pipe_names):
        return nlp
    import spacy

    splitter = spacy.blank(str(nlp.lang))
    splitter.max_length = nlp.max_length
    splitter.add_pipe("sentencizer")
    return splitter


def _sentence(task: Task, sentence: "Span", text_key: str) -> Task:
    dropped = (INPUT_HASH_KEY, TASK_HASH_KEY, "tokens", "spans")
    start, end = sentence.start_char, sentence.end_char
    made = copy.deepcopy({key: value for key, value in task.items() if key not in dropped})
    made[text_key] = sentence.text
    if task.get("spans") is not None:
        made["spans"] = [
            _moved(span, start) for span in task["spans"] if start <= span["start"] and span["end"] <= end
        ]
    return set_hashes(made, overwrite=True)


def _moved(span: Task, start: int) -> Task:
    kept = {key: value for key, value in span.items() if key not in ("token_start", "token_end")}
    return {**kept, "start": span["start"] - start, "end": span["end"] - start}


@rowwise
def split_spans(stream: Iterable[Task], labels: Sequence[str] | None = None) -> Iterator[Task]:
    """A task for each span, of these labels or of any; a task without spans stays as it is."""
    for task in stream:
        spans = [span for span in task.get("spans") or [] if labels is None or span.get("label") in labels]
        for span in spans:
            yield set_hashes({**copy.deepcopy(task), "spans": [dict(span)]}, overwrite=True)
        if not task.get("spans"):
            yield task


@rowwise
def add_label_options(stream: Iterable[Task], labels: Sequence[str]) -> Iterator[Task]:
    """Offer the labels as options."""
    for task in stream:
        task["options"] = [{"id": label, "text": label} for label in labels]
        yield task


@rowwise
def add_labels_to_stream(stream: Iterable[Task], labels: Sequence[str]) -> Iterator[Task]:
    """A task for each label, which is asked about; hashed anew, as it is another question."""
    for task in stream:
        for label in labels:
            yield set_hashes({**copy.deepcopy(task), "label": label}, overwrite=True)


@rowwise
def add_view_id(stream: Iterable[Task], view_id: str) -> Iterator[Task]:
    """Write to each task with which interface it is shown."""
    for task in stream:
        task["_view_id"] = view_id
        yield task


@rowwise
def add_annot_name(stream: Iterable[Task], name: str) -> Iterator[Task]:
    """Write to each task who annotated it."""
    for task in stream:
        task["_annotator_id"] = task["_session_id"] = name
        yield task


@rowwise
def add_answer(stream: Iterable[Task], answer: str = "accept") -> Iterator[Task]:
    """Write an answer to tasks that have none."""
    for task in stream:
        task.setdefault("answer", answer)
        yield task


def resolve_labels(nlp: "Language", component: str, recipe_labels: Sequence[str] | None = None) -> list[str]:
    """The labels given to a recipe, else those of a component. Errors: `RecipeError` for none."""
    labels = list(recipe_labels or nlp.pipe_labels.get(component, []))
    if not labels:
        raise RecipeError(
            f'There are no labels: none were given, and the pipeline has none in "{component}".',
            "Give them with the recipe's option for labels.",
        )
    return labels


def make_raw_doc(nlp: "Language", eg: Task) -> "Doc":
    """The document of a task: with its tokens where it has some, else as the pipeline splits it."""
    from spacy.tokens import Doc

    tokens = eg.get("tokens")
    if not tokens:
        return nlp.make_doc(eg["text"])
    return Doc(nlp.vocab, words=[t["text"] for t in tokens], spaces=[bool(t.get("ws", True)) for t in tokens])


@costly
def make_ner_suggestions(
    stream: Iterable[Task],
    nlp: "Language",
    component: str = "ner",  # noqa: ARG001 (entities of a document are those of all components)
    labels: Sequence[str] | None = None,
    batch_size: int | None = None,
    show_progress_bar: bool = False,  # noqa: ARG001
    progress_bar_total: int | None = None,  # noqa: ARG001
) -> Iterator[Task]:
    """Mark the entities a pipeline finds as `spans`."""
    for task, doc in _documents(stream, nlp, batch_size):
        task["spans"] = [_span_of(ent) for ent in doc.ents if not labels or ent.label_ in labels]
        yield _suggested(task, doc)


@costly
def make_spancat_suggestions(
    stream: Iterable[Task],
    nlp: "Language",
    component: str = "spancat",
    labels: Sequence[str] | None = None,
    batch_size: int | None = None,
    show_progress_bar: bool = False,  # noqa: ARG001
    progress_bar_total: int | None = None,  # noqa: ARG001
) -> Iterator[Task]:
    """Mark the spans a component finds as `spans`; they may overlap."""
    key = getattr(nlp.get_pipe(component), "key", "sc")
    for task, doc in _documents(stream, nlp, batch_size):
        found = doc.spans.get(key, [])
        task["spans"] = [_span_of(span) for span in found if not labels or span.label_ in labels]
        yield _suggested(task, doc)


@costly
def make_textcat_suggestions(
    stream: Iterable[Task],
    nlp: "Language",
    component: str = "textcat",  # noqa: ARG001 (categories of a document are those of all components)
    labels: Sequence[str] | None = None,
    threshold: float = 0.5,
    batch_size: int | None = None,
    show_progress_bar: bool = False,  # noqa: ARG001
    progress_bar_total: int | None = None,  # noqa: ARG001
) -> Iterator[Task]:
    """Offer the labels as options, with their scores, and select those of at least `threshold`."""
    for task, doc in _documents(stream, nlp, batch_size):
        scores = {label: score for label, score in doc.cats.items() if not labels or label in labels}
        task["options"] = [
            {"id": label, "text": label, "meta": f"{score:.2f}"} for label, score in scores.items()
        ]
        task["accept"] = [label for label, score in scores.items() if score >= threshold]
        yield _suggested(task, doc)


def get_llm_task(nlp: "Language", component: str = "llm") -> Any:
    """The task of a component of spacy-llm. Errors: `RecipeError` for any other component."""
    pipe = nlp.get_pipe(component)
    if not hasattr(pipe, "_task"):
        raise RecipeError(f'The component "{component}" is {type(pipe).__name__}, none of spacy-llm.')
    return pipe._task


def merge_entities(doc: "Doc") -> "Doc":
    """Make each entity one token."""
    from spacy.pipeline.functions import merge_entities as merge

    merged: Doc = merge(doc)
    return merged


def merge_noun_chunks(doc: "Doc") -> "Doc":
    """Make each noun phrase one token."""
    from spacy.pipeline.functions import merge_noun_chunks as merge

    merged: Doc = merge(doc)
    return merged


def _documents(
    stream: Iterable[Task], nlp: "Language", batch_size: int | None
) -> Iterator[tuple[Task, "Doc"]]:
    """Copies of the tasks with what the pipeline makes of their texts; their tokens are kept to."""
    size = batch_size or _BATCH
    for batch in _batches(stream, size):
        docs = nlp.pipe((make_raw_doc(nlp, task) for task in batch), batch_size=size)
        yield from zip((copy.deepcopy(task) for task in batch), docs, strict=True)


def _suggested(task: Task, doc: "Doc") -> Task:
    if "llm_io" in doc.user_data:
        task["llm"] = next(iter(doc.user_data["llm_io"].values()), {})
    return set_hashes(task)


def _span_of(span: "Span") -> dict[str, Any]:
    return {
        "token_start": span.start,
        "token_end": span.end - 1,
        "start": span.start_char,
        "end": span.end_char,
        "text": span.text,
        "label": span.label_,
    }


def _batches(stream: Iterable[Task], size: int) -> Iterator[list[Task]]:
    tasks = iter(stream)
    while batch := list(itertools.islice(tasks, size)):
        yield batch
