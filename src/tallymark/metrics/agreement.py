"""How far annotators agree on categories: in percent, and beyond chance."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Agreement", "agreement"]


@dataclass(frozen=True, slots=True)
class Agreement:
    """`units` were judged by two or more, with `values` judgements in all.

    `percent` is the mean share (0..1) of agreeing pairs of a unit. `alpha` is Krippendorff's for nominal
    data: 1 agrees always, 0 as by chance, below 0 less than that; None where every value is the same, since
    nothing tells agreement from habit there. Both are None without units.
    """

    units: int
    values: int
    percent: float | None
    alpha: float | None


def agreement(units: Iterable[Sequence[Hashable]]) -> Agreement:
    """The agreement on units, each the values that its annotators gave, in any order.

    Units with fewer than two values say nothing and are left out. After K. Krippendorff, Computing
    Krippendorff's Alpha-Reliability (2011), with the coincidences counted unit by unit.
    """
    totals: Counter[Hashable] = Counter()
    count = given = 0
    shares = disagreement = 0.0
    for values in units:
        size = len(values)
        if size < 2:
            continue
        own = Counter(values)
        same = sum(number * number for number in own.values())
        totals.update(own)
        count += 1
        given += size
        shares += (same - size) / (size * (size - 1))
        disagreement += (size * size - same) / (size - 1)
    if not count:
        return Agreement(0, 0, None, None)
    expected = given * given - sum(number * number for number in totals.values())
    alpha = 1 - (given - 1) * disagreement / expected if expected else None
    return Agreement(count, given, shares / count, alpha)
