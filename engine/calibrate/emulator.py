"""A cheap emulator of the simulation: a quadratic of the unknowns for every target.

    f(x) = c + sum_k b_k phi_k(x),  phi = u_k, u_k^2, u_j u_k,  u = 2 x - 1 in [-1, 1]

fitted by ridge regression, the penalty chosen for each target by the leave-one-out error
(Hastie, Tibshirani & Friedman 2009, 3.4 and 7.10), which is also taken for the variance of
what it predicts. Squares and products are penalised four times as much as slopes.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.calibrate.sample import SimulatedPoints
from engine.calibrate.subset_simulation import Implausibility
from engine.stats.arrays import Floats

_PENALTIES: Final = tuple(10.0**power for power in np.arange(-4, 3.5, 0.5))
_SECOND_ORDER: Final = 0.5
"""Scale of squares and products: a penalty of 1 / SECOND_ORDER^2 on their weights."""

_REFOCUS: Final = 0.5
"""Share of the points so far, those that miss least, on which emulators are fitted again."""


class _Emulator(NamedTuple):
    """Quadratics of all targets at once.

    `weights` has shape (features, targets); `centre` (features,), `offset` and `variance`
    (targets,), all float64; `is_log` (targets,) bool says which targets are emulated by their
    logarithm.
    """

    centre: Floats
    weights: Floats
    offset: Floats
    variance: Floats
    is_log: NDArray[np.bool_]

    def __call__(self, cube: Floats) -> Floats:
        """Predict the targets, (points, targets), at points of the unit cube, (points, unknowns).

        In logarithms where `is_log`.
        """
        return np.asarray(self.offset + (_features(cube) - self.centre) @ self.weights)


def _features(cube: Floats) -> Floats:
    """Slopes, squares and products at points of the unit cube, shape (points, features)."""
    u = 2.0 * cube - 1.0
    first, second = np.triu_indices(u.shape[1])
    return np.hstack([u, _SECOND_ORDER * u[:, first] * u[:, second]])


def _fit_emulator(cube: Floats, values: Floats, positive: NDArray[np.bool_]) -> _Emulator:
    """Fit every column of `values`.

    Parameters
    ----------
    cube
        (points, unknowns) float64 in the unit cube.
    values
        (points, targets) float64, in the targets' units.
    positive
        (targets,) bool, those whose observed figure is above 0: emulated by their logarithm if
        all their values are.
    """
    is_log = positive & (values > 0).all(axis=0)
    y = _scale(values, is_log)
    phi = _features(cube)
    centre, offset = phi.mean(axis=0), y.mean(axis=0)
    left, size, right = np.linalg.svd(phi - centre, full_matrices=False)
    rotated = left.T @ (y - offset)
    best = np.full(y.shape[1], np.inf)
    weights = np.zeros((phi.shape[1], y.shape[1]))
    for errors, shrunk in _ridges(left, size, rotated, y - offset):
        better = errors < best
        best = np.where(better, errors, best)
        weights[:, better] = (right.T @ shrunk)[:, better]
    return _Emulator(centre, weights, offset, best, is_log)


def _scale(values: Floats, is_log: NDArray[np.bool_]) -> Floats:
    """Take the logarithm of the targets that are emulated by it."""
    return np.where(is_log, np.log(np.where(is_log, values, 1.0)), values)


def _ridges(
    left: Floats, size: Floats, rotated: Floats, y: Floats
) -> Iterator[tuple[Floats, Floats]]:
    """Yield the mean squared leave-one-out error and the rotated weights for each penalty."""
    for penalty in _PENALTIES:
        kept = size**2 / (size**2 + penalty)
        leverage = 1.0 / len(y) + (left**2 * kept).sum(axis=1)
        residuals = y - left @ (kept[:, None] * rotated)
        loo = residuals / np.maximum(1.0 - leverage, 1e-6)[:, None]
        yield (loo**2).mean(axis=0), (size / (size**2 + penalty))[:, None] * rotated


def implausibility(sample: SimulatedPoints, worst: int) -> Implausibility:
    """Return the `worst`-th largest implausibility of emulators fitted on the better points.

    Parameters
    ----------
    sample
        All points simulated so far.
    worst
        1 for the largest implausibility over the targets, 2 for the next, ….

    Returns
    -------
    A function of points of the unit cube, (points, unknowns), whose values are (points,) float64
    standard deviations.
    """
    places = _better(sample)
    targets = sample.fitted
    observed, sds = sample.observed[targets], sample.sds[targets]
    means = sample.means[np.ix_(places, targets)]
    emulator = _fit_emulator(sample.cube[places], means, observed > 0)
    errors = sample.errors[0, targets]  # all points of the waves have as many runs
    rank = min(worst, targets.size) - 1

    def rule(cube: Floats) -> Floats:
        variance = _total_variance(emulator, observed, sds, errors)
        misses = np.abs(emulator(cube) - _scale(observed, emulator.is_log)) / np.sqrt(variance)
        return np.asarray(-np.sort(-misses, axis=1)[:, rank])

    return rule


def _total_variance(emulator: _Emulator, observed: Floats, sds: Floats, errors: Floats) -> Floats:
    """Var_observation + Var_emulator + Var_replications in the emulators' scale.

    The leave-one-out error is the emulator's: all points share their random
    numbers, which moves them alike and does not show in it.
    """
    unit = np.where(emulator.is_log, np.abs(observed), 1.0)
    replications = (errors / unit) ** 2
    return np.asarray((sds / unit) ** 2 + emulator.variance + replications)


def _better(sample: SimulatedPoints) -> NDArray[np.int64]:
    """Places of the points that miss least; all of the first wave's while there are few."""
    count = len(sample.points)
    least = min(count, 2 * sample.cube.shape[1] + 10)
    size = max(least, round(_REFOCUS * count)) if sample.wave.max() > 1 else count
    return np.sort(np.argsort(sample.score, kind="stable")[:size])
