"""Marking spans by keyboard, mouse and finger, in texts of every kind."""

from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from tests.e2e.annotator import Annotator
from tests.e2e.running import Tallymark

pytestmark = pytest.mark.browser

LABELS = "PERSON,ORG,PLACE"
HISTORY: list[dict[str, Any]] = [
    {"text": "Ada Lovelace met Charles Babbage in London.", "meta": {"big": 12345678901234567890}},
    {"text": "The tapes of Apollo 11 are kept by NASA."},
    {"text": "Maryam Mirzakhani was born in Tehran."},
]


def ner(tallymark: Tallymark, tasks: list[dict[str, Any]], **settings: str) -> None:
    source = tallymark.file("source.jsonl", tasks)
    tallymark.start("ner.manual", "news", "blank:en", source, "--label", LABELS, **settings)


def words(task: dict[str, Any]) -> list[tuple[str, str]]:
    """Marked words and labels of a stored answer, by its offsets in code points."""
    spans = task["spans"]
    text = task["text"]
    assert isinstance(spans, list)
    assert isinstance(text, str)
    tokens = task["tokens"]
    assert isinstance(tokens, list)
    for span in spans:
        assert tokens[span["token_start"]]["start"] == span["start"]
        assert tokens[span["token_end"]]["end"] == span["end"]
    return [(text[span["start"] : span["end"]], span["label"]) for span in spans]


def test_with_the_keyboard_alone(tallymark: Tallymark, ann: Annotator) -> None:
    ner(tallymark, HISTORY)
    ann.sit()
    ann.sees("Ada Lovelace")
    ann.press("ArrowRight", "Shift+ArrowRight", "1")
    ann.marks(("Ada Lovelace", "PERSON"))
    ann.press("End", "ArrowLeft", "3", "a")
    ann.sees("Apollo")
    ann.press("x")
    ann.sees("Mirzakhani")
    ann.press("Control+End", "ArrowLeft", "2", "3", "Space")
    expect(ann.ending).to_contain_text("You are done")
    ann.everything_is_saved()
    first, second, third = tallymark.export()
    assert words(first) == [("Ada Lovelace", "PERSON"), ("London", "PLACE")]
    assert first["meta"] == {"big": 12345678901234567890}
    assert (first["answer"], second["answer"], third["answer"]) == ("accept", "reject", "ignore")
    assert second["spans"] == []
    assert words(third) == [("Tehran", "PLACE")]
    assert first["_session_id"] == first["_annotator_id"] == "news-ann"


def test_with_the_mouse(tallymark: Tallymark, ann: Annotator) -> None:
    ner(tallymark, HISTORY)
    ann.sit()
    ann.drag("Ada Lovelace", first=1, last=6)
    ann.page.get_by_test_id("label").filter(has_text="PLACE").click()
    ann.double_click("London")
    ann.double_click("met")
    ann.marks(("Ada Lovelace", "PERSON"), ("met", "PLACE"), ("London", "PLACE"))
    ann.text.get_by_role("button", name="Remove PLACE from “met”").click()
    ann.marks(("Ada Lovelace", "PERSON"), ("London", "PLACE"))
    ann.text.get_by_role("button", name="PLACE: change the label of “London”").click()
    ann.page.get_by_role("group", name="Label of “London”").get_by_role("button", name="ORG").click()
    ann.marks(("Ada Lovelace", "PERSON"), ("London", "ORG"))
    ann.drag("Lovelace met Charles", first=2)
    ann.marks(("Lovelace met Charles", "PLACE"), ("London", "ORG"))
    ann.press("Control+z")
    ann.marks(("Ada Lovelace", "PERSON"), ("London", "ORG"))
    ann.click("accept")
    ann.sees("Apollo")
    ann.everything_is_saved()
    assert words(tallymark.export()[0]) == [("Ada Lovelace", "PERSON"), ("London", "ORG")]


def test_a_span_under_the_cursor_is_relabelled_and_removed_by_key(
    tallymark: Tallymark, ann: Annotator
) -> None:
    ner(tallymark, HISTORY)
    ann.sit()
    ann.double_click("London")
    ann.double_click("Babbage")
    ann.press(".", "2")
    ann.marks(("Babbage", "ORG"), ("London", "PERSON"))
    ann.press(".", "Backspace")
    ann.marks(("Babbage", "ORG"))
    ann.press("Escape", "a")
    ann.sees("Apollo")
    ann.press("Backspace")
    ann.sees("Ada Lovelace")
    ann.marks(("Babbage", "ORG"))


