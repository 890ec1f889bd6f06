"""How a host tells people something: one line at a time, to whoever prints or logs it."""

from collections.abc import Callable

Say = Callable[[str], None]


def counted(number: int, thing: str) -> str:
    """A count with its noun: `1 row`, `1,234 rows`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def sized(size: int) -> str:
    """A size in bytes for people, in decimal units: `812 bytes`, `4.2 kB`, `157.3 MB`."""
    if size < 1_000:
        return counted(size, "byte")
    return f"{size / 1e3:,.1f} kB" if size < 1_000_000 else f"{size / 1e6:,.1f} MB"
