"""`audio`: a recording or a film to accept or reject, with the stretches that are marked in it.

A stretch in `audio_spans` has `start`, `end` (seconds) and perhaps a `label`.
"""

from typing import Any

from tallymark.interfaces.interface import Interface, content_problem
from tallymark.types import Task

__all__ = ["AUDIO"]


def _problem(document: Task) -> str | None:
    if "audio" not in document and "video" not in document:
        return 'The task has no "audio" and no "video".'
    stretches = document.get("audio_spans")
    if stretches is not None and not isinstance(stretches, list):
        return '"audio_spans" must be a list.'
    wrong = next((n for n, one in enumerate(stretches or (), start=1) if not _is_stretch(one)), None)
    if wrong is not None:
        return f'Stretch {wrong} has no "start" and "end" as seconds, the end after the start.'
    return content_problem(document)


def _is_stretch(stretch: Any) -> bool:
    if not isinstance(stretch, dict):
        return False
    start, end = stretch.get("start"), stretch.get("end")
    if not isinstance(start, int | float) or not isinstance(end, int | float):
        return False
    return 0 <= start <= end


AUDIO = Interface(
    "audio", "binary", _problem, settings={"audio_autoplay": False, "audio_loop": False, "audio_rate": 1.0}
)
