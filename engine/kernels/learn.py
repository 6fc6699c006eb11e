"""Step 8, learning of everyone but the buyers: anchors, sellers, platform, rival.

Buyers learn when their order settles. Signals and beliefs use expected sales, which carry
several times less noise than realised ones.
"""

import numpy as np
from numpy.typing import NDArray

from engine.jit import kernel
from engine.kernels.levers import Levers
from engine.kernels.market import Market
from engine.kernels.pacing import Pace, demand_weight, own_rate
from engine.kernels.showcase import DAYS_A_WEEK
from engine.kernels.state import N_BUCKETS, Account, Count, Tally
from engine.rules.adoption import updated_belief
from engine.rules.brand import grown_awareness
from engine.rules.investment import cheapened
from engine.rules.rival import smoothed
from engine.rules.visits import relaxed_activity
from engine.units import BP, EXPECTED_ONE, N_KINDS, Kind
from engine.world.anchors import strength_of_rank

_PLATFORM_BRAND = int(Kind.PLATFORM_BRAND)
SIGNAL_DAYS, SLOW_SIGNAL_DAYS = 14.0, 60.0
FIRST_DAYS = 28
"""Days that set the levels against which later ones are compared."""
FORECAST_DAYS = 7.0
SHARE_SPEED = 0.1


@kernel
def fold(
    shop,
    goods,
    tally,
    take_bp,
    cost_left,
    guests_from,
    good_sales,
    good_looks,
    anchor_gmv,
    anchor_margin,
    kind_gmv,
):
    """Expected sales of the day by good (units), by anchor and kind (fen); sellers' margin."""
    one = 1.0 / EXPECTED_ONE
    for m in range(shop.shown.size):
        if tally.looks[m] == 0:
            continue
        for j in range(shop.shown[m]):
            units = tally.expected[m, j] * one
            gmv = units * shop.price[m, j]
            good_sales[shop.good[m, j]] += units
            good_looks[shop.good[m, j]] += tally.looks[m]
            anchor_gmv[m] += gmv
            fees = (shop.cps_bp[m, j] + take_bp[shop.kind[m, j]]) / BP
            anchor_margin[m] += gmv * (1.0 - fees) - units * cost_left * goods.cost[shop.good[m, j]]
            if m < guests_from:  # what a guest sells teaches by its own event
                kind_gmv[shop.kind[m, j]] += gmv


@kernel
def learn_shares(sellers, good_sales, good_looks, speed):
    """Conditional share of each good inside the gate, smoothed; unseen goods keep theirs."""
    for g in range(good_sales.size):
        if good_looks[g] > 0.0:
            seen = good_sales[g] / good_looks[g]
            sellers.share[g] += speed * (seen - sellers.share[g])


class Folded:
    """Expected sales of a day, by good, anchor and kind."""

    def __init__(self, market: Market, tally: Tally, levers: Levers) -> None:
        self.good_sales = np.zeros(market.goods.kind.size)
        self.good_looks = np.zeros(market.goods.kind.size)
        self.anchor_gmv = np.zeros(market.anchors.fans.size)
        self.anchor_margin = np.zeros(market.anchors.fans.size)
        self.kind_gmv = np.zeros(N_KINDS)
        fold(
            market.shop,
            market.goods,
            tally,
            market.take_bp,
            cheapened(1.0, market.supply.cost_cut, levers.built),
            market.anchors.guests_from,
            self.good_sales,
            self.good_looks,
            self.anchor_gmv,
            self.anchor_margin,
            self.kind_gmv,
        )


def learn_day(market: Market, pace: Pace, tally: Tally, folded: Folded, day: int) -> None:
    """Everything that is learned at the end of a day."""
    learn_shares(market.sellers, folded.good_sales, folded.good_looks, SHARE_SPEED)
    learn_anchors(market, tally, folded, day)
    learn_brands(market, folded.good_sales, day)
    learn_suppliers(market, folded.kind_gmv, day)
    learn_platform(market, pace, tally, folded, day)
    learn_rival(market, tally)
    learn_activity(market, pace, tally, day)


def learn_anchors(market: Market, tally: Tally, folded: Folded, day: int) -> None:
    """Signals, audiences, commissions, margins and fans."""
    standing, gmv = market.standing, folded.anchor_gmv
    level = slice(0, market.anchors.guests_from)
    if (
        day == 0 and gmv[level].any()
    ):  # before anything is sold the fans are the guess; now it gets its unit, fen
        standing.signal[level] *= gmv[level].sum() / standing.signal[level].sum()
        standing.slow_signal[level] = standing.signal[level]
    standing.signal[level] += (gmv[level] - standing.signal[level]) / SIGNAL_DAYS
    standing.slow_signal[level] += (gmv[level] - standing.slow_signal[level]) / SLOW_SIGNAL_DAYS
    standing.audience[:] += (tally.visits - standing.audience) / SIGNAL_DAYS
    standing.commission[:] += (tally.commission - standing.commission) / SIGNAL_DAYS
    standing.offered[:] += (tally.offered - standing.offered) / SIGNAL_DAYS
    per_visit = folded.anchor_margin / np.maximum(tally.visits, 1)
    standing.margin[:] += (per_visit - standing.margin) / SIGNAL_DAYS * (tally.visits > 0)
    if day % DAYS_A_WEEK == DAYS_A_WEEK - 1:
        # Who sells more bargains harder: heads grow and fade (M6).
        signal = standing.signal[level]
        rank = np.empty(signal.size, np.int64)
        rank[np.argsort(-signal, kind="stable")] = np.arange(signal.size)
        market.anchors.strength[level] = strength_of_rank(rank, signal.size)
    market.anchors.fans[:] += tally.follows * market.weight


