"""Styles and scripts of a recipe, as they were read when its newest run started."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from tallymark.errors import TallymarkError
from tallymark.server.guard import page_policy
from tallymark.server.problems import Refused
from tallymark.server.project import PRIVATE_CONFIG, project_of
from tallymark.server.state import ServerState, state_of
from tallymark.store import Transaction

router = APIRouter(prefix="/api/v1", include_in_schema=False)
Server = Annotated[ServerState, Depends(state_of)]

_KINDS = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}


@router.api_route("/custom/{dataset}/{name}", methods=["GET", "HEAD"])
async def custom(server: Server, dataset: str, name: str) -> Response:
    """One of the recipe's files. Its name is made from what it holds, so it never changes."""
    files = (await server.read(lambda tx: _code(tx, dataset))).get("files", {})
    if name not in files:
        raise Refused("not_known", f"the recipe of {dataset!r} has no file {name!r} now; load the page again")
    headers = {"cache-control": "private, max-age=31536000, immutable"}
    return Response(files[name], media_type=_KINDS[name.rpartition(".")[2]], headers=headers)


async def policy_for(request: Request) -> bytes:
    """What the page of a dataset may load: our own files, and what its recipe names."""
    server = state_of(request)
    try:
        code = await server.read(lambda tx: _code(tx, request.query_params.get("dataset")))
    except TallymarkError:  # the page itself says what is wrong
        code = {}
    return page_policy(code.get("policy", {}))


def _code(tx: Transaction, dataset: str | None) -> dict[str, Any]:
    private = project_of(tx, dataset)["config"].get(PRIVATE_CONFIG, {})
    code: dict[str, Any] = private.get("custom_code", {})
    return code
