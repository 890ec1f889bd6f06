"""`dataset:NAME` and `dataset:NAME:accept`: what was answered in one dataset, asked about in another."""

from collections.abc import Iterator

from tallymark.errors import SourceError
from tallymark.hashing import INPUT_HASH_KEY, TASK_HASH_KEY
from tallymark.names import listed
from tallymark.source import Row, Source, Start, current_datasets
from tallymark.types import DECISIONS, Datasets, Decision, Task

__all__ = ["dataset_of", "open_dataset"]

PREFIX = "dataset:"
_HASHES = (INPUT_HASH_KEY, TASK_HASH_KEY)


def open_dataset(source: str) -> Source:
    """The counted, current answers of a dataset as of the first row, in the order they were stored.

    Each is a task again: without `answer`, `flagged` and keys that begin with `_`, except the hashes. A
    dataset with another number of answers is a new version of the source; reading always begins at the top.
    Raises `SourceError` when there is no such dataset.
    """
    datasets = current_datasets()
    if datasets is None:
        raise SourceError(f"{source}: no database is open here. Export it with db-out and give the file.")
    name, decision = _parts(source, datasets)
    if name not in datasets:
        raise SourceError(f"{source}: there is no dataset {name!r}. There are: {listed(datasets.names())}.")

    def rows(_start: Start | None) -> Iterator[Row]:
        for ordinal, answer in enumerate(datasets.answers(name, decision=decision), start=1):
            yield Row(ordinal, _task(answer))

    return Source(source, rows, facts={"answers": datasets.count(name)})


def dataset_of(source: Source) -> str | None:
    """The dataset that a source of `open_dataset` reads; None for any other source."""
    if not source.uri.startswith(PREFIX):  # and the database is left closed
        return None
    datasets = current_datasets()
    return None if datasets is None else _parts(source.uri, datasets)[0]


def _parts(source: str, datasets: Datasets) -> tuple[str, Decision | None]:
    given = source.removeprefix(PREFIX)
    name, _, decision = given.rpartition(":")
    if not name or given in datasets:
        return given, None
    if decision not in DECISIONS:
        raise SourceError(f'{source}: "{decision}" is no answer. Answers are {", ".join(DECISIONS)}.')
    return name, decision


def _task(answer: Task) -> Task:
    """An answered record as a task to be asked again."""
    return {
        key: value
        for key, value in answer.items()
        if key in _HASHES or (key not in ("answer", "flagged") and not key.startswith("_"))
    }
