"""What measures are likely to be at points nobody has simulated, and how wrong that is.

A Gaussian process with a Matérn kernel of its own length scale for every coordinate, and noise
(scikit-learn), is fitted to the trials of a search, one for each measure. Its error is
cross-validated: each tenth of the trials is predicted from the other nine, with the kernel of all,

    rmse = sqrt(mean (y - ŷ)²),        skill = 1 - rmse² / var(y).
"""

import warnings
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from engine.stats.arrays import Floats

_FOLDS: Final = 10
_SCALES: Final = (0.1, 20.0)
"""Shortest and longest length scale, in ranges of a lever."""


class PointForecast(NamedTuple):
    """A measure predicted, in its unit: `error` is the cross-validated one, `sd` that here."""

    value: float
    sd: float
    error: float
    skill: float


class Surrogate:
    """Foretells measures at points of the unit cube.

    Parameters
    ----------
    points
        Of the trials, (trials, coordinates) float64 from 0 to 1.
    measures
        Each in its unit, at those points, (trials,) float64.
    """

    def __init__(self, points: Floats, measures: Mapping[str, Floats]) -> None:
        self._fitted = {name: _fitted(points, values) for name, values in measures.items()}
        self._errors = {
            name: _cross_validated(self._fitted[name], points, values)
            for name, values in measures.items()
        }

    def at(self, point: Floats) -> dict[str, PointForecast]:
        """Return every measure at a point, (coordinates,) float64 from 0 to 1."""
        found = {}
        for name, model in self._fitted.items():
            mean, sd = model.predict(point.reshape(1, -1), return_std=True)
            found[name] = PointForecast(float(mean[0]), float(sd[0]), *self._errors[name])
        return found


def _fitted(points: Floats, values: Floats) -> Any:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    kernel = ConstantKernel() * Matern(np.ones(points.shape[1]), _SCALES, nu=2.5) + WhiteKernel()
    model = GaussianProcessRegressor(kernel, normalize_y=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a lever moves nothing: its scale is the longest
        return model.fit(points, values)


def _cross_validated(model: Any, points: Floats, values: Floats) -> tuple[float, float]:
    """Return the error of forecasts, in the measure's unit, and their skill."""
    from sklearn.gaussian_process import GaussianProcessRegressor

    fold = np.arange(len(values)) % _FOLDS
    predicted = np.empty(len(values))
    for number in range(min(_FOLDS, len(values))):
        own = fold == number
        part = GaussianProcessRegressor(model.kernel_, optimizer=None, normalize_y=True)
        part.fit(points[~own], values[~own])
        predicted[own] = part.predict(points[own])
    squared = float(np.mean((values - predicted) ** 2))
    spread = float(values.var())
    return squared**0.5, 1 - squared / spread if spread > 0 else 0.0
