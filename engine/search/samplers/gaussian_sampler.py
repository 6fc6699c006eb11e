"""Gaussian-process search in the unit cube, by noisy expected improvement of scalarised goals.

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
from typing import Any, Final

import numpy as np
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState
from scipy.special import ndtr

from engine.design.draws import normal_draws, open_unit, uniform_draws
from engine.design.sequences import sobol_points
from engine.rng import Purpose, derive_seed
from engine.search.samplers.cube_sampler import CubeSampler, Distributions, Observations
from engine.search.samplers.gaussian_process import (
    DRAWS,
    NoisyValues,
    QuantityDraws,
)
from engine.stats.arrays import Floats
from engine.stats.pareto import non_dominated

Score = Callable[[Floats], Floats]

_AUGMENTED: Final = 0.05

_GROWTH: Final = 1.25
"""Lengths are fitted again when there are this much more points."""


def expected_improvement(
    goals: Sequence[QuantityDraws],
    constraints: Sequence[QuantityDraws],
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
    normals = normal_draws(seed, Purpose.TRIAL, (len(goals), DRAWS))

    def scalar(costs: Sequence[Floats]) -> Floats:
        scaled = [(cost - low) / span for cost, low, span in zip(costs, least, spans, strict=True)]
        return _scalarise(np.stack(scaled, axis=-1), weights)

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


def _scalarise(costs: Floats, weights: Floats) -> Floats:
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
    goals: Sequence[QuantityDraws], constraints: Sequence[QuantityDraws]
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


def _simplex_weights(point: Floats) -> Floats:
    """Return weights that add up to 1, uniform over all such if the cube's points are.

    Parameters
    ----------
    point
        (goals,) float64, a point of the unit cube.
    """
    spacings = -np.log(open_unit(point))
    return np.asarray(spacings / spacings.sum())


_Noise = Callable[[FrozenTrial], tuple[list[float], dict[str, float]]]
"""Standard errors of a finished trial: goal by goal, and by the constraint's name."""

_KEPT: Final = 300
"""Most trials that a Gaussian process learns from: its work grows with their cube."""

_SPREAD, _NEAR, _BEST = 256, 64, 4
"""Points all over the cube, points around each of the best, and how many those are."""

_STEPS: Final = (0.1, 0.03, 0.01)
"""Deviations of the points around the best, coarse to fine."""

_SAME: Final = 9
"""Decimals up to which two points are one."""

_FRESH: Final = 0.15
"""Share of moved coordinates that are drawn anew: choices and far valleys."""


