"""The audits of a file: an export against the answers of a dataset, a source against its rows."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tallymark import jsontext
from tallymark.cli.commands._accounting import Account, account
from tallymark.cli.commands._comparing import SHOWN, Comparison, compare
from tallymark.cli.commands._database import reading_store
from tallymark.cli.commands._files import complete_file, refuse_source
from tallymark.cli.commands._lines import places_of
from tallymark.cli.commands._terminal import console, counted, shown_progress, table
from tallymark.errors import InputError

if TYPE_CHECKING:
    from tallymark.config import Settings
    from tallymark.source import Source
    from tallymark.store import Store
    from tallymark.types import Task

__all__ = ["audit_export", "audit_source"]

_DIFFERENCES = {
    "missing": "counted answers that the file does not have",
    "extra": "records that are no counted answer",
    "changed": "records that say something else than the answer",
    "doubled": "records that repeat another one, but for the time",
}
_STATES = {
    "done": "have their answers",
    "answered": "answered, but not by as many as wanted",
    "leased": "with somebody now",
    "open": "open",
    "withdrawn": "withdrawn by an operator",
    "duplicate": "duplicates",
    "excluded": "excluded, answered in another dataset",
    "invalid": "invalid",
    "passed": "passed over by the recipe",
    "pending": "read, not decided yet",
    "not read yet": "not read yet",
    "lost": "LOST: no task, though there should be one",
    "unknown": "not in the dataset",
}


@dataclass(slots=True)
class _Invalid:
    """Rows of a file that are no records: how many, and why the first ones are none."""

    count: int = 0
    reasons: list[str] = field(default_factory=list)

    def drain(self, source: "Source") -> None:
        """Take what the source has found since the last call."""
        source.drain_notes()
        for fate in source.drain_fates():
            self.count += 1
            if len(self.reasons) < SHOWN:
                self.reasons.append(fate.note or f"row {fate.ordinal}")


def audit_export(set_id: str, path: str, loader: str | None, settings: "Settings", *, as_json: bool) -> int:
    """Does a file of answered records hold exactly the counted answers of a dataset? 0 if it does, else 1."""
    from tallymark.loaders import open_source
    from tallymark.store.reading import StoredDatasets

    source = open_source(path, loader=loader)
    invalid = _Invalid()
    with reading_store(settings) as store:
        datasets = StoredDatasets(store)
        expected = datasets.count(set_id)
        answers = counted(datasets.answers(set_id), "answers", expected)
        found = compare(counted(_records(source, invalid), "records"), answers)
    sound = found.sound and not invalid.count
    if as_json:
        told = {"sound": sound, "export": source.uri, **asdict(found), "invalid": asdict(invalid)}
        print(json.dumps(told, indent=2))
    else:
        _print_comparison(found, source.uri, invalid, sound=sound)
    return 0 if sound else 1


def _records(source: "Source", invalid: _Invalid) -> "Iterator[tuple[int, Task]]":
    """Every record with its row; rows that are none are kept apart."""
    for task in source.tasks():
        yield task["_row"][1], task
        invalid.drain(source)
    invalid.drain(source)


def _print_comparison(found: Comparison, uri: str, invalid: _Invalid, *, sound: bool) -> None:
    out = console()
    made = table(f"{uri} against the counted answers", "", "", numbers=(1,))
    made.add_row("records in the file", f"{found.file:,}")
    made.add_row("counted answers", f"{found.dataset:,}")
    made.add_row("the same", f"{found.same:,}")
    if found.other_time:
        made.add_row("  of them at another time", f"{found.other_time:,}")
    for kind, words in _DIFFERENCES.items():
        made.add_row(f"{kind}: {words}", f"{getattr(found, kind):,}")
    if invalid.count:
        made.add_row("rows that are no record", f"{invalid.count:,}")
    out.print(made)
    for kind, examples in found.examples.items():
        places = places_of(uri, [each["row"] for each in examples if each["row"] is not None])
        for each in examples:
            where = "not in the file" if each["row"] is None or kind == "missing" else places[each["row"]]
            out.print(f"  {kind}: {where}, session {each['session']}, _task_hash {each['task_hash']}")
    for reason in invalid.reasons:
        out.print(f"  no record: {reason}")
    _print_repeats(found)
    if sound:
        out.print("The file holds exactly the counted answers.", style="green")
    else:
        out.print("The file does not hold exactly the counted answers.", style="bold red")


def _print_repeats(found: Comparison) -> None:
    """Answers of one session that say the same to the same question: legal where both sides have them."""
    if not found.repeats:
        return
    made = table("the same answer to the same question again, by session", "session", "file", "dataset")
    for each in found.repeats:
        made.add_row(str(each["session"]), f"{each['file']:,}", f"{each['dataset']:,}")
    console().print(made)


def audit_source(
    set_id: str, path: str, loader: str | None, out: str | None, settings: "Settings", *, as_json: bool
) -> int:
    """Where is each row of a source? 0 if every one is accounted for, else 1."""
    from tallymark.loaders import open_sources

    sources = open_sources(path, loader=loader)
    with (
        reading_store(settings) as store,
        store.reading() as tx,
        _written(out, store, sources) as note,
        shown_progress("rows", total=None) as advance,
    ):
        found = [
            account(tx, source, dataset=set_id, advance=advance, note=partial(note, source.uri))
            for source in sources
        ]
    sound = all(each.sound for each in found)
    if as_json:
        print(json.dumps({"sound": sound, "sources": [_told(each) for each in found]}, indent=2))
    else:
        for each in found:
            _print_account(each)
    return 0 if sound else 1


@contextmanager
def _written(
    out: str | None, store: "Store", sources: "list[Source]"
) -> "Iterator[Callable[[str, dict[str, Any]], None]]":
    """A function that writes each row to a file, or nowhere. Errors: `InputError` for one that is read."""
    if out is None:
        yield lambda _uri, _row: None
        return
    path = Path(out).expanduser()
    refuse_source(store, path)
    if str(path.resolve()) in {str(Path(source.uri).resolve()) for source in sources}:
        raise InputError(f"{path} is the file that is looked at. Name another one for --out.")
    with complete_file(path) as file:
        yield lambda uri, row: _write(file, {"source": uri, **row})


def _write(file: Any, row: dict[str, Any]) -> None:
    file.write(jsontext.dumps(row).encode() + b"\n")


def _told(found: Account) -> dict[str, Any]:
    told = {key: getattr(found, key) for key in ("uri", "how", "rows", "problem", "sound")}
    return {**told, "states": dict(found.states), "examples": found.examples}


def _print_account(found: Account) -> None:
    out = console()
    made = table(f"rows of {found.uri}", "", "", numbers=(1,))
    made.add_row("in the file", f"{found.rows:,}")
    for state, words in _STATES.items():
        if found.states[state]:
            made.add_row(f"  {words}", f"{found.states[state]:,}")
    out.print(made)
    shown = {state: rows for state, rows in found.examples.items() if state in _STATES}
    places = places_of(found.uri, [row["row"] for rows in shown.values() for row in rows])
    for state, rows in shown.items():
        for row in rows:
            out.print(f"  {places[row['row']]}: {state}{_why(row)}")
        if len(rows) < found.states[state] and rows:
            out.print(f"  … and {found.states[state] - len(rows):,} more; --out FILE writes them all")
    if found.how == "content":
        out.print("The dataset did not read this file under this name; rows are told by what they ask.")
    if found.problem:
        out.print(found.problem, style="bold red")
    if found.sound:
        out.print("Every row is accounted for.", style="green")
    else:
        out.print("Not every row is accounted for.", style="bold red")


def _why(row: dict[str, Any]) -> str:
    by = f" by {', '.join(name or '(no session)' for name in row['sessions'])}" if row["sessions"] else ""
    task = f", task {', '.join(row['tasks'])}" if row["tasks"] else ""
    return f"{by}{task}" + (f" ({row['note']})" if row["note"] else "")
