"""`tallymark db-in`: answered records from a file into a dataset."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from tallymark.cli.catalog import command
from tallymark.cli.commands._importing import Answered, Report, import_records, print_report
from tallymark.cli.commands._terminal import counted
from tallymark.errors import SourceError
from tallymark.recipe import Arg
from tallymark.types import DECISIONS, Decision, Task

if TYPE_CHECKING:
    from tallymark.config import Settings
    from tallymark.stream import Stream

__all__ = ["db_in"]


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
    kept, as repeats. Rows that are no records are listed with their line. Of a file that breaks off, what
    stands before is imported.
    """
    from tallymark.stream import get_stream

    stream = get_stream(in_file, loader=loader, rehash=rehash, dedup=False)
    report = Report()
    answered = counted(_answered(stream, report, answer, overwrite=overwrite), "records")
    try:
        if dry:
            for _ in answered:
                report.added += 1
        else:
            import_records(set_id, map(Answered, answered), report, exclude_by, settings)
    except SourceError:  # what stands before is imported; the error says where it ends
        _collect_invalid(stream, report)
        if report.rows:
            print_report(report, set_id, settings, dry=dry)
        raise
    _collect_invalid(stream, report)
    print_report(report, set_id, settings, dry=dry)
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


def _collect_invalid(stream: "Stream", report: Report) -> None:
    for source in stream.sources:
        report.rows += source.rows_read
        report.invalid += [
            fate.note or f"row {fate.ordinal}" for fate in source.drain_fates() if fate.fate == "invalid"
        ]
