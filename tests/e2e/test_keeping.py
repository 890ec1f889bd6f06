"""Whatever happens to page, network, server or browser: no answer is lost, no task is asked twice."""

from collections import Counter
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.e2e.annotator import Annotator
from tests.e2e.running import Tallymark

pytestmark = pytest.mark.browser

INSECURE = "tally.test"


def texts(count: int) -> list[dict[str, Any]]:
    return [{"text": f"Text {n} of Ada"} for n in range(1, count + 1)]


def mark(tallymark: Tallymark, count: int = 25, **settings: str) -> None:
    source = tallymark.file("source.jsonl", texts(count))
    tallymark.start("mark", "news", source, "--view-id", "ner_manual", "--label", "PERSON", **settings)


def every_text_once(tallymark: Tallymark, count: int) -> None:
    assert Counter(task["text"] for task in tallymark.export()) == Counter(
        str(task["text"]) for task in texts(count)
    )


def test_a_reload_brings_the_same_tasks_in_the_same_order(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark)
    ann.sit()
    ann.press("a", "a")
    ann.sees("Text 3 ")
    ann.everything_is_saved()
    ann.reload()
    ann.sees("Text 3 ")
    ann.press("a")
    ann.sees("Text 4 ")


def test_half_done_work_comes_back(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark)
    ann.sit()
    ann.double_click("Ada")
    ann.marks(("Ada", "PERSON"))
    ann.reload()
    ann.marks(("Ada", "PERSON"))


def test_half_done_work_comes_back_on_another_machine(
    tallymark: Tallymark, ann: Annotator, browser: Browser
) -> None:
    mark(tallymark, 1)
    ann.sit()
    with ann.page.expect_request(lambda request: '"draft"' in (request.post_data or "")):
        ann.double_click("Ada")
    ann.page.close()
    with browser.new_context() as other:
        again = Annotator(other.new_page(), tallymark.url)
        again.sit()
        again.marks(("Ada", "PERSON"))


def test_undo_works_after_a_reload(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, 4)
    ann.sit()
    ann.double_click("Ada")
    ann.press("a")
    ann.sees("Text 2 ")
    ann.everything_is_saved()
    ann.reload()
    expect(ann.page.get_by_test_id("past-answer")).to_have_count(1)
    ann.press("Backspace")
    ann.sees("Text 1 ")
    ann.marks(("Ada", "PERSON"))
    ann.everything_is_saved()
    assert tallymark.export() == []
    ann.reload()
    ann.sees("Text 1 ")
    ann.marks(("Ada", "PERSON"))
    assert ann.answer_all() == 4
    ann.everything_is_saved()
    every_text_once(tallymark, 4)


def test_redo_gives_the_answer_again(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark)
    ann.sit()
    ann.press("x", "a", "Control+z", "Control+z")
    ann.sees("Text 1 ")
    ann.press("Control+Shift+z", "Control+Shift+z")
    ann.sees("Text 3 ")
    ann.everything_is_saved()
    assert tallymark.answers() == {"Text 1 of Ada": "reject", "Text 2 of Ada": "accept"}


def test_an_earlier_answer_is_found_and_changed(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark)
    ann.sit()
    ann.press("a", "a", "a")
    ann.page.get_by_test_id("past-answer").filter(has_text="Text 1 ").click()
    ann.sees("Text 1 ")
    expect(ann.page.get_by_test_id("earlier")).to_be_visible()
    ann.press("x")
    ann.sees("Text 4 ")
    ann.everything_is_saved()
    assert tallymark.answers()["Text 1 of Ada"] == "reject"
    ann.press("[", "[")
    ann.sees("Text 2 ")
    ann.press("]", "]")
    ann.sees("Text 4 ")
    ann.press("h")
    ann.page.get_by_label("Words in the task").fill("Text 2")
    ann.page.get_by_role("dialog").get_by_test_id("past-answer").click()
    ann.sees("Text 2 ")


