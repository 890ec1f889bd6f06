"""`tallymark wait`: what a pipeline waits for, and how it learns that it came, or never will."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.queue.team import Clock, Team

from tallymark.cli.commands import wait as command
from tallymark.cli.main import main
from tallymark.queue import runs
from tallymark.store import Store

Wait = Callable[..., tuple[int, str]]


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    """A dataset in the home's own database, with two tasks that want two answers each."""
    monkeypatch.setenv("TALLYMARK_HOME", str(tmp_path))
    store = Store.open(tmp_path / "tallymark.db")
    made = Team(store, Clock(), "news").begin(overlap=2)
    made.tasks("a", "b", ended=False)
    yield made
    store.close()


@pytest.fixture
def wait(capsys: pytest.CaptureFixture[str]) -> Wait:
    def run(*words: str) -> tuple[int, str]:
        code = main(["wait", "news", *words])
        return code, capsys.readouterr().err

    return run


def end(team: Team) -> None:
    team.hosted(runs.stream_state, state="ended")


def test_for_the_last_answer(team: Team, wait: Wait) -> None:
    assert wait("--timeout", "0") == (
        command.TIMED_OUT,
        "news: 0 of 2 tasks done, 0 answers, still reading\nnews: not done after 0 minutes.\n",
    )
    end(team)
    assert wait("--until", "fed") == (0, "news: 0 of 2 tasks done, 0 answers\n")
    for name in ("ann", "bob"):
        person = team.seat(name)
        for task in ("1", "2"):
            person.submit(task)
    assert wait() == (0, "news: 2 of 2 tasks done, 4 answers\n")
    assert wait("--quiet", "--until", "answered=4") == (0, "")
    assert wait("-q", "-u", "answered>4", "-t", "0")[0] == command.TIMED_OUT
    assert wait("-q", "-u", "answered >= 5", "-t", "0")[0] == command.TIMED_OUT


def test_for_agreement(team: Team, wait: Wait) -> None:
    assert wait("-u", "agreement>=0.5", "-t", "0")[1].startswith("news: agreement not known yet on 0 tasks")
    ann, bob = team.people("ann", "bob")
    for person in (ann, bob):
        person.submit("1", set={"label": "A"})
        person.submit("2", set={"label": "B"})
    assert wait("-u", "agreement>=1")[0] == 0
    assert wait("-u", "percent>=100") == (0, "news: percent 100 on 2 tasks with several answers\n")
    bob.submit("2", set={"label": "A"})
    assert wait("-u", "percent>50", "-t", "0")[0] == command.TIMED_OUT


def test_it_goes_on_waiting_until_it_comes(team: Team, wait: Wait, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            end(team)

    monkeypatch.setattr("tallymark.cli.commands.wait.time.sleep", sleep)
    assert wait("--until", "fed")[0] == 0
    assert slept == [command.LOOK_SECONDS] * 3


def test_a_stream_that_failed_is_waited_for_no_longer(team: Team, wait: Wait) -> None:
    team.hosted(runs.stream_state, state="failed", detail="row 3 is odd")
    code, told = wait()
    assert code == 2
    assert "news: row 3 is odd. Mend it and start the recipe again." in told


@pytest.mark.parametrize("until", ["finished", "answered", "answered=", "answered=1.2.3", "agreement<1"])
def test_what_nobody_can_wait_for(team: Team, wait: Wait, until: str) -> None:
    code, told = wait("--until", until)
    assert code == 2
    assert until in told
    assert "1.2.3" in told or "expected fed, done, answered=500" in told
    assert team.dataset == "news"


@pytest.mark.parametrize(
    "words",
    [
        ("--until", "agreement>=80", "1 is the most"),
        ("--until", "agreement>1", "1 is the most"),
        ("--until", "percent>=101", "100 is the most"),
        ("--timeout", "nan", "give minutes"),
        ("--timeout=-1", "give minutes"),
    ],
)
def test_what_would_never_come(team: Team, wait: Wait, words: tuple[str, ...]) -> None:
    code, told = wait(*words[:-1])
    assert code == 2
    assert words[-1] in told
    assert team.dataset == "news"


def test_an_unknown_dataset(team: Team, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wait", "other"]) == 2
    assert f"There are: {team.dataset}" in capsys.readouterr().err
