"""Gini, Herfindahl index and top shares of distributions whose values are known.

Cowell, Measuring Inequality, 3rd ed. 2011, ch. 2 and appendix A; Arnold, Pareto
Distributions, 2nd ed. 2015, ch. 4; Tirole 1988, sec. 5.5 (Herfindahl).
"""

import math
from statistics import NormalDist

import numpy as np
import pytest

from engine.market.ledger.recorder import concentration
from engine.measures.measure import _top_share
from tests.closed_forms.worlds import open_market
from tests.worlds import case

N = 1000


def spread_over(values: np.ndarray, others: float = 0) -> dict[str, float]:
    """Concentration over anchors of whom each has a row."""
    return concentration(values, np.ones(values.size), others)


def test_equal_parts():
    """Gini 0, HHI 1 / n, top k hold k / n."""
    seen = spread_over(np.full(N, 7.0))
    assert seen["gini"] == pytest.approx(0, abs=1e-12)
    assert seen["hhi"] == pytest.approx(1 / N, rel=1e-12)
    assert [seen[f"top{k}_share"] for k in (1, 10, 100)] == pytest.approx(
        [k / N for k in (1, 10, 100)]
    )


def test_one_owner():
    """Gini (n - 1) / n, HHI 1."""
    values = np.zeros(N)
    values[137] = 5.0
    seen = spread_over(values)
    assert seen["gini"] == pytest.approx(1 - 1 / N, rel=1e-12)
    assert seen["hhi"] == seen["top1_share"] == seen["top100_share"] == 1.0


def test_uniform():
    """x_k = k: Gini (n - 1) / 3n, HHI 2 (2n + 1) / (3n (n + 1)), top k as below."""
    values = np.random.default_rng(1).permutation(np.arange(1.0, N + 1))
    seen = spread_over(values)
    assert seen["gini"] == pytest.approx((N - 1) / (3 * N), rel=1e-9)
    assert seen["hhi"] == pytest.approx(2 * (2 * N + 1) / (3 * N * (N + 1)), rel=1e-9)
    for k in (1, 10, 100):
        expected = k * (2 * N - k + 1) / (N * (N + 1))
        assert seen[f"top{k}_share"] == pytest.approx(expected, rel=1e-9)
        assert _top_share(values, k, np.ones(N)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("a", [2.0, 3.0])
def test_pareto(a):
    """Gini 1 / (2a - 1); the richest q hold q^(1 - 1/a); n HHI = 1 + cv^2 = (a-1)^2 / (a (a-2)).

    Values are each cell's mean, so that top shares are exact; the Gini inside cells is lost.
    """
    edges = np.linspace(0, 1, N + 1)
    lorenz = 1 - (1 - edges) ** (1 - 1 / a)
    seen = spread_over(np.diff(lorenz))
    assert seen["gini"] == pytest.approx(1 / (2 * a - 1), abs=2 / N)
    for k in (1, 10, 100):
        assert seen[f"top{k}_share"] == pytest.approx((k / N) ** (1 - 1 / a), rel=1e-9)
    if a > 2:
        assert N * seen["hhi"] == pytest.approx((a - 1) ** 2 / (a * (a - 2)), rel=0.05)


def test_lognormal_fans_of_the_world():
    """Gini 2 Phi(sigma / sqrt 2) - 1; anchors' fans are the quantiles of a lognormal."""
    sigma = 1.2
    asked = case(
        f"scenario.anchors.fans_log_sd={sigma}",
        "scenario.anchors.newcomers_share=0",
        "scale.anchors_count=5000",
        days=1,
    )
    fans = open_market(asked).world.anchors.fans[:5000]
    expected = 2 * NormalDist().cdf(sigma / math.sqrt(2)) - 1
    assert spread_over(fans)["gini"] == pytest.approx(expected, abs=2e-3)
    assert 5000 * spread_over(fans)["hhi"] == pytest.approx(math.exp(sigma**2), rel=0.05)


def test_nothing_sold():
    """Without sales nothing is concentrated."""
    assert set(spread_over(np.zeros(5)).values()) == {0.0}


def test_anchors_without_sales_count():
    """Zeros need not be given one by one."""
    sold = np.array([5.0, 1.0, 3.0])
    assert spread_over(sold, 7) == spread_over(np.concatenate([sold, np.zeros(7)]))
