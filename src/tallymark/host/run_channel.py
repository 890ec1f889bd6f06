"""The calls of one run: a channel that names the run and its generation with every call."""

from typing import Any

from tallymark.types import Channel

PATIENCE = 120.0


class RunChannel:
    """Calls of the queue for one run. A call waits for a restarting server; all of them may be repeated."""

    def __init__(self, channel: Channel, *, run: int, generation: int) -> None:
        self.channel = channel
        self.run = run
        self.generation = generation

    def call(self, name: str, /, *, timeout: float = PATIENCE, **arguments: Any) -> Any:
        """Run a queue function for this run. Errors: `Fenced` when another host took over, `ChannelDown`."""
        return self.channel.call(name, timeout=timeout, run=self.run, generation=self.generation, **arguments)
