"""Blocks: several interfaces on one card, one set of keys, one history, one answer."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect
from tests.e2e.annotator import Annotator
from tests.e2e.running import COMMAND, Tallymark

pytestmark = pytest.mark.browser

OPTIONS = [{"id": "good", "text": "Good"}, {"id": "bad", "text": "Bad"}]
FORM: list[dict[str, Any]] = [
    {"view_id": "html", "html_template": "<h3>{{title}}</h3>"},
    {"view_id": "ner_manual", "labels": ["PERSON", "ORG"]},
    {"view_id": "choice", "text": None, "options": OPTIONS},
    {"view_id": "text_input", "field_id": "why", "field_label": "Why", "field_rows": 2},
    {"view_id": "text_input", "field_id": "source", "field_label": "Source"},
]
TASKS: list[dict[str, Any]] = [
    {"text": "Ada met Bob", "title": "News"},
    {"text": "Eve left Acme", "title": "More"},
]


def mark(tallymark: Tallymark, blocks: list[dict[str, Any]] = FORM, *tasks: dict[str, Any]) -> None:
    config = tallymark.home / "blocks.json"
    config.write_text(json.dumps({"blocks": blocks}))
    source = tallymark.file("source.jsonl", list(tasks) or TASKS)
    tallymark.start("mark", "news", source, "--view-id", "blocks", "--config", config)


def block(ann: Annotator, number: int) -> Locator:
    return ann.page.get_by_test_id("block").nth(number - 1)


def field(ann: Annotator, name: str) -> Locator:
    return ann.page.locator(f"[data-field='{name}']")


def has_keys(ann: Annotator, number: int) -> None:
    expect(ann.page.locator("[data-testid='block'][data-active='true']")).to_have_count(1)
    expect(block(ann, number)).to_have_attribute("data-active", "true")


def chosen(ann: Annotator, name: str) -> None:
    expect(ann.page.get_by_role("radio", checked=True)).to_have_accessible_name(name)


def test_everything_on_a_card_is_answered_by_keys_alone(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark)
    ann.sit()
    expect(block(ann, 1).get_by_role("heading")).to_have_text("News")
    expect(block(ann, 3)).not_to_contain_text("Ada met Bob")
    has_keys(ann, 2)
    ann.press("ArrowRight", "1")
    ann.marks(("Ada", "PERSON"))
    ann.press("Alt+ArrowDown")
    has_keys(ann, 3)
    ann.press("2")
    chosen(ann, "Bad")
    ann.marks(("Ada", "PERSON"))
    ann.press("Alt+ArrowDown")
    expect(field(ann, "why")).to_be_focused()
    ann.page.keyboard.type("2 a x")
    ann.press("Alt+ArrowDown")
    expect(field(ann, "source")).to_be_focused()
    ann.page.keyboard.type("web")
    ann.press("Alt+ArrowDown")
    has_keys(ann, 2)
    ann.press("Escape", "a")
    ann.sees("Eve left Acme")
    ann.everything_is_saved()
    (answer,) = tallymark.export()
    assert answer["answer"] == "accept"
    assert answer["accept"] == ["bad"]
    assert (answer["why"], answer["source"]) == ("2 a x", "web")
    assert [(span["start"], span["end"], span["label"]) for span in answer["spans"]] == [(0, 3, "PERSON")]
    assert (answer["title"], answer["_view_id"]) == ("News", "blocks")
    assert "options" not in answer
    assert "html_template" not in answer


def test_the_block_under_the_pointer_gets_the_keys(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark)
    ann.sit()
    ann.page.get_by_test_id("option").first.click()
    has_keys(ann, 3)
    ann.press("2")
    chosen(ann, "Bad")
    ann.double_click("Bob")
    has_keys(ann, 2)
    ann.marks(("Bob", "PERSON"))
    ann.press("Home", "2")
    ann.marks(("Ada", "ORG"), ("Bob", "PERSON"))
    chosen(ann, "Bad")


def test_one_history_for_all_blocks(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark)
    ann.sit()
    ann.double_click("Ada")
    ann.page.get_by_test_id("option").first.click()
    field(ann, "why").fill("because")
    ann.press("Escape", "Control+z")
    expect(field(ann, "why")).to_have_value("")
    ann.press("Control+z")
    expect(ann.page.get_by_role("radio", checked=True)).to_have_count(0)
    ann.press("Control+z")
    ann.marks()
    ann.press("Control+Shift+z", "Control+Shift+z", "Control+Shift+z")
    expect(field(ann, "why")).to_have_value("because")
    ann.press("a")
    ann.sees("Eve left Acme")
    expect(ann.page.get_by_test_id("past-answer")).to_contain_text("1 span · Good · “because”")
    ann.press("Backspace")
    ann.marks(("Ada", "PERSON"))
    expect(field(ann, "why")).to_have_value("because")
    ann.press("x")
    ann.sees("Eve left Acme")
    ann.everything_is_saved()
    (answer,) = tallymark.export()
    assert (answer["answer"], answer["accept"], answer["why"]) == ("reject", ["good"], "because")
    assert "source" not in answer


def test_work_in_every_block_survives_a_reload(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark)
    ann.sit()
    ann.double_click("Ada")
    ann.page.get_by_test_id("option").last.click()
    field(ann, "source").fill("a book")
    ann.everything_is_saved()
    ann.reload()
    ann.marks(("Ada", "PERSON"))
    chosen(ann, "Bad")
    expect(field(ann, "source")).to_have_value("a book")


def test_what_a_block_demands_keeps_the_card(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark)
    ann.sit().press("a")
    expect(ann.notice()).to_contain_text("Choose an option first")
    ann.sees("Ada met Bob")
    ann.press("x")
    ann.sees("Eve left Acme")


def test_a_field_asks_for_the_focus_once(tallymark: Tallymark, ann: Annotator) -> None:
    blocks: list[dict[str, Any]] = [
        {"view_id": "choice", "options": OPTIONS},
        {"view_id": "text_input", "field_autofocus": True},
    ]
    mark(tallymark, blocks)
    ann.sit()
    expect(field(ann, "user_input")).to_be_focused()
    ann.page.get_by_test_id("option").first.click()
    expect(field(ann, "user_input")).not_to_be_focused()
    ann.press("2")
    chosen(ann, "Bad")
    ann.press("a")
    ann.sees("Eve left Acme")
    expect(field(ann, "user_input")).to_be_focused()


def test_what_a_block_starts_with_is_stored(tallymark: Tallymark, ann: Annotator) -> None:
    spans = [{"start": 0, "end": 3, "label": "PERSON", "source": "rules"}]
    blocks: list[dict[str, Any]] = [
        {"view_id": "ner_manual", "labels": ["PERSON"], "spans": spans},
        {"view_id": "text_input", "user_input": "preset"},
    ]
    mark(tallymark, blocks)
    ann.sit()
    ann.marks(("Ada", "PERSON"))
    ann.press("a")
    ann.marks(("Eve", "PERSON"))
    ann.text.get_by_role("button", name="Remove PERSON").click()
    ann.press("a")
    ann.everything_is_saved()
    first, second = tallymark.export()
    assert (first["spans"], first["user_input"]) == (spans, "preset")
    assert second["spans"] == []


def test_two_questions_on_one_card(tallymark: Tallymark, ann: Annotator) -> None:
    tones = [{"id": "calm", "text": "Calm"}, {"id": "loud", "text": "Loud"}]
    second = {"view_id": "choice", "text": None, "options": tones, "choice_key": "tone"}
    several = {"choice_style": "multiple"}
    mark(tallymark, [{"view_id": "text"}, {**FORM[2], **several}, {**second, **several}], TASKS[0])
    ann.sit().press("1", "2", "Alt+ArrowDown", "2", "a")
    ann.everything_is_saved()
    [record] = tallymark.export()
    assert (record["accept"], record["tone"]) == (["good", "bad"], ["loud"])


def test_a_task_brings_its_own_blocks(tallymark: Tallymark, ann: Annotator) -> None:
    task = {"text": "Own", "config": {"blocks": [{"view_id": "text"}, {"view_id": "text_input"}]}}
    clash = {"text": "Clash", "config": {"blocks": [{"view_id": "text_input"}, {"view_id": "text_input"}]}}
    mark(tallymark, FORM, task, clash, TASKS[0])
    ann.sit()
    expect(ann.page.get_by_test_id("block")).to_have_count(2)
    ann.press("a")
    ann.sees("Ada met Bob")  # the clash was left out by the recipe, with the reason


def test_a_task_whose_blocks_clash_can_be_set_aside(
    tallymark: Tallymark, ann: Annotator, tmp_path: Path
) -> None:
    recipe = tmp_path / "clash.py"
    recipe.write_text(RECIPE)
    tallymark.start("clash", "news", "-F", recipe)
    ann.sit()
    expect(ann.page.get_by_test_id("trouble")).to_contain_text("would both write “user_input”")
    ann.press("a")
    expect(ann.notice()).to_contain_text("would both write “user_input”")
    ann.press("Space")
    ann.everything_is_saved()
    assert tallymark.answers() == {"Clash": "ignore"}


RECIPE = """
import tallymark

