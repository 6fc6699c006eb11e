"""Which anchors of the market a row stands for: the largest one by one, the others by strata.

The market's anchors are ranks 0 .. N - 1 by fans. `rows` of them are simulated: the first ones
are single anchors; each row behind them is a stratum of neighbouring ranks, and stands for them
with the mean of what they have (Cochran, Sampling Techniques, 3rd ed. 1977, ch. 5). Sizes of
strata grow with rank, since sales are spread over ln rank far more evenly than over rank.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def rank_strata(market: int, rows: int, heads: int, cuts: Iterable[int] = ()) -> Ints:
    """The first rank of each of `rows` strata, and `market` behind them: int64 (rows + 1,).

    With as many rows as anchors every row is one; else at least the `heads` largest are. Behind
    them a stratum from rank e on, with n rows left, has e ((market / e)^(1 / n) - 1) anchors, in
    whole ones: a geometric series. No stratum has ranks from both sides of one of the `cuts`, as
    far as there are rows for it.
    """
    edges = list(range((rows if rows == market else min(heads, rows - 1)) + 1))
    while len(edges) <= rows:
        first, left = edges[-1], rows + 1 - len(edges)
        growth = (market / max(first, 1)) ** (1.0 / left) - 1.0
        size = max(1, round(max(first, 1) * growth))
        edges.append(market if left == 1 else min(first + size, market + 1 - left))
    strata = np.array(edges, np.int64)
    for cut in cuts:
        if rows > 1 and 0 < cut < market:
            strata[1 + np.argmin(np.abs(strata[1:-1] - cut))] = cut
    return strata


def even_strata(market: int, rows: int) -> Ints:
    """The first place of each of `rows` strata of equal anchors, and `market`: int64."""
    return np.arange(rows + 1, dtype=np.int64) * market // max(rows, 1)


def stratum_means(values: Floats, strata: Ints) -> Floats:
    """The mean of `values`, by rank, over each stratum: float64 (rows,)."""
    return np.asarray(np.add.reduceat(values, strata[:-1]) / np.diff(strata))


def mean_ranks(stands_for: Floats) -> Floats:
    """The mean rank of the anchors that each row stands for, rows in their order.

    `stands_for` (float64, by row) anchors; the result float64, 0 for the first if it is one.
    """
    return np.asarray(np.cumsum(stands_for) - (stands_for + 1.0) / 2.0)
