"""The mixed logit of a panel by simulated likelihood; without mixing it is the conditional one."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import ndtri

from engine.design.sequences import sobol_points

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_LogLikelihood = Callable[[Floats], tuple[float, Floats]]
"""Returns the log-likelihood and its gradient, shape (K,), at parameters of shape (K,)."""

_STEP: Final = 1e-4
_GAIN_LEFT: Final = 1e-6


class ChoiceData(NamedTuple):
    """Choices and the variables of utility, ready to be estimated.

    Attributes
    ----------
    names : K names of coefficients.
    variables : shape (N, J, K).
    chosen : index of the chosen brand; shape (N,).
    household : 0 the first, rising; shape (N,).
    """

    names: tuple[str, ...]
    variables: Floats
    chosen: Ints
    household: Ints

    def households_count(self) -> int:
        """Return how many households there are."""
        return int(self.household[-1]) + 1

    def starts(self) -> NDArray[np.bool_]:
        """Return which choices are the first of their household, (N,) bool."""
        return np.diff(self.household, prepend=-1) > 0

    def place(self, name: str) -> int:
        """Return the place of a coefficient."""
        return self.names.index(name)

    def constants(self) -> tuple[int, ...]:
        """Return the places of the brands' constants."""
        return tuple(k for k, name in enumerate(self.names) if name.startswith("constant "))


class LikelihoodFit(NamedTuple):
    """Estimates by name; without convergence they are not to be used.

    Attributes
    ----------
    covariance : inverse of the information; shape (K, K).
    """

    names: tuple[str, ...]
    values: Floats
    covariance: Floats
    log_likelihood: float
    converged: bool

    @classmethod
    def conditional(cls, choices: ChoiceData) -> "LikelihoodFit":
        """Estimate the conditional logit, in which all households are alike.

        Parameters
        ----------
        choices
            Choices, and the variables of utility, (N, J, K) float64.
        """
        model = _MixedLogit(choices, _Mixing(), np.empty((choices.households_count(), 0, 1)))
        return model.fit(np.zeros(len(choices.names)))

    @classmethod
    def mixed(cls, choices: ChoiceData, draws_count: int, seed: int) -> "LikelihoodFit":
        """Estimate the logit whose brand constants are normal and whose price is −lognormal.

        Climbs from the conditional logit with spreads of one half. Spreads are returned without
        their sign.

        Parameters
        ----------
        choices
            Choices, and the variables of utility, (N, J, K) float64.
        draws_count
            Draws of each household, at best a power of two.
        seed
            Names the scramble of the draws.
        """
        price = choices.place("price")
        mixing = _Mixing(choices.constants(), (price,))
        count = len(mixing.normal) + 1
        alike = cls.conditional(choices).values
        start = np.concatenate([alike, np.full(count, 0.5)])
        start[price] = np.log(max(-alike[price], 0.1))
        draws = _sobol_normals(choices.households_count(), count, draws_count, seed)
        fit = _MixedLogit(choices, mixing, draws).fit(start)
        sign = np.where([name.endswith(SPREAD) for name in fit.names], np.sign(fit.values), 1.0)
        return fit._replace(
            values=sign * fit.values, covariance=sign[:, None] * fit.covariance * sign
        )

    def value(self, name: str) -> float:
        """Return one estimate."""
        return float(self.values[self.names.index(name)])

    def error(self, name: str) -> float:
        """Return its standard error."""
        k = self.names.index(name)
        return float(np.sqrt(self.covariance[k, k]))

    def own_elasticity(self, choices: ChoiceData) -> tuple[float, float]:
        """Return the own-price elasticity of choice in a conditional logit, and its error.

        ε = Σ_j s_j ε_j = (1/N) Σ_n Σ_j P_nj (1 - P_nj) b_price x_nj

        with s_j the predicted share of brand j and ε_j the elasticity of its summed demand when
        its prices rise together; the standard error is that of the delta method.

        Parameters
        ----------
        choices
            N purchases of J brands.
        """

        def of(beta: Floats) -> Floats:
            return np.array([_own_elasticity(choices, beta)])

        slope = _slopes(of, self.values)[:, 0]
        error = float(np.sqrt(slope @ self.covariance @ slope))
        return _own_elasticity(choices, self.values), error


