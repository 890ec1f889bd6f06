"""Who asks: nobody in particular, whoever knows the one password, or somebody with an account.

Without a password, accounts or a provider the server answers everybody who reaches it. A login is a signed
cookie (or a signed token in scripts), which names an account and the epoch of its password; every request
looks both up, from a memory of two seconds.
"""

import base64
import binascii
import hmac
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any, TypeVar

from anyio.to_thread import run_sync
from fastapi import Request, Response

from tallymark import queue
from tallymark.errors import Erased, StoreError
from tallymark.server.guard import App, Message, Receive, Scope, Send
from tallymark.server.passwords import Throttle, network_of
from tallymark.server.problems import Refused, problem
from tallymark.server.seals import seal, serializer
from tallymark.server.settings import ServerSettings
from tallymark.store import Statement, Store, Transaction

LOGIN_SECONDS = 30 * 86_400
REMEMBERED_SECONDS = 2.0
REMEMBERED = 10_000

_SEAT_NAME = Statement("The name of a seat by its token.", "SELECT name FROM session WHERE token = :token")

_SESSIONS = "/api/v1/sessions/"
_OPERATORS = ("/api/v1/admin", "/api/v1/audit", "/api/v1/trace")
_ALWAYS = ("/internal/", "/ping", "/healthz")
_LOGGED_IN = ("/api/", "/media/", "/openapi.json")
_TO_LOG_IN = "/api/v1/access"

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who is logged in. `datasets`: what they may annotate; None: everything."""

    id: int
    name: str
    role: str
    datasets: list[str] | None

    @property
    def is_operator(self) -> bool:
        """Whether they may look at the books and act on them."""
        return self.role == "operator"

    def may_annotate(self, dataset: str) -> bool:
        """Whether they were invited to a dataset."""
        return self.is_operator or self.datasets is None or dataset in self.datasets


def account_at(request: Request) -> Account | None:
    """Who makes a request; None where nobody has to log in."""
    found: Account | None = request.scope.get("state", {}).get("account")
    return found


class Access:
    """The door of one server."""

    def __init__(
        self, store: Store, settings: ServerSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._memory: OrderedDict[Any, tuple[float, Any]] = OrderedDict()
        self.throttle = Throttle(clock)

    @property
    def cookie(self) -> str:
        """The cookie's name: browsers share cookies among all ports of a host."""
        return f"tallymark-{self._store.database_id[:8]}"

    async def required(self) -> bool:
        """Whether everybody has to log in."""
        return self._settings.oidc is not None or await self._look("any", queue.accounts.any_accounts)

    async def admit(self, scope: Scope) -> Account | None:
        """Who asks. Errors: `Refused` login_required, not_allowed; `Erased`."""
        path = scope["path"]
        headers = {key: value for key, value in scope["headers"] if key in (b"authorization", b"cookie")}
        if self._settings.basic is not None:
            self._check_basic(headers, _address(scope))
            return None
        if not path.startswith(_LOGGED_IN) or not await self.required():
            return None
        account = await self._identified(headers)
        if path.startswith(_TO_LOG_IN):
            return account
        token = path[len(_SESSIONS) :].partition("/")[0] if path.startswith(_SESSIONS) else None
        if account is None:
            if token is not None:
                await self._look(("erased", token), lambda tx: queue.seats.check_not_erased(tx, token))
            raise Refused("login_required", "log in first")
        if path.startswith(_OPERATORS) and not account.is_operator:
            raise Refused("not_allowed", "only operators may do this")
        if token is not None:
            await self._check_seat(token, account)
        return account

    def forget(self) -> None:
        """Accounts have changed."""
        self._memory.clear()

    async def sealed(self, value: Any, *, salt: str) -> str:
        """A value that nobody can change on its way through a browser. There must be a key."""
        return seal(await self._key() or "", value, salt=salt)

    async def opened(self, text: str, *, salt: str, seconds: int | None = None) -> Any:
        """What was sealed, no longer ago than this; None otherwise."""
        from itsdangerous import BadData

        key = await self._key()
        if key is None:
            return None
        try:
            return serializer(key, salt).loads(text, max_age=seconds)
        except BadData:
            return None

    async def _identified(self, headers: dict[bytes, bytes]) -> Account | None:
        given = headers.get(b"authorization", b"").decode("latin-1")
        if given.lower().startswith("bearer "):
            said = await self.opened(given[7:].strip(), salt="token")
        else:
            text = _cookie(headers.get(b"cookie", b"").decode("latin-1"), self.cookie)
            said = None if text is None else await self._login(text)
        match said:
            case [int(account), int(epoch)]:
                row = await self._look(
                    ("account", account), lambda tx: queue.accounts.account_of(tx, account)
                )
            case _:
                return None
        if row is None or row["disabled_at"] is not None or row["epoch"] != epoch:
            return None
        return Account(row["id"], row["name"], row["role"], row["datasets"])

    async def _login(self, text: str) -> Any:
        return await self._kept(
            ("login", text), lambda: self.opened(text, salt="login", seconds=LOGIN_SECONDS)
        )

    async def _check_seat(self, token: str, account: Account) -> None:
        """A seat is its account's alone; one that is not known is told so by the call itself."""
        name = await self._look(("seat", token), lambda tx: tx.value(_SEAT_NAME, {"token": token}))
        if name is not None and name != account.name:
            raise Refused("not_allowed", f"this session belongs to {name!r}, and you are {account.name!r}")

    def greeting(self, scope: Scope) -> bytes | None:
        """The cookie for a browser that knew the one password, unless it has it already."""
        if self._settings.basic is None or self._came_before(dict(scope["headers"])):
            return None
        secure = "; Secure" if (self._settings.public_url or "").startswith("https:") else ""
        kept = f"Path=/; Max-Age={LOGIN_SECONDS}; HttpOnly; SameSite=Lax{secure}"
        return f"{self.cookie}-basic={self._proof()}; {kept}".encode("ascii")

    def _came_before(self, headers: dict[bytes, bytes]) -> bool:
        told = _cookie(headers.get(b"cookie", b"").decode("latin-1"), f"{self.cookie}-basic") or ""
        return hmac.compare_digest(told.encode(), self._proof().encode())

    def _proof(self) -> str:
        """What only somebody who knew the one password has; the same in every process of a database."""
        password = ":".join(self._settings.basic or ("", "")).encode()
        return hmac.digest(password, self._store.database_id.encode(), "sha256").hex()

    def _check_basic(self, headers: dict[bytes, bytes], address: str) -> None:
        """Who shares an address with somebody who guesses goes on working: the right password is enough
        for who had it before. Others wait, so that a guess during the wait tells nothing."""
        given = headers.get(b"authorization", b"")
        right = _is_basic(given, self._settings.basic or ("", ""))
        waits = self.throttle.wait(address)
        if waits > 0 and given and not (right and self._came_before(headers)):
            raise too_many(waits)
        if not right:
            if given:
                self.throttle.failed(address)
            raise Refused("login_required", "name and password are wanted")

    async def _key(self) -> str | None:
        key = await self._look("key", queue.accounts.signing_key)
        if key is None:
            self.forget()
        return key

    async def _look(self, key: Any, look: Callable[[Transaction], Value]) -> Value:
        async def read() -> Value:
            return await run_sync(self._read, look)

        return await self._kept(key, read)

    async def _kept(self, key: Any, make: Callable[[], Awaitable[Value]]) -> Value:
        found = self._memory.get(key)
        if found is not None and self._clock() < found[0]:
            value: Value = found[1]
            return value
        value = await make()
        self._memory[key] = self._clock() + REMEMBERED_SECONDS, value
        while len(self._memory) > REMEMBERED:
            self._memory.popitem(last=False)
        return value

    def _read(self, look: Callable[[Transaction], Value]) -> Value:
        with self._store.reading() as tx:
            return look(tx)


