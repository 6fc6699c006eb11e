"""What a sample reaches with a probability, and levels between two of those.

Of values y_kr in world k (weight w_k, adding up to 1) and replication r = 1, …, R,

    reach(T) = sum_k w_k mean_r 1[y_kr >= T]          held = max {T : reach(T) >= p}
"""

import math
from typing import Final

import numpy as np

from engine.stats.arrays import Floats

ROUNDING: Final = 1e-9
"""Of a probability: sums of weights are no exact numbers."""

_STEPS: Final = (1.0, 2.0, 5.0, 10.0)
"""Steps between levels, times a power of ten."""


def reached_share(sample: Floats, level: float, weights: Floats) -> float:
    """Return the probability that a value ends at or above a level.

    Parameters
    ----------
    sample
        (worlds, replications) float64.
    level
        In the sample's unit.
    weights
        (worlds,) float64, adding up to 1.
    """
    return float(weights @ np.where(sample >= level, 1.0, 0.0).mean(axis=1))


def held_level(sample: Floats, probability: float, weights: Floats) -> float:
    """Return the largest level that is reached with a probability, in the sample's unit.

    Parameters
    ----------
    sample
        (worlds, replications) float64.
    probability
        Above 0, at most 1.
    weights
        (worlds,) float64, adding up to 1.
    """
    values = np.asarray(sample, np.float64)
    shares = np.broadcast_to(weights[:, None] / values.shape[1], values.shape).ravel()
    order = np.argsort(-values.ravel(), kind="stable")
    reached = np.cumsum(shares[order])
    place = int(np.searchsorted(reached, probability - ROUNDING))
    return float(values.ravel()[order[min(place, len(order) - 1)]])


def levels_between(low: float, high: float, goal: float, count: int = 6) -> list[float]:
    """Return round levels from at most `low` to one above `high`, and the goal, ascending.

    Whole steps of 1, 2 or 5 times a power of ten, about `count` of them; none is 0 or less.

    Parameters
    ----------
    low, high, goal
        In one unit, 0 or more.
    count
        How many are wanted.
    """
    wide = max(high - low, 0.01 * high, 1e-9) / max(count - 1, 1)
    power = 10.0 ** math.floor(math.log10(wide))
    step = next(size * power for size in _STEPS if size * power >= wide * (1 - 1e-9))
    first, last = math.floor(low / step), math.floor(high / step) + 1
    levels = {k * step for k in range(first, last + 1)}
    return sorted(level for level in levels | {goal} if level > 0)
