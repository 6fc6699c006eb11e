"""Points on the line from a policy that holds more than its level to one that holds less.

What a row's policy holds beyond its level is paid for. With h and c what policies hold and cost, p
the cheapest of a level on the fresh replications, e what it holds there beyond the level, and q a
cheaper one with h_q <= h_p - e,

    t = e / (h_p - h_q + d),    price of x_p + t (x_q - x_p) about c_p - t (c_p - c_q)

Where what is held is concave and the price convex along the line, the point holds the level and
costs at most that. h_p - h_q is that of the fresh replications and d = 0 where q has met them;
elsewhere it is that of the search's own, and d the standard error of such a difference. Of all q
the one with the least such price is taken; d keeps it from being one that only seems to lose
little.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from optuna.distributions import BaseDistribution

from engine.design.cube import UnitCube
from engine.search.aim import cheapest_first
from engine.search.problem import Point
from engine.stats.arrays import Floats


class KnownPolicies(NamedTuple):
    """What policies are known to hold and cost.

    By policy: `points`; `held` and `prices` on the search's replications, `held_fresh` on the fresh
    ones, where not-a-number is not known; all (policies,) float64. `doubt` is the standard error of
    the difference of what two hold.
    """

    points: Sequence[Point]
    held: Floats
    prices: Floats
    held_fresh: Floats
    doubt: float


class _Step(NamedTuple):
    """What a point on a line should save, as a share of what its level is judged by."""

    saved: float
    point: Point


def points_between(
    distributions: Mapping[str, BaseDistribution],
    known: KnownPolicies,
    judged: Mapping[float, float],
    count: int,
) -> list[Point]:
    """Return the points that should save the largest shares, at most one for a level.

    Parameters
    ----------
    distributions
        Of the searched values.
    known
        The policies.
    judged
        By level what a saving is a share of, above 0, in the unit of prices.
    count
        Points that are wanted, at most.
    """
    cube = UnitCube(distributions)
    found = [_between(cube, known, *one) for one in judged.items()]
    steps = sorted((one for one in found if one is not None), key=lambda one: -one.saved)
    return [one.point for one in steps[:count]]


def _between(cube: UnitCube, known: KnownPolicies, level: float, unit: float) -> _Step | None:
    """Return a level's step; None where nothing holds it, or nothing is cheaper."""
    held, prices = known.held, known.prices
    holds = cheapest_first(known.held_fresh, prices, level)
    if not holds:
        return None
    best = holds[0]
    beyond = known.held_fresh[best] - level
    is_fresh = np.isfinite(known.held_fresh)
    lost = np.where(is_fresh, known.held_fresh[best] - known.held_fresh, held[best] - held)
    less = np.flatnonzero((lost >= beyond) & (prices < prices[best]))
    if beyond <= 0 or not less.size:
        return None
    shares = beyond / (lost[less] + np.where(is_fresh[less], 0.0, known.doubt))
    saved = shares * (prices[best] - prices[less])
    k = int(np.argmax(saved))
    start, end = cube.points([known.points[best], known.points[less[k]]])
    point = cube.values(start + shares[k] * (end - start))
    return _Step(float(saved[k]) / unit, dict(point))
