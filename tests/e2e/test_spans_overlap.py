"""Spans that lie in and over each other, spans that are only judged, and the tools for many spans."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from tests.e2e.annotator import Annotator
from tests.e2e.running import Tallymark
from tests.e2e.test_access import nothing_found

pytestmark = pytest.mark.browser

LABELS = "PERSON,ORG,PLACE"
TEXT = "The University of California in Los Angeles won."
SHARED = Path(__file__).parents[3] / "shared/data"
Span = tuple[str, str]


def given(words: str, label: str, text: str = TEXT, **more: Any) -> dict[str, Any]:
    start = text.index(words)
    return {"start": start, "end": start + len(words), "label": label, **more}


def overlapping(tallymark: Tallymark, *tasks: dict[str, Any], **settings: str) -> None:
    source = tallymark.file("source.jsonl", list(tasks) or [{"text": TEXT}, {"text": "Two"}])
    tallymark.start("spans.manual", "news", "blank:en", source, "--label", LABELS, **settings)


def mark(
    tallymark: Tallymark, view: str, *tasks: dict[str, Any], label: str = LABELS, **settings: str
) -> None:
    source = tallymark.file("source.jsonl", list(tasks))
    tallymark.start("mark", "news", source, "--view-id", view, "--label", label, **settings)


def drawn(ann: Annotator, text: str = TEXT) -> list[Span]:
    """Words and labels of the spans on the screen, in the order of the text, outer ones first."""
    keys: list[str] = ann.text.locator(".tag").evaluate_all("tags => tags.map(tag => tag.dataset.span)")
    spans = []
    for key in keys:
        start, end, label = key.split(" ", 2)
        spans.append((int(start), -int(end), label))
    return [(text[start:-end], label) for start, end, label in sorted(spans)]


def draws(ann: Annotator, *spans: Span, text: str = TEXT) -> None:
    """Wait until exactly these spans are drawn."""
    expect(ann.text.locator(".tag")).to_have_count(len(spans))
    assert drawn(ann, text) == list(spans)


def stored(task: dict[str, Any]) -> list[Span]:
    return [(task["text"][span["start"] : span["end"]], span["label"]) for span in task["spans"]]


class TestManual:
    def test_with_the_keyboard_alone(self, tallymark: Tallymark, ann: Annotator) -> None:
        overlapping(tallymark)
        ann.sit()
        ann.sees("University")
        ann.press("ArrowRight", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "2")
        ann.press("3")  # the same words have another label, too
        ann.press("ArrowRight", "ArrowLeft", "1")  # a span in a span
        university, state = "University of California", "California"
        draws(ann, (university, "ORG"), (university, "PLACE"), (state, "PERSON"))
        ann.press("Escape", ".", ".", ".", "3")  # to the inner one, and another label
        draws(ann, (university, "ORG"), (university, "PLACE"), (state, "PLACE"))
        ann.press("p", "p", "p", "p", "o")  # its end three tokens further
        draws(ann, (university, "ORG"), (university, "PLACE"), ("California in Los Angeles", "PLACE"))
        ann.press(",", "Backspace")
        draws(ann, (university, "ORG"), ("California in Los Angeles", "PLACE"))
        ann.press("Control+z")
        draws(ann, (university, "ORG"), (university, "PLACE"), ("California in Los Angeles", "PLACE"))
        ann.press("Control+Shift+z", "a")
        ann.sees("Two")
        ann.everything_is_saved()
        assert tallymark.export()[0]["spans"] == [
            {"start": 4, "end": 28, "token_start": 1, "token_end": 3, "label": "ORG"},
            {"start": 18, "end": 43, "token_start": 3, "token_end": 6, "label": "PLACE"},
        ]
        assert list(tallymark.export()[0]["spans"][0]) == [
            "start",
            "end",
            "token_start",
            "token_end",
            "label",
        ]

    def test_with_the_mouse(self, tallymark: Tallymark, ann: Annotator) -> None:
        overlapping(tallymark)
        ann.sit()
        ann.drag("University of California", first=1)
        ann.drag("California in Los Angeles")
        ann.page.get_by_test_id("label").filter(has_text="PLACE").click()
        ann.double_click("California")
        expect(ann.text.locator(".tag")).to_have_count(3)
        ann.text.get_by_role("button", name="PERSON: change the label of “University of California”").click()
        menu = ann.page.get_by_role("group", name="Label of “University of California”")
        menu.get_by_role("button", name="ORG").click()
        # the band of a span, where nothing of another one is, takes the click
        band = ann.text.locator(".bands").first.bounding_box()
        assert band is not None
        ann.page.mouse.click(band["x"] + band["width"] - 4, band["y"] + band["height"] - 8)
        handle = ann.page.locator("[data-side=end]")
        expect(handle).to_be_visible()
        _, end = ann.places("in Los")
        box = handle.bounding_box()
        assert box is not None
        ann.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        ann.page.mouse.down()
        ann.page.mouse.move(*end, steps=4)
        ann.page.mouse.up()
        ann.text.get_by_role("button", name="Remove PLACE from “California”").click()
        draws(ann, ("University of California in Los", "ORG"), ("California in Los Angeles", "PERSON"))
        ann.click("accept")
        ann.sees("Two")
        ann.everything_is_saved()
        assert stored(tallymark.export()[0]) == [
            ("University of California in Los", "ORG"),
            ("California in Los Angeles", "PERSON"),
        ]

    def test_with_a_finger(self, tallymark: Tallymark, browser: Browser) -> None:
        university = "University of California"
        overlapping(tallymark, {"text": TEXT, "spans": [given(university, "ORG")]})
        phone = browser.new_context(viewport={"width": 380, "height": 760}, has_touch=True, is_mobile=True)
        ann = Annotator(phone.new_page(), tallymark.url).sit()
        ann.swipe("California")
        draws(ann, (university, "ORG"), ("California", "PERSON"))
        ann.text.get_by_role("button", name="PERSON: change the label of “California”").tap()
        menu = ann.page.get_by_role("group", name="Label of “California”")
        menu.get_by_role("button", name="PLACE").tap()
        draws(ann, (university, "ORG"), ("California", "PLACE"))
        ann.text.get_by_role("button", name=f"Remove ORG from “{university}”").tap()
        draws(ann, ("California", "PLACE"))
        ann.page.get_by_test_id("accept").tap()
        expect(ann.ending).to_be_visible()
        ann.everything_is_saved()
        phone.close()
        assert stored(tallymark.export()[0]) == [("California", "PLACE")]

    def test_every_span_can_be_reached_at_depth_five(self, tallymark: Tallymark, ann: Annotator) -> None:
        nested = ["University of California in Los Angeles", "University of California", "of California"]
        spans = [given(words, "ORG") for words in [*nested, "California in Los", "California"]]
        overlapping(tallymark, {"text": TEXT, "spans": spans})
        ann.sit()
        for tag in ann.text.locator(".tag .name").all():
            on_top = tag.evaluate(
                """(tag) => { const { left, top, width, height } = tag.getBoundingClientRect();
                  return document.elementFromPoint(left + width / 2, top + height / 2) === tag; }"""
            )
            assert on_top, tag.get_attribute("aria-label")
        expect(ann.text.locator(".tag")).to_have_count(5)
        ann.press("a")
        expect(ann.ending).to_be_visible()
        ann.everything_is_saved()
        kept = [
            {key: span[key] for key in ("start", "end", "label")} for span in tallymark.export()[0]["spans"]
        ]
        assert kept == spans

    def test_a_resized_span_keeps_what_else_it_holds(self, tallymark: Tallymark, ann: Annotator) -> None:
        place = {"start": 18, "end": 28, "text": "California", "label": "ORG"}
        span = {**place, "source": "model", "input_hash": 7}
        overlapping(tallymark, {"text": TEXT, "spans": [span]})
        ann.sit()
        ann.press(".", "q", "q", "a")
        expect(ann.ending).to_be_visible()
        ann.everything_is_saved()
        (answer,) = tallymark.export()[0]["spans"]
        moved = {"start": 4, "text": "University of California", "token_start": 1, "token_end": 3}
        assert answer == {**span, **moved}


class TestJudged:
    @pytest.mark.parametrize("view", ["ner", "spans"])
    def test_the_task_comes_back_as_it_was(self, tallymark: Tallymark, ann: Annotator, view: str) -> None:
        spans = [given("California", "PLACE", source="model", score=0.5), given("Los Angeles", "ORG")]
        if view == "spans":
            spans.append(given("University of California in Los Angeles", "ORG"))
        mark(tallymark, view, {"text": TEXT, "spans": spans}, {"text": "Two"})
        ann.sit()
        expect(ann.text.locator(".tag")).to_have_count(len(spans))
        ann.press("1", "ArrowRight", "x")
        ann.sees("Two")
        ann.press("a")
        expect(ann.ending).to_be_visible()
        ann.everything_is_saved()
        first, second = tallymark.export()
        assert (first["answer"], second["answer"]) == ("reject", "accept")
        assert first["spans"] == spans
        assert "spans" not in second


class TestTools:
    def test_the_same_words_everywhere_are_one_step(self, tallymark: Tallymark, ann: Annotator) -> None:
        text = "Ada met Bob. Bob liked Ada, and Adam liked Bob."
        mark(tallymark, "ner_manual", {"text": text, "tokens": tokens(text)})
        ann.sit()
        ann.double_click("Bob")
        ann.double_click("Ada")
        ann.press(".", "e")
        draws(ann, ("Ada", "PERSON"), ("Bob", "PERSON"), ("Ada", "PERSON"), text=text)
        ann.text.get_by_role("button", name="PERSON: change the label of “Bob”").click()
        ann.page.get_by_test_id("everywhere").click()
        expect(ann.text.locator(".tag")).to_have_count(5)
        ann.press("Control+z")
        expect(ann.text.locator(".tag")).to_have_count(3)
        ann.press("Escape", "Escape", "a")
        expect(ann.ending).to_be_visible()
        ann.everything_is_saved()
        assert [word for word, _ in stored(tallymark.export()[0])] == ["Ada", "Bob", "Ada"]

    def test_the_last_label_again(self, tallymark: Tallymark, ann: Annotator) -> None:
        mark(tallymark, "ner_manual", {"text": TEXT})
        ann.sit()
        ann.press("ArrowRight", "ArrowRight", "3", "ArrowRight", "ArrowRight", "r", "a")
        expect(ann.ending).to_be_visible()
        ann.everything_is_saved()
        assert stored(tallymark.export()[0]) == [("University", "PLACE"), ("California", "PLACE")]

    def test_characters_where_there_are_no_tokens(self, tallymark: Tallymark, ann: Annotator) -> None:
        mark(tallymark, "ner_manual", {"text": "東京タワーは高い"})
        ann.sit()
        toggle = ann.page.get_by_test_id("characters")
        expect(toggle).to_have_attribute("aria-pressed", "false")
        ann.press("m")
        expect(toggle).to_have_attribute("aria-pressed", "true")
        ann.press("ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "3", "a")
        expect(ann.ending).to_be_visible()
        ann.everything_is_saved()
        assert tallymark.export()[0]["spans"] == [{"start": 0, "end": 3, "label": "PLACE"}]

    def test_a_span_beside_the_tokens_is_kept_and_pointed_out(
        self, tallymark: Tallymark, ann: Annotator
    ) -> None:
        odd = given("iforn", "ORG", source="other", token_start=3, token_end=3)
        mark(tallymark, "ner_manual", {"text": TEXT, "tokens": tokens(TEXT), "spans": [odd]})
        ann.sit()
        expect(ann.page.get_by_test_id("misaligned")).to_contain_text("iforn")
        ann.double_click("won")
        ann.press("a")
        expect(ann.ending).to_be_visible()
        ann.everything_is_saved()
        first, second = tallymark.export()[0]["spans"]
        assert first == odd
        assert second["label"] == "PERSON"

    def test_hundreds_of_labels_are_searched(self, tallymark: Tallymark, ann: Annotator) -> None:
        labels = ",".join(f"{kind}_{n}" for kind in ("ALPHA", "BETA", "GAMMA") for n in range(100))
        descriptions = '{"GAMMA_42": "The one that is meant"}'
        mark(tallymark, "spans_manual", {"text": TEXT}, label=labels, label_descriptions=descriptions)
        ann.sit()
        ann.press("ArrowRight", "ArrowRight", "/")
        field = ann.page.get_by_role("combobox")
        expect(field).to_be_focused()
        ann.page.keyboard.type("gamma_4")
        expect(ann.page.get_by_role("option")).to_have_count(11)
        expect(ann.page.get_by_role("option", name="GAMMA_42")).to_contain_text("The one that is meant")
        ann.press("ArrowDown", "ArrowDown", "ArrowDown", "Enter")
        draws(ann, ("University", "GAMMA_42"))
        ann.press("Escape", "a")
        expect(ann.ending).to_be_visible()
        ann.everything_is_saved()
        assert stored(tallymark.export()[0]) == [("University", "GAMMA_42")]

    def test_what_a_label_means(self, tallymark: Tallymark, ann: Annotator) -> None:
        descriptions = '{"ORG": "Companies and offices"}'
        mark(tallymark, "ner_manual", {"text": TEXT}, label_descriptions=descriptions)
        ann.sit()
        label = ann.page.get_by_test_id("label").filter(has_text="ORG")
        expect(label).to_have_accessible_description("Companies and offices")
        label.hover()
        expect(ann.page.get_by_role("tooltip")).to_have_text("Companies and offices")
        ann.page.mouse.move(0, 0)
        expect(ann.page.get_by_role("tooltip")).to_have_count(0)
        label.focus()
        expect(ann.page.get_by_role("tooltip")).to_be_visible()


def tokens(text: str) -> list[dict[str, Any]]:
    """As spaCy would, for texts of words and full stops."""
    made: list[dict[str, Any]] = []
    at = 0
    for word in text.replace(".", " .").replace(",", " ,").split():
        start = text.index(word, at)
        at = start + len(word)
        made.append(
            {"text": word, "start": start, "end": at, "id": len(made), "ws": text[at : at + 1] == " "}
        )
    return made


class TestRealData:
    """Exports of others open, and come back as they were."""

    @pytest.mark.parametrize("view", ["ner", "ner_manual", "spans_manual"])
    @pytest.mark.parametrize(
        "name",
        [
            "spacy-projects/fashion_brands_training.jsonl",
            "spacy-projects/food_data.jsonl",
            "prodigy-recipes/annotated_news_headlines-ORG-PERSON-LOCATION-ner.jsonl",
        ],
    )
    def test_untouched_spans_come_back(
        self, tallymark: Tallymark, ann: Annotator, name: str, view: str
    ) -> None:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"{path} is not there")
        rows = list(islice(with_spans(path), 4))
        mark(tallymark, view, *rows, label="FASHION_BRAND,INGRED,ORG")
        ann.sit()
        assert ann.answer_all() == len(rows)
        ann.everything_is_saved()
        answers = {task["text"]: task for task in tallymark.export()}
        for row in rows:
            for key in ("spans", "tokens"):
                assert json.dumps(answers[row["text"]].get(key)) == json.dumps(row.get(key))


def with_spans(path: Path) -> Iterator[dict[str, Any]]:
    """Tasks of a file that have several spans, without their answers."""
    with path.open() as lines:
        for line in lines:
            row = json.loads(line)
            if len(row.get("spans") or []) > 1:
                yield {key: value for key, value in row.items() if key != "answer"}


@pytest.mark.parametrize("view", ["ner", "spans", "spans_manual"])
def test_axe_finds_nothing(tallymark: Tallymark, browser: Browser, view: str) -> None:
    spans = [given("University of California", "ORG"), given("California", "PLACE")]
    task = {"text": TEXT, "spans": spans if view != "ner" else spans[:1]}
    labels = LABELS + "," + ",".join(f"OTHER_{n}" for n in range(40 if view == "spans_manual" else 1))
    mark(tallymark, view, task, label=labels)
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, reduced_motion="reduce", bypass_csp=True
    )
    ann = Annotator(context.new_page(), tallymark.url).sit()
    expect(ann.text.locator(".tag").first).to_be_visible()
    nothing_found(ann, "the card")
    if view == "spans_manual":
        ann.press(".", ".")
        nothing_found(ann, "a selected span")
        ann.press("/")
        nothing_found(ann, "the search for a label")
        ann.press("Escape")
        ann.text.locator(".tag .name").first.click()
        nothing_found(ann, "the menu of a span")
        ann.press("Escape")
    ann.page.set_viewport_size({"width": 380, "height": 760})
    nothing_found(ann, "a phone")
    context.close()
