"""Gaussian-process regression with noise that is known, point by point.

    y_i = f(x_i) + e_i,  e_i ~ N(0, v_i + n),  f ~ GP(0, k)
    k(x, x') = a (1 + sqrt(5) r + 5/3 r^2) exp(-sqrt(5) r),  r^2 = sum_d (x_d - x'_d)^2 / l_d^2

(Rasmussen & Williams, Gaussian Processes for Machine Learning, 2006, 2.2, 4.2, 5.4). v_i is
the squared standard error of the i-th observation, which replications estimate; the small
nugget n is fitted and takes up what they do not. y has mean 0 and variance 1: `_standardise`.

The logarithms of (a, n, l_1, ...) maximise the marginal likelihood times weak normal priors,
without which a short or flat sample leaves some of them anywhere:

    ln a ~ N(0, 1),  ln n ~ N(ln 1e-3, 2),  ln l_d ~ N(sqrt(2) + ln(D) / 2, sqrt(3))

with means and deviations. The last is that of Hvarfner, Hellsten & Nardi (ICML 2024): lengths
grow with the root of the number D of inputs, as distances do.
"""

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize

from engine.design.draws import normal_draws
from engine.rng import Purpose
from engine.stats.arrays import Floats, Ints
from engine.stats.matern import matern_covariance

DRAWS: Final = 32
"""Draws of the posterior over which improvements are averaged."""

_FITTED: Final = 160
"""Most points on which lengths, signal and nugget are fitted."""

_JITTER: Final = 1e-6
"""Share of the signal's variance added to the diagonal of what is inverted without noise."""

_ROUNDED: Final = 2
"""Decimals of fitted logarithms: the last bits of a solver change with its threads."""

_LIMITS: Final = ((-4.0, 4.0), (-14.0, 1.0), (-4.0, 6.0))
"""Bounds of ln a, ln n and every ln l."""


class NoisyValues(NamedTuple):
    """One goal's costs or one constraint's excesses, (trials,), and their variances, (trials,)."""

    values: Floats
    noise: Floats


class _StandardisedData(NamedTuple):
    """Observations at mean 0 and variance 1, (points,) float64, and what takes them back."""

    values: Floats
    noise: Floats
    mean: float
    scale: float


def _standardise(values: Floats, noise: Floats) -> _StandardisedData:
    """Return observations and the variances of their known noise, standardised.

    A sample without spread keeps its scale of 1.

    Parameters
    ----------
    values
        (points,) float64, in any unit.
    noise
        (points,) float64, variances in the squared unit.
    """
    mean, scale = float(values.mean()), float(values.std()) or 1.0
    return _StandardisedData((values - mean) / scale, noise / scale**2, mean, scale)


def _matern_kernel(theta: Floats, x: Floats, other: Floats) -> Floats:
    """Covariance of f between points, (points, other points) float64."""
    inverse = np.exp(-theta[2:])
    return matern_covariance(np.exp(theta[0]), x * inverse, other * inverse)


class _NoisyPosterior:
    """What is known of f after noisy observations.

    Parameters
    ----------
    theta
        (2 + inputs,) float64, logarithms of (a, n, l_1, ...).
    x
        (points, inputs) float64, where was observed.
    y, v
        (points,) float64, standardised observations and the variances of their known noise.
    """

    def __init__(self, theta: Floats, x: Floats, y: Floats, v: Floats) -> None:
        self._theta, self._x = theta, x
        covariance = _matern_kernel(theta, x, x)
        covariance[np.diag_indices_from(covariance)] += v + np.exp(theta[1])
        self._root = cholesky(covariance, lower=True)
        self._half = solve_triangular(self._root, y, lower=True)

    def at(self, x: Floats) -> tuple[Floats, Floats]:
        """Return mean, (points,), and covariance, (points, points), at x, (points, inputs)."""
        half = solve_triangular(self._root, _matern_kernel(self._theta, self._x, x), lower=True)
        return half.T @ self._half, _matern_kernel(self._theta, x, x) - half.T @ half


