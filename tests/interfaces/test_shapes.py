"""Shapes refuse nonsense in words, accept every extra key, and know when two answers agree."""

from typing import Any

import pytest

from tallymark.interfaces import INTERFACES, SHAPES, view_ids
from tallymark.types import Task

TEXT = "Ada met Grace in Paris"
TOKENS = [
    {"text": "Ada", "start": 0, "end": 3, "id": 0, "ws": True},
    {"text": "met", "start": 4, "end": 7, "id": 1, "ws": True},
    {"text": "Grace", "start": 8, "end": 13, "id": 2, "ws": True},
]


def span(start: Any, end: Any, label: Any = "PERSON", **more: Any) -> dict[str, Any]:
    return {"start": start, "end": end, "label": label, **more}


def ner(*spans: Any, **more: Any) -> Task:
    return {"text": TEXT, "tokens": TOKENS, "spans": list(spans), **more}


def choice(accept: Any, *ids: Any) -> Task:
    return {
        "text": TEXT,
        "options": [{"id": one, "text": "x"} for one in ids or ("A", "B", 3)],
        "accept": accept,
    }


def test_the_interfaces() -> None:
    assert view_ids() == sorted(INTERFACES)
    binary = {"audio", "classification", "compare", "diff", "html", "image", "text"}
    ours = {"choice", "image_manual", "ner_manual", "text_input", "blocks", "pages", *binary}
    assert ours <= set(view_ids())
    assert all((INTERFACES[name].kind == "binary") == (name in binary) for name in ours)
    assert SHAPES.fingerprint_keys("ner_manual") == ("spans",)
    assert SHAPES.fingerprint_keys("choice") is None  # a setting names the key
    assert SHAPES.fingerprint_keys("text") == SHAPES.fingerprint_keys("made-up") == ()


@pytest.mark.parametrize(
    ("view_id", "document"),
    [
        ("text", {"text": "", "anything": {"goes": [1]}}),
        ("html", {"html": "<b>x</b>"}),
        ("html", {"title": "for a template", "spans": 3}),
        ("classification", {"text": "a", "label": "X", "spans": "of another kind"}),
        ("classification", {"image": "a.png"}),
        ("choice", choice(["A", 3])),
        ("choice", choice([])),
        ("choice", choice(None)),
        ("choice", {"options": []}),
        ("ner_manual", {"text": TEXT}),
        ("ner_manual", {"text": TEXT, "spans": None}),
        ("ner_manual", ner()),
        ("ner_manual", ner(span(0, 3, token_start=0, token_end=0, source="model", score=0.3), span(4, 7))),
        ("ner_manual", ner(span(17, 22), span(0, 13, token_start=0, token_end=2))),
        ("ner_manual", ner(span(0, 3, token_start=0, token_end=0), tokens=["not", "ours"])),
        ("ner_manual", ner(span(0, 2), tokens=None)),
        ("ner_manual", ner(span(0, 7, token_start=0, token_end=0))),
        ("made-up", {"text": 3}),
        ("image", {"image": "a.png", "spans": [{"x": 1, "y": 2.5, "width": 3, "height": 4, "label": "CAT"}]}),
        ("image", {"image": "a.png", "spans": [{"points": [[1, 2], [3, 4.5]], "mask": "…"}], "text": "a"}),
        ("image", {"image": "a.png", "spans": None, "label": "CAT"}),
        ("audio", {"audio": "a.wav", "audio_spans": [{"start": 0, "end": 1.5, "label": "SPEECH"}]}),
        ("audio", {"video": "a.mp4"}),
        ("compare", {"id": 1, "input": "a", "accept": "b", "reject": {"html": "<b>c</b>"}, "mapping": {}}),
        ("compare", {"accept": {"image": "a.png"}, "reject": {"text": "b"}}),
        ("diff", {"accept": {"text": "a"}, "reject": {"text": ""}}),
        ("diff", {"accept": "a", "reject": "b"}),
        ("llm_io", {"llm": {"prompt": "Name the people.", "response": ["Ada"]}}),
        ("llm_io", {"text": "a", "llm": {}}),
        ("pos", ner(span(0, 3, "PROPN"))),
        ("pos_manual", ner(span(0, 3, "PROPN"), span(4, 7, "VERB"))),
    ],
)
def test_possible_documents(view_id: str, document: Task) -> None:
    assert SHAPES.problem(view_id, document) is None
    assert SHAPES.problem(view_id, document | {"answer": "accept", "_extra": 1, "flagged": True}) is None


