"""`prodigy.models.ner`: an entity recogniser that suggests, and learns from what is accepted or rejected."""

import copy
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from tallymark.compat.prodigy.components.preprocess import make_raw_doc, tokenize_example
from tallymark.errors import RecipeError
from tallymark.hashing import INPUT_HASH_KEY, TASK_HASH_KEY, set_hashes
from tallymark.types import Task

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

__all__ = ["EntityRecognizer", "ensure_sentencizer", "merge_spans"]

Place = tuple[int, int, str]
"""First token, token behind the last, label."""

_BATCH: Final = 32
_WIDTH: Final = 16
_DENSITY: Final = 0.0001
_LEAST: Final = 0.001
"""What is less likely is not asked about."""
_REJECTED: Final = "rejected"
_LIKELY: Final = 0.5


class EntityRecognizer:
    """Called on a stream, gives `(score, task)` for every entity that the analyses of a beam hold.

    A score is the share of the analyses, by their probability, with that entity. `label` limits what is
    suggested; labels the pipeline does not know are added to it.
    """

    def __init__(self, nlp: "Language", label: str | Iterable[str] | None = None) -> None:
        self.nlp = nlp
        self.orig_nlp = nlp
        self.ner = _component(nlp, [label] if isinstance(label, str) else list(label or []))
        self.labels = [label] if isinstance(label, str) else list(label or self.ner.labels)
        self._optimizer: Any = None

    def has_label(self, label: str) -> bool:
        """Whether it suggests entities with this label."""
        return label in self.labels

    def __call__(self, stream: Iterable[Task], batch_size: int = _BATCH) -> Iterator[tuple[float, Task]]:
        """Scored tasks, each with one entity to judge; texts without any give none."""
        for task, doc, scores in self._analysed(stream, batch_size):
            for place, score in sorted(scores.items()):
                if place[2] in self.labels and score >= _LEAST:
                    yield score, _asked(task, doc, place, score)

    def update(self, answers: Iterable[Task], drop: float = 0.0) -> float:
        """Learn from answers: what was accepted is an entity, what was rejected is none; gives the loss."""
        examples = [self._example(text, spans) for text, spans in _by_input(answers)]
        examples = [example for example in examples if example is not None]
        if not examples:
            return 0.0
        losses: dict[str, float] = {}
        with self.nlp.select_pipes(enable=_learning(self.nlp, "ner")):
            self._optimizer = self._optimizer or self.nlp.resume_training()
            self.nlp.update(examples, sgd=self._optimizer, drop=drop, losses=losses)
        return float(losses.get("ner", 0.0))

    def make_best(self, examples: Iterable[Task], batch_size: int = _BATCH) -> Iterator[Task]:
        """Each text of the examples once, with the entities that are likeliest given what was said of them.

        What was accepted is there, what was rejected is not, and what overlaps neither is as probable as not.
        """
        for task, doc, scores in self._analysed(merge_spans(examples), batch_size):
            said = {_place(doc, span): span.get("answer") for span in task["spans"]}
            accepted = [place for place, answer in said.items() if answer == "accept" and place is not None]
            rejected = {place for place, answer in said.items() if answer == "reject"}
            chosen = _compatible(accepted, scores, rejected, self.labels)
            yield _gold(task, doc, chosen)

    def _analysed(
        self, stream: Iterable[Task], batch_size: int
    ) -> Iterator[tuple[Task, "Doc", dict[Place, float]]]:
        """Each task with its document, and the entities of the beam with their scores."""
        tasks = iter(stream)
        while batch := list(itertools.islice(tasks, batch_size)):
            docs = [make_raw_doc(self.nlp, task) for task in batch]
            for name, component in self.nlp.pipeline:
                if name == "ner":
                    break
                docs = [component(doc) for doc in docs]
            beams = self.ner.beam_parse(docs, drop=0.0, beam_width=_WIDTH, beam_density=_DENSITY)
            yield from zip(batch, docs, self.ner.scored_ents(beams), strict=True)

    def _example(self, task: Task, spans: Sequence[dict[str, Any]]) -> Any:
        """What is known of a text, to learn from; None when that is nothing."""
        from spacy.training import Example

        predicted, reference = make_raw_doc(self.nlp, task), make_raw_doc(self.nlp, task)
        found = {"accept": [], "reject": []}  # type: dict[str, list[Any]]
        for span in spans:
            marked = reference.char_span(span["start"], span["end"], label=span["label"])
            if marked is not None and span.get("answer") in found:
                found[span["answer"]].append(marked)
        if not any(found.values()):
            return None
        from spacy.util import filter_spans

        reference.set_ents(filter_spans(found["accept"]), default="missing")
        reference.spans[self.ner.incorrect_spans_key] = found["reject"]
        return Example(predicted, reference)


