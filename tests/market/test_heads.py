"""The largest anchors are the same at every scale, and the others a weighted sample of the market.

The market is larger than any scale here has rows, unless a test says otherwise.
"""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

from engine.market.calendar.events import turn_calendar
from engine.market.run import simulate
from engine.market.streams import GONE, LIVE
from engine.market.world import World, open_world
from engine.measures.catalogue import MEASURES
from engine.population.anchors import HEAD, TAIL, WAIST, singles
from tests.closed_forms.worlds import (
    ALIKE,
    FIXED_PRICES,
    hold_slot,
    logit,
    near,
    only,
    open_market,
    size,
)
from tests.worlds import case

MARKET = 5000
SCALES = ("smoke", "laptop", "everybody")


@cache
def world(scale: str, *overrides: str) -> World:
    """The world of 2020 with a large market, at a scale or with a row for each anchor."""
    more = (f"scale.anchors_count={MARKET}",) if scale == "everybody" else (f"scale={scale}",)
    asked = case(f"scenario.anchors.market_count={MARKET}", *more, *overrides)
    return open_world(asked.scenario, asked.scale, 3)


@pytest.mark.parametrize("scale", SCALES[:2])
def test_the_largest_anchors_are_drawn_alike(scale: str) -> None:
    small, all_of_them = world(scale).anchors, world("everybody").anchors
    count = min(300, world(scale).scale.anchors_count // 2)
    assert count <= singles(small.stands_for) < small.guests_from
    for name in ("fans", "engaged", "arrives", "tier", "category", "charisma", "live_base"):
        assert np.array_equal(getattr(small, name)[:count], getattr(all_of_them, name)[:count])
    assert np.array_equal(small.family[:count], all_of_them.family[:count])
    assert np.array_equal(small.members, all_of_them.members)
    assert small.members.shape == (6, 8)
    assert np.array_equal(small.is_brand[:count], all_of_them.is_brand[:count])


@pytest.mark.parametrize("scale", ["laptop", "everybody"])
def test_they_own_suppliers_of_the_same_kinds(scale: str) -> None:
    def kinds(one: World) -> list[int]:
        own = one.anchors.own_supplier[:100]
        return [int(one.suppliers.kind[s]) if s >= 0 else -1 for s in own]

    alike = np.array(kinds(world("smoke"))) == kinds(world(scale))
    assert alike.mean() > 0.97  # a supplier's share of all ends where another kind begins


@pytest.mark.parametrize("scale", SCALES[:2])
def test_rows_make_up_the_market(scale: str) -> None:
    """As many anchors, fans, engaged fans, heads and newcomers as if each had a row."""
    few, many = world(scale).anchors, world("everybody").anchors
    own, everybody = few.stands_for, many.stands_for
    assert np.all(everybody == 1)
    assert own[: few.guests_from].sum() == many.guests_from == MARKET
    assert np.all(own[few.guests_from :] == 1)
    for name in ("fans", "engaged"):
        whole = getattr(many, name).sum()
        assert (getattr(few, name) * own).sum() == pytest.approx(whole, rel=1e-12)
    for tier in (HEAD, WAIST, TAIL):
        assert own[few.tier == tier].sum() == everybody[many.tier == tier].sum()
    assert own[few.arrives > 0].sum() == everybody[many.arrives > 0].sum()


def test_a_market_of_as_many_anchors_as_rows_is_one_of_single_anchors() -> None:
    """However few the market is said to have, no row stands for less than one."""
    asked = [case(f"scenario.anchors.market_count={count}", days=20) for count in (1, 200)]
    alone, as_many = (simulate(one) for one in asked)
    assert np.all(alone.anchors["stands_for_count"] == 1)
    for group in ("daily", "monthly", "anchors"):
        for name, column in getattr(alone, group).items():
            assert np.array_equal(column, getattr(as_many, group)[name])


def test_only_a_single_anchor_can_leave() -> None:
    gone = "scenario.calendar.absences=[{{rank:{},leaves:2020-01-01}}]"
    for rank, leaves in ((99, True), (100, False)):
        asked = case(f"scenario.anchors.market_count={MARKET}", gone.format(rank), days=1)
        market = open_market(asked)
        turn_calendar(market.world, market.state, market.streams.presence, 0)
        assert (market.streams.presence[rank] == GONE) == leaves


# A row of several anchors moves as they would if each had a row.

ROWS = 12
SMALL = (
    *ALIKE,
    *FIXED_PRICES,
    *only("source"),
    *logit(0, 3.0, 0.5),
    *size(50_000, anchors=ROWS),
    "scenario.anchors.market_count=60",
)


@pytest.mark.parametrize("r", [0.6, 1])
def test_a_row_has_the_feed_of_all_its_anchors(r: float) -> None:
    """w_i = n_i ((s_i / mean s)^r + floor), the mean over all anchors."""
    market = open_market(case(*SMALL, f"policy.traffic.exponent={r}", "policy.traffic.floor=0.2"))
    many = market.world.anchors.stands_for
    assert many.max() > 5
    market.state.anchors.signal[:] = signal = np.geomspace(1.0, 300.0, ROWS)
    hold_slot(market)
    live = market.streams.presence == LIVE
    weights = many * ((signal / np.average(signal, weights=many)) ** r + 0.2) * live
    seen = market.scratch.airtime.weights
    assert np.allclose(seen / seen.sum(), weights / weights.sum(), rtol=1e-6, atol=0)


def test_streams_are_as_crowded_as_those_of_single_anchors() -> None:
    """Attention is (2 / (1 + audience / mean))^psi, the mean over all anchors."""
    market = open_market(case(*SMALL, "scenario.attention.crowding=0.5", days=1))
    market.state.anchors.audience[:] = audience = np.arange(1.0, ROWS + 1)
    market.open_slot()
    mean = np.average(audience, weights=market.world.anchors.stands_for)
    assert np.allclose(market.streams.attention, (2 / (1 + audience / mean)) ** 0.5, rtol=1e-5)


def test_the_sellers_of_every_stream_bid() -> None:
    """Feed = (1 - load) w / sum w + load n b / sum n b; price = load sum n b^2 / sum n b."""
    asked = case(*SMALL, "policy.traffic.ad_load=0.4", "scenario.platform.ad_bid_share=0.5")
    market = open_market(asked)
    many = market.world.anchors.stands_for
    market.state.anchors.margin[:] = margin = np.linspace(100.0, 1200.0, ROWS)
    market.state.anchors.signal[:] = 1.0
    market.open_slot()
    live = (market.streams.presence == LIVE) & (market.streams.shown > 0)
    bids, earned = 0.5 * margin * live, many * live
    mixed = 0.6 * earned / earned.sum() + 0.4 * many * bids / (many * bids).sum()
    assert np.allclose(market.scratch.airtime.weights, mixed, rtol=1e-6)
    price = 0.4 * (many * bids**2).sum() / (many * bids).sum()
    assert market.scratch.feed.ad_price[0] == pytest.approx(price, rel=1e-6)


def test_an_anchor_learns_its_part_of_what_its_row_had() -> None:
    market = open_market(case(*SMALL, days=3))
    many, state = market.world.anchors.stands_for, market.state.anchors
    market.run_day()
    before = {name: column.copy() for name, column in state._asdict().items()}
    market.run_day()
    sold, had = market.scratch.day_totals, market.scratch.sold
    for name, amount in (("signal", sold.anchor_gmv), ("audience", had.visits)):
        expected = before[name] + (amount / many - before[name]) / 14
        assert np.allclose(getattr(state, name), expected, rtol=1e-12)
    gained = state.fans - before["fans"]
    assert np.allclose(gained * many, had.follows * market.world.weight)


def test_newcomers_begin_with_a_share_of_the_mean_anchors_signal() -> None:
    overrides = ("scenario.anchors.newcomers_share=0.4", "scenario.anchors.newcomer_signal=0.3")
    market = open_market(case(*SMALL, *overrides, days=1))
    anchors, signal = market.world.anchors, market.state.anchors.signal
    old, new = anchors.arrives == 0, anchors.arrives.max()
    signal[old] = np.geomspace(300.0, 1.0, old.sum())
    later = (anchors.arrives > 0) & (anchors.arrives < new)
    signal[later] = 7.0
    begun = old | later
    turn_calendar(market.world, market.state, market.streams.presence, int(new))
    mean = np.average(signal[begun], weights=anchors.stands_for[begun])
    assert np.allclose(signal[anchors.arrives == new], 0.3 * mean, rtol=1e-12)


def test_who_sells_more_than_so_many_anchors_ranks_behind_them() -> None:
    """Strength falls with the rank among all anchors: 1 - ln(1 + rank) / ln(1 + anchors)."""
    market = open_market(case(*SMALL, days=7))
    for _ in range(7):
        market.run_day()
    many, signal = market.world.anchors.stands_for, market.state.anchors.signal
    ahead = np.array([many[signal > own].sum() for own in signal])
    expected = 1 - np.log1p(ahead + (many - 1) / 2) / np.log1p(many.sum())
    assert np.allclose(market.state.anchors.strength, expected, atol=1e-12)


def test_followers_spread_over_all_anchors_of_a_row() -> None:
    """Follows fall to rows by the engaged fans of all their anchors: shares within 4 SE."""
    asked = case(*SMALL, "scenario.buyers.follows_count=1", "scenario.anchors.fans_log_sd=1")
    market = open_market(asked)
    anchors = market.world.anchors
    followed = np.bincount(market.state.buyers.person["anchors"][:, 0], minlength=ROWS)
    expected = anchors.engaged * anchors.stands_for
    expected /= expected.sum()
    errors = np.sqrt(expected * (1 - expected) / followed.sum())
    near(followed / followed.sum(), expected, errors)


def test_two_follows_of_a_row_are_mostly_of_two_anchors() -> None:
    """Follows left empty are those of one anchor twice: pairs of draws meet in 1 of 60."""
    asked = case(*SMALL, "scenario.buyers.follows_count=2")
    affinities = open_market(asked).state.buyers.person["affinities"][:, :2] & 4095
    twice = (affinities == 0).any(axis=1)
    near(twice.mean(), 1 / 60, np.sqrt(1 / 60 / twice.size))


def test_figures_of_a_day_count_the_markets_anchors() -> None:
    market = open_market(case(*SMALL, "scenario.anchors.live_probability=[0.5,0.5]", days=4))
    many, tier = market.world.anchors.stands_for, market.world.anchors.tier
    for day in range(4):
        market.run_day()
        found = {name: column[day] for name, column in market.daily.items()}
        live = market.scratch.airtime.streamed
        assert found["live_anchors_count"] == many[live].sum()
        assert found["tail_anchors_count"] == many[tier == TAIL].sum()


def test_commission_of_small_anchors() -> None:
    """On all goods 10 % of the price, and nobody bargains: 10 % of the tail's GMV."""
    words = (
        "scenario.suppliers.source.commission_share=0.1",
        "scenario.platform.pool_count=500000",
    )
    year = simulate(case(*SMALL, *words, days=10))
    assert year.run["tail_gmv_fen"] > 0
    commission = 0.1 * year.run["tail_gmv_fen"]
    assert year.run["tail_commission_fen"] == pytest.approx(commission, rel=1e-4)
    income = 365 * commission / 10 / year.daily["tail_anchors_count"][0]
    assert year.run["small_anchor_income_fen"] == pytest.approx(income, rel=1e-4)


def test_new_heads_are_anchors_and_not_rows() -> None:
    """First the 10 of one row and 10 of the 15 of another, then 20 of the 30 of a third."""
    gmv = np.array([[20.0, 15.0, 3.0], [20.0, 0.0, 90.0]])
    months = SimpleNamespace(stands_for=np.array([10.0, 15.0, 30.0]), anchor_gmv=gmv)
    assert MEASURES["new_heads_count"].run(SimpleNamespace(months=months)) == 20


# May's top shares mean the same at every scale.

WORLDS, RUN_SEEDS = (1, 2, 3, 4), (1, 2)
"""The ten largest of one year are a matter of chance: a standard deviation of 5 %."""


@cache
def top_shares_of_may(scale: str) -> np.ndarray:
    """Top-10 and top-100 share of expected sales, mean over worlds and seeds."""
    asked = [
        case(f"scale={scale}", "policy=h1_2020", f"world_seed={seed}", days=152, run_seed=run_seed)
        for seed in WORLDS
        for run_seed in RUN_SEEDS
    ]
    months = [simulate(one).monthly for one in asked]
    return np.mean([[m["top10_share"][4], m["top100_share"][4]] for m in months], axis=0)


@pytest.mark.slow
@pytest.mark.parametrize(("scale", "within"), [("smoke", 0.25), ("full", 0.10)])
def test_top_shares_mean_the_same_at_every_scale(scale: str, within: float) -> None:
    assert top_shares_of_may(scale) == pytest.approx(top_shares_of_may("laptop"), rel=within)
