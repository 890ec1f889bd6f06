"""What operators do, each as one call: `POST /api/v1/admin/…`. The commands of the same names do the same."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from tallymark.queue import agreement, erasing, labelling, operate, overview, people, seats, waiting
from tallymark.queue.datasets import find_dataset
from tallymark.server import admin_wire as wire
from tallymark.server.operators import operator
from tallymark.server.problems import Refused
from tallymark.server.project import project_of
from tallymark.server.replies import (
    AdminReply,
    AffectedReply,
    AgreementReply,
    DatasetsReply,
    LabelsReply,
    OverviewReply,
    WaitingReply,
)
from tallymark.server.state import ServerState, state_of
from tallymark.server.takes import takes
from tallymark.server.wire import json_reply, read_body
from tallymark.store import Transaction

Work = Callable[..., dict[str, Any]]

router = APIRouter(prefix="/api/v1/admin", tags=["operators"], dependencies=[Depends(operator)])


@dataclass(frozen=True, slots=True)
class Action:
    """One call: the queue's function, the shape of its arguments, and whether it works part by part."""

    does: str
    work: Work
    body: type[BaseModel]
    parts: bool = False


def withdraw(tx: Transaction, *, dataset: str, task_id: str, session: str | None) -> dict[str, Any]:
    """Withdraw a task, or one session's answer to it."""
    if session is None:
        return operate.withdraw_task(tx, dataset=dataset, task_id=task_id)
    return operate.withdraw_answer(tx, dataset=dataset, task_id=task_id, session=session)


def reopen(tx: Transaction, *, dataset: str, task_id: str, session: str | None) -> dict[str, Any]:
    """Take back `withdraw`."""
    if session is None:
        return operate.reopen_task(tx, dataset=dataset, task_id=task_id)
    return operate.reinstate_answer(tx, dataset=dataset, task_id=task_id, session=session)


def erase_record(tx: Transaction, *, dataset: str, task_ids: list[str], sure: bool) -> dict[str, Any]:
    """Erase records, if the caller is sure."""
    _refuse_unsure(sure=sure)
    return erasing.erase_record(tx, dataset=dataset, task_ids=task_ids)


def erase_person(tx: Transaction, *, name: str, sure: bool) -> dict[str, Any]:
    """Erase a person, if the caller is sure."""
    _refuse_unsure(sure=sure)
    return erasing.erase_person(tx, name=name)


def _refuse_unsure(*, sure: bool) -> None:
    if not sure:
        raise Refused("invalid_request", "sure: what is erased cannot be brought back; say that you are sure")


ACTIONS: dict[str, Action] = {
    "pause": Action("Lease nothing more; answers are stored all the same.", operate.pause, wire.OfDataset),
    "resume": Action("Lease again.", operate.resume, wire.OfDataset),
    "release": Action("End all leases, or those of one session.", operate.release_all, wire.OfSession),
    "withdraw": Action(
        "Take a task out of circulation, or set one session's answer to it aside.", withdraw, wire.OfTask
    ),
    "reopen": Action("Take back a withdrawal of a task or an answer.", reopen, wire.OfTask),
    "overlap": Action(
        "Change how many answers a task wants, or every task.", operate.set_overlap, wire.OverlapRequest
    ),
    "open-to-all": Action(
        "Let everybody have tasks that a router gave to certain people.", waiting.open_to_all, wire.OfTasks
    ),
    "withdraw-answers": Action(
        "Set aside what a session answered from a time on; others get the tasks again.",
        people.withdraw_answers,
        wire.AnswersSince,
        parts=True,
    ),
    "reinstate-answers": Action(
        "Take back `withdraw-answers`.", people.reinstate_answers, wire.AnswersSince, parts=True
    ),
    "send-back": Action(
        "Return an answer to its author with a comment.", people.send_answer_back, wire.SendBackRequest
    ),
    "seats/rename": Action("Give a session another name.", people.rename_seat, wire.RenameSeatRequest),
    "seats/merge": Action("Make one session of two.", people.merge_seats, wire.MergeSeatsRequest),
    "seats/retire": Action("Close a session.", seats.retire_seat, wire.RetireSeatRequest),
    "labels/add": Action("Offer one more label.", labelling.add_label, wire.LabelRequest),
    "labels/rename": Action(
        "Offer a label under another name.", labelling.rename_label, wire.RenameLabelRequest
    ),
    "labels/merge": Action(
        "Offer one label instead of two.", labelling.merge_labels, wire.MergeLabelsRequest
    ),
    "labels/retire": Action("Offer a label no longer.", labelling.retire_label, wire.LabelRequest),
    "labels/instructions": Action(
        "Show other instructions.", labelling.set_instructions, wire.InstructionsRequest
    ),
    "labels/reopen": Action(
        "Send answers given before a change of the labels back to their authors.",
        labelling.reopen_affected,
        wire.ReopenAffectedRequest,
        parts=True,
    ),
    "erase/record": Action(
        "Erase records from every dataset, for good.", erase_record, wire.EraseRecordRequest
    ),
    "erase/person": Action("Erase a person's name, for good.", erase_person, wire.ErasePersonRequest),
}


