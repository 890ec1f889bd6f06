"""The shapes of requests and replies: checked on the way in, described in OpenAPI both ways.

Replies are built as bytes from what the queue returns and are not validated again at run time; a test
holds them to these shapes. Task documents pass through untouched: every number and string keeps its value.
"""

from typing import Annotated, Any, Literal, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError, WithJsonSchema

from tallymark import jsontext
from tallymark.server.problems import Refused

MAX_NAME = 200
MAX_LEASE = 500
MAX_OPS = 10_000

Model = TypeVar("Model", bound=BaseModel)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    return value


def _document(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("must be an object")
    return value


# Pydantic's own `str` and `dict` refuse lone surrogates, which human work may hold and which must be kept.
Text = Annotated[str, PlainValidator(_text), WithJsonSchema({"type": "string"})]
Document = Annotated[
    dict[str, Any],
    PlainValidator(_document),
    WithJsonSchema({"type": "object", "additionalProperties": True}),
]
Decision = Literal["accept", "reject", "ignore"]
State = Literal["ready", "searching", "waiting", "exhausted", "paused", "failed"]


class _Request(BaseModel):
    """Unknown keys are refused: a misspelt one would otherwise be lost without a word."""

    model_config = ConfigDict(extra="forbid")


class SessionRequest(_Request):
    """Claim or create the seat of this name. Without `dataset`: the only one served."""

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
    dataset: str | None = None
    client_id: str | None = None


class LeaseRequest(_Request):
    """Hold `size` tasks. `holding` are task ids this client has, which need not be sent again."""

    size: Annotated[int, Field(ge=0, le=MAX_LEASE)] = 10
    holding: list[str] = []
    client_id: str | None = None


class Operation(_Request):
    """One thing said about a task; `op_id` makes sending it again harmless.

    `base`: the revision the changes were made on, or the op_id of an unacknowledged predecessor. `set` and
    `unset` are changes of top-level keys; `task` is the whole document instead, for scripts. Times are
    seconds (UNIX), `active_ms` milliseconds of attention.
    """

    op_id: Annotated[str, Field(min_length=1, max_length=100)]
    task_id: Annotated[str, Field(max_length=100)]
    status: Literal["submitted", "draft", "retracted"]
    base: int | str | None = None
    decision: Decision | None = None
    set: Document | None = None
    unset: list[Text] | None = None
    task: Document | None = None
    client_time: float | None = None
    shown_at: float | None = None
    active_ms: float | None = None
    comment: Text | None = None
    reason: Text | None = None


class AnswersRequest(_Request):
    """Operations of one session; those of one task are carried out in their order here."""

    ops: Annotated[list[Operation], Field(max_length=MAX_OPS)]
    client_id: str | None = None


class ReleaseRequest(_Request):
    """Give leases back: those of `task_ids`, or all of this client."""

    task_ids: list[str] | None = None
    client_id: str | None = None


class HeartbeatRequest(_Request):
    """Keep the leases; `cursor` is that of the last reply, so that only news is told."""

    client_id: str | None = None
    cursor: int | None = None


class Seat(BaseModel):
    """Whether to ask for a name, the name to suggest, and the only names allowed (null: any)."""

    ask: bool
    suggested: str | None
    allowed: list[str] | None


class Project(BaseModel):
    """What the page needs to know of a dataset and its newest run."""

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
    """A task this client holds. `task` is the document at `revision` (0: never answered)."""

    task_id: str
    lease_until: float
    revision: int
    row: int | None
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


class RowFate(BaseModel):
    """What became of a row in one version of one source."""

    uri: str
    version: int
    fate: str
    note: str | None


class TaskRow(BaseModel):
    """A row a task came from; `how` says how certain that is."""

    uri: str
    version: int
    ordinal: int
    how: str


class AssignmentTrace(BaseModel):
    """What one session has to do with a task; `slot` 1: it takes one of the wanted answers."""

    session: str
    state: str
    slot: int
    standing: str | None
    revision: int
    leased_at: float | None
    answered_at: float | None


class AnswerTrace(BaseModel):
    """One revision; `changes` are those against the task's document. Times are seconds (UNIX)."""

    session: str
    op_id: str
    revision: int
    base: int | None
    status: str
    decision: str | None
    changes: Document
    client_time: float | None
    server_time: float
    shown_at: float | None
    active_ms: int | None
    comment: str | None
    reason: str | None
    validated: str | None
    form_state: str | None
    run: int | None


class DeliveryTrace(BaseModel):
    """What the recipe's model was told; `delivered_at` null: it is still due."""

    session: str
    kind: str
    run: int | None
    delivered_at: float | None
    unseen: int


class TaskTrace(BaseModel):
    """One task and everything that happened to it, oldest first."""

    task_id: str
    state: str
    overlap: int | None
    taken: int
    counted: int
    repeat: int
    input_hash: int
    task_hash: int
    created_at: float
    task: Document
    rows: list[TaskRow]
    assignments: list[AssignmentTrace]
    answers: list[AnswerTrace]
    deliveries: list[DeliveryTrace]


class TraceReply(BaseModel):
    """The life of the tasks found, and what became of the row asked for."""

    tasks: list[TaskTrace]
    row_fates: list[RowFate]


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


async def read_body(request: Request, model: type[Model]) -> Model:
    """The request body in its shape, every value exact. Errors: `Refused` invalid_request."""
    return check(model, parse(await request.body()))


def parse(raw: bytes) -> Any:
    """JSON, value-exact; an empty body is an empty object."""
    try:
        return jsontext.loads(raw) if raw else {}
    except ValueError as error:
        raise Refused("invalid_request", f"the body is not JSON: {error}") from error


def check(model: type[Model], document: Any) -> Model:
    """A document in its shape. Errors: `Refused` naming each wrong place."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        found = [{"at": ".".join(map(str, e["loc"])), "message": e["msg"]} for e in error.errors()]
        first = found[0]
        raise Refused(
            "invalid_request", f"{first['at'] or 'body'}: {first['message']}", errors=found
        ) from error


def json_reply(document: Any) -> Response:
    """A reply whose values are exact."""
    return bytes_reply(jsontext.dumps(document).encode())


def bytes_reply(content: bytes) -> Response:
    """A reply that is JSON already."""
    return Response(content, media_type="application/json", headers={"cache-control": "no-store"})
