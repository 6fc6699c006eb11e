"""What each kind of test says of an effect a day, from days of a market.

    switchback     pairs of periods, one tried and one not:  mean of tried less not tried
    before_after   the test's days under the policy less as many days before it
    markets        some markets try the policy and the others do not:
                   mean change of those less that of these, each against its own days before

The first two compare days of one market, whose buyers carry a coupon's effect from one day into
the next (stock at home, habit, follows), and whose days differ by season; the third compares
markets, which differ by luck. Intervals are Student's over pairs of periods, and Welch's over
periods or markets (Welch, Biometrika 34, 1947).
"""

from collections.abc import Iterator

import numpy as np

from engine.design.draws import uniform_draws
from engine.rng import Purpose
from engine.stats.arrays import Flags, Floats
from engine.stats.intervals import CONFIDENCE, Interval, mean_interval, student_quantile


def switchback(days: Floats, treated: Flags, period_days: int, washout_days: int) -> Interval:
    """Estimate by pairs of periods.

    Parameters
    ----------
    days
        (n,) float64, the measure by day of the test, in its unit.
    treated
        (n,) bool, whether the policy was tried, period by period.
    period_days, washout_days
        Of a period, and of its beginning that does not count.
    """
    means = period_means(days, period_days, washout_days)
    signs = np.where(treated[::period_days], 1.0, -1.0)
    return mean_interval((means * signs).reshape(-1, 2).sum(axis=1))


def before_after(before: Floats, days: Floats, period_days: int) -> Interval:
    """Estimate by the days of the test less those before it, both (n,) float64."""
    return welch(period_means(days, period_days), period_means(before, period_days))


def markets(
    changes_tried: Floats, changes_not: Floats, seed: int, draws: int
) -> Iterator[Interval]:
    """Estimate by two halves of the markets, drawn anew for each of `draws` tests.

    Parameters
    ----------
    changes_tried, changes_not
        (markets,) float64, each market's mean of the test's days less that of the days before, if
        it tries the policy and if it does not.
    seed
        Names the draws.
    """
    count = len(changes_tried)
    ranks = np.argsort(uniform_draws(seed, Purpose.TRIAL, (draws, count), 1), axis=1)
    for order in ranks:
        tried, others = order[: count // 2], order[count // 2 :]
        yield welch(changes_tried[tried], changes_not[others])


def period_means(days: Floats, period_days: int, washout_days: int = 0) -> Floats:
    """Return the mean of each whole period's days that count, (periods,) float64."""
    whole = len(days) // period_days * period_days
    return np.asarray(days[:whole].reshape(-1, period_days)[:, washout_days:].mean(axis=1))


def welch(a: Floats, b: Floats) -> Interval:
    """Estimate the difference of two means with Welch's interval; two of each at least."""
    value = float(a.mean() - b.mean())
    if min(len(a), len(b)) < 2:
        return Interval(value, None, None, None)
    parts = np.array([own.var(ddof=1) / len(own) for own in (a, b)])
    error = float(parts.sum() ** 0.5)
    if error == 0:
        return Interval(value, 0.0, value, value)
    freedom = float(parts.sum() ** 2 / (parts**2 / [len(a) - 1, len(b) - 1]).sum())
    half = student_quantile(freedom, 0.5 + CONFIDENCE / 2) * error
    return Interval(value, error, value - half, value + half)
