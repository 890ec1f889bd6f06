"""The shapes of replies, for OpenAPI.

Replies are built as bytes from what the queue returns and are not validated at run time; a test holds them to
these shapes.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tallymark.server.wire import Decision, Document

State = Literal["ready", "searching", "waiting", "exhausted", "paused", "failed"]


class Seat(BaseModel):
    """Whether to ask for a name, the name to suggest, and the only names allowed (null: any).

    `login`: the seat is that of the account which is logged in.
    """

    ask: bool
    login: bool
    suggested: str | None
    allowed: list[str] | None


class Login(BaseModel):
    """Who is logged in."""

    name: str
    role: Literal["annotator", "operator"]


class AccessReply(BaseModel):
    """Whether everybody has to log in, whether an OpenID provider is the way, and who this is."""

    required: bool
    provider: bool
    account: Login | None


class InvitationReply(BaseModel):
    """Whom an invitation is for, and to which datasets; null: all."""

    name: str
    datasets: list[str] | None


class Project(BaseModel):
    """What the page needs to know of a dataset and its newest run.

    `overlap`: how many answers each task wants; null: everyone's.
    """

    database_id: str
    dataset: str
    recipe: str
    view_id: str
    version: str
    project_version: int
    labels: list[str]
    instructions: str | None
    config: dict[str, Any]
    validates: bool
    overlap: int | None
    host: Literal["up", "down"]
    seat: Seat


class Session(BaseModel):
    """A seat. `session` is unguessable and stands in the paths; `also_open`: other clients use it too."""

    session: str
    name: str
    dataset: str
    database_id: str
    also_open: bool


class Detail(BaseModel):
    """Why there is no task, for the page to put into words."""

    code: Literal["rows_read", "host_down", "with_others", "done", "paused", "stream_failed"]
    message: str
    rows_read: int | None = None
    row: int | None = None
    with_others: int | None = None


class Progress(BaseModel):
    """Where the dataset and this session stand; see `tallymark.types.ProgressDict`."""

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


class Draft(BaseModel):
    """Unfinished work on a task; `message` says why a validation refused it."""

    set: Document
    unset: list[str]
    decision: Decision | None
    comment: str | None
    message: str | None
    base: int


class Lease(BaseModel):
    """A task this client holds. `task` is the document at `revision` (0: never answered).

    One that is `ahead` follows from an answer and is to be shown before the others.
    """

    task_id: str
    lease_until: float
    revision: int
    row: int | None
    ahead: bool
    draft: Draft | None
    task: Document


class LeaseReply(BaseModel):
    """What the client holds, less `holding`."""

    tasks: list[Lease]
    state: State
    detail: Detail | None
    progress: Progress


class Current(BaseModel):
    """The store's current revision, sent with a conflict."""

    revision: int
    status: str
    decision: Decision | None
    task: Document
    comment: str | None
    reason: str | None


class Ack(BaseModel):
    """What became of one operation; `current` only with a conflict."""

    op_id: str
    revision: int | None
    result: Literal["stored", "repeated", "surplus", "conflict", "quarantined", "invalid"]
    detail: str | None
    current: Current | None = None


class AnswersReply(BaseModel):
    """One ack per operation, in their order."""

    acks: list[Ack]
    progress: Progress


class ReleaseReply(BaseModel):
    """How many leases were given back."""

    released: int


class Changed(BaseModel):
    """A task whose current revision is now this one."""

    task_id: str
    revision: int


class HeartbeatReply(BaseModel):
    """What an open page has to know: `leases` are task ids with their new deadlines."""

    state: State
    detail: Detail | None
    progress: Progress
    leases: dict[str, float]
    changed: list[Changed]
    cursor: int
    returned: int
    project_version: int
    also_open: bool


class HistoryEntry(BaseModel):
    """One answer of this session at its current revision."""

    task_id: str
    revision: int
    status: str
    decision: Decision | None
    standing: Literal["counted", "surplus", "uncounted", "withdrawn"] | None
    answered_at: float
    position: int
    comment: str | None
    reason: str | None
    flagged: bool
    row: int | None
    draft: Draft | None
    task: Document


