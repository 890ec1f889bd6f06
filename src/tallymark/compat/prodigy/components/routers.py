"""`prodigy.components.routers`: which sessions get a task."""

from collections.abc import Sequence
from typing import Any

from tallymark.compat.prodigy.util import log
from tallymark.routers import full_overlap, no_overlap, route_average_per_task

__all__ = ["full_overlap", "log_router", "no_overlap", "route_average_per_task"]


def log_router(hash_attr: str, item_hash: Any, annotators: Sequence[str]) -> None:
    """Write to the log who gets a task."""
    log(f"ROUTER: {hash_attr} {item_hash} goes to {', '.join(annotators) or 'nobody'}")
