"""Showcases: which goods an anchor shows, chosen weekly (M5)."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.jit import kernel, stage, step
from engine.kernels.supply import sells
from engine.rng import uniform64
from engine.rules.brand import known_brand
from engine.rules.choice import price_term
from engine.rules.closed_loop import IN_SHOP
from engine.rules.investment import improved
from engine.rules.selection import gumbel, showcase_score
from engine.spec.scenario import Scenario
from engine.world.anchors import NO_SUPPLIER

CANDIDATES = 96
"""Goods of the library that an anchor looks through."""

DAYS_A_WEEK = 7
Floats = NDArray[np.float64]


class Candidates(NamedTuple):
    """Room for one selection.

    By candidate: whether the library is `open`, whether it is of the anchor's `main` category,
    its number `drawn` among the goods by category. By listed good: the `good`, the `taste` for
    it, its `score`. By place: `standing` score.
    """

    open: NDArray[np.bool_]
    main: NDArray[np.bool_]
    drawn: NDArray[np.int64]
    good: NDArray[np.int32]
    taste: Floats
    score: Floats
    standing: Floats


def candidates_room(places: int, most_own: int) -> Candidates:
    """Room for an own supplier's goods and what is drawn from the library."""
    n = CANDIDATES + most_own + 1
    return Candidates(
        open=np.zeros(CANDIDATES, np.bool_),
        main=np.zeros(CANDIDATES, np.bool_),
        drawn=np.zeros(CANDIDATES, np.int64),
        good=np.zeros(n, np.int32),
        taste=np.zeros(n),
        score=np.zeros(n),
        standing=np.zeros(places),
    )


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
def refill(
    shop, anchors, suppliers, sellers, goods, terms, supply, levers, stream, day, appeal, room
):
    """Value all goods, and refill a seventh of the showcases: all of them on the first day."""
    appraise(appeal, suppliers, sellers, goods, terms, supply, levers)
    week = day // DAYS_A_WEEK
    for first in range(DAYS_A_WEEK):
        if day == 0 or first == day % DAYS_A_WEEK:
            select(first, shop, anchors, sellers, goods, appeal, terms, levers, stream, week, room)


@stage
def appraise(appeal, suppliers, sellers, goods, terms, supply, levers):
    """What each good is worth to any showcase today, -inf for those that nobody may show.

    `appeal` by good: log of expected earnings per look, for a mean buyer.
    """
    plan_bonus = math.log(terms.plan_lift)
    for s in range(suppliers.kind.size):
        if not sells(suppliers, sellers, s):
            appeal[goods.first_good[s] : goods.first_good[s + 1]] = -np.inf
            continue
        member, cps = sellers.in_plan[s], supply.offer[suppliers.kind[s]]
        cps = max(cps, levers.cps_floor) if member else cps
        bonus = plan_bonus if member else 0.0
        friction = terms.friction if sellers.listing[s] != IN_SHOP else 0.0
        for good in range(goods.first_good[s], goods.first_good[s + 1]):
            price = sellers.price[good]
            brand = known_brand(goods.brand[good], sellers.awareness[s])
            quality = improved(goods.quality[good], supply.quality_gain, levers.built)
            utility = (
                terms.quality * quality
                + terms.brand * brand
                - terms.price * box_cox(price / goods.elsewhere[good], terms.curvature)
                - price / terms.budget_fen
                - friction
            )
            appeal[good] = showcase_score(price, cps, utility, bonus)


@step
def box_cox(ratio, curvature):
    """B(x) of a price over the price elsewhere."""
    term = price_term(np.float32(math.log(ratio)), np.float32(curvature))
    return term if curvature == 0.0 else (term - 1.0) / curvature


@stage
def select(first, shop, anchors, sellers, goods, appeal, terms, levers, stream, week, room):
    """Refill the showcases of every 7th anchor from `first` on.

    Candidates are drawn by hash of (anchor, place, week): who else joined does not move
    them. The best by score stay; an own supplier's goods need no library.
    """
    everything = np.int64(goods.by_category.size)
    for anchor in range(first, anchors.guests_from, DAYS_A_WEEK):
        n = list_own(anchors.own_supplier[anchor], goods.first_good, appeal, room.good)
        first_main = goods.category_start[anchors.category[anchor]]
        main = goods.category_start[anchors.category[anchor] + 1] - first_main
        openness = levers.library_open[anchors.tier[anchor]]
        draw_candidates(
            anchor, week, stream, openness, terms.main_share, first_main, main, everything, room
        )
        n = list_candidates(n, goods.by_category, appeal, room)
        score_listed(anchor, n, appeal, terms.spread, stream, room.good, room.taste, room.score)
        shown = keep_best(n, room, shop.good[anchor])
        shop.shown[anchor] = shown
        for j in range(shown):
            good = shop.good[anchor, j]
            links_out = sellers.listing[goods.supplier[good]] != IN_SHOP
            fill_place(shop, anchor, j, good, links_out, goods, terms)


@stage
def list_own(supplier, first_good, appeal, listed):
    """List the goods of the anchor's own supplier that may be shown; returns how many."""
    n = 0
    if supplier != NO_SUPPLIER:
        for good in range(first_good[supplier], first_good[supplier + 1]):
            listed[n] = good
            n += np.int64(appeal[good] > -np.inf)
    return n


@stage
def draw_candidates(anchor, week, stream, openness, main_share, first, own, everything, room):
    """Draw whether the library shows a candidate, and its number among all goods by category.

    A third of the candidates change from week to week.
    """
    for c in range(CANDIDATES):
        room.open[c] = uniform64(stream, anchor, 4 * c) < openness
    for c in range(CANDIDATES):
        room.main[c] = uniform64(stream, anchor, 4 * c + 1) < main_share
    for c in range(CANDIDATES):
        turn = week if c % 3 == 0 else 0
        u = uniform64(stream, anchor, 4 * c + 2 + 1024 * turn)
        drawn = np.int64(u * own) + first if room.main[c] else np.int64(u * everything)
        room.drawn[c] = min(drawn, everything - 1)


@stage
def list_candidates(n, by_category, appeal, room):
    """Add the candidates that may be shown to the list; returns its length."""
    for c in range(CANDIDATES):
        good = by_category[room.drawn[c]]
        room.good[n] = good
        n += np.int64(room.open[c] & (appeal[good] > -np.inf))
    return n


@stage
def score_listed(anchor, n, appeal, spread, stream, good, taste, score):
    """Appeal and the anchor's lasting taste for a good; no candidate draws 7 + 64 k."""
    for k in range(n):
        taste[k] = uniform64(stream, anchor, 7 + 64 * good[k])
    for k in range(n):
        taste[k] = spread * gumbel(taste[k])
    for k in range(n):
        score[k] = appeal[good[k]] + taste[k]


@stage
def keep_best(n, room, shown):
    """Put the listed goods with the highest scores into `shown`; returns how many they are."""
    filled, place, bar = 0, 0, -np.inf
    for k in range(n):
        good, score = room.good[k], room.score[k]
        if score <= bar or stands(good, shown, filled):
            continue
        if filled < shown.size:
            place = filled
            filled += 1
        shown[place], room.standing[place] = good, score
        if filled == shown.size:
            place = weakest(room.standing)
            bar = room.standing[place]
    return filled


@step
def weakest(scores):
    """Place of the lowest score."""
    place = 0
    for j in range(1, scores.size):
        place = j if scores[j] < scores[place] else place
    return place


@step
def stands(good, shown, filled):
    """Whether a good is shown already."""
    found = False
    for j in range(filled):
        found |= shown[j] == good
    return found


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
