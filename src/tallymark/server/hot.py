"""The two calls that every answer takes go to their functions directly.

Routing, dependency solving and their layers cost more than half of a request's time. The functions are those
of the API, which describes them; only the way to them is shorter.
"""

from collections.abc import Awaitable, Callable, Mapping

from fastapi import Request, Response

from tallymark.errors import TallymarkError
from tallymark.server.guard import App, Receive, Scope, Send

PREFIX = "/api/v1/sessions/"

Call = Callable[[str, Request], Awaitable[Response]]
OnError = Callable[[Request, TallymarkError], Response]


class HotCalls:
    """Middleware that answers `POST /api/v1/sessions/{session}/{name}` for the named calls."""

    def __init__(self, app: App, calls: Mapping[str, Call], on_error: OnError) -> None:
        self._app = app
        self._calls = calls
        self._on_error = on_error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; what is not hot takes the usual way."""
        found = self._find(scope)
        if found is None:
            await self._app(scope, receive, send)
            return
        session, call = found
        scope["path_params"] = {"session": session}
        request = Request(scope, receive)
        try:
            response = await call(session, request)
        except TallymarkError as error:
            response = self._on_error(request, error)
        await response(scope, receive, send)

    def _find(self, scope: Scope) -> tuple[str, Call] | None:
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith(PREFIX):
            return None
        session, _, name = scope["path"][len(PREFIX) :].partition("/")
        call = self._calls.get(name)
        return None if call is None or not session else (session, call)
