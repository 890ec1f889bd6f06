"""A browser, and the real program behind it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, expect, sync_playwright
from tests.e2e.annotator import Annotator
from tests.e2e.running import Tallymark

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    # a name that is not the machine's own makes the page an insecure origin, as in a LAN
    "--host-resolver-rules=MAP tally.test 127.0.0.1",
]
STATIC = Path(__file__).parents[2] / "src/tallymark/server/static/index.html"
WAIT_MS = 15_000

expect.set_options(timeout=WAIT_MS)


def chromium_path() -> str:
    """The browser: `TALLYMARK_TEST_CHROMIUM`, else the one on the PATH."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("TALLYMARK_TEST_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.fail("No Chromium: `apt-get install chromium`, or name one in TALLYMARK_TEST_CHROMIUM.")
    return found


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    if not STATIC.exists():
        pytest.fail("The page is not built: `make page`, or `npm ci && npm run build` in web/.")
    browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture
def tallymark(tmp_path: Path) -> Iterator[Tallymark]:
    running = Tallymark(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser without a past. Errors of the page fail the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(WAIT_MS)
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    yield context
    context.close()
    assert errors == []


@pytest.fixture
def ann(context: BrowserContext, tallymark: Tallymark) -> Annotator:
    """One person with one tab; start a recipe before she sits down."""
    return Annotator(context.new_page(), tallymark.url)
