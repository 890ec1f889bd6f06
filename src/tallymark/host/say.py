"""How a host tells people something: one line at a time, to whoever prints or logs it."""

from collections.abc import Callable

Say = Callable[[str], None]
