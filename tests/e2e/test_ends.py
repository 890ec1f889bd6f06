"""What the page says when there is no task: always why, and what happens next."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from tests.e2e.annotator import Annotator
from tests.e2e.running import Tallymark

pytestmark = pytest.mark.browser


def mark(tallymark: Tallymark, count: int, **settings: str) -> None:
    tasks: list[dict[str, Any]] = [{"text": f"Text {n}"} for n in range(1, count + 1)]
    tallymark.start("mark", "news", tallymark.file("source.jsonl", tasks), "--view-id", "text", **settings)


def recipe(tallymark: Tallymark, folder: Path, stream: str) -> None:
    """Start a recipe with this stream."""
    path = folder / "own.py"
    path.write_text(
        f"""
from tallymark import recipe

def stream():
{stream}

@recipe("own")
def own(dataset: str):
    return {{"dataset": dataset, "view_id": "text", "stream": stream()}}
"""
    )
    tallymark.start("own", "news", "-F", path)


def test_done(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, 3)
    ann.sit()
    assert ann.answer_all() == 3
    expect(ann.ending).to_contain_text("You are done")
    expect(ann.ending).to_contain_text("You gave 3 answers")
    ann.everything_is_saved()
    expect(ann.page.get_by_test_id("mine")).to_have_text("3")
    ann.reload()
    expect(ann.ending).to_contain_text("You gave 3 answers")
    ann.press("Backspace")
    ann.sees("Text 3")


def test_the_last_tasks_are_with_others(tallymark: Tallymark, ann: Annotator, browser: Browser) -> None:
    mark(tallymark, 3)
    ann.sit()
    with browser.new_context() as elsewhere:
        bob = Annotator(elsewhere.new_page(), tallymark.url).sit("bob")
        expect(bob.ending).to_contain_text("3 tasks are with others")
        ann.press("a")
        ann.everything_is_saved()
        bob.page.get_by_role("button", name="Look now").click()
        expect(bob.ending).to_contain_text("2 tasks are with others")


def test_a_stream_that_fails_says_where(tallymark: Tallymark, ann: Annotator, tmp_path: Path) -> None:
    recipe(tallymark, tmp_path, '    yield {"text": "one"}\n    raise KeyError("text")')
    ann.sit()
    ann.sees("one")
    ann.press("a")
    expect(ann.ending).to_contain_text("The stream failed")
    expect(ann.ending).to_contain_text("KeyError")
    expect(ann.ending).to_contain_text("Your answers are saved")
    ann.everything_is_saved()


def test_a_stream_that_searches_says_so_and_goes_on(
    tallymark: Tallymark, ann: Annotator, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    recipe(
        tallymark,
        tmp_path,
        f"""    import pathlib, threading
    pause = threading.Event()
    yield {{"text": "one"}}
    yield {{"text": "two"}}
    while not pathlib.Path({str(go)!r}).exists():
        pause.wait(0.05)
    yield {{"text": "three"}}
""",
    )
    ann.sit()
    ann.sees("one")
    ann.press("a")
    ann.sees("two")
    ann.press("a")
    expect(ann.ending).to_contain_text("Searching for tasks")
    go.touch()
    ann.sees("three")


def test_a_recipe_that_is_not_running_is_named(tallymark: Tallymark, ann: Annotator, tmp_path: Path) -> None:
    recipe(tallymark, tmp_path, '    for n in range(100):\n        yield {"text": str(n)}')
    ann.sit()
    (host,) = tallymark.running
    host.kill()
    host.wait()
    # a host without a sign of life for 15 s is taken for gone
    gone = ann.ending.filter(has_text="The recipe is not running")
    answered = 0
    while not gone.is_visible():
        expect(ann.card.or_(ann.ending)).to_be_visible()
        if ann.card.is_visible():
            shown = ann.page.locator(f"[data-task='{ann.task}']")
            ann.press("a")
            answered += 1
            expect(shown).to_have_count(0)
        else:
            gone.wait_for(timeout=60_000)
    expect(ann.ending).to_contain_text("Your answers are still saved")
    ann.everything_is_saved()
    assert len(tallymark.answers()) == answered


def test_an_erased_person(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, 3)
    ann.sit()
    ann.press("a")
    ann.everything_is_saved()
    tallymark.run("erase", "news", "--person", "ann", "--yes")
    ann.press("a")
    expect(ann.ending).to_contain_text("Your name has been erased here")
    expect(ann.ending).to_contain_text("Not sent before, and in this browser alone: 1 answer.")
    [record] = tallymark.export()
    assert record["_session_id"].startswith("news-erased-")
