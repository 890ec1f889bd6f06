"""`tallymark stop`: end the server of a database that was left behind."""

from typing import TYPE_CHECKING

from tallymark.cli.catalog import command
from tallymark.errors import Busy

if TYPE_CHECKING:
    from tallymark.config import Settings

__all__ = ["stop"]


@command("stop")
def stop(*, settings: "Settings") -> None:
    """End the server of this database, after it has written what it was given.

    A server goes on serving when the recipe's process is killed, so that nobody loses work. The next start
    of a recipe takes it over; this ends it, and closes what the killed recipe left open.
    """
    from tallymark.channel.find import stop_server
    from tallymark.channel.locks import living_hosts
    from tallymark.cli.commands._database import is_there
    from tallymark.databases import place_of
    from tallymark.names import listed
    from tallymark.server.channel import open_channel

    database = place_of(settings.database_url)
    hosts = living_hosts(database)
    if hosts:
        raise Busy(
            f"A recipe still runs and would start the server again: {', '.join(map(str, hosts))}.\n"
            "Press Ctrl-C there, or end that process; the server ends with its last recipe."
        )
    if stop_server(database):
        print(f"The server of {database} has ended.")
    else:
        print(f"No server was running for {database}.")
    if is_there(settings):
        with open_channel(database) as channel:
            closed = channel.call("runs.end_abandoned")
        if closed:
            print(f"Closed, as the recipe had ended without a word: {listed(closed)}.")
