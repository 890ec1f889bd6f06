"""What the server asks of a host, on its way into the host's main thread."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Literal

from tallymark.errors import TallymarkError

Kind = Literal["validate", "event"]


class HostBusy(TallymarkError):
    """The host's main thread was busy with something else for too long."""

    code = "channel_down"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question; its answer goes into `reply`. One nobody waits for any more is cancelled."""

    kind: Kind
    document: dict[str, Any]
    reply: "Future[Any]" = field(default_factory=Future)


class Inbox:
    """Questions wait here for the main thread, which takes them ahead of everything else."""

    def __init__(self) -> None:
        self._asked: deque[Asked] = deque()
        self._news = threading.Event()

    def ask(self, kind: Kind, document: dict[str, Any], *, timeout: float) -> Any:
        """Put a question and wait for its answer. Errors: `HostBusy`, or what the answering raised."""
        asked = Asked(kind, document)
        self._asked.append(asked)
        self._news.set()
        try:
            return asked.reply.result(timeout)
        except TimeoutError as error:
            asked.reply.cancel()
            raise HostBusy("the recipe is busy with something else") from error

    def wake(self) -> None:
        """Somebody did something: whoever waits goes on."""
        self._news.set()

    def wait(self, timeout: float) -> None:
        """Sleep until there is news, at most for `timeout` seconds."""
        self._news.wait(timeout)
        self._news.clear()

    def answer_all(self, answer: Callable[[Asked], Any]) -> bool:
        """Answer every waiting question; whether there was any."""
        answered = False
        while self._asked:
            asked = self._asked.popleft()
            if not asked.reply.set_running_or_notify_cancel():
                continue
            answered = True
            try:
                asked.reply.set_result(answer(asked))
            except Exception as error:
                asked.reply.set_exception(error)
        return answered
