"""`tallymark db-out`: the answers of a dataset as JSONL."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from tallymark.cli.catalog import command
from tallymark.cli.commands._database import reading_store
from tallymark.cli.commands._files import complete_file, file_name, refuse_source
from tallymark.cli.commands._terminal import counted
from tallymark.recipe import Arg
from tallymark.types import Task

if TYPE_CHECKING:
    from tallymark.config import Settings

__all__ = ["db_out"]


@command(
    "db-out",
    set_id=Arg(help="Dataset to export."),
    out=Arg(help="Folder or file to write to; standard output when left out."),
    answer=Arg("--answer", "-a", help="Only records with this answer."),
    flagged_only=Arg("--flagged-only", "-F", help="Only records that an annotator flagged."),
    include_surplus=Arg("--include-surplus", help="Also answers beyond a task's overlap."),
    history=Arg("--history", help="Every revision, edits and retractions too, as it was given."),
    dry=Arg("--dry", "-D", help="Count the records, write nothing."),
)
def db_out(
    set_id: str,
    out: str | None = None,
    answer: Literal["accept", "reject", "ignore"] | None = None,
    flagged_only: bool = False,
    include_surplus: bool = False,
    history: bool = False,
    dry: bool = False,
    *,
    settings: "Settings",
) -> None:
    """Export a dataset's answers as JSONL, in the order they were given.

    Each task is written as its annotator left it, once per session; with --history, every revision. In a
    folder the file is `<dataset>.jsonl`; a file appears only when it is complete.
    """
    from tallymark.store.reading import StoredDatasets

    with reading_store(settings) as store:
        datasets = StoredDatasets(store)
        datasets.count(set_id)  # raises when there is no such dataset, before a file is touched
        if history:
            found = datasets.history(set_id, decision=answer)
            answers: Iterator[Task] = (
                record for record in found if record.get("flagged") or not flagged_only
            )
        else:
            answers = datasets.answers(
                set_id, decision=answer, include_surplus=include_surplus, flagged_only=flagged_only
            )
        records = counted(answers, "records")
        if dry:
            print(f"{sum(1 for _ in records):,} records", file=sys.stderr)
        elif out is None or out == "-":
            _write(records, sys.stdout.buffer)
        else:
            path = _path(out, set_id)
            refuse_source(store, path)
            print(f"{_write_file(records, path):,} records in {path}", file=sys.stderr)


def _path(out: str, set_id: str) -> Path:
    """A path with an extension that is no folder is a file, anything else a folder."""
    path = Path(out).expanduser()
    if path.is_dir() or out.endswith("/") or not path.suffix:
        return path / file_name(set_id, ".jsonl")
    return path


def _write_file(records: Iterable[Task], path: Path) -> int:
    with complete_file(path) as file:
        return _write(records, file)


def _write(records: Iterable[Task], file: BinaryIO) -> int:
    from tallymark import jsontext

    number = 0
    for record in records:
        file.write(jsontext.dumps(record).encode() + b"\n")
        number += 1
    file.flush()
    return number
