"""Templates, styles and scripts of a recipe: what they reach, what they hear, and what they cannot break."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, expect
from tests.e2e.annotator import Annotator
from tests.e2e.running import COMMAND, Tallymark

pytestmark = pytest.mark.browser

RECIPE = """
import json
import subprocess
from pathlib import Path
from tallymark import recipe

@recipe("page")
def page(dataset: str, config: str):
    given = json.loads(Path(config).read_text())
    def add(ctrl, *, first, second):
        return {"sum": first + second, "dataset": ctrl.dataset}
    def fail(ctrl):
        raise ValueError("no more words")
    return {
        "dataset": dataset,
        "stream": given.pop("tasks"),
        "view_id": given.pop("view_id", "html"),
        "event_hooks": {"add": add, "fail": fail},
        "config": given,
    }
"""
TEMPLATE = (
    '<style>.big { color: rgb(4, 5, 6) }</style><p class="big" id="words">{{text}}</p>'
    '<button id="more" onclick="window.prodigy.update({ text: `${prodigy.content.text}!` })">More</button>'
    "<div id='raw'>{{{raw}}}</div>"
)
LISTEN = """
window.heard = [];
for (const kind of ["mount", "load", "update", "answer", "undo", "end", "save", "scriptload"]) {
  document.addEventListener(`prodigy${kind}`, (event) => {
    const { task, answer, url } = event.detail;
    window.heard.push([kind, task?.text ?? answer ?? url ?? null]);
  });
}
"""
TASKS = [{"text": "one"}, {"text": "two"}]


def serve(tallymark: Tallymark, tasks: list[dict[str, Any]] = TASKS, **config: Any) -> None:
    recipe, given = tallymark.home / "page.py", tallymark.home / "config.json"
    recipe.write_text(RECIPE)
    given.write_text(json.dumps({"tasks": tasks, **config}))
    tallymark.start("page", "news", given, "-F", recipe)


def hears(ann: Annotator, *events: list[str | None]) -> None:
    """Wait until exactly these events were heard."""
    ann.holds("count => window.heard?.length >= count", len(events))
    assert ann.page.evaluate("window.heard") == list(events)


def test_a_template_of_the_recipe_acts_and_its_values_do_not(tallymark: Tallymark, ann: Annotator) -> None:
    raw = '<b onclick="window.stolen = 1">bold</b><style>p { display: none }</style><script>1</script>'
    serve(tallymark, [{"text": "<i>one</i>", "raw": raw}, {"text": "two"}], html_template=TEMPLATE)
    ann.sit()
    words = ann.page.locator("#words")
    expect(words).to_have_text("<i>one</i>")
    expect(words).to_have_css("color", "rgb(4, 5, 6)")
    removed = ann.page.get_by_test_id("removed")
    for part in ("onclick", "style", "script"):
        expect(removed).to_contain_text(part)
    ann.page.locator("#raw b").click()
    assert ann.page.evaluate("window.stolen") is None
    ann.page.locator("#more").click()
    expect(words).to_have_text("<i>one</i>!")
    ann.press("a")
    expect(words).to_have_text("two")
    ann.everything_is_saved()
    assert tallymark.export()[0]["text"] == "<i>one</i>!"


def test_a_template_of_a_task_is_data(tallymark: Tallymark, ann: Annotator) -> None:
    own = {"html_template": '<p id="own" onclick="window.stolen = 1">own {{text}}</p>'}
    serve(tallymark, [{"text": "one", "config": own}], html_template=TEMPLATE)
    ann.sit()
    ann.page.locator("#own").click()
    expect(ann.page.get_by_test_id("removed")).to_contain_text("onclick")
    assert ann.page.evaluate("window.stolen") is None


def test_html_of_tasks_acts_where_the_recipe_answers_for_it(tallymark: Tallymark, ann: Annotator) -> None:
    html = "<button onclick=\"tallymark.update({ seen: '" + "{{text}}" + "' })\">Seen</button>"
    own = {"text": "one", "html": html.replace("{{text}}", "yes")}
    serve(tallymark, [own, {"text": "two"}], html_trust="recipe")
    ann.sit()
    ann.holds("window.tallymark !== undefined")
    ann.card.get_by_role("button", name="Seen").click()
    expect(ann.page.get_by_test_id("removed")).to_have_count(0)
    ann.holds("tallymark.content.seen === 'yes'")
    ann.press("a")
    ann.everything_is_saved()
    assert tallymark.export()[0]["seen"] == "yes"


def test_what_stays_the_same_on_a_card_keeps_the_focus(tallymark: Tallymark, ann: Annotator) -> None:
    template = "<input id='field'><p>{{text}}</p>"
    listen = "document.addEventListener('input', (e) => tallymark.update({ typed: e.target.value }))"
    serve(tallymark, html_template=template, javascript=listen)
    ann.sit()
    field = ann.page.locator("#field")
    field.click()
    ann.page.keyboard.type("abc")
    ann.holds("tallymark.content.typed === 'abc'")
    expect(field).to_be_focused()
    ann.press("Control+Enter")
    ann.sees("two")
    expect(field).to_have_value("")
    ann.everything_is_saved()
    assert tallymark.export()[0]["typed"] == "abc"


def test_scripts_hear_what_happens(tallymark: Tallymark, ann: Annotator) -> None:
    serve(tallymark, view_id="text", javascript=LISTEN)
    ann.sit()
    hears(ann, ["scriptload", "inline"], ["mount", None], ["load", None], ["update", "one"])
    ann.page.evaluate("window.heard = []")
    ann.press("a")
    ann.sees("two")
    hears(ann, ["answer", "one"], ["update", "two"])
    ann.press("Backspace")
    ann.sees("one")
    hears(ann, ["answer", "one"], ["update", "two"], ["undo", "one"], ["update", "one"])
    ann.page.evaluate("window.heard = []")
    ann.page.evaluate("window.prodigy.save()")
    hears(ann, ["save", None])
    ann.press("a")
    ann.sees("two")
    ann.press("a")
    expect(ann.ending).to_contain_text("You are done")
    ann.holds("window.heard.some(([kind]) => kind === 'end')")
    ann.everything_is_saved()


def test_what_scripts_write_is_stored(tallymark: Tallymark, ann: Annotator) -> None:
    options = [{"id": 1, "text": "A"}, {"id": 2, "text": "B"}]
    tasks = [{"text": text, "options": options} for text in ("one", "two")]
    serve(tallymark, tasks, view_id="choice", javascript="window.ready = 1")
    ann.sit()
    ann.holds("window.ready === 1")
    ann.press("2")
    ann.page.evaluate("window.prodigy.update({ note: 'n', text: 'changed' })")
    ann.sees("changed")
    expect(ann.page.get_by_role("radio", checked=True)).to_have_accessible_name("B")
    ann.page.evaluate("window.tallymark.content.list = [1]")
    assert ann.page.evaluate("window.prodigy.content.accept") == [2]
    ann.page.evaluate("window.prodigy.update({ accept: [1] })")
    expect(ann.page.get_by_role("radio", checked=True)).to_have_accessible_name("A")
    ann.press("a")
    ann.sees("two")
    ann.everything_is_saved()
    (answer,) = tallymark.export()
    told = {key: answer[key] for key in ("note", "text", "list", "accept", "answer")}
    assert told == {"note": "n", "text": "changed", "list": [1], "accept": [1], "answer": "accept"}


def test_unsent_values_of_scripts_outlive_the_page(tallymark: Tallymark, ann: Annotator) -> None:
    serve(tallymark, view_id="text", javascript="window.ready = 1")
    ann.sit()
    ann.holds("window.ready === 1")
    ann.page.evaluate("window.prodigy.update({ note: 'kept' })")
    ann.page.evaluate("window.prodigy.save()")
    ann.reload()
    ann.holds("window.ready === 1")
    assert ann.page.evaluate("window.prodigy.content.note") == "kept"
    ann.press("a")
    ann.sees("two")
    ann.everything_is_saved()
    assert tallymark.export()[0]["note"] == "kept"


def test_event_hooks_answer(tallymark: Tallymark, ann: Annotator) -> None:
    serve(tallymark, view_id="text", javascript="window.ready = 1")
    ann.sit()
    ann.holds("window.ready === 1")
    call = "window.prodigy.event('add', { first: 2, second: 3 })"
    assert ann.page.evaluate(call) == {"sum": 5, "dataset": "news"}
    ann.page.evaluate("void window.prodigy.event('fail')")
    expect(ann.notice()).to_contain_text("no more words")


def test_an_error_of_a_script_is_shown_and_costs_no_answer(tallymark: Tallymark, ann: Annotator) -> None:
    broken = (
        "document.addEventListener('prodigyanswer', () => { throw new Error('broken listener'); });"
        "document.addEventListener('prodigyupdate', () => missing.name);"
    )
    serve(tallymark, view_id="text", javascript=broken)
    ann.sit()
    expect(ann.notice()).to_contain_text("missing is not defined")
    ann.press("a")
    ann.sees("two")
    expect(ann.notice().filter(has_text="broken listener")).to_have_count(1)
    ann.everything_is_saved()
    assert tallymark.answers() == {"one": "accept"}


def test_files_of_folders_and_the_text_in_order(tallymark: Tallymark, ann: Annotator, tmp_path: Path) -> None:
    scripts, styles = tmp_path / "js", tmp_path / "css"
    scripts.mkdir()
    styles.mkdir()
    (scripts / "b.js").write_text("window.order.push('b')")
    (scripts / "a.js").write_text("window.order = ['a']")
    (styles / "a.css").write_text(".prodigy-content { color: rgb(1, 2, 3) }")
    serve(
        tallymark,
        view_id="text",
        javascript_dir=str(scripts),
        javascript="window.order.push('inline')",
        global_css_dir=str(styles),
        global_css=".prodigy-content { letter-spacing: 3px }",
    )
    ann.sit()
    content = ann.page.locator(".prodigy-content")
    expect(content).to_have_css("color", "rgb(1, 2, 3)")
    expect(content).to_have_css("letter-spacing", "3px")
    ann.holds("window.order?.length === 3")
    assert ann.page.evaluate("window.order") == ["a", "b", "inline"]


def test_code_from_elsewhere_runs_only_where_the_recipe_names_it(
    tallymark: Tallymark, ann: Annotator
) -> None:
    def give(route: Route) -> None:
        name = Path(route.request.url).stem
        route.fulfill(body=f"window.{name} = 1", content_type="text/javascript")

    ann.page.route("https://code.test/*.js", give)
    add = (
        "const other = document.createElement('script');"
        "other.src = 'https://code.test/other.js'; document.head.append(other);"
    )
    serve(tallymark, view_id="text", javascript=add, javascript_urls=["https://code.test/named.js"])
    ann.sit()
    ann.holds("window.named === 1")
    expect(ann.notice()).to_contain_text("name it in javascript_urls")
    assert ann.page.evaluate("window.other") is None


def test_tasks_are_asked_for_again(tallymark: Tallymark, ann: Annotator) -> None:
    serve(tallymark, view_id="text", javascript="window.ready = 1")
    ann.sit()
    ann.holds("window.ready === 1")
    ann.page.evaluate("window.prodigy.resetQueue()")
    ann.sees("one")
    ann.press("a")
    ann.sees("two")
    ann.everything_is_saved()
    assert tallymark.answers() == {"one": "accept"}


def test_the_page_speaks_german_and_has_the_recipes_own_words(tallymark: Tallymark, ann: Annotator) -> None:
    serve(tallymark, view_id="text", ui_lang="de", ui_lang_locale={"Reject": "Passt nicht"})
    ann.sit()
    page = ann.page
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_test_id("accept")).to_contain_text("Annehmen")
    expect(page.get_by_test_id("reject")).to_contain_text("Passt nicht")
    expect(ann.save_state).to_contain_text("Gespeichert")
    ann.press("Control+,")
    expect(page.get_by_role("dialog", name="Einstellungen")).to_contain_text("Schriftgröße")
    ann.press("Escape", "?")
    expect(page.get_by_role("dialog", name="Tasten")).to_contain_text("Letzte Antwort zurücknehmen")
    ann.press("Escape", "a", "x")
    expect(ann.ending).to_contain_text("Von Ihnen stammen hier 2 Antworten")
    ann.page.get_by_test_id("past-answer").first.click()
    expect(ann.page.get_by_test_id("earlier")).to_contain_text("Eine frühere Antwort von Ihnen.")


def test_a_language_that_is_not_there_is_refused_with_the_list(tallymark: Tallymark) -> None:
    source = tallymark.file("source.jsonl", TASKS)
    done = subprocess.run(
        [COMMAND, "mark", "news", source, "--view-id", "text", "--set", "ui_lang=fr"],
        capture_output=True,
        text=True,
        check=False,
        env=tallymark.environment(),
    )
    assert done.returncode == 2
    assert "ui_lang" in done.stderr
    assert "expected en or de" in done.stderr
