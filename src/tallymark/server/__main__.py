"""`python -m tallymark.server`: serve one database, or stop the server that does.

Hosts start this; people only need `--stop`, for a server whose host was killed.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tallymark.channel.find import stop_server
from tallymark.channel.wire import ACCESS_VARIABLE
from tallymark.databases import Place, address_of, place_of
from tallymark.errors import TallymarkError

if TYPE_CHECKING:
    from tallymark.server.crew import CrewCommand

_VARIABLE = "TALLYMARK_SERVED"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit status is 3 when another process holds the database."""
    options = _parser().parse_args(argv)
    database = _place(options.database)
    try:
        if options.stop:
            stopped = stop_server(database)
            sys.stdout.write("stopped\n" if stopped else f"nobody serves {database}\n")
            return 0
        return _serve(database, options)
    except TallymarkError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _serve(database: Place, options: argparse.Namespace) -> int:
    from tallymark.server.crew import SECRET_VARIABLE
    from tallymark.server.process import reporter, serve, serve_as_crew, serve_beside
    from tallymark.server.settings import ServerSettings, access_of

    logging.basicConfig(
        level=logging.INFO if options.verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    if options.verbose:
        logging.getLogger("tallymark").setLevel(logging.DEBUG)
    access = os.environ.pop(ACCESS_VARIABLE, "{}")
    settings = ServerSettings(
        host=options.host,
        port=options.port,
        fixed_port=options.fixed_port,
        allowed_hosts=tuple(options.allowed_host),
        max_body=options.max_body,
        workers=options.workers,
        **access_of(access),
    )
    if options.socket:
        return serve_as_crew(database, settings, options.socket, os.environ.pop(SECRET_VARIABLE))
    crew = _crew_command(options, {_VARIABLE: address_of(database), ACCESS_VARIABLE: access})
    served = serve_beside if options.beside else serve
    return served(database, settings, reporter(options.ready_fd), crew=crew)


def _crew_command(options: argparse.Namespace, environment: dict[str, str]) -> "CrewCommand":
    """How further processes of this server are started."""
    from tallymark.server.crew import CrewCommand

    arguments = ["--database", f"@{_VARIABLE}", "--host", options.host, "--max-body", str(options.max_body)]
    arguments += ["--verbose"] if options.verbose else []
    for host in options.allowed_host:
        arguments += ["--allowed-host", host]
    return CrewCommand(tuple(arguments), environment)


def _place(given: str) -> Place:
    """The database itself, or that of the variable which keeps its password off the process list."""
    return place_of(os.environ[given[1:]] if given.startswith("@") else given)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tallymark.server", description=__doc__)
    parser.add_argument(
        "--database",
        required=True,
        help="the SQLite file or PostgreSQL database to serve, or @NAME of a variable that holds it",
    )
    parser.add_argument("--stop", action="store_true", help="end the server of this database")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at")
    parser.add_argument("--port", type=int, default=8080, help="port, unless the database had another before")
    parser.add_argument("--fixed-port", action="store_true", help="take --port even so")
    parser.add_argument("--allowed-host", action="append", default=[], help="further host name to answer to")
    parser.add_argument("--max-body", type=int, default=64 * 2**20, help="bytes a request may have")
    parser.add_argument("--workers", type=int, default=1, help="processes; more than one needs PostgreSQL")
    parser.add_argument("--beside", action="store_true", help="beside the other servers of the database")
    parser.add_argument(
        "--socket", type=int, action="append", default=[], help="listening socket to answer on"
    )
    parser.add_argument("--verbose", action="store_true", help="log more")
    parser.add_argument("--ready-fd", type=int, help="file descriptor for one line of JSON when ready")
    return parser


if __name__ == "__main__":
    sys.exit(main())
