"""`tallymark labels`: the label set and the instructions of a dataset, while it is annotated."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tallymark.cli.catalog import command
from tallymark.cli.commands._database import reading_store
from tallymark.cli.commands._operating import channel, in_parts, need
from tallymark.cli.commands._terminal import console, table
from tallymark.errors import InputError
from tallymark.recipe import Arg

if TYPE_CHECKING:
    from tallymark.config import Settings

__all__ = ["labels"]

SHOWN = 50
_CALLS = {"add": "add_label", "rename": "rename_label", "merge": "merge_labels", "retire": "retire_label"}


@command(
    "labels",
    set_id=Arg(help="Dataset to look at or change."),
    action=Arg(
        help="list; add LABEL, rename LABEL NEW, merge LABEL INTO, retire LABEL; instructions FILE;"
        " affected or reopen, with or without LABEL."
    ),
    label=Arg(help="A label, or the file of the instructions."),
    other=Arg(help="Its new name, or the label it is merged into."),
    version=Arg("--version", help="For affected and reopen: number of a change, the last one if left out."),
    comment=Arg("--comment", "-c", help="For reopen: what the authors are to look at; the card shows it."),
    json_=Arg("--json", help="Print what is listed as JSON."),
)
def labels(
    set_id: str,
    action: Literal[
        "list", "add", "rename", "merge", "retire", "instructions", "affected", "reopen"
    ] = "list",
    label: str | None = None,
    other: str | None = None,
    version: int | None = None,
    comment: str | None = None,
    json_: bool = False,
    *,
    settings: "Settings",
) -> None:
    """Change the labels or the instructions of a dataset while it is annotated; open pages learn of it.

    Answers stay as they were given, each with the number of the last change before it. `affected` lists those
    given before a change, and `reopen` sends them back to their authors with a comment. The recipe's own
    labels stay as they are in its command; the changes apply to every later start, too.
    """
    if action == "list":
        _list(set_id, settings, as_json=json_)
    elif action == "affected":
        _affected(set_id, label, version, settings, as_json=json_)
    elif action == "reopen":
        _reopen(set_id, label, version, comment, settings)
    elif action == "instructions":
        _instruct(set_id, need(action, label, "FILE"), settings)
    else:
        _change(set_id, action, label, other, settings)


def _change(set_id: str, action: str, label: str | None, other: str | None, settings: "Settings") -> None:
    named: dict[str, Any] = {"label": need(action, label, "LABEL")}
    if action == "rename":
        named["new"] = need(action, other, "NEW")
    elif action == "merge":
        named["into"] = need(action, other, "INTO")
    with channel(settings, set_id) as opened:
        now = opened.call(f"labelling.{_CALLS[action]}", dataset=set_id, **named)
    print(f"The labels of {set_id!r} are {', '.join(now['labels'])} (change {now['version']}).")


def _instruct(set_id: str, file: str, settings: "Settings") -> None:
    try:
        text = Path(file).expanduser().read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"The instructions {file} cannot be read: {error}.") from error
    with channel(settings, set_id) as opened:
        now = opened.call("labelling.set_instructions", dataset=set_id, text=text)
    print(f"The instructions of {set_id!r} are those of {file} (change {now['version']}).")


def _reopen(
    set_id: str, label: str | None, version: int | None, comment: str | None, settings: "Settings"
) -> None:
    if not comment:
        raise InputError("Say with --comment what the authors are to look at.")
    with channel(settings, set_id) as opened:
        answers = in_parts(
            opened,
            "labelling.reopen_affected",
            dataset=set_id,
            label=label,
            version=version,
            comment=comment,
        )
    print(f"{answers:,} answers go back to their authors.")


def _list(set_id: str, settings: "Settings", *, as_json: bool) -> None:
    from tallymark.queue.labelling import labels as look

    with reading_store(settings) as store, store.reading() as tx:
        found = look(tx, dataset=set_id)
    if as_json:
        print(json.dumps(found, indent=2))
        return
    out = console()
    out.print(f"Labels of {set_id}: {', '.join(found['labels']) or 'none'}")
    made = table("Changes", "number", "at", "what", numbers=(0,))
    for change in found["changes"]:
        at = datetime.fromtimestamp(change["at"]).astimezone().strftime("%Y-%m-%d %H:%M")
        made.add_row(str(change["id"]), at, _said(change))
    if found["changes"]:
        out.print(made)


def _said(change: dict[str, Any]) -> str:
    if change["kind"] == "instructions":
        return "instructions"
    into = f" → {change['new']}" if change["new"] else ""
    return f"{change['kind']} {change['label']}{into}"


def _affected(
    set_id: str, label: str | None, version: int | None, settings: "Settings", *, as_json: bool
) -> None:
    from tallymark.queue.labelling import affected

    found: list[dict[str, Any]] = []
    after: int | None = 0
    with reading_store(settings) as store, store.reading() as tx:
        while after is not None:
            part = affected(tx, dataset=set_id, label=label, version=version, after=after)
            found += part["answers"]
            after = part["after"]
    if as_json:
        print(json.dumps(found, indent=2))
        return
    for answer in found[:SHOWN]:
        print(f"task {answer['task_id']}, session {answer['session']}")
    if len(found) > SHOWN:
        print(f"… and {len(found) - SHOWN:,} more; --json prints them all")
    print(f"{len(found):,} answers were given before the change.")
