"""How much less of a brand is chosen when its price rises."""

import numpy as np

from engine.priors.design import Design
from engine.priors.maximise import Fit, slopes
from engine.priors.panels import Floats


def own_elasticity(design: Design, fit: Fit) -> tuple[float, float]:
    """Return the own-price elasticity of choice in a conditional logit, and its standard error.

    ε = Σ_j s_j ε_j = (1/N) Σ_n Σ_j P_nj (1 - P_nj) b_price x_nj

    with s_j the predicted share of brand j and ε_j the elasticity of its summed demand when
    its prices rise together; the standard error is that of the delta method.
    """

    def of(beta: Floats) -> Floats:
        return np.array([_own_elasticity(design, beta)])

    slope = slopes(of, fit.values)[:, 0]
    error = float(np.sqrt(slope @ fit.covariance @ slope))
    return _own_elasticity(design, fit.values), error


def probabilities(design: Design, beta: Floats) -> Floats:
    """Return the P of each purchase and brand, shape (N, J), by conditional logit."""
    v = design.variables @ beta
    e = np.exp(v - v.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def _own_elasticity(design: Design, beta: Floats) -> float:
    p, k = probabilities(design, beta), design.place("price")
    return float((p * (1 - p) * beta[k] * design.variables[..., k]).sum() / p.shape[0])
