"""Drawing on pictures by mouse, keyboard and finger; what is stored, undone and kept."""

import json
import re
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Locator, expect
from tests.e2e.annotator import Annotator, Point
from tests.e2e.running import Tallymark

pytestmark = pytest.mark.browser

WIDTH, HEIGHT = 800, 500
PICTURE: Final = (
    f"data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{HEIGHT}'>"
    "<rect width='800' height='500' fill='teal'/><circle cx='{0}' cy='250' r='90' fill='orange'/></svg>"
)
_ANY: Final = re.compile(".")
_STILL: Final = """() => {
  const stage = document.querySelector("[data-sight]");
  const now = JSON.stringify([stage.dataset.sight, stage.getBoundingClientRect()]);
  return now === stage.before || ((stage.before = now), false);
}"""
RECIPE: Final = '''
import json
from pathlib import Path
from tallymark import recipe

@recipe("draw")
def draw(dataset: str, source: str):
    """Tasks as they are, whatever is wrong with them."""
    stream = [json.loads(line) for line in Path(source).read_text().splitlines()]
    config = {"labels": ["CAT", "DOG"], "swipe": True}
    return {"dataset": dataset, "view_id": "image_manual", "stream": stream, "config": config}
'''


def pictures(*tasks: dict[str, Any]) -> list[dict[str, Any]]:
    """A picture for each task, no two of them the same."""
    return [{"image": PICTURE.replace("{0}", str(300 + n)), **task} for n, task in enumerate(tasks)]


def draw(tallymark: Tallymark, *tasks: dict[str, Any]) -> None:
    source = tallymark.file("source.jsonl", pictures(*tasks))
    tallymark.start("image.manual", "news", source, "--label", "CAT,DOG", "--width", "900")


def given(tallymark: Tallymark, tasks: list[dict[str, Any]]) -> None:
    (tallymark.home / "draw.py").write_text(RECIPE)
    tallymark.start("draw", "news", tallymark.file("source.jsonl", tasks), "-F", tallymark.home / "draw.py")


class Easel:
    """The picture on an annotator's page, in its own pixels."""

    def __init__(self, ann: Annotator) -> None:
        self.ann = ann
        self.stage: Locator = ann.page.get_by_test_id("stage")
        self.regions: Locator = self.stage.get_by_test_id("region")
        self.mouse = ann.page.mouse

    def at(self, x: float, y: float) -> Point:
        """Where a point of the picture is in the window."""
        sight = json.loads(self.stage.get_attribute("data-sight") or "")
        box = self.stage.bounding_box()
        assert box is not None
        return box["x"] + sight["x"] + x * sight["scale"], box["y"] + sight["y"] + y * sight["scale"]

    def drag(self, *points: Point) -> None:
        self.mouse.move(*self.at(*points[0]))
        self.mouse.down()
        for point in points[1:]:
            self.mouse.move(*self.at(*point), steps=3)
        self.mouse.up()

    def click(self, x: float, y: float) -> None:
        self.mouse.click(*self.at(x, y))

    def has(self, count: int) -> None:
        """Wait until so many regions are there, and the picture where it stays."""
        expect(self.regions).to_have_count(count)
        expect(self.stage).to_have_attribute("data-sight", _ANY)
        self.ann.holds(_STILL)


def around(region: dict[str, Any], *box: float) -> None:
    """Where a region is, give or take what a pixel of the window is."""
    assert [region[key] for key in ("x", "y", "width", "height")] == pytest.approx(box, abs=2.5)
    x, y, width, height = (region[key] for key in ("x", "y", "width", "height"))
    assert region["center"] == pytest.approx([x + width / 2, y + height / 2], abs=0.01)
    columns, rows = zip(*region["points"], strict=True)
    assert (min(columns), min(rows)) == pytest.approx((x, y))
    assert (max(columns), max(rows)) == pytest.approx((x + width, y + height))


