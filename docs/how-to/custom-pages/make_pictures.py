"""Makes the pictures of the guide: each page in the middle of the work, as a person sees it.

    PYTHONPATH=. .venv/bin/python docs/how-to/custom-pages/make_pictures.py [NAME...]

The real program with the tests' browser, light but for the dark page, 760 CSS pixels wide. With `--all`,
every page in both themes, on a desktop and on a phone, into the folder `pages` among temporary files.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from tests.browsers import FLAGS, chromium_path
from tests.e2e.annotator import Annotator
from tests.e2e.guide import FOLDER, PAGES
from tests.e2e.running import Tallymark

ALL = Path(tempfile.gettempdir()) / "pages"
SIZES = {"desktop": (1280, 800), "phone": (390, 760)}


def take(browser: Browser, name: str, *, everything: bool) -> None:
    """Start the page, work on its first card, and take its pictures."""
    with tempfile.TemporaryDirectory() as home:
        tallymark = Tallymark(Path(home))
        context = browser.new_context(viewport={"width": 760, "height": 560}, reduced_motion="reduce")
        try:
            tallymark.start(f"pages.{name}", "news", "-F", FOLDER / f"{name}.py")
            ann = Annotator(context.new_page(), tallymark.url).sit()
            PAGES[name].work(ann)
            ann.page.mouse.move(0, 0)
            if everything:
                take_all(ann, name)
            else:
                ann.page.get_by_test_id("desk").screenshot(path=FOLDER / f"{name}.png")
        finally:
            context.close()
            tallymark.stop()


def take_all(ann: Annotator, name: str) -> None:
    """Both themes, both sizes."""
    ALL.mkdir(exist_ok=True)
    for scheme in ("light", "dark"):
        ann.page.emulate_media(color_scheme=scheme)
        for size, (width, height) in SIZES.items():
            ann.page.set_viewport_size({"width": width, "height": height})
            ann.page.screenshot(path=ALL / f"{name}-{scheme}-{size}.png")


def main() -> None:
    """Take the pictures of the pages that are named, or of all of them."""
    names = [name for name in sys.argv[1:] if not name.startswith("-")] or list(PAGES)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        try:
            for name in names:
                take(browser, name, everything="--all" in sys.argv)
        finally:
            browser.close()


if __name__ == "__main__":
    main()
