"""Same seed, same bits: whatever the threads; and what must not depend on what."""

import os

import numpy as np
import pytest

from engine.market import scratch
from engine.market.run import simulate
from engine.market.settlement import ration
from tests.closed_forms.worlds import open_market
from tests.worlds import case, with_run_seed

BINDING = (
    # Coupons and stock run out, so that rationing crosses blocks and threads too.
    "policy.subsidy.budget_bn_rmb=2",
    "policy.subsidy.rate.source=0.4",
    "scenario.suppliers.source.capacity_units=100000",
    "scale.buyers_count=20000",
)


def same(one, other) -> bool:
    """Whether two years agree in every bit but the wall time."""
    runs = [{k: v for k, v in year.run.items() if k != "wall_s"} for year in (one, other)]
    return runs[0] == runs[1] and all(
        np.array_equal(getattr(one, group)[name], getattr(other, group)[name])
        for group in ("daily", "monthly", "segments", "anchors")
        for name in getattr(one, group)
    )


@pytest.fixture(scope="module")
def alone():
    return simulate(case(*BINDING, days=20))


@pytest.mark.parametrize("count", [2, 4])
def test_threads_and_blocks_change_no_bit(alone, count, monkeypatch):
    monkeypatch.setattr(scratch, "_SMALLEST", 3_000)
    monkeypatch.setattr(scratch, "_LARGEST", 3_000)
    assert scratch._bounds(case(*BINDING).scale.buyers_count, count).size == 1 + 7
    assert alone.run["stock_outs_count"] > 0
    assert alone.run["refused_coupons_count"] > 0
    assert same(alone, simulate(case(*BINDING, days=20, threads=count)))


GUESTS = ", ".join(
    f"{{name: {name}, traffic_share: {share}, day: 2020-01-05, kind: domestic,"
    " category: appliances, price_rmb: 900, cost_share: 0.4, attention: 4, forecast_rmb: 1e6}"
    for name, share in (("one", 0.3), ("other", 0.1))
)
YEARS = {
    "coupons and stock run out": (BINDING, 20),
    "both purses and the stock run out": (
        (
            *BINDING,
            "scale.buyers_count=4000",
            "scenario.suppliers.partner_date=2020-01-02",
            "scenario.suppliers.partner.joined_share=0.9",
            "policy.subsidy.partner_share=0.5",
            "policy.subsidy.partner_budget_bn_rmb=0.1",
            "policy.subsidy.rate.partner=0.4",
        ),
        40,
    ),
    "anchors begin, leave and come back, and a guest streams": ((), 366),
    "every lever acts": (("policy=all_levers",), 60),
    "one slot a day": (("scenario.calendar.slot_share=[1.0]",), 20),
    "three slots, and two guests on a day": (
        (
            "scenario.calendar.slot_share=[0.2,0.5,0.3]",
            f"scenario.calendar.trial_streams=[{GUESTS}]",
        ),
        10,
    ),
}


@pytest.mark.parametrize("name", YEARS)
def test_fused_steps_are_the_steps(name, monkeypatch):
    monkeypatch.setattr(scratch, "_SMALLEST", 300)
    monkeypatch.setattr(scratch, "_LARGEST", 700)
    overrides, days = YEARS[name]
    markets = [open_market(case(*overrides, days=days)) for _ in range(2)]
    markets[1].scratch.is_fused = False
    for _ in range(days):
        for market in markets:
            market.run_day()
        assert markets[0].state.shared_digest() == markets[1].state.shared_digest()
    assert markets[0].state.digest() == markets[1].state.digest()


def test_the_years_of_fused_steps_meet_what_is_rare(monkeypatch):
    withdrawn = set()
    withdraw = ration.withdraw_coupons

    def noted(room, cut, *, partner_only):
        withdrawn.add(partner_only)
        withdraw(room, cut, partner_only=partner_only)

    monkeypatch.setattr(ration, "withdraw_coupons", noted)
    overrides, days = YEARS["both purses and the stock run out"]
    market = open_market(case(*overrides, days=days))
    market.scratch.is_fused = False
    for _ in range(days):
        market.run_day()
    assert withdrawn == {True, False}
    assert market.daily["stock_outs_count"].sum() > 0
    world = open_market(case()).world
    assert world.trial_days
    assert world.absences
    assert (world.anchors.arrives > 0).any()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shards", [1, "auto"])
def test_a_case_knows_whether_its_steps_are_fused(shards, threads):
    asked = case(f"scale.shards={shards}", threads=threads)
    market = open_market(asked)
    assert market.scratch.is_fused == asked.is_fused == (threads == 1)


def test_rooms_for_looks_reserve_no_memory():
    """They are several times as large as the buyers; what is not written to costs nothing."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    room = scratch._room_for_looks(2 * pages // scratch.LOOK.itemsize)
    room[-1]["buyer"] = 1
    assert room[0]["buyer"] == 0


def test_the_same_case_twice_gives_the_same_bits(alone):
    assert same(alone, simulate(case(*BINDING, days=20)))


def test_another_run_seed_gives_other_sales_of_the_same_world(alone):
    other = simulate(with_run_seed(case(*BINDING, days=20), 2))
    assert other.run["gmv_fen"] != alone.run["gmv_fen"]
    assert np.array_equal(other.anchors["family"], alone.anchors["family"])
    assert np.array_equal(other.anchors["category"], alone.anchors["category"])


def test_a_lever_dated_to_a_day_leaves_the_days_before_as_they_were(alone):
    later = "policy.traffic.public_share={2020-01-01:0.3,2020-01-11:0.8}"
    other = simulate(case(*BINDING, later, days=20))
    before, after = slice(0, 10), slice(10, 20)
    for name, column in alone.daily.items():
        assert np.array_equal(column[before], other.daily[name][before]), name
    assert not np.array_equal(alone.daily["gmv_fen"][after], other.daily["gmv_fen"][after])


def test_common_random_numbers_make_a_small_step_of_a_lever_visible():
    """A paired difference has much less variance than an unpaired one."""
    base = ("scale=laptop", "policy.subsidy.budget_bn_rmb=4")
    more = ("scale=laptop", "policy.subsidy.budget_bn_rmb=20", "policy.subsidy.rate.source=0.1")
    pairs = [
        [
            simulate(case(*levers, days=60, run_seed=run_seed)).run["gmv_paid_fen"]
            for run_seed in range(6)
        ]
        for levers in (base, more)
    ]
    a, b = np.array(pairs, float)
    assert (b - a).mean() > 0
    assert np.var(b - a, ddof=1) < 0.5 * (np.var(a, ddof=1) + np.var(b, ddof=1))
