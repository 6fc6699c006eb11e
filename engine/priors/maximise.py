"""The maximum of a log-likelihood and the standard errors there."""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from scipy.optimize import minimize

from engine.priors.panels import Floats

LogLikelihood = Callable[[Floats], tuple[float, Floats]]
"""Returns the log-likelihood and its gradient, shape (K,), at parameters of shape (K,)."""

_STEP: Final = 1e-4
_GAIN_LEFT: Final = 1e-6


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

    def value(self, name: str) -> float:
        """Return one estimate."""
        return float(self.values[self.names.index(name)])

    def error(self, name: str) -> float:
        """Return its standard error."""
        k = self.names.index(name)
        return float(np.sqrt(self.covariance[k, k]))


def maximise(function: LogLikelihood, start: Floats, names: tuple[str, ...]) -> LikelihoodFit:
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
    information = -slopes(lambda at: function(at)[1], found.x)
    information = (information + information.T) / 2
    if not np.isfinite(information).all() or np.linalg.eigvalsh(information)[0] <= 0:
        return LikelihoodFit(
            names, found.x, np.full(information.shape, np.nan), value, converged=False
        )
    covariance = np.linalg.inv(information).astype(np.float64)
    gain_left = float(gradient @ covariance @ gradient) / 2
    return LikelihoodFit(names, found.x, covariance, value, converged=gain_left < _GAIN_LEFT)


def slopes(function: Callable[[Floats], Floats], at: Floats) -> Floats:
    """Return the central differences of `function` by each parameter; shape (K, …)."""
    steps = _STEP * np.eye(at.size)
    return np.stack([(function(at + h) - function(at - h)) / (2 * _STEP) for h in steps])
