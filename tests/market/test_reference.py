"""The tuned kernels against the plain ones, to the bit: looks, choices and every sum."""

import numpy as np
import pytest

from engine.accounts import Count
from engine.jit import seal
from engine.market.reference.sessions import decide_plainly, withdraw_plainly
from engine.market.sessions.context import LOST
from engine.market.sessions.decide import decide, withdraw
from engine.market.totals import N_BUCKETS, SlotTotals
from tests.closed_forms.worlds import run_days
from tests.worlds import case

BUYERS = 6_000
RICH = "policy=all_levers"
AWAY = "scenario.calendar.absences=[{rank: 0, leaves: 2020-01-05}, {rank: 3, leaves: 2020-01-02}]"
LINEAR = "scenario.choice.price_curvature=0.5"
NOBODY = "scenario.anchors.live_probability=[0,0.02]"
"""With hardly anybody live the feed is often closed."""


def slot_of(asked, days: int):
    """(market, context) of the first slot after `days` days."""
    market = run_days(asked)
    market.state.day = days - 1
    return market, market.open_slot()


def held(decider, market, context):
    """(looks, their number, tally) of a slot decided by `decider`."""
    anchors, places = market.streams.good.shape
    totals = SlotTotals.new(anchors, places, market.world.suppliers.kind.size, 5)
    looks = np.zeros_like(np.concatenate(market.scratch.looks))
    sealed = market.scratch.sealed
    n = decider(
        0,
        BUYERS,
        sealed.buyers,
        sealed.market,
        market.scratch.seal(context),
        seal(totals),
        looks,
        sealed.batches[0],
    )
    return looks, n, totals


def assert_same(one, other) -> None:
    """Looks and tallies agree in every bit."""
    looks, n, totals = one
    other_looks, other_n, other_tally = other
    assert n == other_n
    assert np.array_equal(looks[:n], other_looks[:n])
    for name, column in totals._asdict().items():
        assert np.array_equal(column, getattr(other_tally, name)), name


EVERYBODY = ("scenario.buyers.visits_per_day=1000", "scenario.calendar.slot_share=[0.04,0.96]")
"""Who is there opens as many sessions as a slot allows: one in the first."""


@pytest.fixture(
    scope="module",
    params=[
        (RICH,),
        (RICH, AWAY),
        (RICH, LINEAR, AWAY),
        (RICH, NOBODY),
        (RICH, *EVERYBODY),
        ("policy=laissez_faire",),
    ],
    ids=["rich", "away", "linear", "closed", "crowded", "plain"],
)
def slot(request):
    days = 12
    overrides = (*request.param, f"scale.buyers_count={BUYERS}", "scale.showcase_count=5")
    return slot_of(case(*overrides, days=days), days)


def test_the_strips_decide_as_the_plain_loop(slot):
    market, context = slot
    tuned, plain = held(decide, market, context), held(decide_plainly, market, context)
    assert_same(tuned, plain)
    assert tuned[1] > 200
    assert (tuned[0]["choice"][: tuned[1]] < LOST).any()


@pytest.mark.parametrize("cut", [0, N_BUCKETS // 2, N_BUCKETS])
@pytest.mark.parametrize("partner_only", [True, False])
def test_coupons_are_withdrawn_as_by_the_plain_loop(slot, cut, partner_only):
    market, context = slot
    results = []
    for decider, withdrawer in ((decide, withdraw), (decide_plainly, withdraw_plainly)):
        looks, n, totals = held(decider, market, context)
        sealed = market.scratch.sealed
        withdrawer(
            cut,
            partner_only,
            sealed.buyers,
            sealed.market,
            market.scratch.seal(context),
            seal(totals),
            looks,
            n,
            sealed.batches[0],
        )
        results.append((looks, n, totals))
    assert_same(*results)


def test_a_coupon_taken_away_and_one_never_held_are_the_same(slot):
    """After all coupons are withdrawn nothing is left of them in any sum."""
    market, context = slot
    looks, n, totals = held(decide, market, context)
    sealed = market.scratch.sealed
    where = sealed.buyers, sealed.market, market.scratch.seal(context)
    withdraw(0, False, *where, seal(totals), looks, n, sealed.batches[0])
    never = held(decide, market, context._replace(coupon_reach=np.int64(0)))
    totals.counts[Count.REFUSED_COUPONS] = 0
    assert_same((looks, n, totals), never)
