"""Showcases: which goods an anchor shows (weekly, M5), and what they cost today (M6, M12)."""

from typing import NamedTuple

import numpy as np

from engine.jit import kernel, step
from engine.kernels.state import N_COUPON_CLASSES, WITHOUT_PARTNER
from engine.kernels.supply import sells
from engine.rng import uniform64
from engine.rules.brand import known_brand
from engine.rules.choice import price_term
from engine.rules.closed_loop import IN_SHOP
from engine.rules.commission import asked_cps_bp
from engine.rules.investment import cheapened, improved
from engine.rules.price_cap import capped_price_fen
from engine.rules.selection import gumbel, showcase_score
from engine.rules.subsidy import coupon_fen, coupon_rate_bp
from engine.spec.scenario import Scenario
from engine.units import N_TIERS, Kind
from engine.world.anchors import NO_SUPPLIER

CANDIDATES = 96
"""Goods of the library that an anchor looks through."""

DAYS_A_WEEK = 7
_PARTNER = int(Kind.PARTNER)
_CLASSES = N_COUPON_CLASSES


class ShowcaseTerms(NamedTuple):
    """The scenario's numbers of selection and of head anchors' bargaining."""

    main_share: float
    spread: float
    bargaining: float
    head_discount: float
    price: float
    curvature: float
    quality: float
    brand: float
    budget_fen: float
    friction: float
    plan_lift: float


def showcase_terms(scenario: Scenario) -> ShowcaseTerms:
    """Read them from the scenario; utilities are those of a mean buyer of the lower tiers."""
    anchors, choice, buyers = scenario.anchors, scenario.choice, scenario.buyers
    return ShowcaseTerms(
        main_share=anchors.main_category_share,
        spread=anchors.category_spread,
        bargaining=anchors.bargaining,
        head_discount=anchors.head_discount,
        price=choice.price * buyers.sensitivity.tier3,
        curvature=choice.price_curvature,
        quality=choice.quality * buyers.initial_trust,
        brand=choice.brand * buyers.brand_taste.tier3 / 2,
        budget_fen=100.0 * buyers.monthly_budget_rmb.tier3,
        friction=scenario.suppliers.external_friction,
        plan_lift=scenario.suppliers.plan_lift,
    )


@kernel
def appraise(appeal, suppliers, sellers, goods, terms, supply, levers):
    """What each good is worth to any showcase today, -inf for those that nobody may show.

    `appeal` by good: log of expected earnings per look, for a mean buyer.
    """
    for good in range(goods.supplier.size):
        supplier = goods.supplier[good]
        if not sells(suppliers, sellers, supplier):
            appeal[good] = -np.inf
            continue
        price = sellers.price[good]
        term = price_term(np.log(price / goods.elsewhere[good]), terms.curvature)
        disutility = term if terms.curvature == 0.0 else (term - 1.0) / terms.curvature
        utility = (
            terms.quality * improved(goods.quality[good], supply.quality_gain, levers.built)
            + terms.brand * known_brand(goods.brand[good], sellers.awareness[supplier])
            - terms.price * disutility
            - price / terms.budget_fen
            - (terms.friction if sellers.listing[supplier] != IN_SHOP else 0.0)
        )
        bonus = np.log(terms.plan_lift) if sellers.in_plan[supplier] else 0.0
        cps = supply.offer[goods.kind[good]]
        if sellers.in_plan[supplier]:
            cps = max(cps, levers.cps_floor)
        appeal[good] = showcase_score(price, cps, utility, bonus)


@kernel
def select(first, shop, anchors, sellers, goods, appeal, terms, levers, stream, week, scores):
    """Refill the showcases of every 7th anchor from `first` on.

    Candidates are drawn by hash of (anchor, place, week): who else joined does not move
    them. The best by score stay; an own supplier's goods need no library. `scores` is
    room for one showcase.
    """
    for anchor in range(first, anchors.guests_from, DAYS_A_WEEK):
        shop.shown[anchor] = 0
        own = anchors.own_supplier[anchor]
        if own != NO_SUPPLIER:
            for good in range(goods.first_good[own], goods.first_good[own + 1]):
                offer(shop, anchor, good, scores, sellers, goods, appeal, terms, stream)
        openness = levers.library_open[anchors.tier[anchor]]
        for c in range(CANDIDATES):
            if uniform64(stream, anchor, 4 * c) < openness:
                good = candidate(anchor, c, week, anchors, goods, terms, stream)
                offer(shop, anchor, good, scores, sellers, goods, appeal, terms, stream)


