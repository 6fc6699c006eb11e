"""Which unknowns the figures pin down, from the points that were kept."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import nan
from typing import Final, NamedTuple

import numpy as np

from engine.stats.arrays import Floats

_LEVEL: Final = 0.95
"""Share of the kept points that the stated interval of an unknown holds."""

_FEW: Final = 10
"""Fewer kept points say nothing of how unknowns move together."""


class Identified(NamedTuple):
    """What is left of an unknown's range.

    `ratio` is the standard deviation over the kept points against that of an even spread
    over the range: 1 if the figures say nothing, 0 if they leave one value; not a number if
    one point was kept.
    """

    name: str
    low: float
    high: float
    kept_low: float
    kept_high: float
    ratio: float


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
        ratio = float(x.std(ddof=1)) * 12**0.5 / float(ends[1] - ends[0]) if x.size > 1 else nan
        limit = [float(v) for v in np.quantile(values, tails)]
        found.append(Identified(name, low, high, limit[0], limit[1], ratio))
    return sorted(found, key=lambda one: one.ratio)


def tied(kept: Mapping[str, Sequence[float]], at_least: float) -> list[tuple[str, str, float]]:
    """Return pairs of unknowns whose correlation over the kept points is large, largest first.

    Parameters
    ----------
    kept
        By unknown, its value at every kept point.
    at_least
        Size of a correlation that is large, from 0 to 1.
    """
    if min((len(values) for values in kept.values()), default=0) < _FEW:
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
