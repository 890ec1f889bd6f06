"""Importing answered records: what `db-in`, `db-merge` and `import-prodigy` share."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import chain
from typing import TYPE_CHECKING, Any

from tallymark.cli.commands._terminal import console, table
from tallymark.databases import shown
from tallymark.errors import SourceError
from tallymark.types import Channel, ExcludeBy, Task

if TYPE_CHECKING:
    from tallymark.config import Settings

__all__ = ["Answered", "Report", "import_records", "make_dataset", "print_reasons", "print_report"]

BATCH = 500
BATCH_LETTERS = 4_000_000
SHOWN = 20


@dataclass(slots=True)
class Report:
    """What became of the rows of a file. `invalid` holds reasons with their place."""

    rows: int = 0
    added: int = 0
    repeats: int = 0
    known: int = 0
    invalid: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Answered:
    """A record with its answer, and whose it is and when they came, where the record itself does not say."""

    record: Task
    session: str | None = None
    joined_at: float | None = None


@dataclass(slots=True)
class _Batch:
    """Records for one call, and how often each of them was met before."""

    answered: list[Answered] = field(default_factory=list)
    occurrences: list[int] = field(default_factory=list)
    letters: int = 0

    def arguments(self) -> dict[str, Any]:
        """What the call takes."""
        sessions = [{"name": one.session, "joined_at": one.joined_at} for one in self.answered]
        records = [one.record for one in self.answered]
        return {"records": records, "sessions": sessions, "occurrences": self.occurrences}


def import_records(
    set_id: str,
    answered: Iterator[Answered],
    report: Report,
    exclude_by: ExcludeBy | None,
    settings: "Settings",
    *,
    created_at: float | None = None,
) -> None:
    """Import records in batches, and count in the report what became of them.

    `created_at` is for a dataset that is new here and was made elsewhere.
    """
    with closing(_Occurrences()) as occurrences:
        batches = _batches(answered, occurrences)
        first = next(batches, None)
        if first is None:
            return
        told_apart = exclude_by or _exclude_by(first.answered[0].record)
        with _channel(settings) as channel:
            _make_dataset(channel, set_id, told_apart, created_at, settings)
            for batch in chain([first], batches):
                counts = channel.call(
                    "importing.import_answers", timeout=120.0, dataset=set_id, **batch.arguments()
                )
                report.added += counts["added"]
                report.repeats += counts["repeats"]
                report.known += counts["known"]


def make_dataset(
    name: str, exclude_by: ExcludeBy, settings: "Settings", *, created_at: float | None = None
) -> None:
    """Make an empty dataset, unless it is there."""
    with _channel(settings) as channel:
        _make_dataset(channel, name, exclude_by, created_at, settings)


def _batches(answered: Iterator[Answered], occurrences: "_Occurrences") -> Iterator[_Batch]:
    """Records in batches; of a file that cannot be read any further, all before that, then the error."""
    from tallymark import jsontext

    batch = _Batch()
    try:
        for one in answered:
            text = jsontext.dumps(one.record)
            batch.answered.append(one)
            batch.occurrences.append(occurrences.count(text))
            batch.letters += len(text)
            if len(batch.answered) == BATCH or batch.letters > BATCH_LETTERS:
                yield batch
                batch = _Batch()
    except SourceError:
        if batch.answered:
            yield batch
        raise
    if batch.answered:
        yield batch


@contextmanager
def _channel(settings: "Settings") -> Iterator[Channel]:
    """Through the server that serves the database now, else by writing ourselves."""
    from tallymark.server.channel import open_channel

    with open_channel(settings.database_url) as channel:
        yield channel


def _make_dataset(
    channel: Channel, name: str, exclude_by: ExcludeBy, created_at: float | None, settings: "Settings"
) -> None:
    """Make the dataset, unless it is there: then it stays as it is."""
    from tallymark.cli.commands._database import dataset_names

    if name not in dataset_names(settings):
        channel.call("datasets.ensure_dataset", name=name, exclude_by=exclude_by, created_at=created_at)


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

    def count(self, record: str) -> int:
        """How many records before it have the same text as this one."""
        key = blake2b(record.encode("utf-8", "surrogatepass"), digest_size=12).digest()
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
    print_reasons(report)


def print_reasons(report: Report) -> None:
    """Why some rows were not imported, the first of them, on standard error."""
    errors = console(stderr=True)
    for reason in report.invalid[:SHOWN]:
        errors.print(reason, style="yellow", soft_wrap=True)
    if len(report.invalid) > SHOWN:
        errors.print(f"… and {len(report.invalid) - SHOWN:,} more", style="yellow")


def _repeats(report: Report) -> str:
    return f"{report.repeats:,} of them repeat a question of the same session" if report.repeats else ""
