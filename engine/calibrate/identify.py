"""Which unknowns the figures pin down, from the points that were kept."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import nan
from typing import Final, NamedTuple

import numpy as np

from engine.stats.arrays import Floats

_LEVEL: Final = 0.95
"""Share of the kept points that the stated interval of an unknown holds."""

FEW: Final = 10
"""Fewer kept points say nothing of what the figures pin down."""

_EDGE: Final = 0.1
"""Share of a range, from its end: a median there says that the range binds."""


class Identified(NamedTuple):
    """What is left of an unknown's range.

    `ratio` is the standard deviation over the kept points against that of an even spread
    over the range: 1 if the figures say nothing, 0 if they leave one value; `place` is where
    their median lies in the range, from 0 to 1. Neither is a number if fewer than `FEW` points
    were kept.
    """

    name: str
    low: float
    high: float
    kept_low: float
    kept_high: float
    ratio: float
    place: float

    @property
    def crowded(self) -> str:
        """The end of the range against which the kept points crowd: low, high, or neither."""
        return "high" if self.place > 1 - _EDGE else "low" if self.place < _EDGE else ""


def identified(
    kept: Mapping[str, Sequence[float]], ranges: Mapping[str, Mapping[str, float]]
) -> list[Identified]:
    """Compare the kept points' values with the ranges, the best known first.

    Parameters
    ----------
    kept
        By unknown, its value at every kept point, in its unit.
    ranges
        By unknown, `low`, `high`, and whether it is `log`.
    """
    found = []
    tails = ((1 - _LEVEL) / 2, (1 + _LEVEL) / 2)
    for name, values in kept.items():
        limits = ranges[name]
        low, high = limits["low"], limits["high"]
        x, ends = np.array(values), np.array([low, high])
        if limits.get("log"):
            x, ends = np.log(x), np.log(ends)
        width = float(ends[1] - ends[0])
        few = x.size < FEW
        ratio = nan if few else float(x.std(ddof=1)) * 12**0.5 / width
        place = nan if few else float(np.median(x) - ends[0]) / width
        limit = [float(v) for v in np.quantile(values, tails)]
        found.append(Identified(name, low, high, limit[0], limit[1], ratio, place))
    return sorted(found, key=lambda one: (one.ratio, one.name))


def correlated_unknowns(
    kept: Mapping[str, Sequence[float]], at_least: float
) -> list[tuple[str, str, float]]:
    """Return pairs of unknowns whose correlation over the kept points is large, largest first.

    Parameters
    ----------
    kept
        By unknown, its value at every kept point.
    at_least
        Size of a correlation that is large, from 0 to 1.
    """
    if min((len(values) for values in kept.values()), default=0) < FEW:
        return []
    pairs = [
        (a, b, _correlation(np.array(kept[a]), np.array(kept[b]))) for a, b in combinations(kept, 2)
    ]
    large = [pair for pair in pairs if abs(pair[2]) >= at_least]
    return sorted(large, key=lambda pair: -abs(pair[2]))


def _correlation(a: Floats, b: Floats) -> float:
    """Pearson's correlation; 0 where one does not vary."""
    if min(a.std(), b.std()) == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])
