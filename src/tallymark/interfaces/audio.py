"""`audio`, and what it shares with `audio_manual`: a recording or a film, and the regions marked in it.

A region in `audio_spans` has `start` and `end` in seconds and perhaps a `label`, an `id` and a `color`.
Regions may lie over each other. How long the recording is only the page knows: it points out what ends later.
"""

import math
from collections.abc import Mapping
from typing import Any, Final, TypeGuard

from tallymark.interfaces.interface import Interface, content_problem
from tallymark.types import Task

__all__ = ["AUDIO", "PLAYING", "audio_problem"]

PLAYING: Final[Mapping[str, Any]] = {
    "audio_autoplay": False,
    "audio_loop": False,
    "audio_rate": 1.0,
    "audio_max_zoom": 5000,
    "audio_bar_width": 3,
    "audio_bar_height": 1,
    "audio_bar_gap": 1,
    "audio_bar_radius": 2,
    "show_audio_timeline": False,
    "show_audio_minimap": True,
    "show_audio_cursor": True,
    "show_audio_cursor_time": True,
}
"""Settings of the interfaces that play sound, with their defaults."""


def audio_problem(document: Task) -> str | None:
    """Why nothing can be heard, or the first region that is none."""
    if "audio" not in document and "video" not in document:
        return 'The task has no "audio" and no "video".'
    regions = document.get("audio_spans")
    if regions is not None and not isinstance(regions, list):
        return '"audio_spans" must be a list.'
    for number, region in enumerate(regions or (), start=1):
        problem = _region_problem(region)
        if problem is not None:
            return f"Region {number} {problem}"
    return content_problem(document)


def _region_problem(region: Any) -> str | None:
    if not isinstance(region, dict):
        return "is no object."
    start, end = region.get("start"), region.get("end")
    if not _is_seconds(start) or not _is_seconds(end):
        return 'needs "start" and "end" as seconds.'
    if start > end:
        return f"ends ({end} s) before it starts ({start} s)."
    return None


def _is_seconds(value: object) -> TypeGuard[float]:
    if isinstance(value, float):
        return math.isfinite(value) and value >= 0
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


AUDIO = Interface("audio", "binary", audio_problem, settings=PLAYING)
