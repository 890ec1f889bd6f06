"""Records and protocols that every part of the program shares.

JSON documents are TypedDicts or plain dicts; our own records are frozen dataclasses. A *task document*
(`Task`) is the only place where `Any` is allowed: its keys belong to the user.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NotRequired, Protocol, TypedDict

Task = dict[str, Any]

Decision = Literal["accept", "reject", "ignore"]
DECISIONS: tuple[Decision, ...] = ("accept", "reject", "ignore")

OpStatus = Literal["submitted", "draft", "retracted"]
OP_STATUSES: tuple[OpStatus, ...] = ("submitted", "draft", "retracted")

AckResult = Literal["stored", "repeated", "surplus", "conflict", "quarantined", "invalid"]

ExcludeBy = Literal["task", "input"]
RowLink = Literal["exact", "hash", "window"]

Fate = Literal["task", "carried", "excluded", "duplicate", "invalid", "passed"]
FATES: tuple[Fate, ...] = ("task", "carried", "excluded", "duplicate", "invalid", "passed")

LeaseState = Literal["ready", "searching", "waiting", "exhausted", "paused", "failed"]
StreamState = Literal["open", "ended", "failed"]


@dataclass(frozen=True, slots=True)
class Identities:
    """The 128-bit identities of a task: of what is shown, and of what is asked about it (16 bytes each)."""

    input: bytes
    task: bytes


@dataclass(frozen=True, slots=True)
class RowFate:
    """The final fate of one row of a source, by its 1-based ordinal."""

    ordinal: int
    fate: Fate
    note: str | None = None


class OperationDict(TypedDict):
    """One thing a session says about a task, as it travels over HTTP."""

    op_id: str
    task_id: str
    base: NotRequired[int | str | None]
    status: OpStatus
    decision: NotRequired[Decision | None]
    set: NotRequired[dict[str, Any]]
    unset: NotRequired[list[str]]
    task: NotRequired[Task]
    client_time: NotRequired[float]
    shown_at: NotRequired[float | None]
    active_ms: NotRequired[float | None]
    comment: NotRequired[str | None]
    reason: NotRequired[str | None]


class CurrentDict(TypedDict):
    """The store's current revision of an answer, sent with a conflict."""

    revision: int
    status: str
    decision: Decision | None
    task: Task
    comment: str | None
    reason: str | None


class AckDict(TypedDict):
    """What became of one operation."""

    op_id: str
    revision: int | None
    result: AckResult
    detail: str | None
    current: NotRequired[CurrentDict]


class ProgressDict(TypedDict):
    """Where a dataset and one session stand.

    Counts are tasks unless they say rows. `remaining` is how many tasks this session may still expect,
    None when unknown; `at_most` says that it is no more than that, as tasks are for some people only or
    others answer them, too; `estimate` says that rows not yet read are part of it. `fraction` (0..1) is the
    recipe's own figure where it has one.
    """

    tasks: int
    done: int
    withdrawn: int
    mine: int
    remaining: int | None
    at_most: bool
    estimate: bool
    rows_read: int
    rows_known: int | None
    fraction: float | None


class DetailDict(TypedDict):
    """Why a lease reply holds no task, in a form the page can put into words."""

    code: Literal["rows_read", "host_down", "with_others", "done", "paused", "stream_failed"]
    message: str
    rows_read: NotRequired[int]
    row: NotRequired[int]
    with_others: NotRequired[int]


class AnswerShapes(Protocol):
    """What the queue needs to know of interfaces; implemented in `tallymark.interfaces`."""

    def fingerprint_keys(self, view_id: str) -> tuple[str, ...] | None:
        """The top-level keys of an answered document that decide whether two answers agree.

        None where that depends on the run's settings and on the whole document.
        """

    def fingerprint(
        self,
        view_id: str,
        decision: Decision,
        values: Mapping[str, Any],
        *,
        settings: Mapping[str, Any] | None = None,
    ) -> bytes:
        """A 16-byte hash of what was answered; equal fingerprints agree."""

    def problem(
        self, view_id: str, document: Task, *, settings: Mapping[str, Any] | None = None
    ) -> str | None:
        """Why an answered document does not have the shape its interface promises, or None."""


class Datasets(Protocol):
    """Reading access to annotated data, handed to recipes, sources, review, training and export."""

    def names(self) -> list[str]:
        """All datasets, by name."""

    def __contains__(self, name: object) -> bool: ...

    def count(self, name: str) -> int:
        """Counted, current answers of persons."""

    def answers(
        self,
        name: str,
        *,
        decision: Decision | None = None,
        include_surplus: bool = False,
        flagged_only: bool = False,
    ) -> Iterator[Task]:
        """The answered documents in the order they were stored, one at a time; constant memory."""

    def input_hashes(self, name: str) -> Iterator[int]:
        """The 32-bit input hash of every answered task."""

    def task_hashes(self, name: str) -> Iterator[int]:
        """The 32-bit task hash of every answered task."""


class Channel(Protocol):
    """What a host uses to reach the one writer of its database, wherever that lives."""

    def call(self, name: str, /, *, timeout: float = 30.0, **arguments: Any) -> Any:
        """Run the named queue function in a transaction; arguments and result are JSON.

        Errors: `ChannelDown` when nobody answers, `Fenced` when another host took over, any other
        `TallymarkError` as raised by the function.
        """

    def close(self) -> None:
        """Let go of the connection."""


RecipeCallback = Callable[..., Any]
Components = dict[str, Any]
TaskStream = Iterable[Task]
Labels = Sequence[str]
