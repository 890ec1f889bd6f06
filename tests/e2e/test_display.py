"""Pictures, recordings, comparisons, and how a recipe sets the look of the page."""

import base64
import io
import json
import wave
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from tests.e2e.annotator import Annotator
from tests.e2e.running import Tallymark

pytestmark = pytest.mark.browser

PICTURE = (
    "data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg' width='200' height='100'>"
    "<rect width='200' height='100' fill='teal'/></svg>"
)


def recording(seconds: float = 1.0) -> str:
    """Silence as a data URI."""
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(bytes([128]) * int(8000 * seconds))
    return f"data:audio/wav;base64,{base64.b64encode(held.getvalue()).decode()}"


def mark(tallymark: Tallymark, view: str, *tasks: dict[str, Any], **config: Any) -> None:
    given = tallymark.home / "look.json"
    given.write_text(json.dumps(config))
    source = tallymark.file("source.jsonl", list(tasks))
    tallymark.start("mark", "news", source, "--view-id", view, "--config", given)


def test_a_picture_with_its_regions(tallymark: Tallymark, ann: Annotator) -> None:
    spans = [
        {"label": "CAT", "x": 50, "y": 25, "width": 100, "height": 50, "mask": "kept"},
        {"label": "DOG", "points": [[0, 0], [20, 0], [20, 20]]},
    ]
    task = {"image": PICTURE, "label": "ANIMAL", "spans": spans}
    mark(tallymark, "image", task, shade_bounding_boxes=True)
    ann.sit()
    expect(ann.page.get_by_test_id("headline")).to_have_text("ANIMAL")
    regions = ann.page.get_by_test_id("region")
    expect(regions).to_have_count(2)
    picture = ann.card.get_by_role("img", name="To be judged").bounding_box()
    assert picture is not None
    left, width = regions.first.evaluate(
        """(region) => {
          const [box, { a, e }] = [region.getBBox(), region.getScreenCTM()];
          return [a * box.x + e, a * box.width];
        }"""
    )
    assert left - picture["x"] == pytest.approx(picture["width"] / 4, abs=1)
    assert width == pytest.approx(picture["width"] / 2, abs=1)
    ann.press("x")
    ann.everything_is_saved()
    (answer,) = tallymark.export()
    assert (answer["answer"], answer["spans"], answer["image"]) == ("reject", spans, PICTURE)


def test_a_picture_that_cannot_be_had_is_said(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, "image", {"image": "data:image/png;base64,AAAA"})
    ann.sit()
    expect(ann.card.get_by_role("alert")).to_contain_text("cannot be shown")


def test_files_beside_the_source_are_served(tallymark: Tallymark, ann: Annotator) -> None:
    folder = tallymark.home / "my media"
    folder.mkdir()
    for name, uri in (("é 1.svg", PICTURE), ("b.wav", recording())):
        content = uri.partition(",")[2]
        data = base64.b64decode(content) if ";base64," in uri else content.encode()
        (folder / name).write_bytes(data)
    option = {"id": "A", "image": str(folder / "é 1.svg")}
    task = {"image": "my media/é 1.svg", "audio": "my media/b.wav", "options": [option]}
    mark(tallymark, "choice", task)
    ann.sit()
    ann.holds("[...document.querySelectorAll('img')].map((img) => img.naturalWidth).join() === '200,200'")
    ann.holds("document.querySelector('audio')?.duration === 1")
    ann.press("1", "a")
    ann.everything_is_saved()
    (answer,) = tallymark.export()
    assert {key: answer[key] for key in task} == task
    tallymark.start("mark", "more", folder, "--loader", "image-server", "--view-id", "image")
    ann.sit(dataset="more")
    ann.holds("document.querySelector('img')?.naturalWidth === 200")
    ann.press("a")
    ann.everything_is_saved()
    (answer,) = tallymark.export("more")
    assert (answer["image"], answer["path"]) == ("é 1.svg", str(folder / "é 1.svg"))


