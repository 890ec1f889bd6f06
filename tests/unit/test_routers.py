"""Routers name sessions the same way every time, and evenly."""

from collections import Counter
from dataclasses import dataclass, field

import pytest

from tallymark.routers import full_overlap, no_overlap, route_average_per_task


@dataclass
class Sessions:
    """What routers ask a controller."""

    session_ids: list[str] = field(default_factory=lambda: [f"news-{name}" for name in "abcdefghijkl"])


ITEMS = [{"_task_hash": number} for number in range(2_000)]


def test_all_and_one() -> None:
    assert full_overlap(Sessions(["x", "y"]), "news-*", {}) == ["x", "y"]
    assert no_overlap(Sessions(), "news-*", {}) == ["news-*"]


@pytest.mark.parametrize(("n", "counts"), [(1, {1}), (2, {2}), (3.0, {3}), (1.5, {1, 2}), (20, {12})])
def test_an_average_names_as_many_as_it_says(n: float, counts: set[int]) -> None:
    router = route_average_per_task(n)
    named = [router(Sessions(), "news-*", item) for item in ITEMS]
    assert {len(names) for names in named} == counts
    assert all(len(set(names)) == len(names) for names in named)
    if n == 1.5:
        assert 900 < sum(len(names) == 2 for names in named) < 1_100


def test_everybody_gets_a_fair_share() -> None:
    router = route_average_per_task(2)
    shares = Counter(name for item in ITEMS for name in router(Sessions(), "news-*", item))
    assert len(shares) == 12
    assert max(shares.values()) < 1.3 * min(shares.values())


def test_a_further_session_takes_over_its_share_and_leaves_the_rest() -> None:
    router, now = route_average_per_task(2), Sessions()
    later = Sessions([*now.session_ids, "news-zoe"])
    for item in ITEMS:
        before, after = router(now, "news-*", item), router(later, "news-*", item)
        assert before == after or len(set(before) - set(after)) == 1
    assert router(now, "news-*", ITEMS[0]) == router(Sessions(now.session_ids[::-1]), "news-*", ITEMS[0])


@pytest.mark.parametrize("n", [0, 0.5, -1, True, "2", float("nan"), float("inf")])
def test_less_than_one_session_is_no_average(n: float) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        route_average_per_task(n)
