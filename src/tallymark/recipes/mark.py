"""Recipes for any task."""

from typing import Any

from tallymark.labels import get_labels, split_string
from tallymark.recipe import Arg, recipe
from tallymark.recipes.textcat import add_label
from tallymark.stream import get_stream
from tallymark.types import Components

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
)
def mark(
    dataset: str,
    source: Any,
    loader: str | None = None,
    label: Any = None,
    view_id: str | None = None,
    exclude: Any = None,
) -> Components:
    """Show tasks as they are, in their order, to accept or reject.

    Without --view-id they are shown as texts, or with one --label as texts under that label.
    """
    labels = get_labels(label)
    view_id = view_id or ("classification" if labels else "text")
    stream = get_stream(source, loader=loader)
    if view_id == "classification" and len(labels) == 1:
        stream.apply(add_label, label=labels[0], stream=stream)
    return {
        "dataset": dataset,
        "view_id": view_id,
        "stream": stream,
        "exclude": split_string(exclude),
        "config": {"labels": labels} if labels else {},
    }
