"""`image_manual`: a picture on which regions are drawn: boxes, polygons and freehand outlines.

`spans`, or the key that `image_manual_spans_key` names, is the list of regions, the lowest first. A region
has `x`, `y`, `width`, `height` or `points`, in pixels of the picture; one without a `type` that has points is
a polygon. `width` and `height` of the task are the size of the picture.
"""

import json
import math
from collections.abc import Mapping
from functools import partial
from typing import Any, Final, TypeGuard

from tallymark.interfaces.interface import Interface, content_problem, key_problem
from tallymark.types import Task

__all__ = ["IMAGE_MANUAL", "image_settings_problem"]

_DEFAULT_KEY: Final = "spans"
_KINDS: Final = ("rect", "polygon", "freehand")
_BOX: Final = ("x", "y", "width", "height")
_DRAWING: Final[Mapping[str, Any]] = {
    "labels": [],
    "label_descriptions": {},
    "label_style": None,
    "image_manual_modes": list(_KINDS),
    "image_manual_from_center": False,
    "image_manual_stroke_width": 4,
    "image_manual_font_size": 16,
    "image_manual_show_labels": True,
    "image_manual_spans_key": _DEFAULT_KEY,
    "show_bounding_box_center": False,
    "darken_image": 0,
}

Point = tuple[float, float]


def image_settings_problem(settings: Mapping[str, Any]) -> str | None:
    """Why nothing can be drawn with these settings, whatever the task."""
    modes = settings.get("image_manual_modes")
    listed = isinstance(modes, list) and all(mode in _KINDS for mode in modes)
    if modes is not None and not (modes and listed):
        return f'"image_manual_modes" must be a list of one or more of {", ".join(_KINDS)}.'
    for name in ("image_manual_stroke_width", "image_manual_font_size"):
        if settings.get(name) is not None and not (_is_number(settings[name]) and settings[name] > 0):
            return f'"{name}" must be a number of pixels above 0.'
    dark = settings.get("darken_image")
    if dark is not None and not isinstance(dark, bool) and not (_is_number(dark) and 0 <= dark <= 1):
        return '"darken_image" must be a number from 0 (as it is) to 1 (black).'
    return key_problem("image_manual_spans_key", _key_of(settings))


def _key_of(settings: Mapping[str, Any]) -> Any:
    return settings.get("image_manual_spans_key") or _DEFAULT_KEY


def _within(_document: Task, settings: Mapping[str, Any]) -> Interface:
    problem = image_settings_problem(settings)
    if problem is not None:
        return Interface("image_manual", "manual", lambda _document: problem)
    return _under(_key_of(settings))


def _under(key: str) -> Interface:
    return Interface(
        "image_manual",
        "manual",
        partial(_problem, key=key),
        fingerprint_keys=(key,),
        answered=partial(_answered, key=key),
        settings=_DRAWING,
        within=_within,
    )


def _problem(document: Task, *, key: str) -> str | None:
    if "image" not in document:
        return 'The task has no "image".'
    regions = document.get(key)
    if regions is not None and not isinstance(regions, list):
        return f'"{key}" must be a list.'
    size = _size_of(document)
    if isinstance(size, str):
        return size
    for number, region in enumerate(regions or (), start=1):
        problem = _region_problem(region, size)
        if problem is not None:
            return f"Region {number}{_called(region)} {problem}"
    return content_problem(document)


def _size_of(document: Task) -> Point | str | None:
    width, height = document.get("width"), document.get("height")
    if width is None or height is None:
        return None
    if not (_is_number(width) and _is_number(height) and width > 0 and height > 0):
        return 'The "width" and "height" of the task must be those of the picture, in pixels.'
    return (width, height)


def _called(region: Any) -> str:
    label = region.get("label") if isinstance(region, dict) else None
    return f" ({label})" if isinstance(label, str) else ""


def _region_problem(region: Any, size: Point | None) -> str | None:
    if not isinstance(region, dict):
        return "is no object."
    kind = region.get("type")
    if kind is not None and kind not in _KINDS:
        return f"has the type {json.dumps(kind)}; there are {', '.join(_KINDS)}."
    if not isinstance(region.get("label", ""), str | None):
        return 'has a "label" that is no text.'
    points = _outline(region)
    if points is None:
        return "has neither points nor x, y, width and height as numbers."
    if len(points) < 3:
        return "has less than three points."
    (left, right), (top, bottom) = ((min(part), max(part)) for part in zip(*points, strict=True))
    if right <= left or bottom <= top or _has_negative_size(region):
        return "has no area."
    if size is not None and (left >= size[0] or top >= size[1] or right <= 0 or bottom <= 0):
        return f"lies beside the picture, which has {size[0]:g} × {size[1]:g} pixels."
    return None


def _has_negative_size(region: Task) -> bool:
    sides = [region.get(key) for key in ("width", "height")]
    return _is_box(region) and any(_is_number(side) and side <= 0 for side in sides)


def _is_box(region: Task) -> bool:
    kind = region.get("type")
    return kind == "rect" or (kind is None and not region.get("points"))


def _outline(region: Task) -> list[Point] | None:
    """The corners of a region; None where it has none that are numbers."""
    box = [region.get(key) for key in _BOX]
    if _is_box(region) and all(map(_is_number, box)):
        x, y, width, height = (float(value) for value in box if _is_number(value))
        return [(x, y), (x, y + height), (x + width, y + height), (x + width, y)]
    points = region.get("points")
    if not isinstance(points, list) or not points or not all(map(_is_point, points)):
        return None
    outline = [(float(x), float(y)) for x, y in points]
    if region.get("type") != "rect":
        return outline
    (left, right), (top, bottom) = ((min(part), max(part)) for part in zip(*outline, strict=True))
    return [(left, top), (left, bottom), (right, bottom), (right, top)]


def _is_point(point: Any) -> bool:
    return isinstance(point, list) and len(point) == 2 and all(map(_is_number, point))


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _answered(values: Mapping[str, Any], *, key: str) -> list[str]:
    """The set of (label, outline), sorted: equal for regions that are equal to the pixel.

    Nothing wider would do: "nearly the same" does not pass from one pair of regions to the next, so no hash
    can say it. How much regions overlap is measured on what is exported.
    """
    regions = values.get(key)
    return sorted({_told(region) for region in regions}) if isinstance(regions, list) else []


def _told(region: Any) -> str:
    outline = _outline(region) if isinstance(region, dict) else None
    if outline is None:
        return json.dumps(region, sort_keys=True)
    return json.dumps([region.get("label"), _ring(outline)])


def _ring(outline: list[Point]) -> list[tuple[int, int]]:
    """An outline in whole pixels, whichever corner it starts at and whichever way it goes."""
    whole = [(math.floor(x + 0.5), math.floor(y + 0.5)) for x, y in outline]
    corners = [point for n, point in enumerate(whole) if point != whole[n - 1]] or whole[:1]
    backwards = corners[::-1]
    return min(corners[n:] + corners[:n] for corners in (corners, backwards) for n in _lowest(corners))


def _lowest(corners: list[tuple[int, int]]) -> list[int]:
    least = min(corners)
    return [n for n, corner in enumerate(corners) if corner == least]


IMAGE_MANUAL = _under(_DEFAULT_KEY)
