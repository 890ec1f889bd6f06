"""A thread that shows the host is alive while its main thread runs user code.

It looks after the server, too, and after the lock by which the host has its dataset.
"""

import logging
import threading
import time
from collections.abc import Callable

from tallymark.errors import Fenced, TallymarkError
from tallymark.host.feeding import Feeding
from tallymark.host.launch import Launch
from tallymark.host.run_channel import RunChannel
from tallymark.host.say import Say

logger = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
LOOK_SECONDS = 0.5
SEARCH_SECONDS = 1.0


class Pulse:
    """Beats, reports how far a searching stream got, sends what a waiting one yielded, revives the server."""

    def __init__(
        self,
        channel: RunChannel,
        feeder: Feeding,
        launch: Launch | None,
        *,
        keep: Callable[[], None] = lambda: None,
        on_fenced: Callable[[Fenced], None],
        say: Say,
    ) -> None:
        self._channel = channel
        self._feeder = feeder
        self._launch = launch
        self._keep = keep
        self._on_fenced = on_fenced
        self._say = say
        self._url = None if launch is None else launch.url
        self._stop = threading.Event()
        self._rows = 0
        self._beaten = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="host-pulse", daemon=True)

    def __enter__(self) -> "Pulse":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(2 * LOOK_SECONDS)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            try:
                if self._launch is not None:
                    self._look_after(self._launch)
                self._keep()
                self._feeder.flush()
                self._beat()
            except Fenced as error:
                self._on_fenced(error)
                return
            except TallymarkError as error:
                logger.warning("the server cannot be reached: %s", error)

    def _look_after(self, launch: Launch) -> None:
        """Start a dead server; tell when it had to move."""
        if not launch.alive():
            launch.address()
        if launch.url != self._url:
            self._say(f"The page moved from {self._url} to {launch.url}: its port was taken meanwhile.")
            self._url = launch.url

    def _beat(self) -> None:
        """A sign of life every five seconds; while the stream searches, every second how far it got."""
        now = time.monotonic()
        searched = self._feeder.rows_read
        if self._feeder.silent_for() > SEARCH_SECONDS and searched != self._rows:
            self._rows, self._beaten = searched, now
            self._channel.call("runs.stream_state", timeout=BEAT_SECONDS, state="open", rows_read=searched)
        elif now - self._beaten > BEAT_SECONDS:
            self._beaten = now
            self._channel.call("runs.beat", timeout=BEAT_SECONDS)