@tallymark.recipe("clash")
def clash(dataset: str):
    twice = [{"view_id": "text_input"}, {"view_id": "text_input"}]
    return {
        "dataset": dataset,
        "view_id": "blocks",
        "stream": [{"text": "Clash", "config": {"blocks": twice}}],
        "config": {"blocks": [{"view_id": "text"}]},
    }

@tallymark.recipe("form")
def form(dataset: str):
    return {
        "dataset": dataset,
        "view_id": "blocks",
        "stream": [{"text": "One"}, {"text": "Two"}],
        "config": {
            "blocks": [
                {"view_id": "choice", "options": [{"id": 1, "text": "Yes"}, {"id": 2, "text": "No"}]},
                {"view_id": "text_input", "field_id": "note", "field_placeholder": "Anything else?"},
            ],
            "choice_auto_accept": True,
        },
    }

@tallymark.recipe("twice")
def twice(dataset: str):
    blocks = [{"view_id": "choice"}, {"view_id": "html"}, {"view_id": "choice"}]
    return {
        "dataset": dataset,
        "view_id": "blocks",
        "stream": [{"text": "One"}],
        "config": {"blocks": blocks},
    }
"""


def test_a_recipe_returns_blocks(tallymark: Tallymark, ann: Annotator, tmp_path: Path) -> None:
    recipe = tmp_path / "form.py"
    recipe.write_text(RECIPE)
    tallymark.start("form", "news", "-F", recipe)
    ann.sit().press("Enter")
    ann.page.get_by_placeholder("Anything else?").fill("no")
    ann.press("Escape", "2")
    ann.sees("Two")
    ann.everything_is_saved()
    (answer,) = tallymark.export()
    assert (answer["accept"], answer["note"]) == ([2], "no")


def test_a_recipe_with_two_blocks_for_one_key_does_not_start(tallymark: Tallymark, tmp_path: Path) -> None:
    recipe = tmp_path / "twice.py"
    recipe.write_text(RECIPE)
    done = subprocess.run(
        [COMMAND, "twice", "news", "-F", recipe],
        capture_output=True,
        text=True,
        env=tallymark._environment({}),
        check=False,
    )
    assert done.returncode != 0
    words = " ".join((done.stdout + done.stderr).split())
    assert 'Block 1 (choice) and Block 3 (choice) would both write "accept"' in words
