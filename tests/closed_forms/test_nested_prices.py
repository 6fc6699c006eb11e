"""Sellers' prices where the goods of a look are in one nest against buying nothing.

P = P(j|N) P_N, P(j|N) = exp(V_j / mu) / S, P_N = S^mu / (exp V_0 + S^mu), mu the dissimilarity:
McFadden, in Spatial Interaction Theory and Planning Models, 1978; Train 2009, ch. 4. Sellers
are told the exact shares at their price; where they come to rest is where Brent's method finds
the profit's derivative zero, which is taken by a complex step (Squire & Trapp, SIAM Review 40,
1998) and knows nothing of elasticities.
"""

import numpy as np
import pytest
from scipy.optimize import brentq

from engine.market import day as order_of_the_day
from tests.closed_forms.worlds import (
    ALIKE,
    ELSEWHERE_FEN,
    bisect,
    box_cox,
    coupon,
    logit,
    only,
    open_market,
    run_days,
    size,
)
from tests.worlds import case

GOODS, ALPHA, OUTSIDE, COST, FEE = 4, 3.0, 0.3, 0.5, 0.1
OTHERS_FEN = 0.9 * ELSEWHERE_FEN
"""What the other goods of the look cost."""
NESTS = (1.0, 0.7, 0.4)
SUBSIDY_FEN = 10_000
FEN = 1.0
"""The seller counts a coupon in whole fen."""


def shares(paid, curvature: float, nest: float, others=OTHERS_FEN):
    """(P, P(j|N)) of a good at `paid` beside `GOODS - 1` at `others`; also of complex numbers."""
    own, rest = (
        np.exp(-ALPHA / nest * box_cox(p / ELSEWHERE_FEN, curvature)) for p in (paid, others)
    )
    total = own + (GOODS - 1) * rest
    return own / total * total**nest / (np.exp(OUTSIDE) + total**nest), own / total


def dearest_profit(paid_of, curvature: float, nest: float, cost=COST, fee=FEE) -> float:
    """The price at which (p (1 - f) - c) P(paid(p)) is largest, fen."""

    def slope(price: float) -> float:
        p = complex(price, 1e-20)
        profit = (p * (1 - fee) - cost * ELSEWHERE_FEN) * shares(paid_of(p), curvature, nest)[0]
        return float(profit.imag)

    net_cost = cost * ELSEWHERE_FEN / (1 - fee)
    return float(brentq(slope, 1.001 * net_cost, 2.9 * ELSEWHERE_FEN, xtol=1e-9))


def at_rest(paid_of, curvature: float, nest: float, *overrides: str, cost=COST, fee=FEE) -> float:
    """The price that sellers come to who are told their shares every day, fen."""
    market = open_market(
        case(
            *ALIKE,
            *only("domestic"),
            *size(300, goods=GOODS),
            *logit(curvature, ALPHA, OUTSIDE),
            f"scenario.choice.nest={nest}",
            "scenario.suppliers.repricing_speed=0.5",
            f"scenario.suppliers.domestic.cost_share={cost}",
            f"scenario.suppliers.domestic.commission_share={fee / 2}",
            f"scenario.platform.take_share.domestic={fee / 2}",
            *overrides,
        )
    )
    sellers = market.state.sellers
    for _ in range(300):
        levers, controls = market.begin_day()
        order_of_the_day.supply(market.state, market.scratch, levers, controls)
        told = shares(paid_of(sellers.price), curvature, nest)
        for known, seen in zip((sellers.share, sellers.within), told, strict=True):
            known[:] += 0.1 * (seen - known)
    assert np.ptp(sellers.price) == 0
    return float(sellers.price[0])


@pytest.mark.parametrize("nest", NESTS)
@pytest.mark.parametrize("curvature", [0, 0.5, 1])
def test_the_price_earns_most(curvature, nest):
    seen = at_rest(lambda p: p, curvature, nest)
    assert seen == pytest.approx(dearest_profit(lambda p: p, curvature, nest), abs=1e-3)


