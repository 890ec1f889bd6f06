"""`tallymark import-prodigy`: what was annotated with Prodigy, with its datasets, sessions and hashes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tallymark.cli.catalog import command
from tallymark.cli.commands._importing import Answered, Report, import_records, make_dataset, print_reasons
from tallymark.cli.commands._terminal import console, counted, table
from tallymark.databases import shown
from tallymark.errors import InputError
from tallymark.labels import split_string
from tallymark.names import listed
from tallymark.recipe import Arg
from tallymark.types import DECISIONS

if TYPE_CHECKING:
    from tallymark.cli.commands._prodigy_db import Example, Named, ProdigyDatabase
    from tallymark.config import Settings

__all__ = ["import_prodigy"]


@command(
    "import-prodigy",
    source=Arg(help="A prodigy.db, the folder it is in, or a postgresql:// URL. It is only read."),
    dataset=Arg(
        "--dataset", "-d", help="Datasets to import, separated by commas; else all.", converter=split_string
    ),
    exclude_by=Arg(
        "--exclude-by",
        help="What makes two tasks of a new dataset the same; by default as the records' view.",
    ),
    dry=Arg("--dry", "-D", help="Read and count, import nothing."),
)
def import_prodigy(
    source: str,
    dataset: list[str] | None = None,
    exclude_by: Literal["task", "input"] | None = None,
    dry: bool = False,
    *,
    settings: "Settings",
) -> int:
    """Import the datasets of a Prodigy database, and show that as many answers are here as were there.

    Every example is kept to the letter, with its hashes, its session and its time; the same question answered
    twice in a session is kept twice. Recipes that exclude an imported dataset ask nothing again. Importing
    again adds what is new.
    """
    from tallymark.cli.commands._prodigy_db import open_prodigy

    with open_prodigy(source) as prodigy:
        every = prodigy.named()
        chosen = _chosen(every, dataset, source)
        moves = [_Move(named, prodigy.lost(named)) for named in chosen]
        for move in moves:
            move.run(prodigy, exclude_by, settings, dry=dry)
        apart = 0 if dataset else prodigy.apart()
    here = {} if dry else _here(settings)
    _print(moves, here, source, settings, dry=dry)
    if apart:
        console(stderr=True).print(
            f"{apart:,} examples are in no dataset, or in sessions whose dataset was dropped: not imported. "
            "--dataset takes the name of a session, too."
        )
    whole = all(move.balances(here, dry=dry) and not move.report.invalid for move in moves)
    return int(not whole)


@dataclass(slots=True)
class _Move:
    """A dataset on its way, and what became of its examples."""

    named: "Named"
    lost: int
    report: Report = field(default_factory=Report)
    other_hashes: int = 0
    unanswered: int = 0
    sessions: set[str] = field(default_factory=set)

    def run(
        self,
        prodigy: "ProdigyDatabase",
        exclude_by: Literal["task", "input"] | None,
        settings: "Settings",
        *,
        dry: bool,
    ) -> None:
        """Import everything, in the order it was stored."""
        records = counted(self._answered(prodigy), self.named.name, self.named.examples)
        if dry:
            self.report.added = sum(1 for _ in records)
            return
        created = self.named.created
        import_records(self.named.name, records, self.report, exclude_by, settings, created_at=created)
        if not self.report.added + self.report.known:
            make_dataset(self.named.name, exclude_by or "task", settings, created_at=created)

    def balances(self, here: dict[str, int], *, dry: bool) -> bool:
        """Whether every link of the dataset is accounted for, and as many answers are in the database."""
        report = self.report
        said = report.added + report.known
        read = report.rows + self.lost == self.named.examples
        return read and report.rows == said + len(report.invalid) and (dry or here[self.named.name] == said)

    def _answered(self, prodigy: "ProdigyDatabase") -> Iterator[Answered]:
        for example in prodigy.examples(self.named):
            self.report.rows += 1
            try:
                record = self._record(example)
            except ValueError as error:
                self.report.invalid.append(f"{self.named.name}, example {example.id}: {error}")
                continue
            session = record.get("_session_id") or example.session
            self.sessions.add(str(session or ""))
            yield Answered(record, example.session, example.session_created)

    def _record(self, example: "Example") -> dict[str, Any]:
        """The example as an answered record. Errors: `ValueError` with the reason."""
        from tallymark import jsontext
        from tallymark.hashing import INPUT_HASH_KEY, TASK_HASH_KEY

        record = jsontext.loads(example.content)
        if not isinstance(record, dict):
            raise ValueError(f"it is {type(record).__name__}, not an object")
        if "answer" not in record:
            self.unanswered += 1
            record["answer"] = "accept"
        if record["answer"] not in DECISIONS:
            raise ValueError(f"the answer {record['answer']!r} is not one of {', '.join(DECISIONS)}")
        for key, stored in ((INPUT_HASH_KEY, example.input_hash), (TASK_HASH_KEY, example.task_hash)):
            if stored is not None and record.setdefault(key, stored) != stored:
                self.other_hashes += 1
        return record


def _chosen(every: "list[Named]", wanted: list[str] | None, source: str) -> "list[Named]":
    if wanted is None:
        return [named for named in every if not named.session]
    by_name = {named.name: named for named in every}
    missing = [name for name in wanted if name not in by_name]
    if missing:
        names = [named.name for named in every if not named.session]
        raise InputError(f"{shown(source)} has no dataset {listed(missing)}. It has: {listed(names)}.")
    return [by_name[name] for name in dict.fromkeys(wanted)]


def _here(settings: "Settings") -> dict[str, int]:
    """The imported answers of each dataset, counted in the database."""
    from tallymark.cli.commands._database import reading_store
    from tallymark.store import Statement

    imported = Statement(
        "How many answers of each dataset were imported.",
        "SELECT d.name, count(a.id) AS answers FROM dataset d"
        " LEFT JOIN answer a ON a.dataset = d.id AND a.op_id LIKE 'import:%' GROUP BY d.id, d.name",
    )
    with reading_store(settings) as store, store.reading() as tx:
        return {row["name"]: row["answers"] for row in tx.all(imported)}


def _print(moves: list[_Move], here: dict[str, int], source: str, settings: "Settings", *, dry: bool) -> None:
    out = console()
    columns = ("dataset", "sessions", "there", "lost", "invalid", "known", "added", "repeats", "here", "")
    made = table(
        f"{'Would import' if dry else 'Imported'} from {shown(source)}", *columns, numbers=range(1, 9)
    )
    for move in moves:
        report = move.report
        counts = (
            move.named.examples,
            move.lost,
            len(report.invalid),
            report.known,
            report.added,
            report.repeats,
        )
        found = "-" if dry else f"{here[move.named.name]:,}"
        verdict = _verdict(move, balances=move.balances(here, dry=dry))
        made.add_row(
            move.named.name, f"{len(move.sessions):,}", *(f"{count:,}" for count in counts), found, verdict
        )
    out.print(made)
    if not dry:
        out.print(shown(settings.database_url), style="dim")
    for move in moves:
        _print_notes(move)


def _verdict(move: _Move, *, balances: bool) -> str:
    if not balances:
        return "DOES NOT ADD UP"
    return f"adds up, but for {len(move.report.invalid):,}" if move.report.invalid else "adds up"


def _print_notes(move: _Move) -> None:
    errors = console(stderr=True)
    if move.lost:
        errors.print(f"{move.named.name}: {move.lost:,} links lead to examples that are not there.")
    if move.unanswered:
        errors.print(
            f"{move.named.name}: {move.unanswered:,} examples had no answer and were taken as accept."
        )
    if move.other_hashes:
        errors.print(
            f"{move.named.name}: {move.other_hashes:,} hashes differ from the column; the record's count."
        )
    print_reasons(move.report)