@pytest.mark.parametrize(
    ("view_id", "document", "problem"),
    [
        ("text", {}, 'The task has no "text".'),
        ("text", {"text": 3}, 'The "text" of the task is not text.'),
        ("html", {"html": ["<b>"]}, 'The "html" of the task is not text.'),
        ("classification", {"text": "a", "label": ["X"]}, 'The "label" of the task is not text.'),
        ("choice", {"text": "a"}, 'The task has no list of "options".'),
        ("image", {"text": "a"}, 'The task has no "image".'),
        ("image", {"image": 3}, 'The "image" of the task is not text.'),
        ("image", {"image": "a.png", "spans": {}}, '"spans" must be a list.'),
        (
            "image",
            {"image": "a.png", "spans": [{"points": []}, {"x": 1, "y": True, "width": 1, "height": 1}]},
            "Region 2 has neither points nor x, y, width and height as numbers.",
        ),
        (
            "image",
            {"image": "a.png", "spans": [{"points": [[1, 2, 3]]}]},
            "Region 1 has neither points nor x, y, width and height as numbers.",
        ),
        (
            "image",
            {"image": "a.png", "spans": ["CAT"]},
            "Region 1 has neither points nor x, y, width and height as numbers.",
        ),
        ("audio", {"text": "a"}, 'The task has no "audio" and no "video".'),
        ("compare", {"accept": "a"}, 'The task has no "reject" to compare.'),
        (
            "compare",
            {"accept": {"id": 1}, "reject": "b"},
            '"accept" must be text, or an object with one of text, html, image, audio, video.',
        ),
        ("compare", {"accept": "a", "reject": {"text": 3}}, 'The "text" of "reject" is not text.'),
        (
            "diff",
            {"accept": {"text": "a"}, "reject": {"html": "b"}},
            'The task has no "reject" with a "text".',
        ),
        ("llm_io", {"llm": "said"}, 'The task has no "llm" with a "prompt" and a "response".'),
        ("choice", choice([], True), 'Option 1 has no "id" that is text or an integer.'),
        ("choice", choice([], "A", "B", "A"), 'Two options have the id "A".'),
        ("choice", choice("A"), '"accept" must be the list of the selected ids.'),
        ("choice", choice(["A", "Z"]), '"Z" is selected but is none of the options ("A", "B", 3).'),
        ("choice", choice(["3"]), '"3" is selected but is none of the options ("A", "B", 3).'),
        ("choice", choice([[]]), '[] is selected but is none of the options ("A", "B", 3).'),
        ("ner_manual", {"spans": []}, 'The task has no "text".'),
        ("ner_manual", {"text": TEXT, "spans": {}}, '"spans" must be a list.'),
        ("ner_manual", ner(3), "Span 1 is no object."),
        ("ner_manual", ner(span(0, 3), {"start": 1}), 'Span 2 needs "start" and "end" as integers.'),
        ("ner_manual", ner(span(0, 3.0)), 'Span 1 (PERSON, 0–3.0) needs "start" and "end" as integers.'),
        ("ner_manual", ner(span(3, 3)), "Span 1 (PERSON, 3–3) ends before it starts or is empty."),
        ("ner_manual", ner(span(-1, 3)), "Span 1 (PERSON, -1–3) ends before it starts or is empty."),
        (
            "ner_manual",
            ner(span(17, 23)),
            "Span 1 (PERSON, 17–23) lies outside of the text, which has 22 characters.",
        ),
        ("ner_manual", ner({"start": 0, "end": 3}), 'Span 1 (no label, 0–3) has no "label".'),
        (
            "ner_manual",
            ner(span(0, 3, token_start=0, token_end=3)),
            "Span 1 (PERSON, 0–3) names the tokens 0 to 3; the text has 3.",
        ),
        (
            "ner_manual",
            ner(span(4, 13, "ORG"), span(0, 7)),
            "The spans (PERSON, 0–7) and (ORG, 4–13) overlap; only one of them can stay.",
        ),
        ("ner_manual", ner(span(0, 3), span(0, 3)), "The spans (PERSON, 0–3) and (PERSON, 0–3) overlap"),
    ],
)
def test_nonsense_is_named(view_id: str, document: Task, problem: str) -> None:
    assert str(SHAPES.problem(view_id, document)).startswith(problem)
    assert str(SHAPES.problem(view_id, document | {"answer": "accept"})).startswith(problem)


