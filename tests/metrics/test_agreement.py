"""Agreement against the worked examples that K. Krippendorff published, and against another computation."""

from collections import Counter
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallymark.metrics import Agreement, agreement

# Computing Krippendorff's Alpha-Reliability (2011), sections A to C: observers in rows, units in columns.
BINARY = ["0100000000", "1110010010"]
FOUR_OBSERVERS = [
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
]


def units(rows: list[list[str]]) -> list[list[str]]:
    """The values of each column, without those that are missing."""
    return [[value for value in column if value != "."] for column in zip(*rows, strict=True)]


def test_two_observers_and_two_values() -> None:
    found = agreement(units([list(row) for row in BINARY]))
    assert found.alpha == pytest.approx(0.095, abs=0.0005)
    assert (found.units, found.values, found.percent) == (10, 20, 0.6)


def test_four_observers_many_values_and_missing_ones() -> None:
    found = agreement(units([row.split() for row in FOUR_OBSERVERS]))
    assert found.alpha == pytest.approx(0.743, abs=0.0005)
    assert (found.units, found.values) == (11, 40)


def test_nothing_can_be_said_of_nothing() -> None:
    assert agreement([]) == agreement([["a"], []]) == Agreement(0, 0, None, None)


def test_one_value_alone_says_nothing_beyond_chance() -> None:
    assert agreement([["a", "a"], ["a", "a", "a"]]) == Agreement(2, 5, 1.0, None)


def by_pairs(given: list[list[str]]) -> Any:
    """Alpha as it is defined: one less the observed over the expected disagreement, pair by pair."""
    judged = [values for values in given if len(values) > 1]
    every = [value for values in judged for value in values]
    observed = sum(
        sum(one != other for one, other in permutations(values, 2)) / (len(values) - 1) for values in judged
    ) / len(every)
    expected = sum(one != other for one, other in permutations(every, 2)) / (len(every) * (len(every) - 1))
    return None if not expected else 1 - observed / expected


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=4), min_size=1, max_size=8))
def test_alpha_is_what_its_definition_says(values: list[list[str]]) -> None:
    found = agreement(values)
    assert found.values == sum(Counter(map(len, values))[size] * size for size in (2, 3, 4))
    if found.units:
        expected = by_pairs(values)
        assert found.alpha == (None if expected is None else pytest.approx(expected))
