"""Interfaces (view ids): what a task needs to be shown, what its answer is, and when two answers agree.

How they look is in the web application; one file here for each view id.
"""

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

from tallymark.interfaces.choice import CHOICE
from tallymark.interfaces.classification import CLASSIFICATION
from tallymark.interfaces.html import HTML
from tallymark.interfaces.interface import Interface
from tallymark.interfaces.ner_manual import NER_MANUAL
from tallymark.interfaces.text import TEXT
from tallymark.types import AnswerShapes, Decision, Task

__all__ = ["INTERFACES", "SHAPES", "Interface", "Shapes", "view_ids"]

INTERFACES: Final[Mapping[str, Interface]] = {
    interface.view_id: interface for interface in (CHOICE, CLASSIFICATION, HTML, NER_MANUAL, TEXT)
}


def view_ids() -> list[str]:
    """Every interface there is, sorted."""
    return sorted(INTERFACES)


class Shapes:
    """What the queue needs to know of interfaces. Of an unknown view id only the decision counts."""

    def fingerprint_keys(self, view_id: str) -> tuple[str, ...]:
        """The top-level keys of an answered document that decide whether two answers agree."""
        return INTERFACES[view_id].fingerprint_keys if view_id in INTERFACES else ()

    def fingerprint(self, view_id: str, decision: Decision, values: Mapping[str, Any]) -> bytes:
        """A 16-byte hash of what was answered; `values` holds at least the fingerprint keys there are."""
        answered = INTERFACES[view_id].answered(values) if view_id in INTERFACES else None
        return blake2b(json.dumps([decision, answered]).encode(), digest_size=16).digest()

    def problem(self, view_id: str, document: Task) -> str | None:
        """Why a document cannot be shown, or is no possible answer; None when all is well.

        An ignored or rejected document may be anything: saying so is the way out of a broken task.
        """
        if view_id not in INTERFACES or document.get("answer", "accept") != "accept":
            return None
        return INTERFACES[view_id].problem(document)


SHAPES: Final[AnswerShapes] = Shapes()
