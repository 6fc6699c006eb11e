"""Where a Gaussian process would look next: noisy expected improvement, by scalarisation.

Every goal and every constraint has a process of its own. A trial has weights w of its own
and turns its goals' costs c, scaled to [0, 1] over the frontier so far, into one,

    s(c) = max_k w_k c_k + 0.05 sum_k w_k c_k

(ParEGO; Knowles, IEEE Trans. Evol. Comput. 10(1), 2006), so that the trials of a search
spread over the frontier. What an observed point is really worth is not known either: it is
drawn from the posterior, together with the points that are still being simulated, and the
improvement over the best of a draw is averaged over draws (Letham, Karrer, Ottoni & Bakshy,
Bayesian Analysis 14(2), 2019):

    score(x) = mean_j max(0, s_j* - s(c_j(x))) prod_i P(g_i(x) <= 0 | draw j)

with s_j* the best feasible of draw j, and the worst of it where none is feasible: then the
probability of feasibility decides.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from engine.design.draws import normal_draws, open_unit
from engine.rng import Purpose
from engine.search.samplers.gaussian_process import Exact, Posterior, draws, fit, standardised
from engine.stats.pareto import non_dominated

Floats = NDArray[np.float64]
Score = Callable[[Floats], Floats]

DRAWS: Final = 32
"""Draws of the posterior over which improvements are averaged."""

FITTED: Final = 160
"""Most points on which lengths, signal and nugget are fitted."""

GROWTH: Final = 1.25
"""They are fitted again when there are this much more points."""

_AUGMENTED: Final = 0.05


class Seen(NamedTuple):
    """One goal's costs or one constraint's excesses over the trials, and their variances."""

    values: Floats
    noise: Floats


class Draws(NamedTuple):
    """One quantity drawn at known points, shape (points, draws), and the process through it."""

    values: Floats
    exact: Exact
    mean: float
    scale: float

    def at(self, x: Floats) -> tuple[Floats, Floats]:
        """Return means, shape (points, draws), and deviations at points, in own units."""
        means, deviations = self.exact.at(x)
        return self.mean + self.scale * means, self.scale * deviations


def fitted_count(seen: int, first: int) -> int:
    """Return how many of the trials seen so far the lengths are fitted on.

    A function of the count alone, so that a search that was interrupted fits on the same.
    """
    count = max(first, 1)
    while count * GROWTH <= seen:
        count = int(np.ceil(count * GROWTH))
    return min(count, seen)


def drawn(x: Floats, pending: Floats, seen: Seen, kept: NDArray[np.int64], fitted: int,
          seed: int) -> Draws:  # fmt: skip
    """Draw one quantity at the kept and at the pending points.

    Parameters
    ----------
    x : all trials' features, in order of their numbers.
    kept : places of the trials that the posterior learns from.
    fitted : how many trials the lengths are fitted on, the first ones.
    """
    places = np.unique(np.linspace(0, fitted - 1, min(fitted, FITTED)).astype(np.int64))
    first = standardised(seen.values[places], seen.noise[places])
    theta = fit(np.ascontiguousarray(x[places]), first.values, first.noise)
    values = (seen.values[kept] - first.mean) / first.scale
    known = Posterior(theta, x[kept], values, seen.noise[kept] / first.scale**2)
    everywhere = np.vstack([x[kept], pending])
    normals = normal_draws(seed, Purpose.TRIAL, (len(everywhere), DRAWS))
    sample = draws(*known.at(everywhere), theta, normals)
    exact = Exact(theta, everywhere, sample)
    return Draws(first.mean + first.scale * sample, exact, first.mean, first.scale)


def improvement(
    goals: Sequence[Draws], constraints: Sequence[Draws], weights: Floats, seed: int
) -> Score:
    """Return the score of points by the draws of goals and constraints."""
    least, spans = _scales(goals, constraints)
    normals = normal_draws(seed, Purpose.TRIAL, (len(goals), DRAWS))

    def scalar(costs: Sequence[Floats]) -> Floats:
        scaled = [(cost - low) / span for cost, low, span in zip(costs, least, spans, strict=True)]
        return scalarised(np.stack(scaled, axis=-1), weights)

    known = scalar([goal.values for goal in goals])
    able = np.ones(known.shape, np.bool_)
    for one in constraints:
        able &= one.values <= 0
    best = np.where(able.any(axis=0), np.where(able, known, np.inf).min(axis=0), known.max(axis=0))

    def score(x: Floats) -> Floats:
        found = [goal.at(x) for goal in goals]
        costs = [
            means + deviations[:, None] * own
            for (means, deviations), own in zip(found, normals, strict=True)
        ]
        gain = np.maximum(best - scalar(costs), 0.0)
        for one in constraints:
            means, deviations = one.at(x)
            gain = gain * ndtr(-means / deviations[:, None])
        return np.asarray(gain.mean(axis=1))

    return score


def scalarised(costs: Floats, weights: Floats) -> Floats:
    """Return s(c) of costs whose last axis is the goals."""
    weighted = costs * weights
    return np.asarray(weighted.max(axis=-1) + _AUGMENTED * weighted.sum(axis=-1))


def _scales(goals: Sequence[Draws], constraints: Sequence[Draws]) -> tuple[Floats, Floats]:
    """Return each goal's least cost and its span over the feasible points that none beats.

    Over all points, one far off would make the differences that matter vanish.
    """
    costs = np.stack([goal.values.mean(axis=1) for goal in goals], axis=1)
    able = np.ones(len(costs), np.bool_)
    for one in constraints:
        able &= one.values.mean(axis=1) <= 0
    among = costs[able] if able.any() else costs
    front = among[non_dominated(among)]
    spans = np.ptp(front, axis=0)
    whole = np.where(np.ptp(costs, axis=0) > 0, np.ptp(costs, axis=0), 1.0)
    return front.min(axis=0), np.where(spans > 0, spans, whole)


def simplex(point: Floats) -> Floats:
    """Return weights that add up to 1, uniform over all such if the cube's points are."""
    spacings = -np.log(open_unit(point))
    return np.asarray(spacings / spacings.sum())
