"""What is fed: the recipe's stream, then what was added to the dataset since."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tallymark.errors import TallymarkError
from tallymark.host.feeder import Feeder
from tallymark.host.run_channel import RunChannel
from tallymark.host.say import Say
from tallymark.stream import Stream, follow

LOOK_SECONDS = 1.0

MakeFeeder = Callable[[Stream, int], Feeder]
"""A feeder for a stream, given how many rows were read before it."""


@dataclass(frozen=True, slots=True)
class _Added:
    """A source that waits for its turn."""

    id: int
    uri: str
    stream: Stream


class Feeding:
    """One feeder after the other; used like a feeder."""

    def __init__(
        self,
        stream: Stream,
        make: MakeFeeder,
        channel: RunChannel,
        say: Say,
        *,
        replacing: Callable[[], Stream | None] = lambda: None,
    ) -> None:
        """`replacing` gives the stream that the recipe has put in place of this one, if it did."""
        self._replacing = replacing
        self._stream = stream
        self._make = make
        self._channel = channel
        self._say = say
        self._feeder = make(stream, 0)
        self._rows_before = 0
        self._reading: _Added | None = None
        self._waiting: deque[_Added] = deque()
        self._newest = 0
        self._looked = float("-inf")
        self._started = False
        self._stepping = False

    @property
    def state(self) -> str:
        """Of what is read now: open, ended or failed."""
        return self._feeder.state

    @property
    def rows_read(self) -> int:
        """Rows read of all sources; safe to ask from another thread."""
        return self._rows_before + self._feeder.rows_read

    def silent_for(self) -> float:
        """As that of the feeder at work."""
        return self._feeder.silent_for()

    def flush(self) -> None:
        """As that of the feeder at work."""
        self._feeder.flush()

    def finish(self) -> None:
        """As that of the feeder at work."""
        self._feeder.finish()

    def start(self) -> None:
        """Open the sources of the recipe's stream."""
        replaced = self._replacing()
        if replaced is not None:
            self._stream = follow(replaced, opened=[])
            self._feeder = self._make(self._stream, 0)
        self._feeder.start()
        self._started = True

    def feed_now(self) -> bool:
        """Feed one batch and wait until it is stored; False where there is nothing to feed, or not now."""
        if not self._started or self._stepping or not self.step():
            return False
        self.finish()
        return True

    def step(self) -> bool:
        """Feed one batch, or go on to what was added; whether anything was done."""
        self._stepping = True
        try:
            return self._step()
        finally:
            self._stepping = False

    def _step(self) -> bool:
        self._look()
        replaced = self._replacing()
        if replaced is not None:
            self._replace(follow(replaced, opened=[]))
        if self._feeder.state == "open":
            return self._feeder.step()
        if self._reading is not None:
            self._told("done" if self._feeder.state == "ended" else "refused", self._reading.id)
            self._reading = None
        if not self._waiting or self._feeder.state == "failed":
            return False
        self._take(self._waiting.popleft())
        return True

    def _take(self, added: _Added) -> None:
        """Read an added source from here on."""
        self._reading = added
        self._go_on_with(added.stream)
        self._told("reading", added.id)
        self._feeder.start()

    def _replace(self, stream: Stream) -> None:
        """Read the recipe's new stream from here on; what was read of the one before is stored first."""
        self._feeder.finish()
        self._stream = stream
        self._say("The recipe has another stream now; tasks that are queued stay.")
        self._go_on_with(stream)
        self._feeder.start()

    def _go_on_with(self, stream: Stream) -> None:
        self._rows_before += self._feeder.rows_read
        self._feeder = self._make(stream, self._rows_before)
        self._channel.call("runs.stream_state", state="open", rows_read=self._rows_before)

    def _look(self) -> None:
        """See whether anything was added, now and then."""
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        for row in self._channel.call("adding.added_sources", after=self._newest):
            self._newest = row["id"]
            self._open(row)

    def _open(self, row: dict[str, Any]) -> None:
        try:
            stream = self._stream.again(row["uri"], loader=row["loader"], text_key=row["text_key"])
            self._waiting.append(_Added(row["id"], row["uri"], follow(stream, opened=[])))
        except TallymarkError as error:
            self._say(f"{row['uri']} was added and cannot be read: {error}")
            self._told("refused", row["id"], str(error))

    def _told(self, state: str, added: int, detail: str | None = None) -> None:
        self._channel.call("adding.added_source_state", added=added, state=state, detail=detail)
