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
from scipy.special import ndtr

from engine.design.draws import normal_draws, open_unit
from engine.rng import Purpose
from engine.search.samplers.gaussian_process import (
    NoiselessPosterior,
    NoisyPosterior,
    fit_hyperparameters,
    sample_posterior,
    standardise,
)
from engine.stats.arrays import Floats, Ints
from engine.stats.pareto import non_dominated

Score = Callable[[Floats], Floats]

_DRAWS: Final = 32
"""Draws of the posterior over which improvements are averaged."""

_FITTED: Final = 160
"""Most points on which lengths, signal and nugget are fitted."""

_GROWTH: Final = 1.25
"""They are fitted again when there are this much more points."""

_AUGMENTED: Final = 0.05


class NoisyValues(NamedTuple):
    """One goal's costs or one constraint's excesses, (trials,), and their variances, (trials,)."""

    values: Floats
    noise: Floats


class _QuantityDraws(NamedTuple):
    """One quantity drawn at known points, (points, draws), and the process through it.

    `values` are in the quantity's own unit; the process has mean 0 and variance 1, and `mean`
    and `scale` take it back.
    """

    values: Floats
    exact: NoiselessPosterior
    mean: float
    scale: float

    def at(self, x: Floats) -> tuple[Floats, Floats]:
        """Return means, (points, draws), and deviations, (points,), in own units.

        Parameters
        ----------
        x
            (points, features) float64.
        """
        means, deviations = self.exact.at(x)
        return self.mean + self.scale * means, self.scale * deviations


def fitted_count(seen: int, first: int) -> int:
    """Return how many of the trials seen so far the lengths are fitted on.

    A function of the count alone, so that a search that was interrupted fits on the same.

    Parameters
    ----------
    seen
        Trials that are finished.
    first
        Trials before the first fit.
    """
    count = max(first, 1)
    while count * _GROWTH <= seen:
        count = int(np.ceil(count * _GROWTH))
    return min(count, seen)


def draw_quantity(
    x: Floats, pending: Floats, seen: NoisyValues, kept: Ints, fitted: int, seed: int
) -> _QuantityDraws:
    """Draw one quantity at the kept and at the pending points.

    Parameters
    ----------
    x
        (trials, features) float64, in order of the trials' numbers.
    pending
        (pending, features) float64, the points that are still being simulated.
    seen
        The quantity at `x`.
    kept
        (kept,) int64, indices of the trials that the posterior learns from.
    fitted
        How many trials the lengths are fitted on, the first ones.
    seed
        Names the draws.
    """
    places = np.unique(np.linspace(0, fitted - 1, min(fitted, _FITTED)).astype(np.int64))
    first = standardise(seen.values[places], seen.noise[places])
    theta = fit_hyperparameters(np.ascontiguousarray(x[places]), first.values, first.noise)
    values = (seen.values[kept] - first.mean) / first.scale
    known = NoisyPosterior(theta, x[kept], values, seen.noise[kept] / first.scale**2)
    everywhere = np.vstack([x[kept], pending])
    normals = normal_draws(seed, Purpose.TRIAL, (len(everywhere), _DRAWS))
    sample = sample_posterior(*known.at(everywhere), theta, normals)
    exact = NoiselessPosterior(theta, everywhere, sample)
    return _QuantityDraws(first.mean + first.scale * sample, exact, first.mean, first.scale)


def expected_improvement(
    goals: Sequence[_QuantityDraws],
    constraints: Sequence[_QuantityDraws],
    weights: Floats,
    seed: int,
) -> Score:
    """Return the score of points by the draws of goals and constraints: see the module.

    Parameters
    ----------
    goals, constraints
        Costs, less is better, and excesses, feasible at 0 or less, all at the same points.
    weights
        (goals,) float64, of sum 1.
    seed
        Names the draws.

    Returns
    -------
    A function of (points, features) float64 whose values are (points,) float64, 0 or more.
    """
    least, spans = _scales(goals, constraints)
    normals = normal_draws(seed, Purpose.TRIAL, (len(goals), _DRAWS))

    def scalar(costs: Sequence[Floats]) -> Floats:
        scaled = [(cost - low) / span for cost, low, span in zip(costs, least, spans, strict=True)]
        return scalarise(np.stack(scaled, axis=-1), weights)

    known = scalar([goal.values for goal in goals])
    feasible = np.ones(known.shape, np.bool_)
    for one in constraints:
        feasible &= one.values <= 0
    best = np.where(
        feasible.any(axis=0), np.where(feasible, known, np.inf).min(axis=0), known.max(axis=0)
    )

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


def scalarise(costs: Floats, weights: Floats) -> Floats:
    """Return s(c) = max_k w_k c_k + 0.05 sum_k w_k c_k.

    Parameters
    ----------
    costs
        (..., goals) float64, scaled to [0, 1].
    weights
        (goals,) float64, of sum 1.
    """
    weighted = costs * weights
    return np.asarray(weighted.max(axis=-1) + _AUGMENTED * weighted.sum(axis=-1))


def _scales(
    goals: Sequence[_QuantityDraws], constraints: Sequence[_QuantityDraws]
) -> tuple[Floats, Floats]:
    """Return each goal's least cost and its span over the feasible points that none beats.

    Over all points, one far off would make the differences that matter vanish.
    """
    costs = np.stack([goal.values.mean(axis=1) for goal in goals], axis=1)
    feasible = np.ones(len(costs), np.bool_)
    for one in constraints:
        feasible &= one.values.mean(axis=1) <= 0
    among = costs[feasible] if feasible.any() else costs
    front = among[non_dominated(among)]
    spans = np.ptp(front, axis=0)
    whole = np.where(np.ptp(costs, axis=0) > 0, np.ptp(costs, axis=0), 1.0)
    return front.min(axis=0), np.where(spans > 0, spans, whole)


def simplex_weights(point: Floats) -> Floats:
    """Return weights that add up to 1, uniform over all such if the cube's points are.

    Parameters
    ----------
    point
        (goals,) float64, a point of the unit cube.
    """
    spacings = -np.log(open_unit(point))
    return np.asarray(spacings / spacings.sum())
