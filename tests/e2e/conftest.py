"""A browser, and the real program behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext
from tests.browsers import WAIT_MS
from tests.e2e.annotator import Annotator
from tests.e2e.running import Tallymark


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
