"""Supply, daily: suppliers join (M3, M4), list (M11), enter the plan (M12), re-price, restock."""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from engine.jit import kernel, stage, step
from engine.market.totals import add_up
from engine.population.suppliers import Goods
from engine.rules.adoption import adoption_hazard, exclusivity, exit_hazard
from engine.rules.ads import fee_with_ads
from engine.rules.closed_loop import IN_SHOP, REFUSED, listing, loop_exit_hazard
from engine.rules.commission import asked_cps_bp
from engine.rules.investment import cheapened, enlarged
from engine.rules.price_cap import capped_price_fen, plan_pays
from engine.rules.pricing import (
    best_price,
    lerner_index,
    own_elasticity,
    paid_slope,
    repriced,
    sensitivity_at,
)
from engine.rules.subsidy import coupon_fen, coupon_rate_bp
from engine.units import BP

_Floats = NDArray[np.float64]
_BLOCK = 64
"""Suppliers whose goods are re-priced together."""
_DEAREST = 3.0
"""Highest price against the price elsewhere that a seller tries."""
_PLAN_DAYS = 28
"""Brands review the plan this often."""


class KindCounts(NamedTuple):
    """By kind: suppliers there are, `joined` and `in_plan` of them; the day's hazards.

    `joining` and `leaving` are hazards of one day.
    """

    everyone: NDArray[np.int64]
    joined: NDArray[np.int64]
    in_plan: NDArray[np.int64]
    joining: _Floats
    leaving: _Floats

    @classmethod
    def new(cls, kinds: int) -> Self:
        """Counts of nobody."""
        everyone, joined, in_plan = np.zeros((3, kinds), np.int64)
        return cls(everyone, joined, in_plan, np.zeros(kinds), np.zeros(kinds))


class RepricingScratch(NamedTuple):
    """Room to re-price the goods of a block of suppliers, by good of the block.

    The seller's `fee` (share of price), coupon rate (`rate_bp`), share of buyers who hold a coupon
    (`held`) and `conduct`; `slope` d ln paid / d ln price, `ratio` of what is paid to the price
    elsewhere, and `sensitivity` alpha x^lambda at that.
    """

    fee: _Floats
    rate_bp: _Floats
    held: _Floats
    conduct: _Floats
    slope: _Floats
    ratio: _Floats
    sensitivity: _Floats

    @classmethod
    def of(cls, goods: Goods) -> Self:
        """Room for the block with most goods."""
        first = goods.first_good
        most = int(
            (first[np.minimum(np.arange(first.size) + _BLOCK, first.size - 1)] - first).max()
        )
        return cls(*np.zeros((len(cls._fields), most)))


@kernel
def trade(market, levers, factors, held, ads_share):
    """Step 3, in its order; returns how many suppliers joined today.

    `factors` are the push's on recruiting and on coupons (its boost), `held` the shares of buyers
    who hold a coupon, and one for the partner's goods, `ads_share` what ads cost sellers per GMV,
    all float64. Brands decide about the plan anew every `_PLAN_DAYS` days. Changes the sellers
    (fen, real units) and fills `KindCounts`.
    """
    suppliers, sellers, goods = market.suppliers, market.sellers, market.goods
    terms, counts = market.supply, market.kind_counts
    recruiting, boost = factors
    _count_kinds(suppliers, sellers, counts)
    joins = _adopt(suppliers, sellers, terms, levers, recruiting, counts)
    if levers.day % _PLAN_DAYS == 0:
        _enter_plan(suppliers, sellers, goods, terms, levers, ads_share)
    _count_kinds(suppliers, sellers, counts)
    _reprice(suppliers, sellers, goods, terms, levers, boost, held, ads_share, market.repricing)
    _restock(suppliers.capacity, sellers.stock, terms, levers)
    return joins


