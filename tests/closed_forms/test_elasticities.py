"""Substitution in the logit and within a nest: elasticities, diversion, cost of one more sale.

Five goods of five kinds stand in one showcase. Expected sales are probabilities added up,
so that two runs with slightly different coupons differ by the derivative alone. Each look's
probability is rounded to 2^-20, and all looks are alike: derivatives are good to 0.3 %.
"""

import numpy as np
import pytest

from engine.accounts import Count
from engine.units import EXPECTED_ONE
from tests.closed_forms.worlds import (
    ALIKE,
    ELSEWHERE_FEN,
    FIXED_PRICES,
    box_cox,
    coupon,
    hold_slot,
    logit,
    open_market,
    size,
)
from tests.kinds import KINDS
from tests.worlds import case

ALPHA, OUTSIDE, STEP = 3.0, 0.5, 0.02
CLOSE = 3e-3
TENTH = coupon(0.1)
ROUNDING = 0.5 / EXPECTED_ONE + 1e-7  # of one look, and of float32
FIVE_KINDS = (
    *ALIKE,
    *FIXED_PRICES,
    *(f"scenario.suppliers.{kind}.count_share=0.2" for kind in KINDS),
    # They differ in cost, and so in price and share.
    *(
        f"scenario.suppliers.{kind}.cost_share={cost}"
        for kind, cost in zip(KINDS, (0.4, 0.5, 0.55, 0.6, 0.7), strict=True)
    ),
    "policy.supply.library_open={head:1,waist:1,tail:1}",
    *size(20_000),
    "scale.showcase_count=5",
    "policy.subsidy.budget_bn_rmb=1000",
    "policy.subsidy.partner_budget_bn_rmb=1000",
    "policy.subsidy.cap_rmb=100000",
)


def showcase(*overrides: str):
    """Price, paid (fen) and expected share by kind, at the first anchor on the first day."""
    market = open_market(case(*FIVE_KINDS, *overrides, days=1))
    looks = hold_slot(market)
    order = np.argsort(market.streams.kind[0, :5])
    assert market.streams.shown[0] == 5
    share = market.scratch.slot_totals[0].expected[0, :5] / EXPECTED_ONE / looks.size
    return tuple(
        column[order].astype(float)
        for column in (
            market.streams.price[0, :5],
            market.streams.paid[looks["coupon"][0], 0, :5],
            share,
        )
    )


