"""What every request passes before it reaches the API: who asks, for whom, with how much.

Plain ASGI, so that a refusal costs nothing and streaming is not disturbed. A web page of another site can
make a visitor's browser send requests here; the checks of host name, content type and origin keep it from
reading or answering anything.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from fastapi import Response
from starlette.responses import RedirectResponse

from tallymark.server.problems import problem
from tallymark.server.settings import LOOPBACK_NAMES, ServerSettings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

POLICY = "content-security-policy"
_DIRECTIVES: Mapping[str, str] = {
    "default-src": "'self'",
    "img-src": "* data: blob:",
    "media-src": "* data: blob:",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "font-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
)


def page_policy(more: Mapping[str, Sequence[str]]) -> bytes:
    """The content security policy: what a page of ours may load, and `more` by directive."""
    told = {name: " ".join([sources, *more.get(name, ())]) for name, sources in _DIRECTIVES.items()}
    return "; ".join(f"{name} {sources}" for name, sources in told.items()).encode("ascii")


_POLICY = page_policy({})
_WITH_BODY = ("POST", "PUT", "PATCH")
"""Methods whose body must be JSON; forms of other sites can send POST alone."""
_INNER = ("/api/", "/internal/")
_PLAIN = (*_INNER, "/healthz", "/ping", "/openapi.json")


class Guard:
    """Refuses what must not be answered and puts the security headers on what is."""

    def __init__(self, app: App, settings: ServerSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request (or the lifespan of the app, which passes)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = _headers(scope)
        guarded = _with_headers(send)
        refusal = self._refusal(scope, headers) or self._redirect(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, guarded)
            return
        if scope["path"].startswith("/internal/"):  # asks for its secret before it reads anything
            await self._app(scope, receive, guarded)
            return
        limited = _BodyLimit(receive, self._settings.max_body)
        try:
            await self._app(scope, limited, guarded)
        except BodyTooLarge as error:
            await error.response(scope, receive, guarded)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> Response | None:
        host = headers.get("host", "")
        hosts = sum(key.lower() == b"host" for key, _ in scope["headers"])
        if hosts != 1 or "@" in host or not self._settings.answers_to(_name(host)):
            return problem(
                "wrong_host", f"this server does not answer to {host!r}; see the setting allowed_hosts"
            )
        if _foreign(scope, headers, (host, self._settings.public_netloc)):
            return problem("cross_origin", "the request was made by a page of another site")
        if scope["method"] in _WITH_BODY and not _is_json(headers.get("content-type", "")):
            return problem("media_type", "send the body as application/json")
        length = headers.get("content-length", "")
        inner = scope["path"].startswith("/internal/")
        if length.isdecimal() and int(length) > self._settings.max_body and not inner:
            return too_large(self._settings.max_body)
        return None

    def _redirect(self, scope: Scope, headers: dict[str, str]) -> Response | None:
        """Pages move to the one host name under which the browser keeps unsent work."""
        host, canonical = headers.get("host", ""), self._settings.canonical_host
        if scope["path"].startswith(_PLAIN) or _name(host) == canonical or _name(host) not in LOOPBACK_NAMES:
            return None
        port = urlsplit(f"//{host}").port
        query = scope["query_string"].decode("latin-1")
        path = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
        location = (
            f"{scope['scheme']}://{canonical}{f':{port}' if port else ''}{path}{f'?{query}' if query else ''}"
        )
        return RedirectResponse(location, status_code=307, headers={"cache-control": "no-store"})


def too_large(limit: int) -> Response:
    """The reply to a body beyond the limit."""
    return problem("body_too_large", f"a request may have {limit:,} bytes; see the setting max_body_mb")


class BodyTooLarge(Exception):
    """A body without a declared length turned out too long while it was read."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.response = too_large(limit)


class _BodyLimit:
    """`receive` that counts: a chunked body has no length to refuse beforehand."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._seen = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self._seen > self._limit:
            raise BodyTooLarge(self._limit)
        return message


def _headers(scope: Scope) -> dict[str, str]:
    return {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]}


def _name(host: str) -> str:
    """`[::1]:8080` → `::1`; an impossible header gives a name that is nobody's."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _foreign(scope: Scope, headers: dict[str, str], ours: tuple[str, ...]) -> bool:
    """Whether a page of another origin made this request; `ours` are our hosts with their ports.

    Reading the page itself from a link elsewhere is fine; the API, and anything but reading, is not.
    """
    if scope["method"] in {"GET", "HEAD"} and not scope["path"].startswith(_INNER):
        return False
    if headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() not in {
        host.lower() for host in ours if host
    }


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            own = any(key.lower() == POLICY.encode() for key, _ in headers)
            policy = () if own else ((POLICY.encode(), _POLICY),)
            message["headers"] = [*headers, *policy, *SECURITY_HEADERS]
        await send(message)

    return sending