def test_a_cut_network_is_no_reason_to_stop(
    tallymark: Tallymark, ann: Annotator, context: BrowserContext
) -> None:
    mark(tallymark)
    ann.sit()
    context.set_offline(True)
    ann.press("a", "x", "a", "Space")
    ann.sees("Text 5 ")
    ann.has_unsent(4)
    expect(ann.save_state).to_contain_text("Offline")
    assert tallymark.export() == []
    context.set_offline(False)
    ann.everything_is_saved()
    assert ann.answer_all() == 21
    ann.everything_is_saved()
    every_text_once(tallymark, 25)


def test_unsent_work_can_be_saved_to_a_file(
    tallymark: Tallymark, ann: Annotator, context: BrowserContext
) -> None:
    mark(tallymark)
    ann.sit()
    context.set_offline(True)
    ann.press("a", "x")
    ann.has_unsent(2)
    ann.save_state.click()
    expect(ann.page.get_by_role("dialog")).to_contain_text("not yet stored by the server: 2 answers")
    with ann.page.expect_download() as download:
        ann.page.get_by_test_id("export").click()
    text = download.value.path().read_text()
    assert text.count('"op_id"') == 2
    context.set_offline(False)


def test_a_tab_closed_offline_leaves_its_work_to_the_next(
    tallymark: Tallymark, ann: Annotator, context: BrowserContext
) -> None:
    mark(tallymark)
    ann.sit()
    context.set_offline(True)
    ann.press("a", "x", "a")
    ann.sees("Text 4 ")
    ann.has_unsent(3)
    ann.page.close()
    context.set_offline(False)
    again = Annotator(context.new_page(), tallymark.url).sit()
    again.everything_is_saved()
    assert tallymark.answers() == {
        "Text 1 of Ada": "accept",
        "Text 2 of Ada": "reject",
        "Text 3 of Ada": "accept",
    }
    assert again.task not in {"1", "2", "3"}


@pytest.mark.parametrize("host", ["127.0.0.1", INSECURE])
def test_a_tab_closed_while_the_server_is_down_leaves_its_work_to_the_next(
    tallymark: Tallymark, ann: Annotator, context: BrowserContext, host: str
) -> None:
    mark(tallymark, 8, allowed_hosts=INSECURE)
    ann.url = f"http://{host}:{tallymark.port}"
    ann.sit()
    ann.press("a")
    ann.everything_is_saved()
    tallymark.kill()
    ann.press("x", "a")
    ann.sees("Text 4 ")
    ann.double_click("Ada")
    ann.has_unsent(2)
    ann.page.close()
    mark(tallymark, 8, allowed_hosts=INSECURE)
    again = Annotator(context.new_page(), ann.url).sit()
    again.everything_is_saved()
    assert tallymark.answers() == {
        "Text 1 of Ada": "accept",
        "Text 2 of Ada": "reject",
        "Text 3 of Ada": "accept",
    }
    again.sees("Text 4 ")
    again.marks(("Ada", "PERSON"))
    assert again.answer_all() == 5
    again.everything_is_saved()
    every_text_once(tallymark, 8)


def test_killing_everything_loses_nothing(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark)
    ann.sit()
    ann.press("a", "a")
    ann.everything_is_saved()
    tallymark.kill()
    ann.press("x", "x")
    ann.sees("Text 5 ")
    ann.double_click("Ada")
    ann.has_unsent(2)
    mark(tallymark)
    ann.everything_is_saved()
    ann.marks(("Ada", "PERSON"))
    assert ann.answer_all() == 21
    ann.everything_is_saved()
    every_text_once(tallymark, 25)
    assert tallymark.answers()["Text 3 of Ada"] == "reject"


