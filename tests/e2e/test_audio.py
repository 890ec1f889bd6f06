"""Regions are marked in sound and film."""

import base64
import io
import math
import re
import wave
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect
from tests.crash.processes import until
from tests.e2e.annotator import Annotator
from tests.e2e.running import Tallymark
from tests.e2e.test_display import mark, recording

pytestmark = pytest.mark.browser

LABELS = ["SPEECH", "NOISE", "MUSIC"]
GIVEN = [
    {"start": 2, "end": 4, "label": "SPEECH", "id": "one", "color": "rgba(255,215,0,0.2)", "score": 0.5},
    {"start": 3, "end": 5, "label": "NOISE", "id": "two"},
]


def tone(seconds: float = 10.0, rate: int = 8000) -> str:
    """Sound in its second half alone, as a data URI."""
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        silent = bytes(int(rate * seconds / 2) * 2)
        heights = (int(20_000 * math.sin(n / 3)) for n in range(int(rate * seconds / 2)))
        file.writeframes(silent + b"".join(height.to_bytes(2, "little", signed=True) for height in heights))
    return f"data:audio/wav;base64,{base64.b64encode(held.getvalue()).decode()}"


class Track:
    """The waveform of a recording that is so many seconds long."""

    def __init__(self, ann: Annotator, seconds: float = 10.0) -> None:
        self.ann = ann
        self.seconds = seconds
        self.element = ann.page.get_by_test_id("track")
        self.player = ann.card.locator("audio")

    def ready(self) -> "Track":
        """Wait until the recording is read."""
        expect(self.ann.page.get_by_test_id("minimap")).to_be_visible()
        return self

    def place(self, second: float) -> tuple[float, float]:
        box = self.element.bounding_box()
        assert box is not None
        return box["x"] + 1 + (box["width"] - 2) * second / self.seconds, box["y"] + 60

    def drag(self, start: float, end: float) -> None:
        mouse = self.ann.page.mouse
        mouse.move(*self.place(start))
        mouse.down()
        mouse.move(*self.place((start + end) / 2), steps=3)
        mouse.move(*self.place(end), steps=3)
        mouse.up()

    def tap(self, second: float) -> None:
        self.ann.page.mouse.click(*self.place(second))

    @property
    def bars(self) -> Locator:
        return self.ann.page.get_by_test_id("stretch")

    def holds(self, *regions: tuple[float, float, str]) -> None:
        """Wait until exactly these regions are there."""
        expect(self.bars).to_have_count(len(regions))
        told = sorted(self.bars.evaluate_all("(bars) => bars.map((bar) => bar.getAttribute('aria-label'))"))
        assert told == sorted(f"{label} {_clock(start)} – {_clock(end)}" for start, end, label in regions)

    def chosen(self, words: str) -> None:
        """Wait until the line below tells of the selected region."""
        expect(self.ann.page.get_by_test_id("chosen")).to_contain_text(words)

    def stands_at(self, second: float) -> None:
        self.ann.holds(f"Math.abs(document.querySelector('audio').currentTime - {second}) < 0.06")


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{seconds % 60:04.1f}"


def saved(ann: Annotator, tallymark: Tallymark) -> list[dict[str, Any]]:
    ann.everything_is_saved()
    return tallymark.export()


def test_regions_are_marked_and_stored_as_prodigy_stores_them(tallymark: Tallymark, ann: Annotator) -> None:
    tasks: list[dict[str, Any]] = [
        {"audio": tone(), "audio_spans": GIVEN},
        {"audio": tone(), "text": "Two"},
    ]
    mark(tallymark, "audio_manual", *tasks, labels=LABELS, show_audio_timeline=True)
    ann.sit()
    track = Track(ann).ready()
    given = [(2, 4, "SPEECH"), (3, 5, "NOISE")]
    track.holds(*given)

    track.drag(6, 7.5)
    track.holds(*given, (6, 7.5, "SPEECH"))
    ann.press("3")
    track.holds(*given, (6, 7.5, "MUSIC"))
    ann.press("Control+z", "Control+z")
    track.holds(*given)
    ann.press("Control+y", "Control+y")
    track.holds(*given, (6, 7.5, "MUSIC"))
    ann.reload()
    track.ready()
    track.holds(*given, (6, 7.5, "MUSIC"))

    # regions over each other: a tap selects the shortest, the next tap what lies below
    track.tap(3.5)
    track.chosen("SPEECH")
    track.tap(3.5)
    track.chosen("NOISE")
    ann.press("Delete")
    track.holds((2, 4, "SPEECH"), (6, 7.5, "MUSIC"))
    track.tap(3)
    track.drag(4, 5)
    track.holds((2, 5, "SPEECH"), (6, 7.5, "MUSIC"))

    bar = track.bars.filter(has_text="MUSIC").bounding_box()
    assert bar is not None
    middle = bar["y"] + bar["height"] / 2
    ann.page.mouse.move(bar["x"] + bar["width"] / 2, middle)
    ann.page.mouse.down()
    ann.page.mouse.move(bar["x"] + bar["width"] / 2 + track.place(1)[0] - track.place(0)[0], middle, steps=4)
    ann.page.mouse.up()
    track.holds((2, 5, "SPEECH"), (7, 8.5, "MUSIC"))

    ann.press("a")
    ann.sees("Two")
    first, second = _stored(saved(ann, tallymark)[0])
    assert first == {**GIVEN[0], "end": pytest.approx(5, abs=0.05)}
    assert second.keys() == {"start", "end", "label", "id", "color"}
    assert second["start"] == pytest.approx(7, abs=0.05)
    assert re.fullmatch(r"rgba\(\d+,\d+,\d+,0\.2\)", second["color"])
    assert second["start"] == round(second["start"], 3)