@stage
def _count_kinds(suppliers, sellers, counts):
    """Suppliers of each kind: all, those joined, those in the brand plan."""
    counts.everyone[:] = 0
    counts.joined[:] = 0
    counts.in_plan[:] = 0
    for s in range(suppliers.guests_from):
        kind = suppliers.kind[s]
        counts.everyone[kind] += 1
        counts.joined[kind] += sellers.joined[s]
        counts.in_plan[kind] += sellers.in_plan[s]


@stage
def _adopt(suppliers, sellers, terms, levers, recruiting, counts):
    """Raise hazards; who crosses its threshold joins, and later leaves for good.

    `counts` are this morning's. Returns how many joined.
    """
    _set_hazards(sellers.belief, terms, levers, levers.recruiting * recruiting, counts)
    joins = 0
    for s in range(suppliers.guests_from):
        kind = suppliers.kind[s]
        if levers.day < terms.partner_from and terms.comes_with_partner[kind]:
            continue
        if levers.day > 0:
            sellers.hazard[s] += counts.joining[kind]
        if sellers.joined[s]:
            sellers.exit_hazard[s] += counts.leaving[kind] + loop_exit_hazard(
                suppliers.external_draw[s],
                terms.external[kind],
                sellers.listing[s],
                levers.closed_loop,
                terms.loop_exit,
            )
            sellers.joined[s] = sellers.exit_hazard[s] < suppliers.exit_threshold[s]
        elif sellers.exit_hazard[s] == 0.0 and sellers.hazard[s] >= suppliers.threshold[s]:
            sellers.joined[s] = True
            joins += 1
        sellers.listing[s] = listing(
            suppliers.external_draw[s],
            terms.external[kind],
            suppliers.gate_draw[s],
            levers.closed_loop,
            suppliers.refuse_draw[s],
            terms.refuse,
        )
    return joins


@stage
def _set_hazards(belief, terms, levers, recruiting, counts):
    """The day's hazards of joining and of leaving, by kind."""
    open_library = add_up(levers.library_open) / levers.library_open.size
    unease = exclusivity(open_library, terms.library_exit)
    for kind in range(belief.size):
        joining = adoption_hazard(
            terms.adoption[kind],
            terms.imitation,
            counts.joined[kind] / max(counts.everyone[kind], 1),
            belief[kind],
            terms.belief_response,
            recruiting,
            counts.in_plan[kind] / max(counts.joined[kind], 1),
        )
        leaving = exit_hazard(terms.exits[kind], belief[kind], terms.belief_response)
        counts.joining[kind], counts.leaving[kind] = joining / unease, leaving * unease


@stage
def _enter_plan(suppliers, sellers, goods, terms, levers, ads_share):
    """Brands join the plan, or leave it, if a plan day pays on their first good (M12)."""
    for s in range(suppliers.guests_from):
        kind, g = suppliers.kind[s], goods.first_good[s]
        if not terms.joins_plan[kind] or not levers.has_plan:
            sellers.in_plan[s] = False
            continue
        price = sellers.price[g]
        capped = capped_price_fen(np.int64(price), goods.elsewhere[g], levers.price_cap_bp)
        outside = fee_with_ads(terms.offer[kind] + terms.take[kind], ads_share, terms.ad_burden)
        inside = max(terms.offer[kind], levers.cps_floor) + terms.take[kind]
        inside = fee_with_ads(inside, ads_share, terms.ad_burden)
        elasticity = own_elasticity(
            terms.sensitivity, terms.nest, sellers.share[g], sellers.within[g]
        )
        sellers.in_plan[s] = sellers.joined[s] and plan_pays(
            price,
            capped,
            cheapened(goods.cost[g], terms.cost_cut, levers.built),
            outside,
            inside,
            elasticity,
            terms.plan_lift * sellers.belief[kind],
            suppliers.plan_threshold[s],
        )


