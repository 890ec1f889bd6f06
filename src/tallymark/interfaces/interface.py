"""What an interface (view id) is to the rest of the program, and checks that several of them share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tallymark.types import Task

__all__ = [
    "CONTENT_KEYS",
    "NO_TEXT",
    "Interface",
    "content_problem",
    "key_problem",
    "settings_for",
    "text_problem",
]

CONTENT_KEYS = ("text", "html", "image", "audio", "video")
"""Any of these is something to look at."""
NO_TEXT = 'The task has no "text".'
_RESERVED = frozenset({"answer", "config", "flagged"})


@dataclass(frozen=True, slots=True)
class Interface:
    """One way to show a task and to answer it.

    `kind`: in a manual interface the annotator makes the annotation, so the question is the input; in a
    binary one a suggestion is judged, so the question is the whole task. `problem` says why a document
    cannot be shown or is no possible answer; unknown keys are always fine. `answered` gives what of the
    values under `fingerprint_keys`, which are those that the annotator writes, was answered, in one canonical
    form. `settings` are the interface's own, with their defaults. Where the shape depends on the task and the
    settings, `within(document, settings)` gives the interface it amounts to there.
    """

    view_id: str
    kind: Literal["manual", "binary"]
    problem: Callable[[Task], str | None]
    fingerprint_keys: tuple[str, ...] = ()
    answered: Callable[[Mapping[str, Any]], Any] = lambda _values: None
    settings: Mapping[str, Any] = field(default_factory=dict)
    within: Callable[[Task, Mapping[str, Any]], "Interface"] | None = None

    def at(self, document: Task, settings: Mapping[str, Any]) -> "Interface":
        """The interface with the shape it has for this document under these settings."""
        return self if self.within is None else self.within(document, settings_for(document, settings))


def settings_for(document: Task, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings with those of the task's own `config` over them."""
    own = document.get("config")
    return {**settings, **own} if isinstance(own, dict) else settings


def text_problem(document: Task) -> str | None:
    """The text must be there and be text."""
    if "text" not in document:
        return NO_TEXT
    return None if isinstance(document["text"], str) else 'The "text" of the task is not text.'


def content_problem(document: Task) -> str | None:
    """Where there is content of a known kind, it must be text (media are named by their address)."""
    for key in CONTENT_KEYS:
        if key in document and not isinstance(document[key], str):
            return f'The "{key}" of the task is not text.'
    return None


def key_problem(setting: str, key: object) -> str | None:
    """Why a setting cannot name this key for what is answered, or None."""
    if not isinstance(key, str) or not key:
        return f'"{setting}" must be the name of a key.'
    if key in _RESERVED or key.startswith("_"):
        return f'"{key}" cannot be a {setting}: the program itself writes it.'
    return None
