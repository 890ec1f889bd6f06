"""The recipes as they are called from Python and from the command line."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import mmh3
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from tallymark.components import read_components
from tallymark.config import Settings
from tallymark.errors import InputError, RecipeError, SourceError
from tallymark.hashing import identities_of, set_hashes, without_private
from tallymark.interfaces import SHAPES, view_ids
from tallymark.recipe import recipes
from tallymark.recipes import mark, ner, textcat
from tallymark.stream import collect_sources, follow, get_stream
from tallymark.tokens import add_tokens
from tallymark.types import Components, Task

TEXTS = ["Ada met Grace in Paris.", "Grace wrote “COBOL”."]


def items(*texts: str) -> list[Task]:
    return [{"text": text} for text in texts or TEXTS]


def first(components: Components) -> Task:
    task: Task = next(components["stream"])
    return without_private(task)


def fates(components: Components) -> list[tuple[int, str, str | None]]:
    """Read the stream through; the fates of rows that made no task."""
    stream = follow(components["stream"], opened=[])
    list(stream)
    return [(f.ordinal, f.fate, f.note) for source in stream.sources for f in source.drain_fates()]


@pytest.mark.parametrize(
    ("name", "components"),
    [
        ("ner.manual", ner.manual("d", "blank:en", items(), label="A,B", exclude="x, y")),
        ("textcat.manual", textcat.manual("d", items(), label=["A", "B"], exclude=["x", "y"])),
        ("textcat.manual", textcat.manual("d", items(), label="A", exclude="x,y")),
        ("mark", mark.mark("d", items(), label="A", exclude="x,y")),
    ],
)
def test_components_are_sound(name: str, components: Components) -> None:
    read = read_components(components, recipe_name=name, view_ids=view_ids())
    assert (read.dataset, read.exclude) == ("d", ("x", "y"))
    for key, value in read.config.items():
        if key in Settings.model_fields:
            Settings.model_validate({key: value})
    task = first(components)
    assert SHAPES.problem(read.view_id, task) is None
    json.dumps(task)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        (
            "ner.manual",
            "dataset spacy_model source --loader -lo --label -l --patterns -pt --exclude -e"
            " --highlight-chars -C --text-key -tk",
        ),
        (
            "textcat.manual",
            "dataset source --loader -lo --label -l --exclusive -E --exclude -e --accept-empty -ace"
            " --text-key -tk",
        ),
        (
            "mark",
            "dataset source --loader -lo --label -l --view-id -v --exclude -e --text-key -tk --config -c",
        ),
    ],
)
def test_command_lines(name: str, arguments: str) -> None:
    found = recipes.get(name).arguments
    shown = [one.name if one.kind == "positional" else f"{one.option} {one.short}" for one in found]
    assert " ".join(shown) == arguments
    assert all(one.help for one in found)


class TestNerManual:
    def test_tokens_and_hashes(self) -> None:
        components = ner.manual("d", "blank:en", items("Ada  met\nGrace.", "x"), label="PERSON,ORG")
        assert components["view_id"] == "ner_manual"
        assert components["config"] == {
            "lang": "en",
            "labels": ["PERSON", "ORG"],
            "exclude_by": "input",
            "ner_manual_highlight_chars": False,
        }
        assert "before_db" not in components
        task = first(components)
        assert [tuple(token.values()) for token in task["tokens"]] == [
            ("Ada", 0, 3, 0, True),
            (" ", 4, 5, 1, False),
            ("met", 5, 8, 2, False),
            ("\n", 8, 9, 3, False),
            ("Grace", 9, 14, 4, False),
            (".", 14, 15, 5, False),
        ]
        assert list(task["tokens"][0]) == ["text", "start", "end", "id", "ws"]
        assert list(task) == ["text", "_input_hash", "_task_hash", "_is_binary", "tokens"]
        plain = set_hashes({"text": "Ada  met\nGrace."})
        assert (task["_input_hash"], task["_task_hash"]) == (plain["_input_hash"], plain["_task_hash"])
        assert identities_of(task) == identities_of(plain)

    def test_tokenising_waits_for_demand(self, monkeypatch: pytest.MonkeyPatch) -> None:
        nlp, seen = spacy.blank("en"), []
        made = nlp.make_doc
        monkeypatch.setattr(nlp, "make_doc", lambda text: seen.append(text) or made(text))  # type: ignore[func-returns-value]
        stream = ner.manual("d", nlp, items("a", "b"), label="X")["stream"]
        assert seen == []
        next(stream)
        assert seen == ["a"]
        assert (stream.plain, stream.rowwise, stream.eager) == (True, True, False)

    def test_spans_that_are_there_are_aligned(self) -> None:
        spans = [{"start": 8, "end": 13, "label": "PERSON", "source": "model"}]
        task = first(ner.manual("d", "blank:en", [{"text": TEXTS[0], "spans": spans}], label="PERSON"))
        assert task["spans"] == [{**spans[0], "token_start": 2, "token_end": 2}]
        assert "token_start" not in spans[0]

    def test_spans_beside_the_tokens_are_kept_as_they_are(self) -> None:
        spans = [{"start": 1, "end": 3, "label": "X", "token_start": 7, "score": 0.5}]
        tokens = [{"text": "Ada", "start": 0, "end": 3, "id": 0, "ws": True}]
        given = first(
            ner.manual("d", "blank:en", [{"text": "Ada", "tokens": tokens, "spans": spans}], label="X")
        )
        assert given["spans"] == spans
        made = first(ner.manual("d", "blank:en", [{"text": "Ada", "spans": spans}], label="X"))
        assert made["spans"] == [{"start": 1, "end": 3, "label": "X", "score": 0.5}]

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ({"spans": [{"start": 4, "end": 3}]}, "span 1 (no label, 4–3) does not end with a token"),
            ({"spans": [{"start": 0}]}, 'span 1 has no "start" and "end"'),
            ({"spans": [{"start": [], "end": 3}]}, 'span 1 has no "start" and "end"'),
            ({"spans": ["x"]}, 'span 1 has no "start" and "end"'),
            ({"spans": "x"}, '"spans" is not a list'),
            ({"spans": [{"start": 0, "end": 3}], "tokens": ["Ada"]}, '"tokens" is not a list of tokens'),
            ({"text": "a\ud800"}, "half of a surrogate pair"),
            ({"text": "a" * 1_000_001}, "the text has 1,000,001 characters; the pipeline takes 1,000,000"),
        ],
    )
    def test_rows_that_cannot_be_shown_are_invalid(self, row: Task, reason: str) -> None:
        source = [{"text": TEXTS[0]} | row, {"text": "fine"}]
        ((ordinal, fate, note),) = fates(ner.manual("d", "blank:en", source, label="X"))
        assert (ordinal, fate) == (1, "invalid")
        assert reason in str(note)

    def test_characters(self) -> None:
        source = [{"text": "né 🧪", "spans": [{"start": 1, "end": 4, "label": "X"}]}]
        components = ner.manual("d", "blank:en", source, label="X", highlight_chars=True)
        assert components["config"]["ner_manual_highlight_chars"] is True
        task = first(components)
        assert [token["text"] for token in task["tokens"]] == ["n", "é", " ", "🧪"]
        assert task["spans"] == [{"start": 1, "end": 4, "label": "X", "token_start": 1, "token_end": 3}]
        (saved,) = components["before_db"]([task | {"answer": "accept"}])
        assert "tokens" not in saved
        assert saved["spans"] == [{"start": 1, "end": 4, "label": "X"}]
        assert components["before_db"]([{"text": "a", "spans": None}]) == [{"text": "a", "spans": None}]

    def test_labels_of_the_pipeline(self) -> None:
        nlp = spacy.blank("en")
        nlp.add_pipe("ner").add_label("ORG")  # type: ignore[attr-defined]
        assert ner.manual("d", nlp, items())["config"]["labels"] == ["ORG"]

    def test_labels_are_needed(self) -> None:
        with pytest.raises(RecipeError, match=r"ner\.manual has no labels\.\nGive them with --label"):
            ner.manual("d", "blank:en", items())

    def test_a_generator_and_a_loaded_pipeline_as_a_wrapping_recipe_gives_them(self) -> None:
        with collect_sources("mine") as opened:
            components = ner.manual("d", spacy.blank("de"), (task for task in items()), label=["X"])
        stream = follow(components["stream"], opened=opened)
        assert [task["text"] for task in stream] == TEXTS
        assert [source.uri for source in stream.sources] == ["recipe:mine"]
        assert components["config"]["lang"] == "de"

    def test_duplicates_are_left_to_the_queue(self) -> None:
        assert len(list(ner.manual("d", "blank:en", items("a", "a"), label="X")["stream"])) == 2


class TestPatterns:
    @pytest.fixture
    def patterns(self, tmp_path: Path) -> Path:
        path = tmp_path / "patterns.jsonl"
        entries: list[Any] = [
            {"label": "PERSON", "pattern": [{"lower": "ada"}]},
            {"label": "PERSON", "pattern": "Grace", "id": "grace"},
            {"label": "PLACE", "pattern": [{"lower": "in"}, {"lower": "paris"}]},
            {"label": "PLACE", "pattern": [{"lower": "paris"}]},
        ]
        path.write_text("\n\n".join(map(json.dumps, entries)))
        return path

    def test_matches_are_marked_and_hashed(self, patterns: Path) -> None:
        components = ner.manual(
            "d", "blank:en", items(*TEXTS, "Nobody"), label="PERSON,PLACE", patterns=patterns
        )
        tasks = [without_private(task) for task in components["stream"]]
        assert tasks[0]["spans"] == [
            {
                "text": "Ada",
                "start": 0,
                "end": 3,
                "label": "PERSON",
                "pattern": 0,
                "token_start": 0,
                "token_end": 0,
            },
            {"text": "Grace", "start": 8, "end": 13, "label": "PERSON"}
            | {"pattern": "grace", "token_start": 2, "token_end": 2},
            {"text": "in Paris", "start": 14, "end": 22, "label": "PLACE", "pattern": 2}
            | {"token_start": 3, "token_end": 4},
        ]
        assert tasks[0]["meta"] == {"pattern": "0, grace, 2"}
        assert tasks[2]["spans"] == []
        assert "meta" not in tasks[2]
        assert tasks[2]["_task_hash"] == mmh3.hash(f"{tasks[2]['_input_hash']}spans=[]")
        dumped = '[{"end":5,"label":"PERSON","start":0,"text":"Grace"}]'
        assert tasks[1]["_task_hash"] == mmh3.hash(f"{tasks[1]['_input_hash']}spans={dumped}")

    def test_spans_that_are_there_win(self, patterns: Path) -> None:
        row = {"text": TEXTS[0], "spans": [{"start": 17, "end": 22, "label": "CITY"}], "meta": {"n": 1}}
        task = first(ner.manual("d", "blank:en", [row], label="X", patterns=patterns))
        assert [(span["label"], span["start"]) for span in task["spans"]] == [
            ("CITY", 17),
            ("PERSON", 0),
            ("PERSON", 8),
        ]
        assert task["meta"] == {"n": 1, "pattern": "0, grace"}

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("[]", "patterns.jsonl:1: a pattern is an object"),
            ('{"pattern": "x"}', 'patterns.jsonl:1: the pattern has no "label"'),
            ('{"label": "X", "pattern": []}', 'patterns.jsonl:1: "pattern" must be a phrase or a list'),
            ("{", "patterns.jsonl:1: not JSON"),
            ('{"label": "X", "pattern": [{"lowerx": "a"}]}', 'The pattern 0 ("X") is not valid: '),
        ],
    )
    def test_patterns_that_are_none(self, tmp_path: Path, line: str, message: str) -> None:
        path = tmp_path / "patterns.jsonl"
        path.write_text(line)
        with pytest.raises(InputError) as caught:
            ner.manual("d", "blank:en", items(), label="X", patterns=path)
        assert message in str(caught.value)

    def test_a_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="cannot be read: No such file"):
            ner.manual("d", "blank:en", items(), label="X", patterns=tmp_path / "none.jsonl")

    def test_a_pattern_that_needs_more_than_tokens(self, tmp_path: Path) -> None:
        path = tmp_path / "patterns.jsonl"
        path.write_text('{"label": "X", "pattern": [{"POS": "PROPN"}]}')
        components = ner.manual("d", "blank:en", items(), label="X", patterns=path)
        with pytest.raises(InputError, match="A pattern needs a trained pipeline"):
            next(components["stream"])
        nlp = spacy.blank("en")
        nlp.add_pipe("capitals_are_names")
        task = first(ner.manual("d", nlp, items("Ada went. Grace came."), label="X", patterns=path))
        assert [span["text"] for span in task["spans"]] == ["Ada", "Grace"]


@Language.component("capitals_are_names")
def capitals_are_names(doc: Doc) -> Doc:
    """A tagger for tests."""
    for token in doc:
        token.pos_ = "PROPN" if token.is_title else "X"
    return doc


class TestAddTokens:
    def test_without_skip_a_misaligned_span_is_an_error(self) -> None:
        row = {"text": TEXTS[0], "spans": [{"start": 1, "end": 3, "label": "X"}]}
        with pytest.raises(RecipeError, match=r"^span 1 \(X, 1–3\) does not begin with a token"):
            list(add_tokens(spacy.blank("en"), [row]))
        stream = get_stream([row])
        stream.apply(add_tokens, nlp=spacy.blank("en"), stream=stream)
        with pytest.raises(RecipeError, match=r"^Row 1 of recipe:python: span 1"):
            next(stream)

    def test_with_skip_a_task_without_a_row_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        assert list(add_tokens(spacy.blank("en"), [{"html": "x"}], skip=True)) == []
        assert 'A task was left out: there is no "text" to split into tokens' in caplog.text

    def test_tokens_that_are_there_stay_unless_overwritten(self) -> None:
        tokens = [{"text": "Ada met", "start": 0, "end": 7, "id": 0, "style": {}}]
        row = {"text": "Ada met", "tokens": tokens, "spans": [{"start": 0, "end": 7, "label": "X"}]}
        (kept,) = add_tokens(spacy.blank("en"), [dict(row)])
        assert kept["tokens"] == tokens
        assert kept["spans"][0]["token_end"] == 0
        (made,) = add_tokens(spacy.blank("en"), [dict(row)], overwrite=True)
        assert made["spans"][0]["token_end"] == 1


class TestTextcatManual:
    def test_one_label_is_accepted_or_rejected(self) -> None:
        components = textcat.manual("d", items("a"), label="SPAM")
        assert components["view_id"] == "classification"
        assert components["config"] == {"labels": ["SPAM"], "exclude_by": "task"}
        task = first(components)
        assert (task["label"], task["_is_binary"]) == ("SPAM", True)
        assert task["_task_hash"] == mmh3.hash(f'{mmh3.hash("text=" + json.dumps("a"))}label="SPAM"')

    @pytest.mark.parametrize(("exclusive", "style"), [(True, "single"), (False, "multiple")])
    def test_several_labels_are_options(self, exclusive: bool, style: str) -> None:
        components = textcat.manual("d", items("a"), label="A,B", exclusive=exclusive, accept_empty=True)
        assert components["view_id"] == "choice"
        assert components["config"] == {
            "labels": ["A", "B"],
            "exclude_by": "input",
            "choice_style": style,
            "choice_accept_empty": True,
        }
        task = first(components)
        assert task["options"] == [{"id": "A", "text": "A"}, {"id": "B", "text": "B"}]
        assert task["_is_binary"] is False
        assert task["_task_hash"] == set_hashes({"text": "a"})["_task_hash"]
        assert components["stream"].plain
        assert components["stream"].eager

    def test_rows_without_a_text_have_a_fate(self) -> None:
        assert fates(textcat.manual("d", [{"title": "a"}], label="A")) == [
            (1, "passed", 'no "text", only title')
        ]

    def test_the_text_may_have_another_name(self) -> None:
        rows = [{"CONTENT": "a", "text": "old", "id": 7}, {"text": "b"}, {"CONTENT": " "}]
        [task] = textcat.manual("d", rows, label="A", text_key="CONTENT")["stream"]
        assert without_private(task).items() >= {"text": "a", "CONTENT": "old", "id": 7}.items()
        assert task["_input_hash"] == set_hashes({"text": "a"})["_input_hash"]
        assert fates(textcat.manual("d", rows, label="A", text_key="CONTENT")) == [
            (2, "passed", 'no "CONTENT", only text'),
            (3, "passed", '"text" is empty'),
        ]

    def test_a_column_is_the_text(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_text("id,CONTENT\n1,some words\n")
        with pytest.raises(SourceError, match="--text-key CONTENT"):
            textcat.manual("d", path, label="A")
        assert first(textcat.manual("d", path, label="A", text_key="CONTENT"))["text"] == "some words"
        with pytest.raises(SourceError, match='no column "content"'):
            textcat.manual("d", path, label="A", text_key="content")

    def test_labels_are_needed(self) -> None:
        with pytest.raises(RecipeError, match=r"textcat\.manual has no labels"):
            textcat.manual("d", items())


class TestMark:
    def test_tasks_as_they_are(self) -> None:
        rows = [{"html": "<b>x</b>", "_input_hash": 1, "_task_hash": 2, "options": []}, {"anything": 3}]
        components = mark.mark("d", rows, view_id="html")
        assert (components["view_id"], components["config"]) == ("html", {})
        tasks = [without_private(task) for task in components["stream"]]
        assert tasks[0] == rows[0]
        assert list(tasks[1]) == ["anything", "_input_hash", "_task_hash"]

    def test_a_label_to_ask_about(self) -> None:
        components = mark.mark("d", items("a"), label="GOOD")
        assert (components["view_id"], components["config"]) == ("classification", {"labels": ["GOOD"]})
        assert first(components)["label"] == "GOOD"

    def test_a_label_set_of_a_manual_interface(self) -> None:
        components = mark.mark("d", items("a"), label="X", view_id="ner_manual")
        assert "label" not in first(components)
        assert components["config"] == {"labels": ["X"]}

    def test_rows_that_cannot_be_shown_are_left_out(self) -> None:
        named = "name the one that is the text with --text-key"
        otherwise = " Mend such rows, or name the interface they are for with --view-id."
        nothing = "nothing to show: none of text, html, image, audio, video."
        rows = [{"text": "a"}, {"text": 5}, {"txt": "b"}, {"text": "  "}]
        assert fates(mark.mark("d", rows)) == [
            (2, "invalid", f'The "text" of the task is not text.{otherwise}'),
            (3, "invalid", f'The task has no "text". It has txt; {named}.'),
            (4, "passed", f"{nothing} It has text; {named}."),
        ]
        assert fates(mark.mark("d", [{"label": "A"}], view_id="classification")) == [
            (1, "passed", f"{nothing} It has label; {named}.")
        ]

    def test_without_anything_texts_are_shown(self) -> None:
        assert mark.mark("d", items())["view_id"] == "text"


def test_a_recipe_of_a_user_wraps_one_of_ours() -> None:
    def shouting(stream: Iterable[Task]) -> Iterable[Task]:
        for task in stream:
            yield task | {"meta": {"length": len(task["text"])}}

    components = textcat.manual("d", items(), label="A,B")
    components["stream"].apply(shouting)
    assert first(components)["meta"] == {"length": len(TEXTS[0])}
    assert not components["stream"].plain
