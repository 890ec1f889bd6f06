"""`tallymark audit`: do the books of a dataset balance?"""

import json
from typing import TYPE_CHECKING, Any

from tallymark.cli.catalog import command
from tallymark.cli.commands._auditing import audit_export, audit_source
from tallymark.cli.commands._database import reading_store
from tallymark.cli.commands._terminal import console, table
from tallymark.errors import InputError
from tallymark.recipe import Arg

if TYPE_CHECKING:
    from rich.console import Console

    from tallymark.config import Settings

__all__ = ["audit"]


@command(
    "audit",
    set_id=Arg(help="Dataset to check."),
    compare=Arg("--compare", "-c", help="An export (JSONL): does it hold exactly the counted answers?"),
    source=Arg("--source", "-s", help="A file, folder or pattern: where is each of its rows?"),
    loader=Arg("--loader", "-lo", help="Format of that file, if its extension does not say."),
    out=Arg("--out", "-o", help="With --source: write the state of every row to this file, as JSONL."),
    json_=Arg("--json", help="Print everything as JSON."),
)
def audit(
    set_id: str,
    compare: str | None = None,
    source: str | None = None,
    loader: str | None = None,
    out: str | None = None,
    json_: bool = False,
    *,
    settings: "Settings",
) -> int:
    """Show where every row, task and answer of a dataset is, and check every rule that must hold.

    With --compare or --source a file is checked against the dataset instead. The exit code is 1 when
    something does not add up; what is broken, missing or doubled is listed.
    """
    if compare is not None and source is not None:
        raise InputError("Give --compare or --source, one at a time.")
    if out is not None and source is None:
        raise InputError("--out goes with --source: it is about the rows of a file.")
    if compare is not None:
        return audit_export(set_id, compare, loader, settings, as_json=json_)
    if source is not None:
        return audit_source(set_id, source, loader, out, settings, as_json=json_)
    return _audit(set_id, settings, as_json=json_)


def _audit(set_id: str, settings: "Settings", *, as_json: bool) -> int:
    from tallymark.queue.audit import balances, invariants

    with reading_store(settings) as store, store.reading() as tx:
        books = balances(tx, dataset=set_id)
        rules = invariants(tx, dataset=set_id)
    broken = [rule for rule in rules if rule["broken"]]
    sound = bool(books["balanced"]) and not broken
    if as_json:
        print(
            json.dumps({"sound": sound, "balances": books, "invariants": rules}, default=_as_json, indent=2)
        )
    else:
        _print(books, rules, broken)
    return 0 if sound else 1


def _print(books: dict[str, Any], rules: list[dict[str, Any]], broken: list[dict[str, Any]]) -> None:
    out = console()
    for source in books["sources"]:
        _print_source(out, source)
    for name in ("tasks", "slots", "answers", "apart"):
        _print_group(out, name, books[name])
    for rule in broken:
        _print_broken(out, rule)
    if broken or not books["balanced"]:
        out.print("The books do not balance. Please report this, with `audit --json`.", style="bold red")
    else:
        out.print(f"The books balance: {len(rules)} rules checked, none broken.", style="green")


def _print_source(out: "Console", source: dict[str, Any]) -> None:
    again = f", version {source['version']}" if source["version"] > 1 else ""
    made = table(f"rows of {source['uri']}{again}", "", "", numbers=(1,))
    known = "not counted yet" if source["known"] is None else f"{source['known']:,}"
    made.add_row("known", known)
    if source["unread"]:
        made.add_row("not yet read", f"{source['unread']:,}")
    made.add_row("read", f"{source['read']:,}")
    for fate, number in source["fates"].items():
        made.add_row(f"  {_FATES.get(fate, fate)}", f"{number:,}")
    if source["pending"]:
        made.add_row("  pending", f"{source['pending']:,}")
    out.print(made)
    for row in source["invalid"]:
        rows = (
            f"row {row['first']:,}"
            if row["first"] == row["last"]
            else f"rows {row['first']:,}–{row['last']:,}"
        )
        out.print(f"  invalid, {rows}: {row['note']}", markup=False)
    _print_unbalanced(out, source)


_FATES = {
    "task": "made into tasks",
    "carried": "carried over",
    "excluded": "excluded",
    "duplicate": "duplicate",
    "invalid": "invalid",
    "passed": "passed over",
}


def _print_group(out: "Console", name: str, group: dict[str, Any]) -> None:
    made = table("listed apart" if name == "apart" else name, "", "", numbers=(1,))
    for key, value in group.items():
        if key != "balanced" and (value or name != "apart"):
            made.add_row(key.replace("_", " "), f"{value:,}")
    if made.row_count:
        out.print(made)
    _print_unbalanced(out, group)


def _print_unbalanced(out: "Console", group: dict[str, Any]) -> None:
    if not group.get("balanced", True):
        out.print("These do not add up.", style="bold red")


def _print_broken(out: "Console", rule: dict[str, Any]) -> None:
    columns = list(rule["records"][0]) if rule["records"] else []
    made = table(f"broken: {rule['name']} ({rule['broken']:,})", *columns, style="bold red")
    for record in rule["records"]:
        made.add_row(*(str(_as_json(value)) for value in record.values()))
    out.print(rule["description"])
    out.print(made)


def _as_json(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value
