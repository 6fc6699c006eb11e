"""Showcases: which goods an anchor shows, chosen weekly (M5)."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.jit import stage, step
from engine.kernels.supply import sells
from engine.rng import uniform64
from engine.rules.brand import known_brand
from engine.rules.choice import price_term
from engine.rules.closed_loop import IN_SHOP
from engine.rules.investment import cheapened, improved
from engine.rules.selection import gumbel, showcase_score
from engine.spec.scenario import Scenario
from engine.world.anchors import NO_SUPPLIER

CANDIDATES = 96
"""Goods of the library that an anchor looks through."""

FRESH = np.arange(0, CANDIDATES, 3)
LASTING = np.array([c for c in range(CANDIDATES) if c % 3])
"""Every third candidate changes from week to week; the others stay all year."""

DAYS_A_WEEK = 7
Floats = NDArray[np.float64]


class Appraisal(NamedTuple):
    """What a good is today, by good.

    `quality` and `brand` in [0, 1], `lowest` price (its cost, fen); `appeal` to any showcase:
    log of expected earnings per look for a mean buyer, -inf for what nobody may show.
    """

    quality: Floats
    brand: Floats
    lowest: NDArray[np.int64]
    appeal: Floats


class Candidates(NamedTuple):
    """What anchors choose from, and room for one choice.

    By anchor and lasting candidate: the `good` and the `taste` for it, drawn once, since a
    year looks at them fifty times. Room: `fresh_good` and `fresh_taste` of the week; whether
    the library is `open` for a candidate, whether it is of the anchor's `main` category;
    `listed` goods and their `score`; `standing` score by place.
    """

    good: NDArray[np.int32]
    taste: Floats
    fresh_good: NDArray[np.int32]
    fresh_taste: Floats
    open: NDArray[np.bool_]
    main: NDArray[np.bool_]
    listed: NDArray[np.int32]
    score: Floats
    standing: Floats


def new_appraisal(goods: int) -> Appraisal:
    """Nothing known yet."""
    return Appraisal(*np.zeros((2, goods)), np.zeros(goods, np.int64), np.zeros(goods))


def new_candidates(anchors: int, places: int, most_own: int) -> Candidates:
    """Room for an own supplier's goods and what is drawn from the library."""
    n = CANDIDATES + most_own + 1
    return Candidates(
        good=np.zeros((anchors, LASTING.size), np.int32),
        taste=np.zeros((anchors, LASTING.size)),
        fresh_good=np.zeros(FRESH.size, np.int32),
        fresh_taste=np.zeros(FRESH.size),
        open=np.zeros(CANDIDATES, np.bool_),
        main=np.zeros(CANDIDATES, np.bool_),
        listed=np.zeros(n, np.int32),
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


@step
def refill(shop, anchors, sellers, goods, terms, levers, stream, day, appeal, candidates):
    """Refill a seventh of the showcases: all of them on the first day."""
    week = day // DAYS_A_WEEK
    for first in range(DAYS_A_WEEK):
        if day == 0:
            look_around(first, anchors, goods, terms, stream, candidates)
        if day == 0 or first == day % DAYS_A_WEEK:
            select(
                first,
                week,
                shop,
                anchors,
                sellers,
                goods,
                terms,
                levers,
                stream,
                appeal,
                candidates,
            )


@step
def appraise(suppliers, sellers, goods, terms, supply, levers, appraisal):
    """What each good is today, and what it is worth to a showcase."""
    describe_goods(goods, sellers.awareness, supply, levers.built, appraisal)
    value_goods(suppliers, sellers, goods, terms, supply, levers, appraisal)


@stage
def describe_goods(goods, awareness, supply, built, appraisal):
    """Quality and cost after investment (M21), brands as well known as they are (M2)."""
    for good in range(goods.kind.size):
        appraisal.quality[good] = improved(goods.quality[good], supply.quality_gain, built)
        appraisal.lowest[good] = np.int64(cheapened(goods.cost[good], supply.cost_cut, built))
    for good in range(goods.kind.size):
        known = awareness[goods.supplier[good]]
        appraisal.brand[good] = known_brand(goods.brand[good], known)


@stage
def value_goods(suppliers, sellers, goods, terms, supply, levers, appraisal):
    """The appeal of every good to showcases."""
    plan_bonus = math.log(terms.plan_lift)
    for s in range(suppliers.kind.size):
        if not sells(suppliers, sellers, s):
            appraisal.appeal[goods.first_good[s] : goods.first_good[s + 1]] = -np.inf
            continue
        member, cps = sellers.in_plan[s], supply.offer[suppliers.kind[s]]
        cps = max(cps, levers.cps_floor) if member else cps
        bonus = plan_bonus if member else 0.0
        friction = terms.friction if sellers.listing[s] != IN_SHOP else 0.0
        for good in range(goods.first_good[s], goods.first_good[s + 1]):
            price = sellers.price[good]
            utility = (
                terms.quality * appraisal.quality[good]
                + terms.brand * appraisal.brand[good]
                - terms.price * box_cox(price / goods.elsewhere[good], terms.curvature)
                - price / terms.budget_fen
                - friction
            )
            appraisal.appeal[good] = showcase_score(price, cps, utility, bonus)


@step
def box_cox(ratio, curvature):
    """B(x) of a price over the price elsewhere."""
    term = price_term(np.float32(math.log(ratio)), np.float32(curvature))
    return term if curvature == 0.0 else (term - 1.0) / curvature


@stage
def look_around(first, anchors, goods, terms, stream, candidates):
    """Draw the lasting candidates of every 7th anchor from `first` on, and its taste for them."""
    for m in range(first, anchors.guests_from, DAYS_A_WEEK):
        good, taste = candidates.good[m], candidates.taste[m]
        draw_goods(LASTING, 0, m, anchors.category[m], goods, terms, stream, candidates.main, good)
        draw_tastes(m, LASTING.size, good, terms.spread, stream, taste)


@stage
def select(first, week, shop, anchors, sellers, goods, terms, levers, stream, appeal, candidates):
    """Refill the showcases of every 7th anchor from `first` on.

    Candidates are drawn by hash of (anchor, place, week): who else joined does not move
    them. The best by score stay; an own supplier's goods need no library.
    """
    fresh, main = candidates.fresh_good, candidates.main
    for m in range(first, anchors.guests_from, DAYS_A_WEEK):
        draw_goods(FRESH, week, m, anchors.category[m], goods, terms, stream, main, fresh)
        draw_tastes(m, FRESH.size, fresh, terms.spread, stream, candidates.fresh_taste)
        open_library(m, stream, levers.library_open[anchors.tier[m]], candidates.open)
        n = list_own(
            m, anchors.own_supplier[m], goods.first_good, terms.spread, stream, appeal, candidates
        )
        n = list_candidates(n, m, appeal, candidates)
        shop.shown[m] = keep_best(n, candidates, shop.good[m])
        for j in range(shop.shown[m]):
            good = shop.good[m, j]
            links_out = sellers.listing[goods.supplier[good]] != IN_SHOP
            fill_place(shop, m, j, good, links_out, goods, terms)


@stage
def draw_goods(places, turn, anchor, category, goods, terms, stream, main, good):
    """Draw the goods at some of a candidate's places: of the main category, or of all."""
    everything = goods.by_category.size
    first, last = goods.category_start[category], goods.category_start[category + 1]
    for k in range(places.size):
        main[k] = uniform64(stream, anchor, 4 * places[k] + 1) < terms.main_share
    for k in range(places.size):
        u = uniform64(stream, anchor, 4 * places[k] + 2 + 1024 * turn)
        of_main = np.int64(u * (last - first)) + first
        good[k] = min(of_main if main[k] else np.int64(u * everything), everything - 1)
    for k in range(places.size):
        good[k] = goods.by_category[good[k]]


@stage
def draw_tastes(anchor, n, good, spread, stream, taste):
    """An anchor's lasting taste for each of `n` goods; no candidate draws 7 + 64 k."""
    for k in range(n):
        taste[k] = uniform64(stream, anchor, 7 + 64 * good[k])
    for k in range(n):
        taste[k] = spread * gumbel(taste[k])


@stage
def open_library(anchor, stream, openness, is_open):
    """Draw whether the library shows a candidate."""
    for c in range(CANDIDATES):
        is_open[c] = uniform64(stream, anchor, 4 * c) < openness


@stage
def list_own(anchor, supplier, first_good, spread, stream, appeal, candidates):
    """List the goods of the anchor's own supplier that may be shown; returns how many."""
    n = 0
    if supplier == NO_SUPPLIER:
        return n
    for good in range(first_good[supplier], first_good[supplier + 1]):
        candidates.listed[n] = good
        n += np.int64(appeal[good] > -np.inf)
    draw_tastes(anchor, n, candidates.listed, spread, stream, candidates.score)
    for k in range(n):
        candidates.score[k] += appeal[candidates.listed[k]]
    return n


@stage
def list_candidates(n, anchor, appeal, candidates):
    """Add the candidates that may be shown to the list; returns its length."""
    for k in range(FRESH.size):
        good, taste = candidates.fresh_good[k], candidates.fresh_taste[k]
        n = list_candidate(n, candidates.open[FRESH[k]], good, taste, appeal, candidates)
        for j in range(2 * k, 2 * k + 2):
            good, taste = candidates.good[anchor, j], candidates.taste[anchor, j]
            n = list_candidate(n, candidates.open[LASTING[j]], good, taste, appeal, candidates)
    return n


@step
def list_candidate(n, is_open, good, taste, appeal, candidates):
    """Write a good and its score where the list ends, which grows if it may be shown."""
    candidates.listed[n] = good
    candidates.score[n] = appeal[good] + taste
    return n + np.int64(is_open & (appeal[good] > -np.inf))


@stage
def keep_best(n, candidates, shown):
    """Put the listed goods with the highest scores into `shown`; returns how many they are."""
    filled, place, bar = 0, 0, -np.inf
    for k in range(n):
        good, score = candidates.listed[k], candidates.score[k]
        if score <= bar or stands(good, shown, filled):
            continue
        if filled < shown.size:
            place = filled
            filled += 1
        shown[place], candidates.standing[place] = good, score
        if filled == shown.size:
            place = weakest(candidates.standing)
            bar = candidates.standing[place]
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
