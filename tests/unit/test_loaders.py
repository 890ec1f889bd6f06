"""Every row of a file is read, or has a reason with file and line."""

import io
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tallymark.errors import NotKnown, SourceError
from tallymark.hashing import without_private
from tallymark.loaders import CSV, JSONL, TXT, lines, loader, loaders, open_source, open_sources
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


def read(
    path: Path | str, loader: str | None = None
) -> tuple[list[Task], list[tuple[int, str | None]], Source]:
    """The tasks with their ordinals in `n`, the invalid rows, and the source."""
    source = open_source(path, loader=loader)
    tasks = [without_private(task) | {"n": task["_row"][1]} for task in source.tasks()]
    return tasks, [(fate.ordinal, fate.note) for fate in source.drain_fates()], source


class TestJSONL:
    def test_rows_count_from_one_and_blank_lines_do_not(self, write: Write) -> None:
        tasks, invalid, source = read(
            write("a.jsonl", '{"text": "a"}\n\n  \r\n{"text": "b"}\r\n{"text": "c"}')
        )
        assert tasks == [{"text": "a", "n": 1}, {"text": "b", "n": 2}, {"text": "c", "n": 3}]
        assert invalid == []
        assert (source.known_rows, source.exhausted, source.bytes_read) == (3, True, source.size)

    def test_a_byte_order_mark_is_no_part_of_the_first_row(self, write: Write) -> None:
        assert read(write("a.jsonl", b'\xef\xbb\xbf{"text": "a"}\n'))[0] == [{"text": "a", "n": 1}]

    @pytest.mark.parametrize("content", ["", "\n", " \n\r\n", b"\xef\xbb\xbf"])
    def test_an_empty_file_has_no_rows(self, write: Write, content: bytes | str) -> None:
        tasks, invalid, source = read(write("a.jsonl", content))
        assert (tasks, invalid, source.known_rows) == ([], [], 0)

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            (b'{"text": "b",}', "not JSON: trailing comma is not allowed (at character 13)"),
            (b'{"text": "b"', "not JSON"),
            (b'["b"]', "a row is a JSON object; this is a list"),
            (b'"b"', "a row is a JSON object; this is a string"),
            (b"3", "a row is a JSON object; this is a number"),
            (b"null", "a row is a JSON object; this is null"),
            (b"true", "a row is a JSON object; this is true or false"),
            (b'{"score": NaN}', "NaN is not a JSON number"),
            (b'{"score": 1e400}', "the number 1e400 is too large for a double"),
            (b'{"text": "\xff"}', "not UTF-8: byte 0xff at position 10"),
            (b"\0\0", "not JSON"),
            (b'{"a":' * 300 + b"1" + b"}" * 300, "nested more than 250 levels deep"),
        ],
    )
    def test_a_bad_row_has_its_line_and_reason(self, write: Write, line: bytes, reason: str) -> None:
        path = write("a.jsonl", b'{"text": "a"}\n\n' + line + b'\n{"text": "c"}\n')
        tasks, invalid, source = read(path)
        assert [task["n"] for task in tasks] == [1, 3]
        (ordinal, note), *more = invalid
        assert (ordinal, more) == (2, [])
        assert str(note).startswith("a.jsonl:3: ")
        assert reason in str(note)
        assert source.known_rows == 3

    def test_values_survive(self, write: Write) -> None:
        line = '{"id": 123456789012345678901234567890, "x": "\\ud800", "nul": "\\u0000", "f": 0.1}'
        assert read(write("a.jsonl", line))[0] == [
            {"id": 123456789012345678901234567890, "x": "\ud800", "nul": "\0", "f": 0.1, "n": 1}
        ]

    def test_a_repeated_key_is_noted(self, write: Write) -> None:
        tasks, invalid, source = read(write("a.jsonl", '{"text": "a", "text": "b"}'))
        assert (tasks, invalid) == ([{"text": "b", "n": 1}], [])
        assert source.drain_notes() == [(1, 'a.jsonl:1: repeated key "text": the last value counts')]
        assert source.drain_notes() == []

    def test_reserved_keys_are_left_out_and_noted(self, write: Write) -> None:
        tasks, _, source = read(write("a.jsonl", '{"text": "a", "_identity": 3, "_row": [0, 9]}'))
        assert tasks == [{"text": "a", "n": 1}]
        assert "reserved" in source.drain_notes()[0][1]

    def test_a_line_of_five_megabytes(self, write: Write) -> None:
        text = "é" * 2_500_000
        tasks, _, _ = read(write("a.jsonl", f'{{"text": "{text}"}}\n{{"text": "b"}}\n'))
        assert [len(task["text"]) for task in tasks] == [2_500_000, 1]

    def test_a_line_beyond_all_bounds_is_skipped(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tallymark.loaders.lines.MAX_LINE", 100)
        long = '{"text": "' + "a" * 3_000_000 + '"}'
        tasks, invalid, source = read(write("a.jsonl", f'{{"text": "a"}}\n{long}\n{{"text": "c"}}\n{long}'))
        assert [task["n"] for task in tasks] == [1, 3]
        assert [ordinal for ordinal, _ in invalid] == [2, 4]
        assert "a.jsonl:2: the line is longer than" in str(invalid[0][1])
        assert source.bytes_read == source.size


class TestTXT:
    def test_a_task_a_line(self, write: Write) -> None:
        tasks, invalid, _ = read(
            write("a.txt", b"\xef\xbb\xbf one \r\n\n\xc3\xa9\0\r\n\xff\n{}\xe2\x80\xa8x")
        )
        assert tasks == [
            {"text": " one ", "n": 1},
            {"text": "é\0", "n": 2},
            {"text": "{}\u2028x", "n": 4},
        ]
        assert invalid == [(3, "a.txt:4: not UTF-8: byte 0xff at position 0")]

    def test_a_line_beyond_all_bounds(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tallymark.loaders.lines.MAX_LINE", 10)
        tasks, invalid, _ = read(write("a.txt", "a" * 30 + "\nb"))
        assert (tasks, len(invalid)) == ([{"text": "b", "n": 2}], 1)


class TestCSV:
    def test_known_columns_in_any_case_and_others_as_they_are(self, write: Write) -> None:
        tasks, _, _ = read(write("a.csv", "Text,LABEL, Meta ,Author Name\nhi,X,web,Ann\nyo,,,\n"))
        assert tasks == [
            {"text": "hi", "label": "X", "meta": {"meta": "web"}, "Author Name": "Ann", "n": 1},
            {"text": "yo", "Author Name": "", "n": 2},
        ]

    def test_line_breaks_and_quotes_inside_quotes(self, write: Write) -> None:
        tasks, invalid, source = read(write("a.csv", 'text,x\r\n"a\r\nb\n""c"", d",1\r\n\r\ne,2\r\n'))
        assert invalid == []
        assert tasks == [{"text": 'a\r\nb\n"c", d', "x": "1", "n": 1}, {"text": "e", "x": "2", "n": 2}]
        assert source.bytes_read == source.size

    def test_the_wrong_number_of_columns(self, write: Write) -> None:
        tasks, invalid, _ = read(write("a.csv", "text,x\na,1\nb\nc,3,4\nd,5\n"))
        assert [task["text"] for task in tasks] == ["a", "d"]
        assert invalid == [
            (2, "a.csv:3: 1 columns where the header has 2"),
            (3, "a.csv:4: 3 columns where the header has 2"),
        ]

    def test_a_missing_quotation_mark_costs_one_row(self, write: Write) -> None:
        tasks, invalid, source = read(write("a.csv", 'text,x\na,1\n"b,2\nc,3\nd,4\n'))
        assert [(task["n"], task["text"]) for task in tasks] == [(1, "a"), (3, "c"), (4, "d")]
        assert [ordinal for ordinal, _ in invalid] == [2]
        assert "a.csv:3: a quotation mark that opens here is not closed properly" in str(invalid[0][1])
        assert source.known_rows == 4

    def test_text_after_a_closing_quotation_mark(self, write: Write) -> None:
        tasks, invalid, _ = read(write("a.csv", 'text,x\n"b" c,2\nd,4\n'))
        assert ([task["n"] for task in tasks], [ordinal for ordinal, _ in invalid]) == ([2], [1])

    def test_nul_and_bad_bytes(self, write: Write) -> None:
        tasks, invalid, _ = read(write("a.csv", b"text,x\na\0b,1\n\xff,2\n\xc3\xa9,3\n"))
        assert [task["text"] for task in tasks] == ["a\0b", "é"]
        assert invalid == [(2, "a.csv:3: not UTF-8")]

    def test_a_field_of_five_megabytes(self, write: Write) -> None:
        tasks, _, _ = read(write("a.csv", "text,x\n" + "a" * 5_000_000 + ",1\nb,2\n"))
        assert [len(task["text"]) for task in tasks] == [5_000_000, 1]

    def test_a_record_beyond_all_bounds(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tallymark.loaders.delimited.MAX_RECORD", 20)
        tasks, invalid, _ = read(
            write("a.csv", 'text,x\n"a\n' + "aaaa\n" * 10 + "b,2\n" + "c" * 30 + ",3\nd,4\n")
        )
        assert [task["text"] for task in tasks] == ["b", "d"]
        assert len(invalid) == 12

    def test_semicolons_and_tabs(self, write: Write) -> None:
        expected = [{"text": "a, b", "label": "X", "n": 1}]
        assert read(write("a.csv", "text;label\na, b;X\n"))[0] == expected
        assert read(write("b.tsv", "text\tlabel\na, b\tX\n"))[0] == expected

    @pytest.mark.parametrize("content", ["", "\n\n", "text,x\n"])
    def test_no_rows(self, write: Write, content: str) -> None:
        assert read(write("a.csv", content))[:2] == ([], [])

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("text,text\na,b\n", "names a column twice: text"),
            ("text,Text\na,b\n", "names a column twice: text"),
            ('"text,x\na,b\n', "The header of a.csv cannot be read"),
            (b"text,\xff\na,b\n", "The header of a.csv cannot be read: not UTF-8"),
        ],
    )
    def test_a_header_that_cannot_be_used(self, write: Write, content: str | bytes, message: str) -> None:
        with pytest.raises(SourceError, match=message):
            open_source(write("a.csv", content))

    def test_a_missing_header_is_told_by_the_missing_column(self, write: Write) -> None:
        path = write("a.csv", "some words,X\nmore words,Y\n")
        with pytest.raises(
            SourceError, match=r'no column "text"\. Its columns are some words, X\..*--text-key X'
        ):
            open_source(path, input_key="text")


class TestWhatCannotBeRead:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ('{"text": "a"}'.encode("utf-16"), "UTF-16 text; save it as UTF-8"),
            (b"\x1f\x8b\x08\0", "a.jsonl: the compressed file is cut off. No row could be read"),
            (b"version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS"),
            (b'[{"text": "a"},', "a JSON array, not one object a line. Read it with --loader json"),
            (b"PK\x03\x04", "a zip archive"),
            (b"PAR1", "a Parquet file"),
        ],
    )
    def test_other_formats(self, write: Write, content: bytes, message: str) -> None:
        with pytest.raises(SourceError, match=message):
            read(write("a.jsonl", content))

    def test_a_missing_file_with_its_neighbours(self, write: Write, tmp_path: Path) -> None:
        write("headlines.jsonl", "")
        with pytest.raises(
            SourceError, match=r"There is no file .*headline.jsonl. Near to it: headlines.jsonl."
        ):
            open_source(tmp_path / "headline.jsonl")
        with pytest.raises(
            SourceError, match=r"There is no file .*zzz \(Looked in|There is no file .*zzz\. \(Looked"
        ):
            open_source(str(tmp_path / "zzz"))
        with pytest.raises(SourceError, match=r"The folder .*nowhere does not exist either"):
            open_source(tmp_path / "nowhere" / "a.jsonl")

    def test_a_folder(self, write: Write, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match=r"holds no file that can be read\.$"):
            open_sources(tmp_path)
        write("b.log", "text")
        with pytest.raises(SourceError, match=r"There is b.log; name the format with --loader"):
            open_sources(tmp_path)
        with pytest.raises(SourceError, match="is a folder, where one file is wanted"):
            open_source(tmp_path)

    def test_an_unknown_extension(self, write: Write) -> None:
        path = write("a.jsonn", '{"text": "a"}')
        with pytest.raises(
            SourceError, match=r'"\.jsonn"\. Did you mean "\.json"\? Known are \.arrow, .*--loader \(arrow, '
        ):
            open_source(path)
        assert read(path, "jsonl")[0] == [{"text": "a", "n": 1}]

    def test_an_unknown_loader(self, write: Write) -> None:
        with pytest.raises(NotKnown, match=r'no loader "jsonll"\. Did you mean "jsonl"'):
            open_source(write("a.jsonl", ""), loader="jsonll")

    def test_a_dataset_without_a_database(self) -> None:
        with pytest.raises(SourceError, match="Export it with db-out"):
            open_sources("dataset:news")

    def test_a_file_that_vanished(self, write: Write) -> None:
        path = write("a.jsonl", '{"text": "a"}')
        source = open_source(path)
        path.unlink()
        with pytest.raises(SourceError, match="cannot be read: No such file"):
            list(source.tasks())