def test_a_page_opened_before_the_server_goes_on_by_itself(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark)
    ann.sit()
    ann.everything_is_saved()
    tallymark.kill()
    ann.page.route("**/api/v1/**", lambda route: route.abort())
    mark(tallymark)
    ann.page.goto(f"{tallymark.url}/?session=ann")
    expect(ann.page.get_by_role("heading", name="The server does not answer")).to_be_visible()
    ann.page.unroute("**/api/v1/**")
    ann.sees("Text 1 ")


def test_two_tabs_of_one_seat_hold_different_tasks(
    tallymark: Tallymark, ann: Annotator, context: BrowserContext
) -> None:
    mark(tallymark, batch_size="3")
    ann.sit()
    other = Annotator(context.new_page(), tallymark.url).sit()
    assert ann.task != other.task
    expect(other.page.get_by_text("also open elsewhere")).to_be_visible()
    both = ann.answer_all() + other.answer_all()
    assert both == 25
    ann.everything_is_saved()
    other.everything_is_saved()
    every_text_once(tallymark, 25)


def test_a_duplicated_tab_becomes_a_client_of_its_own(
    tallymark: Tallymark, ann: Annotator, context: BrowserContext
) -> None:
    mark(tallymark)
    ann.sit()
    with context.expect_page() as opening:
        ann.page.evaluate("window.open(location.href)")
    twin: Page = opening.value
    other = Annotator(twin, tallymark.url)
    expect(other.card).to_be_visible()
    assert ann.task != other.task


def test_when_two_answers_meet_the_person_decides(
    tallymark: Tallymark, ann: Annotator, browser: Browser
) -> None:
    mark(tallymark)
    ann.sit()
    ann.press("a", "a")
    ann.everything_is_saved()
    with browser.new_context() as elsewhere:
        other = Annotator(elsewhere.new_page(), tallymark.url).sit()
        other.press("[")
        other.sees("Text 2 ")
        other.press("[")
        other.sees("Text 1 ")
        for number in ("1", "2"):
            ann.page.get_by_test_id("past-answer").filter(has_text=f"Text {number} ").click()
            ann.sees(f"Text {number} ")
            ann.press("x")
        ann.everything_is_saved()
        other.press("Space")
        other.page.get_by_test_id("keep-mine").click()
        other.everything_is_saved()
        assert tallymark.answers()["Text 1 of Ada"] == "ignore"
        other.sees("Text 2 ")
        other.press("Space")
        other.page.get_by_test_id("keep-theirs").click()
        other.everything_is_saved()
    assert tallymark.answers()["Text 2 of Ada"] == "reject"


def test_on_an_insecure_origin(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, 3, allowed_hosts=INSECURE)
    ann.url = f"http://{INSECURE}:{tallymark.port}"
    ann.sit()
    lacking = ("navigator.locks", "navigator.serviceWorker", "crypto.subtle", "crypto.randomUUID")
    assert ann.page.evaluate("isSecureContext") is False
    assert {ann.page.evaluate(f"typeof {what}") for what in lacking} == {"undefined"}
    assert ann.answer_all() == 3
    ann.everything_is_saved()
    every_text_once(tallymark, 3)


def test_two_tabs_on_an_insecure_origin_send_each_answer_once(
    tallymark: Tallymark, ann: Annotator, context: BrowserContext
) -> None:
    mark(tallymark, 20, allowed_hosts=INSECURE, batch_size="3")
    ann.url = f"http://{INSECURE}:{tallymark.port}"
    ann.sit()
    other = Annotator(context.new_page(), ann.url).sit()
    assert ann.task != other.task
    context.set_offline(True)
    for person in (ann, other):
        person.press("a", "a")
    context.set_offline(False)
    for person in (ann, other):
        person.everything_is_saved()
    other.page.close()
    assert ann.answer_all() == 16
    ann.everything_is_saved()
    every_text_once(tallymark, 20)
    history = tallymark.run("db-out", "news", "--history")
    assert len(history.splitlines()) == 20, "nothing was sent twice"