class HistoryReply(BaseModel):
    """Answers, newest first; `next` is the `before` of the following page."""

    answers: list[HistoryEntry]
    next: int | None


class EventReply(BaseModel):
    """What the recipe's event hook returned."""

    result: Any


class Invariant(BaseModel):
    """One statement that must hold; `records` are examples of those that break it."""

    name: str
    description: str
    broken: int
    records: list[Any]


class AuditReply(BaseModel):
    """The books of a dataset and the invariants of the database."""

    dataset: str
    balances: dict[str, Any]
    invariants: list[Invariant]


class RowPlace(BaseModel):
    """A row by the number of its source and its ordinal."""

    source: int
    row: int


class RowFate(BaseModel):
    """What became of a row in one version of one source; `of` is what a duplicate is a duplicate of."""

    uri: str
    version: int
    fate: str
    note: str | None
    of: RowPlace | None


class RowRange(BaseModel):
    """Rows of one source, from `first` to `last`."""

    uri: str
    version: int
    first: int
    last: int


class TaskRow(BaseModel):
    """A row a task came from; `how` says how certain that is. `duplicates` are rows that repeat it."""

    uri: str
    version: int
    ordinal: int
    how: str
    fate: str | None
    note: str | None
    duplicates: list[RowRange]


class AssignmentTrace(BaseModel):
    """What one session has to do with a task; `slot` 1: it takes one of the wanted answers."""

    session: str
    state: str
    slot: int
    standing: str | None
    revision: int
    leased_at: float | None
    answered_at: float | None


class LeaseTrace(BaseModel):
    """One lease. `held` has no end yet; from `lease_until` on others may take it."""

    session: str
    leased_at: float
    ended_at: float | None
    how: Literal["held", "answered", "released", "expired"]
    lease_until: float | None


class DraftTrace(BaseModel):
    """Half-done work; `message` says why it came back to its author."""

    session: str
    base: int
    changes: Document
    decision: str | None
    comment: str | None
    message: str | None
    saved_at: float


class AnswerTrace(BaseModel):
    """One revision. `changes` are those against the task's document, `difference` those against the revision
    it was based on, by key. `exported` is the record that `db-out` writes. Times are seconds (UNIX)."""

    session: str
    op_id: str
    revision: int
    base: int | None
    status: str
    decision: str | None
    changes: Document
    difference: list[Document]
    current: bool
    conflict: bool
    standing: str | None
    client_time: float | None
    server_time: float
    shown_at: float | None
    active_ms: int | None
    comment: str | None
    reason: str | None
    validated: str | None
    form_state: str | None
    stored_form: Document | None
    exported: Document | None
    run: int | None


class DeliveryTrace(BaseModel):
    """What the recipe's model was told.

    `delivered_at` null: it is still due, or, where a run is named, due in the next one, as that run failed.
    """

    session: str
    kind: str
    run: int | None
    handed_at: float | None
    delivered_at: float | None
    unseen: int


class EventTrace(BaseModel):
    """What an operator did."""

    at: float
    kind: str
    detail: str | None


class MadeOf(BaseModel):
    """The keys that hashes are made of; null: given with the row or made of others; empty: of all keys."""

    input_hash: list[str] | None
    task_hash: list[str] | None


class TaskTrace(BaseModel):
    """One task and everything that happened to it, oldest first.

    `pushed` says that a recipe asked it besides its stream, `follows` after which task, `led_to` which tasks
    it brought about itself.
    """

    task_id: str
    state: str
    overlap: int | None
    taken: int
    counted: int
    repeat: int
    rank: float
    input_hash: int
    task_hash: int
    input_identity: str
    identity: str
    exclude_by: Literal["task", "input"]
    made_of: MadeOf
    created_at: float
    task: Document
    rows: list[TaskRow]
    same_input: list[str]
    pushed: bool
    follows: str | None
    led_to: list[str]
    assignments: list[AssignmentTrace]
    leases: list[LeaseTrace]
    drafts: list[DraftTrace]
    answers: list[AnswerTrace]
    deliveries: list[DeliveryTrace]
    events: list[EventTrace]


