"""The settings of what runs now, for functions of recipes that are handed none."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from tallymark.config.resolve import resolve
from tallymark.config.settings import Settings

__all__ = ["current_settings", "with_settings"]

_current: ContextVar[Settings | None] = ContextVar("settings", default=None)


@contextmanager
def with_settings(settings: Settings) -> Iterator[None]:
    """Make these the settings of what runs within."""
    token = _current.set(settings)
    try:
        yield
    finally:
        _current.reset(token)


def current_settings() -> Settings:
    """The settings of the recipe or command that runs; outside of one, what files and variables say."""
    return _current.get() or resolve()
