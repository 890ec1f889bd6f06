"""Which hosts live, as far as their runs' beats tell."""

from tallymark.server.state import ServerState
from tallymark.store import Statement, Transaction

SILENT_SECONDS = 15.0

_LIVE_RUNS = Statement(
    "Datasets with a newest run that has not ended and whose host showed a sign of life lately.",
    "SELECT d.name FROM dataset d JOIN run r ON r.id = d.run"
    " WHERE r.ended_at IS NULL AND r.beat_at > :since ORDER BY d.name",
)


async def end_if_idle(server: ServerState) -> list[str]:
    """Stop the server unless a host lives; a server nobody feeds is only kept for a host that crashed.

    Gives the datasets that it goes on for.
    """

    def live_runs(tx: Transaction) -> list[str]:
        return [row["name"] for row in tx.all(_LIVE_RUNS, {"since": tx.now - SILENT_SECONDS})]

    names = await server.read(live_runs)
    if not names:
        server.stop()
    return names
