"""Steps, filters, sorters, printers and small things, as recipes call them."""

import base64
import itertools
import json
import logging
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import spacy

from tallymark.compat.prodigy import util
from tallymark.compat.prodigy.components import filters, loaders, preprocess, printers, sorters
from tallymark.compat.prodigy.components.decorators import support_both_streams
from tallymark.compat.prodigy.components.routers import log_router
from tallymark.compat.prodigy.components.stream import Stream, _source_is_dataset, get_stream
from tallymark.compat.prodigy.components.validate import validate
from tallymark.compat.prodigy.errors import ValidationError
from tallymark.compat.prodigy.recipes import compare, data_utils, image, ner, rel, train
from tallymark.compat.prodigy.structured_types import get_input_hash, get_task_hash
from tallymark.compat.prodigy.types import NerExample
from tallymark.config import resolve, with_settings
from tallymark.errors import InputError, RecipeError
from tallymark.hashing import set_hashes, without_private
from tallymark.types import Task

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="module")
def nlp() -> Any:
    return spacy.blank("en")


def tasks(*texts: str) -> list[Task]:
    return [{"text": text} for text in texts]


def texts(stream: Iterable[Task]) -> list[str]:
    return [task["text"] for task in stream]


class TestFilters:
    def test_duplicates_by_input_and_by_task(self) -> None:
        stream = [{"text": "a", "label": "X"}, {"text": "a", "label": "Y"}, {"text": "a", "label": "X"}]

        def labels(**how: bool) -> list[str]:
            return [task["label"] for task in filters.filter_duplicates(map(dict, stream), **how)]

        assert labels() == ["X", "Y"]
        assert labels(by_input=True, by_task=False) == ["X"]
        assert labels(by_input=False, by_task=False) == ["X", "Y", "X"]

    def test_known_hashes(self) -> None:
        known = set_hashes({"text": "a"})
        assert texts(filters.filter_tasks(tasks("a", "b"), [known["_task_hash"]])) == ["b"]
        assert texts(filters.filter_inputs(tasks("a", "b"), {known["_input_hash"]})) == ["b"]
        assert texts(filters.filter_seen_before(tasks("a", "b"), tasks("b"))) == ["a"]
        assert texts(filters.filter_seen_before(tasks("a", "b"), cache_stream=[known["_input_hash"]])) == [
            "b"
        ]

    def test_empty_ones(self) -> None:
        assert texts(filters.filter_empty(tasks("a", "", "b"))) == ["a", "b"]
        with pytest.raises(ValueError, match='no "text"'):
            list(filters.filter_empty(tasks(""), skip=False))


