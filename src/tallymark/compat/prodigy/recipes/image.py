"""`prodigy.recipes.image`."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tallymark.compat.prodigy.components.preprocess import fetch_images
from tallymark.labels import get_labels, split_string
from tallymark.stream import get_stream
from tallymark.types import Components, Task

__all__ = ["image_manual", "remove_base64"]

_DARKENED = 0.3
_WIDTH = 675


def image_manual(
    dataset: str,
    source: Any,
    label: str | Sequence[str] | None = None,
    loader: str | None = "images",
    exclude: Sequence[str] | None = None,
    width: int = _WIDTH,
    darken: bool = False,
    no_fetch: bool = False,
    remove_base64: bool = False,
) -> Components:
    """Mark regions of pictures by hand."""
    labels = get_labels(label)
    is_path = isinstance(source, str | Path)
    stream = get_stream(
        source, loader=loader if is_path else None, input_key="image", rehash=True, dedup=True
    )
    if not no_fetch:
        stream.apply(fetch_images)
    return {
        "dataset": dataset,
        "view_id": "image_manual",
        "stream": stream,
        "exclude": split_string(exclude),
        "before_db": _without_base64 if remove_base64 else None,
        "config": {
            "label": ", ".join(labels) or "all",
            "labels": labels,
            "darken_image": _DARKENED if darken else 0,
            "custom_theme": {"cardMaxWidth": width},
            "exclude_by": "input",
        },
    }


def remove_base64(examples: Iterable[Task]) -> list[Task]:
    """The examples with the path of a picture in place of its content, in place."""
    found = list(examples)
    for example in found:
        if str(example.get("image", "")).startswith("data:") and example.get("path"):
            example["image"] = example["path"]
    return found


_without_base64 = remove_base64
