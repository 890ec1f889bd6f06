"""Recipes for text classification."""

from collections.abc import Iterable, Iterator
from typing import Any

from tallymark.errors import RecipeError
from tallymark.hashing import set_hashes
from tallymark.labels import get_labels, split_string
from tallymark.recipe import Arg, recipe
from tallymark.stream import get_stream, rowwise
from tallymark.types import Components, Task

__all__ = ["add_label", "add_label_options", "manual"]


@recipe(
    "textcat.manual",
    dataset=Arg(help="Dataset to save to."),
    source=Arg(help="File of texts, or - for standard input."),
    loader=Arg("--loader", "-lo", help="Format of the source, if its extension does not say."),
    label=Arg(
        "--label", "-l", help="Labels, separated by commas, or a file of one a line.", converter=get_labels
    ),
    exclusive=Arg("--exclusive", "-E", help="Exactly one label applies."),
    exclude=Arg("--exclude", "-e", help="Datasets whose tasks are not asked again.", converter=split_string),
    accept_empty=Arg("--accept-empty", "-ace", help="Accepting without a label is allowed."),
    text_key=Arg("--text-key", "-tk", help="Key or column of the source that is the text, if not 'text'."),
)
def manual(
    dataset: str,
    source: Any,
    loader: str | None = None,
    label: Any = None,
    exclusive: bool = False,
    exclude: Any = None,
    accept_empty: bool = False,
    text_key: str | None = None,
) -> Components:
    """Choose the labels of texts by hand.

    With one label each text is accepted or rejected for it; with several they are options to choose from.
    """
    labels = get_labels(label)
    if not labels:
        raise RecipeError(
            "textcat.manual has no labels.",
            "Give them with --label, such as --label SPAM or --label NEWS,SPORT.",
        )
    several = len(labels) > 1
    stream = get_stream(
        source, loader=loader, rehash=True, input_key="text", is_binary=not several, text_key=text_key
    )
    config: dict[str, Any] = {"labels": labels, "exclude_by": "input" if several else "task"}
    if several:
        stream.apply(add_label_options, labels=labels, stream=stream)
        config |= {"choice_style": "single" if exclusive else "multiple", "choice_accept_empty": accept_empty}
    else:
        stream.apply(add_label, label=labels[0], stream=stream)
    return {
        "dataset": dataset,
        "view_id": "choice" if several else "classification",
        "stream": stream,
        "exclude": split_string(exclude),
        "config": config,
    }


@rowwise
def add_label(label: str, stream: Iterable[Task]) -> Iterator[Task]:
    """Ask about this label; it is a part of the question, so tasks are hashed anew."""
    for task in stream:
        task["label"] = label
        yield set_hashes(task, overwrite=True)


@rowwise
def add_label_options(labels: list[str], stream: Iterable[Task]) -> Iterator[Task]:
    """Offer the labels as options. Hashes stay: the question is the text."""
    for task in stream:
        task["options"] = [{"id": label, "text": label} for label in labels]
        yield task
