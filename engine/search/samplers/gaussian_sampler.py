"""Gaussian-process search in the unit cube: what it learns from, and where it looks."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from engine.design.draws import uniform_draws
from engine.design.sequences import sobol_points
from engine.rng import Purpose, derive_seed
from engine.search.samplers.acquisition import (
    NoisyValues,
    Score,
    draw_quantity,
    expected_improvement,
    fitted_count,
    scalarise,
    simplex_weights,
)
from engine.search.samplers.cube_sampler import CubeSampler, Distributions, Observations
from engine.stats.arrays import Floats

Noise = Callable[[FrozenTrial], tuple[list[float], dict[str, float]]]
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

    See `gaussian_process` for the model and `acquisition` for the score.

    What the linear algebra says only chooses among given points: its last bits, which differ
    from machine to machine, do not reach a proposal.
    """

    def __init__(
        self, distributions: Distributions, seed: int, number: int, *, first: int, noise: Noise
    ) -> None:
        super().__init__(distributions, seed, number)
        self._first, self._noise = max(first, 2), noise

    def propose(self, study: Study) -> Floats:
        """Return the point of this trial, (axes,) float64."""
        trials, observed = self._observations(study)
        if len(trials) < self._first:
            return self._sobol()
        weights = simplex_weights(self._sobol(observed.costs.shape[1]))
        values = _scalar(observed, weights)
        running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        asked = [t.params for t in running if t.number != self._number and t.params]
        pending = self._cube.features(self._cube.points(asked))
        score = self._score(trials, observed, pending, weights, values)
        order = np.lexsort((values, observed.violation))
        tried = np.vstack([self._cube.features(observed.points), pending])
        return self._best(_excluding(tried, score), observed.points[order[:_BEST]])

    def _score(
        self, trials: list[FrozenTrial], observed: Observations, pending: Floats, weights: Floats,
        values: Floats,
    ) -> Score:  # fmt: skip
        """Learn from the trials, knowing where those in flight look."""
        x = self._cube.features(observed.points)
        kept = _relevant(observed, values)
        fitted = fitted_count(len(trials), self._first)
        errors = [self._noise(trial) for trial in trials]

        def learn(seen: NoisyValues, k: int) -> Any:
            return draw_quantity(x, pending, seen, kept, fitted, self._draw(k))

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
            near = self._around(centres, step, self._draw(30 + k))
            points, scores = np.vstack([points, near]), np.append(scores, rated(near))
            centres = points[np.argsort(-scores, kind="stable")[:_BEST]]
        return np.asarray(centres[0])

    def _around(self, centres: Floats, step: float, seed: int) -> Floats:
        """Return points about `step` away from the centres, in some coordinates each."""
        base = np.repeat(centres, _NEAR, axis=0)
        moved, length, angle, fresh, anew = (
            uniform_draws(seed, Purpose.TRIAL, base.shape, k) for k in range(5)
        )
        normal = np.sqrt(-2.0 * np.log1p(-length)) * np.cos(2.0 * np.pi * angle)
        new = np.where(fresh < _FRESH, anew, np.clip(base + step * normal, 0.0, 1.0))
        return np.where(moved < max(0.3, 3.0 / base.shape[1]), new, base)

    def _draw(self, k: int) -> int:
        """Return a seed of this trial's own."""
        return derive_seed(self._own, Purpose.TRIAL, k)


def _excluding(tried: Floats, score: Score) -> Score:
    """Return a score that is least at points tried before: they would give the same sample."""
    there = {point.tobytes() for point in np.round(tried, _SAME)}

    def excluding(x: Floats) -> Floats:
        is_there = [point.tobytes() in there for point in np.round(x, _SAME)]
        return np.where(is_there, -1.0, score(x))

    return excluding


def _scalar(observed: Observations, weights: Floats) -> Floats:
    """Return every trial's goals in one, as they were observed."""
    low, span = observed.costs.min(axis=0), np.ptp(observed.costs, axis=0)
    return scalarise((observed.costs - low) / np.where(span > 0, span, 1.0), weights)


def _relevant(observed: Observations, values: Floats) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the trials to learn from: all, or half the best and half evenly from the rest."""
    count = len(values)
    if count <= _KEPT:
        return np.arange(count)
    order = np.lexsort((values, observed.violation))
    rest = np.sort(order[_KEPT // 2 :])
    picked = np.linspace(0, len(rest) - 1, _KEPT - _KEPT // 2).astype(np.int64)
    return np.sort(np.append(order[: _KEPT // 2], rest[picked]))