class _NoiselessPosterior:
    """f given its own values at points, without noise, for many draws of them at once.

    Parameters
    ----------
    theta
        (2 + inputs,) float64, logarithms of (a, n, l_1, ...).
    x
        (points, inputs) float64.
    values
        (points, draws) float64, draws of f at `x`.
    """

    def __init__(self, theta: Floats, x: Floats, values: Floats) -> None:
        self._theta, self._x = theta, x
        covariance = _matern_kernel(theta, x, x)
        covariance[np.diag_indices_from(covariance)] += _jitter(theta)
        self._root = cholesky(covariance, lower=True)
        self._weights = cho_solve((self._root, True), values)

    def at(self, x: Floats) -> tuple[Floats, Floats]:
        """Return means, (points, draws), and the deviation that draws share, (points,)."""
        across = _matern_kernel(self._theta, self._x, x)
        half = solve_triangular(self._root, across, lower=True)
        left = np.exp(self._theta[0]) - (half**2).sum(axis=0)
        return across.T @ self._weights, np.sqrt(np.maximum(left, 1e-12))


def _sample_posterior(mean: Floats, covariance: Floats, theta: Floats, normals: Floats) -> Floats:
    """Return draws of f from its posterior, (points, draws) float64.

    Parameters
    ----------
    mean, covariance
        (points,) and (points, points) float64, as `_NoisyPosterior.at` gives them.
    theta
        (2 + inputs,) float64, logarithms of (a, n, l_1, ...).
    normals
        (points, draws) float64, standard normal.
    """
    widened = covariance + _jitter(theta) * np.eye(len(mean))
    return np.asarray(mean[:, None] + cholesky(widened, lower=True) @ normals)


def _jitter(theta: Floats) -> float:
    """Return what the diagonal gets where there is no noise."""
    return _JITTER * float(np.exp(theta[0]))


def _fit_hyperparameters(x: Floats, y: Floats, v: Floats) -> Floats:
    """Return the fitted logarithms of (a, n, l_1, ...) for standardised observations.

    A pure function that remembers its last answers: a search asks the same many times.

    Parameters
    ----------
    x
        (points, inputs) float64, contiguous.
    y, v
        (points,) float64, observations of mean 0 and variance 1, and the variances of their
        known noise.

    Returns
    -------
    (2 + inputs,) float64, rounded to `_ROUNDED` decimals.
    """
    return np.array(_fitted(x.tobytes(), y.tobytes(), v.tobytes(), x.shape[1]))


@lru_cache(maxsize=32)
def _fitted(x_bytes: bytes, y_bytes: bytes, v_bytes: bytes, inputs: int) -> tuple[float, ...]:
    y, v = np.frombuffer(y_bytes), np.frombuffer(v_bytes)
    x = np.frombuffer(x_bytes).reshape(len(y), inputs)
    gaps = (x[:, None, :] - x[None, :, :]) ** 2
    squares = np.ascontiguousarray(np.moveaxis(gaps, 2, 0)).reshape(inputs, -1)
    prior = _prior(inputs)[0]
    limits = [*_LIMITS[:2], *[_LIMITS[2]] * inputs]
    found = minimize(
        _negative_log_posterior, prior, (squares, y, v), "L-BFGS-B", jac=True, bounds=limits
    )
    return tuple(np.round(found.x, _ROUNDED).tolist())


def _negative_log_posterior(
    theta: Floats, squares: Floats, y: Floats, v: Floats
) -> tuple[float, Floats]:
    """Return minus the logarithm of likelihood times prior, and its gradient.

    Parameters
    ----------
    theta
        (2 + inputs,) float64.
    squares
        (inputs, points * points) float64, squared differences of the inputs.
    y, v
        (points,) float64.

    With W = α αᵀ - K⁻¹ and α = K⁻¹ y, the gradient of the log likelihood is
    tr(W dK/dθ) / 2 (Rasmussen & Williams, equation 5.9), and dk/dln l_d =
    5/3 a (1 + sqrt(5) r) exp(-sqrt(5) r) (x_d - x'_d)^2 / l_d^2.
    """
    count, weights = len(y), np.exp(-2.0 * theta[2:])
    root = np.sqrt(5.0 * (weights @ squares))
    decay = np.exp(theta[0] - root)
    signal = (decay * (1.0 + root + root**2 / 3.0)).reshape(count, count)
    nugget = np.exp(theta[1])
    factor = cho_factor(signal + np.diag(v + nugget), lower=True)
    alpha = cho_solve(factor, y)
    inverse = cho_solve(factor, np.eye(count))
    value = 0.5 * y @ alpha + np.log(np.diag(factor[0])).sum()
    inner = np.outer(alpha, alpha) - inverse
    slope = (inner.ravel() * decay * (1.0 + root)) * (5.0 / 3.0)
    gradient = -0.5 * np.concatenate(
        [[(inner * signal).sum()], [nugget * np.trace(inner)], (squares @ slope) * weights]
    )
    middle, width = _prior(squares.shape[0])
    away = (theta - middle) / width
    return float(value + 0.5 * away @ away), gradient + away / width


