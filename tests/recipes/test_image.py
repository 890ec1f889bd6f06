"""Pictures of folders and of files of tasks, as `image.manual` asks about them."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tallymark.components import read_components
from tallymark.interfaces import view_ids
from tallymark.recipes import image
from tallymark.stream import follow
from tallymark.types import Components, Task

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
BOX = {"x": 0, "y": 0, "width": 1, "height": 1, "label": "CAT"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pictures"
    made.mkdir()
    (made / "b.png").write_bytes(PIXEL)
    (made / "a.png").write_bytes(PIXEL + b"\0")
    return made


def tasks(path: Path, *found: dict[str, Any]) -> Path:
    path.write_text("".join(f"{json.dumps(task)}\n" for task in found))
    return path


def read(components: Components) -> tuple[list[Task], list[tuple[int, str, str | None]]]:
    """The tasks, and the fates of rows that made none."""
    stream = follow(components["stream"], opened=[])
    made = list(stream)
    return made, [(f.ordinal, f.fate, f.note) for source in stream.sources for f in source.drain_fates()]


def test_a_folder_of_pictures(folder: Path) -> None:
    components = image.manual("d", str(folder), label="CAT,DOG", darken=True, width=900, exclude="x,y")
    found = read_components(components, recipe_name="image.manual", view_ids=view_ids())
    assert (found.view_id, found.exclude) == ("image_manual", ("x", "y"))
    assert found.config["labels"] == ["CAT", "DOG"]
    assert (found.config["label"], found.config["darken_image"]) == ("CAT, DOG", 0.3)
    assert found.config["custom_theme"] == {"cardMaxWidth": 900}
    made, fates = read(components)
    assert [task["text"] for task in made] == ["a", "b"]
    assert all(task["image"].startswith("data:image/png;base64,") for task in made)
    assert fates == []


def test_a_file_of_tasks_with_regions(folder: Path, tmp_path: Path) -> None:
    path = str(folder / "a.png")
    source = tasks(
        tmp_path / "tasks.jsonl",
        {"image": path, "spans": [BOX]},
        {"image": "data:image/png;base64,AA==", "spans": [{**BOX, "width": -1}]},
        {"image": str(tmp_path / "none.png")},
        {"text": "no picture"},
    )
    made, fates = read(image.manual("d", str(source)))
    assert [(task["path"], task["spans"]) for task in made] == [(path, [BOX])]
    assert made[0]["image"].startswith("data:image/png;base64,")
    assert [(ordinal, fate) for ordinal, fate, _ in fates] == [(2, "invalid"), (3, "invalid"), (4, "passed")]
    assert "Region 1 (CAT) has no area." in str(fates[0][2])
    assert "media cannot be read" in str(fates[1][2])


def test_addresses_stay_where_that_is_wanted(tmp_path: Path) -> None:
    source = tasks(tmp_path / "tasks.jsonl", {"image": "https://example.org/a.png"})
    made, _ = read(image.manual("d", str(source), no_fetch=True))
    assert made[0]["image"] == "https://example.org/a.png"
    assert "path" not in made[0]


def test_paths_are_saved_in_place_of_content(folder: Path) -> None:
    components = image.manual("d", folder, remove_base64=True)
    made, _ = read(components)
    saved = components["before_db"](made)
    assert [task["image"] for task in saved] == [str(folder / "a.png"), str(folder / "b.png")]
    loose = {"image": "data:image/png;base64,AA=="}
    assert components["before_db"]([loose]) == [loose]


@pytest.mark.parametrize(("given", "named"), [(None, "all"), ("CAT", "CAT")])
def test_regions_without_labels_are_possible(folder: Path, given: str | None, named: str) -> None:
    components = image.manual("d", folder, label=given)
    assert components["config"]["label"] == named
    assert components.get("before_db") is None
