"""Whatever bytes a file holds: rows add up, and nothing but `SourceError` is raised."""

import gzip
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallymark.errors import SourceError
from tallymark.hashing import PRIVATE_KEYS, without_private
from tallymark.loaders import open_source

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
KEYS = st.text(max_size=5).filter(lambda key: key not in PRIVATE_KEYS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
TASKS = st.lists(st.dictionaries(KEYS, VALUES, max_size=4), max_size=6)
FORMATS = ("jsonl", "json", "csv", "tsv", "txt", "parquet", "arrow")


def table_bytes(write: Callable[[pa.Table, Any], None]) -> bytes:
    target = io.BytesIO()
    write(pa.table({"text": [f"t{n}" for n in range(40)], "x": [[n / 7] for n in range(40)]}), target)
    return target.getvalue()


def write_stream(table: pa.Table, target: Any) -> None:
    with pa.ipc.new_stream(target, table.schema) as writer:
        writer.write_table(table, max_chunksize=7)


ROWS = [{"text": f"t{n}", "x": [n]} for n in range(20)]
WHOLE = {
    "jsonl": "".join(json.dumps(row) + "\n" for row in ROWS).encode(),
    "json": json.dumps({"k": [1, {}], "d": ROWS, "e": "x"}).encode(),
    "csv": b'text,x\na,1\n"b\nc",2\nd,3\n',
    "tsv": b"text\tx\na\t1\nd\t3\n",
    "txt": "ä\nb\n".encode(),
    "parquet": table_bytes(lambda table, target: pq.write_table(table, target, row_group_size=15)),
    "arrow": table_bytes(write_stream),
}


def read(content: bytes, name: str) -> tuple[list[Any], str | None]:
    """The tasks and what was told. Each row read must be a task or have one fate."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{name}"
        path.write_bytes(content)
        told, tasks = None, []
        try:
            source = open_source(path, loader=name)
        except SourceError as error:
            return [], str(error)
        try:
            for task in source.tasks():
                assert task["_row"] == [source.index, source.rows_read]
                tasks.append(task)
        except SourceError as error:
            told = str(error)
        fates = [fate.ordinal for fate in source.drain_fates()]
        ordinals = [task["_row"][1] for task in tasks]
        assert sorted(fates + ordinals) == list(range(1, source.rows_read + 1))
        assert source.exhausted == (told is None)
        source.fingerprint()
        return [without_private(task) for task in tasks], told


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=200))
def test_random_bytes(name: str, content: bytes) -> None:
    read(content, name)
    read(gzip.compress(content), name)
    read(b"\x1f\x8b" + content, name)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), packed=st.booleans())
def test_damaged_files(name: str, packed: bool, data: st.DataObject) -> None:
    content = bytearray(gzip.compress(WHOLE[name]) if packed else WHOLE[name])
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(0, len(content))) :]
    read(bytes(content), name)


@pytest.mark.parametrize("name", ["jsonl", "json"])
@settings(deadline=None)
@given(tasks=TASKS, ascii_only=st.booleans(), packed=st.booleans())
def test_values_come_through(name: str, tasks: list[Any], ascii_only: bool, packed: bool) -> None:
    if name == "json":
        text = json.dumps(tasks, ensure_ascii=ascii_only, indent=len(tasks) % 3 or None)
    else:
        text = "".join(json.dumps(task, ensure_ascii=ascii_only) + "\n" for task in tasks)
    content = text.encode("utf-8", "surrogatepass")
    assert read(gzip.compress(content) if packed else content, name) == (tasks, None)


@settings(deadline=None)
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "text": st.text(st.characters(exclude_categories=["Cs"])),
                "n": st.none() | st.integers(-(2**63), 2**63 - 1),
                "f": st.none() | st.floats(allow_nan=False, allow_infinity=False),
                "list": st.lists(st.booleans() | st.none()),
            }
        ),
        min_size=1,
        max_size=8,
    ),
    group=st.integers(1, 4),
    after=st.integers(0, 8),
)
def test_tables_come_through_and_from_any_row(rows: list[Any], group: int, after: int) -> None:
    kinds = [("text", pa.string()), ("n", pa.int64()), ("f", pa.float64()), ("list", pa.list_(pa.bool_()))]
    table = pa.Table.from_pylist(rows, schema=pa.schema(kinds))
    after = min(after, len(rows))
    with tempfile.TemporaryDirectory() as folder:
        parquet, arrow = Path(folder) / "a.parquet", Path(folder) / "a.arrow"
        pq.write_table(table, parquet, row_group_size=group)
        with pa.OSFile(str(arrow), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
            writer.write_table(table, max_chunksize=group)
        for path in (parquet, arrow):
            source = open_source(path)
            assert [without_private(task) for task in source.tasks()] == rows
            again = open_source(path)
            assert again.seek(after, source.position_of(after) if after else None)
            assert [without_private(task) for task in again.tasks()] == rows[after:]
