"""Comfort: one's own size and keys, a look back, a break, a panel out of the way."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, ViewportSize, expect
from tests.e2e.annotator import Annotator
from tests.e2e.running import Tallymark

pytestmark = pytest.mark.browser

PHONE: ViewportSize = {"width": 380, "height": 780}
TASKS: list[dict[str, Any]] = [
    {"text": "one"},
    {"text": "two", "label": "B"},
    {"text": "three"},
    {"text": "four"},
]


def mark(tallymark: Tallymark, view: str = "text", **settings: str) -> None:
    tallymark.start("mark", "news", tallymark.file("source.jsonl", TASKS), "--view-id", view, **settings)


def size_of(ann: Annotator) -> float:
    size: float = ann.card.get_by_text("one").evaluate(
        "(text) => parseFloat(getComputedStyle(text).fontSize)"
    )
    return size


def test_size_and_width_are_a_persons_own_and_stay(
    tallymark: Tallymark, ann: Annotator, context: BrowserContext
) -> None:
    mark(tallymark, annotations_per_task="2")
    ann.sit()
    before = size_of(ann)
    width = ann.card.evaluate("(card) => card.offsetWidth")
    ann.press("Control+,")
    ann.page.get_by_role("radio", name="Narrow").check()
    assert ann.card.evaluate("(card) => card.offsetWidth") < width
    ann.page.get_by_role("radio", name="Larger").check()
    ann.press("Escape")
    assert size_of(ann) == pytest.approx(before * 1.3, abs=0.1)
    ann.reload()
    assert size_of(ann) == pytest.approx(before * 1.3, abs=0.1)
    other = Annotator(context.new_page(), tallymark.url).sit("bob")
    assert size_of(other) == before
    ann.press("Control+,")
    ann.page.get_by_role("button", name="Reset everything").click()
    ann.press("Escape")
    assert size_of(ann) == before


def test_keys_are_changed_and_what_they_meant_is_said(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark)
    ann.sit().press("Control+,")
    settings = ann.page.get_by_role("dialog", name="Settings")
    settings.locator("[data-action='accept']").click()
    ann.press("j")
    expect(settings.locator("[data-action='accept']")).to_have_accessible_name("Accept: j")
    settings.locator("[data-action='ignore']").click()
    ann.press("x")
    expect(settings.get_by_test_id("clash")).to_contain_text("x means “Reject” now.")
    settings.get_by_role("button", name="Use it for “Ignore”").click()
    expect(settings.locator("[data-action='reject']")).to_have_accessible_name("Reject: no key")
    settings.locator("[data-action='flag']").click()
    ann.press("Escape")
    expect(settings).to_be_visible()
    ann.press("Escape")
    expect(settings).to_have_count(0)
    ann.press("a")
    ann.sees("one")
    ann.press("j")
    ann.sees("two")
    ann.press("x")
    ann.sees("three")
    ann.everything_is_saved()
    assert tallymark.answers() == {"one": "accept", "two": "ignore"}
    ann.reload()
    expect(ann.page.get_by_test_id("accept")).to_contain_text("j")
    ann.press("Control+,")
    settings.get_by_role("button", name="Reset the keys").click()
    ann.press("Escape", "a")
    ann.sees("four")


def test_a_key_of_the_card_is_not_taken(tallymark: Tallymark, ann: Annotator) -> None:
    tasks = [{"text": "one", "options": [{"id": 1, "text": "Yes"}]}]
    tallymark.start("mark", "news", tallymark.file("source.jsonl", tasks), "--view-id", "choice")
    ann.sit().press("Control+,")
    ann.page.locator("[data-action='accept']").click()
    ann.press("1")
    expect(ann.page.get_by_test_id("clash")).to_contain_text("has a meaning on this card")
    expect(ann.page.locator("[data-action='accept']")).to_contain_text("a")


def test_the_search_finds_by_label_decision_and_flag_and_jumps(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, "classification", show_flag="true", labels="A,B")
    ann.sit().press("a", "x", "f", "Space", "h")
    dialog = ann.page.get_by_role("dialog", name="Your answers")
    found = dialog.get_by_test_id("past-answer")
    expect(found).to_have_count(3)
    dialog.get_by_role("combobox", name="Label").fill("B")
    expect(found).to_have_count(1)
    expect(found).to_contain_text("two")
    dialog.get_by_role("combobox", name="Label").fill("")
    dialog.get_by_role("checkbox", name="flagged").check()
    expect(found).to_have_count(1)
    expect(found).to_contain_text("three")
    dialog.get_by_role("checkbox", name="flagged").uncheck()
    dialog.get_by_role("combobox", name="Decision").select_option("Accepted")
    expect(found).to_contain_text("one")
    dialog.get_by_role("searchbox").fill("nothing like it")
    expect(found).to_have_count(0)
    dialog.get_by_role("searchbox").fill("ONE")
    expect(found).to_have_count(1)
    found.click()
    ann.sees("one")
    expect(ann.page.get_by_test_id("earlier")).to_be_visible()


def test_instructions_open_once_and_again_when_they_change(tallymark: Tallymark, ann: Annotator) -> None:
    text = "# Names\n\nMark **whole** names:\n\n- first\n- last\n\n<script>window.stolen = 1</script>"
    mark(tallymark, instructions=text)
    ann.sit()
    shown = ann.page.get_by_role("dialog", name="Instructions")
    expect(shown.get_by_role("heading", name="Names")).to_be_visible()
    expect(shown.get_by_role("listitem")).to_have_text(["first", "last"])
    expect(shown.locator("strong")).to_have_text("whole")
    assert ann.page.evaluate("window.stolen") is None
    ann.press("Escape")
    expect(shown).to_have_count(0)
    ann.reload()
    expect(shown).to_have_count(0)
    ann.press("i")
    expect(shown).to_be_visible()
    tallymark.stop()
    tallymark.running.clear()
    mark(tallymark, instructions="<h2>Other</h2>")
    ann.page.reload()
    expect(shown.get_by_role("heading", name="Other")).to_be_visible()


def test_the_day_is_summed_up_and_a_break_keeps_everything(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark)
    ann.sit().press("a", "a", "x", "s")
    day = ann.page.get_by_role("dialog", name="Your day")
    expect(day.get_by_test_id("today")).to_have_text("3")
    expect(day.get_by_test_id("today-accept")).to_contain_text("2")
    expect(day.get_by_test_id("today-reject")).to_contain_text("1")
    expect(day.get_by_test_id("today-ignore")).to_contain_text("0")
    day.get_by_role("button", name="Take a break").click()
    away = ann.page.get_by_role("dialog", name="You are taking a break")
    expect(away).to_contain_text("the tasks on this page stay with you")
    ann.press("a", "x")
    ann.press("Enter")
    expect(away).to_have_count(0)
    ann.sees("four")
    ann.everything_is_saved()
    ann.reload()
    ann.press("s")
    expect(day.get_by_test_id("today")).to_have_text("3")


def test_the_panel_of_a_phone_is_closed_by_a_touch_beside_it(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark)
    ann.page.set_viewport_size(PHONE)
    ann.sit()
    panel = ann.page.get_by_role("complementary", name="Progress and answers")
    ann.page.get_by_role("button", name="Progress and answers").click()
    expect(panel).to_be_visible()
    ann.page.mouse.click(15, 400)
    expect(panel).to_have_count(0)
    ann.page.get_by_role("button", name="Progress and answers").click()
    panel.get_by_role("button", name="Settings").click()
    expect(ann.page.get_by_role("dialog", name="Settings")).to_be_visible()
    ann.press("Escape", "Escape")
    expect(panel).to_have_count(0)
    ann.sees("one")


def test_where_everyone_answers_progress_is_ones_own(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, feed_overlap="true")
    ann.sit().press("a", "a", "a")
    ann.sees("four")
    panel = ann.page.get_by_role("complementary")
    expect(panel.get_by_test_id("mine")).to_have_text("3")
    expect(panel).to_contain_text("of 4 done by you")
    expect(panel).to_contain_text("Answered by everyone")
    expect(panel.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "75")


def test_a_name_is_chosen_where_only_some_may_come(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, allowed_sessions="ann,bob")
    ann.page.goto(tallymark.url)
    names = ann.page.get_by_role("combobox", name="Name")
    expect(names.locator("option:checked")).to_have_text("Choose your name")
    expect(ann.page.get_by_role("button", name="Start")).to_be_disabled()
    names.select_option("bob")
    ann.page.get_by_role("button", name="Start").click()
    expect(ann.page.get_by_test_id("seat")).to_have_text("bob")