@router.get("/datasets", response_model=DatasetsReply, operation_id="operatorDatasets")
async def list_datasets(request: Request) -> Response:
    """Every dataset with its counters and its newest run."""
    return json_reply({"datasets": await state_of(request).read(overview.datasets)})


@router.get("/overview", response_model=OverviewReply, operation_id="operatorOverview")
async def look(request: Request, dataset: str | None = None) -> Response:
    """One dataset at a glance: seats, pace, who holds what, the stream and its errors, the last events."""
    return json_reply(await _read(request, overview.overview, dataset))


@router.get("/waiting", response_model=WaitingReply, operation_id="operatorWaiting")
async def wait(request: Request, dataset: str | None = None) -> Response:
    """Tasks that wait for certain people who do not come, and tasks that too few people may have."""
    return json_reply(await _read(request, _waiting, dataset))


def _waiting(tx: Transaction, *, dataset: str) -> dict[str, Any]:
    return {
        "awaiting": waiting.awaiting(tx, dataset=dataset),
        "unfillable": waiting.unfillable(tx, dataset=dataset),
    }


@router.get("/agreement", response_model=AgreementReply, operation_id="operatorAgreement")
async def agree(request: Request, dataset: str | None = None) -> Response:
    """How far annotators agree, on the decision and on the whole answer."""
    return json_reply(await _read(request, agreement.agreement, dataset))


@router.get("/labels", response_model=LabelsReply, operation_id="operatorLabels")
async def list_labels(request: Request, dataset: str | None = None) -> Response:
    """The labels and instructions as they are now, and every change of them."""
    return json_reply(await _read(request, labelling.labels, dataset))


@router.get("/affected", response_model=AffectedReply, operation_id="operatorAffected")
async def affected(
    request: Request,
    dataset: str | None = None,
    label: str | None = None,
    version: Annotated[int | None, Query(description="number of a change; the last one if left out")] = None,
    after: Annotated[int, Query(ge=0, description="the `after` of the last reply")] = 0,
) -> Response:
    """Answers given before a change of the labels, with `label` those that carry it."""
    found = await _read(request, labelling.affected, dataset, label=label, version=version, after=after)
    return json_reply(found)


async def _read(request: Request, function: Work, dataset: str | None, **more: Any) -> dict[str, Any]:
    def find(tx: Transaction) -> dict[str, Any]:
        return function(tx, dataset=_dataset(tx, name=dataset), **more)

    return await state_of(request).read(find)


async def carry_out(server: ServerState, action: Action, arguments: dict[str, Any]) -> dict[str, Any]:
    """Do it; work that goes part by part is one transaction each, so that people are served meanwhile."""
    if "dataset" in arguments:
        arguments["dataset"] = await server.read(partial(_dataset, name=arguments["dataset"]))
    reply = await server.write(partial(action.work, **arguments), bulk=action.parts)
    while action.parts and reply["after"] is not None:
        part = await server.write(partial(action.work, **arguments, after=reply["after"]), bulk=True)
        reply = {"answers": reply["answers"] + part["answers"], "after": part["after"]}
    return {key: value for key, value in reply.items() if key != "after"}


def _dataset(tx: Transaction, *, name: str | None) -> str:
    if name is None:
        return str(project_of(tx, None)["dataset"])
    return str(find_dataset(tx, name)["name"])


def _add(name: str, action: Action) -> None:
    async def call(request: Request) -> Response:
        asked = await read_body(request, action.body)
        return json_reply(await carry_out(state_of(request), action, asked.model_dump()))

    words = name.replace("/", "-").split("-")
    router.add_api_route(
        f"/{name}",
        call,
        methods=["POST"],
        response_model=AdminReply,
        operation_id="operator" + "".join(word.capitalize() for word in words),
        description=action.does,
        summary=action.does,
        openapi_extra=takes(action.body),
    )


for _name, _action in ACTIONS.items():
    _add(_name, _action)
