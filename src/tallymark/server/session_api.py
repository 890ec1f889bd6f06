"""What an annotator's page calls: seats, leases, answers, history, events."""

from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Query, Request, Response

from tallymark import queue
from tallymark.names import canonical
from tallymark.server.access import account_at
from tallymark.server.problems import Refused
from tallymark.server.project import allowed_sessions, project_of
from tallymark.server.replies import (
    AnswersReply,
    EventReply,
    HeartbeatReply,
    HistoryReply,
    LeaseReply,
    ReleaseReply,
    Session,
)
from tallymark.server.state import ServerState, state_of
from tallymark.server.takes import takes
from tallymark.server.wire import (
    MAX_NAME,
    AnswersEnvelope,
    AnswersRequest,
    Decision,
    HeartbeatRequest,
    LeaseRequest,
    ReleaseRequest,
    SessionRequest,
    bytes_reply,
    check,
    json_reply,
    parse,
    read_body,
)
from tallymark.store import Transaction
from tallymark.types import AckDict, OperationDict, ProgressDict

router = APIRouter(prefix="/api/v1", tags=["session"])
Server = Annotated[ServerState, Depends(state_of)]


@router.post(
    "/sessions", response_model=Session, operation_id="claimSeat", openapi_extra=takes(SessionRequest)
)
async def claim_seat(server: Server, request: Request) -> Response:
    """Claim or create the seat of a name; the same name is the same seat."""
    asked = await read_body(request, SessionRequest)
    name = canonical(asked.name.strip())
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise Refused("invalid_request", f"a name has 1 to {MAX_NAME} printable characters")
    account = account_at(request)
    if account is not None and name != account.name:
        raise Refused("session_not_allowed", f"you are logged in as {account.name!r}; that is your seat")

    def claim(tx: Transaction) -> dict[str, Any]:
        project = project_of(tx, asked.dataset)
        if account is not None and not account.may_annotate(project["dataset"]):
            raise Refused("session_not_allowed", f"you were not invited to {project['dataset']!r}")
        allowed = allowed_sessions(project)
        if allowed is not None and name not in allowed:
            raise Refused(
                "session_not_allowed",
                f"{name!r} is not among the allowed sessions, which are {', '.join(allowed)}. "
                "Take one of these, or ask whoever runs this project to add the name to allowed_sessions.",
            )
        seat = queue.seats.claim_seat(tx, dataset=project["dataset"], name=name, client_id=asked.client_id)
        return {**seat, "database_id": server.store.database_id}

    return json_reply(await server.write(claim))


@router.post(
    "/sessions/{session}/lease",
    response_model=LeaseReply,
    operation_id="lease",
    openapi_extra=takes(LeaseRequest),
)
async def lease(session: str, request: Request) -> Response:
    """Hold `size` tasks. Asking again gives the same ones: a refresh or a restart changes nothing."""
    server = state_of(request)
    asked = await read_body(request, LeaseRequest)
    reply = await server.write(
        lambda tx: queue.lease.lease_json(
            tx, session=session, client_id=asked.client_id, size=asked.size, holding=asked.holding
        ),
        swift=True,
    )
    server.hosts.wake(session)
    return bytes_reply(reply)


@router.post(
    "/sessions/{session}/answers",
    response_model=AnswersReply,
    operation_id="answer",
    openapi_extra=takes(AnswersRequest),
)
async def answers(session: str, request: Request) -> Response:
    """Store what a session says. Every operation gets an ack, and it leaves only after the commit."""
    server = state_of(request)
    document = parse(await request.body())
    asked = check(AnswersEnvelope, document)
    operations: list[OperationDict] = [_told(op) for op in document["ops"]]
    validated = await server.hosts.validate(server, session, operations)

    def save(tx: Transaction) -> tuple[list[AckDict], ProgressDict]:
        return queue.answers.save_telling(
            tx,
            session=session,
            ops=operations,
            shapes=server.shapes,
            client_id=asked.client_id,
            validated=validated,
        )

    acks, progress = await server.write(save, reach=queue.answers.reach_of(session, operations))
    server.hosts.wake(session)
    return json_reply({"acks": acks, "progress": progress})


@router.post(
    "/sessions/{session}/release",
    response_model=ReleaseReply,
    operation_id="release",
    openapi_extra=takes(ReleaseRequest),
)
async def release(server: Server, session: str, request: Request) -> Response:
    """Give leases back, so that others get the tasks at once."""
    asked = await read_body(request, ReleaseRequest)
    reply = await server.write(
        lambda tx: queue.lease.release(
            tx, session=session, task_ids=asked.task_ids, client_id=asked.client_id
        )
    )
    return json_reply(reply)


@router.post(
    "/sessions/{session}/heartbeat",
    response_model=HeartbeatReply,
    operation_id="heartbeat",
    openapi_extra=takes(HeartbeatRequest),
)
async def heartbeat(server: Server, session: str, request: Request) -> Response:
    """Keep the leases of an open page, and tell it what changed."""
    asked = await read_body(request, HeartbeatRequest)
    reply = await server.write(
        lambda tx: queue.lease.heartbeat(
            tx,
            session=session,
            client_id=asked.client_id,
            cursor=asked.cursor,
            leaving=asked.leaving,
        )
    )
    server.hosts.wake(session)
    return json_reply(reply)


@router.get("/sessions/{session}/history", response_model=HistoryReply, operation_id="history")
async def history(
    server: Server,
    session: str,
    before: int | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    q: str | None = None,
    label: str | None = None,
    decision: Decision | None = None,
    flagged: bool | None = None,
) -> Response:
    """This session's answers, newest first; drafts and retracted ones are told apart by `status`."""
    reply = await server.read(
        lambda tx: queue.history.history(
            tx,
            session=session,
            before=before,
            limit=limit,
            q=q,
            label=label,
            decision=decision,
            flagged=flagged,
        )
    )
    return json_reply(reply)


@router.post(
    "/sessions/{session}/events/{name}",
    response_model=EventReply,
    operation_id="event",
    openapi_extra={
        "requestBody": {
            "content": {"application/json": {"schema": {"type": "object", "additionalProperties": True}}}
        }
    },
)
async def event(server: Server, session: str, name: str, request: Request) -> Response:
    """Call the recipe's event hook of this name with the body's keys as keyword arguments."""
    arguments = parse(await request.body())
    if not isinstance(arguments, dict):
        raise Refused("invalid_request", "the body must be an object: the hook's keyword arguments")
    await server.read(lambda tx: queue.progress.progress(tx, session=session))  # or there is no such session
    return json_reply({"result": await server.hosts.event(session, name, arguments)})


def _told(operation: dict[str, Any]) -> OperationDict:
    """The operation without keys that say nothing."""
    told = {key: value for key, value in operation.items() if value is not None}
    return cast(OperationDict, told)
