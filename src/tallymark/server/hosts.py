"""Calling the hosts: validate an answer, run an event hook, wake a feeder.

A host may be busy, dead or gone; nothing here waits longer than `host_timeout`, and nothing here is done
while the writer is held.
"""

import asyncio
import logging
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tallymark import jsontext, queue
from tallymark.channel.client import Address, post
from tallymark.errors import ChannelDown, NotKnown, TallymarkError
from tallymark.server.problems import Refused
from tallymark.store import Row, Statement, Store, Transaction
from tallymark.types import OperationDict, Task

if TYPE_CHECKING:
    from tallymark.server.state import ServerState

logger = logging.getLogger(__name__)

_WAKE_PAUSE = 0.1
_FRESH_SECONDS = 2.0
_THREADS = 64  # each waits for one validation or event, two seconds at most

_HOSTS = Statement(
    "The newest runs of the datasets of some sessions, and where their hosts listen.",
    "SELECT s.token, r.id, r.address, r.secret, r.wants, r.ended_at FROM session s"
    " JOIN dataset d ON d.id = s.dataset JOIN run r ON r.id = d.run WHERE s.token IN {texts:sessions}",
)


@dataclass(frozen=True, slots=True)
class HostRun:
    """A dataset's newest run and the callbacks it has; without an address its host has ended."""

    run: int
    address: Address | None
    wants: frozenset[str]


class Hosts:
    """The hosts of this database's datasets, looked up by session and remembered until a run changes."""

    def __init__(self, store: Store, *, timeout: float) -> None:
        self._store = store
        self._timeout = timeout
        self._known: dict[str, HostRun] = {}
        self._known_since = time.monotonic()
        self._alone = store.writers == 1
        self._used: set[str] = set()
        self._looking: asyncio.Future[None] | None = None
        self._changes = 0
        self._waking: set[int] = set()
        self._closed = False
        self._pool = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="host-call")

    def forget(self) -> None:
        """A run started, ended or changed: look again."""
        self._changes += 1
        self._known = {}
        self._known_since = time.monotonic()

    def close(self) -> None:
        """Stop calling; what is under way is not waited for."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def wake(self, session: str) -> None:
        """Tell the session's host, soon and once for many calls, that somebody did something.

        Returns at once; call it from the event loop. A host that cannot be reached wakes by itself.
        """
        run = self._known.get(session)
        if run is not None:
            if run.address is None or run.run in self._waking:
                return
            self._waking.add(run.run)
        asyncio.get_running_loop().call_later(_WAKE_PAUSE, self._wake_in_pool, session)

    async def validate(
        self, server: "ServerState", session: str, operations: Sequence[OperationDict]
    ) -> dict[str, str] | None:
        """What the recipe's `validate_answer` says of each submitted operation, by op_id.

        None when the recipe does not validate. `valid`, `failed: message`, or `unvalidated` when the host
        does not answer in time: the answer is stored all the same and validated later.
        """
        run = await self._of(session)
        submitted = [op for op in operations if op.get("status") == "submitted"]
        if run is None or "validate_answer" not in run.wants or not submitted:
            return None
        if run.address is None:
            return {op["op_id"]: "unvalidated" for op in submitted}
        documents = await server.read(lambda tx: _previews(tx, session, submitted))
        try:
            said: dict[str, str] = await self._post(run.address, "/validate", {"tasks": documents})
        except TallymarkError as error:
            logger.info("answers of %s are not validated yet: %s", session, error)
            said = {}
        return {op_id: said.get(op_id, "unvalidated") for op_id in documents}

    async def event(self, session: str, name: str, arguments: dict[str, Any]) -> Any:
        """What the recipe's event hook returns.

        Errors: `Refused` host_down, host_busy, or not_known for a hook the recipe has not; `RecipeError`
        when the hook raised.
        """
        run = await self._of(session)
        if run is None or run.address is None:
            raise Refused("host_down", "the recipe of this dataset is not running; start it again")
        document = {"name": name, "session": session, "arguments": arguments}
        try:
            return await self._post(run.address, "/event", document)
        except ChannelDown as error:
            raise Refused("host_busy", f"the recipe did not answer in time: {error}") from error
        except NotKnown as error:
            raise Refused("not_known", str(error)) from error

    async def _of(self, session: str) -> HostRun | None:
        self._used.add(session)
        if not self._alone and time.monotonic() - self._known_since > _FRESH_SECONDS:
            await self._look_again()  # another process may have been told of another run
        known = self._known.get(session)
        if known is not None:
            return known
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._look_up, session)

    async def _post(self, address: Address, path: str, document: Any) -> Any:
        def call() -> Any:
            return post(address, path, document, timeout=self._timeout)

        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    async def _look_again(self) -> None:
        """Look up the hosts of all sessions that were used lately, once for everybody who waits for it."""
        if self._looking is None:
            used, self._used = self._used, set()
            self._looking = asyncio.get_running_loop().run_in_executor(self._pool, self._know_only, used)
            self._looking.add_done_callback(self._looked)
        await asyncio.shield(self._looking)

    def _looked(self, _: object) -> None:
        self._looking = None

    def _know_only(self, sessions: set[str]) -> None:
        changes = self._changes
        found = self._found(sessions)
        if changes == self._changes:
            self._known = found
        self._known_since = time.monotonic()

    def _look_up(self, session: str) -> HostRun | None:
        changes = self._changes
        found = self._found([session])
        if changes == self._changes:
            self._known |= found
        return found.get(session)

    def _found(self, sessions: Collection[str]) -> dict[str, HostRun]:
        with self._store.reading() as tx:
            rows = tx.all(_HOSTS, {"sessions": jsontext.dumps(list(sessions))})
        return {row["token"]: _host_of(row) for row in rows}

    def _wake_in_pool(self, session: str) -> None:
        if not self._closed:
            self._pool.submit(self._wake, session)

    def _wake(self, session: str) -> None:
        run = self._known.get(session) or self._look_up(session)
        if run is None or run.address is None:
            return
        self._waking.discard(run.run)
        try:
            post(run.address, "/wake", {}, timeout=self._timeout)
        except TallymarkError as error:
            logger.debug("the host of run %s cannot be woken: %s", run.run, error)


def _host_of(row: Row) -> HostRun:
    listens = row["ended_at"] is None and row["address"]
    address = Address(row["address"], row["secret"]) if listens else None
    return HostRun(row["id"], address, frozenset(jsontext.loads(row["wants"])))


def _previews(tx: Transaction, session: str, operations: Sequence[OperationDict]) -> dict[str, Task]:
    """The whole answered documents, by op_id; operations that make none need no validation."""
    made = {op["op_id"]: queue.answers.preview(tx, session=session, op=op) for op in operations}
    return {op_id: document for op_id, document in made.items() if document is not None}
