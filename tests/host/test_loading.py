"""Sources of every kind, through a host: what a restart reads again, and what is said about it."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.host.conftest import Desk

from tallymark.source import with_datasets
from tallymark.store.reading import StoredDatasets
from tallymark.stream import get_stream
from tallymark.types import Task

WIDE = "x" * 300
Write = Callable[[Path, list[Task]], Any]


def rows(count: int, start: int = 0) -> list[Task]:
    return [{"text": f"row {n} {WIDE}"} for n in range(start, start + count)]


def as_lines(path: Path, tasks: list[Task]) -> None:
    path.write_text("".join(json.dumps(task) + "\n" for task in tasks))


def as_gzip(path: Path, tasks: list[Task]) -> None:
    path.write_bytes(gzip.compress("".join(json.dumps(task) + "\n" for task in tasks).encode()))


def as_array(path: Path, tasks: list[Task]) -> None:
    path.write_text(json.dumps(tasks))


def as_parquet(path: Path, tasks: list[Task]) -> None:
    pq.write_table(pa.Table.from_pylist(tasks), path, row_group_size=100)


FORMATS = [("a.jsonl", as_lines), ("a.jsonl.gz", as_gzip), ("a.json", as_array), ("a.parquet", as_parquet)]


@pytest.mark.parametrize(("name", "write"), FORMATS)
def test_a_restart_of_an_unchanged_a_grown_and_an_edited_file(
    desk: Desk, tmp_path: Path, name: str, write: Write
) -> None:
    path = tmp_path / name

    def run() -> list[str]:
        host = desk.start(lambda: {"stream": get_stream(str(path))})
        host.heard("Read through")
        assert host.stop() == 0
        return host.said

    write(path, rows(600))
    assert any("600 rows: 600 made into tasks" in line for line in run())
    said = run()
    assert any("going on after row 600" in line for line in said)
    assert any("0 new tasks" in line for line in said)
    write(path, rows(650))
    said = run()
    assert any("50 new tasks" in line for line in said)
    assert any("has grown" in line for line in said)
    assert any("going on after row 600" in line for line in said)
    write(path, [*rows(300), {"text": f"inserted {WIDE}"}, *rows(400, 300)])  # in the middle of a row group
    said = run()
    assert any("has changed" in line for line in said)
    assert any("51 made into tasks, 650 queued before. 51 new tasks" in line for line in said)
    assert desk.audit()["balances"]["tasks"]["queued"] == 701


def test_a_folder_is_read_file_by_file_and_a_new_file_is_found(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    as_lines(folder / "b.jsonl", rows(30))
    as_gzip(folder / "a.jsonl.gz", rows(20, 20))
    host = desk.start(lambda: {"stream": get_stream(folder)})
    assert "50 rows: 40 made into tasks, 10 duplicates. 40 new tasks." in host.heard("Read through")
    host.stop()
    as_lines(folder / "0.jsonl", rows(5, 100))
    again = desk.start(lambda: {"stream": get_stream(folder)})
    again.heard("b.jsonl: going on after row 30")
    assert "5 new tasks" in again.heard("Read through")
    again.stop()
    assert desk.audit()["balances"]["tasks"]["queued"] == 45


def test_a_cut_off_file_gives_its_rows_and_its_repair_goes_on(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    whole = json.dumps(rows(400))
    path.write_text(whole[: len(whole) // 2])
    host = desk.start(lambda: {"stream": get_stream(str(path))})
    told = host.heard("The stream failed")
    assert "a.json: the file ends inside of row 201. Row 200 is the last one read" in told
    host.stop()
    path.write_text(whole)
    again = desk.start(lambda: {"stream": get_stream(str(path))})
    again.heard("going on after row")
    again.heard("Read through")
    again.stop()
    assert desk.audit()["balances"]["tasks"]["queued"] == 400


def test_what_makes_tasks_the_same_is_said(desk: Desk) -> None:
    stream = [
        {"text": "a", "score": 1},
        {"text": "a", "score": 2},
        {"text": "a", "score": 1},
        {"text": "a", "meta": {"n": 1}},
        {"text": "a", "label": "X"},
        {"text": "b"},
    ]
    host = desk.start(lambda: {"stream": stream})
    said = host.heard("Read through: 6 rows: 4 made into tasks, 2 duplicates. 4 new tasks.").split("\n  ")
    assert said[1:] == [
        "Read more than once: 2 tasks; 1 of them with other values in keys that are not compared.",
        "With the input of an earlier one, but not the same: 2 tasks, 1 of them different in meta alone; "
        "they are asked, too.",
        "Equal tasks are found by all their keys (5 tasks); text, label (1 task).",
    ]


def test_answers_of_a_dataset_are_asked_again_in_another(desk: Desk) -> None:
    first = desk.start(lambda: {"stream": rows(3)})
    session = desk.claim()
    tasks = desk.leased(session, at_least=3)
    desk.answer(session, *tasks[:2])
    desk.answer(session, tasks[2], decision="reject")
    first.stop()
    datasets = StoredDatasets(desk.store)
    with with_datasets(lambda: datasets):
        for source, count in (("dataset:news:accept", 2), ("dataset:news", 3)):
            name = f"second-{count}"
            host = desk.start(lambda s=source, n=name: {"dataset": n, "stream": get_stream(s)})  # type: ignore[misc]
            assert f"{count} new tasks" in host.heard("Read through")
            host.stop()
        again = desk.start(lambda: {"dataset": "second-3", "stream": get_stream("dataset:news")})
        assert "0 new tasks" in again.heard("Read through")
        again.stop()
