"""Fields to write in: what is typed, what the keys mean meanwhile, and what is stored."""

from typing import Any

import pytest
from playwright.sync_api import Locator, expect
from tests.e2e.annotator import Annotator
from tests.e2e.running import Tallymark

pytestmark = pytest.mark.browser

CAPITALS = ["Lisbon", "London", "Ljubljana", "Paris"]


def mark(tallymark: Tallymark, tasks: list[dict[str, Any]], config: str | None = None) -> None:
    source = tallymark.file("source.jsonl", tasks)
    more = () if config is None else ("--config", config)
    tallymark.start("mark", "news", source, "--view-id", "text_input", *more)


def field(ann: Annotator, name: str = "user_input") -> Locator:
    return ann.page.locator(f"[data-field='{name}']")


def test_a_line_is_written_by_keys_alone(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, [{"text": "Ada met Bob"}, {"text": "Two"}])
    ann.sit()
    ann.sees("Ada met Bob")
    ann.press("Enter")
    expect(field(ann)).to_be_focused()
    ann.page.keyboard.type("a x f space?")
    expect(field(ann)).to_have_value("a x f space?")
    ann.press("Escape")
    expect(field(ann)).not_to_be_focused()
    ann.press("a")
    ann.sees("Two")
    expect(field(ann)).to_have_value("")
    ann.press("a")
    ann.everything_is_saved()
    first, second = tallymark.export()
    assert (first["answer"], first["user_input"]) == ("accept", "a x f space?")
    assert (second["answer"], "user_input" in second) == ("accept", False)


def test_enter_leaves_the_last_line_and_ctrl_enter_accepts(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, [{"text": "One"}, {"text": "Two"}, {"text": "Three"}])
    ann.sit()
    ann.press("Enter")
    ann.page.keyboard.type("first")
    ann.press("Enter", "a")
    ann.sees("Two")
    ann.press("Enter")
    ann.page.keyboard.type("second")
    ann.press("Control+Enter")
    ann.sees("Three")
    ann.everything_is_saved()
    assert [task["user_input"] for task in tallymark.export()] == ["first", "second"]


def test_several_fields_with_everything_a_field_can_have(tallymark: Tallymark, ann: Annotator) -> None:
    fields = [
        {"field_id": "title", "field_label": "Title", "field_placeholder": "A few words"},
        {"field_id": "why", "field_label": "Why", "field_rows": 3, "field_autofocus": True},
    ]
    mark(tallymark, [{"text": "One", "fields": fields, "title": "old"}, {"text": "Two", "fields": fields}])
    ann.sit()
    expect(field(ann, "why")).to_be_focused()
    assert field(ann, "why").evaluate("(field) => field.tagName") == "TEXTAREA"
    expect(ann.page.get_by_label("Title")).to_have_attribute("placeholder", "A few words")
    ann.page.keyboard.type("one")
    ann.press("Enter")
    ann.page.keyboard.type("two")
    ann.press("Shift+Tab")
    expect(field(ann, "title")).to_be_focused()
    field(ann, "title").fill("new")
    ann.press("Enter")
    expect(field(ann, "why")).to_be_focused()
    ann.press("Control+Enter")
    ann.sees("Two")
    ann.everything_is_saved()
    (answer,) = tallymark.export()
    assert (answer["title"], answer["why"]) == ("new", "one\ntwo")


def test_a_value_is_offered_for_editing_and_can_be_emptied(tallymark: Tallymark, ann: Annotator) -> None:
    tasks: list[dict[str, Any]] = [
        {"text": "One", "note": "written before", "year": 1911},
        {"text": "Two", "note": "keep"},
    ]
    mark(tallymark, tasks, '{"fields": [{"field_id": "note"}, {"field_id": "year"}]}')
    ann.sit()
    expect(field(ann, "note")).to_have_value("written before")
    field(ann, "note").fill("")
    ann.press("Escape", "a")
    ann.sees("Two")
    ann.press("a")
    ann.everything_is_saved()
    first, second = tallymark.export()
    assert (first["note"], first["year"], second["note"]) == ("", 1911, "keep")


