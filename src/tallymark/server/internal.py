"""The inner door: hosts and commands of this database hand their work to the one writer.

It opens to the secret of the server's row alone. Browsers cannot come here: they would have to send a
header of ours, and any request that bears a browser's marks is turned away. To everybody else there is
nothing at this address.
"""

import os
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.requests import HTTPConnection

import tallymark
from tallymark import jsontext
from tallymark.channel.wire import JSON_TYPE, SECRET_HEADER, failure, same_secret
from tallymark.errors import ChannelDown, InputError, TallymarkError
from tallymark.queue.calls import BULK, CALLS, NEEDS_SHAPES
from tallymark.queue.writer import WriterClosed
from tallymark.server.live import end_if_idle
from tallymark.server.problems import Refused
from tallymark.server.state import ServerState, state_of
from tallymark.store import Transaction

router = APIRouter(include_in_schema=False)

_BROWSER_MARKS = ("origin", "sec-fetch-site", "sec-fetch-mode", "cookie", "referer")
_FAILED = 409


@router.post("/internal/{name}")
async def call(name: str, request: Request) -> Response:
    """Run one of the queue's calls, or one of the server's own; the arguments are the body."""
    server = state_of(request)
    if not _may_enter(request, server.secret):
        raise Refused("not_known", "there is nothing here")
    try:
        result = await _run(server, name, jsontext.loads(await request.body()))
    except WriterClosed as error:
        return _failure(ChannelDown(str(error)))
    except TallymarkError as error:
        return _failure(error)
    return Response(jsontext.dumps(result), media_type=JSON_TYPE)


def _failure(error: TallymarkError) -> Response:
    return Response(jsontext.dumps(failure(error)), status_code=_FAILED, media_type=JSON_TYPE)


def _may_enter(request: HTTPConnection, secret: str) -> bool:
    if not secret or any(mark in request.headers for mark in _BROWSER_MARKS):
        return False
    return same_secret(request.headers.get(SECRET_HEADER), secret)


async def _run(server: ServerState, name: str, arguments: dict[str, Any]) -> Any:
    if name in _OWN:
        return await _OWN[name](server, **arguments)
    function = CALLS.get(name)
    if function is None:
        raise InputError(f"the server knows no call {name!r}; is it of another version?")

    if name in NEEDS_SHAPES:
        arguments["shapes"] = server.shapes

    def change(tx: Transaction) -> Any:
        return function(tx, **arguments)

    result = await server.write(change, bulk=name in BULK)
    if name.startswith("runs."):
        server.hosts.forget()
    if name.startswith(("accounts.", "erasing.")):
        server.access.forget()
    return result


async def _hello(server: ServerState) -> dict[str, Any]:
    """Who answers here."""
    return {
        "pid": os.getpid(),
        "version": tallymark.__version__,
        "database_id": server.store.database_id,
        "database": str(server.store.path),
        "access": server.settings.access_digest,
    }


async def _stop(server: ServerState) -> None:
    """Finish what was begun and end."""
    server.stop()


async def _leave(server: ServerState) -> list[str]:
    """A host is gone for good: end too, unless another host still lives. The datasets of those that do."""
    return await end_if_idle(server)


_OWN: dict[str, Callable[..., Any]] = {"server.hello": _hello, "server.stop": _stop, "server.leave": _leave}