def _stored(answer: dict[str, Any]) -> list[dict[str, Any]]:
    spans: list[dict[str, Any]] = answer["audio_spans"]
    return spans


def test_regions_are_marked_by_keys_alone(tallymark: Tallymark, ann: Annotator) -> None:
    mark(tallymark, "audio_manual", {"audio": tone(), "text": "One"}, {"audio": tone()}, labels=LABELS)
    ann.sit()
    track = Track(ann).ready()
    ann.press("2", "ArrowRight", "ArrowRight", "m", "a")
    ann.sees("One")
    ann.press("Control+ArrowRight", "ArrowLeft", "m")
    track.stands_at(9)
    track.holds((2, 9, "NOISE"))
    ann.press("q", "w", "w", "o", "Shift+P", "Escape")
    ann.press(".", "j", "k", "o", "o", "Shift+O", "1")
    track.chosen("2.10 – 8.70")
    track.holds((2.1, 8.7, "SPEECH"))
    ann.press("Enter")
    expect(track.player).to_have_js_property("paused", False)
    ann.press("Enter", ">", "Home")
    expect(track.player).to_have_js_property("playbackRate", 1.25)
    track.stands_at(0)
    ann.press("r")
    ann.holds("document.querySelector('audio').currentTime > 2.1")
    ann.press("Enter", "+", "+")
    larger = "document.querySelector('[data-testid=track]')"
    ann.holds(f"{larger}.scrollWidth > 2 * {larger}.clientWidth")
    ann.press("End")
    ann.holds(f"{larger}.scrollLeft > 0")
    assert ann.page.evaluate("Object.values(window.wavesurfer.regions.list)[0].end") == 8.7
    ann.page.evaluate("window.wavesurfer.setPlaybackRate(0.5)")
    expect(track.player).to_have_js_property("playbackRate", 0.5)
    ann.press("?")
    expect(ann.page.get_by_role("dialog")).to_contain_text("A region starts here; again: it ends here.")
    ann.press("Escape", "a")
    (region,) = _stored(saved(ann, tallymark)[0])
    assert (region["start"], region["end"], region["label"]) == (2.1, 8.7, "SPEECH")


def test_what_cannot_be_is_said(tallymark: Tallymark, ann: Annotator) -> None:
    twice = [{**GIVEN[0], "id": 7}, {**GIVEN[0], "id": 8}]
    late = [{"start": 3, "end": 99, "label": "OTHER"}]
    tasks: list[dict[str, Any]] = [
        {"audio": tone(), "audio_spans": late},
        {"audio": "https://elsewhere.invalid/a.wav", "audio_spans": GIVEN},
    ]
    mark(tallymark, "audio_manual", {"audio": "a", "audio_spans": twice}, *tasks, labels=LABELS)
    told = "are the same (SPEECH, 2–4 s)"
    until(lambda: any(told in line for line in list(tallymark.heard[0])), "a word about the first row")
    ann.sit()
    Track(ann).ready().holds((3, 99, "OTHER"))
    expect(ann.page.get_by_test_id("late")).to_contain_text("these regions end later: OTHER 0:03.0 – 1:39.0")
    ann.press("a")
    expect(ann.card.get_by_role("alert")).to_contain_text("This recording cannot be played")
    expect(Track(ann).bars).to_have_count(2)
    ann.press("a")
    assert [_stored(answer) for answer in saved(ann, tallymark)] == [late, GIVEN]


def test_a_finger_marks_and_blocks_hold_recordings(tallymark: Tallymark, browser: Browser) -> None:
    blocks = [
        {"view_id": "audio_manual", "labels": LABELS},
        {"view_id": "text_input", "field_id": "said", "audio": None, "field_label": "Said"},
    ]
    mark(tallymark, "blocks", {"audio": recording(10)}, {"audio": recording()}, blocks=blocks)
    with browser.new_context(viewport={"width": 390, "height": 760}, has_touch=True) as phone:
        ann = Annotator(phone.new_page(), tallymark.url).sit()
        track = Track(ann).ready()
        touch = phone.new_cdp_session(ann.page)
        for kind, second in (("touchStart", 2.0), ("touchMove", 4.0), ("touchMove", 6.0), ("touchEnd", None)):
            points = [] if second is None else [dict(zip("xy", track.place(second), strict=True))]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        touch.detach()
        track.holds((2, 6, "SPEECH"))
        field = ann.page.get_by_label("Said")
        field.fill("something")
        expect(track.player).to_have_js_property("paused", True)
        ann.page.get_by_test_id("playpause").tap()
        expect(track.player).to_have_js_property("paused", False)
        ann.click("accept")
        (answer,) = saved(ann, tallymark)
    assert (answer["said"], len(answer["audio_spans"])) == ("something", 1)


def test_recordings_are_transcribed(tallymark: Tallymark, ann: Annotator) -> None:
    tasks = [{"audio": tone(), "path": "a.wav", "transcript": "helo"}]
    tallymark.start("audio.transcribe", "news", tallymark.file("tasks.jsonl", tasks))
    ann.sit()
    track = Track(ann).ready()
    field = ann.page.get_by_label("Transcript")
    expect(field).to_be_focused()
    expect(field).to_have_value("helo")
    ann.press("Control+Enter")
    expect(track.player).to_have_js_property("paused", False)
    ann.press("Control+Enter")
    expect(track.player).to_have_js_property("paused", True)
    at = track.player.evaluate("(player) => { player.currentTime = 5; return player.currentTime; }")
    ann.press("Control+ArrowUp")
    track.stands_at(at - 2)
    field.fill("hello")
    ann.press("Escape", "a")
    (answer,) = saved(ann, tallymark)
    assert answer["transcript"] == "hello"
    until(lambda: tallymark.export()[0]["audio"] == "a.wav", "the path in place of the content")
