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
    from tallymark.host.by_hand import ByHand
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
        self._by_hand: ByHand | None = None
        self.db: Any = db
        self._datasets = db
        now = time.time()
        self.session_id = time.strftime("%Y-%m-%d_%H-%M-%S", time.localtime(now))
        db.name_run(self.session_id, dataset, now)
        self._started_at = now

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

    def get_questions(self, session_id: str | None = None) -> list[Task]:
        """The next batch of questions of a session, by its short or full name, which nobody else gets then.

        Without a name they are for a session that is called like the run. None are left when the list is
        empty. Before the stream is fed, in `on_load`, there is what earlier starts have queued.
        """
        return self._hands().questions(self._short(session_id))

    def receive_answers(self, answers: Iterable[Task], session_id: str | None = None) -> None:
        """Store answers of a session as those of its page: `update` gets them when they are settled.

        Those that are no answers to what `get_questions` gave are stored as records of the dataset, which
        `update` is not told of. Errors: `RecipeError` for what has no "answer", and what `validate_answer`
        raises.
        """
        self._hands().receive(self._short(session_id), answers)

    def end_session(self, session_id: str | None = None) -> None:
        """Give back the questions that `get_questions` gave and that were not answered."""
        self._hands().leave(self._short(session_id))

    def confirm_session(self, session_id: str) -> None:
        """As `add_session`."""
        self.add_session(session_id)

    def get_progress(self, session_id: str | None = None) -> float | None:
        """The share of the dataset's tasks that is answered, or that a session answered; None without any."""
        queued = self._datasets.queued(self.dataset)
        if not queued:
            return None
        done = self.total_annotated if session_id is None else self._get_session(session_id).total_annotated
        return min(1.0, done / queued)

    def _get_session(self, session_id: str) -> Session:
        return self.session(self._short(session_id))

    def act_through(self, by_hand: "ByHand") -> None:
        """From here on, the recipe's own code may take questions and give answers."""
        self._by_hand = by_hand

    def _hands(self) -> "ByHand":
        if self._by_hand is None:
            raise RecipeError("There are no questions before the recipe is served.")
        return self._by_hand

    def _short(self, session_id: str | None) -> str:
        name = self.session_id if session_id is None else session_id
        return name.removeprefix(self.get_session_name(""))

    @property
    def total_annotated(self) -> int:
        """How many answers the dataset has."""
        return self._datasets.count(self.dataset)

    @property
    def session_annotated(self) -> int:
        """How many answers were given since this start."""
        return self._datasets.count_since(self.dataset, self._started_at)

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
