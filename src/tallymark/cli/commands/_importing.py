"""Importing answered records: what `db-in` and `db-merge` share."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import chain
from typing import TYPE_CHECKING

from tallymark.cli.commands._terminal import console, table
from tallymark.databases import shown
from tallymark.errors import SourceError
from tallymark.types import Channel, ExcludeBy, Task

if TYPE_CHECKING:
    from tallymark.config import Settings

__all__ = ["Report", "import_records", "print_report"]

BATCH = 200
SHOWN = 20


@dataclass(slots=True)
class Report:
    """What became of the rows of a file. `invalid` holds reasons with their place."""

    rows: int = 0
    added: int = 0
    repeats: int = 0
    known: int = 0
    invalid: list[str] = field(default_factory=list)


def import_records(
    set_id: str, records: Iterator[Task], report: Report, exclude_by: ExcludeBy | None, settings: "Settings"
) -> None:
    """Import records in batches, and count in the report what became of them."""
    batches = _batches(records)
    occurrences = _Occurrences()
    first = next(batches, [])
    if not first:
        return
    with closing(occurrences), _channel(settings) as channel:
        _make_dataset(channel, set_id, exclude_by or _exclude_by(first[0]), settings)
        for batch in chain([first], batches):
            counts = channel.call(
                "importing.import_answers",
                timeout=120.0,
                dataset=set_id,
                records=batch,
                occurrences=[occurrences.count(record) for record in batch],
            )
            report.added += counts["added"]
            report.repeats += counts["repeats"]
            report.known += counts["known"]


def _batches(records: Iterator[Task]) -> Iterator[list[Task]]:
    """Records in batches; of a file that cannot be read any further, all before that, then the error."""
    batch: list[Task] = []
    try:
        for record in records:
            batch.append(record)
            if len(batch) == BATCH:
                yield batch
                batch = []
    except SourceError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


@contextmanager
def _channel(settings: "Settings") -> Iterator[Channel]:
    """Through the server that serves the database now, else by writing ourselves."""
    from tallymark.server.channel import open_channel

    with open_channel(settings.database_url) as channel:
        yield channel


def _make_dataset(channel: Channel, name: str, exclude_by: ExcludeBy, settings: "Settings") -> None:
    """Make the dataset, unless it is there: then it stays as it is."""
    from tallymark.cli.commands._database import dataset_names

    if name not in dataset_names(settings):
        channel.call("datasets.ensure_dataset", name=name, exclude_by=exclude_by)


def _exclude_by(record: Task) -> ExcludeBy:
    """Manual views ask one question about an input, whatever was answered; binary ones ask about a task."""
    from tallymark.interfaces import INTERFACES

    view_id = str(record.get("_view_id"))
    manual = view_id in INTERFACES and INTERFACES[view_id].kind == "manual"
    return "input" if manual or view_id.endswith("_manual") else "task"


class _Occurrences:
    """How often each record was met before. They are kept in a temporary file, so memory does not grow."""

    def __init__(self) -> None:
        self._seen = sqlite3.connect("", isolation_level=None)
        self._seen.execute("CREATE TABLE seen (record BLOB PRIMARY KEY, times INTEGER) WITHOUT ROWID")
        self._seen.execute("BEGIN")

    def count(self, record: Task) -> int:
        """How many records before it are equal to this one."""
        from tallymark import jsontext

        key = blake2b(jsontext.dumps(record).encode("utf-8", "surrogatepass"), digest_size=12).digest()
        (times,) = self._seen.execute(
            "INSERT INTO seen VALUES (?, 0) ON CONFLICT DO UPDATE SET times = times + 1 RETURNING times",
            (key,),
        ).fetchone()
        return int(times)

    def close(self) -> None:
        """Give the file back."""
        self._seen.close()


def print_report(report: Report, set_id: str, settings: "Settings", *, dry: bool) -> None:
    """A table of what was read and added, and why rows were not."""
    made = table(f"{'Would import' if dry else 'Imported'} into {set_id}", "rows", "", "", numbers=(1,))
    made.add_row("read", f"{report.rows:,}", "")
    made.add_row("to add" if dry else "added", f"{report.added:,}", _repeats(report))
    if report.known:
        made.add_row("known", f"{report.known:,}", "imported before")
    made.add_row("invalid", f"{len(report.invalid):,}", "")
    out = console()
    out.print(made)
    if not dry:
        out.print(shown(settings.database_url), style="dim")
    errors = console(stderr=True)
    for reason in report.invalid[:SHOWN]:
        errors.print(reason, style="yellow", soft_wrap=True)
    if len(report.invalid) > SHOWN:
        errors.print(f"… and {len(report.invalid) - SHOWN:,} more", style="yellow")


def _repeats(report: Report) -> str:
    return f"{report.repeats:,} of them repeat a question of the same session" if report.repeats else ""
