"""`prodigy.components.filters`: leave tasks out of a stream."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from tallymark.hashing import INPUT_HASH_KEY, TASK_HASH_KEY, set_hashes
from tallymark.stream import rowwise
from tallymark.types import Task

__all__ = ["filter_duplicates", "filter_empty", "filter_inputs", "filter_seen_before", "filter_tasks"]


@rowwise
def filter_duplicates(stream: Iterable[Task], by_input: bool = False, by_task: bool = True) -> Iterator[Task]:
    """Each task once: by what is shown, by what is asked, or, with neither, all of them."""
    inputs: set[int] = set()
    tasks: set[int] = set()
    for task in stream:
        shown, asked = _hashes(task)
        if (by_input and shown in inputs) or (by_task and asked in tasks):
            continue
        inputs.add(shown)
        tasks.add(asked)
        yield task


@rowwise
def filter_tasks(stream: Iterable[Task], task_ids: Iterable[int]) -> Iterator[Task]:
    """Without the tasks that have one of these task hashes."""
    known = set(task_ids)
    for task in stream:
        if _hashes(task)[1] not in known:
            yield task


@rowwise
def filter_inputs(stream: Iterable[Task], input_ids: Iterable[int]) -> Iterator[Task]:
    """Without the tasks that have one of these input hashes."""
    known = set(input_ids)
    for task in stream:
        if _hashes(task)[0] not in known:
            yield task


@rowwise
def filter_empty(stream: Iterable[Task], key: str = "text", skip: bool = True) -> Iterator[Task]:
    """Without tasks that have nothing under a key; without `skip`, such a task is a ValueError."""
    for task in stream:
        if task.get(key):
            yield task
        elif not skip:
            raise ValueError(f'A task has no "{key}".')


@rowwise
def filter_seen_before(
    stream: Iterable[Task], cache: Iterable[Any] = (), cache_stream: Iterable[Any] = ()
) -> Iterator[Task]:
    """Without tasks whose input was seen before: in a set of input hashes, or a stream or list of tasks."""
    seen = {item if isinstance(item, int) else _hashes(item)[0] for item in chain(cache, cache_stream)}
    for task in stream:
        if _hashes(task)[0] not in seen:
            yield task


def _hashes(task: Task) -> tuple[int, int]:
    set_hashes(task)
    return task[INPUT_HASH_KEY], task[TASK_HASH_KEY]
