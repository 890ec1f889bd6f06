"""The operators' page: what it shows, what its buttons do, and that looking takes no task from anybody."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from tests.e2e.annotator import Annotator
from tests.e2e.running import Tallymark
from tests.e2e.test_access import AXE, RUN_AXE, THEMES

pytestmark = pytest.mark.browser

PAGES = ("Progress", "People", "Labels", "Audit", "Trace")
PICTURES = os.environ.get("TALLYMARK_TEST_PICTURES")


@pytest.fixture
def admin(tallymark: Tallymark, ann: Annotator, context: BrowserContext) -> Page:
    """Eight tasks, of which ann has answered the first two; the operators' page beside hers."""
    texts = [{"text": f"Sentence {number} about Ada Lovelace"} for number in range(8)]
    path = tallymark.file("news.jsonl", [*texts, texts[0]])
    tallymark.start("ner.manual", "news", "blank:en", path, "--label", "PERSON,ORG")
    ann.sit()
    for _ in range(2):
        ann.click("accept")
    ann.everything_is_saved()
    page = context.new_page()
    page.goto(f"{tallymark.url}/admin")
    expect(page.get_by_role("heading", name="news")).to_be_visible()
    return page


def go(page: Page, name: str) -> None:
    page.get_by_role("navigation").get_by_role("button", name=name).click()


