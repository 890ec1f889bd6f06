"""Recipes in the manner of those that people wrote for Prodigy: started, annotated over HTTP, exported."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.compat.running import Served

pytestmark = pytest.mark.slow

Serve = Callable[..., Served]
Exported = Callable[[str], list[dict[str, Any]]]

OLD = """
import prodigy
from collections import Counter
from prodigy.components.loaders import JSONL
from prodigy.components import printers
from prodigy.util import split_string, log

@prodigy.recipe(
    "old.choice",
    dataset=("Where to save", "positional", None, str),
    source=("What to read", "positional", None, str),
    options=("Options", "option", "o", split_string),
    multiple=("Several", "flag", "M", bool),
)
def old_choice(dataset, source, options=None, multiple=False):
    log("RECIPE: Starting recipe old.choice", locals())
    counts = Counter()

    def add_options(stream):
        for task in stream:
            task["options"] = [{"id": option, "text": option} for option in options]
            yield task

    def on_load(controller):
        for eg in controller.db.get_dataset(dataset) if dataset in controller.db else []:
            counts[eg["answer"]] += 1

    def update(answers):
        for eg in answers:
            counts[eg["answer"]] += 1

    def on_exit(controller):
        print(printers.answers(counts))

    return {
        "view_id": "choice",
        "dataset": dataset,
        "stream": add_options(JSONL(source)),
        "update": update,
        "on_load": on_load,
        "on_exit": on_exit,
        "progress": lambda session, total, loss: 0.25,
        "config": {"choice_style": "multiple" if multiple else "single", "choice_auto_accept:": True},
    }
"""


def test_old_style_with_update_progress_and_on_exit(serve: Serve, news: Path, exported: Exported) -> None:
    words = ("old.choice", "topics", str(news), "-o", "GOOD, BAD", "-M", "--set", "instant_submit=true")
    served = serve(OLD, *words, PRODIGY_LOGGING="basic")
    config = served.project()["config"]
    assert (config["choice_style"], config["choice_auto_accept:"]) == ("multiple", True)
    tasks = served.tasks(at_least=3)
    assert tasks[0]["task"]["options"] == [{"id": "GOOD", "text": "GOOD"}, {"id": "BAD", "text": "BAD"}]
    assert served.answer(tasks[0], accept=["GOOD", "BAD"])["result"] == "stored"
    assert served.answer(tasks[1], "reject")["result"] == "stored"
    said = served.stop()
    assert "RECIPE: Starting recipe old.choice" in said
    assert [line.split() for line in said.splitlines() if line.startswith(("Accept", "Total"))] == [
        ["Accept", "1"],
        ["Total", "2"],
    ]
    first, second = exported("topics")
    assert (first["text"], first["accept"], first["meta"]) == (
        "Ada Lovelace wrote it.",
        ["GOOD", "BAD"],
        {"n": 0},
    )
    assert (second["answer"], second["_session_id"]) == ("reject", "topics-ann")
    again = serve(OLD, *words)
    assert [task["task"]["text"] for task in again.tasks()] == ["It rains in Oslo."], "the rest comes again"
    assert "Accept   1" in again.stop(), "on_load has counted what was answered before"


NEW = """
from typing import List, Optional
from prodigy.components.preprocess import add_tokens
from prodigy.components.stream import get_stream
from prodigy.core import Arg, Controller, recipe
from prodigy.protocols import ControllerComponentsDict
from prodigy.types import StreamType, TaskType
from prodigy.util import set_hashes
import spacy

@recipe(
    "new.blocks",
    dataset=Arg(help="Where to save"),
    source=Arg(help="What to read"),
    labels=Arg("--label", "-l", help="Labels"),
)
def new_blocks(dataset: str, source: str, labels: Optional[List[str]] = None) -> ControllerComponentsDict:
    nlp = spacy.blank("en")
    stream = get_stream(source, rehash=True, dedup=True, input_key="text")

    def ask(stream: StreamType) -> StreamType:
        for eg in stream:
            eg["options"] = [{"id": 1, "text": "sure"}, {"id": 2, "text": "unsure"}]
            yield set_hashes(eg, input_keys="text", overwrite=True)

    stream.apply(ask)
    stream.apply(add_tokens, nlp=nlp, stream=stream)

    def validate_answer(eg: TaskType) -> None:
        if eg["answer"] == "accept":
            assert eg.get("note"), "Write a note."

    def before_db(examples):
        for eg in examples:
            eg["noted"] = len(eg.get("note", ""))
            del eg["tokens"]
        return examples

    def lookup(ctrl: Controller, *, word: str):
        return {"dataset": ctrl.dataset, "word": word, "view": ctrl.view_id}

    return {
        "dataset": dataset,
        "view_id": "blocks",
        "stream": stream,
        "validate_answer": validate_answer,
        "before_db": before_db,
        "event_hooks": {"lookup": lookup},
        "config": {
            "labels": labels,
            "exclude_by": "input",
            "blocks": [
                {"view_id": "html", "html_template": "<b>{{meta.n}}</b>"},
                {"view_id": "ner_manual"},
                {"view_id": "choice", "text": None},
                {"view_id": "text_input", "field_id": "note", "field_label": "Note", "field_rows": 2},
            ],
        },
    }
