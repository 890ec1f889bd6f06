"""What callbacks are handed as `ctrl`."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tallymark.errors import RecipeError
from tallymark.host.datasets import HostDatasets
from tallymark.host.progress import Session
from tallymark.stream import Stream
from tallymark.types import Task, TaskStream

if TYPE_CHECKING:
    from tallymark.host.pushing import Pushing


class Controller:
    """The run as a recipe sees it: dataset, settings, stream, sessions, and a database to read and write."""

    def __init__(
        self,
        *,
        dataset: str,
        view_id: str,
        config: Mapping[str, Any],
        exclude_by: str,
        stream: TaskStream,
        db: HostDatasets,
    ) -> None:
        self.dataset = dataset
        self.view_id = view_id
        self.config = dict(config)
        self.exclude_by = exclude_by
        self._stream = stream
        self._next_stream: Stream | None = None
        self._pushing: Pushing | None = None
        self.db: Any = db
        self._datasets = db
        now = time.time()
        self.session_id = time.strftime("%Y-%m-%d_%H-%M-%S", time.localtime(now))
        db.name_run(self.session_id, dataset, now)

    @property
    def stream(self) -> TaskStream:
        """What is fed. Another one may be put in its place, in `on_load` or later; see `reset_stream`."""
        return self._stream

    @stream.setter
    def stream(self, stream: TaskStream) -> None:
        if stream is not self._stream:
            self._stream = self._next_stream = Stream.from_iterable(stream)

    def reset_stream(self, stream: TaskStream, prepend_old_wrappers: bool = False) -> None:
        """Feed another stream from now on; tasks that are queued stay.

        With `prepend_old_wrappers` it goes through the steps of the one before first.
        """
        new = Stream.from_iterable(stream)
        if prepend_old_wrappers and isinstance(self._stream, Stream):
            self._stream.repeat_steps(new)
        self.stream = new

    def take_next_stream(self) -> Stream | None:
        """The stream to go on with, once after it was set."""
        stream, self._next_stream = self._next_stream, None
        return stream

    def push(
        self,
        tasks: Iterable[Task],
        session: str | None = None,
        *,
        after: Task | None = None,
        repeat: bool = False,
    ) -> int:
        """Ask questions ahead of the stream; how many of them are new.

        They are for one person: the `session`, by its short or full name; else who answered the task `after`
        which they come; else, in an event hook, who called it; else for anybody. `after` is kept with them,
        so `trace` tells what led to what. The same question is not asked the same person twice, unless with
        `repeat`. Errors: `RecipeError` for what is no task, `NotKnown` where `after` is unknown.
        """
        if self._pushing is None:
            raise RecipeError("ctrl.push asks questions of a recipe that is served; this one is not yet.")
        return self._pushing.push(tasks, session=session, after=after, repeat=repeat)["added"]

    def push_through(self, pushing: "Pushing") -> None:
        """From here on, questions may be pushed."""
        self._pushing = pushing

    @property
    def total_annotated(self) -> int:
        """How many answers the dataset has."""
        return self._datasets.count(self.dataset)

    def add_sessions(self, names: Sequence[str]) -> None:
        """Have sessions there before anybody sits down, by their short names."""
        self._datasets.reserve(self.dataset, names)

    def add_session(self, session_id: str) -> None:
        """Have a session there before anybody sits down, by its short or full name."""
        self.add_sessions([session_id.removeprefix(self.get_session_name(""))])

    def save(self) -> None:
        """Nothing is left to do: every answer is saved when it is given."""

    @property
    def session_ids(self) -> list[str]:
        """Every open session in its full form `<dataset>-<name>`, in the order they joined."""
        return [self.get_session_name(name) for name in self._datasets.seats(self.dataset)]

    @property
    def all_session_ids(self) -> list[str]:
        """An older name of `session_ids`."""
        return self.session_ids

    def get_session_name(self, name: str) -> str:
        """The full form of a session's name."""
        return f"{self.dataset}-{name}"

    def session(self, name: str | None) -> Session:
        """A session by its short name, and how many answers it gave."""
        return Session(
            self.get_session_name(name or ""), self._datasets.seats(self.dataset).get(name or "", 0)
        )
