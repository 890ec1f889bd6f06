"""A stream follows every row until it is a task or has another fate."""

import copy
import gc
import itertools
import json
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tallymark.errors import RecipeError, SourceError
from tallymark.hashing import IDENTITY_KEY, ROW_KEY, identities, set_hashes, without_private
from tallymark.loaders import JSONL
from tallymark.source import Source
from tallymark.stream import Stream, collect_sources, follow, get_stream, rowwise
from tallymark.types import Task

Rows = Callable[..., Path]


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    def write(*texts: Any, name: str = "a.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        return path

    return write


def texts(stream: Iterable[Task]) -> list[str]:
    return [task["text"] for task in stream]


def fates(source: Source) -> list[tuple[int, str]]:
    return [(fate.ordinal, fate.fate) for fate in source.drain_fates()]


def links(stream: Stream) -> list[tuple[int, str] | None]:
    """Ordinal and certainty of the row of every task."""
    found = [stream.provenance(task) for task in stream]
    return [None if link is None else link[1:] for link in found]


def run(recipe: Callable[[], Iterable[Any]]) -> Stream:
    """The followed stream of a recipe, as a host starts it."""
    with collect_sources("mine") as opened:
        stream = recipe()
    return follow(stream, opened=opened)


class TestGetStream:
    def test_a_file_that_is_taken_away_is_read_on_and_named(self, rows: Rows) -> None:
        path = rows("a", "b", "c")
        stream = get_stream(path)
        source = stream.sources[0]
        assert next(stream)["text"] == "a"
        assert source.position_of(1) is not None
        path.unlink()
        assert texts(stream) == ["b", "c"]
        assert source.position_of(2) is None
        with pytest.raises(SourceError, match=r"a\.jsonl cannot be read: No such file.* Put it back"):
            source.fingerprint()

    @pytest.mark.parametrize(
        ("name", "content", "place"),
        [
            ("a.jsonl", '{"text": "a"}\n\n{"text": 5}\n', "a.jsonl:3"),
            ("a.csv", 'text,n\n"a\nb",1\n"",2\n', "a.csv:4"),
            ("a.json", '[{"text": "a"}, {"text": 5}]', "a.json, row 2"),
        ],
    )
    def test_a_row_that_a_step_leaves_out_is_told_with_its_place(
        self, tmp_path: Path, name: str, content: str, place: str
    ) -> None:
        path = tmp_path / name
        path.write_text(content)
        stream = get_stream(path, input_key="text")
        list(follow(stream, opened=[]))
        (fate,) = stream.sources[0].drain_fates()
        assert fate.note is not None
        assert fate.note.startswith(f"{place}: ")

    def test_tasks_are_hashed(self, rows: Rows) -> None:
        task = next(get_stream(rows("a", "b")))
        assert list(task) == ["text", ROW_KEY, "_input_hash", "_task_hash", IDENTITY_KEY]
        assert without_private(task) == without_private(set_hashes({"text": "a"}))

    @pytest.mark.parametrize("rehash", [True, False])
    def test_stored_hashes_are_kept_unless_rehashed(self, rehash: bool) -> None:
        task = next(get_stream([{"text": "a", "_input_hash": 1, "_task_hash": 2}], rehash=rehash))
        assert (task["_input_hash"] == 1, task["_task_hash"] == 2) == (not rehash, not rehash)

    def test_is_binary_is_written_after_hashing(self) -> None:
        task = next(get_stream([{"text": "a"}], is_binary=False))
        assert task["_is_binary"] is False
        assert task["_task_hash"] == set_hashes({"text": "a"})["_task_hash"]

    def test_rows_without_their_input_have_a_fate(self) -> None:
        items = [{"text": "a"}, {"html": "b"}, {"text": ""}, {"text": None}, {"text": [1]}, {"text": 3}, "x"]
        stream = run(lambda: get_stream(items, input_key="text"))
        assert texts(stream) == ["a"]
        assert [(f.ordinal, f.fate, f.note) for f in stream.sources[0].drain_fates()] == [
            (2, "passed", 'no "text", only html'),
            (3, "passed", '"text" is empty'),
            (4, "invalid", '"text" is null, not a text'),
            (5, "invalid", '"text" is a list, not a text'),
            (6, "invalid", '"text" is 3, not a text'),
            (7, "invalid", "a task is a dict; this is a str"),
        ]

    def test_lists_are_not_changed(self) -> None:
        items = [{"text": "a"}]
        assert len(list(get_stream(items))) == 1
        assert items == [{"text": "a"}]

    def test_an_existing_stream_stays_the_same(self) -> None:
        stream = Stream.from_iterable([{"text": "a"}, {"html": "b"}])
        assert get_stream(stream, input_key="text", dedup=False) is stream
        assert not stream.dedup
        assert "_task_hash" in next(stream)
        assert list(stream) == []

    def test_positional_orders(self, rows: Rows) -> None:
        path = rows("a", "", name="a.data")
        assert texts(get_stream(path, "jsonl")) == ["a", ""]
        assert texts(get_stream(path, "jsonl", True, True, "text")) == ["a"]
        assert texts(get_stream(path, None, "jsonl", True, True, "text")) == ["a"]
        assert texts(get_stream(str(path), None, "jsonl", rehash=True, dedup=True, input_key="text")) == ["a"]

    def test_impossible_arguments(self, rows: Rows) -> None:
        with pytest.raises(TypeError, match="at most 5"):
            get_stream("a", None, None, True, True, "text", 3)
        with pytest.raises(SourceError, match="live APIs are not supported"):
            get_stream(rows("a"), "reddit", None)
        with pytest.raises(SourceError, match="not int"):
            get_stream(3)
        with pytest.raises(SourceError, match="There is no file"):
            get_stream("nowhere.jsonl")


class TestFlags:
    def test_what_may_be_read_ahead(self, rows: Rows) -> None:
        path = rows("a")
        assert get_stream(path).plain
        assert get_stream([{"text": "a"}]).plain
        assert not get_stream(iter([{"text": "a"}])).plain
        assert not get_stream(path, dedup=False).plain
        assert JSONL(path).plain

    def test_steps_of_users(self, rows: Rows) -> None:
        @rowwise
        def one_by_one(stream: Iterable[Task]) -> Iterator[Task]:
            yield from stream

        def shuffled(stream: Iterable[Task]) -> Iterable[Task]:
            return reversed(list(stream))

        stream = get_stream(rows("a", "b"))
        stream.apply(one_by_one)
        assert (stream.rowwise, stream.plain) == (True, False)
        stream.apply(shuffled)
        assert (stream.rowwise, stream.plain) == (False, False)
        assert texts(stream) == ["b", "a"]

    def test_length(self, rows: Rows) -> None:
        assert get_stream([{"text": "a"}] * 3).length == 3
        assert get_stream(rows("a")).length is None
        assert Stream.from_iterable(iter([])).length is None


class TestApply:
    @staticmethod
    def shout(stream: Iterable[Task], mark: str = "!") -> Iterator[Task]:
        for task in stream:
            yield task | {"text": task["text"] + mark}

    @staticmethod
    def last(mark: str, stream: Iterable[Task]) -> Iterator[Task]:
        return TestApply.shout(stream, mark)

    def test_every_way_to_pass_the_stream(self) -> None:
        stream = Stream.from_iterable([{"text": "a"}])
        stream.apply(self.shout)
        stream.apply(self.shout, "1")
        stream.apply(self.shout, stream=stream, mark="2")
        stream.apply(self.shout, stream, "3")
        assert stream.apply(self.last, "4", stream) is stream
        stream.apply(lambda tasks: tasks)
        assert texts(stream) == ["a!1234"]

    def test_it_is_an_iterator(self) -> None:
        stream = Stream.from_iterable({"text": text} for text in "abc")
        assert iter(stream) is stream
        assert next(stream)["text"] == "a"
        assert texts(stream) == ["b", "c"]
        assert next(stream, None) is None


class TestFates:
    def test_rows_of_a_rowwise_stream_have_their_fate_when_the_next_is_pulled(self, rows: Rows) -> None:
        path = rows("a", "", "", "d", "")
        stream = run(lambda: get_stream(path, input_key="text"))
        source = stream.sources[0]
        assert source.mark == 0
        assert next(stream)["text"] == "a"
        assert (source.mark, fates(source)) == (0, [])
        assert next(stream)["text"] == "d"
        assert (source.mark, fates(source)) == (3, [(2, "passed"), (3, "passed")])
        assert not stream.ended
        assert list(stream) == []
        assert (source.mark, fates(source)) == (5, [(5, "passed")])
        assert stream.ended

    def test_rows_a_marked_step_drops(self, rows: Rows) -> None:
        @rowwise
        def short(stream: Iterable[Task]) -> Iterator[Task]:
            for task in stream:
                yield from [task, dict(task)] if len(task["text"]) < 2 else []

        path = rows("a", "bb", "cc", "d")
        stream = run(lambda: get_stream(path).apply(short))
        source = stream.sources[0]
        assert [next(stream)["text"] for _ in range(3)] == ["a", "a", "d"]
        assert (source.mark, fates(source)) == (3, [(2, "passed"), (3, "passed")])

    def test_rows_of_other_streams_have_their_fate_at_the_end(self, rows: Rows) -> None:
        path = rows("a", "bb", "cc", "d")
        stream = run(lambda: (task for task in list(get_stream(path))[::-1] if len(task["text"]) < 2))
        assert texts(itertools.islice(stream, 2)) == ["d", "a"]
        (source,) = stream.sources
        assert (source.mark, fates(source)) == (0, [])
        assert list(stream) == []
        assert (source.mark, fates(source), source.known_rows) == (4, [(2, "passed"), (3, "passed")], 4)

    def test_fates_in_portions(self, rows: Rows) -> None:
        path = rows("a", "", "b", "", "c", "")
        stream = run(lambda: (task for task in get_stream(path) if task["text"] == "b"))
        assert texts(stream) == ["b"]
        (source,) = stream.sources
        portions = [[fate.ordinal for fate in source.drain_fates(limit=2)] for _ in range(4)]
        assert portions == [[1, 2], [4, 5], [6], []]

    def test_invalid_rows_are_not_passed(self, tmp_path: Path) -> None:
        path = tmp_path / "a.jsonl"
        path.write_text('{"text": "a"}\n[]\n{"text": "c"}\n[]\n')
        for wrap in (lambda s: s, lambda s: (task for task in s)):
            stream = run(lambda wrap=wrap: wrap(get_stream(path)))  # type: ignore[misc]
            assert texts(stream) == ["a", "c"]
            assert fates(stream.sources[0]) == [(2, "invalid"), (4, "invalid")]

    def test_rows_that_a_recipe_looked_at_and_dropped(self, rows: Rows) -> None:
        def recipe() -> Stream:
            stream = get_stream(path)
            next(stream)
            next(stream)
            return stream

        path = rows("a", "b", "c")
        stream = run(recipe)
        assert texts(stream) == ["c"]
        assert fates(stream.sources[0]) == [(1, "passed"), (2, "passed")]

    def test_a_stream_that_stops_early_leaves_rows_unread(self, rows: Rows) -> None:
        path = rows("a", "b", "c")
        stream = run(lambda: itertools.islice(get_stream(path), 2))
        assert texts(stream) == ["a", "b"]
        assert stream.ended
        (source,) = stream.sources
        assert (source.rows_read, source.known_rows, source.exhausted) == (2, None, False)

    def test_what_is_no_task(self) -> None:
        stream = run(
            lambda: get_stream([{"text": "a"}]).apply(lambda tasks: (task["text"] for task in tasks))
        )
        with pytest.raises(RecipeError, match="gave a str; tasks are dicts"):
            next(stream)

    def test_a_step_that_gives_no_tasks_is_told_by_its_name(self) -> None:
        def forgot_to_yield(tasks: Iterable[Task]) -> None:
            for task in tasks:
                task["seen"] = True

        with pytest.raises(RecipeError, match=r"from forgot_to_yield\(\): it returned None") as caught:
            run(lambda: get_stream([{"text": "a"}]).apply(forgot_to_yield))  # type: ignore[arg-type]
        assert "yield task" in str(caught.value)

    def test_an_error_of_a_recipe_is_passed_on(self) -> None:
        def broken() -> Iterator[Task]:
            yield {"text": "a"}
            raise ZeroDivisionError("ouch")

        stream = run(broken)
        next(stream)
        with pytest.raises(ZeroDivisionError):
            next(stream)
        assert not stream.ended


class TestProvenance:
    def test_plain(self, rows: Rows) -> None:
        path = rows("a", "b")
        assert links(run(lambda: get_stream(path))) == [(1, "exact"), (2, "exact")]

    def test_copies_keep_it(self, rows: Rows) -> None:
        path = rows("a", "b")

        def recipe() -> Iterator[Task]:
            for task in get_stream(path):
                for label in "XY":
                    yield copy.deepcopy(task) | {"label": label}

        stream = run(recipe)
        assert links(stream) == [(1, "exact"), (1, "exact"), (2, "exact"), (2, "exact")]
        assert [source.uri for source in stream.sources] == [str(path)]

    def test_new_dicts_are_found_by_their_input(self, rows: Rows) -> None:
        path = rows("a", "b", "a", "c")

        def recipe() -> Iterator[Task]:
            kept = list(get_stream(path))
            return ({"text": task["text"]} for task in reversed(kept))

        assert links(run(recipe)) == [(4, "hash"), (1, "hash"), (2, "hash"), (3, "hash")]

    def test_rows_of_a_bare_loader_are_found_by_their_input(self, rows: Rows) -> None:
        path = rows("a", "b")
        stream = run(lambda: [{"text": task["text"]} for task in JSONL(path)][::-1])
        assert links(stream) == [(2, "hash"), (1, "hash")]

    def test_what_cannot_be_found_belongs_to_the_last_row_read(self, rows: Rows) -> None:
        path = rows("a b", "c", "d e")

        def recipe() -> Iterator[Task]:
            for task in get_stream(path):
                for word in task["text"].split():
                    yield {"text": f"word {word}"}

        stream = run(recipe)
        found = [(1, "window"), (1, "window"), (2, "window"), (3, "window"), (3, "window")]
        assert links(stream) == found
        assert fates(stream.sources[0]) == []

    def test_of_two_sources_no_guess_is_made(self, rows: Rows) -> None:
        first, second = rows("a", "b"), rows("c", "d", name="b.jsonl")

        def recipe() -> Iterator[Task]:
            for left, right in zip(get_stream(first), get_stream(second), strict=True):
                yield {"text": left["text"] + right["text"]}

        assert links(run(recipe))[0] == (1, "exact")  # a row of its own
        stream = run(lambda: itertools.chain(get_stream(first), get_stream(second)))
        assert links(stream) == [(1, "exact"), (2, "exact")] * 2
        assert [source.uri for source in stream.sources] == [str(first), str(second)]

    def test_code_without_a_source_gives_rows_of_its_own(self) -> None:
        stream = run(lambda: ({"text": text} for text in "ab"))
        assert stream.sources == []
        assert links(stream) == [(1, "exact"), (2, "exact")]
        assert [(source.uri, source.known_rows) for source in stream.sources] == [("recipe:mine", 2)]

    def test_a_file_read_beside_is_no_source(self, rows: Rows) -> None:
        patterns = rows("p", name="patterns.jsonl")

        def recipe() -> list[Task]:
            list(JSONL(patterns))
            return [{"text": "a"}]

        stream = run(recipe)
        assert links(stream) == [(1, "exact")]
        assert [source.uri for source in stream.sources] == ["recipe:mine"]

    def test_a_source_opened_while_the_stream_runs(self, rows: Rows) -> None:
        path = rows("a", "b")

        def recipe() -> Iterator[Task]:
            for task in JSONL(path):
                yield {"text": task["text"], "label": "X"}

        stream = run(recipe)
        assert stream.sources == []
        assert links(stream) == [(1, "hash"), (2, "hash")]
        assert [source.uri for source in stream.sources] == [str(path)]

    def test_a_generator_around_a_stream_as_source_of_a_recipe(self, rows: Rows) -> None:
        path = rows("a", "b")
        stream = run(lambda: get_stream(({**task, "extra": 1} for task in get_stream(path)), rehash=True))
        assert links(stream) == [(1, "exact"), (2, "exact")]
        assert [source.uri for source in stream.sources] == [str(path)]

    def test_two_lists(self) -> None:
        stream = run(lambda: itertools.chain(get_stream([{"text": "a"}]), get_stream([{"text": "b"}])))
        assert len(texts(stream)) == 2
        assert [source.uri for source in stream.sources] == ["recipe:mine", "recipe:mine#2"]

    def test_a_task_without_a_row(self) -> None:
        assert Stream.from_iterable([]).provenance({"text": "a"}) is None
        assert Stream.from_iterable([]).provenance({"text": "a", ROW_KEY: [10**9, 1]}) is None

    def test_the_input_is_remembered_for_a_bounded_window(
        self, rows: Rows, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tallymark.source.WINDOW", 2)
        path = rows("a", "b", "c")
        stream = run(lambda: [{"text": task["text"]} for task in list(get_stream(path))])
        assert links(stream)[1:] == [(2, "hash"), (3, "hash")]


class TestResume:
    def resumed(self, path: Path, after: int) -> tuple[Stream, Source]:
        """A stream that goes on where another one stood after so many rows."""
        first = run(lambda: get_stream(path))
        for _ in range(after + 1):
            next(first)
        (source,) = first.sources
        mark, position = source.mark, source.position_of(source.mark)
        assert mark == after
        assert position is not None
        again = run(lambda: get_stream(path))
        assert again.sources[0].seek(mark, json.loads(json.dumps(position)))
        return again, again.sources[0]

    @pytest.mark.parametrize("after", [1, 3])
    def test_jsonl(self, rows: Rows, after: int) -> None:
        stream, source = self.resumed(rows("a", "b", "c", "d", "e"), after)
        assert source.bytes_read > 0
        assert [(task["text"], task[ROW_KEY][1]) for task in stream] == [
            ("abcde"[n - 1], n) for n in range(after + 1, 6)
        ]
        assert (source.known_rows, source.mark, source.drain_fates()) == (5, 5, [])

    def test_line_numbers_go_on(self, tmp_path: Path) -> None:
        path = tmp_path / "a.jsonl"
        path.write_text('{"text": "a"}\n\n{"text": "b"}\n{"text": "c"}\n[]\n')
        stream, source = self.resumed(path, 1)
        assert texts(stream) == ["b", "c"]
        assert [fate.note for fate in source.drain_fates()] == [
            "a.jsonl:5: a row is a JSON object; this is a list"
        ]

    def test_csv(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_text('x;text\n1;"a\nb"\n2;c\n3;d\n')
        stream, _ = self.resumed(path, 1)
        assert [(task["x"], task["text"], task[ROW_KEY][1]) for task in stream] == [
            ("2", "c", 2),
            ("3", "d", 3),
        ]

    def test_txt(self, tmp_path: Path) -> None:
        path = tmp_path / "a.txt"
        path.write_text("a\nb\nc\n")
        assert texts(self.resumed(path, 1)[0]) == ["b", "c"]

    def test_without_a_position_rows_are_read_and_left_out(self, rows: Rows) -> None:
        path = rows("a", "b", "c")
        stream = run(lambda: get_stream(path))
        assert stream.sources[0].seek(2, None)
        assert links(stream) == [(3, "exact")]
        assert stream.sources[0].drain_fates() == []

    def test_a_changed_file_is_noticed(self, rows: Rows) -> None:
        path = rows("a", "b", "c")
        stream = run(lambda: get_stream(path))
        next(stream), next(stream)
        position = stream.sources[0].position_of(1)
        for changed in (("x", "b", "c"), ()):
            source = get_stream(rows(*changed)).sources[0]
            assert not source.seek(1, position)
            assert source.mark == 0

    def test_a_grown_file_goes_on(self, rows: Rows) -> None:
        path = rows("a", "b")
        source = get_stream(path).sources[0]
        stored = source.fingerprint()
        list(source.tasks())
        position = source.position_of(2)
        grown = get_stream(rows("a", "b", "c"))
        (source,) = grown.sources
        assert source.fingerprint() != stored
        assert source.same_start(stored)
        assert source.seek(2, position)
        assert texts(grown) == ["c"]
        assert not get_stream(rows("x", "b", "c")).sources[0].same_start(stored)
        assert not get_stream(rows("a")).sources[0].same_start(stored)

    def test_a_last_line_without_an_end_could_still_grow(self, tmp_path: Path) -> None:
        path = tmp_path / "a.txt"
        path.write_text("a\nb")
        source = get_stream(path).sources[0]
        list(source.tasks())
        assert source.position_of(1) is not None
        assert source.position_of(2) is None

    def test_positions_long_ago_are_forgotten(self, rows: Rows) -> None:
        source = get_stream(rows("a", "b")).sources[0]
        assert source.position_of(0) is None
        assert source.position_of(1) is None
        list(source.tasks())
        assert source.position_of(3) is None

    def test_what_cannot_be_sought(self, rows: Rows) -> None:
        assert not get_stream([{"text": "a"}]).sources[0].seek(1, None)
        source = get_stream(rows("a")).sources[0]
        list(source.tasks())
        with pytest.raises(RuntimeError, match="only be chosen before"):
            source.seek(1, None)

    def test_lists_are_told_by_their_length(self) -> None:
        source = get_stream([{"text": "a"}]).sources[0]
        assert source.fingerprint() == '{"rows": 1}'
        assert source.same_start('{"rows": 1}')
        assert not source.same_start('{"rows": 2}')
        assert get_stream(iter([])).sources == []


def test_reading_holds_a_constant_amount_of_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with path.open("w") as file:
        file.writelines(f'{{"text": "row {n} {"x" * 100}"}}\n' for n in range(24_000))

    stream = run(lambda: get_stream(path, input_key="text"))
    for _ in itertools.islice(stream, 12_000):
        pass
    gc.collect()
    tracemalloc.start()
    try:
        for _ in stream:
            pass
        assert tracemalloc.get_traced_memory()[1] < 3 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_identities_of_a_stream_are_those_of_its_rows(rows: Rows) -> None:
    task = next(get_stream(rows("a")))
    assert (
        task[IDENTITY_KEY][:64]
        == identities({"text": "a"}).input.hex() + identities({"text": "a"}).task.hex()
    )