@pytest.mark.parametrize("nest", NESTS)
@pytest.mark.parametrize("curvature", [0, 1])
def test_the_price_under_a_coupon_rate_earns_most(curvature, nest):
    seen = at_rest(lambda p: 0.8 * p, curvature, nest, *coupon(0.2))
    assert seen == pytest.approx(dearest_profit(lambda p: 0.8 * p, curvature, nest), abs=FEN)


def passed_on(moves: str, curvature: int, nest: float, price_of) -> float:
    """Dp / dK, dp / dc or dp / df by central differences; `price_of` takes what moves."""
    step = {"coupon": 2_000, "cost": 0.02, "fee": 0.02}[moves]
    keywords = {"coupon": SUBSIDY_FEN, "cost": COST, "fee": FEE}
    low, high = (
        price_of(curvature, nest, **(keywords | {moves: keywords[moves] + d}))
        for d in (-step, step)
    )
    return (high - low) / (2 * step)


def rested(curvature, nest, coupon, cost, fee):
    amount = ("policy.subsidy.rate={domestic:0.9}", f"policy.subsidy.cap_rmb={coupon / 100}")
    budget = "policy.subsidy.budget_bn_rmb=1000"
    return at_rest(lambda p: p - coupon, curvature, nest, *amount, budget, cost=cost, fee=fee)


def exact(curvature, nest, coupon, cost, fee):
    return dearest_profit(lambda p: p - coupon, curvature, nest, cost, fee)


@pytest.mark.parametrize("nest", NESTS)
@pytest.mark.parametrize("curvature", [0, 1])
@pytest.mark.parametrize("moves", ["coupon", "cost", "fee"])
def test_pass_through_is_that_of_the_exact_profit(moves, curvature, nest):
    """Of a coupon of a fixed amount, of unit cost, and of commission."""
    seen, expected = (passed_on(moves, curvature, nest, price) for price in (rested, exact))
    assert abs(expected) > 1e-3
    assert seen == pytest.approx(expected, rel=2e-3)


def test_the_nearer_copies_the_goods_are_the_thinner_is_the_markup():
    prices = [at_rest(lambda p: p, 1, nest) for nest in NESTS]
    assert prices == sorted(prices, reverse=True)
    assert prices[0] > 1.05 * prices[-1]


WHOLE = (1.0, 0.4)
"""Nests under which buyers choose in the market as a whole."""


@pytest.mark.parametrize("nest", WHOLE)
def test_n_equal_goods_in_a_whole_market(nest):
    """P = c + e / alpha' , alpha' = alpha / mu (1 - ((1 - mu) / n + mu P)), by bisection."""
    world = (*ALIKE, *only("domestic"), *size(300, goods=GOODS), *logit(1, ALPHA, OUTSIDE))
    market = run_days(
        case(
            *world,
            f"scenario.choice.nest={nest}",
            "scenario.suppliers.repricing_speed=0.5",
            days=160,
        )
    )

    def gap(price):
        bought, within = shares(price, 1, nest, others=price)
        steep = ALPHA / nest * (1 - ((1 - nest) * within + nest * bought))
        return price - COST * ELSEWHERE_FEN - ELSEWHERE_FEN / steep

    shown = market.streams.good[0]
    assert market.state.sellers.price[shown] == pytest.approx(bisect(gap, 6e4, 2e5), abs=2.0)
    assert market.state.sellers.within[shown] == pytest.approx(1 / GOODS, abs=1e-5)


@pytest.mark.parametrize("nest", [1.0, 0.4])
def test_who_sells_alone_prices_as_without_a_nest(nest):
    """A nest of one good is the plain logit: (1 / mu) (1 - ((1 - mu) + mu P)) = 1 - P."""
    world = (*ALIKE, *only("domestic"), *size(300), *logit(1, ALPHA, OUTSIDE))
    prices = [
        run_days(case(*world, f"scenario.choice.nest={mu}", days=60)).state.sellers.price
        for mu in (1.0, nest)
    ]
    # Expected sales, from which shares are learned, are in steps of 2^-20 and of float32.
    assert prices[1] == pytest.approx(prices[0], rel=1e-6)
