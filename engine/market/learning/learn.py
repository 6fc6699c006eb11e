"""Step 8, learning of everyone but the buyers: anchors, sellers, platform, rival.

Buyers learn when their order settles. Signals and beliefs use expected sales, which carry
several times less noise than realised ones.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.accounts import EXPECTED_PAID, Account, Count
from engine.jit import kernel, stage
from engine.market.learning.signals import SIGNAL_DAYS, learn_anchors
from engine.market.ledger.recorder import DayOutcome
from engine.market.pacing.controls import own_rate
from engine.market.plan import DayLevers
from engine.market.scratch import Scratch
from engine.market.showcase.selection import DAYS_A_WEEK
from engine.market.state import PlatformState, State
from engine.market.totals import N_BUCKETS, aggregate_sales
from engine.market.world import World
from engine.population.anchors import strength_of_rank
from engine.population.strata import mean_ranks
from engine.rules.adoption import updated_belief
from engine.rules.ads import left_after_ads
from engine.rules.brand import grown_awareness
from engine.rules.investment import cheapened
from engine.rules.rival import smoothed
from engine.units import IS_INCUBATED, LEARNS_FROM_TRIALS, N_KINDS

FIRST_DAYS = 28
"""Days before beliefs move; also those over which the share of returns is smoothed."""
FORECAST_DAYS = 7.0
SHARE_SPEED = 0.1


def aggregate_day(world: World, scratch: Scratch, levers: DayLevers) -> None:
    """Add what the day sold up into `scratch.day_totals`."""
    sealed = scratch.sealed
    aggregate_sales(
        sealed.shop,
        sealed.goods,
        sealed.sold,
        world.take_bp,
        cheapened(1.0, world.supply.cost_cut, levers.built),
        world.anchors.guests_from,
        sealed.day_totals,
    )


def learn_day(world: World, state: State, scratch: Scratch, outcome: DayOutcome) -> None:
    """Everything that is learned at the end of a day."""
    levers, sealed = outcome.levers, scratch.sealed
    _learn_sales(
        sealed.suppliers,
        sealed.sellers,
        sealed.goods,
        sealed.history,
        world.anchors.stands_for,
        world.anchors.guests_from,
        sealed.sold,
        sealed.day_totals,
        sealed.airtime,
        float(world.scenario.anchors.signal_days),
        _brand_terms(world, state, levers),
        float(world.weight),
    )
    if levers.day % DAYS_A_WEEK == DAYS_A_WEEK - 1:
        _rank_anchors(world, state)
    _learn_ads(state, scratch)
    _learn_suppliers(world, state, scratch, outcome)
    _learn_platform(world, state, scratch, outcome)
    sums = scratch.day_totals.accounts.tolist()
    _learn_rival(world, state, sums)
    _learn_returns(state.platform, sums)


class _BrandTerms(NamedTuple):
    """How the platform's own brands become known (M2): `kept` is the share not returned.

    `per_thousand` makes units sold those per 1,000 people and percent of suppliers, however
    many of both are simulated.
    """

    gain: float
    support: float
    kept: float
    per_thousand: float


def _brand_terms(world: World, state: State, levers: DayLevers) -> _BrandTerms:
    """The terms of one day."""
    scale = world.scale
    return _BrandTerms(
        gain=world.supply.awareness_gain,
        support=levers.platform_brand_support,
        kept=1.0 - max(state.platform.return_share, 0.0),
        per_thousand=1000.0 / scale.buyers_count * scale.suppliers_count / 100.0,
    )


@kernel
def _learn_sales(
    suppliers,
    sellers,
    goods,
    history,
    stands_for,
    regular,
    totals,
    day_totals,
    airtime,
    signal_days,
    brands,
    weight,
):
    """What goods and anchors learn from the day's sales; a row's anchors share what it had.

    `stands_for` (float64) by row, of which `regular` are no guests.
    """
    _learn_shares(sellers.share, day_totals.good_sales, day_totals.good_looks, SHARE_SPEED)
    _learn_shares(sellers.within, day_totals.good_sales, day_totals.showcase_sales, SHARE_SPEED)
    learn_anchors(history, totals, day_totals, airtime, signal_days, stands_for, regular)
    for m in range(stands_for.size):
        history.fans[m] += totals.follows[m] * weight / stands_for[m]
    _grow(suppliers, sellers.awareness, goods.first_good, day_totals.good_sales, brands)


@stage
def _learn_shares(share, good_sales, total, speed):
    """Each good's share of a total, smoothed; where there is none it keeps its own."""
    for g in range(good_sales.size):
        if total[g] > 0.0:
            seen = good_sales[g] / total[g]
            share[g] += speed * (seen - share[g])


@stage
def _grow(suppliers, awareness, first_good, good_sales, terms):
    """The platform's own brands become known by what they sell and is kept (M2)."""
    for s in range(suppliers.guests_from):
        if IS_INCUBATED[suppliers.kind[s]]:
            units = 0.0
            for g in range(first_good[s], first_good[s + 1]):
                units += good_sales[g]
            kept = units * terms.kept * terms.per_thousand
            awareness[s] = grown_awareness(awareness[s], terms.gain, terms.support, kept)