def test_a_recording_is_played_by_key_and_by_stretch(tallymark: Tallymark, ann: Annotator) -> None:
    stretches = [{"start": 0.2, "end": 0.4, "label": "SPEECH"}]
    task = {"audio": recording(), "audio_spans": stretches}
    mark(tallymark, "audio", task, audio_rate=2, audio_loop=True)
    ann.sit()
    player = ann.card.locator("audio")
    expect(player).to_have_js_property("paused", True)
    expect(player).to_have_js_property("playbackRate", 2)
    expect(player).to_have_js_property("loop", True)
    ann.press("Enter")
    expect(player).to_have_js_property("paused", False)
    ann.press("Enter")
    expect(player).to_have_js_property("paused", True)
    stretch = ann.page.get_by_role("button", name="SPEECH 0:00.2 – 0:00.4")
    stretch.click()
    ann.holds("document.querySelector('audio').currentTime >= 0.2")
    ann.press("a")
    ann.everything_is_saved()
    assert tallymark.export()[0]["audio_spans"] == stretches


def test_two_outputs_are_compared(tallymark: Tallymark, ann: Annotator) -> None:
    task: dict[str, Any] = {
        "id": 7,
        "input": {"text": "Where is Dundee?"},
        "accept": {"text": "In Scotland."},
        "reject": {"html": "<b>In Wales.</b>"},
        "mapping": {"A": "accept", "B": "reject"},
    }
    mark(tallymark, "compare", task)
    ann.sit()
    expect(ann.page.get_by_test_id("compare-input")).to_have_text("Where is Dundee?")
    expect(ann.page.get_by_test_id("compare-accept")).to_contain_text("In Scotland.")
    expect(ann.page.get_by_test_id("compare-reject").locator("b")).to_have_text("In Wales.")
    ann.press("a")
    ann.everything_is_saved()
    (answer,) = tallymark.export()
    assert {key: answer[key] for key in (*task, "answer")} == {**task, "answer": "accept"}


def test_what_changes_in_a_text(tallymark: Tallymark, ann: Annotator) -> None:
    task = {"accept": {"text": "the new cat"}, "reject": {"text": "the old cat"}}
    mark(tallymark, "diff", task)
    ann.sit()
    shown = ann.page.get_by_test_id("diff")
    expect(shown).to_have_text("the oldnew cat")
    expect(shown.locator("del")).to_have_text("old")
    expect(shown.locator("ins")).to_have_text("new")
    ann.press("a")
    ann.everything_is_saved()
    assert tallymark.export()[0]["reject"] == {"text": "the old cat"}


def test_what_a_model_was_asked_and_said_stands_below_what_is_annotated(
    tallymark: Tallymark, ann: Annotator
) -> None:
    llm = {"prompt": ["Who is <b>named</b>?", "And where?"], "response": {"people": ["Ada"]}}
    tokens = [
        {"text": "Ada", "start": 0, "end": 3, "id": 0, "ws": True},
        {"text": "flew", "start": 4, "end": 8, "id": 1, "ws": False},
    ]
    task = {"text": "Ada flew", "tokens": tokens, "llm": llm}
    blocks = [{"view_id": "pos_manual"}, {"view_id": "llm_io"}]
    mark(tallymark, "blocks", task, blocks=blocks, labels=["PROPN", "VERB"])
    ann.sit()
    shown = ann.page.get_by_test_id("llm-io")
    asked = shown.get_by_text("What the model was asked")
    expect(shown.get_by_text("Who is <b>named</b>?")).to_be_hidden()
    asked.focus()
    ann.press("Enter")
    expect(shown.get_by_text("Who is <b>named</b>?")).to_be_visible()
    expect(shown.get_by_text("And where?")).to_be_visible()
    shown.get_by_text("What the model said").click()
    expect(shown.locator("pre", has_text='"people"')).to_be_visible()
    ann.press("2")
    ann.double_click("flew")
    ann.marks(("flew", "VERB"))
    ann.press("a")
    ann.everything_is_saved()
    (answer,) = tallymark.export()
    assert [(one["label"], one["token_start"]) for one in answer["spans"]] == [("VERB", 1)]
    assert answer["llm"] == llm


def test_displays_stand_in_blocks(tallymark: Tallymark, ann: Annotator) -> None:
    blocks = [
        {"view_id": "image"},
        {"view_id": "audio", "image": None},
        {"view_id": "choice", "image": None, "audio": None},
    ]
    options = [{"id": 1, "text": "yes", "audio": recording()}, {"id": 2, "text": "no"}]
    task = {"image": PICTURE, "audio": recording(), "options": options}
    mark(tallymark, "blocks", task, blocks=blocks)
    ann.sit()
    expect(ann.page.get_by_test_id("block")).to_have_count(3)
    expect(ann.card.get_by_role("img", name="To be judged")).to_have_count(1)
    expect(ann.card.get_by_label("Recording: yes")).to_be_visible()
    ann.page.get_by_role("radio", name="no").click()
    ann.press("a")
    ann.everything_is_saved()
    assert tallymark.export()[0]["accept"] == [2]


