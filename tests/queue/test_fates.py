"""What became of rows, kept as ranges: neighbours with the same fate and note are one."""

from collections.abc import Mapping

import pytest
from tests.queue.team import Team

from tallymark.queue.fates import record_fates, rows_with_fate
from tallymark.types import FATES, Fate

Ranges = list[tuple[int, int, str, str | None]]


def record(team: Team, fates: Mapping[int, Fate], note: str | None = None) -> dict[str, int]:
    """Give rows of the first source their fate, as a host that has read so far would."""
    counts = team.do(record_fates, {(1, ordinal): (fate, note) for ordinal, fate in fates.items()})
    team.sql("UPDATE source SET rows_read = max(rows_read, :rows)", rows=max(fates, default=0))
    return counts


def ranges(team: Team) -> Ranges:
    found = team.sql("SELECT * FROM row_fate ORDER BY first")
    return [(row["first"], row["last"], row["fate"], row["note"]) for row in found]


@pytest.fixture()
def reader(team: Team) -> Team:
    """A team with one source."""
    team.source()
    return team


def test_neighbours_are_one_range(reader: Team) -> None:
    assert record(reader, dict.fromkeys(range(1, 101), "invalid")) == {"invalid": 100}
    record(reader, {101: "invalid"})
    assert ranges(reader) == [(1, 101, "invalid", None)]


def test_a_gap_is_closed_by_the_row_in_it(reader: Team) -> None:
    record(reader, {1: "passed", 3: "passed"})
    assert ranges(reader) == [(1, 1, "passed", None), (3, 3, "passed", None)]
    record(reader, {2: "passed"})
    assert ranges(reader) == [(1, 3, "passed", None)]


def test_neighbours_with_other_notes_stay_apart(reader: Team) -> None:
    record(reader, {1: "invalid"}, "no text")
    record(reader, {2: "invalid"}, "no label")
    record(reader, {3: "invalid"}, "no label")
    assert ranges(reader) == [(1, 1, "invalid", "no text"), (2, 3, "invalid", "no label")]


def test_a_row_that_has_a_fate_keeps_it(reader: Team) -> None:
    record(reader, dict.fromkeys(range(1, 6), "invalid"), "bad")
    assert record(reader, {3: "passed"}) == {}
    assert record(reader, {3: "invalid"}, "other") == {}
    assert ranges(reader) == [(1, 5, "invalid", "bad")]


@pytest.mark.parametrize("place", [1, 3, 5])
def test_a_better_fate_splits_the_range(reader: Team, place: int) -> None:
    record(reader, dict.fromkeys(range(1, 6), "passed"))
    assert record(reader, {place: "excluded"}) == {"excluded": 1}
    wanted = [
        (1, place - 1, "passed", None),
        (place, place, "excluded", None),
        (place + 1, 5, "passed", None),
    ]
    assert ranges(reader) == [each for each in wanted if each[0] <= each[1]]


def test_every_row_of_a_range_may_get_a_better_fate(reader: Team) -> None:
    record(reader, {1: "passed", 2: "passed", 3: "invalid"})
    assert record(reader, {1: "excluded", 2: "excluded", 3: "passed"}) == {"excluded": 2}
    assert ranges(reader) == [(1, 2, "excluded", None), (3, 3, "invalid", None)]


def test_of_two_fates_the_one_that_applies_first_wins(reader: Team) -> None:
    for better, worse in zip(FATES[2:], FATES[3:], strict=False):
        record(reader, {1: worse})
        record(reader, {1: better})
        reader.sql("DELETE FROM row_fate WHERE fate = :fate", fate=worse)
        assert ranges(reader) == [(1, 1, better, None)]
        reader.sql("DELETE FROM row_fate")


def test_fates_of_several_sources_are_apart(reader: Team) -> None:
    reader.source("/other")
    counts = reader.do(
        record_fates, {(2, 1): ("invalid", None), (1, 2): ("passed", None), (1, 1): ("passed", None)}
    )
    reader.sql("UPDATE source SET rows_read = 2")
    assert counts == {"invalid": 1, "passed": 2}
    assert ranges(reader) == [(1, 2, "passed", None), (1, 1, "invalid", None)] or len(ranges(reader)) == 2


def test_no_fates_are_no_work(reader: Team) -> None:
    assert record(reader, {}) == {}


def test_which_rows_have_a_fate(reader: Team) -> None:
    record(reader, {1: "passed", 2: "passed", 5: "invalid"})
    asked = {(1, ordinal) for ordinal in range(1, 7)} | {(2, 1)}
    assert reader.do(rows_with_fate, asked) == {(1, 1), (1, 2), (1, 5)}
    assert reader.do(rows_with_fate, set()) == set()