def test_with_the_mouse_and_what_is_stored(tallymark: Tallymark, ann: Annotator) -> None:
    draw(tallymark, {"meta": {"is": "One"}}, {"meta": {"is": "Two"}})
    ann.sit()
    easel = Easel(ann)
    easel.has(0)
    easel.drag((210, 160), (390, 340))
    easel.has(1)
    ann.press("2", "Escape", "g")
    for corner in [(450, 100), (560, 60), (700, 100), (600, 140)]:
        easel.click(*corner)
    easel.click(450, 100)
    easel.has(2)
    ann.press("d")
    easel.drag((60, 60), (160, 60), (160, 160), (60, 160), (60, 70))
    easel.has(3)
    # The box is pulled at its lower right corner, the polygon moved as a whole, and one corner of it alone.
    ann.press("v")
    easel.click(300, 250)
    easel.drag((390, 340), (420, 360))
    easel.click(570, 100)
    easel.drag((570, 100), (570, 150))
    easel.drag((700, 150), (740, 160))
    ann.press("1")
    easel.click(110, 110)
    ann.press("Delete")
    easel.has(2)
    ann.press("Control+z")
    easel.has(3)
    ann.page.reload()
    easel.has(3)
    ann.press("a")
    ann.sees("Two")
    ann.press("a")
    ann.everything_is_saved()
    one, two = tallymark.export()
    assert (one["width"], one["height"], two["spans"]) == (WIDTH, HEIGHT, [])
    box, polygon, freehand = one["spans"]
    around(box, 210, 160, 210, 200)
    around(polygon, 450, 110, 290, 80)
    around(freehand, 60, 60, 100, 100)
    assert [region["type"] for region in one["spans"]] == ["rect", "polygon", "freehand"]
    assert [region["label"] for region in one["spans"]] == ["DOG", "CAT", "DOG"]
    assert (len(box["points"]), len(polygon["points"])) == (4, 4)
    assert 4 <= len(freehand["points"]) <= 12
    assert len({region["id"] for region in one["spans"]}) == 3
    assert re.fullmatch("#[0-9a-f]{6}", box["color"])
    assert box["color"] == freehand["color"] != polygon["color"]


def test_with_the_keyboard_alone(tallymark: Tallymark, ann: Annotator) -> None:
    draw(
        tallymark,
        {"meta": {"is": "One"}, "spans": [{"x": 1, "y": 2, "width": 30, "height": 40, "mask": "kept"}]},
    )
    ann.sit()
    easel = Easel(ann)
    easel.has(1)
    # A box from corner to corner, stretched, moved by a pixel and put behind the other.
    ann.press("Enter", "Control+ArrowLeft", "Enter")
    ann.press(*["Control+ArrowRight"] * 9, *["Control+ArrowDown"] * 5, "Enter")
    easel.has(2)
    ann.press("Control+Shift+ArrowRight", "Control+ArrowUp", "2", "Shift+U")
    # A polygon of three corners, closed where it ended.
    ann.press("Escape", "g", "Enter", *["ArrowRight"] * 5, "Enter", *["ArrowDown"] * 5, "Enter", "Enter")
    easel.has(3)
    # Through all regions, and the first one of the task removed, brought back and given a label.
    ann.press(".", ".", "Backspace")
    easel.has(2)
    ann.press("Control+z")
    easel.has(3)
    ann.press(",", ",", "1")
    # A box without a size where the cross is, taken back.
    ann.press("Escape", "b", "Enter", "Enter")
    easel.has(4)
    ann.press("Control+z")
    easel.has(3)
    ann.press("+", "+", "PageDown", "z", "k", "m")
    easel.has(0)
    ann.press("m")
    easel.has(3)
    ann.press("a")
    expect(ann.ending).to_contain_text("You are done")
    ann.everything_is_saved()
    [answer] = tallymark.export()
    box, given, triangle = answer["spans"]
    assert (box["width"], box["height"], box["label"], box["type"]) == (10, 5, "DOG", "rect")
    assert {key: given[key] for key in ("x", "y", "width", "height", "mask", "label")} == {
        **{"x": 1, "y": 2, "width": 30, "height": 40, "mask": "kept", "label": "CAT"}
    }
    assert "points" not in given
    assert (triangle["type"], len(triangle["points"]), triangle["label"]) == ("polygon", 3, "DOG")


