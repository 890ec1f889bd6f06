"""Pages: a task of several pages is turned, answered page by page, and accepted as a whole."""

from typing import Any

import pytest
from playwright.sync_api import expect
from tests.e2e.annotator import Annotator
from tests.e2e.running import Tallymark

pytestmark = pytest.mark.browser

OPTIONS = [{"id": 1, "text": "Yes"}, {"id": 2, "text": "No"}]
PAGES: list[dict[str, Any]] = [
    {"view_id": "ner_manual", "text": "Ada met Bob", "config": {"labels": ["PERSON"]}, "big": 2**70},
    {"view_id": "choice", "text": "Is it news?", "options": OPTIONS},
    {
        "text": "Write",
        "config": {
            "view_id": "blocks",
            "blocks": [{"view_id": "text"}, {"view_id": "text_input", "field_id": "note"}],
        },
    },
]


def mark(tallymark: Tallymark, *tasks: dict[str, Any], view: str = "pages") -> None:
    tallymark.start("mark", "news", tallymark.file("source.jsonl", list(tasks)), "--view-id", view)


def page_is(ann: Annotator, words: str) -> None:
    expect(ann.page.get_by_test_id("page-count")).to_have_text(words)


def chosen(ann: Annotator, name: str) -> None:
    expect(ann.page.get_by_role("radio", checked=True)).to_have_accessible_name(name)


def test_pages_are_turned_and_answered_by_keys_alone(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, {"pages": PAGES, "meta": {"doc": 7}}, {"pages": PAGES[1:2]})
    ann.sit()
    page_is(ann, "Page 1 of 3")
    ann.press("ArrowRight", "1", "n")
    page_is(ann, "Page 2 of 3")
    ann.press("2", "n")
    page_is(ann, "Page 3 of 3")
    ann.press("Enter")
    ann.page.keyboard.type("n p")
    ann.press("Alt+PageUp")
    page_is(ann, "Page 2 of 3")
    chosen(ann, "No")
    ann.press("p")
    ann.marks(("Ada", "PERSON"))
    ann.press("a")
    page_is(ann, "Page 1 of 1")
    ann.everything_is_saved()
    (answer,) = tallymark.export()
    first, second, third = answer["pages"]
    assert [(span["start"], span["end"], span["label"]) for span in first["spans"]] == [(0, 3, "PERSON")]
    assert (first["big"], first["view_id"]) == (2**70, "ner_manual")
    assert (second["accept"], third["note"]) == ([2], "n p")
    assert third["config"] == PAGES[2]["config"]
    assert (answer["meta"], answer["answer"], "spans" in answer) == ({"doc": 7}, "accept", False)


def test_accepting_shows_the_pages_that_were_not_looked_at(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, {"pages": [PAGES[0], PAGES[1], PAGES[0]]})
    ann.sit().press("a")
    page_is(ann, "Page 2 of 3")
    ann.press("a")
    expect(ann.notice()).to_contain_text("Page 2: Choose an option first")
    ann.press("1", "a")
    page_is(ann, "Page 3 of 3")
    expect(ann.notice()).to_have_count(0)
    ann.press("a")
    expect(ann.ending).to_contain_text("You are done")
    ann.everything_is_saved()
    assert [page.get("accept") for page in tallymark.export()[0]["pages"]] == [None, [1], None]


def test_an_unseen_task_can_be_rejected_and_ignored(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, {"pages": PAGES, "text": "a"}, {"pages": PAGES, "text": "b"})
    ann.sit().press("x")
    page_is(ann, "Page 1 of 3")
    ann.press("Space")
    expect(ann.ending).to_contain_text("You are done")
    ann.everything_is_saved()
    assert tallymark.answers() == {"a": "reject", "b": "ignore"}


def test_undo_goes_to_the_page_it_changes(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, {"pages": PAGES})
    ann.sit()
    ann.double_click("Ada")
    ann.press("n", "1", "n", "Control+z")
    page_is(ann, "Page 2 of 3")
    expect(ann.page.get_by_role("radio", checked=True)).to_have_count(0)
    ann.press("Control+z")
    page_is(ann, "Page 1 of 3")
    ann.marks()
    ann.press("Control+Shift+z")
    ann.marks(("Ada", "PERSON"))


def test_work_on_pages_survives_a_reload_and_can_be_changed_later(
    tallymark: Tallymark, ann: Annotator
) -> None:
    spans = [{"start": 8, "end": 11, "label": "PERSON", "score": 0.1, "id": 2**70}]
    mark(tallymark, {"pages": [{**PAGES[0], "spans": spans}, PAGES[1]]}, {"pages": PAGES[1:2]})
    ann.sit()
    ann.double_click("Ada")
    ann.page.get_by_role("button", name="Page 2, not looked at yet").click()
    ann.press("1")
    ann.everything_is_saved()
    ann.reload()
    ann.marks(("Ada", "PERSON"), ("Bob", "PERSON"))
    ann.press("n")
    chosen(ann, "Yes")
    ann.press("a")
    page_is(ann, "Page 1 of 1")
    expect(ann.page.get_by_test_id("past-answer")).to_contain_text("1: 2 spans · 2: Yes")
    ann.page.get_by_test_id("past-answer").click()
    ann.press("n", "2", "a")
    ann.everything_is_saved()
    (answer,) = tallymark.export()
    first, second = answer["pages"]
    assert (first["spans"][1], second["accept"]) == (spans[0], [2])


def test_a_task_says_itself_that_it_has_pages(tallymark: Tallymark, ann: Annotator) -> None:
    mark(
        tallymark,
        {"text": "One"},
        {"text": "", "pages": PAGES[1:], "config": {"view_id": "pages"}},
        view="html",
    )
    ann.sit().press("a")
    page_is(ann, "Page 1 of 2")
