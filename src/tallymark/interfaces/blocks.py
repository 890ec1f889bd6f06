"""`blocks`: several interfaces on one card.

`blocks` is a list in the settings or in the task's `config`. Each block has a `view_id`; its other keys stand
over the keys of the task and over the settings, for this block alone; None takes a key of the task away. All
blocks write into the same task, so two of them may not write the same key.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from tallymark.interfaces.interface import Interface, content_problem, settings_for
from tallymark.types import Task

__all__ = ["Interfaces", "blocks_interface", "blocks_problem"]

Interfaces = Mapping[str, Interface]

_OWN_KEY = {"text_input": "field_id", "choice": "choice_key", "image_manual": "image_manual_spans_key"}
"""The setting that names the key an interface writes."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One block: its place from 1, what it is, and the document as it sees it."""

    number: int
    interface: Interface
    document: Task

    @property
    def name(self) -> str:
        return f"Block {self.number} ({self.interface.view_id})"


def blocks_interface(among: Interfaces) -> Interface:
    """The interface `blocks` over these interfaces."""
    return Interface(
        "blocks",
        "manual",
        content_problem,
        settings={"blocks": None},
        within=partial(_within, among=among),
    )


def blocks_problem(blocks: Any, settings: Mapping[str, Any], among: Interfaces) -> str | None:
    """Why these blocks cannot stand together, whatever the task."""
    return _list_problem(blocks, among) or _clash(_parts({}, settings, blocks, among))


def _within(document: Task, settings: Mapping[str, Any], *, among: Interfaces) -> Interface:
    blocks = settings.get("blocks")
    if blocks is None:
        return _unknown(among)
    problem = _list_problem(blocks, among)
    parts = [] if problem else _parts(document, settings, blocks, among)
    writing = [part.interface for part in parts if part.interface.fingerprint_keys]
    return Interface(
        "blocks",
        "manual" if any(part.interface.kind == "manual" for part in parts) else "binary",
        lambda document: problem or _clash(parts) or _first_problem(document, settings, blocks, among),
        fingerprint_keys=_keys(writing),
        answered=partial(_answered, writing=writing),
    )


def _unknown(among: Interfaces) -> Interface:
    """Blocks that nobody told: every key that some interface writes may be part of the answer."""
    writing: list[Interface] = []
    for interface in among.values():
        if interface.fingerprint_keys and not set(interface.fingerprint_keys) & set(_keys(writing)):
            writing.append(interface)
    return Interface(
        "blocks",
        "manual",
        content_problem,
        fingerprint_keys=_keys(writing),
        answered=partial(_answered, writing=writing),
    )


def _list_problem(blocks: Any, among: Interfaces) -> str | None:
    if not isinstance(blocks, list) or not blocks:
        return '"blocks" must be a list of objects, each with a "view_id".'
    for number, block in enumerate(blocks, start=1):
        view_id = block.get("view_id") if isinstance(block, dict) else None
        if not isinstance(view_id, str):
            return f'Block {number} has no "view_id".'
        if view_id not in among:
            return (
                f'Block {number}: there is no interface "{view_id}" for a block. Known: {", ".join(among)}.'
            )
    return None


def _parts(document: Task, settings: Mapping[str, Any], blocks: Any, among: Interfaces) -> list[_Part]:
    parts = []
    for number, block in enumerate(blocks, start=1):
        own = {key: value for key, value in block.items() if key != "view_id"}
        seen = {key: value for key, value in {**document, **own}.items() if value is not None}
        interface = among[block["view_id"]].at(seen, {**settings_for(document, settings), **own})
        parts.append(_Part(number, interface, seen))
    return parts


def _clash(parts: list[_Part]) -> str | None:
    """The first key that two blocks would write."""
    owners: dict[str, _Part] = {}
    for part in parts:
        for key in part.interface.fingerprint_keys:
            if key in owners:
                own = _OWN_KEY.get(part.interface.view_id)
                hint = f" Give each a {own} of its own." if own else ""
                return f'{owners[key].name} and {part.name} would both write "{key}".{hint}'
            owners[key] = part
    return None


def _first_problem(document: Task, settings: Mapping[str, Any], blocks: Any, among: Interfaces) -> str | None:
    for part in _parts(document, settings, blocks, among):
        problem = part.interface.problem(part.document)
        if problem is not None:
            return f"{part.name}: {problem}"
    return None


def _keys(interfaces: list[Interface]) -> tuple[str, ...]:
    return tuple(key for interface in interfaces for key in interface.fingerprint_keys)


def _answered(values: Mapping[str, Any], *, writing: list[Interface]) -> list[Any]:
    """What each block that writes was answered, whatever the order of the blocks."""
    told = [[sorted(interface.fingerprint_keys), interface.answered(values)] for interface in writing]
    return sorted(told, key=json.dumps)
