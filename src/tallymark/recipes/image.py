"""Recipes for pictures."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from tallymark.interfaces import SHAPES
from tallymark.labels import get_labels, split_string
from tallymark.loaders.fetch import fetch_images, put_paths
from tallymark.loaders.media import holds_tasks
from tallymark.recipe import Arg, recipe
from tallymark.stream import get_stream, left_out, rowwise
from tallymark.types import Components, Task

__all__ = ["manual", "remove_base64"]

_DARKENED: Final = 0.3
_WIDTH: Final = 675
_PICTURES: Final = "images"
_READ_BY_THE_PAGE: Final = "image-server"
"""With this loader the tasks are left as they are."""


@recipe(
    "image.manual",
    dataset=Arg(help="Dataset to save to."),
    source=Arg(help="Folder of pictures, a file of tasks, or - for standard input."),
    label=Arg(
        "--label", "-l", help="Labels, separated by commas, or a file of one a line.", converter=get_labels
    ),
    loader=Arg("--loader", "-lo", help="Format of the source: images for a folder, or that of a file."),
    exclude=Arg("--exclude", "-e", help="Datasets whose tasks are not asked again.", converter=split_string),
    width=Arg("--width", "-w", help="Width of the card, in pixels."),
    darken=Arg("--darken", "-D", help="Darken the pictures, so that what is drawn is seen better."),
    no_fetch=Arg("--no-fetch", "-NF", help="Leave addresses and paths of pictures as they are."),
    remove_base64=Arg("--remove-base64", "-R", help="Save the path of a picture in place of its content."),
)
def manual(
    dataset: str,
    source: Any,
    label: Any = None,
    loader: str | None = _PICTURES,
    exclude: Any = None,
    width: int = _WIDTH,
    darken: bool = False,
    no_fetch: bool = False,
    remove_base64: bool = False,
) -> Components:
    """Draw boxes, polygons and freehand regions on pictures.

    The pictures are those of a folder, or those that tasks name by address or path under "image". Regions
    that tasks have under "spans" are shown for you to correct.
    """
    labels = get_labels(label)
    stream = get_stream(
        source, loader=_loader_of(source, loader), input_key="image", rehash=True, is_binary=False
    )
    if not no_fetch and loader != _READ_BY_THE_PAGE:
        stream.apply(fetch_images, skip=True)
    stream.apply(_drawable)
    components: Components = {
        "dataset": dataset,
        "view_id": "image_manual",
        "stream": stream,
        "exclude": split_string(exclude),
        "config": {
            "label": ", ".join(labels) or "all",
            "labels": labels,
            "darken_image": _DARKENED if darken else 0,
            "custom_theme": {"cardMaxWidth": width},
            "exclude_by": "input",
        },
    }
    if remove_base64:
        components["before_db"] = _without_content
    return components


def _loader_of(source: Any, loader: str | None) -> str | None:
    """Pictures are read of a folder, or one by one; a file of tasks tells its format by its name."""
    return None if loader == _PICTURES and holds_tasks(source) else loader


@rowwise
def _drawable(tasks: Iterable[Task]) -> Iterator[Task]:
    """The tasks whose regions are possible; other rows are left out, with the reason."""
    for task in tasks:
        problem = SHAPES.problem("image_manual", task)
        if problem is None:
            yield task
        else:
            left_out(task, "invalid", f"{problem} Mend such rows.")


def remove_base64(examples: Iterable[Task]) -> list[Task]:
    """The examples with the path of a picture in place of its content, in place."""
    return put_paths(examples, ["image"])


_without_content = remove_base64
