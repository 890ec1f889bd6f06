"""The calls of one run: a channel that names the run and its generation with every call."""

from collections.abc import Callable
from typing import Any

from tallymark.errors import StoreUnavailable
from tallymark.types import Channel

PATIENCE = 120.0


class RunChannel:
    """Calls of the queue for one run. A call waits for a restarting server; all of them may be repeated.

    While the database cannot be written (the disk is full), `wait` is called with the reason and says
    whether to try again.
    """

    def __init__(self, channel: Channel, *, run: int, generation: int) -> None:
        self.channel = channel
        self.run = run
        self.generation = generation
        self.wait: Callable[[StoreUnavailable], bool] = lambda _: False

    def call(self, name: str, /, *, timeout: float = PATIENCE, **arguments: Any) -> Any:
        """Run a queue function for this run.

        Errors: `Fenced` when another host took over, `ChannelDown`, `StoreUnavailable`.
        """
        while True:
            try:
                return self.channel.call(
                    name, timeout=timeout, run=self.run, generation=self.generation, **arguments
                )
            except StoreUnavailable as error:
                if not self.wait(error):
                    raise