@step
def candidate(anchor, c, week, anchors, goods, terms, stream):
    """A good of the anchor's own category, or of any."""
    lowest, count = np.int64(0), np.int64(goods.by_category.size)
    if uniform64(stream, anchor, 4 * c + 1) < terms.main_share:
        category = anchors.category[anchor]
        lowest = goods.category_start[category]
        count = goods.category_start[category + 1] - lowest
    # A third of the candidates change from week to week.
    turn = week if c % 3 == 0 else 0
    u = uniform64(stream, anchor, 4 * c + 2 + 1024 * turn)
    return goods.by_category[min(lowest + np.int64(u * count), goods.by_category.size - 1)]


@step
def offer(shop, anchor, good, scores, sellers, goods, appeal, terms, stream):
    """Put a good into the showcase if it scores above the weakest one there."""
    if appeal[good] == -np.inf:
        return
    shown, places = shop.shown[anchor], scores.size
    for j in range(shown):
        if shop.good[anchor, j] == good:
            return
    # The anchor's lasting taste for this good; no candidate draws 7 + 64 k.
    score = appeal[good] + terms.spread * gumbel(uniform64(stream, anchor, 7 + 64 * good))
    place = shown
    if shown == places:
        place = 0
        for j in range(1, places):
            if scores[j] < scores[place]:
                place = j
        if score <= scores[place]:
            return
    else:
        shop.shown[anchor] = shown + 1
    scores[place] = score
    links_out = sellers.listing[goods.supplier[good]] != IN_SHOP
    fill_place(shop, anchor, place, good, links_out, goods, terms)


@step
def fill_place(shop, anchor, place, good, links_out, goods, terms):
    """Write what does not change while the good stands there."""
    shop.good[anchor, place] = good
    shop.supplier[anchor, place] = goods.supplier[good]
    shop.kind[anchor, place] = goods.kind[good]
    shop.good_category[anchor, place] = goods.category[good]
    shop.elsewhere[anchor, place] = goods.elsewhere[good]
    shop.links_out[anchor, place] = links_out
    shop.own_utility[anchor, place] = np.float32(-terms.friction if links_out else 0.0)


@kernel
def dress_window(shop, anchors, sellers, goods, terms, supply, levers, boost):
    """Today's quality, brand, price, commission and coupons of every place."""
    for anchor in range(shop.shown.size):
        strength = anchors.strength[anchor]
        for j in range(shop.shown[anchor]):
            good, kind = shop.good[anchor, j], shop.kind[anchor, j]
            supplier = goods.supplier[good]
            price = np.int64(sellers.price[good] * (1.0 - terms.head_discount * strength))
            price = max(price, np.int64(cheapened(goods.cost[good], supply.cost_cut, levers.built)))
            shop.quality[anchor, j] = np.float32(
                improved(goods.quality[good], supply.quality_gain, levers.built)
            )
            shop.brand[anchor, j] = np.float32(
                known_brand(goods.brand[good], sellers.awareness[supplier])
            )
            member = sellers.in_plan[supplier]
            capped = price
            if member and levers.plan_day:
                capped = capped_price_fen(price, goods.elsewhere[good], levers.price_cap_bp)
            shop.capped[anchor, j] = capped < price
            shop.price[anchor, j] = capped
            shop.cps_bp[anchor, j] = asked_cps_bp(
                supply.offer[kind], terms.bargaining, strength, levers.cps_floor if member else 0.0
            )
            price_classes(shop, anchor, j, goods.elsewhere[good], terms.curvature, levers, boost)


@step
def price_classes(shop, anchor, j, elsewhere, curvature, levers, boost):
    """What each coupon class pays for one place, and how that compares with elsewhere."""
    price, kind = shop.price[anchor, j], shop.kind[anchor, j]
    for c in range(_CLASSES):
        holder = (c - 1) % WITHOUT_PARTNER  # tier and first order, for c > 0
        rate = 0
        if c > 0 and not shop.links_out[anchor, j]:
            rate = coupon_rate_bp(
                levers.rate[kind],
                levers.new_buyer_rate,
                holder >= N_TIERS,
                levers.tier_factor[holder % N_TIERS],
                levers.festival_boost * boost,
            )
        if c > WITHOUT_PARTNER and kind == _PARTNER:
            rate = 0
        paid = max(price - coupon_fen(price, rate, levers.cap_fen), 1)
        log_ratio = np.log(paid / elsewhere)
        shop.paid[anchor, c, j] = paid
        shop.price_term[anchor, c, j] = np.float32(price_term(log_ratio, curvature))
        shop.log_ratio[anchor, c, j] = np.float32(log_ratio)
