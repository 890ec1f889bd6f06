"""What one server process holds, and the two ways to its database: write in the writer's thread, read in
a worker thread on a connection of its own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, cast

from anyio.to_thread import run_sync
from fastapi import Request

from tallymark.queue.ahead import Reach
from tallymark.queue.writer import Writer
from tallymark.server.access import Access
from tallymark.server.bridge import Bridge
from tallymark.server.hosts import Hosts
from tallymark.server.oidc import Oidc
from tallymark.server.passwords import Passwords
from tallymark.server.settings import ServerSettings
from tallymark.store import Store, Transaction
from tallymark.types import AnswerShapes

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class ServerState:
    """Everything a request may need. `stop` asks the process to end; `secret` opens the inner door."""

    store: Store
    writer: Writer
    shapes: AnswerShapes
    settings: ServerSettings
    hosts: Hosts
    secret: str
    stop: Callable[[], None]
    access: Access
    oidc: Oidc | None = None
    passwords: Passwords = field(default_factory=Passwords)
    bridge: Bridge = field(default_factory=Bridge)

    async def write(
        self,
        change: Callable[[Transaction], Result],
        *,
        bulk: bool = False,
        reach: Reach | None = None,
        swift: bool = False,
    ) -> Result:
        """Run a change in the writer's next commit; done when it is on disk (see `Writer.submit`)."""
        return await self.bridge.wait(self.writer.submit(change, bulk=bulk, reach=reach, swift=swift))

    async def read(self, look: Callable[[Transaction], Result]) -> Result:
        """Run a look-up on one snapshot, in a worker thread."""
        return await run_sync(self._read, look)

    def _read(self, look: Callable[[Transaction], Result]) -> Result:
        with self.store.reading() as tx:
            return look(tx)


def state_of(request: Request) -> ServerState:
    """The state of the app that serves this request."""
    return cast(ServerState, request.app.state.server)
