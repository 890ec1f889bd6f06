"""A whole start from the command line: recipe, host, server, commands beside it, and a stop in good order."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from tallymark.cli.main import main

RECIPE = """
from tallymark import recipe


@recipe("colours")
def colours(dataset: str):
    return {
        "dataset": dataset,
        "view_id": "text",
        "stream": [{"text": colour} for colour in ("red", "green", "blue")],
        "config": {"labels": ["WARM"], "my_own": 5, "cors": True},
    }
"""


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("TALLYMARK_HOME", str(tmp_path / "home"))
    return {**os.environ, "TALLYMARK_HOME": str(tmp_path / "home")}


@pytest.fixture
def running(tmp_path: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    (tmp_path / "mine.py").write_text(RECIPE)
    words = ["colours", "shades", "-F", str(tmp_path / "mine.py"), "--port", "0", "--no-open"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tallymark", *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate(timeout=30)


def address(output: IO[str] | None) -> str:
    assert output is not None
    for line in output:
        if line.startswith("Annotate at "):
            return line.removeprefix("Annotate at ").strip().partition("?")[0]
    raise AssertionError("the page's address was never said")


def fetched(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=10) as reply:  # noqa: S310
        read: dict[str, Any] = json.load(reply)
    return read


def test_from_start_to_stop(
    running: subprocess.Popen[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = address(running.stdout)
    project = fetched(f"{url}api/v1/project")
    assert (project["dataset"], project["recipe"], project["view_id"]) == ("shades", "colours", "text")
    assert project["labels"] == ["WARM"]
    assert project["config"]["my_own"] == 5

    imported = tmp_path / "old.jsonl"
    imported.write_text('{"text": "old", "answer": "accept"}\n')
    assert main(["db-in", "old", str(imported)]) == 0, "through the server that lives"
    assert main(["db-out", "old"]) == 0
    assert '"text":"old"' in capsys.readouterr().out
    assert main(["audit", "shades"]) == 0

    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=30)
    assert running.returncode == 0, errors
    assert errors.count("my_own is no setting") == 1
    assert "cors" not in errors