def test_suggestions_are_chosen_by_key_and_by_pointer(tallymark: Tallymark, ann: Annotator) -> None:
    tasks = [{"text": text, "field_label": "Capital", "field_suggestions": CAPITALS} for text in "ABC"]
    mark(tallymark, tasks)
    ann.sit()
    capital = ann.page.get_by_role("combobox", name="Capital")
    options = ann.page.get_by_role("option")
    ann.press("Enter", "l", "o")
    expect(options).to_have_text(["London"])
    ann.press("Backspace")
    expect(options).to_have_text(["Lisbon", "London", "Ljubljana"])
    ann.press("ArrowDown", "ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    ann.press("Enter")
    expect(capital).to_have_value("London")
    expect(capital).to_be_focused()
    ann.press("Enter", "a")
    ann.sees("B")
    capital.click()
    options.get_by_text("Paris").click()
    expect(capital).to_have_value("Paris")
    expect(options).to_have_count(0)
    ann.press("Control+Enter")
    ann.sees("C")
    capital.fill("Porto")
    expect(options).to_have_count(0)
    ann.press("Control+Enter")
    ann.everything_is_saved()
    assert [task["user_input"] for task in tallymark.export()] == ["London", "Paris", "Porto"]


def test_escape_closes_the_suggestions_before_it_leaves(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, [{"text": "One", "field_suggestions": CAPITALS}])
    ann.sit().press("Enter", "ArrowDown")
    options = ann.page.get_by_role("option")
    expect(options).to_have_count(4)
    ann.press("Escape")
    expect(options).to_have_count(0)
    expect(field(ann)).to_be_focused()
    ann.press("Escape")
    expect(field(ann)).not_to_be_focused()


def test_keys_of_an_input_method_are_not_taken(tallymark: Tallymark, ann: Annotator) -> None:
    """Enter ends a composition: it neither leaves the field nor takes a suggestion."""
    mark(tallymark, [{"text": "One", "field_suggestions": ["東京", "京都"]}])
    ann.sit().press("Enter")
    device = ann.page.context.new_cdp_session(ann.page)
    device.send("Input.imeSetComposition", {"text": "とう", "selectionStart": 2, "selectionEnd": 2})
    expect(field(ann)).to_have_value("とう")
    composing = {"key": "Enter", "isComposing": True, "bubbles": True, "cancelable": True}
    field(ann).dispatch_event("keydown", composing)
    expect(field(ann)).to_be_focused()
    device.send("Input.insertText", {"text": "東京"})
    expect(field(ann)).to_have_value("東京")
    ann.press("Enter", "a")
    ann.everything_is_saved()
    assert tallymark.export()[0]["user_input"] == "東京"


def test_steps_are_visits_to_a_field_and_answers_are_undone(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, [{"text": "One"}, {"text": "Two"}])
    ann.sit()
    for words in ("first", " second"):
        ann.press("Enter")
        ann.page.keyboard.type(words)
        ann.press("Escape")
    expect(field(ann)).to_have_value("first second")
    ann.press("Control+z")
    expect(field(ann)).to_have_value("first")
    ann.press("Control+z")
    expect(field(ann)).to_have_value("")
    ann.press("Control+Shift+z", "a")
    ann.sees("Two")
    ann.press("Backspace")
    ann.sees("One")
    expect(field(ann)).to_have_value("first")
    ann.press("Enter")
    ann.page.keyboard.type(" and last")
    ann.press("Control+Enter")
    ann.sees("Two")
    ann.everything_is_saved()
    assert [task["user_input"] for task in tallymark.export()] == ["first and last"]


def test_what_was_written_survives_a_reload(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, [{"text": "One"}])
    ann.sit().press("Enter")
    ann.page.keyboard.type("half a ")
    ann.reload()
    expect(field(ann)).to_have_value("half a ")
    ann.press("Enter")
    ann.page.keyboard.type("sent")
    ann.reload()
    expect(field(ann)).to_have_value("half a sent")
    ann.press("Enter")
    ann.page.keyboard.type("ence")
    ann.press("Control+Enter")
    ann.everything_is_saved()
    assert tallymark.export()[0]["user_input"] == "half a sentence"


def test_an_earlier_answer_is_rewritten(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, [{"text": "One"}, {"text": "Two"}])
    ann.sit().press("Enter")
    ann.page.keyboard.type("teh")
    ann.press("Control+Enter")
    ann.sees("Two")
    expect(ann.page.get_by_test_id("past-answer")).to_contain_text("“teh”")
    ann.page.get_by_test_id("past-answer").click()
    field(ann).fill("the")
    ann.press("Control+Enter")
    expect(ann.page.get_by_test_id("past-answer")).to_contain_text("“the”")
    ann.everything_is_saved()
    assert tallymark.export()[0]["user_input"] == "the"
