"""`rel.manual`: spans beforehand, words that cannot be picked, and pipelines that cannot do what is asked."""

import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from tallymark.errors import InputError, RecipeError
from tallymark.hashing import set_hashes, without_private
from tallymark.interfaces import SHAPES
from tallymark.recipes import rel
from tallymark.types import Components, Task

TEXT = "Ada met the old man in Paris."


@Language.component("tests_rel_parser", assigns=["token.dep", "token.head"])
def parse(doc: Doc) -> Doc:
    """Enough of a parse for noun phrases: “the old man” is the object of “met”."""
    if doc.has_annotation("DEP"):
        return doc
    deps = ["nsubj", "ROOT", "det", "amod", "dobj", "prep", "pobj", "punct"]
    tags = ["PROPN", "VERB", "DET", "ADJ", "NOUN", "ADP", "PROPN", "PUNCT"]
    for token, dep, tag in zip(doc, deps, tags, strict=True):
        token.dep_, token.pos_ = dep, tag
        token.head = doc[{2: 4, 3: 4, 6: 5}.get(token.i, 1)]
    return doc


def pipeline(*parts: str) -> Any:
    nlp = spacy.blank("en")
    if "ents" in parts:
        ruler: Any = nlp.add_pipe("entity_ruler")
        ruler.add_patterns([{"label": "GPE", "pattern": "Paris"}, {"label": "PERSON", "pattern": "Ada"}])
    if "parser" in parts:
        nlp.add_pipe("tests_rel_parser")
    return nlp


def first(components: Components) -> Task:
    task: Task = next(components["stream"])
    return without_private(task)


def written(tmp_path: Path, *patterns: dict[str, Any]) -> Path:
    path = tmp_path / "patterns.jsonl"
    path.write_text("".join(f"{json.dumps(pattern)}\n" for pattern in patterns))
    return path


def test_texts_come_with_tokens_and_settings() -> None:
    components = rel.manual(
        "d", "blank:en", [{"text": TEXT}], label="KNOWS,IN", span_label="PERSON", wrap=True, exclude="x"
    )
    assert (components["view_id"], components["exclude"]) == ("relations", ["x"])
    assert components["config"] == {
        "lang": "en",
        "labels": ["KNOWS", "IN"],
        "relations_span_labels": ["PERSON"],
        "wrap_relations": True,
        "hide_relations_arrow": False,
        "exclude_by": "input",
    }
    task = first(components)
    assert SHAPES.problem("relations", task) is None
    assert (len(task["tokens"]), task["spans"]) == (8, [])
    bare = set_hashes({"text": TEXT})
    assert [task[key] for key in ("_input_hash", "_task_hash")] == [bare["_input_hash"], bare["_task_hash"]]


def test_spans_are_those_of_the_source_then_of_patterns_then_of_the_pipeline(tmp_path: Path) -> None:
    given = {"start": 8, "end": 15, "label": "OLD", "source": "me"}
    components = rel.manual(
        "d",
        pipeline("ents", "parser"),
        [{"text": TEXT, "spans": [given]}],
        label="KNOWS",
        patterns=written(tmp_path, {"label": "CITY", "pattern": "Paris"}),
        add_ents=True,
        add_nps=True,
    )
    task = first(components)
    # “the old man” meets the given span, and Paris is what the patterns say; both stay as they are
    assert [(span["text"], span["label"], span["type"]) for span in task["spans"]] == [
        ("the old", "OLD", "span"),
        ("Paris", "CITY", "span"),
        ("Ada", "PERSON", "span"),
    ]
    assert task["spans"][0]["source"] == "me"
    assert list(task["spans"][2]) == ["text", "start", "token_start", "token_end", "end", "type", "label"]
    assert (task["spans"][2]["token_start"], task["spans"][2]["token_end"]) == (0, 0)


def test_noun_phrases_are_spans() -> None:
    task = first(rel.manual("d", pipeline("parser"), [{"text": TEXT}], label="A", add_nps=True))
    assert [(span["text"], span["label"]) for span in task["spans"]] == [
        ("Ada", "NP"),
        ("the old man", "NP"),
        ("Paris", "NP"),
    ]


def test_words_are_disabled_by_what_they_are_and_by_the_span_they_are_in(tmp_path: Path) -> None:
    given = first(rel.manual("d", "blank:en", [{"text": TEXT}], label="A"))
    given["tokens"][0]["disabled"] = True
    given["spans"] = [{"start": 8, "end": 19, "label": "MAN"}]
    path = written(tmp_path, {"pattern": [{"_": {"label": {"NOT_IN": ["MAN", "X"]}}}]}, {"pattern": "old"})
    task = first(rel.manual("d", "blank:en", [given], label="A", disable_patterns=path))
    assert [token["text"] for token in task["tokens"] if not token["disabled"]] == ["the", "man"]
    path = written(tmp_path, {"pattern": [{"POS": {"IN": ["VERB", "ADP", "PUNCT"]}}]})
    task = first(rel.manual("d", pipeline("parser"), [{"text": TEXT}], label="A", disable_patterns=path))
    assert [token["text"] for token in task["tokens"] if token["disabled"]] == ["met", "in", "."]


def test_what_cannot_be_done_is_said(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"rel\.manual has no labels"):
        rel.manual("d", "blank:en", [{"text": TEXT}])
    with pytest.raises(RecipeError, match="no component that finds them"):
        rel.manual("d", "blank:en", [{"text": TEXT}], label="A", add_ents=True)
    with pytest.raises(RecipeError, match=r"the pipeline \(en\) has no parser"):
        rel.manual("d", "blank:en", [{"text": TEXT}], label="A", add_nps=True)
    path = written(tmp_path, {"label": "x", "pattern": [{"POS": "NOUN"}]})
    stream = rel.manual("d", "blank:en", [{"text": TEXT}], label="A", disable_patterns=path)["stream"]
    with pytest.raises(InputError, match="needs a trained pipeline"):
        next(stream)
    with pytest.raises(InputError, match='no "label"'):
        rel.manual("d", "blank:en", [], label="A", patterns=written(tmp_path, {"pattern": "x"}))
