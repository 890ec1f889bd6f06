"""The log of another process is shown line by line."""

from pathlib import Path

from tests.host.conftest import until

from tallymark.host.following import following


def test_new_lines_are_said_and_old_ones_are_not(tmp_path: Path) -> None:
    log, said = tmp_path / "log", list[str]()
    log.write_text("old\n")
    with following(log, said.append):
        with log.open("a") as file:
            file.write("one\nha")
        until(lambda: said == ["one"], "the line")
        with log.open("a") as file:
            file.write("lf\n")
        until(lambda: said == ["one", "half"], "the second line")
        log.write_text("new\n")
        until(lambda: said[-1] == "new", "the file begun anew")
        with log.open("a") as file:
            file.write("last\n")
    assert said == ["one", "half", "new", "last"]


def test_a_log_that_is_not_there_yet(tmp_path: Path) -> None:
    said = list[str]()
    with following(tmp_path / "log", said.append):
        (tmp_path / "log").write_text("first\n")
        until(lambda: said == ["first"], "the line")