def test_with_a_finger_on_a_phone(tallymark: Tallymark, browser: Browser) -> None:
    ner(tallymark, HISTORY)
    phone = browser.new_context(viewport={"width": 390, "height": 780}, has_touch=True, is_mobile=True)
    ann = Annotator(phone.new_page(), tallymark.url).sit()
    ann.swipe("Ada Lovelace")
    ann.marks(("Ada Lovelace", "PERSON"))
    _, place = ann.places("London", last=2)
    ann.page.touchscreen.tap(*place)
    ann.page.get_by_test_id("label").filter(has_text="PLACE").tap()
    ann.marks(("Ada Lovelace", "PERSON"), ("London", "PLACE"))
    ann.page.get_by_test_id("accept").tap()
    ann.sees("Apollo")
    ann.everything_is_saved()
    phone.close()
    assert words(tallymark.export()[0]) == [("Ada Lovelace", "PERSON"), ("London", "PLACE")]


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("Inés García 👩🏽‍🔬 flew to Zürich with 🦊 Fox.", "Zürich"),
        ("e\u0301le\u0300ve nai\u0308ve of Cafe\u0301 Paris", "Cafe\u0301"),
        ("First line\nSecond  line\n\n\tthird Line", "third"),
        ("وُلد نجيب محفوظ في القاهرة عام 1911.", "القاهرة"),
        ("東京 は 日本 の 首都 です", "日本"),
    ],
    ids=["emoji", "combining", "newlines", "right-to-left", "wide"],
)
def test_offsets_are_python_s(tallymark: Tallymark, ann: Annotator, text: str, marked: str) -> None:
    ner(tallymark, [{"text": text}])
    ann.sit()
    ann.double_click(marked)
    ann.marks((marked, "PERSON"))
    ann.press("a")
    expect(ann.ending).to_be_visible()
    ann.everything_is_saved()
    assert words(tallymark.export()[0]) == [(marked, "PERSON")]


def test_arrows_follow_the_eye_in_right_to_left_text(tallymark: Tallymark, ann: Annotator) -> None:
    ner(tallymark, [{"text": "ذهب نجيب إلى القاهرة"}])
    ann.sit()
    ann.press("ArrowLeft", "ArrowLeft", "1")
    ann.marks(("نجيب", "PERSON"))


def test_characters_where_the_recipe_says_so(tallymark: Tallymark, ann: Annotator) -> None:
    ner(tallymark, [{"text": "unbelievable 👍🏽 x"}], ner_manual_highlight_chars="true")
    ann.sit()
    ann.drag("unbelievable", first=2, last=8)
    ann.press("a")
    ann.everything_is_saved()
    (span,) = tallymark.export()[0]["spans"]
    assert "unbelievable"[span["start"] : span["end"]].startswith(("believ", "elieva"))
    assert "token_start" not in span


def test_given_spans_keep_what_the_page_does_not_know(tallymark: Tallymark, ann: Annotator) -> None:
    given = {
        "start": 0,
        "end": 3,
        "token_start": 0,
        "token_end": 0,
        "label": "PERSON",
        "id": 98765432109876543210,
    }
    ner(tallymark, [{"text": "Ada met Bob", "spans": [given]}])
    ann.sit()
    ann.marks(("Ada", "PERSON"))
    ann.double_click("Bob")
    ann.press("a")
    ann.everything_is_saved()
    first, second = tallymark.export()[0]["spans"]
    assert first == given
    assert (second["start"], second["end"], second["label"]) == (8, 11, "PERSON")


def test_thousands_of_tokens_are_marked_at_their_end(tallymark: Tallymark, ann: Annotator) -> None:
    text = "\n".join(f"Line {n} says that Ada met Bob in Paris and wrote it down." for n in range(500))
    ner(tallymark, [{"text": f"{part}\n{text}"} for part in ("One", "Two")])
    ann.sit()
    ann.press("Control+End", "ArrowLeft", "1")
    ann.marks(("down", "PERSON"))
    ann.press("ArrowLeft", "2")
    ann.marks(("it", "ORG"), ("down", "PERSON"))
    ann.press("a")
    ann.sees("Two")
    ann.everything_is_saved()
    assert words(tallymark.export()[0]) == [("it", "ORG"), ("down", "PERSON")]
