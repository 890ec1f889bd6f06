"""Whatever a file holds and whatever a recipe does: each row read is a task's row or has one fate."""

import csv
import io
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tallymark.hashing import ROW_KEY
from tallymark.loaders import open_source
from tallymark.stream import Stream, collect_sources, follow, get_stream, rowwise
from tallymark.types import Task

LINES = st.lists(
    st.sampled_from(
        ["", "  ", "[]", "{", '{"text": "a"}', '{"text": "b", "n": 2}', '{"text": ""}', '{"html": "c"}']
    ),
    max_size=12,
)
CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


def times(counts: list[int], stream: Iterable[Task]) -> Iterator[Task]:
    """Drop, keep or multiply tasks, by turns."""
    for number, task in enumerate(stream):
        for _ in range(counts[number % len(counts)]):
            yield dict(task)


def losing(stream: Iterable[Task]) -> Iterator[Task]:
    """Make new dicts, so that rows have to be found again."""
    for task in stream:
        yield {"text": task.get("text", "none")}


def batched(stream: Iterable[Task]) -> Iterator[Task]:
    """Read ahead and turn the order around."""
    yield from reversed(list(stream))


STEPS = st.lists(st.sampled_from(["times", "rowwise", "losing", "batched", "generator"]), max_size=3)


def applied(path: Path, steps: list[str], counts: list[int]) -> Iterable[Task]:
    stream: Iterable[Task] = get_stream(path, input_key="text")
    functions = {"times": lambda s: times(counts, s), "losing": losing, "batched": batched}
    for step in steps:
        if step == "generator":
            stream = (task for task in stream)
        elif step == "rowwise" and isinstance(stream, Stream):
            stream.apply(rowwise(lambda tasks: times(counts, tasks)))
        elif isinstance(stream, Stream):
            stream.apply(functions.get(step, losing))
        else:
            stream = functions.get(step, losing)(stream)
    return stream


@given(LINES, STEPS, st.lists(st.integers(0, 2), min_size=1, max_size=3))
def test_every_row_has_one_fate(lines: list[str], steps: list[str], counts: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        path.write_text("\n".join(lines))
        with collect_sources("mine") as opened:
            components = applied(path, steps, counts)
        stream = follow(components, opened=opened)
        linked: set[int] = set()
        marks = [0]
        for task in stream:
            link = stream.provenance(task)
            assert link is not None
            linked.add(link[1])
            assert link[0].uri == str(path)
            marks.append(link[0].mark)
            if stream.rowwise:
                assert link[0].mark == link[1] - 1
    rows = sum(bool(line.strip()) for line in lines)
    fates = Counter(fate.ordinal for source in opened for fate in source.drain_fates())
    assert marks == sorted(marks)
    if stream.sources:
        assert Counter(linked) + fates == Counter(range(1, rows + 1))
        assert [(source.mark, source.known_rows) for source in stream.sources] == [(rows, rows)]
    else:
        assert not linked


@given(st.lists(st.tuples(CELLS, CELLS), max_size=6), st.sampled_from(["\n", "\r\n"]), st.integers(0, 6))
def test_csv_is_read_as_it_was_written_and_from_any_row(
    records: list[tuple[str, str]], end: str, after: int
) -> None:
    target = io.StringIO()
    writer = csv.writer(target, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("text", "x"), *records])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(target.getvalue().encode())
        source = open_source(path)
        assert [(task["text"], task["x"]) for task in source.tasks()] == records
        after = min(after, len(records))
        position = source.position_of(after) if after else None
        again = open_source(path)
        assert again.seek(after, json.loads(json.dumps(position)))
        rest = [(task[ROW_KEY][1], task["text"], task["x"]) for task in again.tasks()]
        assert rest == [(n, *record) for n, record in enumerate(records, start=1)][after:]
        assert source.drain_fates() == again.drain_fates() == []