def picture(page: Page, name: str) -> None:
    """Keep what is seen, for who asked for pictures."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"admin-{name}.png", full_page=True)


def test_progress_and_who_holds_what(admin: Page, tallymark: Tallymark) -> None:
    done = admin.locator("dl div", has_text="done")
    expect(done).to_contain_text("2 of 8, 25 %")
    held = admin.get_by_role("region", name="Who holds what").locator("tbody tr")
    before = held.count()
    expect(held.first).to_contain_text("ann")
    admin.reload()
    expect(admin.get_by_role("region", name="Who holds what").locator("tbody tr")).to_have_count(before)
    admin.get_by_role("button", name="Measure").click()
    expect(admin.get_by_role("region", name="Agreement")).to_contain_text(
        "No task has counted answers of two"
    )


def test_pausing_reaches_the_annotator(admin: Page, ann: Annotator) -> None:
    admin.get_by_role("button", name="Pause").click()
    expect(admin.get_by_text("paused", exact=True).first).to_be_visible()
    ann.sit("bob")
    expect(ann.ending).to_contain_text("paused")
    admin.get_by_role("button", name="Resume").click()
    expect(admin.get_by_role("button", name="Pause")).to_be_visible()


def test_an_answer_is_traced_and_sent_back(admin: Page, ann: Annotator) -> None:
    go(admin, "Trace")
    admin.get_by_label("which is").fill("1")
    admin.get_by_role("button", name="Trace", exact=True).last.click()
    life = admin.get_by_role("region", name="Task 1: done")
    expect(life).to_contain_text("ann: revision 1, submitted, accept")
    life.get_by_role("button", name="Send it back to ann").click()
    admin.get_by_label("Comment").fill("Is there no name?")
    admin.get_by_role("button", name="Send back", exact=True).click()
    expect(admin.get_by_role("region", name="Task 1: open")).to_contain_text("sent back: Is there no name?")
    ann.reload()
    expect(ann.page.get_by_test_id("refused")).to_have_text("Is there no name?")


def test_an_answer_that_is_sent_back_reaches_an_open_page(
    admin: Page, tallymark: Tallymark, ann: Annotator
) -> None:
    on_the_table = ann.task
    tallymark.run("send-back", "news", "--task", "1", "--session", "ann", "--comment", "Look again")
    ann.page.evaluate("window.dispatchEvent(new Event('focus'))")  # or with the next beat, after 20 s
    expect(ann.page.get_by_test_id("past-answer")).to_have_count(1)
    assert ann.task == on_the_table, "what is on the table stays there"
    ann.press("a")
    expect(ann.page.get_by_test_id("refused")).to_have_text("Look again")
    ann.sees("Sentence 0 ")
    ann.press("x")
    ann.everything_is_saved()
    assert tallymark.answers()["Sentence 0 about Ada Lovelace"] == "reject"


def test_labels_change_for_whoever_annotates(admin: Page, ann: Annotator) -> None:
    go(admin, "Labels")
    admin.get_by_label("One more label").fill("PLACE")
    admin.get_by_role("button", name="Add").click()
    expect(admin.get_by_role("button", name="retire PLACE")).to_be_visible()
    ann.reload()
    expect(ann.page.get_by_text("PLACE").first).to_be_visible()


def test_what_another_operator_changes_is_shown_and_what_is_written_stays(
    admin: Page, tallymark: Tallymark
) -> None:
    go(admin, "Labels")
    written = admin.get_by_role("textbox", name="Instructions")
    written.fill("Only names of people")
    tallymark.run("labels", "news", "add", "THING")
    expect(admin.get_by_role("button", name="retire THING")).to_be_visible()
    expect(written).to_have_value("Only names of people")


def test_options_that_are_labels_change_for_whoever_annotates(tallymark: Tallymark, ann: Annotator) -> None:
    path = tallymark.file("news.jsonl", [{"text": "one"}, {"text": "two"}])
    tallymark.start("textcat.manual", "news", path, "--label", "SPORT,ART", "--exclusive")
    ann.sit()
    ann.press("1")
    ann.click("accept")
    tallymark.run("labels", "news", "add", "MUSIC")
    tallymark.run("labels", "news", "rename", "SPORT", "SPORTS")
    ann.reload()
    expect(ann.page.get_by_text("MUSIC").first).to_be_visible()
    ann.press("3")
    ann.click("accept")
    ann.everything_is_saved()
    first, second = tallymark.export()
    assert (first["accept"], [option["id"] for option in first["options"]]) == (["SPORT"], ["SPORT", "ART"])
    assert (second["accept"], [option["id"] for option in second["options"]]) == (
        ["MUSIC"],
        ["SPORTS", "ART", "MUSIC"],
    )


def test_a_session_is_renamed_and_retired(admin: Page) -> None:
    go(admin, "People")
    moves = admin.get_by_role("group", name="For ann")
    moves.get_by_role("button", name="Rename").click()
    admin.get_by_label("New name").fill("anne")
    admin.get_by_role("button", name="Do it").click()
    moves = admin.get_by_role("group", name="For anne")
    moves.get_by_role("button", name="Retire").click()
    admin.get_by_role("button", name="Do it").click()
    expect(admin.get_by_role("row", name="anne").first).to_contain_text("retired")


def test_the_books_balance(admin: Page) -> None:
    go(admin, "Audit")
    expect(admin.get_by_text("They balance:")).to_be_visible()
    expect(admin.get_by_role("region", name="Rows")).to_contain_text("1 duplicate, 8 made into tasks")


def test_axe_finds_nothing_on_any_page(admin: Page) -> None:
    admin.emulate_media(reduced_motion="reduce")  # colours are final when they are measured
    admin.evaluate(AXE.read_text())
    for name in PAGES:
        go(admin, name)
        if name == "Trace":
            admin.get_by_label("which is").fill("1")
            admin.get_by_role("button", name="Trace", exact=True).last.click()
            expect(admin.get_by_role("region", name="Task 1")).to_be_visible()
        if name == "Audit":
            expect(admin.get_by_text("They balance:")).to_be_visible()
        for theme in THEMES:
            admin.emulate_media(color_scheme=theme)
            picture(admin, f"{name}-{theme}")
            assert admin.evaluate(RUN_AXE) == [], f"{name}, {theme}"
    admin.set_viewport_size({"width": 390, "height": 760})
    for theme in THEMES:
        admin.emulate_media(color_scheme=theme)
        picture(admin, f"phone-{theme}")
    assert admin.evaluate("document.documentElement.scrollWidth <= innerWidth")