def _rank_anchors(world: World, state: State) -> None:
    """Who sells more bargains harder: heads grow and fade (M6)."""
    regular = world.anchors.guests_from
    signal, stands_for = state.anchors.signal[:regular], world.anchors.stands_for[:regular]
    order, rank = np.argsort(-signal, kind="stable"), np.empty(regular)
    rank[order] = mean_ranks(stands_for[order])
    state.anchors.strength[:regular] = strength_of_rank(rank, stands_for.sum())


def _learn_ads(state: State, scratch: Scratch) -> None:
    """What ads take of the sellers' GMV and of their margin (M19), smoothed."""
    platform, day_totals = state.platform, scratch.day_totals
    ads = float(scratch.sold.counts[Count.ADS_FEN])
    gmv, margin = float(day_totals.anchor_gmv.sum()), float(day_totals.anchor_margin.sum())
    if gmv > 0.0:
        platform.ads_share = smoothed(platform.ads_share, ads / gmv, SIGNAL_DAYS)
    if margin > 0.0:
        platform.ads_of_margin = smoothed(platform.ads_of_margin, ads / margin, SIGNAL_DAYS)


def _learn_suppliers(world: World, state: State, scratch: Scratch, outcome: DayOutcome) -> None:
    """Beliefs by kind: sales per joined supplier of late against what its kind expected (M15)."""
    kept = left_after_ads(state.platform.ads_of_margin, world.supply.ad_burden)
    _update_beliefs(
        state.sellers.belief,
        state.platform.kind_sales,
        scratch.day_totals.kind_gmv,
        scratch.kind_counts.joined,
        world.expected_sales,
        kept,
        outcome.controls.demand,
        world.scenario.suppliers.belief_speed,
        outcome.levers.day > FIRST_DAYS,
    )


@kernel
def _update_beliefs(
    belief, kind_sales, kind_gmv, joined, expected, kept, season, speed, is_settled
):
    """Smooth the sales per supplier on a plain day; once `is_settled`, beliefs follow them.

    `kept` is the share that ads leave.
    """
    for kind in range(N_KINDS):
        per_supplier = kind_gmv[kind] / max(joined[kind], 1) / season
        kind_sales[kind] += (per_supplier - kind_sales[kind]) / SIGNAL_DAYS
        if is_settled and joined[kind] > 0:
            ratio = kind_sales[kind] / expected[kind] * kept
            belief[kind] = updated_belief(belief[kind], ratio, speed)


def _learn_trials(world: World, state: State, gmv: NDArray[np.float64]) -> None:
    """A trial stream that beats its forecast lifts the belief of every brand (M15)."""
    trials = world.scenario.calendar.trial_streams
    speed = world.scenario.suppliers.trial_weight
    for number, trial in enumerate(trials):
        sold = gmv[world.anchors.guests_from + number] * world.weight / 100.0
        if sold > 0.0:
            for kind in np.flatnonzero(LEARNS_FROM_TRIALS):
                beliefs = state.sellers.belief
                beliefs[kind] = updated_belief(
                    beliefs[kind], beliefs[kind] * sold / trial.forecast_rmb, speed
                )


def _learn_platform(world: World, state: State, scratch: Scratch, outcome: DayOutcome) -> None:
    """GMV so far, forecast of a plain day, what coupons cost against the forecast."""
    levers, controls, _ = outcome
    totals, day_totals = scratch.sold, scratch.day_totals
    accounts = state.platform
    accounts.year_paid_fen += int(day_totals.accounts[Account.PAID]) * world.weight
    expected = float(day_totals.sums[EXPECTED_PAID])
    plain = expected / controls.demand
    full = controls.reach / N_BUCKETS * own_rate(state, levers) * controls.boost * expected
    if full > 0.0:
        # What was claimed, not what was paid: rationing must not look like thrift.
        seen = float(totals.counts[Count.CLAIMED_FEN]) / full
        accounts.uptake += (min(max(seen, 1e-4), 5.0) - accounts.uptake) / FORECAST_DAYS
    days = FORECAST_DAYS if accounts.forecast_seen else 1.0
    accounts.forecast += (plain - accounts.forecast) / days
    accounts.forecast_seen = True
    _learn_kinds(accounts.kind_share, day_totals.kind_gmv)
    _learn_trials(world, state, day_totals.anchor_gmv)


@kernel
def _learn_kinds(kind_share, kind_gmv):
    """What kinds are bought, smoothed."""
    total = np.sum(kind_gmv)
    for kind in range(kind_gmv.size):
        if total > 0.0:
            kind_share[kind] += (kind_gmv[kind] / total - kind_share[kind]) / FORECAST_DAYS


def _learn_rival(world: World, state: State, sums: list[int]) -> None:
    """The rival watches our coupons per GMV (M22); `sums` by account."""
    if sums[Account.GMV] > 0:
        coupons = sums[Account.OWN_COUPON] + sums[Account.PARTNER_COUPON]
        days = world.scenario.rival.reaction_days
        intensity = coupons / sums[Account.GMV]
        state.platform.intensity = smoothed(state.platform.intensity, intensity, days)


def _learn_returns(platform: PlatformState, sums: list[int]) -> None:
    """What share of the orders comes back, smoothed."""
    if sums[Account.ORDERS] > 0:
        share = sums[Account.RETURNED] / sums[Account.ORDERS]
        before = platform.return_share
        platform.return_share = share if before < 0.0 else smoothed(before, share, FIRST_DAYS)