def _prior(inputs: int) -> tuple[Floats, Floats]:
    """Means and deviations of the priors on the logarithms."""
    length = np.sqrt(2.0) + 0.5 * np.log(inputs)
    middle = np.array([0.0, np.log(1e-3), *[length] * inputs])
    return middle, np.array([1.0, 2.0, *[np.sqrt(3.0)] * inputs])


def _learnt(
    x: Floats, seen: NoisyValues, kept: Ints, fitted: int
) -> tuple[Floats, _NoisyPosterior, _StandardisedData]:
    """Return the fitted logarithms, the posterior after the kept points, and what scales it."""
    places = np.unique(np.linspace(0, fitted - 1, min(fitted, _FITTED)).astype(np.int64))
    first = _standardise(seen.values[places], seen.noise[places])
    theta = _fit_hyperparameters(np.ascontiguousarray(x[places]), first.values, first.noise)
    values = (seen.values[kept] - first.mean) / first.scale
    posterior = _NoisyPosterior(theta, x[kept], values, seen.noise[kept] / first.scale**2)
    return theta, posterior, first


def posterior_means(x: Floats, seen: NoisyValues, kept: Ints, fitted: int) -> Floats:
    """Return the posterior mean of a quantity where it was seen, (points,) float64, in its unit.

    The best of many noisy values looks better than it is; its posterior mean does not, since its
    neighbours count too.

    Parameters
    ----------
    x, seen, kept, fitted
        As `QuantityDraws.of` takes them.
    """
    _, posterior, first = _learnt(x, seen, kept, fitted)
    return np.asarray(first.mean + first.scale * posterior.at(x)[0])


def posterior_differences(x: Floats, seen: NoisyValues, at: Floats) -> tuple[Floats, Floats]:
    """Return what a quantity differs by from its value at the first of some points.

    Parameters
    ----------
    x
        (trials, features) float64.
    seen
        The quantity at `x`; all trials are learnt from.
    at
        (1 + points, features) float64, the point that others are compared with first.

    Returns
    -------
    Means and standard deviations of the posterior, (points,) float64 each, in the quantity's unit.
    """
    _, posterior, first = _learnt(x, seen, np.arange(len(x)), len(x))
    mean, covariance = posterior.at(at)
    spread = np.diag(covariance) - 2 * covariance[0] + covariance[0, 0]
    deviation = np.sqrt(np.maximum(spread, 0.0))
    return first.scale * (mean - mean[0])[1:], first.scale * deviation[1:]


class QuantityDraws(NamedTuple):
    """One quantity drawn at known points, (points, draws), and the process through it.

    `values` are in the quantity's own unit; the process has mean 0 and variance 1, and `mean`
    and `scale` take it back.
    """

    values: Floats
    exact: _NoiselessPosterior
    mean: float
    scale: float

    @classmethod
    def of(
        cls, x: Floats, pending: Floats, seen: NoisyValues, kept: Ints, fitted: int, seed: int
    ) -> "QuantityDraws":
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
        theta, known, first = _learnt(x, seen, kept, fitted)
        everywhere = np.vstack([x[kept], pending])
        normals = normal_draws(seed, Purpose.TRIAL, (len(everywhere), DRAWS))
        sample = _sample_posterior(*known.at(everywhere), theta, normals)
        exact = _NoiselessPosterior(theta, everywhere, sample)
        return cls(first.mean + first.scale * sample, exact, first.mean, first.scale)

    def at(self, x: Floats) -> tuple[Floats, Floats]:
        """Return means, (points, draws) float64, and deviations, (points,) float64, in own units.

        Parameters
        ----------
        x
            (points, features) float64.
        """
        means, deviations = self.exact.at(x)
        return self.mean + self.scale * means, self.scale * deviations
