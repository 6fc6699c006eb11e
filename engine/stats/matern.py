"""The covariance of smooth random functions that emulators and searches share."""

import numpy as np

from engine.stats.arrays import Floats


def matern_covariance(signal: float, x: Floats, other: Floats) -> Floats:
    """Return signal (1 + sqrt(5) r + 5/3 r^2) exp(-sqrt(5) r), r the distance between points.

    Matern's with a smoothness of 5/2 (Rasmussen & Williams 2006, equation 4.17).

    Parameters
    ----------
    signal
        Variance of the function, in its squared unit, as the result is.
    x, other
        (points, inputs) and (other points, inputs) float64, in units of the lengths.

    Returns
    -------
    (points, other points) float64.
    """
    squared = (x**2).sum(1)[:, None] + (other**2).sum(1)[None] - 2.0 * x @ other.T
    root = np.sqrt(5.0 * np.maximum(squared, 0.0))
    return np.asarray(signal * (1.0 + root + root**2 / 3.0) * np.exp(-root))
