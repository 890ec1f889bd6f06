"""Interfaces (view ids): what a task needs to be shown, what its answer is, and when two answers agree.

How they look is in the web application; one file here for each view id.
"""

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

from tallymark.interfaces.audio import AUDIO
from tallymark.interfaces.audio_manual import AUDIO_MANUAL
from tallymark.interfaces.blocks import blocks_interface, blocks_problem
from tallymark.interfaces.choice import CHOICE
from tallymark.interfaces.classification import CLASSIFICATION
from tallymark.interfaces.compare import COMPARE
from tallymark.interfaces.dep import DEP
from tallymark.interfaces.diff import DIFF
from tallymark.interfaces.html import HTML
from tallymark.interfaces.image import IMAGE
from tallymark.interfaces.image_manual import IMAGE_MANUAL, image_settings_problem
from tallymark.interfaces.interface import Interface
from tallymark.interfaces.llm_io import LLM_IO
from tallymark.interfaces.ner import NER
from tallymark.interfaces.ner_manual import NER_MANUAL
from tallymark.interfaces.pages import pages_interface
from tallymark.interfaces.pos import POS, POS_MANUAL
from tallymark.interfaces.relations import RELATIONS
from tallymark.interfaces.spans import SPANS
from tallymark.interfaces.spans_manual import SPANS_MANUAL
from tallymark.interfaces.text import TEXT
from tallymark.interfaces.text_input import TEXT_INPUT
from tallymark.types import AnswerShapes, Decision, Task

__all__ = ["INTERFACES", "SHAPES", "Interface", "Shapes", "setting_names", "settings_problem", "view_ids"]

_SINGLE: Final = (
    AUDIO,
    AUDIO_MANUAL,
    CHOICE,
    CLASSIFICATION,
    COMPARE,
    DEP,
    DIFF,
    HTML,
    IMAGE,
    IMAGE_MANUAL,
    LLM_IO,
    NER,
    NER_MANUAL,
    POS,
    POS_MANUAL,
    RELATIONS,
    SPANS,
    SPANS_MANUAL,
    TEXT,
    TEXT_INPUT,
)
_BLOCKS: Final = blocks_interface({interface.view_id: interface for interface in _SINGLE})
_PAGES: Final = pages_interface({interface.view_id: interface for interface in (*_SINGLE, _BLOCKS)})

INTERFACES: Final[Mapping[str, Interface]] = {
    interface.view_id: interface for interface in (*_SINGLE, _BLOCKS, _PAGES)
}


def view_ids() -> list[str]:
    """Every interface there is, sorted."""
    return sorted(INTERFACES)


def setting_names() -> set[str]:
    """The settings that some interface has for itself."""
    return {name for interface in INTERFACES.values() for name in interface.settings}


def settings_problem(view_id: str, settings: Mapping[str, Any]) -> str | None:
    """Why an interface cannot be shown with these settings, whatever the task; None when it can."""
    if view_id == "image_manual":
        return image_settings_problem(settings)
    blocks = settings.get("blocks")
    if view_id != "blocks" or blocks is None:
        return None
    return blocks_problem(blocks, settings, {interface.view_id: interface for interface in _SINGLE})


class Shapes:
    """What the queue needs to know of interfaces. Of an unknown view id only the decision counts."""

    def fingerprint_keys(self, view_id: str) -> tuple[str, ...] | None:
        """The top-level keys of an answered document that decide whether two answers agree.

        None where that depends on the settings and on the whole document.
        """
        interface = INTERFACES.get(view_id)
        if interface is None:
            return ()
        return interface.fingerprint_keys if interface.within is None else None

    def fingerprint(
        self,
        view_id: str,
        decision: Decision,
        values: Mapping[str, Any],
        *,
        settings: Mapping[str, Any] | None = None,
    ) -> bytes:
        """A 16-byte hash of what was answered.

        `values` holds at least the fingerprint keys there are; without such keys it is the whole document,
        and `settings` are those of the run.
        """
        interface = INTERFACES.get(view_id)
        answered = None if interface is None else interface.at(dict(values), settings or {}).answered(values)
        return blake2b(json.dumps([decision, answered]).encode(), digest_size=16).digest()

    def problem(
        self, view_id: str, document: Task, *, settings: Mapping[str, Any] | None = None
    ) -> str | None:
        """Why a document cannot be shown, or is no possible answer; None when all is well.

        An ignored or rejected document may be anything: saying so is the way out of a broken task.
        """
        if view_id not in INTERFACES or document.get("answer", "accept") != "accept":
            return None
        return INTERFACES[view_id].at(document, settings or {}).problem(document)


SHAPES: Final[AnswerShapes] = Shapes()
