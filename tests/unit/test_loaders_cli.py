"""`dataset:` sources from the command line."""

from pathlib import Path
from typing import Any

import pytest

from tallymark.cli import run
from tallymark.cli.main import main


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """The streams of recipes that would have been served, read to their end."""
    found: list[Any] = []

    class Launch:
        def cancel(self) -> None:
            """Nothing was begun."""

    def serve(components: Any, **_: Any) -> int:
        found.append([task["text"] for task in components.stream])
        return 0

    monkeypatch.setattr(run, "begin_server", lambda _settings: Launch())
    monkeypatch.setattr(run, "run_recipe", serve)
    monkeypatch.setenv("TALLYMARK_DATABASE", str(tmp_path / "test.db"))
    monkeypatch.setenv("TALLYMARK_HOME", str(tmp_path))
    answers = tmp_path / "answers.jsonl"
    answers.write_text('{"text": "a", "answer": "accept"}\n{"text": "b", "answer": "reject"}\n')
    assert main(["db-in", "old", str(answers)]) == 0
    return found


def test_answers_of_another_dataset(served: list[Any]) -> None:
    assert main(["mark", "new", "dataset:old"]) == 0
    assert main(["mark", "new", "dataset:old:reject"]) == 0
    assert served == [["a", "b"], ["b"]]


def test_not_those_of_the_same(served: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mark", "old", "dataset:old:accept"]) == 2
    assert "cannot be a source of the same dataset" in capsys.readouterr().err
    assert served == []


def test_not_those_of_none(served: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mark", "new", "dataset:odd"]) == 2
    assert "there is no dataset 'odd'. There are: old." in capsys.readouterr().err
    assert served == []
