"""The shape of the target: monotone monthly knots from free increments.

Month m (0…11) has the base shape's increment d_m. The horizon is cut into K segments;
segment k has a free weight z_k in [-ln 4, ln 4], and

    increment_m = d_m exp(z_k(m)) / Σ_j d_j exp(z_k(j)),    knot_m = Σ_{j ≤ m} increment_j

so that every draw gives knots that never fall and end at 1, and all weights equal is the
base shape.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

MONTHS: Final = 12
WEIGHT_LIMIT: Final = math.log(4)
"""A segment may weigh from a quarter to four times its share of the base shape."""


def weight_names(count: int) -> list[str]:
    """Return the names of the free weights of `count` segments."""
    return [f"trajectory.weight_{k + 1}" for k in range(count)]


def knots(base: Sequence[float], weights: Sequence[float]) -> tuple[float, ...]:
    """Return the twelve monthly knots.

    Parameters
    ----------
    base
        The base policy's knots, evenly spaced over the horizon, the last 1.
    weights
        z_k, one per segment.
    """
    segment = np.arange(MONTHS) * len(weights) // MONTHS
    increments = np.diff(_monthly(base), prepend=0.0) * np.exp(np.asarray(weights))[segment]
    rising = np.cumsum(increments) / increments.sum()
    rising[-1] = 1.0
    return tuple(float(knot) for knot in np.minimum(rising, 1.0))


def _monthly(base: Sequence[float]) -> NDArray[np.float64]:
    """Read the base shape, straight between its knots and from zero, at the months' ends."""
    at = np.arange(len(base) + 1) / len(base)
    return np.interp(np.arange(1, MONTHS + 1) / MONTHS, at, [0.0, *base])
