"""The interfaces beside spans: what is shown, which keys answer, and what is stored."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.e2e.annotator import Annotator
from tests.e2e.running import Tallymark

pytestmark = pytest.mark.browser

OPTIONS = [{"id": "sport", "text": "Sport"}, {"id": 7, "text": "Politics"}, {"id": 98765432109876543210}]


def mark(tallymark: Tallymark, view: str, tasks: list[dict[str, Any]], **settings: str) -> None:
    tallymark.start("mark", "news", tallymark.file("source.jsonl", tasks), "--view-id", view, **settings)


def test_text(tallymark: Tallymark, ann: Annotator) -> None:
    mark(
        tallymark,
        "text",
        [{"text": "<b>one</b> & two", "meta": {"source": "x", "score": 0.5}}, {"text": "three"}],
    )
    ann.sit()
    ann.sees("<b>one</b> & two")
    expect(ann.page.get_by_test_id("meta")).to_contain_text("score 0.5")
    ann.press("a")
    ann.sees("three")
    ann.press("x")
    ann.everything_is_saved()
    assert tallymark.answers() == {"<b>one</b> & two": "accept", "three": "reject"}


def test_classification_with_its_label_and_spans(tallymark: Tallymark, ann: Annotator) -> None:
    spans = [{"start": 0, "end": 3, "label": "TEAM"}]
    mark(tallymark, "classification", [{"text": "Ajax won", "label": "SPORT", "spans": spans}])
    ann.sit()
    expect(ann.page.get_by_test_id("headline")).to_have_text("SPORT")
    expect(ann.card.locator("mark")).to_have_text("AjaTEAM")
    ann.click("reject")
    ann.everything_is_saved()
    (answer,) = tallymark.export()
    assert (answer["answer"], answer["label"], answer["spans"]) == ("reject", "SPORT", spans)


def test_one_choice(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, "choice", [{"text": "Who won?", "options": OPTIONS}])
    ann.sit()
    ann.press("a")
    expect(ann.notice()).to_contain_text("Choose an option")
    ann.press("1", "2")
    expect(ann.page.get_by_role("radio", checked=True)).to_have_accessible_name("Politics")
    ann.press("3")
    expect(ann.page.get_by_role("radio", checked=True)).to_have_accessible_name("98765432109876543210")
    ann.press("a")
    ann.everything_is_saved()
    assert tallymark.export()[0]["accept"] == [98765432109876543210]


def test_several_choices_with_the_mouse(tallymark: Tallymark, ann: Annotator) -> None:
    tasks = [{"text": "What?", "options": OPTIONS, "accept": ["sport"]}, {"text": "And?", "options": OPTIONS}]
    mark(tallymark, "choice", tasks, choice_style="multiple", choice_accept_empty="true")
    ann.sit()
    ann.page.get_by_role("checkbox", name="Politics").click()
    ann.press("Space")
    ann.sees("And?")
    ann.press("Backspace")
    ann.sees("What?")
    expect(ann.page.get_by_role("checkbox", checked=True)).to_have_count(2)
    ann.press("a")
    ann.sees("And?")
    ann.press("a")
    ann.everything_is_saved()
    first, second = tallymark.export()
    assert (first["accept"], first["answer"]) == (["sport", 7], "accept")
    assert second["accept"] == []


def test_a_choice_that_accepts_at_once(tallymark: Tallymark, ann: Annotator) -> None:
    tasks = [{"text": f"{n}?", "options": OPTIONS} for n in (1, 2)]
    keys = '{"0": "q"}'
    mark(tallymark, "choice", tasks, choice_auto_accept="true", keymap_by_label=keys)
    ann.sit()
    ann.press("q")
    ann.sees("2?")
    ann.press("2")
    expect(ann.ending).to_contain_text("You are done")
    ann.everything_is_saved()
    assert [task["accept"] for task in tallymark.export()] == [["sport"], [7]]


def test_options_of_html(tallymark: Tallymark, ann: Annotator) -> None:
    options = [
        {"id": "bold", "html": "<b>bold</b> words"},
        {"id": "active", "html": "<i onclick='window.stolen = 1'>other words</i>"},
    ]
    mark(tallymark, "choice", [{"text": "Which?", "options": options}])
    ann.sit()
    expect(ann.page.get_by_test_id("html").locator("b")).to_have_text("bold")
    ann.page.get_by_text("other words").click()
    expect(ann.page.get_by_role("radio", checked=True)).to_have_accessible_name("active")
    expect(ann.page.get_by_test_id("removed")).to_contain_text("onclick")
    assert ann.page.evaluate("window.stolen") is None
    ann.press("1", "a")
    ann.everything_is_saved()
    assert tallymark.export()[0]["accept"] == ["bold"]


def test_a_rating_by_number_and_by_arrow(tallymark: Tallymark, ann: Annotator) -> None:
    scale = [{"id": n, "text": {0: "Poor", 4: "Great"}.get(n, "")} for n in range(5)]
    mark(tallymark, "choice", [{"text": f"{n}?", "options": scale} for n in (1, 2)], choice_style="rating")
    ann.sit()
    ann.press("0")
    expect(ann.page.get_by_role("radio", checked=True)).to_have_accessible_name("0 Poor")
    ann.press("ArrowRight", "ArrowRight", "ArrowLeft", "a")
    ann.sees("2?")
    ann.press("ArrowLeft")
    expect(ann.page.get_by_role("radio", checked=True)).to_have_accessible_name("4 Great")
    ann.press("a")
    ann.everything_is_saved()
    assert [task["accept"] for task in tallymark.export()] == [[1], [4]]


def test_a_ranking_is_stored_in_its_order(tallymark: Tallymark, ann: Annotator) -> None:
    options = [{"id": name, "text": name.upper()} for name in ("a", "b", "c")]
    mark(tallymark, "choice", [{"text": "Which first?", "options": options}], choice_style="ranking")
    ann.sit()
    ann.press("3", "1", "a")
    expect(ann.notice()).to_contain_text("Rank all 3 options first (2 so far)")
    ann.page.get_by_role("checkbox", name="B").click()
    ann.press("1", "1")
    expect(ann.page.get_by_role("checkbox", checked=True)).to_have_text(["3 A 1", "2 B 2", "1 C 3"])
    ann.press("a")
    ann.everything_is_saved()
    assert tallymark.export()[0]["accept"] == ["c", "b", "a"]


def test_html_is_shown_without_what_could_act(tallymark: Tallymark, ann: Annotator) -> None:
    html = (
        '<h3 style="color: rgb(1, 2, 3)">Title</h3><table><tr><td>cell</td></tr></table>'
        '<img src="x" onerror="window.stolen = 1"><script>window.stolen = 1</script>'
        '<style>body, .card { display: none }</style><a href="javascript:alert(1)">link</a>'
    )
    mark(tallymark, "html", [{"html": html}])
    ann.sit()
    shown = ann.page.get_by_test_id("html")
    expect(shown.get_by_role("heading", name="Title")).to_have_css("color", "rgb(1, 2, 3)")
    expect(shown.get_by_role("cell")).to_have_text("cell")
    expect(ann.page.get_by_test_id("removed")).to_contain_text("onerror")
    expect(ann.page.get_by_test_id("removed")).to_contain_text("script")
    expect(ann.card).to_be_visible()
    assert ann.page.evaluate("window.stolen") is None
    ann.press("a")
    ann.everything_is_saved()
    assert tallymark.export()[0]["html"] == html


def test_harmless_html_is_shown_without_a_notice(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, "html", [{"html": "<div>just <b>this</b></div>"}])
    ann.sit()
    expect(ann.page.get_by_test_id("html").locator("b")).to_have_text("this")
    expect(ann.page.get_by_test_id("removed")).to_have_count(0)


def test_a_template_escapes_what_it_fills_in(tallymark: Tallymark, ann: Annotator) -> None:
    template = "<h3>{{title}}</h3><p>{{{raw}}}</p>{{#rows}}<li>{{.}}</li>{{/rows}}"
    task = {"title": "<i>a</i> & b", "raw": "<b>bold</b><script>1</script>", "rows": ["x", "y"]}
    mark(tallymark, "html", [task], html_template=template)
    ann.sit()
    shown = ann.page.get_by_test_id("html")
    expect(shown.get_by_role("heading")).to_have_text("<i>a</i> & b")
    expect(shown.locator("b")).to_have_text("bold")
    expect(shown.locator("li")).to_have_text(["x", "y"])


def test_flag_comment_and_reason_travel_with_the_answer(tallymark: Tallymark, ann: Annotator) -> None:
    tasks: list[dict[str, Any]] = [{"text": "one"}, {"text": "two"}]
    mark(tallymark, "text", tasks, show_flag="true", ignore_reasons="Not a sentence,Wrong language")
    ann.sit()
    ann.press("f", "c")
    ann.page.get_by_role("textbox", name="Comment").fill("See the manual")
    ann.press("Enter")
    expect(ann.page.get_by_test_id("comment")).to_have_text("“See the manual”")
    ann.press("Space", "2")
    ann.sees("two")
    ann.everything_is_saved()
    listed = ann.page.get_by_test_id("past-answer")
    expect(listed).to_contain_text("Wrong language · flagged · “See the manual”")
    (answer,) = tallymark.export()
    assert (answer["answer"], answer["flagged"]) == ("ignore", True)


def test_keys_of_the_recipe_and_the_list_of_keys(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, "text", [{"text": "one"}, {"text": "two"}], keymap='{"accept": ["ctrl+enter"]}')
    ann.sit()
    ann.press("a", "?")
    expect(ann.page.get_by_role("dialog", name="Keys")).to_contain_text("ctrl ⏎")
    ann.press("Escape")
    ann.sees("one")
    ann.press("Control+Enter")
    ann.sees("two")


def test_the_name_is_asked_once(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, "text", [{"text": "one"}], annotations_per_task="2")
    ann.page.goto(tallymark.url)
    ann.page.get_by_label("Name").fill("Grace Hopper")
    ann.page.get_by_role("button", name="Start").click()
    ann.sees("one")
    ann.reload()
    expect(ann.page.get_by_test_id("seat")).to_have_text("Grace Hopper")


def test_a_name_that_is_not_allowed_is_asked_again(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, "text", [{"text": "one"}], allowed_sessions="ada,grace")
    ann.page.goto(f"{tallymark.url}/?session=eve")
    expect(ann.page.get_by_role("alert")).to_contain_text("eve")
    ann.page.get_by_label("Name").select_option("grace")
    ann.page.get_by_role("button", name="Start").click()
    ann.sees("one")


def test_several_datasets_are_offered(tallymark: Tallymark, ann: Annotator) -> None:
    source = tallymark.file("source.jsonl", [{"text": "one"}])
    for dataset in ("news", "blogs"):
        tallymark.start("mark", dataset, source, "--view-id", "text")
    ann.page.goto(f"{tallymark.url}/?session=ann")
    ann.page.get_by_role("link", name="blogs").click()
    ann.sees("one")
    expect(ann.page.get_by_role("heading", level=1)).to_have_text("blogs")


RECIPE = """
from tallymark import get_stream, recipe

@recipe("strict")
def strict(dataset: str, source: str):
    def validate_answer(task):
        if task["answer"] == "accept" and not task.get("spans"):
            raise ValueError("Mark at least one span.")

    return {
        "dataset": dataset,
        "view_id": "ner_manual",
        "stream": get_stream(source),
        "validate_answer": validate_answer,
        "config": {"labels": ["PERSON"]},
    }
"""


def test_an_answer_the_recipe_refuses_stays_on_the_table(
    tallymark: Tallymark, ann: Annotator, tmp_path: Path
) -> None:
    recipe = tmp_path / "strict.py"
    recipe.write_text(RECIPE)
    source = tallymark.file("source.jsonl", [{"text": "Ada met Bob"}, {"text": "Two"}])
    tallymark.start("strict", "news", source, "-F", recipe)
    ann.sit()
    ann.press("a")
    expect(ann.page.get_by_test_id("refused")).to_contain_text("Mark at least one span.")
    ann.sees("Ada met Bob")
    ann.double_click("Ada")
    ann.press("a")
    ann.sees("Two")
    ann.everything_is_saved()
    assert len(tallymark.export()[0]["spans"]) == 1
