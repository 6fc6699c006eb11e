"""Showcases: which goods an anchor shows, chosen weekly (M5)."""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from engine.jit import kernel, seal, stage, step
from engine.market.state import State
from engine.market.streams import StreamTable
from engine.market.terms import ShowcaseTerms
from engine.market.world import World
from engine.population.anchors import NO_SUPPLIER, Anchors
from engine.population.suppliers import Goods
from engine.rng import uniform64
from engine.rules.closed_loop import IN_SHOP
from engine.rules.fastmath import log32
from engine.rules.selection import above_zero, exponential

_CANDIDATES = 96
"""Goods of the library that an anchor looks through."""

_CHANGING = 3
_FRESH = np.arange(0, _CANDIDATES, _CHANGING)
_LASTING = np.array([c for c in range(_CANDIDATES) if c % _CHANGING])
_NUMBERS = np.concatenate([_FRESH, _LASTING])
"""Every third candidate changes from week to week, the others stay all year; the names of
their draws, in the order in which they are listed."""
_N_FRESH = _FRESH.size

_PLACE_BITS = 8
_MOST_LISTED = 1 << _PLACE_BITS
"""Candidates and own goods together."""

_STEPS, _HIGHEST = float(1 << 15), 250.0
_NO_RANK = np.int32(-(2**31))
"""What nobody may show."""
_ABOVE_RANKS = np.int32(2**31 - 1)
_RUN = 64
"""Ranks that the compiler compares at once: a list ends with a whole run of them."""

DAYS_A_WEEK = 7
_BLOCK = 32
"""Anchors whose fresh candidates are drawn together: long loops, which stay cached."""
_Floats = NDArray[np.float64]


