"""Nothing that axe finds, in any interface, dialog, theme or size; and what screen readers are told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, expect
from tests.e2e.annotator import Annotator
from tests.e2e.running import Tallymark
from tests.e2e.test_display import PICTURE, recording

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"
RUN_AXE = """async () => {
  const { violations } = await axe.run({ resultTypes: ["violations"] });
  const told = ({ html, failureSummary }) => `${html} ${failureSummary}`;
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(told).join(" | ")}`);
}"""
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

OPTIONS: list[dict[str, Any]] = [{"id": n, "text": f"Option {n}", "meta": "hint"} for n in range(4)]
OPTIONS[3]["audio"] = recording()
BLOCKS = [
    {"view_id": "ner_manual", "labels": ["PERSON", "ORG"]},
    {"view_id": "choice", "text": None},
    {"view_id": "text_input", "field_label": "Why", "field_rows": 2},
]
TOKENS = [
    {"text": word, "start": place * 4, "end": place * 4 + 3, "id": place, "disabled": word == "met"}
    for place, word in enumerate(["Ada", "met", "Bob", "Two"])
]
TASKS: dict[str, list[dict[str, Any]]] = {
    "text": [{"text": "One text.", "meta": {"source": "here"}}, {"text": "Two"}],
    "classification": [{"text": "One text.", "label": "SPORT"}, {"text": "Two", "label": "X"}],
    "choice": [{"text": "One text.", "options": OPTIONS, "accept": [1]}, {"text": "Two", "options": OPTIONS}],
    "ner_manual": [
        {"text": "Ada met Bob\nin London", "spans": [{"start": 0, "end": 3, "label": "PERSON"}]},
        {"text": "Two"},
    ],
    "relations": [
        {
            "text": f"Ada met Bob {last}",
            "tokens": TOKENS,
            "spans": [{"start": 0, "end": 3, "token_start": 0, "token_end": 0, "label": "PERSON"}],
            "relations": [{"head": 0, "child": 2, "label": "ORG"}, {"head": 1, "child": 1, "label": "X"}],
            "config": {"relations_span_labels": ["PERSON", "PLACE"], "wrap_relations": last == "Two"},
        }
        for last in ("One", "Two")
    ],
    "html": [{"html": "<h2>Title</h2><p onclick='1'>One</p>"}, {"html": "Two"}],
    "image": [
        {
            "image": PICTURE,
            "label": "X",
            "spans": [{"label": "CAT", "x": 9, "y": 9, "width": 50, "height": 50}],
        },
        {"image": PICTURE, "text": "Two"},
    ],
    "image_manual": [
        {"image": PICTURE, "spans": [{"label": "CAT", "x": 150, "y": 9, "width": 70, "height": 50}]},
        {"image": PICTURE, "meta": {"is": "Two"}},
    ],
    "audio": [
        {"audio": recording(), "audio_spans": [{"start": 0, "end": 0.5, "label": "SPEECH"}]},
        {"audio": recording(), "text": "Two"},
    ],
    "audio_manual": [
        {
            "audio": recording(),
            "audio_spans": [
                {"start": 0, "end": 0.5, "label": "PERSON"},
                {"start": 0.4, "end": 3, "label": "ORG", "color": "rgba(255,215,0,0.2)"},
            ],
            "config": {"show_audio_timeline": True},
        },
        {"audio": recording(), "text": "Two"},
    ],
    "compare": [{"input": "One", "accept": "a", "reject": "b"}, {"accept": "Two", "reject": "c"}],
    "diff": [{"accept": "One new text", "reject": "One old text"}, {"accept": "Two", "reject": "Two"}],
    "llm_io": [
        {"text": "One", "llm": {"prompt": "Who is it?", "response": "Ada"}},
        {"llm": {"prompt": "Two"}},
    ],
    "pos": [{"text": "Ada flew", "spans": [{"start": 0, "end": 3, "label": "PROPN"}]}, {"text": "Two"}],
    "pos_manual": [
        {"text": "Ada flew", "spans": [{"start": 0, "end": 3, "label": "PERSON"}]},
        {"text": "Two"},
    ],
    "text_input": [
        {"text": "One text.", "field_label": "Why", "field_suggestions": ["Because"], "user_input": "Be"},
        {"text": "Two", "fields": [{"field_id": "a"}, {"field_id": "b", "field_rows": 3}]},
    ],
    "blocks": [
        {"text": text, "options": OPTIONS, "accept": [1], "config": {"blocks": BLOCKS}}
        for text in ("Ada", "Two")
    ],
    "pages": [
        {"pages": [{"view_id": "text", "text": "Two"}]},
        {
            "pages": [{"view_id": "blocks", "text": "Two", "options": OPTIONS, "config": {"blocks": BLOCKS}}]
            * 2
        },
    ],
}


@pytest.fixture
def someone(browser: Browser, tallymark: Tallymark) -> Iterator[Annotator]:
    # without transitions, colours are final when they are measured
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, reduced_motion="reduce", bypass_csp=True
    )
    yield Annotator(context.new_page(), tallymark.url)
    context.close()


def mark(tallymark: Tallymark, view: str, **settings: str) -> None:
    tallymark.start(
        *("mark", "news", tallymark.file("source.jsonl", TASKS[view]), "--view-id", view),
        *("--label", "PERSON,ORG,PLACE,DATE,EVENT,WORK,PRODUCT,LAW,LANGUAGE,MONEY,TIME,FACILITY,OTHER"),
        ignore_reasons="Not a sentence,Wrong language",
        show_flag="true",
        **settings,
    )


def nothing_found(ann: Annotator, where: str) -> None:
    """Run axe over the page as it is, in each theme."""
    if not ann.page.evaluate("'axe' in window"):
        ann.page.add_script_tag(path=AXE)
    for theme in THEMES:
        ann.page.emulate_media(color_scheme=theme)
        found = ann.page.evaluate(RUN_AXE)
        assert found == [], f"{where}, {theme}: {found}"


@pytest.mark.parametrize("view", list(TASKS))
def test_every_interface(tallymark: Tallymark, someone: Annotator, view: str) -> None:
    mark(tallymark, view)
    ann = someone.sit()
    nothing_found(ann, "the card")
    ann.press("a")
    ann.sees("Two")
    nothing_found(ann, "the second card")
    ann.press("[")
    expect(ann.page.get_by_test_id("earlier")).to_be_visible()
    nothing_found(ann, "an earlier answer")
    ann.page.set_viewport_size({"width": 390, "height": 760})
    nothing_found(ann, "a phone")
    ann.page.get_by_role("button", name="Progress and answers").click()
    nothing_found(ann, "the panel")


def test_every_dialog(tallymark: Tallymark, someone: Annotator) -> None:
    mark(
        tallymark,
        "ner_manual",
        instructions="# Names\n\n1. Mark *names*.\n2. Whole `names`.\n\n| a |\n|---|\n| b |",
    )
    ann = someone.sit()
    expect(ann.page.get_by_role("dialog", name="Instructions")).to_be_visible()
    ann.press("Escape")
    for key, name in {
        "?": "Keys",
        "s": "Your day",
        "Shift+p": "You are taking a break",
        "Control+,": "Settings",
        "i": "Instructions",
        "c": "Comment on this task",
        "h": "Your answers",
        "Space": "Why ignore it?",
    }.items():
        ann.press(key)
        expect(ann.page.get_by_role("dialog", name=name)).to_be_visible()
        nothing_found(ann, name)
        ann.press("Escape")
        expect(ann.page.get_by_role("dialog")).to_have_count(0)
    ann.save_state.click()
    nothing_found(ann, "the save state")
    ann.press("Escape")
    ann.text.get_by_role("button", name="PERSON: change the label of “Ada”").click()
    nothing_found(ann, "the menu of labels")


def test_pages_around_the_desk(tallymark: Tallymark, someone: Annotator) -> None:
    source = tallymark.file("source.jsonl", [{"text": "one"}])
    for dataset in ("news", "blogs"):
        tallymark.start("mark", dataset, source, "--view-id", "text", annotations_per_task="2")
    someone.page.goto(tallymark.url)
    expect(someone.page.get_by_role("link", name="news")).to_be_visible()
    nothing_found(someone, "the list of datasets")
    someone.page.get_by_role("link", name="news").click()
    expect(someone.page.get_by_label("Name")).to_be_visible()
    nothing_found(someone, "the question for a name")
    someone.sit(dataset="news").press("a")
    expect(someone.ending).to_be_visible()
    nothing_found(someone, "the end")


def test_screen_readers_hear_what_happens(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, "ner_manual")
    ann.sit()
    spoken = ann.page.get_by_test_id("spoken")
    ann.press("ArrowRight")
    expect(spoken).to_have_text("Ada, PERSON")
    ann.press("ArrowRight", "Shift+ArrowRight")
    expect(spoken).to_have_text("met Bob")
    ann.press("2")
    expect(spoken).to_have_text("met Bob: ORG")
    ann.press("Escape", "a")
    expect(spoken).to_have_text("Accepted")


def test_the_keyboard_reaches_everything_and_comes_back(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, "ner_manual")
    ann.sit()
    expect(ann.text).to_be_focused()
    ann.press("Tab")
    expect(ann.page.get_by_role("button", name="Flag")).to_be_focused()
    ann.press("Tab", "Tab")
    expect(ann.page.get_by_test_id("accept")).to_be_focused()
    ann.press("Enter")
    ann.sees("Two")


def test_the_theme_is_remembered(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, "text")
    ann.sit()
    ann.press("t")
    expect(ann.page.locator("html")).to_have_attribute("data-theme", "dark")
    ann.reload()
    expect(ann.page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_choice_between_two_answers(tallymark: Tallymark, someone: Annotator, browser: Browser) -> None:
    mark(tallymark, "ner_manual")
    ann = someone.sit()
    ann.press("a")
    ann.everything_is_saved()
    meet(ann, browser)
    for width, height in ((1280, 800), (390, 760), (320, 480)):
        ann.page.set_viewport_size({"width": width, "height": height})
        nothing_found(ann, f"{width} pixels")
    ann.press("Space", "Enter", "Escape")  # keys under way when the question comes up answer nothing
    ann.press("Tab", "Tab")
    expect(ann.page.get_by_test_id("keep-mine")).to_be_focused()
    expect(ann.page.get_by_test_id("keep-mine")).to_contain_text("Rejected")
    ann.press("Tab")
    expect(ann.page.get_by_test_id("keep-theirs")).to_be_focused()
    expect(ann.page.get_by_test_id("keep-theirs")).to_contain_text("“sure”")
    ann.press("Enter")
    expect(ann.page.get_by_role("dialog")).to_have_count(0)


def meet(ann: Annotator, browser: Browser) -> None:
    """Let two pages of one person answer their first task anew, each on top of the same answer."""
    ann.press("[")
    ann.sees("Ada")
    with browser.new_context() as elsewhere:
        other = Annotator(elsewhere.new_page(), ann.url).sit()
        other.press("[")
        other.sees("Ada")
        other.press("c")
        other.page.get_by_role("textbox").fill("sure")
        other.press("Control+Enter", "a")
        other.everything_is_saved()
    ann.press("x")
    expect(ann.page.get_by_role("dialog", name="Two answers to the same task")).to_be_visible()
