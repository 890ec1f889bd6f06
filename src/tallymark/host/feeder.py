"""Drain the recipe's stream into the queue, in batches, and keep account of every row.

A cheap stream of ours is fed eagerly; any other one by demand: while some active session has fewer than two
batches of tasks it may lease, and, where only steps of ours are to be done, up to 2,000 tasks ahead. The
first tasks are fed at once, long before the source is read through. While an eager stream's batch is being
stored, the next one is read.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tallymark import jsontext
from tallymark.config import Settings
from tallymark.errors import RecipeError, TallymarkError
from tallymark.hashing import has_hashes, identities_of, set_hashes, without_private
from tallymark.host.balance import Balance
from tallymark.host.left_out import LeftOut
from tallymark.host.run_channel import RunChannel
from tallymark.host.say import Say, counted, raised_at, sized
from tallymark.host.sending import Sender
from tallymark.host.stopping import Stopper
from tallymark.stream import Source, Stream
from tallymark.types import FATES, RowFate, RowLink, Task

logger = logging.getLogger(__name__)

EAGER_TASKS = 500
AHEAD_TASKS = 2_000
BATCH_BYTES = 4_000_000
BATCH_SECONDS = 0.2
FLUSH_SECONDS = 1.0
IDLE_PASS_TASKS = 1_000
IDLE_PASSES = 3


@dataclass(slots=True)
class _Batch:
    """What was pulled for one call: tasks, rows with a fate, and how the pulling ended."""

    tasks: list[dict[str, Any]] = field(default_factory=list)
    fates: list[list[Any]] = field(default_factory=list)
    size: int = 0
    ended: bool = False
    error: BaseException | None = None
    pulled: int = 0


class Feeder:
    """The feeding of one run. `step` does one batch; `state` is open, ended or failed."""

    def __init__(
        self,
        stream: Stream,
        channel: RunChannel,
        settings: Settings,
        stopper: Stopper,
        say: Say,
        *,
        queued: Callable[[], int],
        wish: Callable[[Task], dict[str, Any]],
        problem: Callable[[Task], str | None],
        rows_before: int = 0,
    ) -> None:
        """`queued` tells how many tasks the dataset has, `wish` whom a task is for.

        `problem` tells why a task of code that is not ours cannot be shown, if so. So many rows were read
        before by this run.
        """
        from_files = all(source.is_file for source in stream.sources)
        self._problem = None if stream.plain and from_files else problem
        self._rows_before = rows_before
        self._stream = stream
        self._queued = queued
        self._wish = wish
        self._seeks = settings.auto_exclude_current
        self._channel = channel
        self._stopper = stopper
        self._say = say
        self._batch_size = settings.batch_size
        self._eager = stream.eager
        self._ahead = AHEAD_TASKS if stream.plain else 0
        self._ids: dict[int, int] = {}  # index of a source in this process → its id in the database
        self._told: dict[int, tuple[int, int]] = {}  # index of a source → rows read and mark, as stored
        self._balance = Balance(settings.exclude_by)
        self._fates: Counter[str] = Counter()
        self._fed = 0
        self._left_out = LeftOut(say)
        self._faulty = LeftOut(
            say, "Asked all the same, though faulty:", "Tasks are faulty for more reasons than these."
        )
        self._without_news = 0
        self._sender = Sender()
        self._storing: Future[dict[str, Any]] | None = None
        self._storing_batch = _Batch()
        self._sent_at = time.monotonic()
        self._pulling: _Batch | None = None
        self._pulling_lock = threading.Lock()
        self.state = "open"

    def start(self) -> None:
        """Open the sources known by now, each where the last run left it."""
        for source in self._stream.sources:
            self._say(f"Source {_described(source)}")
            self._open(source, seek=self._stream.plain and self._seeks)

    def step(self) -> bool:
        """Feed one batch if there is need; whether anything was fed."""
        if self.state != "open":
            return False
        wanted = EAGER_TASKS if self._eager else self._demand()
        if wanted <= 0:
            return False
        self._feed(wanted if self._stream.plain else self._careful(wanted))
        return True

    def finish(self) -> None:
        """Wait until what was read is stored."""
        if self._storing is not None:
            storing, self._storing = self._storing, None
            self._count(storing.result(), self._storing_batch)

    def _careful(self, wanted: int) -> int:
        """No more at once than there are to lease, one at least: a stream that waits holds nobody up."""
        return max(1, min(wanted, 2 * self._batch_size - wanted))

    @property
    def rows_read(self) -> int:
        """Rows read of all sources; safe to ask from another thread."""
        return sum(source.rows_read for source in self._stream.sources)

    def silent_for(self) -> float:
        """Seconds since a batch was sent, 0 at the end of the stream; safe to ask from another thread."""
        return time.monotonic() - self._sent_at if self.state == "open" else 0.0

    def _demand(self) -> int:
        reply = self._channel.call("enqueue.demand", batch_size=self._batch_size, ahead=self._ahead)
        return min(int(reply["demand"]), EAGER_TASKS)

    def _feed(self, wanted: int) -> None:
        batch = self._pull(wanted)
        self._send(batch)
        if not self._eager or batch.error is not None or batch.ended:
            self.finish()
        if batch.error is not None:
            self._fail(batch.error)
        elif batch.ended or self._is_idle_pass():
            self._end()

    def _pull(self, wanted: int) -> _Batch:
        """Up to so many tasks, fewer when they are large or slow to come; a stop breaks it off."""
        batch = self._pulling = _Batch()
        deadline = time.monotonic() + BATCH_SECONDS
        while batch.pulled < wanted and batch.size < BATCH_BYTES and not self._stopper.requested:
            task = self._next(batch)
            if task is None:
                break
            try:
                with self._pulling_lock:
                    self._add(batch, task)
            except RecipeError as error:
                batch.error = error
                break
            if time.monotonic() > deadline:
                break
        with self._pulling_lock:
            self._pulling = None
        return batch

    def flush(self) -> None:
        """Send what a stream that waits has yielded before; called from another thread, now and then."""
        with self._pulling_lock:
            batch = self._pulling
            if (
                batch is None
                or not batch.tasks
                or self._storing is not None
                or self.silent_for() < FLUSH_SECONDS
            ):
                return
            reply = self._channel.call("enqueue.enqueue", tasks=batch.tasks)
            self._count(reply, batch)
            batch.tasks = []

    def _next(self, batch: _Batch) -> Task | None:
        try:
            return self._stopper.interruptibly(self._stream.__next__)
        except StopIteration:
            batch.ended = True
        except (Exception, SystemExit) as error:
            batch.error = error
        return None

    def _add(self, batch: _Batch, task: Task) -> None:
        batch.pulled += 1
        found = self._stream.provenance(task)
        try:
            task, new = self._as_new(task)
        except (TypeError, ValueError) as error:
            self._refuse(batch, task, error)
            return
        self._warn(task, found)
        if found is not None:
            source, ordinal, how = found
            new |= {"source": self._id(source), "ordinal": ordinal, "how": how}
        new["repeatable"] = not self._stream.dedup
        self._balance.see(task, new)
        batch.tasks.append(new)
        batch.size += len(new["text"])

    def _as_new(self, task: Task) -> tuple[Task, dict[str, Any]]:
        """The task in terms of JSON, and as `enqueue` takes it. Errors: ValueError, TypeError."""
        try:
            return task, new_task(task) | self._wish(task)
        except (TypeError, RecursionError):
            plain: Task = jsontext.plain(task)
            return plain, new_task(plain) | self._wish(plain)

    def _refuse(self, batch: _Batch, task: Task, error: Exception) -> None:
        """A task that is no JSON, or asks for tags that are none: its row is invalid, with the reason."""
        found = self._stream.provenance(task)
        if found is None:
            self._say(f"A task of the stream was left out: {error}")
            return
        source, ordinal, _ = found
        batch.fates.append([self._id(source), ordinal, "invalid", str(error)])
        self._left_out.tell(source, [RowFate(ordinal, "invalid", str(error))])

    def _warn(self, task: Task, found: tuple[Source, int, RowLink] | None) -> None:
        """Say of a recipe's own task what its interface lacks; it is asked, for the recipe may mean it."""
        problem = self._problem and self._problem(task)
        if problem and found is not None:
            self._faulty.tell(found[0], [RowFate(found[1], "task", problem)])

    def _send(self, batch: _Batch) -> None:
        sources = self._stream.sources
        for source in sources:
            found = source.drain_fates()
            batch.fates += [[self._id(source), f.ordinal, f.fate, f.note] for f in found]
            self._left_out.tell(source, found)
            for ordinal, note in source.drain_notes():
                logger.info("%s, row %s: %s", source.uri, ordinal, note)
        moved = [source for source in sources if self._has_moved(source)]
        self.finish()
        self._storing_batch = batch
        store = partial(
            self._channel.call,
            "enqueue.enqueue",
            tasks=batch.tasks,
            fates=batch.fates,
            read={str(self._id(source)): source.rows_read for source in moved},
            marks={
                str(self._id(source)): [source.mark, source.position_of(source.mark)]
                for source in moved
                if source.mark > 0
            },
            rows_known=_known(sources),
        )
        self._storing = self._sender.submit(store)
        self._sent_at = time.monotonic()

    def _has_moved(self, source: Source) -> bool:
        """Whether the database is to be told about a source; a folder may have thousands that rest."""
        now = source.rows_read, source.mark
        before, self._told[source.index] = self._told.get(source.index, (0, 0)), now
        return now != before

    def _count(self, reply: dict[str, Any], batch: _Batch) -> None:
        self._fates.update(reply["fates"])
        self._fed += int(reply["added"])
        if reply["added"] or not batch.tasks:
            self._without_news = 0
        else:
            self._without_news += len(batch.tasks)

    def _is_idle_pass(self) -> bool:
        """Whether an endless generator went round and round without anything new.

        Going again over what is queued already is what every restart does, so only several times as many
        tasks as there are tell that this will not end. The end of a file needs no guessing.
        """
        if self._without_news <= IDLE_PASS_TASKS:
            return False
        if not all(source.uri.startswith("recipe:") for source in self._stream.sources):
            return False
        return self._without_news > IDLE_PASS_TASKS + IDLE_PASSES * self._queued()

    def _id(self, source: Source) -> int:
        if source.index not in self._ids:
            self._open(source, seek=False)
        return self._ids[source.index]

    def _open(self, source: Source, *, seek: bool) -> None:
        named: dict[str, Any] = {
            "uri": source.uri,
            "fingerprint": source.fingerprint(),
            "known_rows": source.known_rows,
            "dedup": self._stream.dedup,
        }
        opened = self._channel.call("enqueue.open_source", **named)
        if opened["changed"] and opened["stored"] is not None:
            same = source.same_start(opened["stored"], opened["position"])
            opened = self._channel.call("enqueue.open_source", **named, same_start=same)
            self._say(f"{source.uri} has {'grown' if same else 'changed'} since the last start.")
        self._ids[source.index] = opened["source"]
        if not seek or opened["mark"] == 0 or opened["changed"]:
            return
        if source.seek(opened["mark"], opened["position"]):
            self._say(f"{source.uri}: going on after row {opened['mark']:,}.")
        elif source.path is not None:
            self._say(f"{source.uri} is read from the top; what is queued already is not asked again.")

    def _end(self) -> None:
        self.state = "ended"
        for source in self._stream.sources:
            if source.exhausted:
                self._channel.call(
                    "enqueue.source_done", source=self._id(source), known_rows=source.rows_read
                )
        self._channel.call("runs.stream_state", state="ended", rows_read=self._rows_before + self.rows_read)
        self._left_out.sum_up()
        self._faulty.sum_up()
        self._say(self.balance())

    def _fail(self, error: BaseException) -> None:
        """The recipe's stream raised: everybody is told where, and what is queued stays."""
        self.state = "failed"
        rows = [source.rows_read for source in self._stream.sources if source.rows_read]
        row = rows[-1] if rows else None
        detail, where = str(error), ""
        if not isinstance(error, TallymarkError):  # ours say what is wrong without the way there
            logger.error("the stream failed", exc_info=error)
            detail, where = f"{type(error).__name__}: {error}", f" ({raised_at(error)})"
        self._channel.call(
            "runs.stream_state",
            state="failed",
            detail=detail,
            row=row,
            rows_read=self._rows_before + self.rows_read,
        )
        at = f" at row {row:,}" if row else ""
        self._say(f"The stream failed{at}: {detail}{where}")

    def balance(self) -> str:
        """What became of the rows read by this run, in words."""
        counts = ", ".join(_fate(fate, self._fates[fate]) for fate in FATES if self._fates[fate])
        rows, tasks = counted(self.rows_read, "row"), counted(self._fed, "new task")
        first = f"Read through: {rows}: {counts or 'nothing new'}. {tasks}."
        return "\n  ".join([first, *self._balance.lines()])