class TestSorters:
    def scored(self, *scores: float) -> Iterator[tuple[float, Task]]:
        return ((score, {"text": f"{score}"}) for score in scores)

    def test_an_average_follows_its_neighbours_so_tasks_keep_coming(self) -> None:
        random.seed(1)
        falling = [(1.0 - n / 1000, {"text": str(n)}) for n in range(1000)]
        kept = [int(text) for text in texts(sorters.prefer_high_scores(iter(falling)))]
        assert max(later - earlier for earlier, later in itertools.pairwise(kept)) < 100

    def test_the_uncertain_ones_are_preferred(self) -> None:
        random.seed(2)
        scores = random.sample([0.02, 0.5, 0.98] * 200, 600)
        kept = Counter(texts(sorters.prefer_uncertain(self.scored(*scores))))
        given = Counter(f"{score}" for score in scores)
        assert kept["0.5"] == given["0.5"]
        assert kept["0.02"] + kept["0.98"] < (given["0.02"] + given["0.98"]) / 2

    def test_what_is_certain_is_not_asked_while_there_is_anything_else(self) -> None:
        kept = texts(sorters.prefer_uncertain(self.scored(1.0, 0.0, 0.5, 1.0)))
        assert kept == ["0.5"]
        assert len(texts(sorters.prefer_uncertain(self.scored(*[1.0] * 50)))) > 1, "tasks keep coming"

    def test_a_bias_moves_what_is_sought(self) -> None:
        random.seed(3)
        scores = [0.1, 0.9] * 200
        kept = Counter(texts(sorters.prefer_uncertain(self.scored(*scores), bias=0.8)))
        assert kept["0.9"] == 200
        assert kept["0.1"] < 100

    def test_low_and_high_by_probability(self) -> None:
        for prefer, score in ((sorters.prefer_high_scores, 1.0), (sorters.prefer_low_scores, 0.0)):
            kept = texts(prefer(self.scored(*[score, 1.0 - score] * 20), algorithm="probability"))
            assert kept == [f"{score}"] * 20
        assert texts(sorters.Probability(self.scored(0.0, 1.0))) == ["1.0"]

    def test_an_unknown_algorithm_is_refused(self) -> None:
        with pytest.raises(ValueError, match="one of ema, probability"):
            sorters.prefer_uncertain([], algorithm="best")  # type: ignore[arg-type]

    @pytest.mark.parametrize("prefer", ["prefer_uncertain", "prefer_high_scores", "prefer_low_scores"])
    @pytest.mark.parametrize("algorithm", ["ema", "probability"])
    def test_tasks_without_a_score_are_refused(self, prefer: str, algorithm: str) -> None:
        stream = getattr(sorters, prefer)(tasks("a", "b"), algorithm=algorithm)
        with pytest.raises(RecipeError, match="pairs of a score and a task, and was given a dict"):
            next(stream)

    def test_terms(self) -> None:
        stream = tasks("a cat", "a dog", "Cats", "fish")
        assert texts(sorters.find_with_terms(stream, ["cat"])) == ["a cat", "Cats"]
        assert texts(sorters.find_with_terms(stream, ["a"], at_most=1)) == ["a cat"]
        assert texts(sorters.find_with_terms(stream, ["a"], at_least=1, give_up_after=2)) == [
            "a cat",
            "a dog",
        ]


class TestPreprocess:
    def test_sentences_take_their_spans_along(self, nlp: Any) -> None:
        task = {
            "text": "Ada wrote. Bob ran.",
            "meta": {"n": 1},
            "spans": [{"start": 11, "end": 14, "label": "P"}],
        }
        first, second = preprocess.split_sentences(nlp, [task])
        assert (first["text"], first["spans"], first["meta"]) == ("Ada wrote.", [], {"n": 1})
        assert (second["text"], second["spans"]) == ("Bob ran.", [{"start": 0, "end": 3, "label": "P"}])
        assert first["_input_hash"] != second["_input_hash"]
        assert nlp.pipe_names == []

    def test_short_texts_stay_whole(self, nlp: Any) -> None:
        assert texts(preprocess.split_sentences(nlp, tasks("A b. C d."), min_length=20)) == ["A b. C d."]

    def test_tokens_of_a_document(self, nlp: Any) -> None:
        task = {"text": "Ada ran", "spans": [{"start": 0, "end": 3, "label": "P"}]}
        made = preprocess.tokenize_example(task, nlp("Ada ran"))
        assert [token["text"] for token in made["tokens"]] == ["Ada", "ran"]
        assert made["spans"] == [{"start": 0, "end": 3, "label": "P", "token_start": 0, "token_end": 0}]
        assert [token.text for token in preprocess.make_raw_doc(nlp, made)] == ["Ada", "ran"]

    def test_a_task_for_each_span_and_for_each_label(self) -> None:
        task = {
            "text": "ab",
            "spans": [{"start": 0, "end": 1, "label": "X"}, {"start": 1, "end": 2, "label": "Y"}],
        }
        split = list(preprocess.split_spans([task, {"text": "c"}]))
        assert [len(one.get("spans", [])) for one in split] == [1, 1, 0]
        assert len(list(preprocess.split_spans([task], labels=["Y"]))) == 1
        labelled = list(preprocess.add_labels_to_stream(tasks("a"), ["X", "Y"]))
        assert [one["label"] for one in labelled] == ["X", "Y"]
        assert len({one["_task_hash"] for one in labelled}) == 2

    def test_options_views_names_and_answers(self) -> None:
        [task] = preprocess.add_label_options(tasks("a"), ["X"])
        assert task["options"] == [{"id": "X", "text": "X"}]
        assert next(preprocess.add_view_id(tasks("a"), "text"))["_view_id"] == "text"
        assert next(preprocess.add_annot_name(tasks("a"), "ann"))["_session_id"] == "ann"
        assert [t["answer"] for t in preprocess.add_answer([{"text": "a"}, {"answer": "reject"}])] == [
            "accept",
            "reject",
        ]

    def test_media_become_data_uris(self, tmp_path: Path) -> None:
        picture = tmp_path / "one.png"
        picture.write_bytes(PIXEL)
        [task] = preprocess.fetch_media([{"image": str(picture)}], ["image"])
        assert util.b64_uri_to_bytes(task["image"]) == PIXEL
        assert task["path"] == str(picture)
        assert next(preprocess.fetch_images([{"image": "data:,x"}])) == {"image": "data:,x"}
        missing = {"image": str(tmp_path / "no.png")}
        assert list(preprocess.fetch_media([missing], "image", skip=True)) == []
        with pytest.raises(RecipeError, match=r"no\.png"):
            list(preprocess.fetch_media([missing], ["image"]))

    def test_labels_of_a_component(self) -> None:
        pipeline = SimpleNamespace(pipe_labels={"ner": ["A"]})
        assert preprocess.resolve_labels(pipeline, "ner") == ["A"]  # type: ignore[arg-type]
        assert preprocess.resolve_labels(pipeline, "ner", ["B"]) == ["B"]  # type: ignore[arg-type]
        with pytest.raises(RecipeError, match='none in "spancat"'):
            preprocess.resolve_labels(pipeline, "spancat")  # type: ignore[arg-type]

    def test_suggestions_of_rules(self) -> None:
        pipeline = spacy.blank("en")
        ruler = pipeline.add_pipe("entity_ruler")
        ruler.add_patterns([{"label": "ORG", "pattern": "Acme"}, {"label": "GPE", "pattern": "Oslo"}])  # type: ignore[attr-defined]
        stream = tasks("Acme in Oslo")
        [task] = preprocess.make_ner_suggestions(stream, pipeline, "entity_ruler", labels=["ORG"])
        assert task["spans"] == [
            {"token_start": 0, "token_end": 0, "start": 0, "end": 4, "text": "Acme", "label": "ORG"}
        ]
        assert stream == tasks("Acme in Oslo"), "the tasks that were given stay as they are"
        merged = preprocess.merge_entities(pipeline("Acme in Oslo"))
        assert len(merged) == 3