def ensure_sentencizer(nlp: "Language") -> "Language":
    """Let a pipeline know sentences, by a rule where it does not."""
    if not {"parser", "senter", "sentencizer"} & set(nlp.pipe_names):
        nlp.add_pipe("sentencizer", first=True)
    return nlp


def merge_spans(examples: Iterable[Task]) -> list[Task]:
    """One task for each input, with the spans of all answers to it, each with its `answer`; none ignored."""
    merged = []
    for task, spans in _by_input(examples):
        dropped = (TASK_HASH_KEY, "answer", "spans")
        kept = {key: copy.deepcopy(value) for key, value in task.items() if key not in dropped}
        merged.append({**kept, "spans": spans})
    return merged


def _by_input(examples: Iterable[Task]) -> list[tuple[Task, list[dict[str, Any]]]]:
    """A task of each input, and all that was said of its spans."""
    groups: dict[int, tuple[Task, list[dict[str, Any]]]] = {}
    for example in examples:
        if example.get("answer", "accept") == "ignore":
            continue
        key = set_hashes(dict(example))[INPUT_HASH_KEY]
        _, spans = groups.setdefault(key, (example, []))
        answer = example.get("answer", "accept")
        spans += [{**span, "answer": span.get("answer", answer)} for span in example.get("spans") or []]
    return list(groups.values())


def _component(nlp: "Language", labels: list[str]) -> Any:
    """The pipeline's entity recogniser with these labels, made where it has none."""
    if "ner" not in nlp.pipe_names:
        if not labels:
            raise RecipeError("The pipeline has no entity recogniser, and no label was given to make one.")
        nlp.add_pipe("ner", config={"incorrect_spans_key": _REJECTED})
        _initialize(nlp, labels)
    ner: Any = nlp.get_pipe("ner")
    if ner.incorrect_spans_key is None:  # it can only be given when a recogniser is made, or so
        ner.cfg["incorrect_spans_key"] = ner.moves.cfg["neg_key"] = _REJECTED
    for label in labels:
        ner.add_label(label)
    return ner


def _initialize(nlp: "Language", labels: list[str]) -> None:
    """Weights for a recogniser that was just added; what else is in the pipeline stays."""
    from spacy.training import Example

    doc = nlp.make_doc(" ".join(labels))
    ner: Any = nlp.get_pipe("ner")
    for label in labels:
        ner.add_label(label)
    ner.initialize(lambda: [Example.from_dict(doc, {"entities": []})], nlp=nlp)


def _learning(nlp: "Language", name: str) -> list[str]:
    """The component and what it listens to."""
    listened = [
        pipe for pipe, component in nlp.pipeline if name in getattr(component, "listening_components", ())
    ]
    return [*listened, name]


def _asked(task: Task, doc: "Doc", place: Place, score: float) -> Task:
    made = tokenize_example(copy.deepcopy(task), doc)
    made["spans"] = [{**_span(doc, place), "score": score, "source": doc.lang_}]
    meta = made["meta"] if isinstance(made.get("meta"), dict) else {}
    made["meta"] = {**meta, "score": score}
    made["score"] = score
    return set_hashes(made, overwrite=True)


def _gold(task: Task, doc: "Doc", places: Iterable[Place]) -> Task:
    made = {**task, "spans": [_span(doc, place) for place in sorted(places)]}
    return set_hashes(tokenize_example(made, doc), overwrite=True)


def _span(doc: "Doc", place: Place) -> dict[str, Any]:
    start, end, label = place
    span = doc[start:end]
    return {
        "start": span.start_char,
        "end": span.end_char,
        "token_start": start,
        "token_end": end - 1,
        "text": span.text,
        "label": label,
    }


def _place(doc: "Doc", span: dict[str, Any]) -> Place | None:
    found = doc.char_span(span["start"], span["end"])
    return None if found is None else (found.start, found.end, span["label"])


def _compatible(
    accepted: list[Place], scores: dict[Place, float], rejected: set[Any], labels: Sequence[str]
) -> list[Place]:
    """The accepted entities, then the likely ones that overlap none chosen before, best first."""
    chosen: list[Place] = []
    likely = sorted((place for place, score in scores.items() if score >= _LIKELY), key=lambda p: -scores[p])
    for place in [*accepted, *(p for p in likely if p not in rejected and p[2] in labels)]:
        if all(place[1] <= other[0] or other[1] <= place[0] for other in chosen):
            chosen.append(place)
    return chosen