class Piped(io.StringIO):
    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.bytes = io.BytesIO(content)

    @property
    def buffer(self) -> Any:
        return self.bytes


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Piped(b'{"text": "a"}\n[]\n'))
    tasks, invalid, source = read("-")
    assert tasks == [{"text": "a", "n": 1}]
    assert invalid == [(2, "-:2: a row is a JSON object; this is a list")]
    assert (source.uri, source.size, source.position_of(1), source.fingerprint()) == (
        "-",
        None,
        None,
        '{"rows": 2}',
    )
    assert not source.same_start('{"size": 1, "head": "x"}')
    monkeypatch.setattr(sys, "stdin", Piped(b"a\n"))
    assert read("-", "txt")[0] == [{"text": "a", "n": 1}]


def test_loaders_are_iterators_for_recipes(write: Write) -> None:
    assert [without_private(task) for task in JSONL(write("a.jsonl", '{"text": "a"}'))] == [{"text": "a"}]
    assert next(CSV(write("a.csv", "text\na\n")))["text"] == "a"
    assert next(TXT(str(write("a.md", "a\n"))))["text"] == "a"


def test_a_loader_of_a_user(write: Write) -> None:
    @loader(".lst", name="lst")
    def read_list(path: Path) -> Any:
        return [{"text": path.name}, "nonsense"]

    try:
        tasks, invalid, _ = read(write("a.lst", ""))
        assert tasks == [{"text": "a.lst", "n": 1}]
        assert invalid == [(2, "a row is a dict; this is a str")]
    finally:
        loaders.remove("lst")


def test_a_loader_of_a_user_is_resumed_by_reading_again(write: Write) -> None:
    @loader(".lst", name="lst")
    def read_list(path: Path) -> Any:
        return ({"text": line} for line in path.read_text().split())

    try:
        source = open_source(write("a.lst", "a b c"))
        assert source.seek(2, None)
        assert [(task["text"], task["_row"][1]) for task in source.tasks()] == [("c", 3)]
    finally:
        loaders.remove("lst")


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=('{"text": "a"}\n',))
    writer.start()
    tasks, _, source = read(path)
    writer.join(timeout=10)
    assert tasks == [{"text": "a", "n": 1}]
    assert (source.uri, source.size, source.path) == (str(path), None, None)


def test_a_file_that_may_not_be_read(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(SourceError, match="may not be read by this user"):
        open_source(write("a.jsonl", ""))


def test_a_line_beyond_all_bounds_is_not_held(write: Write) -> None:
    path = write("a.txt", "short\n")
    assert [line.data for line in lines.lines(path)] == [b"short\n"]
