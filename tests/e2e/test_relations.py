"""Relations between words and spans: by keyboard, mouse and finger; what is stored; arcs that are judged."""

import json
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect
from tests.e2e.annotator import Annotator
from tests.e2e.running import Tallymark

pytestmark = pytest.mark.browser

TEXT = "Ada met Grace in Paris."
SECOND = "Grace saw Ada."
LONG = " ".join(f"Word{n} follows, and" for n in range(60))
ARABIC = "وُلد نجيب محفوظ في القاهرة عام 1911."
WRAPPED = ["--label", "KNOWS,IN", "--span-label", "PERSON,PLACE", "--wrap"]


def arcs(ann: Annotator) -> Locator:
    return ann.page.get_by_test_id("arc")


def draws(ann: Annotator, *relations: str) -> None:
    """Wait until exactly these relations are drawn; they are told as for screen readers."""
    expect(arcs(ann)).to_have_count(len(relations))
    told = arcs(ann).evaluate_all("arcs => arcs.map((arc) => arc.getAttribute('aria-label'))")
    assert sorted(told) == sorted(relations)


def arrow(label: str, head: str, child: str) -> str:
    return f"{label}, from “{head}” to “{child}”"


def click(ann: Annotator, words: str, **more: Any) -> None:
    _, place = ann.places(words, last=1)
    ann.page.mouse.click(*place, **more)


def start(tallymark: Tallymark, *tasks: dict[str, Any], options: list[str] | None = None) -> None:
    source = tallymark.file("source.jsonl", list(tasks))
    tallymark.start("rel.manual", "news", "blank:en", source, *(WRAPPED if options is None else options))


def sit(ann: Annotator) -> Annotator:
    """Sit down and wait until the part of the page that draws has been loaded."""
    ann.sit()
    expect(ann.text).to_be_visible()
    return ann


def test_with_the_keyboard_alone(tallymark: Tallymark, ann: Annotator) -> None:
    start(tallymark, {"text": TEXT}, {"text": SECOND})
    sit(ann)
    ann.press("ArrowRight", "Enter", "ArrowRight", "ArrowRight", "1")
    draws(ann, arrow("KNOWS", "Ada", "Grace"))
    ann.press("Enter", "End", "ArrowLeft", "2", "Escape")
    draws(ann, arrow("KNOWS", "Ada", "Grace"), arrow("IN", "Grace", "Paris"))
    ann.press(".", "v", "2")  # turned round, and another label
    draws(ann, arrow("IN", "Grace", "Ada"), arrow("IN", "Grace", "Paris"))
    ann.press("Control+z", "Escape", ".", ".", "Backspace")
    draws(ann, arrow("KNOWS", "Grace", "Ada"))
    ann.press("Control+z", "m", "ArrowRight", "1", "End", "ArrowLeft", "2")
    expect(ann.page.get_by_test_id("span-tag")).to_have_count(2)
    ann.everything_is_saved()
    ann.reload()
    expect(ann.text).to_be_visible()
    draws(ann, arrow("KNOWS", "Grace", "Ada"), arrow("IN", "Grace", "Paris"))
    ann.press("Home", "Shift+Enter")
    draws(ann, arrow("KNOWS", "Grace", "Ada"), arrow("IN", "Grace", "Paris"), arrow("KNOWS", "Ada", "Ada"))
    ann.press("Control+z", "a")
    ann.sees(SECOND)
    ann.press("a")
    expect(ann.ending).to_be_visible()
    ann.everything_is_saved()
    first, second = tallymark.export()
    ada = {"start": 0, "end": 3, "token_start": 0, "token_end": 0, "label": "PERSON"}
    grace = {"start": 8, "end": 13, "token_start": 2, "token_end": 2, "label": None}
    paris = {"start": 17, "end": 22, "token_start": 4, "token_end": 4, "label": "PLACE"}
    knows = {
        "head": 2,
        "child": 0,
        "head_span": grace,
        "child_span": ada,
        "color": "#ffd882",
        "label": "KNOWS",
    }
    within = {
        "head": 2,
        "child": 4,
        "head_span": grace,
        "child_span": paris,
        "color": "#c5bdf4",
        "label": "IN",
    }
    assert first["relations"] == [knows, within]
    assert list(first["relations"][0]) == list(knows)
    assert first["spans"] == [
        {"text": "Ada", **ada, "type": "span"},
        {"text": "Paris", **paris, "type": "span"},
    ]
    assert (second["relations"], second["spans"]) == ([], [])


