"""What operators' commands share: the channel to whoever writes, dates, and asking before it is too late."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tallymark.cli.commands._terminal import ask
from tallymark.errors import InputError
from tallymark.types import Channel

if TYPE_CHECKING:
    from tallymark.config import Settings

__all__ = ["asked", "channel", "in_parts", "moment", "need"]


@contextmanager
def channel(settings: "Settings", set_id: str) -> Iterator[Channel]:
    """The channel to the database's writer, if there is such a dataset. Errors: `NotKnown`."""
    from tallymark.cli.commands._database import reading_store
    from tallymark.queue.datasets import find_dataset
    from tallymark.server.channel import open_channel

    with reading_store(settings) as store, store.reading() as tx:
        find_dataset(tx, set_id)
    with open_channel(settings.database_url) as opened:
        yield opened


def in_parts(opened: Channel, name: str, **arguments: Any) -> int:
    """Call what works part by part until its end; how many answers it was."""
    answers, after = 0, 0
    while True:
        part = opened.call(name, timeout=120.0, **arguments, after=after)
        answers += int(part["answers"])
        if part["after"] is None:
            return answers
        after = part["after"]


def moment(text: str) -> float:
    """A date or time as it is typed, in the time zone of this machine, in seconds since 1970."""
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except ValueError as error:
        raise InputError(f"{text!r} is no date; write 2026-11-22 or 2026-11-22T14:30.") from error


def need(action: str, value: str | None, name: str) -> str:
    """A value that an action cannot do without. Errors: `InputError` when it is missing."""
    if value is None:
        raise InputError(f"{action!r} needs {name}; `--help` shows what comes behind it.")
    return value


def asked(question: str, *, yes: bool) -> bool:
    """Whether to go on; says so if not."""
    if yes or ask(question, otherwise="--yes"):
        return True
    print("Nothing was changed.")
    return False
