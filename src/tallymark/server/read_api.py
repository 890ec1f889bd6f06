"""What may be read: the project, progress, whether we live; for operators the books and any record's life."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.responses import PlainTextResponse

import tallymark
from tallymark import queue
from tallymark.server.access import Account, account_at
from tallymark.server.operators import operator
from tallymark.server.project import PRIVATE_CONFIG, host_state, project_for, project_of, seat_of
from tallymark.server.replies import AuditReply, Health, Progress, Project, TraceReply
from tallymark.server.state import ServerState, state_of
from tallymark.server.wire import json_reply
from tallymark.store import Transaction

router = APIRouter(prefix="/api/v1", tags=["read"])
root = APIRouter(tags=["health"])
Server = Annotated[ServerState, Depends(state_of)]
DatasetName = Annotated[str | None, Query(description="needed when several datasets are served")]


@router.get("/project", response_model=Project, operation_id="project")
async def project(server: Server, request: Request, dataset: DatasetName = None) -> Response:
    """Dataset, recipe, interface, labels, instructions and the settings the page needs."""
    account = account_at(request)
    found, host = await server.read(lambda tx: _project_and_host(tx, dataset, account))
    private = found["config"].pop(PRIVATE_CONFIG, {})
    page = {
        **found,
        "version": tallymark.__version__,
        "host": host,
        "overlap": private.get("overlap", 1),
        "seat": seat_of(private, server.settings, account),
    }
    return json_reply({key: page[key] for key in Project.model_fields})


@router.get("/progress", response_model=Progress, operation_id="progress")
async def progress(
    server: Server, session: Annotated[str, Query(description="a session's token")]
) -> Response:
    """Where the dataset and one session stand."""
    return json_reply(await server.read(lambda tx: queue.progress.progress(tx, session=session)))


@router.get("/audit", response_model=AuditReply, operation_id="audit", dependencies=[Depends(operator)])
async def audit(server: Server, dataset: DatasetName = None) -> Response:
    """The books of a dataset, and every invariant with what breaks it."""

    def look(tx: Transaction) -> dict[str, Any]:
        name = dataset or project_of(tx, None)["dataset"]
        return {
            "dataset": name,
            "balances": queue.audit.balances(tx, dataset=name),
            "invariants": queue.audit.invariants(tx, dataset=name),
        }

    return json_reply(await server.read(look))


@router.get("/trace", response_model=TraceReply, operation_id="trace", dependencies=[Depends(operator)])
async def trace(
    server: Server,
    dataset: DatasetName = None,
    task_id: str | None = None,
    row: Annotated[int | None, Query(ge=1, description="ordinal of a row, over all sources")] = None,
    source: Annotated[str | None, Query(description="file in which the row is counted")] = None,
    hash: Annotated[
        str | None, Query(description="an _input_hash or a _task_hash, or an identity in hexadecimal")
    ] = None,
    text: Annotated[str | None, Query(description="text of an input, or a part of a document")] = None,
) -> Response:
    """The whole life of a record: its row's fate, its tasks, who had them when, what was said."""

    def look(tx: Transaction) -> dict[str, Any]:
        name = dataset or project_of(tx, None)["dataset"]
        return queue.trace.trace(
            tx, dataset=name, task_id=task_id, row=row, source=source, hash=hash, text=text
        )

    return json_reply(await server.read(look))


def _project_and_host(
    tx: Transaction, dataset: str | None, account: Account | None
) -> tuple[dict[str, Any], str]:
    found = project_for(tx, dataset, account)
    return found, host_state(tx, found)


@root.get("/healthz", response_model=Health, operation_id="healthz")
async def healthz(server: Server) -> Response:
    """The database answers; 503 when it does not."""
    await server.read(lambda tx: tx.now)
    return json_reply(
        {"status": "ok", "database_id": server.store.database_id, "version": tallymark.__version__}
    )


@root.get("/ping", response_class=PlainTextResponse, operation_id="ping")
async def ping(_: Request) -> Response:
    """Constant; asks nothing of the database."""
    return PlainTextResponse("pong")
