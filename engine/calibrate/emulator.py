"""A cheap emulator of the simulation: a quadratic of the unknowns and what it leaves, by target.

    f(x) = c + sum_k b_k phi_k(x) + g(x) + e,  phi = u_k, u_k^2, u_j u_k,  u = 2 x - 1 in [-1, 1]
    b ~ N(0, s^2 / p),  g ~ GP(0, s^2 t k),  e ~ N(0, s^2)

a Gaussian process with a quadratic trend (Rasmussen & Williams 2006, 2.7), k Matern's of
one length. Without g it is ridge regression with penalty p. For every target the penalty, the
share t of the local part and its length are those under which points that are left out are
best predicted, by the mean logarithm of their density (5.4.2); so the local part is there only
where it predicts better. s^2 makes these errors as large as they are. Near simulated points the
variance is smaller, far from them larger. Squares and products are penalised four
times as much as slopes.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.stats.arrays import Floats
from engine.stats.matern import matern_covariance

_PENALTIES: Final = tuple(10.0**power for power in range(-4, 4))
_LOCAL: Final = (1.0, 10.0, 100.0)
"""Variances of the local part that are tried, in those of what is left over."""

_LENGTHS: Final = (0.4, 1.0)
"""Its lengths that are tried, in mean distances of two points of the cube."""

_FLAT: Final = 1e4
"""Variance of the constant, in those of what is left over: as good as free."""

_SECOND_ORDER: Final = 0.5
"""Scale of squares and products: a penalty of 1 / SECOND_ORDER^2 on their weights."""

_LEAST: Final = 1e-12
"""Least variance of a standardised target: one that nothing moves has none."""


class _Form(NamedTuple):
    """One covariance that is tried: penalty of the trend, local variance and length."""

    penalty: float
    local: float
    length: float


class _Group(NamedTuple):
    """The targets that one form suits best.

    `places` (targets,) int64; `inverse` of the covariance (points, points), `weights` (points,
    targets), `variance` s^2 (targets,), float64, of standardised targets.
    """

    form: _Form
    places: NDArray[np.int64]
    inverse: Floats
    weights: Floats
    variance: Floats


class Emulator(NamedTuple):
    """Emulators of all targets at once.

    `cube` (points, unknowns) float64 where it was simulated; `offset` and `scale` (targets,)
    float64 take standardised targets back; `is_log` (targets,) bool says which are emulated by
    their logarithm; `loo` (targets,) float64 is the mean squared error at points left out.
    """

    cube: Floats
    offset: Floats
    scale: Floats
    is_log: NDArray[np.bool_]
    groups: tuple[_Group, ...]
    loo: Floats

    @classmethod
    def fit(
        cls, cube: Floats, values: Floats, positive: NDArray[np.bool_], *, local: bool = True
    ) -> "Emulator":
        """Return emulators of every column of `values`.

        Parameters
        ----------
        cube
            (points, unknowns) float64 in the unit cube.
        values
            (points, targets) float64, in the targets' units.
        positive
            (targets,) bool, those whose observed figure is above 0: emulated by their logarithm if
            all their values are.
        local
            Whether a local part is tried; without it, ridge regression.
        """
        is_log = positive & (values > 0).all(axis=0)
        y = np.where(is_log, np.log(np.where(is_log, values, 1.0)), values)
        offset, spread = y.mean(axis=0), y.std(axis=0)
        scale = np.where(spread > 0, spread, 1.0)
        y = (y - offset) / scale
        count = y.shape[1]
        best, chosen = np.full(count, np.inf), np.zeros(count, np.int64)
        variance, loo = np.zeros(count), np.zeros(count)
        forms = list(_forms(local))
        shared = _Shared(cube, cube)
        for place, form in enumerate(forms):
            errors, shares = _left_out(shared.covariance(form), y)
            own = np.maximum((errors**2 / shares[:, None]).mean(axis=0), _LEAST)
            score = np.log(own) + np.log(shares).mean()
            better = score < best
            best = np.where(better, score, best)
            chosen[better] = place
            variance = np.where(better, own, variance)
            loo = np.where(better, (errors**2).mean(axis=0), loo)
        groups = tuple(
            _group(forms[place], shared, y, np.flatnonzero(chosen == place), variance)
            for place in np.unique(chosen)
        )
        return cls(cube, offset, scale, is_log, groups, loo * scale**2)

    def __call__(self, cube: Floats) -> tuple[Floats, Floats]:
        """Predict the targets at points of the unit cube, (points, unknowns).

        Returns
        -------
        Means and variances of what a simulation there would show, (points, targets) float64; of
        logarithms where `is_log`.
        """
        means = np.empty((len(cube), self.offset.size))
        variances = np.empty_like(means)
        shared = _Shared(cube, self.cube)
        for group in self.groups:
            across = shared.covariance(group.form)
            left = shared.own_variance(group.form) - ((across @ group.inverse) * across).sum(axis=1)
            means[:, group.places] = across @ group.weights
            variances[:, group.places] = (1.0 + np.maximum(left, 0.0))[:, None] * group.variance
        return self.offset + self.scale * means, self.scale**2 * variances

    def in_scale(self, values: Floats) -> Floats:
        """Take the logarithm of the targets that are emulated by it, (…, targets).

        A value that has none, which a world left out may show, lies below all others.
        """
        logs = np.log(np.maximum(np.where(self.is_log, values, 1.0), np.finfo(np.float64).tiny))
        return np.where(self.is_log, logs, values)


def _forms(local: bool) -> Iterator[_Form]:
    for penalty in _PENALTIES:
        yield _Form(penalty, 0.0, 1.0)
        if local:
            for share in _LOCAL:
                yield from (_Form(penalty, share, length) for length in _LENGTHS)


def _group(
    form: _Form, shared: "_Shared", y: Floats, places: NDArray[np.int64], variance: Floats
) -> _Group:
    inverse = _inverse(shared.covariance(form))
    return _Group(form, places, inverse, inverse @ y[:, places], variance[places])


def _left_out(covariance: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Errors at points left out, (points, targets), and their variances in s^2, (points,).

    With C the inverse of the covariance: (C y)_i / C_ii and 1 / C_ii (Rasmussen & Williams 2006,
    equation 5.12).
    """
    inverse = _inverse(covariance)
    diagonal = np.diag(inverse)
    return (inverse @ y) / diagonal[:, None], 1.0 / diagonal


