"""`image`: a picture to accept or reject, with the regions that are marked on it.

A region in `spans` is a box (`x`, `y`, `width`, `height`) or has `points`, in pixels of the picture.
"""

from typing import Any

from tallymark.interfaces.interface import Interface, content_problem
from tallymark.types import Task

__all__ = ["IMAGE"]

_BOX = ("x", "y", "width", "height")


def _problem(document: Task) -> str | None:
    if "image" not in document:
        return 'The task has no "image".'
    spans = document.get("spans")
    if spans is not None and not isinstance(spans, list):
        return '"spans" must be a list.'
    wrong = next((n for n, span in enumerate(spans or (), start=1) if not _is_region(span)), None)
    if wrong is not None:
        return f"Region {wrong} has neither points nor x, y, width and height as numbers."
    return content_problem(document)


def _is_region(span: Any) -> bool:
    if not isinstance(span, dict):
        return False
    points = span.get("points")
    if points is None:
        return all(_is_number(span.get(key)) for key in _BOX)
    return isinstance(points, list) and all(
        isinstance(point, list) and len(point) == 2 and all(map(_is_number, point)) for point in points
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


IMAGE = Interface(
    "image",
    "binary",
    _problem,
    settings={"shade_bounding_boxes": False, "show_bounding_box_center": False, "darken_image": 0},
)
