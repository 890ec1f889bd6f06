"""Recipes for any task."""

from collections.abc import Iterable, Iterator
from typing import Any

from tallymark.interfaces import SHAPES
from tallymark.interfaces.interface import CONTENT_KEYS
from tallymark.labels import get_labels, split_string
from tallymark.recipe import Arg, recipe
from tallymark.recipes.textcat import add_label
from tallymark.stream import get_stream, left_out, rowwise
from tallymark.types import Components, Task

__all__ = ["mark"]


@recipe(
    "mark",
    dataset=Arg(help="Dataset to save to."),
    source=Arg(help="File of tasks, or - for standard input."),
    loader=Arg("--loader", "-lo", help="Format of the source, if its extension does not say."),
    label=Arg(
        "--label", "-l", help="Label to ask about, or label set of a manual interface.", converter=get_labels
    ),
    view_id=Arg("--view-id", "-v", help="Interface: text, classification, choice, ner_manual, html."),
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
) -> Components:
    """Show tasks as they are, in their order, to accept or reject.

    Without --view-id they are shown as texts, or with one --label as texts under that label.
    """
    labels = get_labels(label)
    view_id = view_id or ("classification" if labels else "text")
    stream = get_stream(source, loader=loader, text_key=text_key)
    stream.apply(shown, view_id=view_id)
    if view_id == "classification" and len(labels) == 1:
        stream.apply(add_label, label=labels[0], stream=stream)
    return {
        "dataset": dataset,
        "view_id": view_id,
        "stream": stream,
        "exclude": split_string(exclude),
        "config": {"labels": labels} if labels else {},
    }


@rowwise
def shown(tasks: Iterable[Task], view_id: str) -> Iterator[Task]:
    """The tasks that the interface can show; other rows are left out, with the reason."""
    for task in tasks:
        problem = SHAPES.problem(view_id, task)
        if problem is not None:
            left_out(task, "invalid", problem)
        elif view_id != "html" and _is_blank(task):  # a template may show any field
            left_out(task, "passed", "nothing to show: none of " + ", ".join(CONTENT_KEYS))
        else:
            yield task


def _is_blank(task: Task) -> bool:
    return not task.get("options") and not any(str(task.get(key) or "").strip() for key in CONTENT_KEYS)
