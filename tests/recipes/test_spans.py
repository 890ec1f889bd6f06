"""`spans.manual`: overlapping matches, and answers that a suggester would not propose."""

import json
from pathlib import Path

import pytest
import spacy
from spacy.util import registry

from tallymark.errors import InputError, RecipeError
from tallymark.recipes import mark, spans

TEXT = {"text": "University of California in Los Angeles"}


def test_matches_may_overlap(tmp_path: Path) -> None:
    path = tmp_path / "patterns.jsonl"
    rows = [
        {"label": "ORG", "pattern": "University of California"},
        {"label": "PLACE", "pattern": "California"},
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    components = spans.manual("d", "blank:en", [dict(TEXT)], label="ORG,PLACE", patterns=path)
    assert components["view_id"] == "spans_manual"
    task = next(components["stream"])
    assert [(span["text"], span["token_start"], span["token_end"]) for span in task["spans"]] == [
        ("University of California", 0, 2),
        ("California", 2, 2),
    ]


def test_a_span_that_is_not_suggested_is_refused() -> None:
    name = "tests.pairs.v1"
    registry.misc(name)(lambda: registry.misc.get("spacy.ngram_suggester.v1")(sizes=[1, 2]))
    components = spans.manual("d", spacy.blank("en"), [dict(TEXT)], label="X", suggester=name)
    validate = components["validate_answer"]
    task = next(components["stream"]) | {"answer": "accept"}
    short = {"start": 0, "end": 13, "token_start": 0, "token_end": 1, "label": "X"}
    long = {"start": 0, "end": 24, "token_start": 0, "token_end": 2, "label": "X"}
    validate(task | {"spans": [short]})
    validate(task | {"spans": [long], "answer": "reject"})
    with pytest.raises(ValueError, match="does not propose “University of California”"):
        validate(task | {"spans": [short, long]})


def test_suggesters_that_cannot_be_used() -> None:
    with pytest.raises(InputError, match='No suggester "nothing" is registered'):
        spans.manual("d", "blank:en", [dict(TEXT)], label="X", suggester="nothing")
    with pytest.raises(InputError, match="cannot be made without arguments"):
        spans.manual("d", "blank:en", [dict(TEXT)], label="X", suggester="spacy.ngram_suggester.v1")
    with pytest.raises(RecipeError, match="both --suggester and --highlight-chars"):
        spans.manual("d", "blank:en", [], label="X", suggester="nothing", highlight_chars=True)


def test_labels_are_needed() -> None:
    with pytest.raises(RecipeError, match=r"spans\.manual has no labels"):
        spans.manual("d", "blank:en", [dict(TEXT)])
    with pytest.raises(RecipeError, match="in spans_manual they are what one marks with"):
        mark.mark("d", [dict(TEXT)], view_id="spans_manual")
