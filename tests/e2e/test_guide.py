"""Every page of the guide runs, takes an answer, stores what it says, and has nothing that axe finds."""

from typing import Any

import pytest
from tests.e2e.annotator import Annotator
from tests.e2e.guide import FOLDER, PAGES
from tests.e2e.running import Tallymark
from tests.e2e.test_access import AXE, RUN_AXE

pytestmark = pytest.mark.browser

SIZES = {"a desktop": (1280, 800), "a phone": (390, 760)}


def test_every_file_is_a_page_that_is_tried() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "make_pictures") == sorted(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_a_page(tallymark: Tallymark, ann: Annotator, name: str) -> None:
    page = PAGES[name]
    tallymark.start(f"pages.{name}", "news", "-F", FOLDER / f"{name}.py")
    ann.page.emulate_media(reduced_motion="reduce")
    ann.sit()
    page.work(ann)
    nothing_found(ann)
    card = ann.task
    ann.press(page.key)
    ann.holds("card => document.querySelector(`[data-task='${card}']`) === null", card)
    ann.everything_is_saved()
    answer = tallymark.export()[0]
    wrong = {key for key, value in page.stored.items() if not is_right(value, answer.get(key))}
    assert wrong == set(), answer


def is_right(expected: Any, stored: Any) -> bool:
    return bool(expected(stored)) if callable(expected) else stored == expected


def nothing_found(ann: Annotator) -> None:
    """Run axe in both themes and sizes, under the page's own policy."""
    ann.page.evaluate(AXE.read_text())
    for scheme in ("light", "dark"):
        ann.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for name, (width, height) in SIZES.items():
            ann.page.set_viewport_size({"width": width, "height": height})
            found = ann.page.evaluate(RUN_AXE)
            assert found == [], f"{scheme}, {name}: {found}"
