"""Showcases: which goods an anchor shows, chosen weekly (M5)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.jit import kernel, stage, step
from engine.market.state import State
from engine.market.streams import StreamTable
from engine.market.world import World
from engine.population.anchors import NO_SUPPLIER
from engine.rng import uniform64
from engine.rules.closed_loop import IN_SHOP
from engine.rules.selection import gumbel

CANDIDATES = 96
"""Goods of the library that an anchor looks through."""

CHANGING = 3
FRESH = np.arange(0, CANDIDATES, CHANGING)
LASTING = np.array([c for c in range(CANDIDATES) if c % CHANGING])
NUMBERS = np.concatenate([FRESH, LASTING])
"""Every third candidate changes from week to week, the others stay all year; the names of
their draws, in the order in which they are listed."""

_PLACE_BITS = 8
MOST_LISTED = 1 << _PLACE_BITS
"""Candidates and own goods together."""

_STEPS, _HIGHEST = float(1 << 15), 250.0
NO_RANK = np.int32(-(2**31))
"""What nobody may show."""

DAYS_A_WEEK = 7
Floats = NDArray[np.float64]


class Candidates(NamedTuple):
    """What anchors choose from, and room for one choice.

    By anchor and lasting candidate: the `good` and the `taste` for it, drawn once, since a
    year looks at them fifty times. Room: good and taste of the week's `fresh` candidates
    and of the `own` supplier's; whether a candidate is of the anchor's `main` category; the
    `listed` goods, first the library's, and their `rank`.
    """

    good: NDArray[np.int32]
    taste: Floats
    fresh_good: NDArray[np.int32]
    fresh_taste: Floats
    own_good: NDArray[np.int32]
    own_taste: Floats
    main: NDArray[np.bool_]
    listed: NDArray[np.int32]
    rank: NDArray[np.int32]


def new_candidates(anchors: int, most_own: int) -> Candidates:
    """Nobody has looked around yet."""
    return Candidates(
        good=np.zeros((anchors, LASTING.size), np.int32),
        taste=np.zeros((anchors, LASTING.size)),
        fresh_good=np.zeros(FRESH.size, np.int32),
        fresh_taste=np.zeros(FRESH.size),
        own_good=np.zeros(most_own, np.int32),
        own_taste=np.zeros(most_own),
        main=np.zeros(LASTING.size, np.bool_),
        listed=np.zeros(CANDIDATES + most_own, np.int32),
        rank=np.zeros(CANDIDATES + most_own, np.int32),
    )


@kernel
def draw_candidates(anchors, goods, terms, stream, candidates):
    """Draw every anchor's lasting candidates, and its taste for them, into `candidates`.

    They are a function of the anchor's name in `stream` (uint64): drawn again, they are the same.
    """
    for first in range(DAYS_A_WEEK):
        _draw_lasting(first, anchors, goods, terms, stream, candidates)


@step
def refill(shop, anchors, sellers, goods, terms, levers, stream, day, appeal, candidates):
    """Refill a seventh of the showcases: all of them on the first day.

    `stream` uint64, `day` int64, `appeal` float64 by good. Writes showcases through `shop`;
    `candidates` is room.
    """
    week = day // DAYS_A_WEEK
    for first in range(DAYS_A_WEEK):
        if day == 0 or first == day % DAYS_A_WEEK:
            _select(
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


@stage
def _draw_lasting(first, anchors, goods, terms, stream, candidates):
    """Draw the lasting candidates of every 7th anchor from `first` on, and its taste for them."""
    library = (goods.by_category, goods.category_start, terms.main_share)
    for m in range(first, anchors.guests_from, DAYS_A_WEEK):
        good, taste = candidates.good[m], candidates.taste[m]
        _draw_goods(LASTING, 0, m, anchors.category[m], library, stream, candidates.main, good)
        _draw_tastes(m, good, terms.spread, stream, taste)


@stage
def _select(first, week, shop, anchors, sellers, goods, terms, levers, stream, appeal, candidates):
    """Refill the showcases of every 7th anchor from `first` on.

    Candidates are drawn by hash of (anchor, place, week): who else joined does not move
    them. The best by score stay; an own supplier's goods need no library.
    """
    library = (goods.by_category, goods.category_start, terms.main_share)
    good, taste, listed, rank = (
        candidates.fresh_good,
        candidates.fresh_taste,
        candidates.listed,
        candidates.rank,
    )
    for m in range(first, anchors.guests_from, DAYS_A_WEEK):
        _draw_goods(FRESH, week, m, anchors.category[m], library, stream, candidates.main, good)
        _draw_tastes(m, good, terms.spread, stream, taste)
        _rank_goods(0, good, taste, appeal, listed, rank)
        _rank_goods(good.size, candidates.good[m], candidates.taste[m], appeal, listed, rank)
        end, own = CANDIDATES, anchors.own_supplier[m]
        if own != NO_SUPPLIER:
            own_goods = (goods.first_good[own], goods.first_good[own + 1])
            end = _rank_own(m, own_goods, terms.spread, stream, appeal, candidates)
        openness, shown = levers.library_open[anchors.tier[m]], shop.good[m]
        shop.shown[m] = _show_best(m, openness, stream, listed[:end], rank[:end], shown)
        for j in range(shop.shown[m]):
            links_out = sellers.listing[goods.supplier[shown[j]]] != IN_SHOP
            _fill_place(shop, m, j, shown[j], links_out, goods, terms)


@stage
def _draw_goods(places, turn, anchor, category, library, stream, main, good):
    """Draw the goods at some of a candidate's places: of the main category, or of all."""
    by_category, category_start, main_share = library
    everything = by_category.size
    first, last = category_start[category], category_start[category + 1]
    for k in range(places.size):
        main[k] = uniform64(stream, anchor, 4 * places[k] + 1) < main_share
    for k in range(places.size):
        u = uniform64(stream, anchor, 4 * places[k] + 2 + 1024 * turn)
        of_main = np.int64(u * (last - first)) + first
        good[k] = min(of_main if main[k] else np.int64(u * everything), everything - 1)
    for k in range(places.size):
        good[k] = by_category[good[k]]


