"""Step 8, learning of everyone but the buyers: anchors, sellers, platform, rival.

Buyers learn when their order settles. Signals and beliefs use expected sales, which carry
several times less noise than realised ones. Anchors' are signals for the feed (M20), audiences,
commissions and margins.
"""

from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.accounts import EXPECTED_PAID, Account, Count
from engine.jit import kernel, stage, step
from engine.market.pacing.controls import DayControls, mean_coupons
from engine.market.plan import DayLevers
from engine.market.scratch import Scratch
from engine.market.showcase.selection import DAYS_A_WEEK
from engine.market.state import PlatformState, State
from engine.market.totals import N_BUCKETS, add_up, add_up_in_pairs, aggregate_sales
from engine.market.world import World
from engine.population.anchors import mean_ranks, strength_of_rank
from engine.rules.adoption import updated_belief
from engine.rules.ads import left_after_ads
from engine.rules.brand import grown_awareness
from engine.rules.investment import cheapened
from engine.rules.rival import smoothed
from engine.rules.traffic import signal_step
from engine.units import BP

_FIRST_DAYS = 28
"""Days before beliefs move; also those over which the share of returns is smoothed."""
_SIGNAL_DAYS = 14.0
"""Over which audiences, commissions, margins and sellers' sales are smoothed."""
_SLOW_SIGNAL_DAYS = 60.0
_FORECAST_DAYS = 7.0
_SHARE_SPEED = 0.1


def learn_day(state: State, scratch: Scratch, levers: DayLevers, controls: DayControls) -> None:
    """Add the day up into `scratch.day_totals`, and learn what every day teaches."""
    sealed = scratch.sealed.market, scratch.seal(levers)
    learned = learn(*sealed, *learning_input(state.platform, levers, controls))
    keep_learned(state.platform, learned)


def learning_input(
    platform: PlatformState, levers: DayLevers, controls: DayControls
) -> tuple[Any, ...]:
    """What `learn` needs to know beside the market and the levers."""
    return (
        (controls.demand, controls.boost, controls.reach / N_BUCKETS, controls.partner_reach),
        levers.day > _FIRST_DAYS,
        (platform.kind_share, platform.kind_price, platform.kind_sales),
        _Learned(*_known_of(platform)),
    )


def keep_learned(platform: PlatformState, learned: tuple[Any, ...]) -> None:
    """Note what `learn` has found of the platform."""
    vars(platform).update(zip(_Learned._fields, learned, strict=True))


def learn_rarely(world: World, state: State, scratch: Scratch) -> None:
    """After a day's learning: of its trial streams, and once a week who sells most."""
    _learn_trials(world, state, scratch.day_totals.anchor_gmv)
    if state.day % DAYS_A_WEEK == DAYS_A_WEEK - 1:
        _rank_anchors(world, state)


class _Learned(NamedTuple):
    """What of `state.PlatformState` is learned day by day."""

    ads_share: float
    ads_of_margin: float
    year_paid_fen: int
    uptake: float
    forecast: float
    forecast_seen: bool
    intensity: float
    return_share: float


_known_of = attrgetter(*_Learned._fields)


@kernel
def learn(market, levers, controls, is_settled, platform_by_kind, known):
    """Aggregate the day, let everybody learn from it; returns the fields of `_Learned`.

    `controls`: demand and boost of the day, the share of buyers who hold a coupon, and that of the
    coupons on the partner's goods that are given, float64; `is_settled`: whether beliefs move yet.
    By kind, float64: what `PlatformState` has of shares, prices (fen) and sales (sample fen).
    """
    sold, day_totals, supply, terms = market.sold, market.day_totals, market.supply, market.learning
    demand, boost, held, partner_reach = controls
    kind_share, kind_price, kind_sales = platform_by_kind
    aggregate_sales(market, cheapened(1.0, supply.cost_cut, levers.built))
    _learn_sales(market, levers.platform_brand_support, 1.0 - max(known.return_share, 0.0))
    ads_share, ads_of_margin = _learn_ads(known, sold.counts[_ADS], day_totals)
    _update_beliefs(
        market.sellers.belief,
        kind_sales,
        day_totals.kind_gmv,
        market.kind_counts.joined,
        terms.expected_sales,
        left_after_ads(ads_of_margin, supply.ad_burden),
        demand,
        terms.belief_speed,
        is_settled,
    )
    expected = np.float64(day_totals.sums[EXPECTED_PAID])
    alone, shared = mean_coupons(levers, boost, kind_share, kind_price, supply.is_co_funded)
    own_part = 1.0 - levers.partner_share_bp / BP
    full = held * (alone + partner_reach * shared * own_part) * expected
    claimed = np.float64(sold.counts[_CLAIMED])
    uptake = _learn_uptake(known.uptake, claimed, full)
    days = _FORECAST_DAYS if known.forecast_seen else 1.0
    forecast = known.forecast + (expected / demand - known.forecast) / days
    _learn_kinds(kind_share, kind_price, day_totals.kind_gmv, day_totals.kind_units)
    accounts = day_totals.accounts
    return (
        ads_share,
        ads_of_margin,
        known.year_paid_fen + accounts[_PAID] * terms.weight,
        uptake,
        forecast,
        True,
        _learn_rival(known.intensity, accounts, terms.reaction_days),
        _learn_returns(known.return_share, accounts),
    )


