"""`tallymark seats`: who answers in a dataset; rename, merge and retire sessions."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from tallymark.cli.catalog import command
from tallymark.cli.commands._database import reading_store
from tallymark.cli.commands._operating import asked, channel, need
from tallymark.cli.commands._terminal import console, table
from tallymark.errors import InputError
from tallymark.recipe import Arg

if TYPE_CHECKING:
    from tallymark.config import Settings

__all__ = ["seats"]


@command(
    "seats",
    set_id=Arg(help="Dataset to look at or change."),
    action=Arg(help="list, rename NAME NEW, merge NAME INTO, or retire NAME."),
    session=Arg(help="Name of a session."),
    other=Arg(help="Its new name, or the session it is merged into."),
    yes=Arg("--yes", "-y", help="Do not ask."),
    json_=Arg("--json", help="Print the list as JSON."),
)
def seats(
    set_id: str,
    action: Literal["list", "rename", "merge", "retire"] = "list",
    session: str | None = None,
    other: str | None = None,
    yes: bool = False,
    json_: bool = False,
    *,
    settings: "Settings",
) -> int:
    """List the sessions of a dataset, rename one, make one of two, or close one.

    Merging moves everything of the first session to the second; where both answered a task, the newer answer
    counts and the other is withdrawn. It cannot be taken back. A retired session is open again when somebody
    takes its name.
    """
    _refuse_more(action, {"list": (session, other), "retire": (other,)}.get(action, ()))
    if action == "list":
        _list(set_id, settings, as_json=json_)
    elif action == "retire":
        _retire(set_id, need(action, session, "NAME"), settings)
    elif action == "rename":
        _rename(set_id, need(action, session, "NAME"), need(action, other, "NEW"), settings)
    else:
        return _merge(set_id, need(action, session, "NAME"), need(action, other, "INTO"), settings, yes=yes)
    return 0


def _refuse_more(action: str, words: tuple[str | None, ...]) -> None:
    """Words that an action does not take. Errors: `InputError` when one was given."""
    for word in words:
        if word is not None:
            raise InputError(f"{action!r} takes no {word!r}; `--help` shows what comes behind it.")


def _retire(set_id: str, name: str, settings: "Settings") -> None:
    with channel(settings, set_id) as opened:
        released = opened.call("seats.retire_seat", dataset=set_id, name=name)["released"]
    print(f"Session {name!r} is retired; {released:,} tasks go to others.")


def _rename(set_id: str, name: str, new_name: str, settings: "Settings") -> None:
    with channel(settings, set_id) as opened:
        opened.call("people.rename_seat", dataset=set_id, name=name, new_name=new_name)
    print(f"Session {name!r} is {new_name!r} now.")


def _merge(set_id: str, name: str, into: str, settings: "Settings", *, yes: bool) -> int:
    if not asked(f"Merge session {name!r} into {into!r} for good?", yes=yes):
        return 1
    with channel(settings, set_id) as opened:
        done = opened.call("people.merge_seats", timeout=600.0, dataset=set_id, name=name, into=into)
    print(
        f"{done['moved']:,} tasks of {name!r} belong to {into!r} now; {done['both']:,} were answered by both."
    )
    return 0


def _list(set_id: str, settings: "Settings", *, as_json: bool) -> None:
    from tallymark.queue.overview import seats_of

    with reading_store(settings) as store, store.reading() as tx:
        found = seats_of(tx, dataset=set_id)
    if as_json:
        print(json.dumps(found, indent=2))
        return
    columns = ("session", "kind", "answered", "holds", "last call", "")
    made = table(f"Sessions of {set_id}", *columns, numbers=(2, 3))
    for seat in found:
        made.add_row(*_told(seat))
    console().print(made if found else "Nobody was here yet.")


def _told(seat: dict[str, Any]) -> tuple[str, ...]:
    last = datetime.fromtimestamp(seat["last_call"]).astimezone().strftime("%Y-%m-%d %H:%M")
    state = "retired" if seat["retired"] else ""
    name = seat["name"] or "(no session)"
    return name, seat["kind"], f"{seat['answered']:,}", f"{seat['held']:,}", last, state
