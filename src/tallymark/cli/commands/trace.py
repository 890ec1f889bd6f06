"""`tallymark trace`: the whole life of one record."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tallymark import jsontext
from tallymark.cli.catalog import command
from tallymark.cli.commands._database import reading_store
from tallymark.cli.commands._lines import place_of
from tallymark.cli.commands._terminal import console
from tallymark.errors import InputError
from tallymark.recipe import Arg

if TYPE_CHECKING:
    from tallymark.config import Settings

__all__ = ["trace"]

WIDE = 160


@command(
    "trace",
    set_id=Arg(help="Dataset of the record."),
    row=Arg("--row", help="Row of a source, from 1; FILE:ROW where there are several sources."),
    text=Arg("--text", help="The whole text of an input, or a part of a document."),
    hash_=Arg("--hash", help="An _input_hash or _task_hash, or an identity of 32 hexadecimal digits."),
    task=Arg("--task", help="Id of a task, as other commands print it."),
    json_=Arg("--json", help="Print everything as JSON."),
)
def trace(
    set_id: str,
    row: str | None = None,
    text: str | None = None,
    hash_: str | None = None,
    task: str | None = None,
    json_: bool = False,
    *,
    settings: "Settings",
) -> int:
    """Tell the life of a record: its row and hashes, who held it when, every answer and edit, and its export.

    Nothing is changed by looking. The exit code is 1 when nothing is found.
    """
    from tallymark.queue.trace import trace as find

    source, ordinal = _row(row)
    with reading_store(settings) as store, store.reading() as tx:
        found = find(tx, dataset=set_id, task_id=task, row=ordinal, source=source, hash=hash_, text=text)
    for each in _rows_of(found):
        each["place"] = place_of(each["uri"], each["ordinal"])
    if json_:
        print(json.dumps(found, indent=2))
    else:
        out = console()
        for line in _lines(found, ordinal):
            out.print(line, soft_wrap=True)
    return 0 if found["tasks"] or found["row_fates"] else 1


def _row(given: str | None) -> tuple[str | None, int | None]:
    """A row as it is typed: `57` or `news.jsonl:57`."""
    if given is None:
        return None, None
    source, _, number = given.rpartition(":")
    if not re.fullmatch(r"[1-9][0-9]{0,17}", number):
        raise InputError(f"--row is {given!r}; expected a row number from 1, or FILE:ROW.")
    return source or None, int(number)


def _rows_of(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for task in found["tasks"]:
        yield from task["rows"]


def _lines(found: dict[str, Any], row: int | None) -> Iterator[str]:
    if found["note"]:
        yield found["note"]
    for fate in found["row_fates"]:
        why = f" ({fate['note']})" if fate["note"] else ""
        yield f"{place_of(fate['uri'], row or 0)}{_version(fate)}: {fate['fate']}{why}"
    for task in found["tasks"]:
        yield ""
        yield from _life(task)
    if not found["tasks"]:
        yield "No task was found."


def _life(task: dict[str, Any]) -> Iterator[str]:
    wanted = "everyone's" if task["overlap"] is None else f"{task['overlap']:,}"
    yield f"task {task['task_id']}: {task['state']}, {task['counted']} of {wanted} answers counted"
    yield f"  document     {_short(task['task'])}"
    for name, identity in (("input_hash", "input_identity"), ("task_hash", "identity")):
        made = f"{task[name]} ({_made_of(task, name)}), identity {task[identity]}"
        yield f"  {name.replace('_', ' '):<12} {made}"
    told = "input" if task["exclude_by"] == "input" else "whole task"
    repeat = f"; repeat {task['repeat']}" if task["repeat"] else ""
    yield f"  duplicates   are told by the {told}{repeat}"
    for row in task["rows"]:
        yield f"  row          {row['place']}{_version(row)} (link: {row['how']})"
        for same in row["duplicates"]:
            rows = (
                f"{same['first']:,}"
                if same["first"] == same["last"]
                else f"{same['first']:,}–{same['last']:,}"
            )
            yield f"  duplicate    {same['uri']}{_version(same)}, row {rows}"
    if task["pushed"]:
        yield f"  pushed       by the recipe{_after(task)}"
    elif not task["rows"]:
        yield "  row          none: it was imported or made by a recipe"
    if task["led_to"]:
        yield f"  led to       task {', '.join(task['led_to'])}"
    if task["same_input"]:
        yield f"  same input   task {', '.join(task['same_input'])}"
    for assignment in task["assignments"]:
        standing = f" {assignment['standing']}" if assignment["standing"] else ""
        yield f"  {_name(assignment):<12} {assignment['state']}{standing}"
    moments = sorted(_moments(task), key=lambda moment: moment[0])
    for at, line in moments:
        yield f"  {_time(at)}  {line}"


def _after(task: dict[str, Any]) -> str:
    return f", after task {task['follows']}" if task["follows"] is not None else ""


def _moments(task: dict[str, Any]) -> Iterator[tuple[float, str]]:
    """Everything that happened at a time."""
    yield task["created_at"], "queued"
    for lease in task["leases"]:
        yield lease["leased_at"], f"{_name(lease)}: leased"
        if lease["how"] in ("released", "expired"):
            yield lease["ended_at"], f"{_name(lease)}: lease {lease['how']}"
        elif lease["how"] == "held" and lease["lease_until"] is not None:
            yield lease["lease_until"], f"{_name(lease)}: the lease may be taken from here on"
    for draft in task["drafts"]:
        message = f", sent back: {draft['message']}" if draft["message"] else ""
        yield draft["saved_at"], f"{_name(draft)}: draft{message}; {_short(draft['changes'])}"
    for answer in task["answers"]:
        yield answer["server_time"], _answer(answer)
    for given in task["deliveries"]:
        if given["delivered_at"] is not None:
            seen = ", which it cannot take back" if given["unseen"] else ""
            yield given["delivered_at"], f"{_name(given)}: given to the model ({given['kind']}){seen}"
        elif given["handed_at"] is not None:
            yield given["handed_at"], f"{_name(given)}: on its way to the model ({given['kind']})"
    for event in task["events"]:
        detail = f": {event['detail']}" if event["detail"] else ""
        yield event["at"], f"operator: {event['kind'].replace('_', ' ')}{detail}"


def _answer(answer: dict[str, Any]) -> str:
    parts = [f"{_name(answer)}: revision {answer['revision']}, {answer['status']}"]
    if answer["decision"]:
        parts.append(answer["decision"])
    if answer["active_ms"] is not None:
        parts.append(f"{answer['active_ms'] / 1000:.1f} s active")
    if answer["conflict"]:
        parts.append("not current: made on an older revision")
    if answer["standing"]:
        parts.append(f"current, {answer['standing']}")
    if answer["form_state"]:
        parts.append(
            {"due": "waits for before_db", "made": "stored form made", "failed": "before_db failed"}[
                answer["form_state"]
            ]
        )
    parts += [f"{key} {answer[key]!r}" for key in ("comment", "reason") if answer[key]]
    return ", ".join(parts) + "".join(f"\n{'':23}{line}" for line in _difference(answer))


def _difference(answer: dict[str, Any]) -> Iterator[str]:
    for change in answer["difference"]:
        for sign, name in (("−", "removed"), ("+", "added")):
            for element in change.get(name, ()):
                yield f"{sign} {change['key']}: {_short(element)}"
        if "added" not in change:
            for sign, name in (("−", "from"), ("+", "to")):
                if name in change:
                    yield f"{sign} {change['key']}: {_short(change[name])}"


def _made_of(task: dict[str, Any], name: str) -> str:
    keys = task["made_of"][name]
    if keys is None:
        return "given with the row, or made of other keys"
    return f"made of {', '.join(keys)}" if keys else "made of the whole document"


def _version(row: dict[str, Any]) -> str:
    return f", version {row['version']}" if row["version"] > 1 else ""


def _name(of: dict[str, Any]) -> str:
    return str(of["session"]) or "(no session)"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _short(value: Any) -> str:
    text = jsontext.dumps(value)
    return text if len(text) <= WIDE else f"{text[:WIDE]}…"
