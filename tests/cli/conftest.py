"""The command line on a database of its own, and a dataset with people at work in it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.queue.team import Clock, Team

from tallymark.cli.main import main
from tallymark.store import Store

Call = Callable[..., tuple[str, str]]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, in a time zone of its own."""
    monkeypatch.setenv("TALLYMARK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Run a command; what it prints on both channels."""

    def run(*words: object, code: int = 0) -> tuple[str, str]:
        ended = main([str(word) for word in words])
        printed = capsys.readouterr()
        assert ended == code, printed
        return printed.out, printed.err

    return run


@pytest.fixture
def team(home: Path) -> Iterator[Team]:
    """A dataset `news` in the database of the home; its clock stands until a test moves it."""
    clock = Clock()
    store = Store.open(home / "tallymark.db", clock=clock)
    yield Team(store, clock).begin()
    store.close()


def words(printed: Any) -> str:
    """What was printed, with every space one space."""
    return " ".join(str(printed).split())
