"""Log in and out, accept an invitation, and come back from an OpenID provider."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.responses import RedirectResponse

from tallymark import queue
from tallymark.names import canonical
from tallymark.server.access import LOGIN_SECONDS, account_at, too_many
from tallymark.server.passwords import check_password, network_of
from tallymark.server.problems import Refused
from tallymark.server.replies import AccessReply, InvitationReply, Login
from tallymark.server.state import ServerState, state_of
from tallymark.server.takes import takes
from tallymark.server.wire import MAX_PASSWORD, AcceptRequest, LoginRequest, json_reply, read_body
from tallymark.store import Transaction

router = APIRouter(prefix="/api/v1/access", tags=["access"])
root = APIRouter(include_in_schema=False)
Server = Annotated[ServerState, Depends(state_of)]

_OIDC_COOKIE = "tallymark-login"
_OIDC_SECONDS = 600


@router.get("", response_model=AccessReply, operation_id="access")
async def access(server: Server, request: Request) -> Response:
    """Whether one has to log in here, how, and who one is."""
    account = account_at(request)
    return json_reply(
        {
            "required": await server.access.required(),
            "provider": server.oidc is not None,
            "account": None if account is None else {"name": account.name, "role": account.role},
        }
    )


@router.post("/login", response_model=Login, operation_id="login", openapi_extra=takes(LoginRequest))
async def login(server: Server, request: Request) -> Response:
    """Log in; the reply sets the cookie."""
    asked = await read_body(request, LoginRequest)
    keys = f"name {canonical(asked.name.strip()).casefold()}", f"address {_address(request)}"
    _check_tries(server, keys)
    account = await server.read(lambda tx: queue.accounts.account_named(tx, asked.name))
    stored = None if account is None or account["disabled_at"] is not None else account["password_hash"]
    async with server.passwords.one_try:
        _check_tries(server, keys)  # again: tries that came together have failed meanwhile
        if not await server.passwords.fits(stored, asked.password) or account is None:
            server.access.throttle.failed(*keys)
            raise Refused("login_failed", "that is no name and password known here")
        server.access.throttle.succeeded(*keys)
    return await _logged_in(server, request, account)


def _check_tries(server: ServerState, keys: tuple[str, str]) -> None:
    """Refuse a login while too many have failed. Errors: `Refused` too_many_tries."""
    waits = server.access.throttle.wait(*keys)
    if waits > 0:
        raise too_many(waits)


@router.post("/logout", response_model=AccessReply, operation_id="logout")
async def logout(server: Server, request: Request) -> Response:
    """Forget the login in this browser."""
    response = await access(server, request)
    response.delete_cookie(server.access.cookie, path="/", httponly=True, samesite="lax")
    return response


@router.get("/invitation", response_model=InvitationReply, operation_id="invitation")
async def invitation(
    server: Server, token: Annotated[str, Query(max_length=MAX_PASSWORD, description="from the link")]
) -> Response:
    """Whom an invitation is for."""
    nonce = await _nonce(server, token)
    return json_reply(await server.read(lambda tx: queue.accounts.invited(tx, nonce=nonce)))


@router.post(
    "/invitation", response_model=Login, operation_id="acceptInvitation", openapi_extra=takes(AcceptRequest)
)
async def accept(server: Server, request: Request) -> Response:
    """Choose a password and be logged in; an invitation can be used once."""
    asked = await read_body(request, AcceptRequest)
    check_password(asked.password)
    nonce = await _nonce(server, asked.invitation)
    await server.read(lambda tx: queue.accounts.invited(tx, nonce=nonce))  # before the slow hash
    hashed = await server.passwords.hash(asked.password)
    account = await server.write(lambda tx: queue.accounts.accept(tx, nonce=nonce, password_hash=hashed))
    server.access.forget()
    return await _logged_in(server, request, account)


@root.get("/login")
async def begin(server: Server, request: Request) -> Response:
    """On to the OpenID provider."""
    if server.oidc is None:
        return RedirectResponse("./", status_code=303)
    await server.write(queue.accounts.ensure_key)
    server.access.forget()
    url, remembered = await run_sync(server.oidc.begin, f"{_public(server, request)}/login/callback")
    response = RedirectResponse(url, status_code=303, headers={"cache-control": "no-store"})
    sealed = await server.access.sealed({**remembered, "query": request.url.query}, salt="oidc")
    _set_cookie(response, request, _OIDC_COOKIE, sealed, _OIDC_SECONDS)
    return response


@root.get("/login/callback")
async def callback(server: Server, request: Request) -> Response:
    """Back from the OpenID provider: the user it names has an account from now on."""
    sealed = request.cookies.get(_OIDC_COOKIE, "")
    remembered = await server.access.opened(sealed, salt="oidc", seconds=_OIDC_SECONDS)
    if server.oidc is None or remembered is None or request.query_params.get("state") != remembered["state"]:
        raise Refused("login_failed", "this login was not begun here, or too long ago; begin again")
    returned = f"{remembered['redirect_uri']}?{request.url.query}"
    name = await run_sync(server.oidc.finish, remembered, returned)
    role = "operator" if name in server.oidc.operators else "annotator"

    def enter(tx: Transaction) -> dict[str, Any]:
        known = queue.accounts.account_named(tx, name)
        if known is not None and known["password_hash"] is not None:  # names at a provider can be chosen
            raise Refused(
                "login_failed", f"{known['name']!r} has a password here: log in with it, not at the provider"
            )
        return queue.accounts.ensure_account(tx, name=name, role=role)

    account = await server.write(enter)
    if account["disabled_at"] is not None:
        raise Refused("login_failed", f"the account {account['name']!r} is disabled here")
    server.access.forget()
    query = remembered["query"]
    response = RedirectResponse(f"../{f'?{query}' if query else ''}", status_code=303)
    await _set_login(server, request, response, account)
    response.delete_cookie(_OIDC_COOKIE, path="/")
    return response


async def _nonce(server: ServerState, token: str) -> str:
    nonce = await server.access.opened(token, salt="invitation")
    if not isinstance(nonce, str):
        raise Refused("input", "this link is not complete, or from another database; ask for another one")
    return nonce


async def _logged_in(server: ServerState, request: Request, account: dict[str, Any]) -> Response:
    response = json_reply({"name": account["name"], "role": account["role"]})
    await _set_login(server, request, response, account)
    return response


async def _set_login(
    server: ServerState, request: Request, response: Response, account: dict[str, Any]
) -> None:
    signed = await server.access.sealed([account["id"], account["epoch"]], salt="login")
    _set_cookie(response, request, server.access.cookie, signed, LOGIN_SECONDS)


def _set_cookie(response: Response, request: Request, name: str, value: str, seconds: int) -> None:
    """`lax`: sent along when a link or the provider leads here, never with another site's request."""
    settings = state_of(request).settings
    secure = request.url.scheme == "https" or (settings.public_url or "").startswith("https:")
    response.set_cookie(name, value, max_age=seconds, path="/", httponly=True, samesite="lax", secure=secure)


def _public(server: ServerState, request: Request) -> str:
    """Where browsers reach this server, without a slash at the end."""
    told = server.settings.public_url
    if told is not None:
        return told.rstrip("/")
    here = urlsplit(str(request.url))
    return f"{here.scheme}://{here.netloc}"


def _address(request: Request) -> str:
    return "" if request.client is None else network_of(request.client.host)
