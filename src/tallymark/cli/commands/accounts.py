"""`tallymark accounts`: who may log in."""

import sys
from typing import TYPE_CHECKING

from tallymark.cli.catalog import command
from tallymark.errors import InputError
from tallymark.recipe import Arg

if TYPE_CHECKING:
    from tallymark.config import Settings

__all__ = ["accounts"]


@command(
    "accounts",
    disable=Arg("--disable", help="Shut this account: it is logged out everywhere; its answers stay."),
    enable=Arg("--enable", help="Open this account again."),
    token=Arg("--token", help="Print a token of this account, for `Authorization: Bearer` in scripts."),
    no_format=Arg("--no-format", "-NF", help="Print JSON instead of a table."),
)
def accounts(
    disable: str | None = None,
    enable: str | None = None,
    token: str | None = None,
    no_format: bool = False,
    *,
    settings: "Settings",
) -> None:
    """List the accounts of this database, or shut and open one.

    `tallymark invite` makes accounts. Without any, nobody has to log in.
    """
    from tallymark.server.channel import open_channel

    if sum(given is not None for given in (disable, enable, token)) > 1:
        raise InputError("Give --disable, --enable or --token, one at a time.")
    for name, call in ((disable, "accounts.disable"), (enable, "accounts.enable")):
        if name is not None:
            with open_channel(settings.database_url) as channel:
                channel.call(call, name=name)
            print(f"The account {name!r} is {call.rpartition('.')[2]}d.", file=sys.stderr)
    if token is not None:
        print(_token(settings, token))
    elif disable is None and enable is None:
        _show(settings, no_format=no_format)


def _show(settings: "Settings", *, no_format: bool) -> None:
    import datetime
    import json

    from tallymark.cli.commands._database import reading_store
    from tallymark.cli.commands._terminal import console, table
    from tallymark.queue.accounts import accounts

    with reading_store(settings) as store, store.reading() as tx:
        found = accounts(tx)
    if no_format:
        print(json.dumps(found, indent=2))
        return
    shown = table("Accounts", "name", "role", "state", "datasets", "since")
    for one in found:
        since = datetime.datetime.fromtimestamp(one["created_at"]).astimezone()
        datasets = "all" if one["datasets"] is None else ", ".join(one["datasets"])
        shown.add_row(one["name"], one["role"], one["state"], datasets, f"{since:%Y-%m-%d}")
    console().print(shown)


def _token(settings: "Settings", name: str) -> str:
    from tallymark.cli.commands._database import reading_store
    from tallymark.errors import NotKnown
    from tallymark.queue.accounts import account_named, signing_key
    from tallymark.server.seals import seal

    with reading_store(settings) as store, store.reading() as tx:
        account, key = account_named(tx, name), signing_key(tx)
    if account is None or key is None:
        raise NotKnown(f"There is no account {name!r}. `tallymark accounts` lists them.")
    return seal(key, [account["id"], account["epoch"]], salt="token")