class TestStreams:
    def test_a_helper_for_both_kinds(self) -> None:
        @support_both_streams(stream_arg="stream")
        def louder(nlp: Any, stream: Iterable[Task]) -> Iterator[Task]:
            return ({**task, "text": task["text"].upper()} for task in stream)

        assert texts(louder(None, tasks("a"))) == ["A"]
        stream = get_stream(tasks("a", "b"))
        assert louder(None, stream=stream) is stream
        assert texts(stream) == ["A", "B"]
        assert texts(louder(None, Stream.from_iterable(tasks("c")))) == ["C"]

    def test_which_source_is_a_dataset(self) -> None:
        assert _source_is_dataset("dataset:news", None)
        assert _source_is_dataset("news", "dataset")
        assert not _source_is_dataset("news.jsonl", None)
        assert not _source_is_dataset(tasks("a"), None)

    def test_loaders_of_files(self, tmp_path: Path) -> None:
        (tmp_path / "a.jsonl").write_text('{"text": "one"}\n')
        (tmp_path / "pictures").mkdir()
        for name in ("2.jpg", "1.png", "notes.txt", ".hidden.png"):
            (tmp_path / "pictures" / name).write_bytes(PIXEL)
        assert texts(loaders.JSONL(str(tmp_path / "a.jsonl"))) == ["one"]
        found = [without_private(task) for task in loaders.Images(tmp_path / "pictures")]
        assert [(task["text"], task["meta"]) for task in found] == [
            ("1", {"file": "1.png"}),
            ("2", {"file": "2.jpg"}),
        ]
        assert util.b64_uri_to_bytes(found[0]["image"]) == PIXEL
        assert found[1]["image"].startswith("data:image/jpeg;base64,")
        assert len(list(get_stream(tmp_path / "pictures", loader="images", input_key="image"))) == 2
        with pytest.raises(InputError, match="no file of the kind audio"):
            loaders.Audio(tmp_path / "pictures")
        assert loaders.get_loader("image-server") is loaders.ImageServer
        served = [(task["image"], task["path"]) for task in loaders.ImageServer(tmp_path / "pictures")]
        assert served == [(name, str(tmp_path / "pictures" / name)) for name in ("1.png", "2.jpg")]
        [one] = loaders.ImageServer(tmp_path / "pictures" / "2.jpg")
        assert one["image"] == "2.jpg"
        assert loaders.get_loader("tsv")(tmp_path / "a.jsonl") is not None


