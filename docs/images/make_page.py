"""Makes `page.png`: the page of `tallymark demo` in the middle of the work, as a picture for people.

    PYTHONPATH=. .venv/bin/python docs/images/make_page.py

Eight headlines are answered and the ninth is marked, in the real program, with the tests' browser. Light,
1280 x 720 CSS pixels at twice the density.
"""

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from tests.browsers import FLAGS, chromium_path
from tests.e2e.annotator import Annotator
from tests.e2e.running import Tallymark

PICTURE = Path(__file__).with_name("page.png")
SIZE = (1280, 720)
SECONDS_A_HEADLINE = 11

# the clock of the page moves on with every answer, so that the pace is a person's
CLOCK = """
window.passed = 0;
const now = Date.now;
Date.now = () => now() + window.passed;
"""

ANSWERED: list[dict[str, str]] = [
    {"Naomi Adler-Stein": "PERSON", "Corvus Semiconductor": "ORG"},
    {"Gobi": "LOCATION", "Seoul": "LOCATION"},
    {"Santos": "LOCATION", "Itajaí": "LOCATION"},
    {"Estonia": "LOCATION", "2027 local elections": "EVENT"},
    {"Alexandria": "LOCATION", "Virginia": "LOCATION"},
    {"Huntingdon": "LOCATION"},
    {},
    {"Minas Gerais": "LOCATION"},
]
OPEN = {"Tangier": "LOCATION", "Algeciras": "LOCATION", "June": "DATE", "Linea Azul": "ORG"}


def mark(ann: Annotator, spans: dict[str, str]) -> None:
    """Mark words with their labels, as a person with a mouse does."""
    for words, label in spans.items():
        ann.page.get_by_test_id("label").filter(has_text=label).click()
        ann.drag(words)


def work(ann: Annotator) -> None:
    """Answer what is answered, and mark what is open."""
    for spans in ANSWERED:
        mark(ann, spans)
        ann.page.evaluate(f"window.passed += {SECONDS_A_HEADLINE * 1000}")
        shown = ann.page.locator(f"[data-task='{ann.task}']")
        ann.click("accept" if spans else "ignore")
        shown.wait_for(state="detached")
    mark(ann, OPEN)
    ann.marks(*OPEN.items())
    ann.everything_is_saved()
    ann.page.mouse.move(0, 0)


def main() -> None:
    """Run the demo, work a little, take the picture."""
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        tallymark = Tallymark(Path(home))
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        try:
            tallymark.start("demo", "--dataset", "headlines")
            page = browser.new_page(
                viewport={"width": SIZE[0], "height": SIZE[1]},
                device_scale_factor=2,
                color_scheme="light",
                reduced_motion="reduce",
            )
            page.add_init_script(CLOCK)
            ann = Annotator(page, tallymark.url).sit("ada")
            work(ann)
            page.screenshot(path=PICTURE)
        finally:
            browser.close()
            tallymark.stop()


if __name__ == "__main__":
    main()
