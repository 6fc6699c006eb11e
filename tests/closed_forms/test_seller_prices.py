"""Sellers' prices: logit mark-ups, pass-through with and without a price cap, oligopoly.

Prices are those at which sellers come to rest. The window shows whole fen, which moves
the price at rest by less than two of them in 100,000.
"""

import numpy as np
import pytest

from tests.closed_forms.worlds import (
    ALIKE,
    ELSEWHERE_FEN,
    bisect,
    coupon,
    logit,
    only,
    run_days,
    share,
    size,
)
from tests.worlds import case

FEN = 2.0
"""What rounding to whole fen may leave."""
COST_SHARE = 0.5
QUICK = ("scenario.suppliers.repricing_speed=0.5",)
MONOPOLY = (*ALIKE, *only("domestic"), *size(300), *QUICK)
ALPHA, OUTSIDE = 3.0, -0.5


def at_rest(*overrides: str, days: int = 160) -> tuple[float, float]:
    """The price that the seller came to, and what a buyer pays in the window; fen."""
    market = run_days(case(*overrides, days=days))
    first_order = market.streams.priced_as[3]  # class 3: a first order with a coupon
    held = market.streams.paid[first_order, 0, 0]
    return float(market.state.sellers.price[market.streams.good[0, 0]]), float(held)


def best_price(curvature: int, paid_of, slope_of, cost_share=COST_SHARE, fee=0.0) -> float:
    """Root of p (1 - f) (1 - 1 / eta) - c, eta = alpha x^lambda (1 - s) dln paid / dln p."""

    def gap(price):
        paid = paid_of(price)
        bought = share(paid, curvature, ALPHA, OUTSIDE)
        sensitivity = ALPHA * (paid / ELSEWHERE_FEN) ** curvature
        eta = sensitivity * (1 - bought) * slope_of(price)
        return price * (1 - fee) * (1 - 1 / eta) - cost_share * ELSEWHERE_FEN

    return bisect(gap, 0.5 * ELSEWHERE_FEN, 2.9 * ELSEWHERE_FEN)


@pytest.mark.parametrize("curvature", [0, 1])
@pytest.mark.parametrize("fee", [0.0, 0.2])
def test_a_monopolist_of_its_look(curvature, fee):
    """Lerner index 1 / eta; linear: p = c / (1 - f) + 1 / (alpha' (1 - s)), alpha' = alpha / e.

    Anderson, de Palma & Thisse, Discrete Choice Theory of Product Differentiation, 1992,
    ch. 6-7; Tirole, The Theory of Industrial Organization, 1988, sec. 1.1 (Lerner).
    """
    commission = f"scenario.suppliers.domestic.commission_share={fee / 2}"
    take = f"scenario.platform.take_share.domestic={fee / 2}"
    price, paid = at_rest(*MONOPOLY, *logit(curvature, ALPHA, OUTSIDE), commission, take)
    assert price == pytest.approx(
        best_price(curvature, lambda p: p, lambda p: 1.0, fee=fee), abs=FEN
    )
    assert paid == pytest.approx(price, abs=1.0)
    if curvature == 1:
        markup = ELSEWHERE_FEN / (ALPHA * (1 - share(price, 1, ALPHA, OUTSIDE)))
        assert price == pytest.approx(COST_SHARE * ELSEWHERE_FEN / (1 - fee) + markup, abs=FEN)


def test_the_monopolist_earns_most_at_its_price():
    """No other price of a fine grid earns more: the first-order condition finds the maximum."""
    price, _ = at_rest(*MONOPOLY, *logit(1, ALPHA, OUTSIDE))
    grid = np.linspace(0.5, 2.5, 200_001) * ELSEWHERE_FEN
    profit = [(p - COST_SHARE * ELSEWHERE_FEN) * share(p, 1, ALPHA, OUTSIDE) for p in grid[::20]]
    assert price == pytest.approx(grid[::20][np.argmax(profit)], abs=40)


@pytest.mark.parametrize("curvature", [0, 1])
def test_a_coupon_rate_raises_the_price_before_coupon(curvature):
    """paid = (1 - r) p leaves dln paid / dln p = 1 and lifts s, hence the mark-up; ADT 1992."""
    world = (*MONOPOLY, *logit(curvature, ALPHA, OUTSIDE))
    price, paid = at_rest(*world, *coupon(0.2))
    assert price == pytest.approx(best_price(curvature, lambda p: 0.8 * p, lambda p: 1.0), abs=FEN)
    plain, _ = at_rest(*world)
    assert 0.8 * plain < paid < plain < price


SUBSIDY_FEN = 10_000


def with_amount(amount: float) -> tuple[str, ...]:
    """A coupon that always pays its cap."""
    return coupon(0.9, cap_rmb=amount / 100)