_PAID, _GMV, _ORDERS = int(Account.PAID), int(Account.GMV), int(Account.ORDERS)
_OWN, _PARTNER = int(Account.OWN_COUPON), int(Account.PARTNER_COUPON)
_RETURNED = int(Account.RETURNED)
_ADS, _CLAIMED = int(Count.ADS_FEN), int(Count.CLAIMED_FEN)


@step
def _learn_sales(market, support, kept):
    """What goods and anchors learn from the day's sales; a row's anchors share what it had.

    `support` of the platform's own brands, `kept` share of what is sold.
    """
    sellers, day_totals, terms = market.sellers, market.day_totals, market.learning
    history, stands_for = market.history, market.anchors.stands_for
    _learn_shares(sellers.share, day_totals.good_sales, day_totals.good_looks, _SHARE_SPEED)
    _learn_shares(sellers.within, day_totals.good_sales, day_totals.showcase_sales, _SHARE_SPEED)
    _learn_anchors(
        history,
        market.sold,
        day_totals,
        market.airtime,
        terms.signal_days,
        stands_for,
        market.anchors.guests_from,
    )
    weight = np.float64(terms.weight)
    for m in range(stands_for.size):
        history.fans[m] += market.sold.follows[m] * weight / stands_for[m]
    gain = market.supply.awareness_gain
    growth = gain, support, kept, terms.per_thousand, terms.is_incubated
    _grow(
        market.suppliers, sellers.awareness, market.goods.first_good, day_totals.good_sales, growth
    )


@step
def _learn_anchors(history, totals, day_totals, airtime, signal_days, stands_for, regular):
    """Learn from a day's totals; the anchors of a row share what it had, guests have no signal.

    `signal_days` float64; `stands_for` float64 by row, of which `regular` are no guests. Changes
    `history`, float64 by row.
    """
    many = stands_for[:regular]
    if add_up(history.aired) == 0.0:
        _scale_signals(history, day_totals.anchor_gmv, airtime, many)
    _learn_signals(history, day_totals.anchor_gmv, airtime, signal_days, many)
    _learn_visits(history, totals, day_totals.anchor_margin, stands_for)


@stage
def _scale_signals(history, gmv, airtime, many):
    """Before anybody streams the fans are the guess; now it gets its unit, fen a day on air."""
    sold, guessed = 0.0, 0.0
    for m in range(many.size):
        if airtime.aired[m] > 0.0:
            sold += gmv[m] / airtime.exposure[m]
            guessed += history.signal[m] * many[m]
    if sold > 0.0:
        for m in range(many.size):
            history.signal[m] *= sold / guessed
            history.slow_signal[m] = history.signal[m]


@stage
def _learn_signals(history, gmv, airtime, days, many):
    """Smoothed sales of the regular anchors in a day on the air (M20); off the air they rest."""
    signal, slow = history.signal, history.slow_signal
    for m in range(many.size):
        aired = airtime.aired[m]
        if aired > 0.0:
            seen = gmv[m] / airtime.exposure[m] / many[m]
            signal[m] += (seen - signal[m]) * signal_step(aired, history.aired[m], days)
            slow[m] += (seen - slow[m]) * signal_step(aired, history.aired[m], _SLOW_SIGNAL_DAYS)
            history.aired[m] += aired


@stage
def _learn_visits(history, totals, anchor_margin, stands_for):
    """Smoothed audiences and commissions; margins of those who were visited."""
    audience, commission, offered = history.audience, history.commission, history.offered
    visits, margin = totals.visits, history.margin
    for m in range(audience.size):
        many = stands_for[m]
        audience[m] += (visits[m] / many - audience[m]) / _SIGNAL_DAYS
        commission[m] += (totals.commission[m] / many - commission[m]) / _SIGNAL_DAYS
        offered[m] += (totals.offered[m] / many - offered[m]) / _SIGNAL_DAYS
    for m in range(audience.size):
        if visits[m] > 0:
            margin[m] += (anchor_margin[m] / visits[m] - margin[m]) / _SIGNAL_DAYS


@stage
def _learn_shares(share, good_sales, total, speed):
    """Each good's share of a total, smoothed; where there is none it keeps its own."""
    for g in range(good_sales.size):
        if total[g] > 0.0:
            seen = good_sales[g] / total[g]
            share[g] += speed * (seen - share[g])