def test_with_a_finger_on_a_phone(tallymark: Tallymark, browser: Browser) -> None:
    given(tallymark, pictures({}))
    phone = browser.new_context(viewport={"width": 390, "height": 780}, has_touch=True, is_mobile=True)
    ann = Annotator(phone.new_page(), tallymark.url).sit()
    easel = Easel(ann)
    easel.has(0)
    touch = phone.new_cdp_session(ann.page)

    def fingers(kind: str, *points: Point) -> None:
        places = [easel.at(*point) for point in points]
        told = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": told})

    # A drag from side to side is a box here, and no swipe over the card.
    fingers("touchStart", (100, 200))
    for x in range(100, 701, 50):
        fingers("touchMove", (x, 200 + (x - 100) / 6))
    fingers("touchEnd")
    easel.has(1)
    before = json.loads(easel.stage.get_attribute("data-sight") or "")["scale"]
    places = [easel.at(300, 250), easel.at(500, 250)]
    for kind, spread in [("touchStart", 0), ("touchMove", 20), ("touchMove", 40), ("touchEnd", None)]:
        told = (
            []
            if spread is None
            else [
                {"x": x + sign * spread, "y": y, "id": n}
                for n, ((x, y), sign) in enumerate(zip(places, (-1, 1), strict=True))
            ]
        )
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": told})
    ann.holds(
        "(before) => JSON.parse(document.querySelector('[data-sight]').dataset.sight).scale > before * 1.3",
        before,
    )
    easel.has(1)
    ann.page.get_by_test_id("label").filter(has_text="DOG").tap()
    ann.page.get_by_test_id("accept").tap()
    ann.everything_is_saved()
    phone.close()
    [answer] = tallymark.export()
    [box] = answer["spans"]
    assert box["label"] == "DOG"
    around(box, 100, 200, 600, 100)


def test_regions_that_are_odd_are_told_and_can_be_mended(tallymark: Tallymark, ann: Annotator) -> None:
    spans = [
        {"x": 10, "y": 10, "width": 50, "height": 50, "label": "CAT", "score": 0.5},
        {"x": 10, "y": 10, "width": 50, "height": 50, "label": "CAT"},
        {"points": [[1, 2]], "label": "CAT"},
        "nonsense",
        {"x": 700, "y": 10, "width": 500, "height": 50, "label": "COW"},
    ]
    odd = {"meta": {"is": "Two"}, "spans": "no list", "width": "wide"}
    blocks = [{"view_id": "image_manual"}, {"view_id": "image_manual", "image_manual_spans_key": "more"}]
    [twice] = pictures({"spans": spans[:1], "config": {"view_id": "blocks", "blocks": blocks}})
    given(tallymark, [*pictures({"spans": spans}, odd), {"image": "data:image/png,x"}, twice])
    ann.sit()
    easel = Easel(ann)
    easel.has(3)
    concerns = ann.page.get_by_test_id("concerns")
    concerns.get_by_text("5 things to look at").click()
    expect(concerns).to_contain_text("Region 4 cannot be shown, and is kept: it is no object.")
    concerns.locator("li", has_text="Region 4 cannot").get_by_role("button", name="Remove").click()
    concerns.locator("li", has_text="is the same as region").get_by_role("button", name="Remove").click()
    concerns.get_by_role("button", name="Cut off").click()
    concerns.locator("li", has_text="none of the label set").get_by_role("button", name="Select").click()
    ann.press("2")
    expect(concerns).to_have_text(re.compile("^One thing to look at Region 3 cannot"))
    ann.press("a")
    easel.has(0)
    ann.press("a")
    expect(ann.card.get_by_role("alert")).to_contain_text("cannot be shown")
    ann.press("a")
    expect(ann.notice()).to_contain_text("The picture is not there")
    ann.press("x")
    # Two pictures on one card, each with a key of its own; keys go to the one in hand.
    expect(easel.stage).to_have_count(2)
    expect(easel.regions).to_have_count(1)
    ann.press("Alt+ArrowDown", "Enter", "Enter", "Enter", "2")
    expect(easel.regions).to_have_count(2)
    ann.press("a")
    ann.everything_is_saved()
    mended, empty, broken, double = tallymark.export()
    assert double["spans"] == spans[:1]
    assert [(region["label"], region["type"]) for region in double["more"]] == [("DOG", "rect")]
    assert mended["spans"][:2] == [spans[0], spans[2]]
    around(mended["spans"][2], 700, 10, 100, 50)
    assert (mended["spans"][2]["label"], empty["spans"], empty["width"]) == ("DOG", [], WIDTH)
    assert (broken["answer"], "spans" in broken) == ("reject", True)