def learn_brands(market: Market, good_sales: NDArray[np.float64], day: int) -> None:
    """The platform's own brands become known by what they sell and is kept (M2)."""
    grow(
        market.suppliers,
        market.sellers,
        market.goods,
        market.supply.awareness_gain,
        market.days[day].platform_brand_support,
        # Per 1,000 people and percent of suppliers, however many of both are simulated.
        1000.0 / market.case.scale.buyers_count * market.case.scale.suppliers_count / 100.0,
        1.0 - max(market.accounts.return_share, 0.0),
        good_sales,
    )


@kernel
def grow(suppliers, sellers, goods, gain, support, per_thousand, kept, good_sales):
    """Raise the awareness of platform brands by the day's kept sales of their goods."""
    for s in range(suppliers.guests_from):
        if suppliers.kind[s] == _PLATFORM_BRAND:
            units = 0.0
            for g in range(goods.first_good[s], goods.first_good[s + 1]):
                units += good_sales[g]
            sellers.awareness[s] = grown_awareness(
                sellers.awareness[s], gain, support, units * kept * per_thousand
            )


def learn_suppliers(market: Market, kind_gmv: NDArray[np.float64], day: int) -> None:
    """Beliefs by kind: sales per joined supplier of late against what its kind expected (M15)."""
    sellers, accounts = market.sellers, market.accounts
    joined = np.bincount(market.suppliers.kind[sellers.joined], minlength=N_KINDS)
    season = demand_weight(market.days[day])
    per_supplier = kind_gmv / np.maximum(joined, 1) / season
    accounts.kind_sales += (per_supplier - accounts.kind_sales) / SIGNAL_DAYS
    speed = market.case.scenario.suppliers.belief_speed
    for kind in range(N_KINDS):
        if day > FIRST_DAYS and joined[kind] > 0:
            ratio = accounts.kind_sales[kind] / market.expected_sales[kind]
            sellers.belief[kind] = updated_belief(sellers.belief[kind], ratio, speed)


def learn_trials(market: Market, gmv: NDArray[np.float64], speed: float) -> None:
    """A trial stream that beats its forecast lifts the belief of every brand (M15)."""
    trials = market.case.scenario.calendar.trial_streams
    for number, trial in enumerate(trials):
        sold = gmv[market.anchors.guests_from + number] * market.weight / 100.0
        if sold > 0.0:
            for kind in (Kind.DOMESTIC, Kind.MULTINATIONAL, Kind.PARTNER):
                beliefs = market.sellers.belief
                beliefs[kind] = updated_belief(
                    beliefs[kind], beliefs[kind] * sold / trial.forecast_rmb, speed
                )


def learn_platform(market: Market, pace: Pace, tally: Tally, folded: Folded, day: int) -> None:
    """GMV so far, forecast of a plain day, what coupons cost against the forecast."""
    accounts, levers = market.accounts, market.days[day]
    ledger = tally.ledger.sum(axis=(0, 1, 2))
    accounts.gmv_paid += int(ledger[Account.PAID]) * market.weight
    expected = float(tally.expected_paid.sum())
    plain = expected / demand_weight(levers)
    full = pace.reach / N_BUCKETS * own_rate(market, levers) * pace.boost * expected
    if full > 0.0:
        # What was claimed, not what was paid: rationing must not look like thrift.
        seen = float(tally.counts[Count.CLAIMED_FEN]) / full
        accounts.uptake += (min(max(seen, 1e-4), 5.0) - accounts.uptake) / FORECAST_DAYS
    days = FORECAST_DAYS if accounts.forecast_seen else 1.0
    accounts.forecast += (plain - accounts.forecast) / days
    accounts.forecast_seen = True
    total = folded.kind_gmv.sum()
    if total > 0.0:
        accounts.kind_share += (folded.kind_gmv / total - accounts.kind_share) / FORECAST_DAYS
    learn_trials(market, folded.anchor_gmv, market.case.scenario.suppliers.trial_weight)


def learn_rival(market: Market, tally: Tally) -> None:
    """The rival watches our coupons per GMV (M22)."""
    ledger = tally.ledger.sum(axis=(0, 1, 2))
    if ledger[Account.GMV] > 0:
        coupons = ledger[Account.OWN_COUPON] + ledger[Account.PARTNER_COUPON]
        days = market.case.scenario.rival.reaction_days
        intensity = float(coupons / ledger[Account.GMV])
        market.accounts.intensity = smoothed(market.accounts.intensity, intensity, days)


def learn_activity(market: Market, pace: Pace, tally: Tally, day: int) -> None:
    """People's activity answers to commercial load and to bad purchases (M18)."""
    platform, accounts = market.case.scenario.platform, market.accounts
    ledger = tally.ledger.sum(axis=(0, 1, 2))
    if ledger[Account.ORDERS] > 0:
        share = float(ledger[Account.RETURNED] / ledger[Account.ORDERS])
        first = accounts.return_share < 0.0
        accounts.return_share = (
            share if first else smoothed(accounts.return_share, share, FIRST_DAYS)
        )
    if day == FIRST_DAYS:
        accounts.first_return_share = accounts.return_share
    excess = 0.0
    if accounts.first_return_share >= 0.0:
        excess = max(0.0, accounts.return_share - accounts.first_return_share)
    accounts.activity = relaxed_activity(
        accounts.activity,
        pace.load_ratio * (1.0 + market.days[day].ad_load),
        platform.activity_response,
        excess,
        platform.bad_purchase_response,
        platform.activity_days,
    )
