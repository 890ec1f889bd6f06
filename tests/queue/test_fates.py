"""Fates are kept as ranges that never overlap, and mean the same as one fate for each row."""

import itertools
import random
from typing import Any

import pytest
from tests.queue.team import Clock, Team

from tallymark.queue.fates import record_fates, rows_with_fate
from tallymark.store import Store
from tallymark.types import FATES, Fate

Fates = dict[tuple[int, int], tuple[Fate, str | None]]


@pytest.fixture
def team(store: Store, clock: Clock) -> Team:
    """Rows that became tasks have none here, so the books of this team do not balance."""
    return Team(store, clock).begin()


def ranges(team: Team, source: int) -> list[tuple[Any, ...]]:
    rows = team.sql("SELECT first, last, fate, note FROM row_fate WHERE source = :s ORDER BY first", s=source)
    return [(row["first"], row["last"], row["fate"], row["note"]) for row in rows]


def spelt(source: int, text: str) -> Fates:
    """`.pp i` is: no fate, passed, passed, no fate, invalid, for rows 1 to 5."""
    by_letter = {fate[0]: fate for fate in FATES}
    return {(source, row): (by_letter[one], None) for row, one in enumerate(text, 1) if one in by_letter}


def kept(team: Team, source: int) -> str:
    found = [(first, last, fate) for first, last, fate, _ in ranges(team, source)]
    length = max((last for _, last, _ in found), default=0)
    return "".join(
        next((fate[0] for first, last, fate in found if first <= row <= last), ".")
        for row in range(1, length + 1)
    )


@pytest.mark.parametrize(
    ("before", "new", "after", "pieces"),
    [
        ("", "ppp", "ppp", 1),
        ("pp", "..pp", "pppp", 1),
        ("pp", "...pp", "pp.pp", 2),
        ("pp.pp", "..p", "ppppp", 1),
        ("pp.pp", "..i", "ppipp", 3),
        ("ppppp", "..t", "pptpp", 3),
        ("ppppp", "t.t.t", "tptpt", 5),
        ("ppppp", "ttttt", "ttttt", 1),
        ("ttttt", "piced", "ttttt", 1),
        ("pide", "ccct", "ccct", 2),
        ("tttpp", ".ttt", "ttttp", 2),
    ],
)
def test_a_better_fate_wins_and_neighbours_become_one(
    team: Team, before: str, new: str, after: str, pieces: int
) -> None:
    source = team.source()
    team.do(record_fates, spelt(source, before))
    team.do(record_fates, spelt(source, new))
    assert (kept(team, source), len(ranges(team, source))) == (after, pieces)


def test_neighbours_with_other_notes_stay_apart(team: Team) -> None:
    source = team.source()
    team.do(record_fates, {(source, 1): ("invalid", "a"), (source, 2): ("invalid", "b")})
    team.do(record_fates, {(source, 3): ("invalid", "b")})
    assert ranges(team, source) == [(1, 1, "invalid", "a"), (2, 3, "invalid", "b")]


def test_what_is_counted_are_new_fates(team: Team) -> None:
    first, second = team.source("/a"), team.source("/b")
    assert team.do(record_fates, spelt(first, "ppi") | spelt(second, "p.t")) == {
        "passed": 3,
        "invalid": 1,
        "task": 1,
    }
    assert team.do(record_fates, spelt(first, "ptp")) == {
        "task": 1,
    }
    assert team.do(record_fates, spelt(first, "ppi")) == {}
    assert team.do(record_fates, {}) == {}
    assert (kept(team, first), kept(team, second)) == ("pti", "p.t")


def test_rows_with_a_fate_are_told_from_pending_ones(team: Team) -> None:
    first, second = team.source("/a"), team.source("/b")
    team.do(record_fates, spelt(first, "p.p") | spelt(second, ".p"))
    asked = {(source, row) for source in (first, second) for row in range(1, 5)}
    assert team.do(rows_with_fate, asked) == {(first, 1), (first, 3), (second, 2)}
    assert team.do(rows_with_fate, set()) == set()


@pytest.mark.parametrize("seed", range(20))
def test_ranges_mean_the_same_as_a_fate_for_each_row(team: Team, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    source = team.source()
    model: Fates = {}
    for _ in range(12):
        rows = chance.sample(range(1, 25), chance.randint(1, 8))
        new: Fates = {(source, row): (chance.choice(FATES), chance.choice([None, "n"])) for row in rows}
        better = {
            row: fate
            for row, fate in new.items()
            if row not in model or FATES.index(fate[0]) < FATES.index(model[row][0])
        }
        model |= better
        assert sum(team.do(record_fates, new).values()) == len(better)
    found = ranges(team, source)
    assert {(source, row): (fate, note) for a, b, fate, note in found for row in range(a, b + 1)} == model
    assert all(left[1] < right[0] for left, right in itertools.pairwise(found))
    assert not any(
        left[1] + 1 == right[0] and left[2:] == right[2:] for left, right in itertools.pairwise(found)
    )
