"""`prodigy.models.textcat`: a text classifier that suggests, and learns from what is accepted or rejected."""

import copy
import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from tallymark.errors import RecipeError
from tallymark.hashing import set_hashes
from tallymark.types import Task

if TYPE_CHECKING:
    from spacy.language import Language

__all__ = ["TextClassifier"]

_BATCH: Final = 32
_NAMES: Final = ("textcat_multilabel", "textcat")


class TextClassifier:
    """Called on a stream, gives `(score, task)` for every text and label; the score is the label's.

    Without `pipe_name` the pipeline's own classifier is used, or one added to it.
    """

    def __init__(
        self,
        nlp: "Language",
        label: str | Iterable[str] | None = None,
        pipe_name: str | None = None,
        **_older: Any,  # long_text, low_data: what texts are like is left to the pipeline
    ) -> None:
        wanted = [label] if isinstance(label, str) else list(label or [])
        self.nlp = nlp
        self.pipe_name = pipe_name or next((name for name in _NAMES if name in nlp.pipe_names), _NAMES[0])
        self.textcat = _component(nlp, self.pipe_name, wanted)
        self.labels = wanted or list(self.textcat.labels)
        self._optimizer: Any = None

    def has_label(self, label: str) -> bool:
        """Whether it suggests this label."""
        return label in self.labels

    def __call__(self, stream: Iterable[Task], batch_size: int = _BATCH) -> Iterator[tuple[float, Task]]:
        """Scored tasks, each a text with a label to judge."""
        tasks = iter(stream)
        while batch := list(itertools.islice(tasks, batch_size)):
            docs = self.nlp.pipe((task["text"] for task in batch), batch_size=batch_size)
            for task, doc in zip(batch, docs, strict=True):
                for label in self.labels:
                    yield doc.cats[label], _asked(task, label, doc.cats[label])

    def update(self, answers: Iterable[Task], drop: float = 0.0) -> float:
        """Learn from answers: what was accepted applies, what was rejected does not; gives the loss."""
        from spacy.training import Example

        examples = []
        for answer in answers:
            cats = self._cats(answer)
            if cats:
                examples.append(Example.from_dict(self.nlp.make_doc(answer["text"]), {"cats": cats}))
        if not examples:
            return 0.0
        losses: dict[str, float] = {}
        listened = [
            name
            for name, component in self.nlp.pipeline
            if self.pipe_name in getattr(component, "listening_components", ())
        ]
        with self.nlp.select_pipes(enable=[*listened, self.pipe_name]):
            self._optimizer = self._optimizer or self.nlp.resume_training()
            self.nlp.update(examples, sgd=self._optimizer, drop=drop, losses=losses)
        return float(losses.get(self.pipe_name, 0.0))

    def _cats(self, answer: Task) -> dict[Any, float]:
        """What an answer says of labels; of the others nothing is known, unless only one can apply."""
        label, said = answer.get("label"), answer.get("answer")
        if label not in self.textcat.labels or said not in ("accept", "reject"):
            return {}
        others = [o for o in self.textcat.labels if o != label] if self.pipe_name == "textcat" else []
        if said == "accept":
            return {**dict.fromkeys(others, 0.0), label: 1.0}
        return {label: 0.0, others[0]: 1.0} if len(others) == 1 else {label: 0.0}


def _asked(task: Task, label: str, score: float) -> Task:
    made = copy.deepcopy(task)
    meta = made["meta"] if isinstance(made.get("meta"), dict) else {}
    made |= {"label": label, "score": score, "meta": {**meta, "score": score}}
    return set_hashes(made, overwrite=True)


def _component(nlp: "Language", name: str, labels: list[str]) -> Any:
    """The pipeline's classifier, made where it has none. Errors: `RecipeError` for unknown labels."""
    if name not in nlp.pipe_names:
        if not labels:
            raise RecipeError(f'The pipeline has no "{name}", and no label was given to make one.')
        added: Any = nlp.add_pipe(name)
        _initialize(nlp, added, labels)
    textcat: Any = nlp.get_pipe(name)
    unknown = [label for label in labels if label not in textcat.labels]
    if unknown:
        raise RecipeError(
            f'The classifier "{name}" of the pipeline does not know {", ".join(unknown)}.',
            f"It knows {', '.join(textcat.labels) or 'no label'}; take a pipeline without it to begin anew.",
        )
    return textcat


def _initialize(nlp: "Language", component: Any, labels: list[str]) -> None:
    from spacy.training import Example

    cats = dict.fromkeys(labels, 0.0) | {labels[0]: 1.0}
    example = Example.from_dict(nlp.make_doc("text"), {"cats": cats})
    component.initialize(lambda: [example], nlp=nlp, labels=labels)
