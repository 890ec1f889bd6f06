"""`tallymark worker`: serve the page of a database from a further address or machine."""

import subprocess
from typing import TYPE_CHECKING

from tallymark.cli.catalog import command
from tallymark.errors import ChannelDown, InputError

if TYPE_CHECKING:
    from tallymark.config import Settings

__all__ = ["worker"]

START_SECONDS = 60.0


@command("worker")
def worker(*, settings: "Settings") -> int:
    """Serve the page of a PostgreSQL database here, beside its other servers, until Ctrl-C.

    Run it on as many machines as you like. Recipes run where they were started, and annotating goes on
    while they do not.
    """
    import os
    import time
    from pathlib import Path

    from tallymark.host.launch import ServerOptions, read_report

    options = ServerOptions.of(settings)
    if isinstance(options.database, Path):
        raise InputError(
            f"{options.database} is an SQLite file, which only one server writes to. "
            "Several servers need PostgreSQL: --database postgresql://user@host/name."
        )
    reading, writing = os.pipe()
    with subprocess.Popen(  # noqa: S603 (our own module)
        [*options.command, "--beside", "--ready-fd", str(writing)],
        env=options.environment,
        stdin=subprocess.PIPE,  # it ends when this is closed, or when we are gone
        pass_fds=(writing,),
        start_new_session=True,  # Ctrl-C is for us
    ) as server:
        os.close(writing)
        said = read_report(reading, time.monotonic() + START_SECONDS)
        if said is None:
            raise ChannelDown("The server could not be started; what it said stands above.")
        if said["port_taken"] is not None:
            taken = f"Port {said['port_taken']} is taken by another program"
            print(f"{taken}, so the page is at {said['address']}.", flush=True)
        return _until_stopped(server, said["address"])


def _until_stopped(server: "subprocess.Popen[bytes]", address: str) -> int:
    """Wait for Ctrl-C or the end of the server; what was asked of it is finished."""
    print(f"Annotate at {address}/\nPress Ctrl-C to stop.", flush=True)
    try:
        return server.wait()
    except KeyboardInterrupt:
        assert server.stdin is not None  # noqa: S101  (a pipe, see above)
        server.stdin.close()
        return server.wait()
