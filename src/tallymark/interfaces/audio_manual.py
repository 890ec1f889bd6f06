"""`audio_manual`: a recording or a film in which the annotator marks regions, which may lie over each other.

Nobody lets go of a mouse at the same millisecond twice, so two answers agree where their regions have the
same labels and the same borders to the tenth of a second. Borders are rounded and then compared, never
measured against each other: "close to" would make A agree with B and B with C, but not A with C. So borders
on both sides of a step of rounding differ though they are close, and agreement is rather told too low than
too high. What else a region carries (`id`, `color`, keys of a model) is no part of the answer.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

from tallymark.interfaces.audio import PLAYING, audio_problem
from tallymark.interfaces.interface import Interface
from tallymark.types import Task

__all__ = ["AUDIO_MANUAL"]


def _problem(document: Task) -> str | None:
    return audio_problem(document) or _marks_problem(document.get("audio_spans") or [])


def _marks_problem(regions: list[Task]) -> str | None:
    """The first region without a label or without length, or that is there twice."""
    seen: dict[tuple[float, float, str], int] = {}
    for number, region in enumerate(regions, start=1):
        start, end, label = region["start"], region["end"], region.get("label")
        if not isinstance(label, str):
            return f'Region {number} ({start}–{end} s) has no "label".'
        if start == end:
            return f"Region {number} ({label}, at {start} s) is empty: it ends where it starts."
        first = seen.setdefault((start, end, label), number)
        if first != number:
            return f"The regions {first} and {number} are the same ({label}, {start}–{end} s); remove one."
    return None


def _answered(values: Mapping[str, Any]) -> list[str]:
    """The set of regions, sorted, their borders in tenths of a second."""
    regions = values.get("audio_spans")
    return sorted({_key(region) for region in regions}) if isinstance(regions, list) else []


def _key(region: Any) -> str:
    if not isinstance(region, dict):
        return json.dumps(region, sort_keys=True)
    return json.dumps([_tenths(region.get("start")), _tenths(region.get("end")), region.get("label")])


def _tenths(seconds: Any) -> Any:
    tenths = seconds * 10 if isinstance(seconds, int | float) else None
    if tenths is None or (isinstance(tenths, float) and not math.isfinite(tenths)):
        return str(seconds)
    return round(tenths)


AUDIO_MANUAL = Interface(
    "audio_manual",
    "manual",
    _problem,
    fingerprint_keys=("audio_spans",),
    answered=_answered,
    settings={"labels": [], "label_descriptions": {}, "label_style": None, **PLAYING},
)