def test_pass_through_of_coupon_cost_and_commission_is_one_minus_share():
    """Linear price: dq / dK = -(1 - s), dp / dc = dp / d(c / (1 - f)) = 1 - s.

    From q + K - c = m / (1 - s(q)) with m s' = -s (1 - s): Weyl & Fabinger, Journal of
    Political Economy 121, 2013 (pass-through under logit). Central differences: 1 %.
    """
    world, step = (*MONOPOLY, *logit(1, ALPHA, OUTSIDE)), 2_000.0
    price, paid = at_rest(*world, *with_amount(SUBSIDY_FEN))
    assert price == pytest.approx(
        best_price(1, lambda p: p - SUBSIDY_FEN, lambda p: p / (p - SUBSIDY_FEN)), abs=FEN
    )
    kept = share(paid, 1, ALPHA, OUTSIDE)
    assert 0.3 < kept < 0.7  # neither all nor nothing, or the test says little
    less, more = (at_rest(*world, *with_amount(SUBSIDY_FEN + d))[1] for d in (-step, step))
    assert (less - more) / (2 * step) == pytest.approx(1 - kept, rel=0.01)

    plain, _ = at_rest(*world)
    passed = 1 - share(plain, 1, ALPHA, OUTSIDE)
    cost = "scenario.suppliers.domestic.cost_share="
    low, high = (at_rest(*world, f"{cost}{COST_SHARE + d}")[0] for d in (-0.02, 0.02))
    assert (high - low) / (0.04 * ELSEWHERE_FEN) == pytest.approx(passed, rel=0.01)

    fees = (0.18, 0.22)
    commission = "scenario.suppliers.domestic.commission_share="
    middle, *ends = (at_rest(*world, f"{commission}{fee}")[0] for fee in (0.2, *fees))
    net_costs = [COST_SHARE * ELSEWHERE_FEN / (1 - fee) for fee in fees]
    passed = 1 - share(middle, 1, ALPHA, OUTSIDE)
    assert np.diff(ends)[0] / np.diff(net_costs)[0] == pytest.approx(passed, rel=0.01)


PLAN = (
    (
        "scenario.calendar.festivals=[{name:all_year,start:2020-01-01,end:2020-12-31,"
        "traffic:1,attention:1,plan:true}]"
    ),
    "policy.price.plan_festivals_count=1",
    "scenario.suppliers.plan_lift=10",
)


def test_under_a_binding_cap_buyers_get_the_whole_coupon():
    """q = kappa e - K: no re-pricing is possible, so dq / dK = -1; without the cap -(1 - s).

    Incidence with a fixed consumer price: Kotlikoff & Summers, Handbook of Public
    Economics II, 1987, ch. 16. Whole fen, hence exact.
    """
    world = (*MONOPOLY, *logit(1, ALPHA, OUTSIDE))
    capped = (*world, *PLAN, "policy.price.cap=0.8")
    without, with_coupon = (
        at_rest(*capped, *with_amount(amount))[1] for amount in (1, SUBSIDY_FEN + 1)
    )
    assert without == 0.8 * ELSEWHERE_FEN - 1
    assert with_coupon == without - SUBSIDY_FEN
    free, free_with = (at_rest(*world, *with_amount(a))[1] for a in (1, SUBSIDY_FEN + 1))
    assert 0.3 * SUBSIDY_FEN < free - free_with < 0.7 * SUBSIDY_FEN  # the seller keeps a part


@pytest.mark.parametrize("n", [2, 3, 6])
def test_n_equal_goods_that_nobody_can_do_without(n):
    """p = c + mu n / (n - 1), mu = e / alpha: the symmetric Bertrand equilibrium of the logit.

    Anderson, de Palma & Thisse 1992, ch. 7, no outside option.
    """
    price, _ = at_rest(*ALIKE, *only("domestic"), *size(300, goods=n), *QUICK, *logit(1, 4.0, -50))
    expected = COST_SHARE * ELSEWHERE_FEN + ELSEWHERE_FEN / 4.0 * n / (n - 1)
    assert price == pytest.approx(expected, abs=FEN)


def test_n_equal_goods_with_an_outside_option():
    """p = c + mu / (1 - s), s = 1 / (n + exp(V_0 - V)): found by bisection; ADT 1992, ch. 7."""
    n = 4
    price, _ = at_rest(
        *ALIKE, *only("domestic"), *size(300, goods=n), *QUICK, *logit(1, ALPHA, 0.3)
    )

    def gap(p):
        markup = ELSEWHERE_FEN / (ALPHA * (1 - share(p, 1, ALPHA, 0.3, n)))
        return p - COST_SHARE * ELSEWHERE_FEN - markup

    assert price == pytest.approx(bisect(gap, 1e4, 2.9e5), abs=FEN)