def test_the_look_is_the_recipes(tallymark: Tallymark, ann: Annotator) -> None:
    mark(
        tallymark,
        "text",
        {"text": "one", "meta": {"source": "here"}},
        {"text": "two"},
        project_info=["dataset", "session", "view_id"],
        show_stats=True,
        hide_meta=True,
        buttons=["reject", "accept"],
        custom_theme={"bgCard": "rgb(250, 240, 230)", "cardMaxWidth": 500},
    )
    ann.sit()
    expect(ann.page.get_by_test_id("project-info")).to_contain_text("ann")
    expect(ann.card).to_have_css("background-color", "rgb(250, 240, 230)")
    expect(ann.card).not_to_contain_text("here")
    expect(ann.page.locator(".prodigy-buttons button")).to_have_count(2)
    ann.press("Space", "x")
    ann.sees("two")
    ann.everything_is_saved()
    expect(ann.page.get_by_test_id("stats")).to_contain_text("Rejected")
    assert tallymark.answers() == {"one": "reject"}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_is_the_recipes_until_the_person_chooses(
    tallymark: Tallymark, ann: Annotator, theme: str
) -> None:
    mark(tallymark, "text", {"text": "one"}, theme=theme, card_css={"borderRadius": "3px"})
    ann.sit()
    page = ann.page.locator("html")
    expect(page).to_have_attribute("data-theme", theme)
    expect(ann.card).to_have_css("border-radius", "3px")
    ann.press("t")
    other = {"light": "dark", "dark": "light"}[theme]
    expect(page).to_have_attribute("data-theme", other)
    ann.reload()
    expect(page).to_have_attribute("data-theme", other)


def test_a_theme_by_name(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, "text", {"text": "one"}, theme="eighties")
    ann.sit()
    expect(ann.card).to_have_css("background-color", "rgb(255, 254, 255)")


def test_a_finger_answers(tallymark: Tallymark, browser: Browser) -> None:
    with browser.new_context(viewport={"width": 390, "height": 760}, has_touch=True) as phone:
        texts = [{"html": f"<p>{words} words to draw a finger over</p>"} for words in ("One", "Two", "Three")]
        mark(tallymark, "html", *texts, swipe=True, swipe_gestures={"right": "ignore"})
        ann = Annotator(phone.new_page(), tallymark.url).sit()
        swipe(ann, -160)
        ann.sees("Two")
        swipe(ann, 30)
        ann.sees("Two")
        swipe(ann, 160)
        ann.sees("Three")
        ann.everything_is_saved()
    assert [task["answer"] for task in tallymark.export()] == ["accept", "ignore"]


def swipe(ann: Annotator, way: int) -> None:
    """Draw a finger sideways over the card, by so many pixels."""
    box = ann.card.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = ann.page.context.new_cdp_session(ann.page)
    for kind, at in (
        ("touchStart", x),
        ("touchMove", x + way / 2),
        ("touchMove", x + way),
        ("touchEnd", None),
    ):
        points = [] if at is None else [{"x": at, "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    touch.detach()


def test_keys_are_the_recipes(tallymark: Tallymark, ann: Annotator) -> None:
    options = [{"id": n, "text": text} for n, text in enumerate(("yes", "no"))]
    tasks = [{"text": f"{n}?", "options": options} for n in (1, 2)]
    keys = {"accept": ["g"], "reject": [], "undo": ["ctrl+u"]}
    mark(
        tallymark, "choice", *tasks, keymap=keys, keymap_by_label={"0": "q", "no": "w"}, instructions="Read."
    )
    ann.sit()
    expect(ann.page.get_by_role("dialog", name="Instructions")).to_contain_text("Read.")
    ann.press("Escape", "w", "a", "x", "1")
    expect(ann.page.get_by_role("radio", checked=True)).to_have_accessible_name("no")
    ann.press("q", "g")
    ann.sees("2?")
    ann.press("Control+u")
    ann.sees("1?")
    expect(ann.page.get_by_role("radio", checked=True)).to_have_accessible_name("yes")
    ann.press("g")
    ann.everything_is_saved()
    assert tallymark.answers() == {"1?": "accept"}