@stage
def _reprice(suppliers, sellers, goods, terms, levers, boost, held, ads_share, scratch):
    """Every good moves towards the price that pays its seller best under coupon and fee.

    A block of suppliers at a time, so that `scratch` stays in the first-level cache.
    """
    for first in range(0, suppliers.kind.size, _BLOCK):
        last = min(first + _BLOCK, suppliers.kind.size)
        coupons = boost, held
        _set_terms(
            first, last, suppliers, sellers, goods, terms, levers, coupons, ads_share, scratch
        )
        span = slice(goods.first_good[first], goods.first_good[last])
        price, elsewhere = sellers.price[span], goods.elsewhere[span]
        _set_coupons(price, elsewhere, levers.cap_fen, terms.sensitivity, terms.curvature, scratch)
        _step_prices(
            price, goods.cost[span], elsewhere, sellers.share[span], sellers.within[span],
            terms, levers.built, scratch,
        )  # fmt: skip


@stage
def _set_terms(first, last, suppliers, sellers, goods, terms, levers, coupons, ads_share, scratch):
    """Fee, coupon rate, share of buyers who hold a coupon, and conduct, of each good of a block."""
    boost, held = coupons
    tier_factor = add_up(levers.tier_factor) / levers.tier_factor.size
    for s in range(first, last):
        kind, rate = suppliers.kind[s], 0
        if sellers.listing[s] == IN_SHOP:
            rate = coupon_rate_bp(
                levers.rate[kind], 0.0, False, tier_factor, levers.festival_boost * boost
            )
        floor = levers.cps_floor if sellers.in_plan[s] else 0.0
        fee = asked_cps_bp(terms.offer[kind], 0.0, 0.0, floor) / BP + terms.take[kind]
        fee = fee_with_ads(fee, ads_share, terms.ad_burden)
        share = held[np.int64(terms.is_co_funded[kind])]
        for g in range(goods.first_good[s], goods.first_good[s + 1]):
            k = g - goods.first_good[first]
            scratch.fee[k], scratch.conduct[k] = fee, terms.conduct[kind]
            scratch.rate_bp[k], scratch.held[k] = rate, share


@stage
def _set_coupons(price, elsewhere, cap_fen, sensitivity, curvature, scratch):
    """What coupons take off on average, how steep they make what is paid, and alpha x^lambda."""
    for k in range(price.size):
        whole = np.floor(price[k])
        coupon = np.floor(coupon_fen(whole, scratch.rate_bp[k] / BP, cap_fen) * scratch.held[k])
        is_capped = whole * scratch.rate_bp[k] >= (cap_fen + 1.0) * BP  # in whole fen above the cap
        scratch.slope[k] = paid_slope(price[k], coupon, is_capped)
        scratch.ratio[k] = max(price[k] - coupon, 1.0) / elsewhere[k]
    for k in range(price.size):
        scratch.sensitivity[k] = sensitivity_at(sensitivity, scratch.ratio[k], curvature)


@stage
def _step_prices(price, cost, elsewhere, share, within, terms, built, scratch):
    """Move the prices of a block by a day's step."""
    for k in range(price.size):
        elasticity = own_elasticity(scratch.sensitivity[k], terms.nest, share[k], within[k])
        lerner = lerner_index(elasticity * scratch.slope[k], scratch.conduct[k])
        unit_cost = cheapened(cost[k], terms.cost_cut, built)
        best = min(best_price(unit_cost, scratch.fee[k], lerner), _DEAREST * elsewhere[k])
        price[k] = repriced(price[k], best, terms.speed, lerner, terms.curvature, scratch.slope[k])


@stage
def _restock(capacity, stock, terms, levers):
    """A day's capacity into stock, up to `stock_days` of it."""
    for s in range(stock.size):
        enough = enlarged(capacity[s], terms.capacity_gain, levers.built)
        stock[s] = min(stock[s] + enough, enough * terms.stock_days)


@step
def sells(suppliers, sellers, s):
    """Whether a supplier's goods may stand in a showcase today.

    `s` an integer; the result a bool.
    """
    return s < suppliers.guests_from and sellers.joined[s] and sellers.listing[s] != REFUSED
