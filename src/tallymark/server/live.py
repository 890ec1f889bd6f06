"""Which hosts live, as far as their runs' beats tell."""

from tallymark.server.state import ServerState
from tallymark.store import Statement, Transaction

SILENT_SECONDS = 15.0

_LIVE_RUNS = Statement(
    "Newest runs of a dataset that have not ended and whose host showed a sign of life lately.",
    "SELECT count(*) FROM dataset d JOIN run r ON r.id = d.run"
    " WHERE r.ended_at IS NULL AND r.beat_at > :since",
)


async def end_if_idle(server: ServerState) -> bool:
    """Stop the server unless a host lives; a server nobody feeds is only kept for a host that crashed."""

    def live_runs(tx: Transaction) -> int:
        count: int = tx.value(_LIVE_RUNS, {"since": tx.now - SILENT_SECONDS})
        return count

    idle = await server.read(live_runs) == 0
    if idle:
        server.stop()
    return idle