def _inverse(covariance: Floats) -> Floats:
    """Inverse of the covariance of what is simulated at points, noise added, (points, points)."""
    from scipy.linalg import cho_factor, cho_solve  # a quarter of a second, for calibration alone

    whole = covariance + np.eye(len(covariance))
    return np.asarray(cho_solve(cho_factor(whole, lower=True), np.eye(len(whole))))


class _Shared:
    """What the covariances of all forms between the same points have in common.

    Parameters
    ----------
    cube, other
        (points, unknowns) and (other points, unknowns) float64.
    """

    def __init__(self, cube: Floats, other: Floats) -> None:
        self._cube, self._other = cube, other
        own = _features(cube)
        self._trend = own @ _features(other).T
        self._size = (own**2).sum(axis=1)
        self._local: dict[float, Floats] = {}

    def covariance(self, form: _Form) -> Floats:
        """Covariance of trend and local part, in s^2, (points, other points)."""
        found = _FLAT + self._trend / form.penalty
        if form.local:
            if form.length not in self._local:
                length = form.length * _mean_distance(self._cube.shape[1])
                self._local[form.length] = matern_covariance(
                    1.0, self._cube / length, self._other / length
                )
            found += form.local * self._local[form.length]
        return np.asarray(found)

    def own_variance(self, form: _Form) -> Floats:
        """Covariance of the points with themselves, (points,)."""
        return np.asarray(_FLAT + self._size / form.penalty + form.local)


def _mean_distance(unknowns: int) -> float:
    """Root mean squared distance of two points drawn evenly from the unit cube."""
    return float(np.sqrt(unknowns / 6.0))


def _features(cube: Floats) -> Floats:
    """Slopes, squares and products at points of the unit cube, shape (points, features)."""
    u = 2.0 * cube - 1.0
    first, second = np.triu_indices(u.shape[1])
    return np.hstack([u, _SECOND_ORDER * u[:, first] * u[:, second]])