@stage
def _draw_tastes(anchor, good, spread, stream, taste):
    """An anchor's lasting taste for each good; no candidate draws 7 + 64 k."""
    for k in range(good.size):
        taste[k] = uniform64(stream, anchor, 7 + 64 * good[k])
    for k in range(good.size):
        taste[k] = spread * gumbel(taste[k])


@stage
def _rank_goods(first, good, taste, appeal, listed, rank):
    """List goods from place `first` on, and rank them."""
    for k in range(good.size):
        listed[first + k] = good[k]
        rank[first + k] = _rank_of(appeal[good[k]] + taste[k], first + k)


@step
def _rank_own(anchor, own_goods, spread, stream, appeal, candidates):
    """List and rank the own supplier's goods behind the library's; returns the list's end."""
    first, last = own_goods
    good, taste = candidates.own_good[: last - first], candidates.own_taste[: last - first]
    for k in range(good.size):
        good[k] = first + k
    _draw_tastes(anchor, good, spread, stream, taste)
    _rank_goods(CANDIDATES, good, taste, appeal, candidates.listed, candidates.rank)
    return CANDIDATES + good.size


@step
def _rank_of(score, place):
    """A score in steps of 2^-15 and, below it, the place: of equals the earlier ranks higher.

    Whole numbers, since the compiler finds the largest of them by vectors.
    """
    steps = np.int32(min(max(score, -_HIGHEST), _HIGHEST) * _STEPS)
    rank = (steps << _PLACE_BITS) + np.int32(MOST_LISTED - 1 - place)
    return np.int32(rank if score > -_HIGHEST else NO_RANK)


@stage
def _show_best(anchor, openness, stream, listed, rank, shown):
    """Put the highest ranks into `shown`, best first; returns how many they are.

    Whether the library is open for a candidate is drawn only when its turn has come.
    """
    filled = 0
    while filled < shown.size:
        best = NO_RANK
        for k in range(rank.size):
            best = max(best, rank[k])
        if best == NO_RANK:
            break
        place = MOST_LISTED - 1 - (best & (MOST_LISTED - 1))
        rank[place] = NO_RANK
        is_open = place >= CANDIDATES or uniform64(stream, anchor, 4 * NUMBERS[place]) < openness
        if is_open and not _is_shown(listed[place], shown, filled):
            shown[filled] = listed[place]
            filled += 1
    return filled


@step
def _is_shown(good, shown, filled):
    """Whether a good is shown already."""
    found = False
    for j in range(filled):
        found |= shown[j] == good
    return found


@step
def _fill_place(shop, anchor, place, good, links_out, goods, terms):
    """Write what does not change while the good stands there."""
    shop.good[anchor, place] = good
    shop.supplier[anchor, place] = goods.supplier[good]
    shop.kind[anchor, place] = goods.kind[good]
    shop.good_category[anchor, place] = goods.category[good]
    shop.elsewhere[anchor, place] = goods.elsewhere[good]
    shop.links_out[anchor, place] = links_out
    shop.own_utility[anchor, place] = np.float32(-terms.friction if links_out else 0.0)


def stage_guests(world: World, state: State, shop: StreamTable, day: int) -> None:
    """Fill the showcases of the guests of `day`, and empty those of all others."""
    today = world.date_of(day)
    for number, trial in enumerate(world.scenario.calendar.trial_streams):
        guest = world.anchors.guests_from + number
        state.showcases.shown[guest] = 0
        if trial.day == today:
            _stage(world, shop, number)
            shop.attention[guest] = np.float32(trial.attention)


def _stage(world: World, shop: StreamTable, number: int) -> None:
    """Fill one guest's showcase with what it brought."""
    guest = world.anchors.guests_from + number
    supplier = world.suppliers.guests_from + number
    first, last = world.goods.first_good[supplier : supplier + 2]
    for place, good in enumerate(range(first, last)):
        _fill_place(shop, guest, place, good, False, world.goods, world.selection)
    shop.shown[guest] = last - first