_FATE_WORDS = {"task": "made into tasks", "carried": "queued before", "passed": "passed over"}


def _fate(fate: str, rows: int) -> str:
    return counted(rows, fate) if fate == "duplicate" else f"{rows:,} {_FATE_WORDS.get(fate, fate)}"


def new_task(task: Task) -> dict[str, Any]:
    """The task as `enqueue` takes it. Errors: ValueError, TypeError for what JSON cannot say."""
    if not has_hashes(task):
        task = set_hashes(task)
    identities = identities_of(task)
    return {
        "text": jsontext.dumps(without_private(task)),
        "identity": identities.task.hex(),
        "input_identity": identities.input.hex(),
        "input_hash": task["_input_hash"],
        "task_hash": task["_task_hash"],
    }


def _described(source: Source) -> str:
    """A source with what is known of it before it is read."""
    if source.size is not None:
        return f"{source.uri}, {sized(source.size)}"
    return source.uri if source.known_rows is None else f"{source.uri}, {counted(source.known_rows, 'row')}"


def _known(sources: list[Source]) -> int | None:
    """How many rows there are: exact where known, else estimated from the bytes read."""
    total = 0
    for source in sources:
        if source.known_rows is not None:
            total += source.known_rows
        elif source.size and source.bytes_read:
            total += max(source.rows_read, round(source.rows_read * source.size / source.bytes_read))
        else:
            return None
    return total if sources else None
