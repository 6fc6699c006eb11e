"""Estimates of means and ratios with their standard errors and confidence intervals."""

from typing import Final, NamedTuple

import numpy as np

from engine.stats.arrays import Floats

CONFIDENCE: Final = 0.95
"""Share of repeated samples whose interval holds the true value; two-sided."""


class Interval(NamedTuple):
    """An estimate with its standard error and confidence limits; None where undefined.

    All four have the unit of what was estimated.
    """

    value: float | None
    standard_error: float | None
    low: float | None
    high: float | None


def mean_interval(sample: Floats) -> Interval:
    """Estimate a mean with its Student interval, mean ± t(n-1) s / √n.

    Parameters
    ----------
    sample
        (n,) float64, independent observations in one unit. With one of them only the mean is known.
    """
    count = len(sample)
    mean = float(sample.mean())
    if count < 2:
        return Interval(mean, None, None, None)
    error = float(sample.std(ddof=1)) / count**0.5
    half = student_quantile(count - 1, 0.5 + CONFIDENCE / 2) * error
    return Interval(mean, error, mean - half, mean + half)


_Z: Final = 1.959964


def wilson(successes: float, count: int) -> tuple[float, float]:
    """Return the 95 % limits of a probability (Wilson 1927); right near 0 and 1 too."""
    share, square = successes / count, _Z**2 / count
    middle = (share + square / 2) / (1 + square)
    half = (share * (1 - share) * square + square**2 / 4) ** 0.5 / (1 + square)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def ratio_interval(gain: Floats, spend: Floats) -> Interval:
    """Estimate mean(gain) / mean(spend) with Fieller's interval (Fieller 1954).

    The limits are the ρ with (ȳ - ρ x̄)² = t² var(y - ρ x) / n: right even when spending
    hardly differs, where the delta method is not. If zero lies within the interval of mean
    spending the set is unbounded and the limits are None; if it is zero there is no ratio. The
    standard error is the delta method's.

    Parameters
    ----------
    gain, spend
        (n,) float64, observed in pairs; the ratio has the unit of a gain per unit of spend.
    """
    count, x, y = len(spend), float(spend.mean()), float(gain.mean())
    if x == 0:
        return Interval(None, None, None, None)
    ratio = y / x
    if count < 2:
        return Interval(ratio, None, None, None)
    error = float((gain - ratio * spend).std(ddof=1)) / count**0.5 / abs(x)
    t = student_quantile(count - 1, 0.5 + CONFIDENCE / 2)
    (xx, xy), (_, yy) = t**2 / count * np.cov(spend, gain, ddof=1)
    a, b, c = x * x - xx, x * y - xy, y * y - yy
    if a <= 0:
        return Interval(ratio, error, None, None)
    root = max(b * b - a * c, 0.0) ** 0.5
    return Interval(ratio, error, float((b - root) / a), float((b + root) / a))


def student_quantile(freedom: float, probability: float) -> float:
    """Return the value that Student's t with `freedom` degrees stays below so probably.

    Parameters
    ----------
    freedom
        Degrees of freedom, 1 or more; not whole ones where variances differ.
    probability
        Between 0 and 1: 0.95 for a one-sided test at 5 %, 0.975 for a two-sided one.

    Returns
    -------
    In standard errors, without a unit.
    """
    from scipy.special import stdtrit

    return float(stdtrit(freedom, probability))
