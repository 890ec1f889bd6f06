"""A person at the page: what they see and do, in their words."""

import re
from collections.abc import Callable
from typing import Any, Literal

from playwright.sync_api import Locator, Page, expect
from tests.crash.processes import until

Decision = Literal["accept", "reject", "ignore"]

_RECT_OF_TEXT = """([box, words, from, to]) => {
  const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT, (node) =>
    node.parentElement.closest(".tag") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
  const leaves = [];
  let text = "";
  while (walker.nextNode()) {
    leaves.push({ node: walker.currentNode, start: text.length });
    text += walker.currentNode.data;
  }
  const at = text.indexOf(words);
  if (at < 0) throw new Error(`“${words}” is not in “${text}”`);
  const place = (offset) => {
    const leaf = leaves.findLast(({ start }) => start <= offset);
    const range = document.createRange();
    range.setStart(leaf.node, offset - leaf.start);
    range.setEnd(leaf.node, offset - leaf.start + 1);
    const { left, right, top, bottom } = range.getBoundingClientRect();
    return { x: (left + right) / 2, y: (top + bottom) / 2 };
  };
  return [place(at + from), place(at + (to < 0 ? words.length + to : to))];
}"""

SEARCHING = "Searching for tasks"
NOTHING_LEFT = re.compile("You are done|with others")

Point = tuple[float, float]


class Annotator:
    """One tab of one seat."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.card = page.get_by_test_id("card")
        self.text = page.get_by_test_id("text")
        self.ending = page.get_by_test_id("ending")
        self.save_state = page.get_by_test_id("save-state")

    def sit(self, seat: str = "ann", **query: str) -> "Annotator":
        """Open the page and wait for a card or for the words that stand in its place.

        A page may come before the first task is queued; it says so and looks again.
        """
        pairs = "&".join(f"{name}={value}" for name, value in {"session": seat, **query}.items())
        self.page.goto(f"{self.url}/?{pairs}")
        expect(self.card.or_(self.ending.filter(has_not_text=SEARCHING))).to_be_visible()
        return self

    def reload(self) -> None:
        self.page.reload()
        expect(self.card.or_(self.ending)).to_be_visible()

    @property
    def task(self) -> str:
        """The id of the task on the table."""
        found = self.card.get_attribute("data-task")
        assert found is not None
        return found

    def sees(self, words: str) -> None:
        expect(self.card).to_contain_text(words)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def click(self, decision: Decision | Literal["undo"]) -> None:
        self.page.get_by_test_id(decision).click()

    def everything_is_saved(self) -> None:
        expect(self.save_state).to_have_attribute("data-unsent", "0")
        expect(self.save_state).to_contain_text("Saved")

    def has_unsent(self, count: int) -> None:
        """So many answers wait to be sent."""
        expect(self.save_state).to_have_attribute("data-unsent", str(count))

    @property
    def spans(self) -> list[tuple[str, str]]:
        """Marked words and their labels, in the order of the text."""
        marks: list[dict[str, str]] = self.text.locator("mark").evaluate_all(
            """(marks) => marks.map((mark) => {
              const tag = mark.querySelector(".tag");
              const own = [...mark.childNodes].filter((node) => node !== tag);
              const words = own.map((node) => node.textContent).join("");
              return { words, label: tag.dataset.prodigyLabel };
            })"""
        )
        return [(mark["words"], mark["label"]) for mark in marks]

    def marks(self, *spans: tuple[str, str]) -> None:
        """Wait until exactly these spans are drawn."""
        expect(self.text.locator("mark")).to_have_count(len(spans))
        assert self.spans == list(spans)

    def places(self, words: str, first: int = 0, last: int = -1) -> tuple[Point, Point]:
        """Where two characters of some words are on the screen: by default the first and the last."""
        handle = self.text.element_handle()
        start, end = self.page.evaluate(_RECT_OF_TEXT, [handle, words, first, last])
        return (start["x"], start["y"]), (end["x"], end["y"])

    def drag(self, words: str, first: int = 0, last: int = -1) -> None:
        """Drag the mouse over the text from the middle of one character to that of another."""
        start, end = self.places(words, first, last)
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down()
        mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=3)
        mouse.move(*end, steps=3)
        mouse.up()

    def double_click(self, words: str) -> None:
        _, place = self.places(words, last=1)
        self.page.mouse.dblclick(*place)

    def swipe(self, words: str) -> None:
        """Draw a finger over the text."""
        start, end = self.places(words)
        touch = self.page.context.new_cdp_session(self.page)

        def send(kind: str, *points: Point) -> None:
            told: list[dict[str, Any]] = [{"x": x, "y": y} for x, y in points]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": told})

        send("touchStart", start)
        for step in range(1, 9):
            part = step / 8
            send("touchMove", (start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part))
        send("touchEnd")
        touch.detach()

    def holds(self, condition: str, arg: object = None) -> None:
        """Wait until a condition in JavaScript holds. `wait_for_function` would need `eval` in the page."""
        until(lambda: self.page.evaluate(condition, arg), condition)

    def notice(self) -> Locator:
        return self.page.get_by_test_id("notice")

    def answer_all(self, decide: Callable[[int], Decision] = lambda _: "accept") -> int:
        """Answer by key until the page says that nothing is left for this tab; gives how many."""
        keys = {"accept": "a", "reject": "x", "ignore": "Space"}
        left = self.ending.filter(has_text=NOTHING_LEFT)
        answered = 0
        while True:
            expect(self.card.or_(left)).to_be_visible()
            if left.is_visible():
                return answered
            shown = self.page.locator(f"[data-task='{self.task}']")
            self.press(keys[decide(answered)])
            answered += 1
            expect(shown).to_have_count(0)