def _maximise(function: _LogLikelihood, start: Floats, names: tuple[str, ...]) -> LikelihoodFit:
    """Climb from `start` by BFGS; take the standard errors from the Hessian.

    The Hessian is the central difference of the gradient. It has converged where minus the
    Hessian is positive definite and what a Newton step would still gain, g′I⁻¹g / 2, is below
    one millionth of a unit of log-likelihood.

    References
    ----------
    Train (2009), Discrete Choice Methods with Simulation, sections 8.4–8.6.
    """

    def negative(at: Floats) -> tuple[float, Floats]:
        value, gradient = function(at)
        return -value, -gradient

    # SciPy's own tolerance is per unit of gradient; ours, below, is per unit of likelihood.
    found = minimize(negative, start, jac=True, method="BFGS", options={"gtol": 1e-4})
    value, gradient = function(found.x)
    information = -_slopes(lambda at: function(at)[1], found.x)
    information = (information + information.T) / 2
    if not np.isfinite(information).all() or np.linalg.eigvalsh(information)[0] <= 0:
        return LikelihoodFit(
            names, found.x, np.full(information.shape, np.nan), value, converged=False
        )
    covariance = np.linalg.inv(information).astype(np.float64)
    gain_left = float(gradient @ covariance @ gradient) / 2
    return LikelihoodFit(names, found.x, covariance, value, converged=gain_left < _GAIN_LEFT)


def _slopes(function: Callable[[Floats], Floats], at: Floats) -> Floats:
    """Return the central differences of `function` by each parameter; shape (K, …)."""
    steps = _STEP * np.eye(at.size)
    return np.stack([(function(at + h) - function(at - h)) / (2 * _STEP) for h in steps])


SPREAD: Final = " spread"
"""Follows the name of a coefficient in the name of its standard deviation."""

_BLOCK: Final = 250_000  # numbers of an array that still fit a cache


class _Mixing(NamedTuple):
    """Coefficients that differ between households, one independent draw z ~ N(0, 1) each.

    normal : places of β = b + s z.
    lognormal : places of β = −exp(b + s z), for prices.
    """

    normal: tuple[int, ...] = ()
    lognormal: tuple[int, ...] = ()


class _ChoiceBlock(NamedTuple):
    """Some whole households: `difference` is the other brands' variables minus the chosen's."""

    households: slice
    of: Ints  # household of each row, 0 the block's first
    starts: Ints  # first row of each household
    difference: Floats  # (rows, J - 1, K)


class _MixedLogit:
    """Log-likelihood of a panel, the mean over draws of each household's product of logits.

    LL(b, s) = Σ_h ln (1/R) Σ_r Π_{n of h} exp(V_n,chosen) / Σ_j exp(V_nj),  V = x′β(b, s, z_hr)

    A household keeps its draws through all its purchases. The parameters are b of all K
    coefficients, then s of those that mix, the normal ones first. s may come out negative:
    its sign has no meaning.

    Parameters
    ----------
    choices : choices and variables.
    mixing : which coefficients differ between households.
    draws : standard normal numbers; shape (households, coefficients that mix, R).

    References
    ----------
    Train (2009), Discrete Choice Methods with Simulation, sections 6.7 and 10.5.
    """

    def __init__(self, choices: ChoiceData, mixing: _Mixing, draws: Floats) -> None:
        self.names = (
            *choices.names,
            *(f"{choices.names[k]}{SPREAD}" for k in (*mixing.normal, *mixing.lognormal)),
        )
        self._places = np.array([*mixing.normal, *mixing.lognormal], dtype=np.int64)
        self._is_log = np.arange(self._places.size) >= len(mixing.normal)
        self._draws = draws
        self._k = len(choices.names)
        self._blocks = list(_blocks(choices, draws.shape[2]))

    def __call__(self, at: Floats) -> tuple[float, Floats]:
        """Return the simulated log-likelihood and its gradient."""
        parts = [self._block(block, at) for block in self._blocks]
        return sum(value for value, _ in parts), np.sum([slope for _, slope in parts], axis=0)

    def fit(self, start: Floats) -> LikelihoodFit:
        """Maximise from `start`."""
        return _maximise(self, start, self.names)

    def _block(self, block: _ChoiceBlock, at: Floats) -> tuple[float, Floats]:
        z = self._draws[block.households]
        beta, by_b = self._coefficients(z, at)
        log_p, slope = _of_rows(block, self._fixed(at), beta, self._places)
        by_draw = np.add.reduceat(log_p, block.starts)  # ln of the product of a household
        top = by_draw.max(axis=1, keepdims=True)
        weight = np.exp(by_draw - top)
        total = weight.sum(axis=1, keepdims=True)
        value = (top + np.log(total / z.shape[2])).sum()
        weight /= total
        score = np.add.reduceat(slope, block.starts) * weight[:, None, :]  # (h, K, R)
        mixed = score[:, self._places] * by_b
        gradient = score.sum(axis=(0, 2))
        gradient[self._places] = mixed.sum(axis=(0, 2))
        return float(value), np.concatenate([gradient, (mixed * z).sum(axis=(0, 2))])

    def _coefficients(self, z: Floats, at: Floats) -> tuple[Floats, Floats]:
        """Return the β that mix and dβ/db; both of shape (households, mixing, R)."""
        beta = at[self._places, None] + at[self._k :, None] * z
        beta[:, self._is_log] = -np.exp(beta[:, self._is_log])
        return beta, np.where(self._is_log[:, None], beta, 1.0)

    def _fixed(self, at: Floats) -> Floats:
        """Return the β that all households share, 0 in the place of the others."""
        fixed = at[: self._k].copy()
        fixed[self._places] = 0.0
        return fixed