@pytest.mark.parametrize("answer", ["ignore", "reject"])
def test_a_broken_task_can_be_put_away(answer: str) -> None:
    assert SHAPES.problem("ner_manual", ner(span(3, 1), answer=answer)) is None


class TestFingerprints:
    def test_spans_agree_as_a_set_of_places_and_labels(self) -> None:
        one = SHAPES.fingerprint("ner_manual", "accept", {"spans": [span(0, 3), span(8, 13, source="model")]})
        other = SHAPES.fingerprint(
            "ner_manual", "accept", {"spans": [span(8, 13, token_start=2), span(0, 3), span(0, 3)], "x": 1}
        )
        assert one == other
        assert len(one) == 16

    @pytest.mark.parametrize("spans", [[], [span(0, 3)], [span(0, 3), span(8, 13, "ORG")], [span(0, 3), "?"]])
    def test_other_spans_differ(self, spans: list[Any]) -> None:
        reference = SHAPES.fingerprint("ner_manual", "accept", {"spans": [span(0, 3), span(8, 13)]})
        assert SHAPES.fingerprint("ner_manual", "accept", {"spans": spans}) != reference

    def test_no_spans_are_an_empty_set(self) -> None:
        empty = SHAPES.fingerprint("ner_manual", "accept", {"spans": []})
        assert SHAPES.fingerprint("ner_manual", "accept", {}) == empty
        assert SHAPES.fingerprint("ner_manual", "reject", {}) != empty

    def test_choices_agree_as_a_set_of_ids(self) -> None:
        both = SHAPES.fingerprint("choice", "accept", {"accept": ["A", 3]})
        assert SHAPES.fingerprint("choice", "accept", {"accept": [3, "A", "A"]}) == both
        assert SHAPES.fingerprint("choice", "accept", {"accept": ["A", "3"]}) != both
        assert SHAPES.fingerprint("choice", "accept", {}) == SHAPES.fingerprint(
            "choice", "accept", {"accept": []}
        )

    def test_rankings_agree_in_their_order(self) -> None:
        ranked = INTERFACES["choice"].at({}, {"choice_style": "ranking"})
        assert ranked.answered({"accept": ["A", 3]}) == ranked.answered({"accept": ["A", 3], "x": 1})
        assert ranked.answered({"accept": ["A", 3]}) != ranked.answered({"accept": [3, "A"]})

    @pytest.mark.parametrize("view_id", ["text", "html", "classification", "made-up"])
    def test_only_the_decision_counts_elsewhere(self, view_id: str) -> None:
        one = SHAPES.fingerprint(view_id, "accept", {"spans": [1], "label": "X"})
        assert SHAPES.fingerprint(view_id, "accept", {}) == one
        assert SHAPES.fingerprint(view_id, "reject", {}) != one
