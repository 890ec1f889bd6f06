"""Who may operate: accounts of operators; without accounts whoever sits at the machine of the server."""

import ipaddress

from fastapi import Request

from tallymark.server.access import account_at
from tallymark.server.problems import Refused
from tallymark.server.settings import LOOPBACK_NAMES

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""A proxy on this machine puts these on the requests of others."""


async def operator(request: Request) -> None:
    """Let operators pass. Errors: `Refused` not_operator for anybody else.

    The guard has looked at host name, content type and origin already: no page of another site comes here.
    Where people log in, the gate has let in nobody but operators.
    """
    if account_at(request) is not None:
        return
    client = request.client.host if request.client else ""
    name = (request.url.hostname or "").rstrip(".")
    forwarded = any(header in request.headers for header in FORWARDED)
    if not _is_loopback(client) or name not in LOOPBACK_NAMES or forwarded:
        raise Refused(
            "not_operator",
            "operators' calls are answered on the server's own machine alone, at localhost and without a"
            " proxy; `tallymark --help` lists the commands that do the same",
        )


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
