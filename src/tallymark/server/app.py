"""The web application: the API, the page, and the inner door for hosts and commands."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

import tallymark
from tallymark.errors import DatasetRequired, NotKnown, TallymarkError
from tallymark.queue.writer import Writer
from tallymark.server import access_api, admin_api, custom, internal, media, page, read_api, session_api
from tallymark.server.access import Access, Gate
from tallymark.server.channel import interface_shapes
from tallymark.server.guard import Guard
from tallymark.server.hosts import Hosts
from tallymark.server.hot import HotCalls
from tallymark.server.oidc import Oidc
from tallymark.server.openapi import described
from tallymark.server.problems import PROBLEMS, Refused, problem
from tallymark.server.settings import ServerSettings
from tallymark.server.state import ServerState
from tallymark.store import Store
from tallymark.types import AnswerShapes

logger = logging.getLogger(__name__)

HOT = {"lease": session_api.lease, "answers": session_api.answers}
_STATUS_CODES = {404: "not_known", 405: "method_not_allowed"}


def create_app(
    store: Store,
    writer: Writer,
    settings: ServerSettings | None = None,
    *,
    shapes: AnswerShapes | None = None,
    secret: str = "",
    stop: Callable[[], None] = lambda: None,
    static: Path = page.STATIC,
) -> FastAPI:
    """The app on one database. Without a `secret` the inner door stays shut; `stop` ends the process."""
    settings = settings or ServerSettings()
    hosts = Hosts(store, timeout=settings.host_timeout)
    app = FastAPI(
        title="Tallymark",
        description="What an annotator's page, a script or an operator may ask of a Tallymark server.",
        version=tallymark.__version__,
        docs_url=None,
        redoc_url=None,
        lifespan=_closing(hosts),
        separate_input_output_schemas=False,
    )
    access = Access(store, settings)
    app.state.server = ServerState(
        store=store,
        writer=writer,
        shapes=shapes or interface_shapes(),
        settings=settings,
        hosts=hosts,
        secret=secret,
        stop=stop,
        access=access,
        oidc=None if settings.oidc is None else Oidc(settings.oidc),
    )
    app.state.static = static
    app.add_middleware(HotCalls, calls=HOT, on_error=refusal)
    app.add_middleware(Gate, access=access, settings=settings)
    app.add_middleware(Guard, settings=settings)
    for router in (
        session_api.router,
        access_api.router,
        admin_api.router,
        read_api.router,
        media.router,
        custom.router,
        read_api.root,
        access_api.root,
        internal.router,
        page.router,
    ):
        app.include_router(router)
    app.add_exception_handler(TallymarkError, _tallymark_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _failure)
    app.openapi = lambda: described(app)  # type: ignore[method-assign]
    return app


def _closing(hosts: Hosts) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        hosts.close()

    return lifespan


async def _tallymark_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, TallymarkError)  # noqa: S101  (what the handler is registered for)
    return refusal(request, error)


def refusal(request: Request, error: TallymarkError) -> Response:
    """Errors of the program by their code; within a session's paths what is not known is the session."""
    if isinstance(error, Refused):
        return problem(error.code, str(error), **error.more)
    if isinstance(error, DatasetRequired):
        return problem(error.code, str(error), datasets=error.names)
    if type(error) is NotKnown and "session" in request.path_params:
        return problem("session_unknown", str(error))
    code = error.code if error.code in PROBLEMS else "error"
    return problem(code, str(error))


async def _invalid_request(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  (what the handler is registered for)
    found = [{"at": ".".join(map(str, e["loc"])), "message": e["msg"]} for e in error.errors()]
    return problem("invalid_request", f"{found[0]['at']}: {found[0]['message']}", errors=found)


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  (what the handler is registered for)
    return problem(_STATUS_CODES.get(error.status_code, "error"), str(error.detail))


async def _failure(request: Request, error: Exception) -> Response:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem("internal", "the server failed; its log has the details")
