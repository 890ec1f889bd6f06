"""A dataset's newest run as the page sees it: is its host there, and who may sit down."""

import getpass
from typing import Any

from tallymark import queue
from tallymark.errors import NotKnown
from tallymark.server.problems import Refused
from tallymark.server.settings import ServerSettings
from tallymark.store import Transaction

PRIVATE_CONFIG = "_server"
"""The key of a run's config that holds what the server needs and the page is not sent."""

HOST_SECONDS = 15.0


def project_of(tx: Transaction, dataset: str | None) -> dict[str, Any]:
    """The newest run of a dataset, or of the only one served. Errors: `Refused` no_project."""
    try:
        return queue.runs.project(tx, dataset=dataset)
    except NotKnown as error:
        raise Refused("no_project", str(error)) from error


def host_state(tx: Transaction, project: dict[str, Any]) -> str:
    """`up` while the run's host shows signs of life."""
    alive = not project["ended"] and tx.now - project["host_beat"] <= HOST_SECONDS
    return "up" if alive else "down"


def allowed_sessions(project: dict[str, Any]) -> list[str] | None:
    """The only seats there are, or None when anybody may sit down."""
    names: list[str] | None = project["config"].get(PRIVATE_CONFIG, {}).get("allowed_sessions")
    return names or None


def seat_of(private: dict[str, Any], settings: ServerSettings) -> dict[str, Any]:
    """Alone on one's own machine nobody is asked: the seat is the operating system's user.

    Everybody else is asked: when others can connect, names are prescribed, or several answers are wanted.
    """
    allowed = private.get("allowed_sessions") or None
    alone = settings.loopback and allowed is None and private.get("overlap", 1) == 1
    suggested = private.get("suggested") or (_user() if settings.loopback else None)
    return {"ask": not alone, "suggested": suggested, "allowed": allowed}


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user in this container
        return None
