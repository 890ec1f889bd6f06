"""`tallymark db-merge`: the answers of several datasets in one."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tallymark.cli.catalog import command
from tallymark.cli.commands._importing import Answered, Report, import_records, print_report
from tallymark.cli.commands._terminal import counted
from tallymark.errors import InputError
from tallymark.labels import split_string
from tallymark.recipe import Arg
from tallymark.types import Task

if TYPE_CHECKING:
    from tallymark.config import Settings
    from tallymark.store.reading import StoredDatasets

__all__ = ["db_merge"]


@command(
    "db-merge",
    in_sets=Arg(help="Datasets to merge, separated by commas.", converter=split_string),
    out_set=Arg(help="Dataset to merge into; made when it is new."),
    rehash=Arg("--rehash", "-rh", help="Make the hashes anew."),
    dry=Arg("--dry", "-D", help="Count the answers, merge nothing."),
)
def db_merge(
    in_sets: list[str], out_set: str, rehash: bool = False, dry: bool = False, *, settings: "Settings"
) -> None:
    """Copy the answers of some datasets into another one; the datasets stay as they are.

    An annotator's answers stay theirs: `news-ann` becomes `all-ann` when `news` is merged into `all`. Merging
    again adds what is new. Several answers of one annotator to the same task are all kept, as repeats.
    """
    from tallymark.cli.commands._database import reading_store
    from tallymark.store.reading import StoredDatasets

    if out_set in in_sets:
        raise InputError(f"Dataset {out_set!r} cannot be merged into itself; leave it out of the first list.")
    with reading_store(settings) as store:
        datasets = StoredDatasets(store)
        expected = sum(datasets.count(name) for name in in_sets)
        report = Report(rows=expected)
        records = counted(_records(datasets, in_sets, out_set, rehash=rehash), "records", expected)
        if dry:
            report.added = sum(1 for _ in records)
        else:
            import_records(out_set, map(Answered, records), report, None, settings)
    print_report(report, out_set, settings, dry=dry)


def _records(datasets: "StoredDatasets", in_sets: list[str], out_set: str, *, rehash: bool) -> Iterator[Task]:
    from tallymark.hashing import set_hashes, without_private

    for name in in_sets:
        for record in datasets.answers(name):
            for key in ("_session_id", "_annotator_id"):
                if str(record.get(key, "")).startswith(f"{name}-"):
                    record[key] = f"{out_set}-{str(record[key]).removeprefix(f'{name}-')}"
            yield without_private(set_hashes(record, overwrite=True)) if rehash else record