class TraceReply(BaseModel):
    """The life of the tasks found, and what became of the row asked for; `note` says how a text was found."""

    tasks: list[TaskTrace]
    row_fates: list[RowFate]
    note: str | None


class AdminReply(BaseModel):
    """What an operator's call did, as counts and names; empty when there is nothing to count."""

    model_config = ConfigDict(extra="allow")


class DatasetGlance(BaseModel):
    """A dataset's counters and its newest run; `open` tasks want answers. Times are seconds (UNIX)."""

    id: int
    name: str
    created_at: float
    overlap: int | None
    paused: bool
    tasks: int
    done: int
    withdrawn: int
    open: int
    host: Literal["up", "down"]
    recipe: str | None
    view_id: str | None
    started_at: float | None
    ended_at: float | None
    beat_at: float | None
    error: str | None
    stream: str | None
    stream_detail: str | None
    stream_row: int | None
    rows_read: int | None
    rows_known: int | None


class DatasetsReply(BaseModel):
    """Every dataset, by name."""

    datasets: list[DatasetGlance]


class SeatGlance(BaseModel):
    """A session; `pace` is answers an hour over the last hour, `active_ms` work in the last day."""

    name: str
    kind: Literal["person", "model", "function"]
    answered: int
    held: int
    ineligible: int
    joined_at: float
    last_call: float
    retired_at: float | None
    retired: bool
    idle: int
    pace: float
    active_ms: int
    last_answer: float | None


class HeldTask(BaseModel):
    """Who holds a task since when; from `lease_until` on others may take it (null: never)."""

    task: str
    session: str
    leased_at: float
    last_call: float
    lease_until: float | None


class EventGlance(BaseModel):
    """Something that happened to a dataset or one of its tasks."""

    at: float
    kind: str
    detail: str | None
    task: str | None


class QuarantineGlance(BaseModel):
    """An operation that fitted nowhere, and why."""

    session: str
    task_id: str
    reason: str
    received_at: float


class OverviewReply(DatasetGlance):
    """One dataset at a glance."""

    seats: list[SeatGlance]
    pace: float
    eta_seconds: float | None
    held: list[HeldTask]
    events: list[EventGlance]
    quarantine: list[QuarantineGlance]


class AwaitedPerson(BaseModel):
    """Somebody a task waits for; null: they were never here."""

    name: str
    last_call: float | None


class AwaitingTask(BaseModel):
    """A task for certain people who do not come; at `opens_at` others get it (null: never)."""

    task_id: str
    since: float
    opens_at: float | None
    people: list[AwaitedPerson]


class UnfillableTask(BaseModel):
    """A task that wants `free` more answers, of only `people` who may give them."""

    task_id: str
    free: int
    people: int


class WaitingReply(BaseModel):
    """Tasks that wait for people, up to a hundred of each."""

    awaiting: list[AwaitingTask]
    unfillable: list[UnfillableTask]


class Measured(BaseModel):
    """Agreement over the tasks that several answered: mean share of agreeing pairs, Krippendorff's alpha."""

    units: int
    values: int
    percent: float | None
    alpha: float | None


class AgreementReply(BaseModel):
    """Agreement on the decision, and on everything that was said."""

    decision: Measured
    answer: Measured


class LabelChange(BaseModel):
    """One change of the labels or the instructions."""

    id: int
    at: float
    kind: Literal["add", "rename", "merge", "retire", "instructions"]
    label: str | None
    new: str | None


class LabelsReply(BaseModel):
    """Labels and instructions as they are now; `version` is the number of the last change, or 0."""

    labels: list[str]
    instructions: str | None
    version: int
    changes: list[LabelChange]


class AffectedAnswer(BaseModel):
    """An answer that was given before a change."""

    task_id: str
    session: str


class AffectedReply(BaseModel):
    """Answers given before a change; `after` goes on, null: there are no more."""

    answers: list[AffectedAnswer]
    after: int | None


class Health(BaseModel):
    """The database answers."""

    status: Literal["ok"]
    database_id: str
    version: str


class ProblemDocument(BaseModel):
    """A refusal (RFC 9457); `code` is stable and explained in the reference."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str