"""


def test_new_style_with_blocks_hooks_and_checks(serve: Serve, news: Path, exported: Exported) -> None:
    served = serve(NEW, "new.blocks", "notes", str(news), "--label", "PERSON,ORG")
    assert served.project()["config"]["blocks"][2] == {"view_id": "choice", "text": None}
    assert served.event("lookup", word="Ada") == {"dataset": "notes", "word": "Ada", "view": "blocks"}
    first, second, _ = served.tasks(at_least=3)
    spans = [{"start": 0, "end": 12, "label": "PERSON", "token_start": 0, "token_end": 1}]
    assert served.answer(first, spans=spans, accept=[1], note="hello")["result"] == "stored"
    refused = served.answer(second, accept=[2])
    assert (refused["result"], refused["detail"]) == ("invalid", "Write a note.")
    served.stop()
    [answer] = exported("notes")
    assert (answer["spans"], answer["accept"], answer["note"], answer["noted"]) == (spans, [1], "hello", 5)
    assert "tokens" not in answer


WRAPPED = """
import json
import prodigy
from prodigy.recipes.ner import manual

@prodigy.recipe("wrapped", dataset=("Where to save", "positional", None, str), source=("In", "positional"))
def wrapped(dataset, source):
    def generate():
        with open(source) as file:
            for line in file:
                yield json.loads(line)

    components = manual(dataset=dataset, spacy_model="blank:en", source=generate(), label=["PERSON"])
    blocks = [{"view_id": "html", "html_template": "<i>{{text}}</i>"}]
    blocks.append({"view_id": "ner_manual"})
    components["view_id"] = "blocks"
    components["config"]["blocks"] = blocks
    components["config"]["javascript"] = "1 + 1"
    return components
"""


def test_a_built_in_recipe_as_a_function(serve: Serve, news: Path, exported: Exported) -> None:
    served = serve(WRAPPED, "wrapped", "people", str(news))
    project = served.project()
    assert (project["view_id"], project["labels"]) == ("blocks", ["PERSON"])
    assert len(project["config"]["blocks"]) == 2
    task, *_ = served.tasks()
    assert [token["text"] for token in task["task"]["tokens"]] == ["Ada", "Lovelace", "wrote", "it", "."]
    assert served.answer(task, spans=[])["result"] == "stored"
    served.stop()
    assert [answer["text"] for answer in exported("people")] == ["Ada Lovelace wrote it."]


TEACH = """
import prodigy
import spacy
from prodigy.components.loaders import JSONL
from prodigy.components.sorters import prefer_uncertain
from prodigy.models.matcher import PatternMatcher
from prodigy.models.textcat import TextClassifier
from prodigy.util import combine_models

@prodigy.recipe("teach", dataset=("Where to save", "positional"), source=("In", "positional"))
def teach(dataset, source):
    nlp = spacy.blank("en")
    matcher = PatternMatcher(nlp, label_span=False, label_task=True)
    matcher.add_patterns([{"label": "WEATHER", "pattern": [{"lower": "rains"}]}])
    model = TextClassifier(nlp, ["WEATHER"])
    predict, update = combine_models(model, matcher)

    def learn(answers):
        loss = update(answers)
        print("learned from", len(answers), loss > 0)
        return loss

    return {
        "dataset": dataset,
        "view_id": "classification",
        "stream": prefer_uncertain(predict(JSONL(source))),
        "update": learn,
        "progress": lambda ctrl, update_return_value: update_return_value,
    }
"""


def test_a_model_and_patterns_learn_together(serve: Serve, news: Path, exported: Exported) -> None:
    served = serve(TEACH, "teach", "weather", str(news), "--set", "batch_size=1")
    task, *_ = served.tasks()
    assert (task["task"]["label"], "score" in task["task"]["meta"]) == ("WEATHER", True)
    served.answer(task, "reject")
    assert "learned from 1 True" in served.stop()
    assert [answer["answer"] for answer in exported("weather")] == ["reject"]


SCRIPT = """
import sys
import tallymark.compat

tallymark.compat.enable()

import prodigy
from prodigy.app import server
from prodigy.core import Controller

if __name__ == "__main__":
    stream = ({"text": text} for text in ("one", "two"))
    components = {"dataset": "made", "view_id": "text", "stream": stream}
    controller = Controller.from_components("made.here", components)
    server(controller, {**controller.config, "port": 0, "open": False})
"""


def test_a_controller_served_by_a_script(
    tmp_path: Path, home: Path, exported: Exported, serve: Serve
) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    served = Served([], folder=tmp_path, home=home, script="script.py")
    try:
        assert served.project()["recipe"] == "made.here"
        served.answer(served.tasks()[0])
        served.stop()
    finally:
        served.end()
    assert [answer["text"] for answer in exported("made")] == ["one"]