def test_with_the_mouse(tallymark: Tallymark, ann: Annotator) -> None:
    tokens = [
        {
            "text": word,
            "start": TEXT.index(word),
            "end": TEXT.index(word) + len(word),
            "id": place,
            "ws": True,
        }
        for place, word in enumerate(["Ada", "met", "Grace", "in", "Paris"])
    ]
    tokens[1]["disabled"] = True
    given = [{"head": 0, "child": 2, "label": "KNOWS", "note": 1}, {"head": 9, "child": 2, "label": "KNOWS"}]
    start(tallymark, {"text": TEXT, "tokens": tokens, "relations": given}, {"text": SECOND})
    sit(ann)
    draws(ann, arrow("KNOWS", "Ada", "Grace"))
    arcs(ann).hover()
    expect(ann.page.get_by_test_id("lit")).to_have_count(2)
    click(ann, "Paris")
    click(ann, "met")  # disabled
    click(ann, "Ada")
    draws(ann, arrow("KNOWS", "Ada", "Grace"), arrow("KNOWS", "Paris", "Ada"))
    ann.page.get_by_test_id("label").filter(has_text="IN").click()
    ann.drag("Grace in Paris", first=1)
    draws(ann, arrow("KNOWS", "Ada", "Grace"), arrow("KNOWS", "Paris", "Ada"), arrow("IN", "Grace", "Paris"))
    ann.page.get_by_role("button", name=arrow("KNOWS", "Paris", "Ada")).click()
    menu = ann.page.get_by_role("group", name="Label of “Paris → Ada”")
    menu.get_by_test_id("turn").click()
    ann.page.get_by_role("button", name=arrow("KNOWS", "Ada", "Paris")).click()
    ann.page.get_by_role("group", name="Label of “Ada → Paris”").get_by_role("button", name="Remove").click()
    ann.page.get_by_test_id("mode-spans").click()
    ann.drag("Ada met Grace", last=-1)  # what is disabled cannot be marked
    ann.double_click("Ada")
    ann.drag("in Paris")
    expect(ann.page.get_by_test_id("span-tag")).to_have_count(2)
    draws(ann, arrow("KNOWS", "Ada", "Grace"), arrow("IN", "Grace", "in Paris"))
    ann.page.get_by_role("button", name="Remove PERSON from “Ada”").click()
    draws(ann, arrow("IN", "Grace", "in Paris"))
    ann.press("Control+z")
    draws(ann, arrow("KNOWS", "Ada", "Grace"), arrow("IN", "Grace", "in Paris"))
    ann.page.get_by_test_id("odd").get_by_role("button", name="Remove relation 2").click()
    ann.click("accept")
    ann.sees(SECOND)
    ann.everything_is_saved()
    knows, within = tallymark.export()[0]["relations"]
    assert (knows["note"], knows["head"], knows["head_span"]["label"]) == (1, 0, "PERSON")
    assert (within["head"], within["child"], within["child_span"]["token_start"]) == (2, 4, 3)


def test_with_a_finger_in_the_dark_and_from_right_to_left(tallymark: Tallymark, browser: Browser) -> None:
    start(tallymark, {"text": ARABIC}, {"text": LONG}, options=[*WRAPPED[:2], "--hide-arrow-heads"])
    phone = browser.new_context(
        viewport={"width": 380, "height": 760}, has_touch=True, is_mobile=True, color_scheme="dark"
    )
    ann = sit(Annotator(phone.new_page(), tallymark.url))
    for words in ("نجيب", "القاهرة"):
        _, place = ann.places(words, last=1)
        ann.page.touchscreen.tap(*place)
    draws(ann, arrow("KNOWS", "نجيب", "القاهرة"))
    assert ann.page.locator("svg.arcs .tip").count() == 0
    arcs(ann).tap()
    ann.page.get_by_role("group", name="Label of “نجيب → القاهرة”").get_by_role("button", name="IN").tap()
    draws(ann, arrow("IN", "نجيب", "القاهرة"))
    ann.page.get_by_test_id("accept").tap()
    ann.sees("Word59")
    # one line, which scrolls to what is picked
    ann.press("End", "Enter", "Home", "1")
    draws(ann, *[arrow("KNOWS", "and", "Word0")] * 2)  # a label near either end
    assert ann.text.evaluate("text => text.getClientRects()[0].height") < 300
    ann.holds("text => text.getBoundingClientRect().left >= 0", ann.text.element_handle())
    phone.close()


def test_arcs_are_judged(tallymark: Tallymark, ann: Annotator) -> None:
    tokens = [{"text": "Ada", "start": 0, "end": 3, "id": 0}, {"text": "ran", "start": 4, "end": 7, "id": 1}]
    found = [{"head": 1, "child": 0, "label": "nsubj"}, {"head": 1, "child": 1, "label": "ROOT"}]
    task = {"text": "Ada ran", "tokens": tokens, "arcs": found}
    blocks = {"blocks": [{"view_id": "dep"}, {"view_id": "text_input"}]}
    source = tallymark.file("source.jsonl", [task, task | {"config": {"view_id": "dep"}, "text": "Ada ran."}])
    tallymark.start("mark", "news", source, "--view-id", "blocks", "--config", json.dumps(blocks))
    sit(ann)
    draws(ann, arrow("nsubj", "ran", "Ada"), arrow("ROOT", "ran", "ran"))
    click(ann, "Ada")
    click(ann, "ran")
    ann.press("x")
    ann.sees("Ada ran.")
    draws(ann, arrow("nsubj", "ran", "Ada"), arrow("ROOT", "ran", "ran"))
    ann.press("a")
    expect(ann.ending).to_be_visible()
    ann.everything_is_saved()
    assert [(answer["answer"], answer["arcs"]) for answer in tallymark.export()] == [
        ("reject", found),
        ("accept", found),
    ]
