"""Makes the pictures of the guide: each page in the middle of the work, as a person sees it.

    PYTHONPATH=. .venv/bin/python docs/how-to/custom-pages/make_pictures.py [NAME...]

The real program with the tests' browser, light but for the dark page, 760 CSS pixels wide. With `--all`,
every page in both themes, on a desktop and on a phone, into the folder `pages` among temporary files.
"""

import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from tests.browsers import FLAGS, chromium_path
from tests.e2e.annotator import Annotator
from tests.e2e.guide import FOLDER, PAGES
from tests.e2e.running import Tallymark

ALL = Path(tempfile.gettempdir()) / "pages"
CARD_AND_BUTTONS = """() => {
  const [card, buttons] = [".prodigy-container", ".prodigy-buttons"].map((name) =>
    document.querySelector(name).getBoundingClientRect());
  return { x: card.x - 12, y: card.y - 12, width: card.width + 24, height: buttons.bottom - card.y + 24 };
}"""
BYTES_A_PIXEL = 3
SIZES = {"desktop": (1280, 800), "phone": (390, 760)}


def take(browser: Browser, name: str, *, everything: bool) -> None:
    """Start the page, work on its first card, and take its pictures."""
    with tempfile.TemporaryDirectory() as home:
        tallymark = Tallymark(Path(home))
        context = browser.new_context(viewport={"width": 760, "height": 900}, reduced_motion="reduce")
        try:
            tallymark.start(f"pages.{name}", "news", "-F", FOLDER / f"{name}.py")
            ann = Annotator(context.new_page(), tallymark.url).sit()
            PAGES[name].work(ann)
            ann.page.mouse.move(0, 0)
            if everything:
                take_all(ann, name)
            else:
                take_one(ann, name)
        finally:
            context.close()
            tallymark.stop()


def take_one(ann: Annotator, name: str) -> None:
    """The card and the buttons below it."""
    picture = ann.page.screenshot(clip=ann.page.evaluate(CARD_AND_BUTTONS))
    (FOLDER / f"{name}.png").write_bytes(smaller(picture))


def smaller(png: bytes) -> bytes:
    """The same picture without the filters of PNG: they are for photographs, and cost a quarter here."""
    chunks = list(chunks_of(png))
    width = int.from_bytes(chunks[0][1][:4])
    packed = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
    lines = b"".join(b"\0" + line for line in plain_lines(packed, width * BYTES_A_PIXEL))
    kept = [chunks[0], (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b"")]
    return png[:8] + b"".join(
        len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4) for kind, data in kept
    )


def chunks_of(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The parts of a PNG: name and content."""
    at = 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length


def plain_lines(packed: bytes, width: int) -> Iterator[bytes]:
    """Lines of pixels, with the filter of each undone (PNG specification, 9.2)."""
    above = bytes(width)
    for start in range(0, len(packed), width + 1):
        kind, line = packed[start], bytearray(packed[start + 1 : start + 1 + width])
        for x in range(width):
            left, corner = (
                (line[x - BYTES_A_PIXEL], above[x - BYTES_A_PIXEL]) if x >= BYTES_A_PIXEL else (0, 0)
            )
            up = above[x]
            nearest = min((left, up, corner), key=lambda near, sum=left + up - corner: abs(sum - near))
            line[x] = (line[x] + (0, left, up, (left + up) // 2, nearest)[kind]) & 255
        above = bytes(line)
        yield above


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
