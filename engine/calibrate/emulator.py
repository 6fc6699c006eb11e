"""A cheap stand-in for the simulation: a quadratic of the unknowns for every target.

    f(x) = c + sum_k b_k phi_k(x),  phi = u_k, u_k^2, u_j u_k,  u = 2 x - 1 in [-1, 1]

fitted by ridge regression, the penalty chosen for each target by the leave-one-out error
(Hastie, Tibshirani & Friedman 2009, 3.4 and 7.10), which is also taken for the variance of
what it predicts. Squares and products are penalised four times as much as slopes.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PENALTIES: Final = tuple(10.0**power for power in np.arange(-4, 3.5, 0.5))
SECOND_ORDER: Final = 0.5
"""Scale of squares and products: a penalty of 1 / SECOND_ORDER^2 on their weights."""


class Emulator(NamedTuple):
    """Quadratics of all targets at once.

    `weights` has shape (features, targets); `centre`, `offset` and `variance` one value
    per feature or target; `is_log` says which targets are emulated by their logarithm.
    """

    centre: Floats
    weights: Floats
    offset: Floats
    variance: Floats
    is_log: NDArray[np.bool_]

    def __call__(self, cube: Floats) -> Floats:
        """Predict the targets, in the scale of `scale`, at points of the unit cube."""
        return np.asarray(self.offset + (features(cube) - self.centre) @ self.weights)


def features(cube: Floats) -> Floats:
    """Slopes, squares and products at points of the unit cube, shape (points, features)."""
    u = 2.0 * cube - 1.0
    first, second = np.triu_indices(u.shape[1])
    return np.hstack([u, SECOND_ORDER * u[:, first] * u[:, second]])


def fit(cube: Floats, values: Floats, positive: NDArray[np.bool_]) -> Emulator:
    """Fit every column of `values`, shape (points, targets).

    Parameters
    ----------
    positive : targets whose observed figure is above 0: emulated by their logarithm if all
        their values are.
    """
    is_log = positive & (values > 0).all(axis=0)
    y = scale(values, is_log)
    phi = features(cube)
    centre, offset = phi.mean(axis=0), y.mean(axis=0)
    left, size, right = np.linalg.svd(phi - centre, full_matrices=False)
    rotated = left.T @ (y - offset)
    best = np.full(y.shape[1], np.inf)
    weights = np.zeros((phi.shape[1], y.shape[1]))
    for errors, shrunk in _ridges(left, size, rotated, y - offset):
        better = errors < best
        best = np.where(better, errors, best)
        weights[:, better] = (right.T @ shrunk)[:, better]
    return Emulator(centre, weights, offset, best, is_log)


def scale(values: Floats, is_log: NDArray[np.bool_]) -> Floats:
    """Take the logarithm of the targets that are emulated by it."""
    return np.where(is_log, np.log(np.where(is_log, values, 1.0)), values)


def _ridges(
    left: Floats, size: Floats, rotated: Floats, y: Floats
) -> Iterator[tuple[Floats, Floats]]:
    """Yield the mean squared leave-one-out error and the rotated weights for each penalty."""
    for penalty in PENALTIES:
        kept = size**2 / (size**2 + penalty)
        leverage = 1.0 / len(y) + (left**2 * kept).sum(axis=1)
        residuals = y - left @ (kept[:, None] * rotated)
        loo = residuals / np.maximum(1.0 - leverage, 1e-6)[:, None]
        yield (loo**2).mean(axis=0), (size / (size**2 + penalty))[:, None] * rotated