class GaussianSampler(CubeSampler):
    """Gaussian processes that know how noisy each trial was.

    See `gaussian_process` for the model, and the equations above for the score.

    What the linear algebra says only chooses among given points: its last bits, which differ
    from machine to machine, do not reach a proposal.
    """

    def __init__(
        self, distributions: Distributions, seed: int, number: int, *, first: int, noise: _Noise
    ) -> None:
        super().__init__(distributions, seed, number)
        self._first, self._noise = max(first, 2), noise

    def propose(self, study: Study) -> Floats:
        """Return the point of this trial in the unit cube, (axes,) float64."""
        trials, observed = self._observations(study)
        if len(trials) < self._first:
            return self._sobol()
        weights = _simplex_weights(self._sobol(observed.costs.shape[1]))
        values = _scalar(observed, weights)
        running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        asked = [t.params for t in running if t.number != self._number and t.params]
        pending = self._cube.features(self._cube.points(asked))
        score = self._score(trials, observed, pending, weights, values)
        order = np.lexsort((values, observed.violation))
        tried = np.vstack([self._cube.features(observed.points), pending])
        return self._best(excluding(tried, score), observed.points[order[:_BEST]])

    def _score(
        self, trials: list[FrozenTrial], observed: Observations, pending: Floats, weights: Floats,
        values: Floats,
    ) -> Score:  # fmt: skip
        """Learn from the trials, knowing where those in flight look."""
        x = self._cube.features(observed.points)
        kept = _relevant(observed, values)
        fitted = _fitted_count(len(trials), self._first)
        errors = [self._noise(trial) for trial in trials]

        def learn(seen: NoisyValues, k: int) -> Any:
            return QuantityDraws.of(x, pending, seen, kept, fitted, self._draw(k))

        goals = [
            learn(NoisyValues(costs, np.array([own[k] for own, _ in errors]) ** 2), 10 + k)
            for k, costs in enumerate(observed.costs.T)
        ]
        constraints = [
            learn(NoisyValues(excess, np.array([own[name] for _, own in errors]) ** 2), 20 + k)
            for k, (name, excess) in enumerate(observed.excesses.items())
            if np.ptp(excess) > 0
        ]
        return expected_improvement(goals, constraints, weights, self._draw(1))

    def _best(self, score: Score, centres: Floats) -> Floats:
        """Return the best point of a Sobol net and of ever closer ones around the best."""

        def rated(points: Floats) -> Floats:
            return score(self._cube.features(points))

        points = sobol_points(self._cube.size, _SPREAD, self._draw(2) >> 31)
        scores = rated(points)
        for k, step in enumerate(_STEPS):
            near = points_around(centres, step, _NEAR, self._draw(30 + k))
            points, scores = np.vstack([points, near]), np.append(scores, rated(near))
            centres = points[np.argsort(-scores, kind="stable")[:_BEST]]
        return np.asarray(centres[0])

    def _draw(self, k: int) -> int:
        """Return a seed of this trial's own."""
        return derive_seed(self._own, Purpose.TRIAL, k)


def points_around(centres: Floats, step: float, count: int, seed: int) -> Floats:
    """Return points about `step` away from each centre, in some coordinates each.

    Parameters
    ----------
    centres
        (centres, axes) float64, in the unit cube.
    step
        Standard deviation of a moved coordinate; some are drawn anew instead.
    count
        Points around each centre.
    seed
        Names the draws.

    Returns
    -------
    (centres * count, axes) float64, in the unit cube.
    """
    base = np.repeat(centres, count, axis=0)
    moved, length, angle, fresh, anew = (
        uniform_draws(seed, Purpose.TRIAL, base.shape, k) for k in range(5)
    )
    normal = np.sqrt(-2.0 * np.log1p(-length)) * np.cos(2.0 * np.pi * angle)
    new = np.where(fresh < _FRESH, anew, np.clip(base + step * normal, 0.0, 1.0))
    return np.where(moved < max(0.3, 3.0 / base.shape[1]), new, base)


def excluding(tried: Floats, score: Score) -> Score:
    """Return a score that is least, -1, at points tried before: they would give the same sample.

    Parameters
    ----------
    tried
        (points, axes) float64 in [0, 1], equal to others if their first digits are.
    score
        Takes points, (points, axes) float64, and returns (points,) float64, 0 or more.
    """
    there = {point.tobytes() for point in np.round(tried, _SAME)}

    def kept_out(x: Floats) -> Floats:
        is_there = [point.tobytes() in there for point in np.round(x, _SAME)]
        return np.where(is_there, -1.0, score(x))

    return kept_out


def _scalar(observed: Observations, weights: Floats) -> Floats:
    """Return every trial's goals in one, as they were observed."""
    low, span = observed.costs.min(axis=0), np.ptp(observed.costs, axis=0)
    return _scalarise((observed.costs - low) / np.where(span > 0, span, 1.0), weights)


def _relevant(observed: Observations, values: Floats) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the trials to learn from: all, or half the best and half evenly from the rest."""
    count = len(values)
    if count <= _KEPT:
        return np.arange(count)
    order = np.lexsort((values, observed.violation))
    rest = np.sort(order[_KEPT // 2 :])
    picked = np.linspace(0, len(rest) - 1, _KEPT - _KEPT // 2).astype(np.int64)
    return np.sort(np.append(order[: _KEPT // 2], rest[picked]))


def _fitted_count(seen: int, first: int) -> int:
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
