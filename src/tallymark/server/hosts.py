"""Calling the hosts: validate an answer, run an event hook, wake a feeder.

A host may be busy, dead or gone; nothing here waits longer than `host_timeout`, and nothing here is done
while the writer is held.
"""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tallymark import jsontext, queue
from tallymark.channel.client import Address, post
from tallymark.errors import ChannelDown, NotKnown, TallymarkError
from tallymark.server.problems import Refused
from tallymark.store import Statement, Store, Transaction
from tallymark.types import OperationDict, Task

if TYPE_CHECKING:
    from tallymark.server.state import ServerState

logger = logging.getLogger(__name__)

_WAKE_PAUSE = 0.1
_THREADS = 64  # each waits for one validation or event, two seconds at most

_HOST = Statement(
    "The newest run of a session's dataset, and where its host listens.",
    "SELECT r.id, r.address, r.secret, r.wants, r.ended_at FROM session s"
    " JOIN dataset d ON d.id = s.dataset JOIN run r ON r.id = d.run WHERE s.token = :session",
)


@dataclass(frozen=True, slots=True)
class HostRun:
    """A run whose host can be called, and the callbacks it has."""

    run: int
    address: Address
    wants: frozenset[str]


class Hosts:
    """The hosts of this database's datasets, looked up by session and remembered until a run changes."""

    def __init__(self, store: Store, *, timeout: float) -> None:
        self._store = store
        self._timeout = timeout
        self._known: dict[str, HostRun | None] = {}
        self._changes = 0
        self._waking: set[int] = set()
        self._pool = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="host-call")

    def forget(self) -> None:
        """A run started, ended or changed: look again."""
        self._changes += 1
        self._known = {}

    def close(self) -> None:
        """Stop calling; what is under way is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def wake(self, session: str) -> None:
        """Tell the session's host, soon and once for many calls, that somebody did something.

        Returns at once; call it from the event loop. A host that cannot be reached wakes by itself.
        """
        run = self._known.get(session)
        if run is None and session in self._known:
            return
        if run is not None and run.run in self._waking:
            return
        if run is not None:
            self._waking.add(run.run)
        asyncio.get_running_loop().call_later(_WAKE_PAUSE, self._pool.submit, self._wake, session)

    async def validate(
        self, server: "ServerState", session: str, operations: Sequence[OperationDict]
    ) -> dict[str, str] | None:
        """What the recipe's `validate_answer` says of each submitted operation, by op_id.

        None when the recipe does not validate. `valid`, `failed: message`, or `unvalidated` when the host
        does not answer in time: the answer is stored all the same and validated later.
        """
        run = await self._of(session)
        submitted = [op for op in operations if op["status"] == "submitted"]
        if run is None or "validate_answer" not in run.wants or not submitted:
            return None
        documents = await server.read(lambda tx: _previews(tx, session, submitted))
        try:
            said: dict[str, str] = await self._post(run, "/validate", {"tasks": documents})
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
        if run is None:
            raise Refused("host_down", "the recipe of this dataset is not running; start it again")
        document = {"name": name, "session": session, "arguments": arguments}
        try:
            return await self._post(run, "/event", document)
        except ChannelDown as error:
            raise Refused("host_busy", f"the recipe did not answer in time: {error}") from error
        except NotKnown as error:
            raise Refused("not_known", str(error)) from error

    async def _of(self, session: str) -> HostRun | None:
        if session in self._known:
            return self._known[session]
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._look_up, session)

    async def _post(self, run: HostRun, path: str, document: Any) -> Any:
        def call() -> Any:
            return post(run.address, path, document, timeout=self._timeout)

        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def _look_up(self, session: str) -> HostRun | None:
        changes = self._changes
        with self._store.reading() as tx:
            row = tx.one(_HOST, {"session": session})
        run = None
        if row is not None and row["ended_at"] is None and row["address"]:
            wants = frozenset(jsontext.loads(row["wants"]))
            run = HostRun(row["id"], Address(row["address"], row["secret"]), wants)
        if row is not None and changes == self._changes:
            self._known[session] = run
        return run

    def _wake(self, session: str) -> None:
        known = self._known
        run = known[session] if session in known else self._look_up(session)
        if run is None:
            return
        self._waking.discard(run.run)
        try:
            post(run.address, "/wake", {}, timeout=self._timeout)
        except TallymarkError as error:
            logger.debug("the host of run %s cannot be woken: %s", run.run, error)


def _previews(tx: Transaction, session: str, operations: Sequence[OperationDict]) -> dict[str, Task]:
    """The whole answered documents, by op_id; operations that make none need no validation."""
    made = {op["op_id"]: queue.answers.preview(tx, session=session, op=op) for op in operations}
    return {op_id: document for op_id, document in made.items() if document is not None}
