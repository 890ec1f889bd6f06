"""`tallymark db-in`: answered records from a file into a dataset."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import chain, islice
from typing import TYPE_CHECKING, Literal

from tallymark.cli.catalog import command
from tallymark.cli.commands._terminal import console, counted, table
from tallymark.recipe import Arg
from tallymark.types import DECISIONS, Channel, Decision, ExcludeBy, Task

if TYPE_CHECKING:
    from tallymark.config import Settings
    from tallymark.stream import Stream

__all__ = ["db_in"]

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


@command(
    "db-in",
    set_id=Arg(help="Dataset to import into; made when it is new."),
    in_file=Arg(help="File of answered records (JSONL, CSV …), or - for standard input."),
    loader=Arg("--loader", "-lo", help="Format, when the file's name does not tell."),
    answer=Arg("--answer", "-a", help="Answer of records that have none."),
    overwrite=Arg("--overwrite", "-o", help="Give every record the answer of --answer."),
    rehash=Arg("--rehash", "-rh", help="Make the hashes anew."),
    exclude_by=Arg(
        "--exclude-by",
        help="What makes two tasks of a new dataset the same; by default as the records' view.",
    ),
    dry=Arg("--dry", "-D", help="Read and check the file, import nothing."),
)
def db_in(
    set_id: str,
    in_file: str,
    loader: str | None = None,
    answer: Literal["accept", "reject", "ignore"] = "accept",
    overwrite: bool = False,
    rehash: bool = False,
    exclude_by: Literal["task", "input"] | None = None,
    dry: bool = False,
    *,
    settings: "Settings",
) -> int:
    """Import answered records into a dataset.

    Every record is kept to the letter. Importing a file again adds nothing; equal records of one file are all
    kept, as repeats. Rows that are no records are listed with their line.
    """
    from tallymark.stream import get_stream

    stream = get_stream(in_file, loader=loader, rehash=rehash, dedup=False)
    report = Report()
    answered = counted(_answered(stream, report, answer, overwrite=overwrite), "records")
    if dry:
        report.added = sum(1 for _ in answered)
    else:
        _import(set_id, answered, report, exclude_by, settings)
    _collect_invalid(stream, report)
    _print(report, set_id, settings, dry=dry)
    return 1 if report.invalid and not report.added + report.known else 0


def _answered(stream: "Stream", report: Report, answer: Decision, *, overwrite: bool) -> Iterator[Task]:
    """The records with an answer each; one whose answer is none of the three is invalid."""
    from tallymark.hashing import without_private
    from tallymark.stream import row_of

    for task in stream:
        row = row_of(task)
        record = without_private(task)
        given = answer if overwrite else record.get("answer", answer)
        if given in DECISIONS:
            yield {**record, "answer": given}
        else:
            place = f"row {row[1]}: " if row else ""
            report.invalid.append(f"{place}the answer {given!r} is not one of {', '.join(DECISIONS)}")


def _import(
    set_id: str, records: Iterator[Task], report: Report, exclude_by: ExcludeBy | None, settings: "Settings"
) -> None:
    batches = iter(lambda: list(islice(records, BATCH)), [])
    occurrences: Counter[bytes] = Counter()
    first = next(batches, [])
    if not first:
        return
    with _channel(settings) as channel:
        _make_dataset(channel, set_id, exclude_by or _exclude_by(first[0]), settings)
        for batch in chain([first], batches):
            counts = channel.call(
                "importing.import_answers",
                timeout=120.0,
                dataset=set_id,
                records=batch,
                occurrences=[_occurrence(record, occurrences) for record in batch],
            )
            report.added += counts["added"]
            report.repeats += counts["repeats"]
            report.known += counts["known"]


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


def _occurrence(record: Task, seen: Counter[bytes]) -> int:
    """How many records of this file before it are equal to this one."""
    from tallymark import jsontext

    key = blake2b(jsontext.dumps(record).encode("utf-8", "surrogatepass"), digest_size=12).digest()
    seen[key] += 1
    return seen[key] - 1


def _collect_invalid(stream: "Stream", report: Report) -> None:
    for source in stream.sources:
        report.rows += source.rows_read
        report.invalid += [
            fate.note or f"row {fate.ordinal}" for fate in source.drain_fates() if fate.fate == "invalid"
        ]


def _print(report: Report, set_id: str, settings: "Settings", *, dry: bool) -> None:
    made = table(f"{'Would import' if dry else 'Imported'} into {set_id}", "rows", "", "", numbers=(1,))
    made.add_row("read", f"{report.rows:,}", "")
    made.add_row("to add" if dry else "added", f"{report.added:,}", _repeats(report))
    if report.known:
        made.add_row("known", f"{report.known:,}", "imported before")
    made.add_row("invalid", f"{len(report.invalid):,}", "")
    out = console()
    out.print(made)
    if not dry:
        out.print(settings.database_url, style="dim")
    errors = console(stderr=True)
    for reason in report.invalid[:SHOWN]:
        errors.print(reason, style="yellow", soft_wrap=True)
    if len(report.invalid) > SHOWN:
        errors.print(f"… and {len(report.invalid) - SHOWN:,} more", style="yellow")


def _repeats(report: Report) -> str:
    return f"{report.repeats:,} of them repeat a question of the same session" if report.repeats else ""
