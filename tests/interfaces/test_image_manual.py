"""Regions of pictures: which are possible, what is said of the others, and when two answers agree."""

from typing import Any

import pytest

from tallymark.interfaces import SHAPES, settings_problem
from tallymark.types import Task

BOX = {"x": 10, "y": 20.5, "width": 30, "height": 40, "label": "CAT"}
CORNERS = [[10, 20.5], [10, 60.5], [40, 60.5], [40, 20.5]]
WHOLE = {**BOX, "id": "1", "color": "yellow", "center": [25, 40.5], "points": CORNERS, "type": "rect"}
TRIANGLE = {"points": [[0, 0], [10, 0], [0, 10.2]], "label": "TENT"}


def picture(*regions: Any, **more: Any) -> Task:
    return {"image": "a.png", "spans": list(regions), **more}


@pytest.mark.parametrize(
    "document",
    [
        {"image": "a.png"},
        {"image": "a.png", "spans": None, "width": None, "height": None},
        picture(),
        picture(BOX, WHOLE, TRIANGLE, {**TRIANGLE, "type": "freehand", "mask": "kept"}),
        picture({**BOX, "label": None}, {"points": CORNERS, "type": "rect"}),
        picture({**BOX, "x": -5}, width=20, height=40),
        {
            "image": "a.png",
            "boxes": [BOX],
            "spans": "of another kind",
            "config": {"image_manual_spans_key": "boxes"},
        },
    ],
)
def test_possible_pictures(document: Task) -> None:
    assert SHAPES.problem("image_manual", document) is None


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"text": "a"}, 'The task has no "image".'),
        ({"image": 3}, 'The "image" of the task is not text.'),
        ({"image": "a.png", "spans": {}}, '"spans" must be a list.'),
        (picture(width=0, height=3), 'The "width" and "height" of the task must be those of the picture'),
        (picture(width="3", height=3), 'The "width" and "height" of the task must be those of the picture'),
        (picture(BOX, 3), "Region 2 is no object."),
        (picture({**BOX, "type": "circle"}), 'Region 1 (CAT) has the type "circle"; there are rect, polygon'),
        (picture({**BOX, "label": 3}), 'Region 1 has a "label" that is no text.'),
        (
            picture({**BOX, "y": "2"}),
            "Region 1 (CAT) has neither points nor x, y, width and height as numbers.",
        ),
        (picture({**BOX, "x": True}), "Region 1 (CAT) has neither points nor x, y, width and height"),
        (picture({**BOX, "x": float("nan")}), "Region 1 (CAT) has neither points nor x, y, width and height"),
        (picture({**BOX, "type": "polygon"}), "Region 1 (CAT) has neither points nor x, y, width and height"),
        (
            picture({"points": [[1, 2, 3]]}),
            "Region 1 has neither points nor x, y, width and height as numbers.",
        ),
        (picture({"points": [[1, 2], [3, 4]]}), "Region 1 has less than three points."),
        (picture({"points": [[1, 2], [3, 2], [5, 2]]}), "Region 1 has no area."),
        (picture({**BOX, "width": 0}), "Region 1 (CAT) has no area."),
        (picture({**BOX, "height": -4}), "Region 1 (CAT) has no area."),
        (
            picture(TRIANGLE, BOX, width=10, height=99.5),
            "Region 2 (CAT) lies beside the picture, which has 10 × 99.5 pixels.",
        ),
    ],
)
def test_impossible_pictures(document: Task, words: str) -> None:
    assert str(SHAPES.problem("image_manual", document)).startswith(words)
    assert SHAPES.problem("image_manual", document | {"answer": "reject"}) is None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"image_manual_modes": []},
            '"image_manual_modes" must be a list of one or more of rect, polygon, freehand.',
        ),
        ({"image_manual_modes": ["box"]}, '"image_manual_modes" must be a list of one or more of rect'),
        ({"image_manual_stroke_width": 0}, '"image_manual_stroke_width" must be a number of pixels above 0.'),
        ({"image_manual_font_size": "big"}, '"image_manual_font_size" must be a number of pixels above 0.'),
        ({"darken_image": 30}, '"darken_image" must be a number from 0 (as it is) to 1 (black).'),
        ({"image_manual_spans_key": "_x"}, '"_x" cannot be a image_manual_spans_key'),
    ],
)
def test_settings_that_nothing_can_be_drawn_with(settings: dict[str, Any], words: str) -> None:
    assert str(settings_problem("image_manual", settings)).startswith(words)
    assert str(SHAPES.problem("image_manual", picture(), settings=settings)).startswith(words)


def test_settings_as_they_should_be() -> None:
    settings = {"image_manual_modes": ["polygon"], "darken_image": True, "image_manual_font_size": 9.5}
    assert settings_problem("image_manual", settings) is None


def test_two_pictures_with_a_key_each_stand_on_one_card() -> None:
    blocks = [{"view_id": "image_manual"}, {"view_id": "image_manual", "image_manual_spans_key": "more"}]
    assert settings_problem("blocks", {"blocks": blocks}) is None
    assert "Give each a image_manual_spans_key" in str(
        settings_problem("blocks", {"blocks": [blocks[0]] * 2})
    )


def agree(one: list[Any], other: list[Any]) -> bool:
    first, second = (SHAPES.fingerprint("image_manual", "accept", {"spans": spans}) for spans in (one, other))
    return first == second


def test_answers_agree_to_the_pixel_whatever_else_regions_carry() -> None:
    turned = {"points": CORNERS[2:] + CORNERS[:2], "type": "polygon", "label": "CAT"}
    backwards = {"points": CORNERS[::-1], "label": "CAT"}
    assert agree([BOX], [WHOLE])
    assert agree([BOX], [turned])
    assert agree([BOX], [backwards])
    assert agree([BOX, TRIANGLE], [TRIANGLE, BOX, BOX])
    assert agree([BOX], [{**BOX, "x": 10.4, "width": 29.6}])
    assert not agree([BOX], [{**BOX, "x": 11}])
    assert not agree([BOX], [{**BOX, "label": "DOG"}])
    assert not agree([BOX], [])
    assert not agree([BOX, 3], [BOX])
    assert agree([], [])


def test_the_key_of_the_settings_is_what_agrees() -> None:
    settings = {"image_manual_spans_key": "boxes"}
    one = SHAPES.fingerprint("image_manual", "accept", {"boxes": [BOX], "spans": [1]}, settings=settings)
    other = SHAPES.fingerprint("image_manual", "accept", {"boxes": [WHOLE]}, settings=settings)
    assert one == other
    assert SHAPES.fingerprint_keys("image_manual") is None
