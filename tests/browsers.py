"""The browser of the tests: one for each test process."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    # a name that is not the machine's own makes the page an insecure origin, as in a LAN
    "--host-resolver-rules=MAP tally.test 127.0.0.1",
]
STATIC = Path(__file__).parents[1] / "src/tallymark/server/static/index.html"
WAIT_MS = 30_000

expect.set_options(timeout=WAIT_MS)


def chromium_path() -> str:
    """The browser: `TALLYMARK_TEST_CHROMIUM`, else the one on the PATH."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
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
