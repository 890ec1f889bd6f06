"""Take the address a database had before, so that browsers find their unsent work under it again."""

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from tallymark.errors import InputError
from tallymark.server.settings import ServerSettings

_NEIGHBOURS = 20
_BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class Listening:
    """The bound sockets and the page's address.

    `moved_from` is the address before, where that is another one, `port_taken` the port that another program
    has.
    """

    sockets: list[socket.socket]
    url: str
    moved_from: str | None
    port_taken: int | None


def listen(settings: ServerSettings, remembered: str | None) -> Listening:
    """Bind to the port asked for, else the remembered one, else the default; else to one nearby. 0 is any.

    On loopback both address families are taken, because `localhost` may mean either. Errors: `InputError`.
    """
    before = urlsplit(remembered) if remembered else None
    wanted = settings.port
    if before is not None and before.port and not (settings.fixed_port and settings.port):
        wanted = before.port
    sockets, port = _bind_near(settings, wanted)
    url = _url(settings, port)
    moved_from = remembered if remembered != url else None
    return Listening(sockets, url, moved_from, port_taken=wanted if wanted not in {0, port} else None)


def _bind_near(settings: ServerSettings, wanted: int) -> tuple[list[socket.socket], int]:
    refused: OSError | None = None
    candidates = [*range(wanted, min(wanted + _NEIGHBOURS, 65536)), 0] if wanted else [0] * 5
    for port in candidates:
        try:
            return _bind(settings, port)
        except OSError as error:
            refused = error
    raise InputError(
        f"Nobody can listen at {settings.host}, port {wanted} or one nearby: {refused}. "
        "Set host to an address of this machine, or to 0.0.0.0 for all it has."
    )


def _bind(settings: ServerSettings, port: int) -> tuple[list[socket.socket], int]:
    sockets: list[socket.socket] = []
    try:
        for host in _hosts(settings):
            sockets.append(_bound(host, port))
            port = sockets[0].getsockname()[1]
    except OSError:
        for bound in sockets:
            bound.close()
        raise
    return sockets, port


def _hosts(settings: ServerSettings) -> list[str]:
    if not settings.loopback:
        return [settings.host]
    return ["127.0.0.1", "::1"] if _has_ipv6_loopback() else ["127.0.0.1"]


def _has_ipv6_loopback() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if host == "::" else 1)
        bound.bind((host, port))
        bound.listen(_BACKLOG)
    except OSError:
        bound.close()
        raise
    return bound


def _url(settings: ServerSettings, port: int) -> str:
    host = settings.canonical_host
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
