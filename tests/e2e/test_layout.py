"""Where things stand in the window: nothing covers, clips or runs into what has to be seen."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, FloatRect, Locator, ViewportSize, expect
from tests.e2e.annotator import Annotator
from tests.e2e.running import Tallymark

pytestmark = pytest.mark.browser

LONG = "\n\n".join(f"Paragraph {n}. " + "Nobody at the station believed the captain. " * 12 for n in range(8))
DESKTOP: ViewportSize = {"width": 1200, "height": 750}
TABLET: ViewportSize = {"width": 1000, "height": 800}
PHONE: ViewportSize = {"width": 380, "height": 750}
SIZES = [DESKTOP, TABLET, PHONE]
A_MOMENT_MS = 5_000


def mark(
    tallymark: Tallymark, view: str, *tasks: dict[str, Any], label: str = "PERSON,ORG", **settings: str
) -> None:
    source = tallymark.file("source.jsonl", list(tasks))
    tallymark.start("mark", "news", source, "--view-id", view, "--label", label, batch_size="1", **settings)


def box(locator: Locator) -> FloatRect:
    found = locator.bounding_box()
    assert found is not None
    return found


def right(rect: FloatRect) -> float:
    return rect["x"] + rect["width"]


def bottom(rect: FloatRect) -> float:
    return rect["y"] + rect["height"]


def test_dialogs_stand_over_the_card(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, "ner_manual", {"text": "Ada met Bob"}, {"text": "Two"})
    ann.page.set_viewport_size(DESKTOP)
    ann.sit().press("x")
    ann.sees("Two")
    card = box(ann.card)
    for key in ("h", "c", "?"):
        ann.press(key)
        dialog = box(ann.page.get_by_role("dialog"))
        assert dialog["x"] - card["x"] == pytest.approx(right(card) - right(dialog), abs=1)
        assert dialog["x"] > card["x"]
        assert dialog["y"] > card["y"]
        ann.press("Escape")
        expect(ann.page.get_by_role("dialog")).to_have_count(0)


def test_a_comment_is_written_in_sight_of_the_text(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, "text", {"text": "Ada met Bob"})
    ann.page.set_viewport_size(DESKTOP)
    ann.sit().press("c")
    dialog = box(ann.page.get_by_role("dialog"))
    assert bottom(dialog) < bottom(box(ann.card))
    assert dialog["y"] > bottom(box(ann.card.get_by_text("Ada met Bob")))


def test_the_search_keeps_its_place_while_words_are_typed(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, "text", {"text": "one"}, {"text": "two"})
    ann.sit().press("a", "h")
    dialog = ann.page.get_by_role("dialog")
    expect(dialog.get_by_test_id("past-answer")).to_have_count(1)
    before = box(dialog)
    dialog.get_by_role("searchbox").fill("nothing like it")
    expect(dialog).to_contain_text("Nothing fits.")
    assert box(dialog) == before


def test_the_header_of_a_phone_has_room_for_the_other_page(
    tallymark: Tallymark, ann: Annotator, context: BrowserContext
) -> None:
    mark(tallymark, "text", {"text": "one"}, {"text": "two"}, instructions="Read.")
    ann.page.set_viewport_size(PHONE)
    ann.sit("Maria Magdalena Lopez-Fernandez").press("Escape")  # the instructions, at the first visit
    notice = ann.page.get_by_text("open elsewhere")
    other = Annotator(context.new_page(), tallymark.url).sit("Maria Magdalena Lopez-Fernandez")
    expect(notice).to_be_visible(timeout=A_MOMENT_MS)
    save = box(ann.save_state)
    assert box(ann.page.get_by_test_id("seat"))["width"] > 0
    assert right(box(notice)) <= save["x"]
    assert notice.evaluate("(element) => element.scrollWidth <= element.clientWidth")
    other.page.goto("about:blank")
    expect(notice).to_have_count(0, timeout=A_MOMENT_MS)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size["width"]))
@pytest.mark.parametrize("count", [3, 11])
def test_options_are_in_sight_below_a_long_text(
    tallymark: Tallymark, ann: Annotator, size: ViewportSize, count: int
) -> None:
    options = [{"id": n, "text": f"option {n}"} for n in range(count)]
    mark(tallymark, "choice", {"text": LONG, "options": options})
    ann.page.set_viewport_size(size)
    ann.sit()
    shown = ann.page.get_by_test_id("option")
    expect(shown).to_have_count(count)
    for option in shown.all() if size is not PHONE or count == 3 else [shown.first]:
        expect(option).to_be_in_viewport(ratio=1)
    assert size["height"] - bottom(box(ann.page.get_by_test_id("accept"))) < 40
    ann.page.get_by_test_id("pane").evaluate("(pane) => pane.scrollTo(0, pane.scrollHeight)")
    expect(shown.first).to_be_in_viewport(ratio=1)


def test_many_long_options_leave_room_for_the_text(tallymark: Tallymark, ann: Annotator) -> None:
    options = [{"id": n, "text": f"The text of this option is a sentence, number {n}"} for n in range(30)]
    mark(tallymark, "choice", {"text": LONG, "options": options})
    ann.page.set_viewport_size(DESKTOP)
    ann.sit()
    assert box(ann.page.get_by_test_id("pane"))["height"] > 150
    last = ann.page.get_by_test_id("option").last
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport(ratio=1)


def test_the_card_grows_when_its_text_does(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, "text", {"text": "Nobody at the station believed the captain. " * 16})
    ann.page.set_viewport_size({"width": 1200, "height": 1000})
    ann.sit()
    ann.page.set_viewport_size({"width": 560, "height": 1000})
    pane = ann.page.get_by_test_id("pane")
    ann.page.wait_for_function("(pane) => pane.scrollHeight <= pane.clientHeight", arg=pane.element_handle())


def test_the_menu_of_labels_fits_a_phone(tallymark: Tallymark, ann: Annotator) -> None:
    labels = ",".join(["A_VERY_LONG_LABEL_THAT_SAYS_EVERYTHING", *(f"LABEL_{n}" for n in range(40))])
    mark(tallymark, "ner_manual", {"text": "Ada met Bob in London"}, label=labels)
    ann.page.set_viewport_size(PHONE)
    ann.sit()
    ann.press("ArrowRight", "2")
    ann.text.get_by_role("button", name=re.compile("change the label")).click()
    menu = ann.page.get_by_role("group", name="Label of “Ada”")
    expect(menu.get_by_role("button", name="Remove")).to_be_in_viewport(ratio=1)
    assert box(menu)["x"] >= 0
    assert right(box(menu)) <= PHONE["width"]


def test_a_label_stays_on_the_line_of_its_words(tallymark: Tallymark, ann: Annotator) -> None:
    text = "Ada met Bob and Grace and Alan and Barbara and Edsger"
    spans = [
        {"start": found.start(), "end": found.end(), "label": "PERSON"} for found in re.finditer(r"\w+", text)
    ]
    mark(tallymark, "ner_manual", {"text": text, "spans": spans})
    for width in range(340, 460, 30):
        ann.page.set_viewport_size({"width": width, "height": 750})
        ann.sit()
        lines = ann.text.locator("mark").evaluate_all(
            "(marks) => marks.map((m) => m.getClientRects().length)"
        )
        assert set(lines) == {1}


@pytest.mark.parametrize("view", ["text", "choice", "text_input", "ner_manual"])
def test_long_texts_are_not_wider_than_a_phone(tallymark: Tallymark, ann: Annotator, view: str) -> None:
    mark(tallymark, view, {"text": LONG * 2, "options": [{"id": "yes"}]})
    ann.page.set_viewport_size(PHONE)
    ann.sit()
    wide = ann.card.locator("[data-scroller]").evaluate_all(
        "(boxes) => boxes.map((box) => box.scrollWidth - box.clientWidth)"
    )
    assert wide
    assert max(wide) == 0


def test_long_meta_leaves_room_for_the_task(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, "text", {"text": LONG, "meta": {"note": "word " * 400}})
    ann.page.set_viewport_size(PHONE)
    ann.sit()
    assert box(ann.page.get_by_test_id("meta"))["height"] < PHONE["height"] / 5
    assert box(ann.page.get_by_test_id("pane"))["height"] > PHONE["height"] / 2


def test_names_of_regions_and_stretches_stay_on_the_card(tallymark: Tallymark, ann: Annotator) -> None:
    picture = "data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg' width='600' height='300'/>"
    name = "A_VERY_LONG_LABEL_OF_A_REGION"
    region = {"label": name, "x": 500, "y": 200, "width": 90, "height": 50}
    stretch = {"label": name + name, "start": 0, "end": 1}
    option = {"id": 1, "audio": "data:audio/wav;base64,", "audio_spans": [stretch]}
    mark(tallymark, "choice", {"image": picture, "spans": [region], "options": [option]})
    ann.page.set_viewport_size(PHONE)
    ann.sit()
    frame = box(ann.card.get_by_role("img", name="To be judged"))
    for found in (ann.page.get_by_test_id("region-name"), ann.page.get_by_test_id("stretch")):
        expect(found).to_contain_text(name)
        assert box(found)["x"] >= frame["x"]
        assert right(box(found)) <= right(frame) + 1
        assert found.evaluate("(element) => element.scrollWidth <= element.clientWidth")


def test_the_name_of_a_label_keeps_its_distance_where_texts_go_to_the_left(
    tallymark: Tallymark, ann: Annotator
) -> None:
    spans = [{"start": 0, "end": 4, "label": "NAME"}, {"start": 5, "end": 9, "label": "מקום"}]
    task = {"text": "Ofra אילת", "spans": spans, "config": {"writing_dir": "rtl"}}
    mark(tallymark, "ner", task)
    ann.sit()
    expect(ann.text.locator(".tag")).to_have_count(2)
    gaps = ann.text.locator("mark").evaluate_all(
        """(marks) => marks.map((mark) => {
          const words = document.createRange();
          words.selectNode(mark.firstChild);
          const tag = document.createRange();
          tag.selectNodeContents(mark.querySelector(".tag"));
          return words.getBoundingClientRect().left - tag.getBoundingClientRect().right;
        })"""
    )
    assert min(gaps) > 2


def test_html_wider_than_the_card_can_be_scrolled_and_numbers_stay_whole(
    tallymark: Tallymark, ann: Annotator
) -> None:
    cells = "<td>1,234,567</td>" * 9
    mark(tallymark, "html", {"html": f"<table><tr>{cells}</tr></table><p style='width: 1500px'>Wide</p>"})
    ann.page.set_viewport_size(PHONE)
    ann.sit()
    html = ann.page.get_by_test_id("html")
    expect(html.locator("td").first).to_be_visible()
    assert html.evaluate("(box) => { box.scrollTo(9999, 0); return box.scrollLeft; }") > 0
    lines = html.locator("td").evaluate_all(
        """(cells) => cells.map((cell) => {
          const range = document.createRange();
          range.selectNodeContents(cell);
          return range.getClientRects().length;
        })"""
    )
    assert set(lines) == {1}


def test_html_with_colours_of_its_own_is_on_white_in_the_dark(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, "html", {"html": "<p style='color: #222'>One</p>"}, {"html": "<p>Color: none</p>"})
    ann.page.emulate_media(color_scheme="dark")
    ann.sit()
    html = ann.page.get_by_test_id("html")
    expect(html).to_have_css("background-color", "rgb(255, 255, 254)")
    ann.press("a")
    expect(html).to_contain_text("none")
    expect(html).to_have_css("background-color", "rgba(0, 0, 0, 0)")


def test_a_field_is_as_tall_as_its_rows(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, "text_input", {"text": "one", "field_rows": 5})
    ann.sit()
    field = ann.page.locator("textarea")
    line = field.evaluate("(field) => parseFloat(getComputedStyle(field).lineHeight)")
    assert box(field)["height"] >= 5 * line


def test_what_a_label_means_is_shown_in_the_window(tallymark: Tallymark, ann: Annotator) -> None:
    meanings = {"PERSON": "People, and what is like them. " * 6}
    mark(tallymark, "ner_manual", {"text": "Ada", "config": {"label_descriptions": meanings}})
    ann.sit()
    for size in SIZES:
        ann.page.set_viewport_size(size)
        ann.page.get_by_test_id("label").first.hover()
        expect(ann.page.get_by_role("tooltip")).to_be_in_viewport(ratio=1)
        ann.page.mouse.move(0, 0)


def test_what_a_finger_presses_is_large_enough(browser: Browser, tallymark: Tallymark) -> None:
    mark(tallymark, "ner_manual", {"text": "Ada met Bob"}, show_flag="true", instructions="Read.")
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    try:
        ann = Annotator(context.new_page(), tallymark.url).sit()
        heights = [box(ann.page.get_by_role("button", name="Close"))["height"]]
        ann.press("Escape")
        expect(ann.page.get_by_role("dialog")).to_have_count(0)
        buttons = ann.page.get_by_role("button").all()
        heights += [box(button)["height"] for button in buttons]
        assert len(heights) > 8
        assert min(heights) >= 40
    finally:
        context.close()
