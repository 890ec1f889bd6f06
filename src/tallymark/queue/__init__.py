"""Who sees what, and the books about it. No HTTP, no models; the rules are in docs/concepts/queue.md."""

from tallymark.queue import (
    answers,
    audit,
    calls,
    datasets,
    enqueue,
    history,
    importing,
    lease,
    operate,
    progress,
    runs,
    seats,
    servers,
    settle,
    trace,
)

__all__ = [
    "answers",
    "audit",
    "calls",
    "datasets",
    "enqueue",
    "history",
    "importing",
    "lease",
    "operate",
    "progress",
    "runs",
    "seats",
    "servers",
    "settle",
    "trace",
]
