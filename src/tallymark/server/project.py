"""A dataset's newest run as the page sees it: is its host there, and who may sit down."""

import getpass
from typing import Any

from tallymark import queue
from tallymark.errors import DatasetRequired, NotKnown
from tallymark.server.access import Account
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


def project_for(tx: Transaction, dataset: str | None, account: Account | None) -> dict[str, Any]:
    """As `project_of`, among the datasets somebody was invited to.

    Errors: `Refused` no_project, not_allowed; `DatasetRequired`, which names those alone.
    """
    if account is None:
        return project_of(tx, dataset)
    try:
        found = project_of(tx, dataset)
    except DatasetRequired as error:
        theirs = [name for name in error.names if account.may_annotate(name)]
        if len(theirs) != 1:
            raise DatasetRequired(theirs) if theirs else _not_invited(account) from error
        found = project_of(tx, theirs[0])
    if not account.may_annotate(found["dataset"]):
        raise _not_invited(account)
    return found


def _not_invited(account: Account) -> Refused:
    return Refused("not_allowed", f"{account.name!r} was not invited to what is annotated here")


def host_state(tx: Transaction, project: dict[str, Any]) -> str:
    """`up` while the run's host shows signs of life."""
    alive = not project["ended"] and tx.now - project["host_beat"] <= HOST_SECONDS
    return "up" if alive else "down"


def allowed_sessions(project: dict[str, Any]) -> list[str] | None:
    """The only seats there are, or None when anybody may sit down."""
    names: list[str] | None = project["config"].get(PRIVATE_CONFIG, {}).get("allowed_sessions")
    return names or None


def seat_of(
    private: dict[str, Any], settings: ServerSettings, account: Account | None = None
) -> dict[str, Any]:
    """Alone on one's own machine nobody is asked: the seat is the operating system's user.

    Everybody else is asked: when others can connect, names are prescribed, or several answers are wanted.
    Whoever logged in has the seat of their name.
    """
    if account is not None:
        return {"ask": False, "login": True, "suggested": account.name, "allowed": None}
    allowed = private.get("allowed_sessions") or None
    alone = settings.loopback and allowed is None and private.get("overlap", 1) == 1
    suggested = private.get("suggested") or (_user() if settings.loopback else None)
    return {"ask": not alone, "login": False, "suggested": suggested, "allowed": allowed}


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user in this container
        return None
