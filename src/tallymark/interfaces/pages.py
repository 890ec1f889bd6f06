"""`pages`: a task of several pages, each a task with a `view_id` and perhaps a `config` of its own.

Answers are written into the pages, so the answered task holds the list `pages` again.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from tallymark.interfaces.blocks import Interfaces
from tallymark.interfaces.interface import Interface
from tallymark.types import Task

__all__ = ["pages_interface"]


def pages_interface(among: Interfaces) -> Interface:
    """The interface `pages` over these interfaces."""
    return Interface(
        "pages",
        "manual",
        lambda _document: None,
        fingerprint_keys=("pages",),
        within=partial(_within, among=among),
    )


def _within(document: Task, settings: Mapping[str, Any], *, among: Interfaces) -> Interface:
    del document  # what the pages are is read from what is asked about
    return Interface(
        "pages",
        "manual",
        partial(_problem, settings=settings, among=among),
        fingerprint_keys=("pages",),
        answered=partial(_answered, settings=settings, among=among),
    )


def _problem(document: Task, *, settings: Mapping[str, Any], among: Interfaces) -> str | None:
    pages = document.get("pages")
    if not isinstance(pages, list) or not pages:
        return 'The task has no list of "pages".'
    for number, page in enumerate(pages, start=1):
        problem = _page_problem(page, settings, among)
        if problem is not None:
            return f"Page {number}: {problem}"
    return None


def _page_problem(page: Any, settings: Mapping[str, Any], among: Interfaces) -> str | None:
    if not isinstance(page, dict):
        return "it is no object."
    view_id = _view_id(page)
    if view_id is None:
        return 'it has no "view_id".'
    if view_id not in among:
        return f'there is no interface "{view_id}" for a page. Known: {", ".join(among)}.'
    return among[view_id].at(page, settings).problem(page)


def _view_id(page: Task) -> str | None:
    own = page.get("config")
    given = page.get("view_id") or (own.get("view_id") if isinstance(own, dict) else None)
    return given if isinstance(given, str) else None


def _answered(values: Mapping[str, Any], *, settings: Mapping[str, Any], among: Interfaces) -> list[Any]:
    pages = values.get("pages")
    return [_page_answered(page, settings, among) for page in pages] if isinstance(pages, list) else []


def _page_answered(page: Any, settings: Mapping[str, Any], among: Interfaces) -> Any:
    view_id = _view_id(page) if isinstance(page, dict) else None
    if view_id is None or view_id not in among:
        return None
    return among[view_id].at(page, settings).answered(page)
