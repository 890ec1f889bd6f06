"""`tallymark export`: a dataset in a format that other programs read."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tallymark.cli.catalog import command
from tallymark.cli.commands._database import reading_store
from tallymark.cli.commands._files import complete_path, file_name, refuse_source
from tallymark.cli.commands._terminal import console, counted
from tallymark.recipe import Arg

if TYPE_CHECKING:
    from tallymark.config import Settings

__all__ = ["export"]


@command(
    "export",
    set_id=Arg(help="Dataset to export."),
    out=Arg(help="File to write, or a folder; its extension tells the format."),
    format=Arg("--format", "-f", help="jsonl, csv, iob or spacy, when the file's name does not tell."),
    answer=Arg("--answer", "-a", help="Only records with this answer."),
    flagged_only=Arg("--flagged-only", "-F", help="Only records that an annotator flagged."),
)
def export(
    set_id: str,
    out: str,
    format: str | None = None,
    answer: Literal["accept", "reject", "ignore"] | None = None,
    flagged_only: bool = False,
    *,
    settings: "Settings",
) -> None:
    """Write a dataset's answers for other programs: jsonl, csv, iob (token tags), spacy (for `spacy train`).

    What a format cannot hold is listed. The file appears only when it is complete.
    """
    from tallymark.errors import InputError
    from tallymark.export import Notes, exporters
    from tallymark.store.reading import StoredDatasets

    suffix = Path(out).suffix.lower()
    by_suffix = {one.suffix: name for name, one in exporters.registered().items()}
    name = format or by_suffix.get(suffix)
    if name is None:
        raise InputError(
            f"The format is not known by {out!r}; name it with --format ({', '.join(exporters.names())})."
        )
    chosen = exporters.get(name)
    path = Path(out).expanduser()
    if out.endswith("/") or (path.is_dir() and path.suffix != chosen.suffix):
        path = path / file_name(set_id, chosen.suffix)
    notes = Notes()
    with reading_store(settings) as store:
        datasets = StoredDatasets(store)
        total = datasets.count(set_id)
        refuse_source(store, path)
        records = datasets.answers(set_id, decision=answer, flagged_only=flagged_only)
        with complete_path(path) as partial:
            number = chosen.write(counted(records, "records", total), partial, notes)
    told = console(stderr=True)
    told.print(f"{number:,} records in {'the files of ' if path.is_dir() else ''}{path}")
    for what, times in notes.mentions.most_common():
        told.print(f"{times:,} × {what}", style="yellow")
