"""The pages of the guide: what a person does on the first card of each, and what is stored then."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import expect
from tests.e2e.annotator import Annotator

FOLDER = Path(__file__).parents[2] / "docs/how-to/custom-pages"


def _nothing(_ann: Annotator) -> None:
    """Look at it."""


@dataclass(frozen=True, slots=True)
class GuidePage:
    """One file of the guide. `key` gives the answer; a function under `stored` says if a value is right."""

    work: Callable[[Annotator], None] = _nothing
    key: str = "a"
    stored: Mapping[str, Any] = field(default_factory=dict)


def _form(ann: Annotator) -> None:
    expect(ann.page.get_by_label("Sender")).to_be_focused()
    for label, words in {"Sender": "Ada & Sons", "Date": "2024-05-03", "Total": "1250.00 EUR"}.items():
        ann.page.get_by_label(label).fill(words)


def _choice_and_text(ann: Annotator) -> None:
    ann.press("2")
    ann.page.get_by_label("Why?").fill("Late, but kind.")


def _audio_transcript(ann: Annotator) -> None:
    player = ann.card.locator("audio")
    expect(player).to_have_js_property("paused", True)
    ann.press("Enter")
    expect(player).to_have_js_property("paused", False)
    ann.press("Enter")
    expect(player).to_have_js_property("paused", True)
    field = ann.page.get_by_label("What is said")
    expect(field).to_have_value("this is a hey")
    field.fill("This is an A.")


def _image_text(ann: Annotator) -> None:
    ann.press("1")
    ann.page.get_by_label("A better caption").fill("Green hills under the sun.")


def _dropdown(ann: Annotator) -> None:
    ann.press("a")
    expect(ann.page.get_by_test_id("refused")).to_contain_text("Choose a department first.")
    chosen = ann.page.get_by_label("Goes to")
    chosen.select_option("Shipping")
    expect(chosen).to_have_value("Shipping")


def _timer(ann: Annotator) -> None:
    ann.holds("tallymark.content.seconds >= 1")
    expect(ann.page.get_by_role("timer")).not_to_have_text("0:00")


def _slider(ann: Annotator) -> None:
    slider = ann.page.get_by_role("slider")
    slider.focus()
    ann.press("ArrowRight", "ArrowRight", "ArrowRight")
    expect(ann.page.locator("output")).to_have_text("65 %")
    expect(slider).to_be_focused()


def _highlighter(ann: Annotator) -> None:
    pattern = ann.page.get_by_label("Pattern")
    pattern.fill("[A-Z")
    expect(ann.page.locator("#found")).to_contain_text("Invalid regular expression")
    pattern.fill("[A-Z]{2,}")
    expect(ann.card.locator("mark")).to_have_text(["NATO", "EU", "NYC"])


def _found(matches: list[dict[str, Any]]) -> bool:
    text = "NATO and the EU met 🎉 in NYC."
    return [text[one["start"] : one["end"]] for one in matches] == ["NATO", "EU", "NYC"]


def _dark_theme(ann: Annotator) -> None:
    expect(ann.page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(ann.card).to_have_css("background-color", "rgb(20, 27, 51)")
    ann.drag("Vega")
    ann.marks(("Vega", "STAR"))


def _right_to_left(ann: Annotator) -> None:
    expect(ann.text).to_have_css("direction", "rtl")
    ann.double_click("ירושלים")
    ann.marks(("ירושלים", "מקום"))
    ann.page.get_by_role("radio", name="שיר").click()


def _llm_rating(ann: Annotator) -> None:
    ann.press("4", "Alt+ArrowDown", "3")
    ann.page.get_by_label("Why?").fill("Short and right.")


def _ranking(ann: Annotator) -> None:
    ann.press("1", "3", "2")
    expect(ann.page.get_by_role("checkbox", checked=True)).to_have_count(3)


def _follow_up(ann: Annotator) -> None:
    expect(ann.page.get_by_label("More about it")).to_be_visible()
    ann.press("1")
    ann.page.get_by_label("How many days late is it?").fill("Four.")


def _live_validation(ann: Annotator) -> None:
    code, hint = ann.page.get_by_label("Code"), ann.page.locator("#hint")
    code.fill("AB1234")
    expect(hint).to_have_text("Two capitals, a hyphen, four digits.")
    expect(code).to_have_attribute("aria-invalid", "true")
    ann.press("Control+Enter")
    expect(ann.page.get_by_test_id("refused")).to_contain_text("Two capitals")
    code.fill("AB-1234")
    expect(hint).to_have_text("That is a code.")


def _progress_html(ann: Annotator) -> None:
    said = ann.page.locator(".done span")
    for done in (0, 1, 2):
        expect(said).to_contain_text(f"{done} of 20")
        ann.press("a")
    expect(said).to_have_text("3 of 20")


PAGES: dict[str, GuidePage] = {
    "audio_transcript": GuidePage(_audio_transcript, "Control+Enter", {"transcript": "This is an A."}),
    "choice_and_text": GuidePage(
        _choice_and_text, "Control+Enter", {"accept": ["mixed"], "why": "Late, but kind."}
    ),
    "choice_images": GuidePage(key="1", stored={"accept": ["circle"], "answer": "accept"}),
    "compare_votes": GuidePage(
        key="x",
        stored={"answer": "reject", "mapping": lambda names: sorted(names.values()) == ["new", "old"]},
    ),
    "dark_theme": GuidePage(
        _dark_theme, stored={"spans": lambda spans: [one["label"] for one in spans] == ["STAR"]}
    ),
    "diff_check": GuidePage(
        key="x", stored={"answer": "reject", "accept": {"text": "They're going to the library today."}}
    ),
    "dropdown": GuidePage(_dropdown, "Control+Enter", {"department": "Shipping", "answer": "accept"}),
    "follow_up": GuidePage(
        _follow_up,
        "Control+Enter",
        {"accept": ["late"], "field_label": "How many days late is it?", "detail": "Four."},
    ),
    "form": GuidePage(
        _form, "Control+Enter", {"sender": "Ada & Sons", "date": "2024-05-03", "total": "1250.00 EUR"}
    ),
    "highlighter": GuidePage(_highlighter, "Control+Enter", {"pattern": "[A-Z]{2,}", "matches": _found}),
    "html_fields": GuidePage(stored={"name": "Kettle K2", "answer": "accept"}),
    "image_text": GuidePage(
        _image_text, "Control+Enter", {"accept": ["wrong"], "better": "Green hills under the sun."}
    ),
    "keyboard_only": GuidePage(key="j", stored={"accept": ["sport"], "answer": "accept"}),
    "live_validation": GuidePage(_live_validation, "Control+Enter", {"code": "AB-1234", "answer": "accept"}),
    "llm_rating": GuidePage(
        _llm_rating, "Control+Enter", {"helpful": [4], "true": [3], "why": "Short and right."}
    ),
    "progress_html": GuidePage(_progress_html, stored={"text": "Sentence number 1.", "answer": "accept"}),
    "ranking": GuidePage(_ranking, stored={"accept": [0, 2, 1]}),
    "right_to_left": GuidePage(
        _right_to_left,
        stored={
            "accept": ["song"],
            "spans": lambda spans: [(s["start"], s["end"]) for s in spans] == [(0, 7)],
        },
    ),
    "side_by_side": GuidePage(key="a", work=lambda ann: ann.press("1"), stored={"accept": ["same"]}),
    "slider": GuidePage(_slider, stored={"score": 65}),
    "timer": GuidePage(_timer, stored={"seconds": lambda seconds: seconds >= 1}),
}
