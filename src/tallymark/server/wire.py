"""The shapes of requests, and JSON in and out with every value exact.

Task documents pass through untouched: every number and string keeps its value.
"""

from typing import Annotated, Any, Literal, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError, WithJsonSchema

from tallymark import jsontext
from tallymark.server.problems import Refused

MAX_NAME = 200
MAX_PASSWORD = 1_000
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


class _Request(BaseModel):
    """Unknown keys are refused: a misspelt one would otherwise be lost without a word."""

    model_config = ConfigDict(extra="forbid")


class SessionRequest(_Request):
    """Claim or create the seat of this name. Without `dataset`: the only one served."""

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
    dataset: str | None = None
    client_id: str | None = None


class LoginRequest(_Request):
    """Log in with the name and the password of an account."""

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
    password: Annotated[str, Field(max_length=MAX_PASSWORD)]


class AcceptRequest(_Request):
    """Use an invitation: its account gets this password and is logged in."""

    invitation: Annotated[str, Field(max_length=MAX_PASSWORD)]
    password: Annotated[str, Field(max_length=MAX_PASSWORD)]


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


class AnyOperation(BaseModel):
    """An operation as it is let in: whatever else is wrong with it, it is kept and acknowledged."""

    model_config = ConfigDict(extra="allow")

    op_id: Annotated[str, Field(min_length=1, max_length=100)]
    task_id: Annotated[str, Field(max_length=100)]


class AnswersEnvelope(_Request):
    """`AnswersRequest` as it is checked: one malformed operation does not hold the others up."""

    ops: Annotated[list[AnyOperation], Field(max_length=MAX_OPS)]
    client_id: str | None = None


class ReleaseRequest(_Request):
    """Give leases back: those of `task_ids`, or all of this client."""

    task_ids: list[str] | None = None
    client_id: str | None = None


class HeartbeatRequest(_Request):
    """Keep the leases; `cursor` is that of the last reply, so that only news is told.

    `leaving`: this client goes away, and the seat's next one gets what it holds at once.
    """

    client_id: str | None = None
    cursor: int | None = None
    leaving: bool = False


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
