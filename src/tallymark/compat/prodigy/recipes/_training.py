"""Training an entity recogniser with what was accepted and rejected, as older recipes call it."""

import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from tallymark.compat.prodigy.components import printers
from tallymark.compat.prodigy.components.db import connect
from tallymark.compat.prodigy.models.ner import EntityRecognizer, merge_spans
from tallymark.compat.prodigy.util import export_model_data, get_print, split_evals
from tallymark.errors import InputError
from tallymark.labels import split_string
from tallymark.pipelines import load_pipeline
from tallymark.types import Task

__all__ = ["batch_train"]


def batch_train(
    dataset: str,
    input_model: Any,
    output_model: str | Path | None = None,
    label: str | Sequence[str] | None = None,
    factor: float = 1.0,
    dropout: float = 0.2,
    n_iter: int = 10,
    batch_size: int = 32,
    eval_id: str | None = None,
    eval_split: float | None = None,
    silent: bool = False,
    **_older: Any,  # beam_width, unsegmented, no_missing: answers to single spans need none of them
) -> float:
    """Train a pipeline's recogniser with the answers of a dataset; gives the best accuracy.

    Accuracy is the share of judged spans that the pipeline marks if they were accepted, and leaves if they
    were rejected. The best weights are kept, and written to `output_model`. Raises `InputError` without
    answers.
    """
    say: Callable[..., None] = get_print(silent)
    model = EntityRecognizer(load_pipeline(input_model), label=split_string(label))
    learned, judged = _examples(dataset, eval_id, eval_split, factor)
    say(printers.trainconf(dropout, n_iter, batch_size, factor, len(learned)))
    best, weights = _accuracy(model, judged), model.ner.to_bytes()
    say(printers.ner_before({"acc": best["acc"]}))
    say(printers.ner_update_header())
    for number in range(1, n_iter + 1):
        random.shuffle(learned)
        batches = (learned[start : start + batch_size] for start in range(0, len(learned), batch_size))
        loss = sum(model.update(batch, drop=dropout) for batch in batches)
        stats = _accuracy(model, judged)
        say(printers.ner_update(number, loss, stats))
        if stats["acc"] > best["acc"]:
            best, weights = stats, model.ner.to_bytes()
    model.ner.from_bytes(weights)
    say(printers.ner_result(best))
    if output_model is not None:
        say(export_model_data(output_model, model.nlp, learned, judged))
    return float(best["acc"])


def _examples(
    dataset: str, eval_id: str | None, eval_split: float | None, factor: float
) -> tuple[list[Task], list[Task]]:
    """Answers to learn from, and others to judge by."""
    database = connect()
    merged = merge_spans(database.get_dataset_examples(dataset))
    if eval_id is not None:
        learned, judged = merged, merge_spans(database.get_dataset_examples(eval_id))
    else:
        learned, judged, _ = split_evals(merged, eval_split)
    learned = learned[: round(len(learned) * factor)]
    if not learned or not judged:
        raise InputError(
            f"Dataset {dataset!r} has {len(merged)} answered texts: {len(learned)} to learn from, "
            f"{len(judged)} to evaluate with. Annotate more, or name another set to evaluate with."
        )
    return learned, judged


def _accuracy(model: EntityRecognizer, examples: Iterable[Task]) -> dict[str, Any]:
    right = wrong = entities = 0
    for example in examples:
        found = {(ent.start_char, ent.end_char, ent.label_) for ent in model.nlp(example["text"]).ents}
        entities += len(found)
        for span in example["spans"]:
            is_marked = (span["start"], span["end"], span["label"]) in found
            if is_marked == (span["answer"] == "accept"):
                right += 1
            else:
                wrong += 1
    return {"right": right, "wrong": wrong, "ents": entities, "acc": right / max(1, right + wrong)}
