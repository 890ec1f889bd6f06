"""The recipes for sound and film."""

import json
from pathlib import Path
from typing import Any

import pytest

from tallymark.components import read_components
from tallymark.errors import RecipeError
from tallymark.hashing import without_private
from tallymark.interfaces import SHAPES, view_ids
from tallymark.recipes import audio
from tallymark.types import Components, Task

REGION = {"start": 0.5, "end": 1.0, "label": "SPEECH", "id": "a", "color": "rgba(1,2,3,0.2)"}


def tasks_of(components: Components) -> list[Task]:
    return [without_private(task) for task in components["stream"]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two recordings, a film, and a file that is neither."""
    for name in ("b.wav", "a.mp3", "c.mp4", "notes.txt"):
        (tmp_path / name).write_bytes(b"sound")
    return tmp_path


def test_recordings_of_a_folder_are_marked(folder: Path) -> None:
    components = audio.manual("d", folder, label="SPEECH,NOISE", autoplay=True, exclude="x,y")
    read = read_components(components, recipe_name="audio.manual", view_ids=view_ids())
    assert (read.view_id, read.exclude) == ("audio_manual", ("x", "y"))
    wanted = {"labels": ["SPEECH", "NOISE"], "audio_autoplay": True, "exclude_by": "input"}
    assert read.config.items() >= wanted.items()
    tasks = tasks_of(components)
    assert [task["text"] for task in tasks] == ["a", "b"]
    assert tasks[0]["audio"] == "data:audio/mpeg;base64,c291bmQ="
    assert [SHAPES.problem("audio_manual", task) for task in tasks] == [None, None]
    saved = components["before_db"](tasks)
    assert [task["audio"] for task in saved] == [task["path"] for task in tasks]


def test_films_of_a_folder_are_marked_and_kept_whole(folder: Path) -> None:
    components = audio.manual("d", folder, loader="video", label=["SPEECH"], keep_base64=True)
    (task,) = tasks_of(components)
    assert task["video"].startswith("data:video/mp4;base64,")
    assert components["before_db"] is None


@pytest.mark.parametrize("given", ["file", "list"])
def test_tasks_may_name_recordings_and_bring_regions(tmp_path: Path, given: str) -> None:
    (tmp_path / "a.wav").write_bytes(b"sound")
    tasks: list[Task] = [
        {"audio": str(tmp_path / "a.wav"), "audio_spans": [REGION]},
        {"audio": "gone.wav"},
        {"audio": "b.wav", "audio_spans": [{**REGION, "end": 0}]},
    ]
    source: Any = tasks
    if given == "file":
        source = tmp_path / "tasks.jsonl"
        source.write_text("".join(f"{json.dumps(task)}\n" for task in tasks))
    read = tasks_of(audio.manual("d", source, label="SPEECH"))
    assert [task["audio"] for task in read] == [tasks[0]["audio"], "gone.wav"]
    (fetched,) = tasks_of(audio.manual("d", source, label="SPEECH", fetch_media=True))
    assert fetched["audio"] == "data:audio/x-wav;base64,c291bmQ="
    assert (fetched["path"], fetched["audio_spans"]) == (tasks[0]["audio"], [REGION])


def test_marking_wants_labels(folder: Path) -> None:
    with pytest.raises(RecipeError, match="no labels"):
        audio.manual("d", folder)


def test_recordings_are_written_down(folder: Path) -> None:
    components = audio.transcribe("d", folder, text_rows=2, field_id="said", playpause_key="ctrl+p")
    read = read_components(components, recipe_name="audio.transcribe", view_ids=view_ids())
    assert read.view_id == "blocks"
    heard, field = read.config["blocks"]
    assert heard == {"view_id": "audio"}
    assert (field["field_id"], field["field_rows"], field["audio"]) == ("said", 2, None)
    assert read.config["keymap"] == {"playpause": ["ctrl+p"]}
    for task in tasks_of(components):
        assert SHAPES.problem("blocks", {**task, "said": "hello"}, settings=read.config) is None
    usual = audio.transcribe("d", folder)["config"]
    assert usual["keymap"] == {"playpause": ["command+enter", "option+enter", "ctrl+enter"]}
    assert usual["blocks"][1]["field_id"] == "transcript"


def test_only_content_with_a_path_is_taken_out() -> None:
    whole, named = {"video": "data:video/mp4;base64,AA=="}, {"audio": "https://x/a.wav", "path": "a.wav"}
    assert audio.remove_base64([dict(whole), dict(named)]) == [whole, named]
