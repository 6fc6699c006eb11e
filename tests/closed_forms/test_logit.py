"""Logit and nested-logit shares of the session kernel against the closed form.

P(j) = exp V_j / (exp V_0 + sum_l exp V_l); Train 2009, eq. 3.6. In a nest of dissimilarity l,
P(j) = exp(V_j / l) / S * S^l / (exp V_0 + S^l), S = sum_k exp(V_k / l); eq. 4.2. The world is made
by configuration alone: gate 1, buyers alike, prices the only taste.
"""

import numpy as np
import pytest

from engine.market.sessions.context import OUTSIDE
from engine.units import EXPECTED_ONE
from tests.closed_forms.worlds import box_cox, hold_slot, open_market
from tests.worlds import PLAIN, case

WORLDS = {
    "ln price": ("scenario.choice.price_curvature=0", "scenario.choice.outside=1.5"),
    "linear price": ("scenario.choice.price_curvature=1", "scenario.choice.outside=1.5"),
    "nested": (
        "scenario.choice.price_curvature=0",
        "scenario.choice.outside=1.5",
        "scenario.choice.nest=0.4",
    ),
    "under coupons": (
        "scenario.choice.price_curvature=0",
        "scenario.choice.outside=1.5",
        "policy.subsidy.budget_bn_rmb=1000",
        "policy.subsidy.rate={source:0.2,platform_brand:0.1,domestic:0.3,multinational:0,partner:0}",
        "policy.subsidy.new_buyer_rate=0.1",
        "policy.subsidy.cap_rmb=10000",
    ),
}
WORLDS["nested, under coupons"] = (*WORLDS["under coupons"], "scenario.choice.nest=0.7")


@pytest.fixture(params=WORLDS, ids=list(WORLDS), scope="module")
def slot(request):
    """One slot of a plain market: the market, its moment, its looks."""
    asked = case(
        *PLAIN,
        *WORLDS[request.param],
        "scale.buyers_count=200000",
        "scale.anchors_count=20",
        days=1,
    )
    market = open_market(asked)
    return market, hold_slot(market)


def closed_form(market, anchor: int, coupon: int) -> np.ndarray:
    """Shares of the outside option and of each good shown."""
    choice = market.world.scenario.choice
    n = market.streams.shown[anchor]
    paid = market.streams.paid[coupon, anchor, :n]
    ratio = paid / market.world.goods.elsewhere[market.streams.good[anchor, :n]]
    disutility = box_cox(ratio, choice.price_curvature)
    lost = market.world.scenario.suppliers.external_friction * market.streams.links_out[anchor, :n]
    utility = -lost - choice.price * disutility
    weights = np.exp(utility.astype(float) / choice.nest)
    inside = weights.sum() ** choice.nest
    bought = inside / (np.exp(choice.outside) + inside)
    return np.concatenate([[1 - bought], bought * weights / weights.sum()])


def test_realised_shares_lie_within_four_standard_errors(slot):
    market, looks = slot
    compared = 0
    for anchor, coupon in set(zip(looks["anchor"].tolist(), looks["coupon"].tolist(), strict=True)):
        here = looks[(looks["anchor"] == anchor) & (looks["coupon"] == coupon)]
        expected = closed_form(market, anchor, coupon)
        if here.size < 400:
            continue
        chosen = np.where(here["choice"] == OUTSIDE, 0, here["choice"] + 1)
        shares = np.bincount(chosen, minlength=expected.size) / here.size
        errors = np.sqrt(expected * (1 - expected) / here.size)
        assert np.all(np.abs(shares - expected) <= 4 * errors), (anchor, coupon)
        compared += 1
    assert compared >= 10  # or the test says little


def test_expected_sales_are_the_closed_form(slot):
    market, looks = slot
    expected = np.zeros(market.scratch.slot_totals[0].expected.shape)
    for anchor, coupon in zip(looks["anchor"], looks["coupon"], strict=True):
        shares = closed_form(market, anchor, coupon)[1:]
        expected[anchor, : shares.size] += np.where(
            market.streams.links_out[anchor, : shares.size], 0.0, shares
        )
    seen = market.scratch.slot_totals[0].expected / EXPECTED_ONE
    assert expected.sum() > 1000
    # float32 weights, and half a unit of fixed point a look
    assert np.allclose(seen, expected, rtol=5e-6, atol=1e-3)


def test_every_session_is_a_look_in_a_plain_world(slot):
    market, looks = slot
    counts = market.scratch.slot_totals[0].counts
    assert counts[2] == looks.size == counts[0] - counts[1]
