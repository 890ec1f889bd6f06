"""Models that suggest and learn, on pipelines small enough to be trained here."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
import spacy
from spacy.training import Example

from tallymark.compat.prodigy.components.db import connect
from tallymark.compat.prodigy.components.sorters import Probability
from tallymark.compat.prodigy.models.matcher import PatternMatcher
from tallymark.compat.prodigy.models.ner import EntityRecognizer, ensure_sentencizer, merge_spans
from tallymark.compat.prodigy.models.textcat import TextClassifier
from tallymark.compat.prodigy.recipes.ner import batch_train
from tallymark.errors import InputError, RecipeError
from tallymark.types import Task

ADA = "Ada Lovelace wrote to Acme"
TRAINED = [
    (ADA, [(0, 12, "PERSON"), (22, 26, "ORG")]),
    ("Acme sells anvils", [(0, 4, "ORG")]),
    ("It rains in Oslo", []),
]
PATTERNS: list[dict[str, Any]] = [
    {"label": "PERSON", "pattern": "Ada Lovelace"},
    {"label": "ORG", "pattern": [{"lower": "acme"}], "id": "acme"},
]


def examples(nlp: Any) -> list[Example]:
    return [Example.from_dict(nlp.make_doc(text), {"entities": ents}) for text, ents in TRAINED]


@pytest.fixture(scope="module")
def trained() -> bytes:
    """A recogniser that knows its three texts."""
    nlp = spacy.blank("en")
    nlp.add_pipe("ner")
    given = examples(nlp)
    nlp.initialize(lambda: given)
    for _ in range(20):
        nlp.update(given)
    return nlp.to_bytes()


@pytest.fixture
def nlp(trained: bytes) -> Any:
    pipeline = spacy.blank("en")
    pipeline.add_pipe("ner")
    return pipeline.from_bytes(trained)


def found(nlp: Any, text: str) -> list[tuple[str, str]]:
    return [(ent.text, ent.label_) for ent in nlp(text).ents]


def judged(answer: str, start: int, end: int, label: str, text: str = ADA) -> Task:
    return {"text": text, "answer": answer, "spans": [{"start": start, "end": end, "label": label}]}


class TestPatternMatcher:
    @pytest.fixture
    def matcher(self, tmp_path: Path) -> PatternMatcher:
        file = tmp_path / "patterns.jsonl"
        file.write_text("".join(json.dumps(pattern) + "\n" for pattern in PATTERNS))
        return PatternMatcher(spacy.blank("en")).from_disk(file)

    def test_a_task_for_each_match_scored_by_what_was_said(self, matcher: PatternMatcher) -> None:
        (first, ada), (second, acme) = matcher([{"text": ADA, "meta": {"n": 1}}])
        assert (first, second) == (0.5, 0.5)
        assert (ada["spans"][0]["label"], ada["meta"]) == ("PERSON", {"n": 1, "score": 0.5, "pattern": "0"})
        assert (acme["spans"][0]["text"], acme["spans"][0]["pattern"]) == ("Acme", "acme")
        assert (acme["tokens"][4]["text"], acme["spans"][0]["token_start"]) == ("Acme", 4)
        assert ada["_task_hash"] != acme["_task_hash"]
        assert ada["_input_hash"] == acme["_input_hash"]
        assert (
            matcher.update(
                [{**ada, "answer": "accept"}, {**acme, "answer": "reject"}, {**ada, "answer": "ignore"}]
            )
            == 0
        )
        assert [round(score, 2) for score, _ in matcher([{"text": ADA}])] == [0.6, 0.4]

    def test_what_was_said_goes_with_the_patterns(self, matcher: PatternMatcher) -> None:
        matcher.update([{"text": "x", "answer": "accept", "meta": {"pattern": "acme"}}])
        again = PatternMatcher(spacy.blank("en")).from_bytes(matcher.to_bytes())
        assert again.labels == ["PERSON", "ORG"]
        assert again.has_label("ORG")
        assert not again.has_label("GPE")
        assert [round(score, 2) for score, _ in again([{"text": ADA}])] == [0.5, 0.6]

    def test_matches_together_and_texts_without_any(self) -> None:
        matcher = PatternMatcher(spacy.blank("en"), combine_matches=True, all_examples=True)
        matcher.add_patterns(PATTERNS)
        tasks = [task for _, task in matcher([{"text": ADA}, {"text": "nothing"}])]
        assert [len(task.get("spans", [])) for task in tasks] == [2, 0]

    def test_labels_on_the_task_instead(self) -> None:
        matcher = PatternMatcher(
            spacy.blank("en"),
            label_span=False,
            label_task=True,
            prior_correct=5.0,
            prior_incorrect=0.0,
            filter_labels=["ORG"],
            task_hash_keys=("label",),
        )
        matcher.add_patterns(PATTERNS)
        [(score, task)] = matcher([{"text": ADA}])
        assert (score, task["label"], "label" in task["spans"][0]) == (1.0, "ORG", False)
        assert matcher.labels == ["ORG"]

    def test_a_line_that_is_no_pattern_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "p.jsonl").write_text('{"label": "X"}\n')
        with pytest.raises(InputError, match=r"p\.jsonl:1"):
            PatternMatcher(spacy.blank("en")).from_disk(tmp_path / "p.jsonl")


class TestEntityRecognizer:
    def test_what_it_knows_is_suggested_with_high_scores(self, nlp: Any) -> None:
        model = EntityRecognizer(nlp)
        scores = {task["spans"][0]["text"]: score for score, task in model([{"text": ADA}])}
        assert scores["Ada Lovelace"] > 0.9
        assert scores["Acme"] > 0.9
        assert model.has_label("ORG")

    def test_what_is_most_unlikely_is_not_asked_about(
        self, nlp: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        model = EntityRecognizer(nlp)
        [(task, doc, _)] = model._analysed([{"text": ADA}], 1)
        scores = {(0, 2, "PERSON"): 0.9, (4, 5, "ORG"): 0.001, (4, 5, "PERSON"): 0.0009}
        monkeypatch.setattr(model, "_analysed", lambda *_: iter([(task, doc, scores)]))
        assert [score for score, _ in model([{"text": ADA}])] == [0.9, 0.001]

    def test_labels_limit_what_is_suggested(self, nlp: Any) -> None:
        tasks = [task for _, task in EntityRecognizer(nlp, label=["ORG"])([{"text": ADA}])]
        assert {task["spans"][0]["label"] for task in tasks} == {"ORG"}
        [best] = [task for task in tasks if task["score"] > 0.9]
        assert best["tokens"][0]["text"] == "Ada"
        assert (best["spans"][0]["token_start"], best["meta"]["score"]) == (4, best["score"])

    def test_it_unlearns_what_is_rejected(self, nlp: Any) -> None:
        model = EntityRecognizer(nlp)
        losses = [model.update([judged("reject", 22, 26, "ORG")]) for _ in range(20)]
        assert losses[0] > 0
        assert ("Acme", "ORG") not in found(nlp, ADA)

    def test_it_learns_what_is_accepted(self, nlp: Any) -> None:
        text = "It rains in Oslo"
        model = EntityRecognizer(nlp, label="GPE")
        for _ in range(25):
            model.update([judged("accept", 12, 16, "GPE", text), judged("ignore", 0, 2, "GPE", text)])
        assert ("Oslo", "GPE") in found(nlp, text)

    def test_nothing_said_is_nothing_learned(self, nlp: Any) -> None:
        assert (
            EntityRecognizer(nlp).update(
                [judged("ignore", 0, 12, "PERSON"), {"text": "x", "answer": "accept"}]
            )
            == 0
        )

    def test_the_best_analysis_keeps_to_what_was_said(self, nlp: Any) -> None:
        silver = [judged("reject", 22, 26, "ORG"), judged("accept", 13, 18, "ORG")]
        [task] = EntityRecognizer(nlp).make_best(silver)
        spans = [(span["text"], span["label"]) for span in task["spans"]]
        assert spans == [("Ada Lovelace", "PERSON"), ("wrote", "ORG")]
        assert "answer" not in task
        assert "_task_hash" in task

    def test_spans_of_one_input_are_merged_with_their_answers(self) -> None:
        merged = merge_spans(
            [judged("accept", 0, 3, "X"), judged("reject", 4, 6, "Y"), judged("ignore", 0, 1, "Z")]
        )
        assert [(span["label"], span["answer"]) for span in merged[0]["spans"]] == [
            ("X", "accept"),
            ("Y", "reject"),
        ]
        assert len(merged) == 1

    def test_a_pipeline_without_a_recogniser_gets_one_for_labels(self) -> None:
        blank = spacy.blank("en")
        with pytest.raises(RecipeError, match="no entity recogniser"):
            EntityRecognizer(blank)
        model = EntityRecognizer(blank, label=["X"])
        for _ in range(15):
            model.update([judged("accept", 0, 12, "X")])
        assert ("Ada Lovelace", "X") in found(blank, ADA)
        assert ensure_sentencizer(blank).pipe_names == ["sentencizer", "ner"]
        assert ensure_sentencizer(blank).pipe_names == ["sentencizer", "ner"]


@pytest.mark.usefixtures("home")
class TestBatchTraining:
    def test_a_pipeline_is_trained_with_the_answers_of_a_dataset(
        self, nlp: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        db = connect()
        db.add_dataset("silver")
        answers = [judged("reject", 22, 26, "ORG"), judged("accept", 0, 12, "PERSON")]
        db.add_examples(answers, datasets=["silver"])
        accuracy = batch_train("silver", nlp, tmp_path / "model", eval_id="silver", n_iter=20, dropout=0.0)
        assert accuracy == 1.0
        assert found(spacy.load(tmp_path / "model"), ADA) == [("Ada Lovelace", "PERSON")]
        said = capsys.readouterr().out
        assert "Before" in said
        assert str(tmp_path / "model") in said

    def test_too_few_answers_are_told(self, nlp: Any) -> None:
        db = connect()
        db.add_dataset("silver")
        db.add_examples([judged("accept", 0, 12, "PERSON")], datasets=["silver"])
        with pytest.raises(InputError, match="has 1 answered texts"):
            batch_train("silver", nlp, silent=True)


class TestTextClassifier:
    def answers(self) -> list[Task]:
        return [
            {"text": "a good day", "label": "GOOD", "answer": "accept"},
            {"text": "a bad day", "label": "GOOD", "answer": "reject"},
            {"text": "a bad day", "label": "OTHER", "answer": "accept"},
            {"text": "a bad day", "label": "GOOD", "answer": "ignore"},
        ]

    def score(self, model: TextClassifier, text: str) -> float:
        return {task["label"]: score for score, task in model([{"text": text}])}["GOOD"]

    @pytest.mark.parametrize("name", [None, "textcat_multilabel", "textcat"])
    def test_it_learns_from_answers(self, name: str | None) -> None:
        model = TextClassifier(spacy.blank("en"), ["GOOD", "BAD"], name)
        for _ in range(30):
            loss = model.update(self.answers())
        assert self.score(model, "a good day") > 0.6 > 0.4 > self.score(model, "a bad day")
        assert loss < 0.2
        assert model.update([]) == 0.0

    def test_a_task_for_each_label(self) -> None:
        model = TextClassifier(spacy.blank("en"), "GOOD", long_text=False)
        [(score, task)] = model([{"text": "a day"}])
        assert (task["label"], task["score"], task["meta"]) == ("GOOD", score, {"score": score})
        assert model.has_label("GOOD")
        again = TextClassifier(model.nlp)
        assert again.labels == ["GOOD"]

    def test_labels_it_cannot_know_are_refused(self) -> None:
        with pytest.raises(RecipeError, match="no label was given"):
            TextClassifier(spacy.blank("en"))
        model = TextClassifier(spacy.blank("en"), ["A", "B"])
        with pytest.raises(RecipeError, match="does not know C"):
            TextClassifier(model.nlp, ["A", "C"])


def test_words_of_a_vocabulary_that_have_vectors_are_suggested() -> None:
    vocab = spacy.blank("en").vocab  # it lists the words its tokeniser makes exceptions of
    vector: Any = numpy.ones(4, dtype="float32")
    for word in ("could", "would", "zebra"):
        vocab.set_vector(word, vector)
    vocab["zebra"]  # others from when they are first asked for

    def scored() -> Iterator[tuple[float, Task]]:
        lexemes = [lexeme for lexeme in vocab if lexeme.is_alpha and lexeme.is_lower and lexeme.has_vector]
        for lexeme in itertools.cycle(lexemes):
            yield 0.5, {"text": lexeme.text}

    stream = itertools.islice(Probability(scored()), 100)
    assert {task["text"] for task in stream} == {"could", "would", "zebra"}
