"""Passwords: hashed slowly on purpose, and few guesses at a time."""

import time
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

from anyio import CapacityLimiter, Lock
from anyio.to_thread import run_sync

from tallymark.server.problems import Refused

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 8, 1_000
FREE_TRIES = 5
LONGEST_WAIT = 300.0
FORGOTTEN_SECONDS = 3600.0
REMEMBERED = 10_000
NETWORK_BITS = 64


def check_password(password: str) -> None:
    """Refuse a new password that is too short or too long. Errors: `Refused`."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Refused("invalid_request", f"a password has {SHORTEST} to {LONGEST:,} characters")


class Passwords:
    """Argon2 in a thread, one hash at a time: each takes a quarter of a second and 64 MB."""

    def __init__(self) -> None:
        self._one = CapacityLimiter(1)
        self.one_try = Lock()
        """Held from asking whether a password may be tried to counting its failure."""

    async def hash(self, password: str) -> str:
        """The hash to store."""
        return await run_sync(_hasher().hash, password, limiter=self._one)

    async def fits(self, stored: str | None, password: str) -> bool:
        """Whether a password is the one of a stored hash; where there is none it takes as long to say no."""
        return await run_sync(_fits, stored, password, limiter=self._one)


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher()


@cache
def _nobodys() -> str:
    return _hasher().hash("nobody's password")


def _fits(stored: str | None, password: str) -> bool:
    from argon2.exceptions import VerificationError

    try:
        _hasher().verify(stored or _nobodys(), password)
    except VerificationError:
        return False
    return stored is not None


def network_of(address: str) -> str:
    """Whose tries count together: those of an IPv4 address, or of the IPv6 network that one customer has."""
    try:
        found = ip_address(address)
    except ValueError:  # a name, or nothing at all
        return address
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or ip_network((found, NETWORK_BITS), strict=False))
    return str(found)


class Throttle:
    """Counts failures by key (a name, an address); after five, each further one doubles the wait.

    They are forgotten with a success, or after an hour without any.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, *keys: str) -> float:
        """Seconds until the next try is allowed; 0 when it is now."""
        now = self._clock()
        return max(0.0, *(self._failures.get(key, (0, now))[1] - now for key in keys))

    def failed(self, *keys: str) -> None:
        """A try failed."""
        now = self._clock()
        for key in keys:
            before, until = self._failures.pop(key, (0, now))
            tries = 1 if now - until > FORGOTTEN_SECONDS else before + 1
            delay = 0.0 if tries < FREE_TRIES else min(LONGEST_WAIT, 2.0 ** (tries - FREE_TRIES))
            self._failures[key] = tries, now + delay
        while len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)

    def succeeded(self, *keys: str) -> None:
        """A try succeeded: its keys start anew."""
        for key in keys:
            self._failures.pop(key, None)
