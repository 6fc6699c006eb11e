"""Levels that are to be reached with a probability, each at the least price.

Of candidate i in world k (weight w_k) and replication r, G is the measure that is to be reached
and C the cost:

    held_i = max {T : sum_k w_k mean_r 1[G_ikr >= T] >= p}      price_i = c_i - v g_i

c_i and g_i the weighted means, v the value of G beyond the cost. The row of a level T is the
candidate with the least price among those that hold T.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.search.problem import Point, Sample, Values
from engine.stats.arrays import Floats
from engine.stats.reach import held_level, levels_between

_FOR_A_LINE: Final = 5
"""Candidates whose levels tell a line."""


@dataclass(frozen=True)
class Aim:
    """What the rows of a price table ask of a search.

    `reached` and `cost` name measures, `probability` is p, `value` is v, in units of cost per
    unit reached. `today` names the given candidate that costs are counted from; `goal` is a
    level that is always asked, in the unit of `reached`, and `levels` are all of them (none: from
    what `today` holds up). `anchors` are points towards which a candidate may be put back,
    lever by lever. `weights` are those of the worlds, adding up to 1; none: all alike.
    """

    reached: str
    cost: str
    probability: float
    today: str
    goal: float
    unit: float = 1.0
    levels: tuple[float, ...] | None = None
    value: float = 0.0
    anchors: tuple[Point, ...] = ()
    weights: tuple[float, ...] | None = None

    def held(self, sample: Sample) -> float:
        """Return the largest level that a sample holds, in the unit of `reached`."""
        own = sample.values[self.reached]
        return held_level(own, self.probability, self.world_weights(len(own)))

    def price_by(self, values: Values) -> Floats:
        """Return a sample's price by replication, (replications,) float64, worlds weighted.

        Parameters
        ----------
        values
            By measure, (worlds, replications) float64.
        """
        return self._by(values, self.cost) - self.value * self._by(values, self.reached)

    def reached_by(self, values: Values) -> Floats:
        """Return what a sample reaches by replication, (replications,) float64, worlds weighted.

        Parameters
        ----------
        values
            By measure, (worlds, replications) float64.
        """
        return self._by(values, self.reached)

    def world_weights(self, count: int) -> Floats:
        """Return the weights of the first `count` worlds, adding up to 1, (worlds,) float64."""
        own = np.ones(count) if self.weights is None else np.array(self.weights[:count])
        return np.asarray(own / own.sum())

    def asked_levels(self, low: float, high: float) -> list[float]:
        """Return the levels that are worth a search, ascending, in the unit of `reached`.

        Round ones above what nothing holds are left out, unless they are asked for.

        Parameters
        ----------
        low, high
            What `today` holds, and the most that some candidate holds.
        """
        if self.levels is not None:
            return sorted(set(self.levels))
        unit = self.unit
        found = levels_between(low / unit, high / unit, self.goal / unit)
        return [unit * k for k in found if unit * k <= high or unit * k == self.goal]

    def _by(self, values: Values, measure: str) -> Floats:
        own = np.asarray(values[measure], np.float64)
        return np.asarray(self.world_weights(len(own)) @ own)


def cheapest_first(
    held: Floats, prices: Floats, level: float, among: Sequence[int] | None = None
) -> list[int]:
    """Return the places of those that hold a level, the least price first.

    Parameters
    ----------
    held, prices
        (n,) float64, one per candidate; not-a-number counts as not held.
    level
        In the unit of `held`.
    among
        Places that are considered; none: all.
    """
    places = range(len(held)) if among is None else among
    return sorted((k for k in places if held[k] >= level), key=lambda k: (prices[k], -held[k], k))


def moved_levels(
    levels: Sequence[float], here: Sequence[float], there: Sequence[float]
) -> list[float]:
    """Return where levels of some replications stand on others.

    Candidates share their random numbers, so what those that met both hold differs by a common
    factor, or nearly so: by their mean ratio, and from `_FOR_A_LINE` candidates on by the line of
    least squares through what they hold. One candidate says too little: its own noise would move
    the levels near it.

    Parameters
    ----------
    levels
        On the replications of `there`.
    here, there
        What the same candidates hold on either; at least one.
    """
    own, other = np.asarray(here, np.float64), np.asarray(there, np.float64)
    slope = float(own.sum() / other.sum()) if other.sum() > 0 else 1.0
    middle, base = own.mean(), other.mean()
    spread = float(((other - base) ** 2).sum())
    if len(own) >= _FOR_A_LINE and spread > 0:
        slope = float(((own - middle) * (other - base)).sum() / spread)
    return [float(middle + slope * (level - base)) for level in levels]
