"""The web app: hashed assets that never change and an index that is never taken from a cache."""

from pathlib import Path

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request, Response
from starlette.responses import FileResponse
from starlette.routing import Match

from tallymark.server.custom import policy_for
from tallymark.server.folders import file_below
from tallymark.server.guard import POLICY
from tallymark.server.problems import Refused

STATIC = Path(__file__).parent / "static"
_FOREVER = {"cache-control": "public, max-age=31536000, immutable"}
_ASK_AGAIN = {"cache-control": "no-cache"}

router = APIRouter(include_in_schema=False)


@router.api_route("/", methods=["GET", "HEAD"])
async def index(request: Request) -> Response:
    """The page; which dataset and seat it is for stands in the query."""
    reply = await _file(request, "index.html")
    reply.headers[POLICY] = (await policy_for(request)).decode("ascii")
    return reply


@router.api_route("/admin", methods=["GET", "HEAD"])
async def admin(request: Request) -> Response:
    """The operators' page; it asks for everything it shows, so whoever may not see it sees nothing."""
    return await _file(request, "admin.html")


@router.api_route("/{path:path}", methods=["GET", "HEAD"])
async def asset(request: Request, path: str) -> Response:
    """A file of the built web app."""
    if path.startswith(("api/", "internal/")):
        known = any(route.matches(request.scope)[0] is Match.PARTIAL for route in request.app.routes)
        code = "method_not_allowed" if known else "not_known"
        raise Refused(code, f"{request.method} /{path} is no call of this server's API")
    return await _file(request, path)


async def _file(request: Request, path: str) -> Response:
    static: Path = request.app.state.static
    file = await run_sync(file_below, static, path)
    if file is None and path in ("index.html", "admin.html"):
        raise Refused("page_missing", "the page has not been built; run `make web` in a checkout")
    if file is None:
        raise Refused("not_known", f"there is no file {path!r}")
    hashed = path.startswith("assets/")
    return FileResponse(file, headers=_FOREVER if hashed else _ASK_AGAIN)
