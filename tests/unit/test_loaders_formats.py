"""JSON, gzip, Parquet and Arrow: each value comes through, from any row, and damage is told with its row."""

import datetime as dt
import gzip
import json
import math
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tallymark.errors import SourceError
from tallymark.hashing import without_private
from tallymark.loaders import JSON, Arrow, Parquet, open_source
from tallymark.source import Source
from tallymark.types import Task

Write = Callable[[str, bytes | str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(name: str, content: bytes | str) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


def read(path: Path, loader: str | None = None) -> tuple[list[Task], list[tuple[int, str | None]], Source]:
    source = open_source(path, loader=loader)
    tasks = [without_private(task) for task in source.tasks()]
    return tasks, [(fate.ordinal, fate.note) for fate in source.drain_fates()], source


def read_up_to_the_damage(path: Path, loader: str | None = None) -> tuple[list[Task], str]:
    tasks: list[Task] = []
    try:
        for task in open_source(path, loader=loader).tasks():
            tasks.append(without_private(task))  # noqa: PERF401 (what came before the error is kept)
    except SourceError as error:
        return tasks, str(error)
    raise AssertionError("nothing was told")


class TestJSON:
    @pytest.mark.parametrize(
        "content",
        [
            '[{"text": "a"}, {"text": "b"}]',
            ' [\n  {"text": "a"} ,\r\n\t{"text": "b"}\n]\n',
            '{"version": 1, "tags": ["x"], "data": [{"text": "a"}, {"text": "b"}], "more": [1, [2]]}',
            '{"empty": [], "data": [{"text": "a"}, {"text": "b"}]}',
            '\ufeff[{"text": "a"}, {"text": "b"}]',
        ],
    )
    def test_an_array_or_an_object_that_holds_one(self, write: Write, content: str) -> None:
        tasks, invalid, source = read(write("a.json", content))
        assert (tasks, invalid) == ([{"text": "a"}, {"text": "b"}], [])
        assert (source.known_rows, source.bytes_read) == (2, source.size)

    @pytest.mark.parametrize("content", ["[]", " [ ]\n", '{"data": []}'])
    def test_no_rows(self, write: Write, content: str) -> None:
        assert read(write("a.json", content))[:2] == ([], [])

    def test_bad_elements_are_rows(self, write: Write) -> None:
        content = '[{"text": "a"}, 3, "b", null, {"x": NaN}, {"x": 1,}, [{"text": "c"}], {"text": "]}"}]'
        tasks, invalid, _ = read(write("a.json", content))
        assert tasks == [{"text": "a"}, {"text": "]}"}]
        assert [ordinal for ordinal, _ in invalid] == [2, 3, 4, 5, 6, 7]
        assert invalid[0] == (2, "a.json, row 2: a row is a JSON object; this is a number")
        assert invalid[3] == (5, "a.json, row 5: NaN is not a JSON number")

    def test_values_survive(self, write: Write) -> None:
        rows = [{"id": 10**40, "x": "\ud800", "nul": "\0", "quote": '\\"{[', "f": 0.1, "n": None}]
        assert read(write("a.json", json.dumps(rows)))[0] == rows

    @pytest.mark.parametrize(
        ("content", "count", "message"),
        [
            ('[{"text": "a"}, {"text": "b"}', 2, "the array is not closed. Row 2 is the last one read"),
            ('[{"text": "a"}, {"text": "b', 1, "the file ends inside of row 2. Row 1 is the last one read"),
            ('[{"text": "a"}, {"text": "b"}, ', 2, "the file ends inside of row 3"),
            ('[{"text": "a"} {"text": "b"}]', 1, 'after row 1 a comma or ] is expected, not \'{"text"'),
            ('[{"text": "a"}] x', 1, "something follows after the end: 'x'"),
            ('{"data": [{"text": "a"}]', 1, "a key is expected in the outer object, not the end"),
            ('{"text": "a"}\n{"text": "b"}', 0, "that is JSONL: read it with --loader jsonl"),
            ('{"text": "a"}', 0, "an object without an array of objects"),
            ('{"a" 3}', 0, 'after the key "a" a colon is expected'),
            ('{"a": }', 0, 'a value is expected for "a"'),
            ("", 0, "it is empty"),
            ("text", 0, "a JSON array or object is expected, not 'text'"),
            ('"text"', 0, "a JSON array or object is expected"),
        ],
    )
    def test_damage(self, write: Write, content: str, count: int, message: str) -> None:
        path = write("a.json", content)
        tasks, told = read_up_to_the_damage(path)
        assert len(tasks) == count
        assert told.startswith(f"{path}: ")
        assert message in told

    def test_what_is_not_read_is_said(self, write: Write, caplog: pytest.LogCaptureFixture) -> None:
        path = write("a.json", '{"train": [{"text": "a"}], "n": 1, "test": [{"text": "b"}, {}]}')
        assert read(path)[0] == [{"text": "a"}]
        assert 'the rows are those of "train"; "test" is not read' in caplog.text
        assert read(write("b.json", '[{"text": "a"},]'))[0] == [{"text": "a"}]
        assert "a comma after the last row" in caplog.text

    def test_a_row_beyond_all_bounds(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tallymark.loaders.json_array.MAX_ROW", 100)
        monkeypatch.setattr("tallymark.loaders.json_array.READ_BYTES", 16)
        tasks, told = read_up_to_the_damage(write("a.json", '[{"text": "a"}, {"text": "' + "b" * 500))
        assert len(tasks) == 1
        assert "row 2 is not closed, or longer than" in told

    def test_a_window_smaller_than_any_row(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tallymark.loaders.json_array.READ_BYTES", 1)
        rows = [{"text": 'a"\\b' * n, "x": [{"y": "}"}] * n} for n in range(8)]
        assert read(write("a.json", json.dumps({"k": [1], "d": rows})))[0] == rows

    def test_a_grown_array_goes_on(self, write: Write) -> None:
        rows = [{"text": f"row {n} " + "x" * 200} for n in range(600)]
        path = write("a.json", json.dumps(rows))
        source = read(path)[2]
        mark, before = source.position_of(600), source.fingerprint()
        path.write_text(json.dumps([*rows, {"text": "new"}]))
        again = open_source(path)
        assert again.same_start(before, mark)
        assert again.seek(600, mark)
        assert [task["text"] for task in again.tasks()] == ["new"]


TEXTS = [{"text": f"row {n}", "n": n} for n in range(2_500)]


def table() -> pa.Table:
    return pa.Table.from_pylist(TEXTS)


def write_arrow(path: Path, rows: pa.Table, *, stream: bool = True) -> Path:
    new = pa.ipc.new_stream if stream else pa.ipc.new_file
    with pa.OSFile(str(path), "wb") as file, new(file, rows.schema) as writer:
        writer.write_table(rows, max_chunksize=300)
    return path


def write_every_format(folder: Path) -> list[Path]:
    lines = "".join(json.dumps(row) + "\n" for row in TEXTS).encode()
    (folder / "a.jsonl").write_bytes(lines)
    (folder / "a.json").write_text(json.dumps(TEXTS))
    (folder / "b.json").write_text(json.dumps({"data": TEXTS}, indent=1))
    pq.write_table(table(), folder / "a.parquet", row_group_size=700)
    pq.write_table(table(), folder / "one.parquet")
    write_arrow(folder / "a.arrow", table())
    write_arrow(folder / "a.feather", table(), stream=False)
    for path in list(folder.iterdir()):
        (folder / (path.name + ".gz")).write_bytes(gzip.compress(path.read_bytes()))
    (folder / "lying.jsonl").write_bytes(
        gzip.compress(lines[:1000]) + b"\0" * 40 + gzip.compress(lines[1000:])
    )
    return sorted(folder.iterdir())


def test_every_format_is_read_and_resumed_at_any_row(tmp_path: Path) -> None:
    for path in write_every_format(tmp_path):
        tasks, invalid, source = read(path)
        assert (tasks, invalid, source.known_rows) == (TEXTS, [], 2_500), path
        assert source.bytes_read == source.size
        for row in (1, 699, 700, 701, 2_499, 2_500):
            position = json.loads(json.dumps(source.position_of(row)))
            again = open_source(path)
            assert again.same_start(source.fingerprint(), position)
            assert again.seek(row, position), (path, row)
            rest = [task["_row"][1] for task in again.tasks()]
            assert rest == list(range(row + 1, 2_501)), (path, row)


def test_rows_are_counted_beforehand_where_the_file_says(tmp_path: Path) -> None:
    pq.write_table(table(), tmp_path / "a.parquet")
    assert open_source(tmp_path / "a.parquet").known_rows == 2_500


def test_classes_for_recipes(tmp_path: Path) -> None:
    pq.write_table(table(), tmp_path / "a.parquet")
    write_arrow(tmp_path / "a.arrow", table())
    (tmp_path / "a.json").write_text(json.dumps(TEXTS))
    for stream in (Parquet(tmp_path / "a.parquet"), Arrow(tmp_path / "a.arrow"), JSON(tmp_path / "a.json")):
        assert next(stream)["text"] == "row 0"


def test_a_table_goes_on_only_where_its_row_groups_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(table(), path, row_group_size=700)
    source = read(path)[2]
    before, inside, late = source.fingerprint(), source.position_of(1_000), source.position_of(2_500)
    pq.write_table(pa.concat_tables([table(), table()]), path, row_group_size=700)
    grown = open_source(path)
    assert grown.same_start(before, inside)
    assert grown.seek(1_000, inside)
    assert not open_source(path).same_start(before, late)  # the last, smaller row group has grown, too
    edited = [{**row, "text": "edited"} if row["n"] == 50 else row for row in TEXTS]
    pq.write_table(pa.Table.from_pylist([*edited, *edited]), path, row_group_size=700)
    assert not open_source(path).seek(1_000, inside)
    pq.write_table(table().slice(0, 500), path)
    assert not open_source(path).seek(1_000, inside)


def test_an_arrow_file_that_changed_is_another_one(tmp_path: Path) -> None:
    source = read(write_arrow(tmp_path / "a.arrow", table()))[2]
    before, mark = source.fingerprint(), source.position_of(1_000)
    assert open_source(tmp_path / "a.arrow").same_start(before, mark)
    write_arrow(tmp_path / "a.arrow", pa.concat_tables([table(), table()]))
    again = open_source(tmp_path / "a.arrow")
    assert not again.same_start(before, mark)
    assert not again.seek(1_000, mark)


class TestGzip:
    def test_a_grown_one_goes_on_and_an_edited_one_does_not(self, write: Write) -> None:
        lines = b"".join(b'{"text": "row %d"}\n' % n for n in range(5_000))
        path = write("a.jsonl.gz", gzip.compress(lines))
        source = read(path)[2]
        mark, before = source.position_of(5_000), source.fingerprint()
        more = b'{"text": "new"}\n'
        for grown in (gzip.compress(lines) + gzip.compress(more), gzip.compress(lines + more, 1)):
            path.write_bytes(grown)
            again = open_source(path)
            if again.same_start(before, mark):
                assert again.seek(5_000, mark)
                assert [(task["_row"][1], task["text"]) for task in again.tasks()] == [(5_001, "new")]
            else:
                assert len(grown) < json.loads(before)["size"]
        path.write_bytes(gzip.compress(lines.replace(b"row 2000", b"row zwei") + more * 900, 1))
        again = open_source(path)
        assert not again.same_start(before, mark)
        assert not again.seek(5_000, mark)

    def test_one_that_is_shorter_or_broken_before_the_mark(self, write: Write) -> None:
        lines = b"".join(b'{"text": "row %d"}\n' % n for n in range(5_000))
        path = write("a.jsonl.gz", gzip.compress(lines))
        source = read(path)[2]
        mark = source.position_of(5_000)
        path.write_bytes(gzip.compress(lines[:1000]))
        assert not open_source(path).seek(5_000, mark)
        path.write_bytes(gzip.compress(lines)[:-30])
        assert not open_source(path).seek(5_000, mark)
        assert not open_source(write("b.jsonl", lines)).same_start(source.fingerprint(), None)

    def test_a_truncated_one_gives_its_rows_and_says_so(self, write: Write) -> None:
        lines = b"".join(b'{"text": "row %d"}\n' % n for n in range(5_000))
        packed = gzip.compress(lines)
        path = write("a.jsonl.gz", packed[: len(packed) // 2])
        tasks, told = read_up_to_the_damage(path)
        assert 1_000 < len(tasks) < 5_000
        assert tasks == [{"text": f"row {n}"} for n in range(len(tasks))]
        assert told == f"{path}: the compressed file is cut off. Row {len(tasks):,} is the last one read."

    def test_a_damaged_one_gives_what_stands_before_the_damage(self, write: Write) -> None:
        lines = b"".join(b'{"text": "row %d"}\n' % (n * 7919 % 100_003) for n in range(50_000))
        packed = bytearray(gzip.compress(lines))
        middle = len(packed) // 2
        packed[middle : middle + 40] = bytes(40)
        tasks, told = read_up_to_the_damage(write("a.jsonl.gz", bytes(packed)))
        assert len(tasks) > 20_000
        assert "the compressed data is damaged" in told

    def test_a_wrong_checksum_at_the_end(self, write: Write) -> None:
        packed = bytearray(gzip.compress(b'{"text": "a"}\n{"text": "b"}\n'))
        packed[-6] ^= 1
        tasks, told = read_up_to_the_damage(write("a.jsonl.gz", bytes(packed)))
        assert len(tasks) == 2
        assert "incorrect data check" in told

    def test_something_else_behind_it(self, write: Write) -> None:
        tasks, told = read_up_to_the_damage(write("a.txt.gz", gzip.compress(b"a\nb\n") + b"rubbish"))
        assert len(tasks) == 2
        assert "incorrect header check" in told

    def test_far_more_inside_than_outside(self, write: Write) -> None:
        tasks, _, _ = read(write("a.txt.gz", gzip.compress(b"a" * 20_000_000)))
        assert len(tasks[0]["text"]) == 20_000_000


class TestColumns:
    def values(self, tmp_path: Path, array: pa.Array) -> list[Any]:
        """The same from Parquet and Arrow, which may differ in what they can store."""
        rows = pa.table({"text": ["t"] * len(array), "x": array})
        found = []
        for name, write in (("a.arrow", write_arrow), ("a.parquet", lambda path, t: pq.write_table(t, path))):
            try:
                write(tmp_path / name, rows)
            except pa.ArrowNotImplementedError:
                continue
            tasks, invalid, _ = read(tmp_path / name)
            assert invalid == []
            found.append([task["x"] for task in tasks])
        assert all(one == found[0] for one in found)
        json.dumps(found[0], allow_nan=False)
        return found[0]

    @pytest.mark.parametrize(
        ("array", "expected"),
        [
            (pa.array([2**63 - 1, -(2**63), None]), [2**63 - 1, -(2**63), None]),
            (pa.array([2**64 - 1], pa.uint64()), [2**64 - 1]),
            (pa.array([0.1, math.nan, -math.inf, None]), [0.1, None, None, None]),
            (pa.array([0.1], pa.float32()), [0.10000000149011612]),
            (pa.array([True, None]), [True, None]),
            (pa.array(["é\0", ""]), ["é\0", ""]),
            (pa.array(["é"], pa.large_string()), ["é"]),
            (pa.array([b"\xc3\xa9", b"\xff"]), ["é", "data:application/octet-stream;base64,/w=="]),
            (pa.array([b"\x89PNG\xff"]), ["data:image/png;base64,iVBOR/8="]),
            (pa.array([Decimal("12.50"), Decimal("-0.01")]), ["12.50", "-0.01"]),
            (pa.array([dt.date(2024, 2, 29)]), ["2024-02-29"]),
            (pa.array([dt.datetime(2024, 2, 29, 12, 30)]), ["2024-02-29T12:30:00"]),
            (pa.array([1_700_000_000_123_456_789], pa.timestamp("ns")), ["2023-11-14T22:13:20.123456789"]),
            (pa.array([-1], pa.timestamp("ms", "Europe/Berlin")), ["1969-12-31T23:59:59.999+00:00"]),
            (pa.array([2**62], pa.timestamp("us")), [None]),
            (pa.array([3_723_000_000_001], pa.time64("ns")), ["01:02:03.000000001"]),
            (pa.array([3_723], pa.time32("s")), ["01:02:03"]),
            (pa.array([1_500, 2_000], pa.duration("ms")), [1.5, 2]),
            (pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
            (pa.array([[1.5, math.inf], [], None]), [[1.5, None], [], None]),
            (pa.array([[[1], None]]), [[[1], None]]),
            (
                pa.array([{"a": b"x", "b": [dt.datetime(2024, 1, 1)]}, None]),
                [{"a": "x", "b": ["2024-01-01T00:00:00"]}, None],
            ),
            (pa.array([[("k", b"v")], []], pa.map_(pa.string(), pa.binary())), [{"k": "v"}, {}]),
            (pa.array([[(1, 2.0)]], pa.map_(pa.int32(), pa.float64())), [[[1, 2.0]]]),
            (
                pa.array([[1, 2]], pa.list_(pa.timestamp("s"), 2)),
                [["1970-01-01T00:00:01", "1970-01-01T00:00:02"]],
            ),
            (pa.nulls(2), [None, None]),
        ],
    )
    def test_a_value_that_json_has(self, tmp_path: Path, array: pa.Array, expected: list[Any]) -> None:
        assert self.values(tmp_path, array) == expected

    def test_what_became_null_is_noted(self, tmp_path: Path) -> None:
        write_arrow(tmp_path / "a.arrow", pa.table({"text": ["a", "b"], "score": [1.0, math.nan]}))
        source = open_source(tmp_path / "a.arrow")
        assert len(list(source.tasks())) == 2
        assert source.drain_notes() == [(2, 'a.arrow, row 2: "score" is nan, which JSON does not have: null')]

    def test_a_text_that_is_no_utf_8_costs_one_row(self, tmp_path: Path) -> None:
        broken = pa.array([b"a", b"\xff", b"c"]).view(pa.string())
        write_arrow(tmp_path / "a.arrow", pa.table({"text": broken}))
        tasks, invalid, _ = read(tmp_path / "a.arrow")
        assert tasks == [{"text": "a"}, {"text": "c"}]
        assert invalid == [(2, 'a.arrow, row 2: "text" is not UTF-8: byte 0xff at position 0')]

    def test_columns_that_cannot_be_used(self, tmp_path: Path) -> None:
        path = tmp_path / "a.parquet"
        pq.write_table(pa.table([["a"], ["b"]], names=["text", "text"]), path)
        with pytest.raises(SourceError, match="names a column twice: text"):
            open_source(path)
        pq.write_table(pa.table({"_row": ["a"]}), path)
        with pytest.raises(SourceError, match="reserved name _row"):
            open_source(path)
        pq.write_table(pa.table({"body": ["a"]}), path)
        with pytest.raises(SourceError, match=r'no column "text". Its columns are body'):
            open_source(path, input_key="text")

    def test_damaged_files(self, tmp_path: Path) -> None:
        (tmp_path / "a.parquet").write_bytes(b"PAR1")
        with pytest.raises(SourceError, match="it is no Parquet file"):
            open_source(tmp_path / "a.parquet")
        write_arrow(tmp_path / "a.arrow", table())
        whole = (tmp_path / "a.arrow").read_bytes()
        (tmp_path / "a.arrow").write_bytes(whole[: len(whole) // 2])
        tasks, told = read_up_to_the_damage(tmp_path / "a.arrow")
        assert len(tasks) == 1_200
        assert "damaged or cut off" in told
        assert "Row 1,200 is the last one read" in told
        (tmp_path / "a.arrow").write_bytes(b"nothing of the kind")
        with pytest.raises(SourceError, match="no Arrow file"):
            open_source(tmp_path / "a.arrow")
