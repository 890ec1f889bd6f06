"""What the server process itself is set to; everything about a dataset stands in its run."""

import ipaddress
import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tallymark.channel.wire import access_digest

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """An OpenID Connect provider, our client there, and what of a user's claims is the name here."""

    discovery_url: str
    client_id: str
    client_secret: str
    name_claim: str = "preferred_username"
    operators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where to listen and whom to answer. `max_body` is bytes, `host_timeout` seconds.

    `basic` is one name and password for everybody; `public_url` is where people reach us behind a proxy.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    fixed_port: bool = False
    allowed_hosts: tuple[str, ...] = ()
    max_body: int = 64 * 2**20
    host_timeout: float = 2.0
    workers: int = 1
    public_url: str | None = None
    basic: tuple[str, str] | None = None
    oidc: OidcSettings | None = None
    access_digest: str = ""

    @property
    def loopback(self) -> bool:
        """Whether only this machine can connect."""
        return self.host in LOOPBACK_NAMES

    @property
    def public_netloc(self) -> str:
        """Host and port of `public_url`, or nothing; a proxy may leave the port out of its header."""
        return "" if self.public_url is None else urlsplit(self.public_url).netloc

    @property
    def canonical_host(self) -> str:
        """The host name of the page's address: browsers keep unsent work per host name."""
        return "localhost" if self.loopback or _is_wildcard(self.host) else self.host

    def answers_to(self, name: str) -> bool:
        """Whether a request for this host name (no port, no brackets) is ours.

        A page of another site can point its own name at this machine (DNS rebinding), so names are checked.
        Where we listen on every interface any plain IP address is ours: nobody can rebind an address.
        """
        if name in LOOPBACK_NAMES or name == self.host or name in self.allowed_hosts:
            return True
        if self.public_url is not None and name == urlsplit(self.public_url).hostname:
            return True
        return _is_wildcard(self.host) and (_is_address(name) or name == socket.gethostname().lower())


def access_of(text: str) -> dict[str, Any]:
    """The settings that say who may come in, from the JSON text of a host."""
    told = json.loads(text)
    found: dict[str, Any] = {"access_digest": access_digest(text), "public_url": told.get("public_url")}
    if "basic" in told:
        found["basic"] = tuple(told["basic"])
    if "oidc" in told:
        found["oidc"] = OidcSettings(**{**told["oidc"], "operators": tuple(told["oidc"]["operators"])})
    return found


def _is_wildcard(host: str) -> bool:
    return host in {"0.0.0.0", "::", ""}  # noqa: S104 (compared, not bound)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
