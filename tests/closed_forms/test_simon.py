"""Anchors that begin during the year, under a feed with r = 1: Simon's law of sizes.

Each newcomer begins with c times the mean signal of those before it; shares of the feed
keep their mean otherwise, so that who began as number n stands at c (N / n)^(1 - c) mean
signals when there are N, and P(signal > z) = (z / c)^(-1 / (1 - c)): Simon, Biometrika 42,
1955 (his alpha, the probability of a new word, is c). Here N grows five-fold in 365 days.
"""

import math
from functools import cache

import numpy as np
import pytest

from engine.population.anchors import _arrival_days
from tests.closed_forms.worlds import ALIKE, FIXED_PRICES, logit, near, only, run_days, size
from tests.worlds import case

DAYS, SIGNAL_DAYS, SEEDS = 366, 14.0, 6
WORLDS = [(200, 10_000, 0.25), (200, 10_000, 0.5), (600, 20_000, 0.5)]
"""Anchors, buyers, c. Of 480 newcomers some begin on the same day."""


def beginnings(anchors: int) -> np.ndarray:
    """Day on which each anchor begins; a fifth is there before."""
    return np.concatenate([np.zeros(anchors // 5, int), _arrival_days(anchors - anchors // 5)])


@cache
def mean_shares(anchors: int, buyers: int, c: float) -> np.ndarray:
    """Shares in the signals on the last day, mean over run seeds."""
    overrides = (
        *ALIKE,
        *FIXED_PRICES,
        *only("source"),
        *logit(0, 3.0, 0.5),
        *size(buyers, anchors=anchors),
        "scenario.anchors.newcomers_share=0.8",
        f"scenario.anchors.newcomer_signal={c}",
        "policy.traffic.exponent=1",
    )
    total = np.zeros(anchors)
    for run_seed in range(SEEDS):
        market = run_days(case(*overrides, days=DAYS, run_seed=run_seed))
        assert np.array_equal(market.world.anchors.arrives, beginnings(anchors))
        total += market.state.anchors.signal / market.state.anchors.signal.sum()
    return total / SEEDS


def expected_shares(begins: np.ndarray, c: float) -> np.ndarray:
    """k who begin on a day after n get c / (n + k c) each and leave n / (n + k c) to the others."""
    shares = np.where(begins == 0, 1 / np.sum(begins == 0), 0.0)
    for day in np.unique(begins[begins > 0]):
        new, n = begins == day, np.sum(begins < day)
        shares = np.where(new, c / n, shares) / (1 + new.sum() * c / n)
    return shares


def share_errors(begins: np.ndarray, c: float, buyers: int) -> np.ndarray:
    """Standard errors of `mean_shares`, from the variances of its urns.

    A day moves x to x + w (v - x), v the share of a binomial number of visits; w = 1 / (14 T),
    T the signals over a day's sales, which newcomers raise for a while.
    """
    variance, total = np.zeros(begins.size), 1.0
    for day in range(DAYS):
        new, n = (begins == day) & (day > 0), np.sum(begins < day)
        grown = 1 + new.sum() * c / max(n, 1)
        here = begins <= day
        shares = np.zeros(begins.size)
        shares[here] = expected_shares(begins[here], c)
        total *= grown
        total += (1 - total) / SIGNAL_DAYS
        w = 1 / (SIGNAL_DAYS * total)
        noise = shares * (1 - shares) / buyers
        variance = variance / grown**2 * (1 - w**2 / buyers) + w**2 * noise
    return np.sqrt(variance / SEEDS)


def tail_exponent(shares: np.ndarray, begins: np.ndarray, c: float) -> float:
    """Hill's estimate above z = c: newcomers over their sum of ln(z / c).

    Who was there before is only known to lie beyond c (N / n)^(1 - c), n of them: censored.
    Hill, Annals of Statistics 3, 1975; Cox & Oakes, Analysis of Survival Data, 1984, ch. 3.
    """
    new, count = begins > 0, begins.size
    old = count - new.sum()
    exposure = np.log(shares[new] * count / c).sum() + old * (1 - c) * np.log(count / old)
    return float(new.sum() / exposure)


@pytest.mark.parametrize(("anchors", "buyers", "c"), WORLDS)
def test_signals_are_those_of_simons_process(anchors, buyers, c):
    """Every anchor's mean share in the signals, within 4 SE of the exact product."""
    begins = beginnings(anchors)
    errors = share_errors(begins, c, buyers)
    near(mean_shares(anchors, buyers, c), expected_shares(begins, c), errors)


@pytest.mark.parametrize(("anchors", "buyers", "c"), WORLDS)
def test_the_tail_has_simons_exponent(anchors, buyers, c):
    """1 / (1 - c) less the finite-size term of the next test, within 4 SE of the exposure.

    Shares are negatively correlated: the sum of variances is an upper bound.
    """
    begins, seen = beginnings(anchors), mean_shares(anchors, buyers, c)
    expected = expected_shares(begins, c)
    exponent = tail_exponent(expected, begins, c)
    assert exponent == pytest.approx(1 / (1 - c), rel=0.005)
    new = begins > 0
    errors = (share_errors(begins, c, buyers)[new] / expected[new]) ** 2
    relative_error = math.sqrt(errors.sum()) * exponent / new.sum()
    assert relative_error < 0.02
    near(tail_exponent(seen, begins, c), exponent, exponent * relative_error)


@pytest.mark.parametrize("c", [0.25, 0.5, 0.8])
@pytest.mark.parametrize("anchors", [50, 100, 200, 400])
def test_the_exponent_of_finitely_many_anchors(anchors, c):
    """Relative error -(1 - c) / 2 ln(N / n) / (N - n) - c / (2 N), with a remainder O(1 / n^2).

    One at a time the product is c G(N) G(n + c) / (G(n + 1) G(N + c)), G the gamma function;
    the term follows from Stirling's series and the Euler-Maclaurin sum over newcomers.
    """
    begins = beginnings(anchors)
    old, shares = anchors // 5, expected_shares(begins, c)
    gamma = math.lgamma
    product = [
        c * math.exp(gamma(anchors) + gamma(n + c) - gamma(n + 1) - gamma(anchors + c))
        for n in range(old, anchors)
    ]
    assert shares[old:] == pytest.approx(product, rel=1e-9)
    assert shares.sum() == pytest.approx(1)
    first_order = (1 - c) / 2 * math.log(anchors / old) / (anchors - old) + c / (2 * anchors)
    relative = tail_exponent(shares, begins, c) * (1 - c) - 1
    assert relative == pytest.approx(-first_order, abs=0.1 / old**2)
