"""`tallymark invite`: a link with which somebody makes an account."""

import math
import sys
from typing import TYPE_CHECKING, Any, Literal

from tallymark.cli.catalog import command
from tallymark.errors import InputError
from tallymark.recipe import Arg

if TYPE_CHECKING:
    from tallymark.config import Settings

__all__ = ["invite"]


@command(
    "invite",
    set_id=Arg(help="Dataset to annotate; - for every dataset."),
    annotator=Arg(help="Name of the account; it is the annotator's seat, too."),
    role=Arg(
        "--role", "-r", help="What the account may do: annotate, or look at the books and run the project."
    ),
    days=Arg("--days", "-d", help="How long the link is good."),
    reset=Arg("--reset", help="Take the account's password away, so that a new one is chosen."),
)
def invite(
    set_id: str,
    annotator: str,
    role: Literal["annotator", "operator"] | None = None,
    days: float = 7.0,
    reset: bool = False,
    *,
    settings: "Settings",
) -> None:
    """Invite somebody: prints a link with which they choose a password, once.

    With the first account everybody has to log in to this database, on this machine, too.
    """
    from tallymark.cli.commands._database import reading_store
    from tallymark.queue.datasets import find_dataset
    from tallymark.server.channel import open_channel

    if not math.isfinite(days):  # is no JSON, in which the server is told
        raise InputError(f"--days is {days:g}; give a number of days.")
    dataset = None if set_id == "-" else set_id
    if dataset is not None:
        with reading_store(settings) as store, store.reading() as tx:
            find_dataset(tx, dataset)
    with open_channel(settings.database_url) as channel:
        first = not channel.call("accounts.any_accounts")
        made = channel.call(
            "accounts.invite", name=annotator, dataset=dataset, role=role, days=days, reset=reset
        )
    print(_link(settings, dataset, made))
    if made["nonce"] is None:
        _say(f"{made['name']} has a password already and logs in with it.")
    else:
        _say(f"Send this link to {made['name']} alone; it is good once, for {days:g} days.")
    if first:
        _say("From now on everybody has to log in. For yourself: `tallymark invite - NAME --role operator`.")


def _link(settings: "Settings", dataset: str | None, made: dict[str, Any]) -> str:
    from urllib.parse import urlencode

    from tallymark.server.seals import seal

    query = {} if dataset is None else {"dataset": dataset}
    if made["nonce"] is not None:
        query["invitation"] = seal(made["key"], made["nonce"], salt="invitation")
    return f"{_address(settings)}/{f'?{urlencode(query)}' if query else ''}"


def _address(settings: "Settings") -> str:
    """Where the page is, or was last."""
    from tallymark.cli.commands._database import reading_store
    from tallymark.queue.servers import remembered_address

    if settings.public_url is not None:
        return settings.public_url.rstrip("/")
    with reading_store(settings) as store, store.reading() as tx:
        known = remembered_address(tx)
    return known or f"http://localhost:{settings.port}"


def _say(words: str) -> None:
    print(words, file=sys.stderr)
