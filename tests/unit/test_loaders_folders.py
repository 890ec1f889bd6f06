"""Folders, patterns and datasets as sources: which files, in which order, and what is left out."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tallymark.errors import SourceError
from tallymark.hashing import without_private
from tallymark.loaders import open_sources
from tallymark.source import with_datasets
from tallymark.stream import follow, get_stream
from tallymark.types import Decision, Task

FEATURES = {
    "text": {"dtype": "string", "_type": "Value"},
    "label": {"names": ["neg", "pos"], "_type": "ClassLabel"},
    "tags": {"feature": {"names": ["O", "PER"], "_type": "ClassLabel"}, "_type": "Sequence"},
    "picture": {"_type": "Image"},
}
ROWS = [
    {"text": "good", "label": 1, "tags": [0, 1], "picture": {"bytes": b"GIF89\xff", "path": None}},
    {"text": "bad", "label": 0, "tags": [], "picture": {"bytes": None, "path": "b.png"}},
    {"text": "unknown", "label": -1, "tags": None, "picture": None},
]
READ = [
    {"text": "good", "label": "pos", "tags": ["O", "PER"], "picture": "data:image/gif;base64,R0lGODn/"},
    {"text": "bad", "label": "neg", "tags": [], "picture": "b.png"},
    {"text": "unknown", "label": None, "tags": None, "picture": None},
]


def texts(source: str | Path, **more: Any) -> list[str]:
    return [task["text"] for task in get_stream(source, **more)]


def jsonl(path: Path, *words: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps({"text": word}) + "\n" for word in words))
    return path


def save_to_disk(folder: Path, rows: list[dict[str, Any]], *, described: bool = True) -> None:
    """As the `datasets` library writes a split."""
    folder.mkdir(parents=True)
    table = pa.Table.from_pylist(rows)
    if described:
        info = json.dumps({"info": {"features": FEATURES}})
        table = table.replace_schema_metadata({"huggingface": info})
    files = []
    for number, first in enumerate(range(0, len(rows), 2)):
        files.append({"filename": f"data-{number:05}-of-00002.arrow"})
        with pa.OSFile(str(folder / files[-1]["filename"]), "wb") as file:
            part = table.slice(first, 2)
            with pa.ipc.new_stream(file, part.schema) as writer:
                writer.write_table(part)
    (folder / "state.json").write_text(json.dumps({"_data_files": files, "_split": None}))
    (folder / "dataset_info.json").write_text(json.dumps({"features": FEATURES}))
    (folder / "cache-1234.arrow").write_bytes(b"left over")


class TestFolders:
    def test_every_file_is_a_source_in_the_order_of_names(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        jsonl(tmp_path / "b.jsonl", "b1", "b2")
        (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"a1\na2\n"))
        (tmp_path / "c.csv").write_text("text,x\nc1,1\n")
        (tmp_path / "README.md").write_text("about")
        (tmp_path / ".hidden.jsonl").write_text("{}")
        jsonl(tmp_path / "sub" / "d.jsonl", "d1")
        jsonl(tmp_path / ".git" / "e.jsonl", "e1")
        assert texts(tmp_path) == ["a1", "a2", "b1", "b2", "c1", "d1"]
        names = [Path(source.uri).name for source in open_sources(tmp_path)]
        assert names == ["a.txt.gz", "b.jsonl", "c.csv", "d.jsonl"]
        assert f"Not read of {tmp_path}: README.md." in caplog.text

    def test_a_pattern(self, tmp_path: Path) -> None:
        jsonl(tmp_path / "b.jsonl", "b")
        jsonl(tmp_path / "a.jsonl", "a")
        jsonl(tmp_path / "deep" / "c.jsonl", "c")
        (tmp_path / "a.json").write_text("[]")
        (tmp_path / "odd.jsonl").mkdir()
        assert texts(f"{tmp_path}/*.jsonl") == ["a", "b"]
        assert texts(f"{tmp_path}/**/*.jsonl") == ["a", "b", "c"]
        with pytest.raises(SourceError, match="No file is called"):
            open_sources(f"{tmp_path}/*.csv")
        jsonl(tmp_path / "[1].jsonl", "one file with a name like a pattern")
        assert len(texts(f"{tmp_path}/[1].jsonl")) == 1

    def test_a_named_format_reads_every_file(self, tmp_path: Path) -> None:
        (tmp_path / "a.log").write_text("a\n")
        (tmp_path / "b").write_text("b\n")
        assert texts(tmp_path, loader="txt") == ["a", "b"]

    def test_one_broken_file_does_not_hide_the_others(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "a.json").write_text('[{"text": "a"}, {"text"')
        jsonl(tmp_path / "b.jsonl", "b")
        stream = get_stream(tmp_path)
        assert [next(stream)["text"], next(stream)["text"]] == ["a", "b"]
        with pytest.raises(SourceError, match=r"a\.json: the file ends inside of row 2\. Row 1 is the last"):
            next(stream)
        assert "The next file is read." in caplog.text

    def test_rows_of_all_files_are_accounted_for(self, tmp_path: Path) -> None:
        jsonl(tmp_path / "a.jsonl", "a", " ", "c")
        (tmp_path / "b.jsonl").write_text("nonsense\n")
        stream = follow(get_stream(tmp_path, input_key="text"), opened=[])
        found = [(Path(s.uri).name, row) for s, row, _ in map(stream.provenance, stream) if s]  # type: ignore[misc]
        assert found == [("a.jsonl", 1), ("a.jsonl", 3)]
        fates = [[(f.ordinal, f.fate) for f in source.drain_fates()] for source in stream.sources]
        assert fates == [[(2, "passed")], [(1, "invalid")]]
        assert [(source.mark, source.known_rows) for source in stream.sources] == [(3, 3), (1, 1)]


class TestHuggingFace:
    def test_a_saved_split(self, tmp_path: Path) -> None:
        save_to_disk(tmp_path / "set", ROWS)
        sources = open_sources(tmp_path / "set")
        assert [Path(source.uri).name[:10] for source in sources] == ["data-00000", "data-00001"]
        assert [without_private(task) for source in sources for task in source.tasks()] == READ

    def test_classes_are_named_by_the_file_beside(self, tmp_path: Path) -> None:
        save_to_disk(tmp_path / "set", ROWS, described=False)
        assert [task["label"] for task in get_stream(tmp_path / "set")] == ["pos", "neg", None]

    def test_splits(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        save_to_disk(tmp_path / "set" / "train", ROWS[:1])
        save_to_disk(tmp_path / "set" / "test", ROWS[1:])
        (tmp_path / "set" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
        assert texts(tmp_path / "set") == ["good", "bad", "unknown"]
        assert "has the splits train, test" in caplog.text
        assert texts(tmp_path / "set" / "test") == ["bad", "unknown"]

    def test_a_cloned_repository(self, tmp_path: Path) -> None:
        (tmp_path / "data").mkdir()
        (tmp_path / "README.md").write_text("---\n---\n")
        (tmp_path / "dataset_infos.json").write_text("{}")
        table = pa.Table.from_pylist([{"text": "a", "label": 1}])
        info = json.dumps({"info": {"features": FEATURES}})
        pq.write_table(table.replace_schema_metadata({"huggingface": info}), tmp_path / "data" / "t.parquet")
        (task,) = get_stream(tmp_path)
        assert (task["text"], task["label"]) == ("a", "pos")

    def test_what_is_missing(self, tmp_path: Path) -> None:
        save_to_disk(tmp_path / "set", ROWS)
        (tmp_path / "set" / "data-00001-of-00002.arrow").unlink()
        with pytest.raises(SourceError, match=r"lacks data-00001-of-00002\.arrow, which state\.json names"):
            open_sources(tmp_path / "set")
        (tmp_path / "set" / "state.json").write_text('{"_indices_files": [{"filename": "i.arrow"}]}')
        with pytest.raises(SourceError, match="flatten_indices"):
            open_sources(tmp_path / "set")
        (tmp_path / "set" / "state.json").write_text("{")
        with pytest.raises(SourceError, match=r"state\.json cannot be read"):
            open_sources(tmp_path / "set")

    @pytest.mark.parametrize("metadata", [b"not json", b"[]", b'{"info": []}', b'{"info": {"features": 3}}'])
    def test_descriptions_of_others_are_no_error(self, tmp_path: Path, metadata: bytes) -> None:
        table = pa.table({"text": ["a"], "label": [1]}).replace_schema_metadata({"huggingface": metadata})
        pq.write_table(table, tmp_path / "a.parquet")
        assert next(get_stream(tmp_path / "a.parquet"))["label"] == 1


class Answered:
    """`Datasets` of a test."""

    def __init__(self, **records: list[Task]) -> None:
        self.records = records

    def names(self) -> list[str]:
        return list(self.records)

    def __contains__(self, name: object) -> bool:
        return name in self.records

    def count(self, name: str) -> int:
        return len(self.records[name])

    def answers(
        self,
        name: str,
        *,
        decision: Decision | None = None,
        **_more: bool,
    ) -> Iterator[Task]:
        return iter([r for r in self.records[name] if decision in (None, r["answer"])])

    def input_hashes(self, name: str) -> Iterator[int]:
        return (record["_input_hash"] for record in self.records[name])

    def task_hashes(self, name: str) -> Iterator[int]:
        return (record["_task_hash"] for record in self.records[name])


ANSWERS: list[Task] = [
    {"text": "a", "_input_hash": 1, "_task_hash": 2, "answer": "accept", "_session_id": "x", "flagged": True},
    {"text": "b", "_input_hash": 3, "_task_hash": 4, "answer": "reject", "_timestamp": 5, "spans": []},
]


class TestDatasets:
    def test_answers_are_tasks_again(self) -> None:
        with with_datasets(lambda: Answered(news=ANSWERS)):
            (source,) = open_sources("dataset:news")
            assert [without_private(task) for task in source.tasks()] == [
                {"text": "a", "_input_hash": 1, "_task_hash": 2},
                {"text": "b", "_input_hash": 3, "_task_hash": 4, "spans": []},
            ]
            assert texts("dataset:news:reject") == ["b"]
        assert (source.uri, source.is_file, source.position_of(1)) == ("dataset:news", True, None)
        assert source.fingerprint() == '{"answers": 2}'
        assert not source.same_start('{"answers": 1}')
        assert not open_source_again(source)

    def test_a_name_with_a_colon(self) -> None:
        with with_datasets(lambda: Answered(**{"a:accept": ANSWERS[1:], "b": ANSWERS})):
            assert texts("dataset:a:accept") == ["b"]
            assert texts("dataset:b:accept") == ["a"]

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            ("dataset:old", "there is no dataset 'old'. There are: news."),
            ("dataset:old:accept", "there is no dataset 'old'"),
            ("dataset:news:accepted", '"accepted" is no answer. Answers are accept, reject, ignore'),
        ],
    )
    def test_what_there_is_not(self, source: str, message: str) -> None:
        with with_datasets(lambda: Answered(news=ANSWERS)), pytest.raises(SourceError, match=message):
            open_sources(source)


def open_source_again(source: Any) -> bool:
    with with_datasets(lambda: Answered(news=ANSWERS)):
        return bool(open_sources(source.uri)[0].seek(1, None))
