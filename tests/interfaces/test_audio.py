"""Regions of recordings: what can be shown, what is an answer, and when two answers agree."""

from typing import Any

import pytest

from tallymark.interfaces import INTERFACES, SHAPES
from tallymark.types import Task

MANUAL = "audio_manual"


def region(start: Any, end: Any, label: Any = "SPEECH", **more: Any) -> Task:
    return {"start": start, "end": end, "label": label, **more}


def heard(*regions: Any) -> Task:
    return {"audio": "a.wav", "audio_spans": list(regions)}


@pytest.mark.parametrize(
    "document",
    [
        {"audio": "a.wav"},
        {"video": "a.mp4", "audio_spans": None},
        heard(),
        heard(region(0, 1.5, id="a", color="rgba(1,2,3,0.2)", channel=1, score=0.3), region(1, 2)),
        heard(region(0, 1), region(0, 1, "NOISE")),
        heard(region(0, 10**400)),
    ],
)
@pytest.mark.parametrize("view_id", ["audio", MANUAL])
def test_possible_documents(view_id: str, document: Task) -> None:
    assert SHAPES.problem(view_id, document) is None
    assert SHAPES.problem(view_id, document | {"answer": "accept", "flagged": True}) is None


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"text": "a"}, 'The task has no "audio" and no "video".'),
        ({"audio": 3}, 'The "audio" of the task is not text.'),
        ({"audio": "a.wav", "audio_spans": {}}, '"audio_spans" must be a list.'),
        (heard(region(0, 1), 3), "Region 2 is no object."),
        (heard({"start": 0}), 'Region 1 needs "start" and "end" as seconds.'),
        (heard(region("0", 1)), 'Region 1 needs "start" and "end" as seconds.'),
        (heard(region(False, 1)), 'Region 1 needs "start" and "end" as seconds.'),
        (heard(region(-0.5, 1)), 'Region 1 needs "start" and "end" as seconds.'),
        (heard(region(0, float("nan"))), 'Region 1 needs "start" and "end" as seconds.'),
        (heard(region(0, float("inf"))), 'Region 1 needs "start" and "end" as seconds.'),
        (heard(region(2.5, 1)), "Region 1 ends (1 s) before it starts (2.5 s)."),
    ],
)
@pytest.mark.parametrize("view_id", ["audio", MANUAL])
def test_nonsense_is_named(view_id: str, document: Task, problem: str) -> None:
    assert SHAPES.problem(view_id, document) == problem
    assert SHAPES.problem(view_id, document | {"answer": "reject"}) is None


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (heard({"start": 0, "end": 1}), 'Region 1 (0–1 s) has no "label".'),
        (heard(region(0, 1, ["SPEECH"])), 'Region 1 (0–1 s) has no "label".'),
        (heard(region(1, 1)), "Region 1 (SPEECH, at 1 s) is empty: it ends where it starts."),
        (
            heard(region(0, 1, id="a"), region(1, 2), region(0.0, 1, id="b")),
            "The regions 1 and 3 are the same (SPEECH, 0.0–1 s); remove one.",
        ),
    ],
)
def test_what_is_no_mark_is_named(document: Task, problem: str) -> None:
    assert SHAPES.problem(MANUAL, document) == problem
    assert SHAPES.problem("audio", document) is None


class TestAgreement:
    @staticmethod
    def fingerprint(*regions: Any) -> bytes:
        return SHAPES.fingerprint(MANUAL, "accept", heard(*regions))

    def test_hands_may_differ_by_less_than_a_tenth_of_a_second(self) -> None:
        one = self.fingerprint(region(1.02, 2.46, id="a", color="red"), region(0, 9, "NOISE"))
        other = self.fingerprint(region(0, 9.04, "NOISE"), region(0.98, 2.54, id="b", score=1))
        assert one == other

    @pytest.mark.parametrize(
        "regions",
        [[], [region(1, 2.6)], [region(1.1, 2.5)], [region(1, 2.5, "NOISE")], [region(1, 2.5), region(1, 3)]],
    )
    def test_other_regions_differ(self, regions: list[Task]) -> None:
        assert self.fingerprint(region(1, 2.5)) != self.fingerprint(*regions)

    def test_whatever_is_stored_has_a_fingerprint(self) -> None:
        odd = [3, {"start": "x"}, region(1e308, float("inf")), region(0, float("nan")), region(True, 10**400)]
        assert len({self.fingerprint(one) for one in odd}) == len(odd)
        assert SHAPES.fingerprint(MANUAL, "accept", {"audio_spans": 3}) == self.fingerprint()

    def test_the_question_is_the_recording(self) -> None:
        assert INTERFACES[MANUAL].kind == "manual"
        assert SHAPES.fingerprint_keys(MANUAL) == ("audio_spans",)
        assert INTERFACES["audio"].kind == "binary"