@stage
def _grow(suppliers, awareness, first_good, good_sales, terms):
    """The platform's own brands become known by what they sell and is kept (M2).

    `terms`: gain, support, the share of what is sold that is kept, units to those per thousand,
    and which kinds they are.
    """
    gain, support, kept, per_thousand, is_incubated = terms
    for s in range(suppliers.guests_from):
        if is_incubated[suppliers.kind[s]]:
            units = 0.0
            for g in range(first_good[s], first_good[s + 1]):
                units += good_sales[g]
            sold = units * kept * per_thousand
            awareness[s] = grown_awareness(awareness[s], gain, support, sold)


@step
def _learn_ads(known, ads, day_totals):
    """What ads take of the sellers' GMV and of their margin (M19), smoothed."""
    spent = np.float64(ads)
    gmv = add_up_in_pairs(day_totals.anchor_gmv)
    margin = add_up_in_pairs(day_totals.anchor_margin)
    share, of_margin = known.ads_share, known.ads_of_margin
    if gmv > 0.0:
        share = smoothed(share, spent / gmv, _SIGNAL_DAYS)
    if margin > 0.0:
        of_margin = smoothed(of_margin, spent / margin, _SIGNAL_DAYS)
    return share, of_margin


@stage
def _update_beliefs(
    belief, kind_sales, kind_gmv, joined, expected, kept, season, speed, is_settled
):
    """Smooth the sales per supplier on a plain day; once `is_settled`, beliefs follow them (M15).

    Sales per joined supplier of late stand against what its kind expected; `kept` is the share
    that ads leave.
    """
    for kind in range(belief.size):
        per_supplier = kind_gmv[kind] / max(joined[kind], 1) / season
        kind_sales[kind] += (per_supplier - kind_sales[kind]) / _SIGNAL_DAYS
        if is_settled and joined[kind] > 0:
            ratio = kind_sales[kind] / expected[kind] * kept
            belief[kind] = updated_belief(belief[kind], ratio, speed)


@step
def _learn_uptake(uptake, claimed, full):
    """What coupons cost against the forecast, which is `full`, smoothed; both fen.

    What was claimed, not what was paid: rationing must not look like thrift.
    """
    seen = min(max(claimed / full, 1e-4), 5.0) if full > 0.0 else uptake
    return uptake + (seen - uptake) / _FORECAST_DAYS


@stage
def _learn_kinds(kind_share, kind_price, kind_gmv, kind_units):
    """What kinds are bought, and at which price an order, smoothed."""
    total = add_up(kind_gmv)
    for kind in range(kind_gmv.size):
        if total > 0.0:
            kind_share[kind] += (kind_gmv[kind] / total - kind_share[kind]) / _FORECAST_DAYS
        if kind_units[kind] > 0.0:
            price, before = kind_gmv[kind] / kind_units[kind], kind_price[kind]
            kind_price[kind] += (price - before) / (_FORECAST_DAYS if before > 0.0 else 1.0)


@step
def _learn_rival(intensity, accounts, days):
    """The rival watches our coupons per GMV (M22)."""
    if accounts[_GMV] > 0:
        coupons = accounts[_OWN] + accounts[_PARTNER]
        intensity = smoothed(intensity, coupons / accounts[_GMV], days)
    return intensity


@step
def _learn_returns(before, accounts):
    """What share of the orders comes back, smoothed; below 0 nothing is known yet."""
    if accounts[_ORDERS] > 0:
        share = accounts[_RETURNED] / accounts[_ORDERS]
        return share if before < 0.0 else smoothed(before, share, _FIRST_DAYS)
    return before


def _learn_trials(world: World, state: State, gmv: NDArray[np.float64]) -> None:
    """A trial stream that beats its forecast lifts the belief of every brand (M15)."""
    if state.day not in world.trial_days:
        return
    trials = world.scenario.calendar.trial_streams
    speed = world.scenario.suppliers.trial_weight
    for number, trial in enumerate(trials):
        sold = gmv[world.anchors.guests_from + number] * world.weight / 100.0
        if sold > 0.0:
            for kind in np.flatnonzero(world.scenario.kinds_that("learns_from_trials")):
                beliefs = state.sellers.belief
                beliefs[kind] = updated_belief(
                    beliefs[kind], beliefs[kind] * sold / trial.forecast_rmb, speed
                )


def _rank_anchors(world: World, state: State) -> None:
    """Who sells more bargains harder: heads grow and fade (M6)."""
    regular = world.anchors.guests_from
    order = np.argsort(-state.anchors.signal[:regular], kind="stable")
    are_singles = world.singles_count >= regular
    state.anchors.strength[order] = (
        _strengths_of_singles(regular)
        if are_singles
        else _strengths(world.anchors.stands_for[order])
    )


@lru_cache(maxsize=8)
def _strengths_of_singles(count: int) -> NDArray[np.float64]:
    return _strengths(np.ones(count))


def _strengths(stands_for: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bargaining strengths of rows of so many anchors each, the best first."""
    return strength_of_rank(mean_ranks(stands_for), stands_for.sum())