class Candidates(NamedTuple):
    """What anchors choose from, and room for one choice.

    All is drawn in `stream`. By weekday and anchor (m % 7, m // 7), so that a day's rows lie
    together, and listed good, first the fresh candidates of the library, then the lasting ones,
    then the own supplier's goods, of which there are `own_count` by anchor: the `good` and the
    anchor's `taste` for it, a standard Gumbel shock. What lasts is drawn once, since a year looks
    at it fifty times; so is by anchor and fresh candidate whether it is of the `main` category.
    Room: of one list, `score` and `rank`; of a block of anchors (block, fresh), their fresh goods
    and tastes (`block_good`, `block_taste`); of as many goods, the uniform `draw` of what a taste
    is made of, and `waited` = -ln of it.
    """

    stream: np.uint64
    good: NDArray[np.uint32]
    taste: NDArray[np.float32]
    own_count: NDArray[np.int64]
    main: NDArray[np.bool_]
    score: _Floats
    rank: NDArray[np.int32]
    block_good: NDArray[np.uint32]
    block_taste: NDArray[np.float32]
    draw: _Floats
    waited: NDArray[np.float32]

    @classmethod
    def drawn(cls, anchors: Anchors, goods: Goods, terms: ShowcaseTerms, stream: np.uint64) -> Self:
        """What lasts of everybody's choice, drawn in `stream`; nobody has chosen yet."""
        listed = _CANDIDATES + int(np.diff(goods.first_good).max())
        most = max(listed, _BLOCK * _N_FRESH)
        rows = DAYS_A_WEEK, -(-anchors.fans.size // DAYS_A_WEEK)
        made = cls(
            stream=stream,
            good=np.zeros((*rows, listed), np.uint32),
            taste=np.zeros((*rows, listed), np.float32),
            own_count=np.zeros(rows, np.int64),
            main=np.zeros((*rows, _N_FRESH), np.bool_),
            score=np.zeros(listed),
            rank=np.zeros(-(-listed // _RUN) * _RUN, np.int32),
            block_good=np.zeros((_BLOCK, _N_FRESH), np.uint32),
            block_taste=np.zeros((_BLOCK, _N_FRESH), np.float32),
            draw=np.zeros(most),
            waited=np.zeros(most, np.float32),
        )
        _draw_candidates(seal(anchors), seal(goods), seal(terms), seal(made))
        return made


@kernel
def _draw_candidates(anchors, goods, terms, candidates):
    """Draw what lasts of every anchor's candidates, and its taste for them, into `candidates`.

    They are a function of the anchor's name in the stream: drawn again, they are the same.
    """
    library = (goods.by_category, goods.category_start, terms.main_share)
    stream = candidates.stream
    for m in range(anchors.guests_from):
        row = m % DAYS_A_WEEK, m // DAYS_A_WEEK
        good, taste = candidates.good[row], candidates.taste[row]
        lasting = good[_N_FRESH:_CANDIDATES]
        _draw_lasting(m, anchors.category[m], library, stream, candidates.main[row], lasting)
        end, own = _CANDIDATES, anchors.own_supplier[m]
        if own != NO_SUPPLIER:
            for g in range(goods.first_good[own], goods.first_good[own + 1]):
                good[end] = g
                end += 1
        candidates.own_count[row] = end - _CANDIDATES
        _draw_tastes(m, good[_N_FRESH:end], end - _N_FRESH, taste[_N_FRESH:end], candidates)


@step
def refill(market, levers):
    """Refill a seventh of the showcases: all of them on the first day.

    By the appeal of goods. Writes showcases through the streams, and of `candidates` what does not
    last; they name the dtypes.
    """
    week = levers.day // DAYS_A_WEEK
    for first in range(DAYS_A_WEEK):
        if levers.day == 0 or first == levers.day % DAYS_A_WEEK:
            _select(
                first,
                week,
                market.streams,
                market.anchors,
                market.sellers,
                market.goods,
                market.selection,
                levers,
                market.appraisal.appeal,
                market.candidates,
            )


@stage
def _select(first, week, streams, anchors, sellers, goods, terms, levers, appeal, candidates):
    """Refill the showcases of every 7th anchor from `first` on.

    Candidates are drawn by hash of (anchor, place, week): who else joined does not move
    them. The best by score stay; an own supplier's goods need no library.
    """
    block = DAYS_A_WEEK * _BLOCK
    for start in range(first, anchors.guests_from, block):
        end = min(start + block, anchors.guests_from)
        _draw_block(start, end, week, anchors, goods, candidates)
        for m in range(start, end, DAYS_A_WEEK):
            row = first, m // DAYS_A_WEEK
            good, rank = candidates.good[row], candidates.rank
            listed = _CANDIDATES + candidates.own_count[row]
            taste = candidates.taste[row][:listed]
            _rank_goods(good[:listed], taste, terms.spread, appeal, candidates.score, rank)
            openness, shown = levers.library_open[anchors.tier[m]], streams.good[m]
            streams.shown[m] = _show_best(m, openness, candidates.stream, good, rank, shown)
            for j in range(streams.shown[m]):
                links_out = sellers.listing[goods.supplier[shown[j]]] != IN_SHOP
                _fill_place(streams, m, j, shown[j], links_out, goods)


@stage
def _draw_block(start, end, week, anchors, goods, candidates):
    """Draw the week's fresh candidates, and the tastes for them, of every 7th anchor to `end`."""
    library = (goods.by_category, goods.category_start)
    rows = 0
    for m in range(start, end, DAYS_A_WEEK):
        main = candidates.main[m % DAYS_A_WEEK, m // DAYS_A_WEEK]
        fresh = candidates.block_good[rows]
        _draw_fresh(week, m, anchors.category[m], library, candidates.stream, main, fresh)
        rows += 1
    good = candidates.block_good[:rows].reshape(-1)
    taste = candidates.block_taste[:rows].reshape(-1)
    _draw_tastes(start, good, candidates.block_good.shape[1], taste, candidates)
    day, first = start % DAYS_A_WEEK, start // DAYS_A_WEEK
    for row in range(rows):
        for k in range(_N_FRESH):
            candidates.good[day, first + row, k] = candidates.block_good[row, k]
            candidates.taste[day, first + row, k] = candidates.block_taste[row, k]


@stage
def _draw_lasting(anchor, category, library, stream, main, good):
    """Draw the lasting candidates, and which of the fresh ones are of the main category."""
    by_category, category_start, main_share = library
    first, last = category_start[category], category_start[category + 1]
    for k in range(_LASTING.size):
        of_main = uniform64(stream, anchor, 4 * _LASTING[k] + 1) < main_share
        u = uniform64(stream, anchor, 4 * _LASTING[k] + 2)
        good[k] = by_category[_place_of(u, of_main, first, last, by_category.size)]
    for k in range(_N_FRESH):
        main[k] = uniform64(stream, anchor, 4 * _FRESH[k] + 1) < main_share


@stage
def _draw_fresh(week, anchor, category, library, stream, main, good):
    """Draw the week's fresh candidates: of the main category, or of all."""
    by_category, category_start = library
    first, last = category_start[category], category_start[category + 1]
    for k in range(_N_FRESH):
        u = uniform64(stream, anchor, 4 * _CHANGING * k + 2 + 1024 * week)
        good[k] = _place_of(u, main[k], first, last, by_category.size)
    for k in range(_N_FRESH):
        good[k] = by_category[good[k]]


@step
def _place_of(u, of_main, first, last, everything):
    """The place of a candidate in the list of goods by category, of a uniform draw."""
    start = first if of_main else 0
    count = last - first if of_main else everything
    return np.uint32(min(np.int64(u * count) + start, everything - 1))


@stage
def _draw_tastes(first, good, width, taste, candidates):
    """Anchors' lasting tastes for goods: `width` of anchor `first`, as many of every 7th after it.

    No candidate draws 7 + 64 k. A loop for each width of numbers: then many are drawn at once.
    """
    stream, draw, waited = candidates.stream, candidates.draw, candidates.waited
    for row in range(good.size // width):
        anchor = first + DAYS_A_WEEK * row
        for k in range(row * width, (row + 1) * width):
            draw[k] = uniform64(stream, anchor, _TASTE + np.uint64(64) * np.uint64(good[k]))
    for k in range(good.size):
        waited[k] = np.float32(above_zero(draw[k]))
    for k in range(good.size):
        waited[k] = -log32(waited[k])
    for k in range(good.size):
        taste[k] = exponential(draw[k], waited[k])
    for k in range(good.size):
        taste[k] = -log32(taste[k])


_TASTE = np.uint64(7)


@stage
def _rank_goods(good, taste, spread, appeal, score, rank):
    """Rank the listed goods: a score in steps of 2^-15 and, below it, the place.

    Of equals the earlier ranks higher. Whole numbers, since the compiler finds the largest of
    them by vectors.
    """
    for k in range(good.size):
        score[k] = appeal[good[k]] + spread * np.float64(taste[k])
    for k in range(good.size):
        steps = np.int32(min(max(score[k], -_HIGHEST), _HIGHEST) * _STEPS)
        ranked = (steps << _PLACE_BITS) + np.int32(_MOST_LISTED - 1 - k)
        rank[k] = np.int32(ranked if score[k] > -_HIGHEST else _NO_RANK)
    rank[good.size :] = _NO_RANK


@stage
def _show_best(anchor, openness, stream, listed, rank, shown):
    """Put the highest ranks into `shown`, best first; returns how many they are.

    No two ranks are equal. Whether the library is open for a candidate is drawn only when its turn
    has come.
    """
    filled, last = 0, _ABOVE_RANKS
    while filled < shown.size:
        best = _NO_RANK
        for k in range(rank.size):
            best = max(best, rank[k] if rank[k] < last else _NO_RANK)
        if best == _NO_RANK:
            break
        last = best
        place = _MOST_LISTED - 1 - (best & (_MOST_LISTED - 1))
        is_open = place >= _CANDIDATES or uniform64(stream, anchor, 4 * _NUMBERS[place]) < openness
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
def _fill_place(streams, anchor, place, good, links_out, goods):
    """Write what does not change while the good stands there."""
    streams.good[anchor, place] = good
    streams.supplier[anchor, place] = goods.supplier[good]
    streams.kind[anchor, place] = goods.kind[good]
    streams.good_category[anchor, place] = goods.category[good]
    streams.elsewhere[anchor, place] = goods.elsewhere[good]
    streams.links_out[anchor, place] = links_out


def stage_guests(world: World, state: State, streams: StreamTable, day: int) -> None:
    """Fill the showcases of the guests of `day`, and empty those of all others."""
    state.showcases.shown[world.anchors.guests_from :] = 0
    for number, on in enumerate(world.trial_days):
        if on == day:
            _stage(world, streams, number)
            trial = world.scenario.calendar.trial_streams[number]
            streams.attention[world.anchors.guests_from + number] = np.float32(trial.attention)


def _stage(world: World, streams: StreamTable, number: int) -> None:
    """Fill one guest's showcase with what it brought."""
    guest = world.anchors.guests_from + number
    supplier = world.suppliers.guests_from + number
    first, last = world.goods.first_good[supplier : supplier + 2]
    _fill_showcase(streams, guest, first, last, world.goods)


@kernel
def _fill_showcase(streams, anchor, first, last, goods):
    """Show the goods `first` to `last` - 1 (int64) in the shop, place by place."""
    for good in range(first, last):
        _fill_place(streams, anchor, good - first, good, False, goods)
    streams.shown[anchor] = last - first