@pytest.mark.parametrize("nest", [1, 0.4])
@pytest.mark.parametrize("curvature", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_own_and_cross_elasticities_and_diversion(kind, curvature, nest):
    """Own -a (1 / l - (1 / l - 1) s_j - P_j), cross a ((1 / l - 1) s_j + P_j), a = alpha x^curv.

    s_j is the share in what is bought, l the dissimilarity of the nest; at l = 1 they are the
    logit's -a (1 - P_j) and a P_j, and buyers divert in proportion to shares. Across the nest
    the outside option gains a P_j per log. Train, Discrete Choice Methods with Simulation,
    2nd ed. 2009, sec. 3.6 and 4.2.
    """
    world = (
        *logit(curvature, ALPHA, OUTSIDE),
        "policy.subsidy.partner_share=0",
        f"scenario.choice.nest={nest}",
    )
    _, paid, share = showcase(*world, *TENTH)
    runs = [
        showcase(*world, *TENTH, f"policy.subsidy.rate.{kind}={0.1 + change}")
        for change in (-STEP, STEP)
    ]
    (_, paid_dear, share_dear), (_, paid_cheap, share_cheap) = runs
    j = [*KINDS].index(kind)
    others = np.arange(5) != j
    assert np.all(paid_dear[others] == paid_cheap[others])
    slope = np.log(share_cheap / share_dear) / np.log(paid_cheap[j] / paid_dear[j])
    sensitivity = ALPHA * (paid[j] / ELSEWHERE_FEN) ** curvature
    bought = share[j] / share.sum()
    own = 1 / nest - (1 / nest - 1) * bought - share[j]
    cross = (1 / nest - 1) * bought + share[j]
    close = CLOSE / nest  # a step is a larger one within the nest
    rounding = 2 * ROUNDING / share.min() / np.log(paid_dear[j] / paid_cheap[j])
    assert slope[j] == pytest.approx(-sensitivity * own, rel=close, abs=rounding)
    assert np.allclose(slope[others], sensitivity * cross, rtol=close, atol=rounding)
    gained = (share_cheap - share_dear)[j]
    diverted = (share_dear - share_cheap)[others] / gained
    lost = rounding / (sensitivity * own)
    assert np.allclose(diverted, share[others] * cross / (share[j] * own), rtol=close, atol=lost)
    outside = 1 - share.sum()
    assert 1 - diverted.sum() == pytest.approx(outside / own, rel=close, abs=4 * lost)


@pytest.mark.parametrize("nest", [1, 0.4])
@pytest.mark.parametrize("curvature", [0, 1])
def test_the_measured_elasticities_are_those_of_the_shares(nest, curvature):
    """Own, kind and market elasticity of what is bought, from the looks of every eighth buyer.

    Each kind has one good here, so that own and kind-wide are the same; that of all goods
    together is -a (1 - P) where all prices relative to elsewhere are equal.
    """
    asked = case(
        *FIVE_KINDS,
        *logit(curvature, ALPHA, OUTSIDE),
        f"scenario.choice.nest={nest}",
        days=1,
    )
    market = open_market(asked)
    looks = hold_slot(market)
    totals = market.scratch.slot_totals[0]
    share = totals.expected[0, :5] / EXPECTED_ONE / looks.size
    paid = market.streams.paid[0, 0, :5]
    slopes = ALPHA * (paid / ELSEWHERE_FEN) ** curvature
    within, bought = share / share.sum(), share.sum()
    own = -(share * slopes * (1 / nest - (1 / nest - 1) * within - share)).sum() / bought
    everything = -(within * slopes).sum() * (1 - bought)
    buys, *responses = totals.counts[
        [Count.PRICED_BUYS, Count.OWN_RESPONSE, Count.KIND_RESPONSE, Count.MARKET_RESPONSE]
    ]
    asked_looks = (looks["buyer"] % 8 == 0).sum()
    assert buys / EXPECTED_ONE / asked_looks == pytest.approx(bought, rel=1e-4)
    seen = [-response / buys for response in responses]
    assert seen == pytest.approx([own, own, everything], rel=1e-4)


def test_what_one_more_sale_costs_under_a_coupon():
    """Spending K s(K) rises by K + paid / (alpha (1 - s)) for each sale that it adds, ln price.

    The coupon is paid on sales that would have come anyway too (Train 2009, sec. 3.6, the
    derivative ds / dV = s (1 - s); Neslin, Sales Promotion, 2002, on incremental sales).
    """
    kind, j = "source", 0
    world = (*logit(0, ALPHA, OUTSIDE), *coupon(0.0))

    def at(rate):
        price, paid, share = showcase(*world, f"policy.subsidy.rate.{kind}={rate}")
        return price[j] - paid[j], paid[j], share[j]

    amount, paid, share = at(0.2)
    low, high = at(0.2 - STEP), at(0.2 + STEP)
    marginal = (high[0] * high[2] - low[0] * low[2]) / (high[2] - low[2])
    assert marginal == pytest.approx(amount + paid / (ALPHA * (1 - share)), rel=CLOSE)
    # On average from no coupon on: K s(K) / (s(K) - s(0)), more than the coupon itself.
    _, price, before = at(0.0)
    odds = before / (1 - before) * np.exp(-ALPHA * np.log(paid / price))
    with_coupon = odds / (1 + odds)
    average = amount * share / (share - before)
    assert average == pytest.approx(amount * with_coupon / (with_coupon - before), rel=1e-5)
    assert amount < average < marginal


def test_the_shares_are_the_logit_of_what_is_paid():
    """P(j) = exp V_j / (exp V_0 + sum exp V_l), five unequal goods; Train 2009, eq. 3.6."""
    for curvature in (0, 1):
        _, paid, share = showcase(*logit(curvature, ALPHA, OUTSIDE), *TENTH)
        weights = np.exp(-ALPHA * box_cox(paid / ELSEWHERE_FEN, curvature))
        assert np.allclose(
            share, weights / (np.exp(OUTSIDE) + weights.sum()), rtol=0, atol=ROUNDING
        )