class TestUtil:
    def test_log_and_its_details(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.DEBUG):
            util.log("RECIPE: Starting", {"a": 1})
            log_router("_task_hash", 5, ["ann"])
        assert [(r.levelname, r.message) for r in caplog.records] == [
            ("INFO", "RECIPE: Starting"),
            ("DEBUG", "{'a': 1}"),
            ("INFO", "ROUTER: _task_hash 5 goes to ann"),
        ]

    def test_messages(self, capsys: pytest.CaptureFixture[str]) -> None:
        util.msg.good("fine")
        util.prints("one", 2, title="Title")
        util.get_print()("said")
        util.get_print(silent=True)("unsaid", end="")
        out = capsys.readouterr().out
        assert [word in out for word in ("fine", "Title", "one\n2\n", "said", "unsaid")] == [True] * 4 + [
            False
        ]
        with pytest.raises(SystemExit) as ended:
            util.prints("bad", error=True, exits=1)
        assert (ended.value.code, "bad" in capsys.readouterr().err) == (1, True)
        with pytest.raises(SystemExit):
            util.msg.fail("worse", exits=1)

    def test_json_lines(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        file = tmp_path / "a.jsonl"
        util.write_jsonl(file, [{"a": "é"}, 2])
        util.write_jsonl(file, [3], append=True)
        assert list(util.read_jsonl(file)) == [{"a": "é"}, 2, 3]
        util.write_jsonl("-", [{"a": 1}])
        assert json.loads(capsys.readouterr().out) == {"a": 1}
        file.write_text("{}\n\n{\n")
        with pytest.raises(InputError, match=r"a\.jsonl:3"):
            list(util.read_jsonl(file))
        util.write_json(tmp_path / "b.json", {"b": 1})
        assert util.read_json(tmp_path / "b.json") == {"b": 1}
        assert util.ensure_path("x") == Path("x")

    def test_data_uris(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(PIXEL)
        uri = util.file_to_b64(tmp_path / "a.png")
        assert uri == util.img_to_b64_uri(PIXEL, "image/png")
        assert util.b64_uri_to_bytes(uri) == PIXEL
        assert util.b64_uri_to_bytes("data:text/plain,a%20b") == b"a b"
        with pytest.raises(ValueError, match="no data URI"):
            util.b64_uri_to_bytes("http://a/b.png")

    def test_seeds(self, tmp_path: Path) -> None:
        (tmp_path / "seeds.txt").write_text("cat\n\ndog\n")
        assert util.get_seeds(str(tmp_path / "seeds.txt")) == util.get_seeds("cat, dog") == ["cat", "dog"]
        assert util.get_seeds(None) == []
        examples = [{"text": "a", "answer": "accept"}, {"text": "b", "answer": "reject"}, {"text": "a"}]
        assert util.get_seeds_from_set("terms", examples) == ["a"]
        with pytest.raises(InputError, match="'terms'"):
            util.get_seeds_from_set("terms", examples[1:2])

    def test_splitting(self) -> None:
        train_with, evals, share = util.split_evals(tasks(*map(str, range(10))), 0.3)
        assert (len(train_with), len(evals), share) == (7, 3, 0.3)
        assert {*texts(train_with), *texts(evals)} == set(map(str, range(10)))
        assert util.split_evals(tasks("a", "b"))[2] == 0.5
        with pytest.raises(InputError, match="from 0 to 1"):
            util.split_evals([], 30)

    def test_exporting_a_pipeline(self, tmp_path: Path, nlp: Any) -> None:
        said = util.export_model_data(tmp_path / "m", nlp, tasks("a"), tasks("b"))
        assert str(tmp_path / "m") in said
        assert list(util.read_jsonl(tmp_path / "m" / "training.jsonl")) == tasks("a")
        assert spacy.load(tmp_path / "m").lang == "en"
        assert util.copy_nlp(nlp) is not nlp

    def test_settings_of_the_run(self, tmp_path: Path) -> None:
        settings = resolve(environ={}, keywords={"home": str(tmp_path), "batch_size": 4}, folder=tmp_path)
        with with_settings(settings):
            assert util.get_config()["batch_size"] == 4

    def test_hashes_and_names(self) -> None:
        task = {"text": "a"}
        hashed = set_hashes(dict(task))
        assert (get_input_hash(task), get_task_hash(task)) == (hashed["_input_hash"], hashed["_task_hash"])
        assert task == {"text": "a"}
        assert len(util.get_timestamp_session_id()) == len("2024-02-06_10-17-19")

    def test_models_side_by_side(self) -> None:
        class Model:
            def __init__(self, name: str) -> None:
                self.name = name

            def __call__(self, stream: Iterable[Task]) -> Iterator[tuple[float, Task]]:
                for task in stream:
                    task["by"] = self.name
                    yield 0.5, task

            def update(self, answers: list[Task]) -> Any:
                return {"loss": 1.0} if self.name == "one" else len(answers)

        predict, update = util.combine_models(Model("one"), Model("two"), batch_size=2)
        said = [(task["text"], task["by"]) for _, task in predict(iter(tasks("a", "b", "c")))]
        assert said == [("a", "one"), ("a", "two"), ("b", "one"), ("b", "two"), ("c", "one"), ("c", "two")]
        assert update(tasks("a", "b")) == 3.0


class TestPrinters:
    def test_counts(self) -> None:
        lines = printers.answers(Counter(accept=3, reject=1)).splitlines()
        assert [line.split() for line in lines] == [
            ["Accept", "3"],
            ["Reject", "1"],
            ["Ignore", "0"],
            ["Total", "4"],
        ]

    def test_training(self) -> None:
        assert printers.trainconf(dropout=0.2, n_iter=10, factor=1.0, samples=7).split() == [
            *("Dropout", "0.200", "Iterations", "10", "Samples", "7", "Of", "the", "data", "100%"),
        ]
        assert printers.tc_update(1, 0.5, {"fscore": 0.75, "accuracy": 0.8}).split() == [
            "1",
            "0.500",
            "0.750",
            "0.800",
        ]
        assert "0.800" in printers.tc_result({"accuracy": 0.8}, baseline=0.5)
        assert printers.tc_curve(0.25, {"accuracy": 0.6}, 0.5).split() == ["25%", "0.600", "+0.10"]
        assert printers.ner_curve(1.0, {"acc": 0.6}).split() == ["100%", "0.600", "+0.60"]
        assert "0.600" in printers.ner_result({"acc": 0.6}, baseline=0.1)
        assert printers.ner_update(1, 2.0, {"right": 3}).split() == ["1", "2.000", "3", "-", "-", "-"]
        assert "Loss" in printers.tc_update_header() + printers.ner_update_header()
        assert "Change" in printers.tc_curve_header() + printers.ner_curve_header()
        assert "Before" in printers.ner_before({"acc": 0.1})

    def test_examples(self, capsys: pytest.CaptureFixture[str]) -> None:
        printers.pretty_print_ner([{"text": "Acme sells", "spans": [{"start": 0, "end": 4, "label": "ORG"}]}])
        printers.pretty_print_tc([{"text": "Acme", "accept": ["NEWS"]}])
        out = capsys.readouterr().out
        assert "ORG" in out
        assert " sells" in out
        assert "NEWS" in out

    def test_what_was_preferred(self, capsys: pytest.CaptureFixture[str]) -> None:
        turned = {"A": "reject", "B": "accept"}
        examples = [{"answer": "accept", "mapping": turned}, {"answer": "reject"}, {"answer": "ignore"}]
        ctrl = SimpleNamespace(dataset="ds", db=SimpleNamespace(get_dataset={"ds": examples}.get))
        printers.get_compare_printer("Old", "New")(ctrl)
        words = capsys.readouterr().out.split()
        assert [words[words.index(name) + 1] for name in ("Old", "New", "Ignored")] == ["0", "2", "1"]


class TestRecipes:
    def test_two_systems(self) -> None:
        def outputs(*texts: str) -> list[Task]:
            return [
                {"id": n, "input": {"text": "q"}, "output": {"text": text}} for n, text in enumerate(texts)
            ]

        [question] = compare.get_questions(outputs("a", "b", "c"), outputs("a", "x"), False)
        assert question["mapping"] == {"A": "accept", "B": "reject"}
        assert (question["accept"], question["reject"]) == ({"text": "b"}, {"text": "x"})

    def test_names_of_datasets(self) -> None:
        assert data_utils.get_datasets_from_cli("a,eval:b") == (["a"], ["b"])
        assert data_utils.get_datasets_from_cli_eval(ner="a,eval:b", textcat=None) == {"ner": ["a", "b"]}

    def test_pictures(self, tmp_path: Path) -> None:
        (tmp_path / "1.png").write_bytes(PIXEL)
        made = image.image_manual("ds", str(tmp_path), label="CAT,DOG", darken=True, remove_base64=True)
        assert (made["view_id"], made["config"]["labels"]) == ("image_manual", ["CAT", "DOG"])
        [task] = made["before_db"](list(made["stream"]))
        assert task["image"] == str(tmp_path / "1.png")
        generated = image.image_manual("ds", iter([{"image": "data:,x"}]), label=["CAT"], width=500)
        assert [task["image"] for task in generated["stream"]] == ["data:,x"]

    def test_relations(self, tmp_path: Path) -> None:
        pipeline = spacy.blank("en")
        pipeline.add_pipe("entity_ruler").add_patterns([{"label": "ORG", "pattern": "Acme"}])  # type: ignore[attr-defined]
        (tmp_path / "p.jsonl").write_text('{"label": "GPE", "pattern": "Oslo"}\n')
        (tmp_path / "d.jsonl").write_text('{"label": "x", "pattern": [{"lower": "in"}]}\n')
        made = rel.manual(
            "ds",
            pipeline,
            tasks("Acme in Oslo"),
            label="IN",
            span_label=["GPE"],
            patterns=tmp_path / "p.jsonl",
            disable_patterns=tmp_path / "d.jsonl",
            add_ents=True,
            wrap=True,
        )
        [task] = made["stream"]
        assert sorted(span["label"] for span in task["spans"]) == ["GPE", "ORG"]
        assert [token["disabled"] for token in task["tokens"]] == [False, True, False]
        assert (made["view_id"], made["config"]["wrap_relations"]) == ("relations", True)
        assert (made["config"]["labels"], made["config"]["relations_span_labels"]) == (["IN"], ["GPE"])

    def test_entities(self, nlp: Any) -> None:
        spans = [{"start": 0, "end": 3, "label": "X"}, {"start": 4, "end": 7, "label": "Y"}]
        stream = ner.preprocess_stream(
            [{"text": "Ada ran. Bob sat.", "spans": spans}], nlp, labels=["Y"], unsegmented=False
        )
        first, second = stream
        assert [span["label"] for span in first["spans"]] == ["Y"]
        assert len(second["tokens"]) == 3
        assert "tokens" not in ner.remove_tokens([first])[0]
        assert ner.get_labels_from_ner(nlp) == []

    def test_training_helpers(self) -> None:
        train.setup_gpu(-1)
        train.set_log_level(verbose=True)
        assert logging.getLogger("spacy").level == logging.DEBUG
        train.set_log_level(silent=True)
        assert logging.getLogger("spacy").level == logging.ERROR
        train.set_log_level()
        assert train.RECIPE_ARGS["ner"].option == "--ner"


def test_shapes_are_checked() -> None:
    examples = [{"text": "a", "spans": [{"start": 0, "end": 1}]}]
    assert validate(NerExample, examples) == examples
    with pytest.raises(ValidationError, match=r"Not NER[\s\S]*example 2, text"):
        validate(NerExample, [*examples, {"spans": []}], error_msg="Not NER.")