def _of_rows(
    block: _ChoiceBlock, fixed: Floats, beta: Floats, places: Ints
) -> tuple[Floats, Floats]:
    """Return each purchase's ln P of the chosen brand, (rows, R), and d ln P/dβ, (rows, K, R)."""
    x = block.difference
    v = x[..., places] @ beta[block.of] + (x @ fixed)[..., None]  # (rows, J - 1, R)
    top = np.maximum(v.max(axis=1), 0.0)  # the chosen brand has v = 0; no exponent overflows
    e = np.exp(v - top[:, None])
    total = np.exp(-top) + e.sum(axis=1)
    e /= total[:, None]
    return -top - np.log(total), -np.matmul(x.transpose(0, 2, 1), e)


def _blocks(choices: ChoiceData, draws_count: int) -> Iterator[_ChoiceBlock]:
    """Cut the panel between households, so that the arrays of a block fit a cache."""
    x, chosen = choices.variables, choices.chosen
    rows, brands, _ = x.shape
    other = np.arange(brands - 1) + (np.arange(brands - 1) >= chosen[:, None])
    row = np.arange(rows)
    difference = x[row[:, None], other] - x[row, chosen][:, None]
    starts = np.flatnonzero(choices.starts())
    long = max(1, _BLOCK // (draws_count * brands))
    cuts = np.unique(np.searchsorted(starts, np.arange(0, starts[-1] + 1, long)))
    for low, high in zip(cuts, [*cuts[1:], starts.size], strict=True):
        first = starts[low]
        end = starts[high] if high < starts.size else rows
        yield _ChoiceBlock(
            slice(low, high),
            choices.household[first:end] - low,
            starts[low:high] - first,
            difference[first:end],
        )


def _sobol_normals(households: int, mixing: int, draws: int, seed: int) -> Floats:
    """Return standard normal numbers that fill their space evenly: a scrambled Sobol sequence.

    A household gets consecutive points, which for a power of two are a net of their own.

    Parameters
    ----------
    households, mixing, draws : how many of each, in the order of the result's axes.
    seed : names the scramble.

    References
    ----------
    Train (2009), section 9.3.
    """
    points = sobol_points(mixing, households * draws, seed)
    return ndtri(points).reshape(households, draws, mixing).transpose(0, 2, 1).copy()


def _probabilities(choices: ChoiceData, beta: Floats) -> Floats:
    """Return the P of each purchase and brand, shape (N, J), by conditional logit."""
    v = choices.variables @ beta
    e = np.exp(v - v.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def _own_elasticity(choices: ChoiceData, beta: Floats) -> float:
    p, k = _probabilities(choices, beta), choices.place("price")
    return float((p * (1 - p) * beta[k] * choices.variables[..., k]).sum() / p.shape[0])
