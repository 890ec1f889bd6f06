"""Recipes for any task."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tallymark import jsontext
from tallymark.errors import InputError, RecipeError
from tallymark.hashing import without_private
from tallymark.interfaces import SHAPES
from tallymark.interfaces.interface import CONTENT_KEYS, NO_TEXT
from tallymark.labels import get_labels, split_string
from tallymark.recipe import Arg, recipe
from tallymark.recipes.textcat import add_label
from tallymark.stream import get_stream, left_out, rowwise
from tallymark.types import Components, Task

__all__ = ["mark"]

WITH_LABELS: Final = ("audio_manual", "ner_manual", "pos_manual", "relations", "spans_manual")
"""Interfaces in which nothing can be done without labels."""

_ANY_FIELD: Final = frozenset({"blocks", "compare", "diff", "html", "llm_io", "pages", "text_input"})
"""Interfaces that can show something without content: templates, fields, pages of any kind, two texts."""


_OTHERWISE: Final = " Mend such rows, or name the interface they are for with --view-id."


@recipe(
    "mark",
    dataset=Arg(help="Dataset to save to."),
    source=Arg(help="File of tasks, or - for standard input."),
    loader=Arg("--loader", "-lo", help="Format of the source, if its extension does not say."),
    label=Arg(
        "--label", "-l", help="Label to ask about, or label set of a manual interface.", converter=get_labels
    ),
    view_id=Arg(
        "--view-id",
        "-v",
        help="Interface, as text, classification, choice, ner_manual, text_input or blocks.",
    ),
    config=Arg(
        "--config",
        "-c",
        help="Settings of the interface, as blocks or field_label: a JSON object, or a file with one.",
    ),
    exclude=Arg("--exclude", "-e", help="Datasets whose tasks are not asked again.", converter=split_string),
    text_key=Arg("--text-key", "-tk", help="Key or column of the source that is the text, if not 'text'."),
)
def mark(
    dataset: str,
    source: Any,
    loader: str | None = None,
    label: Any = None,
    view_id: str | None = None,
    exclude: Any = None,
    text_key: str | None = None,
    config: str | None = None,
) -> Components:
    """Show tasks as they are, in their order, to accept or reject.

    Without --view-id they are shown as texts, or with one --label as texts under that label.
    """
    labels = get_labels(label)
    view_id = view_id or ("classification" if labels else "text")
    settings = read_config(config)
    if view_id in WITH_LABELS and not (labels or settings.get("labels")):
        raise RecipeError(
            f"mark has no labels, and in {view_id} they are what one marks with.",
            "Give them with --label, such as --label PERSON,ORG or --label labels.txt.",
        )
    stream = get_stream(source, loader=loader, text_key=text_key)
    stream.apply(shown, view_id=view_id, settings=settings)
    if view_id == "classification" and len(labels) == 1:
        stream.apply(add_label, label=labels[0], stream=stream)
    return {
        "dataset": dataset,
        "view_id": view_id,
        "stream": stream,
        "exclude": split_string(exclude),
        "config": {**settings, **({"labels": labels} if labels else {})},
    }


def read_config(given: str | None) -> dict[str, Any]:
    """Settings as a JSON object, or from a file with one. Errors: `InputError`."""
    if given is None:
        return {}
    path = Path(given).expanduser()
    inline = given.lstrip().startswith("{")
    try:
        settings = jsontext.loads(given if inline else path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"--config {given} cannot be read: {error}") from error
    if not isinstance(settings, dict):
        raise InputError(f"--config {given} holds no JSON object.")
    return settings


@rowwise
def shown(tasks: Iterable[Task], view_id: str, settings: Mapping[str, Any] | None = None) -> Iterator[Task]:
    """The tasks that the interface can show; other rows are left out, with the reason."""
    for task in tasks:
        problem = SHAPES.problem(view_id, task, settings=settings)
        if problem is not None:
            left_out(task, "invalid", problem + (_keys_of(task) if problem == NO_TEXT else _OTHERWISE))
        elif view_id not in _ANY_FIELD and _is_blank(task):
            left_out(task, "passed", f"nothing to show: none of {', '.join(CONTENT_KEYS)}.{_keys_of(task)}")
        else:
            yield task


def _keys_of(task: Task) -> str:
    """What a task without a text has, and how to name the one that is it."""
    keys = ", ".join([key[:40] for key in without_private(task) if not key.startswith("_")][:10])
    return f" It has {keys}; name the one that is the text with --text-key." if keys else ""


def _is_blank(task: Task) -> bool:
    return not task.get("options") and not any(str(task.get(key) or "").strip() for key in CONTENT_KEYS)
