"""Quantiles of values that do not all count the same."""

import numpy as np

from engine.stats.arrays import Floats


def weighted_quantile(values: Floats, weights: Floats, share: float) -> float:
    """Return a quantile of weighted values, in their unit.

    Linear between the middles of the weights, in the order of the values (Hazen, 1914):

        q(p) = x_(k) where p = W_(k) - w_(k) / 2,    W_(k) = w_(1) + ... + w_(k)

    Values of no weight change nothing.

    Parameters
    ----------
    values
        (n,) float64.
    weights
        (n,) float64, 0 or more, adding up to 1.
    share
        Which quantile, from 0 to 1.
    """
    order = np.argsort(values, kind="stable")
    order = order[weights[order] > 0]
    middles = np.cumsum(weights[order]) - weights[order] / 2
    return float(np.interp(share, middles, values[order]))