class Gate:
    """Middleware: lets a request through with its account, or refuses it."""

    def __init__(self, app: App, access: Access, settings: ServerSettings) -> None:
        self._app = app
        self._access = access
        self._challenge = settings.basic is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request (or the lifespan of the app, which passes)."""
        if scope["type"] != "http" or scope["path"].startswith(_ALWAYS):
            await self._app(scope, receive, send)
            return
        try:
            account = await self._access.admit(scope)
        except Refused as error:
            await self._refusal(error)(scope, receive, send)
            return
        except (Erased, StoreError) as error:  # outside of what answers the app's errors
            await problem(error.code, str(error))(scope, receive, send)
            return
        scope.setdefault("state", {})["account"] = account
        greeting = self._access.greeting(scope)
        await self._app(scope, receive, send if greeting is None else _with_cookie(send, greeting))

    def _refusal(self, error: Refused) -> Response:
        response = problem(error.code, str(error), **error.more)
        if self._challenge and response.status_code == 401:
            response.headers["www-authenticate"] = 'Basic realm="Tallymark", charset="UTF-8"'
        return response


def _with_cookie(send: Send, cookie: bytes) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (b"set-cookie", cookie)]}
        await send(message)

    return sending


def too_many(seconds: float) -> Refused:
    """The refusal of a further try for some seconds."""
    wait = max(1, round(seconds))
    return Refused("too_many_tries", f"too many tries; wait {wait} seconds", seconds=wait)


def _is_basic(given: bytes, wanted: tuple[str, str]) -> bool:
    kind, _, coded = given.partition(b" ")
    try:
        told = base64.b64decode(coded.strip(), validate=True)
    except binascii.Error:
        return False
    return kind.lower() == b"basic" and hmac.compare_digest(told, ":".join(wanted).encode())


def _cookie(header: str, name: str) -> str | None:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return None
    return None if found is None else found.value


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return network_of(str(client[0])) if client else ""
