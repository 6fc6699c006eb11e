"""Step 7, what runs out within a slot: who goes without (exactly, whatever the order of buyers).

Coupons: buyers stand in hash buckets of (seed, buyer, day, slot). The claims on a purse are
counted by bucket; the longest run of buckets that it can pay keeps its coupons, the rest
decide again without (`sessions.decide.withdraw`). First the partner's purse, whose shortage takes
the coupons on its goods alone, then the platform's, whose shortage takes all. Taking a
coupon away never raises another bucket's claim, so one pass each is exact.

Stock: wishes are counted by supplier. Where they exceed the stock, a lottery over the buyers of
all shards tells who buys nothing. Each wish has a lot, 64 random bits of (seed, buyer, day, slot,
session). Of a supplier with k units the k least lots win, equal ones in the order of buyers. No
shard sees the others' wishes: lots are told apart digit by digit of eight bits, the highest first.
With n(d) undecided wishes of digit d over all shards and k units left,

    c = the first digit with n(0) + ... + n(c) > k:  digits below c win, above c lose,

and those of digit c are undecided, for k - n(0) - ... - n(c - 1) units. Once nothing is left
the undecided lose. After as many digits as tell the wishes apart, two or three, all is decided.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.accounts import Count
from engine.jit import kernel, stage
from engine.market.exchange import Exchange, Ints
from engine.market.scratch import Scratch
from engine.market.sessions.context import LOST
from engine.market.sessions.decide import withdraw
from engine.market.showcase.pricing import price_without_partner
from engine.market.state import State
from engine.market.streams import index_of
from engine.market.totals import N_BUCKETS, OWN, PARTNER
from engine.market.world import World
from engine.rng import bits

_STOCK_OUTS = int(Count.STOCK_OUTS)
_BITS, _LOT_BITS, _SHARD_BITS = 8, 64, 16
_DIGITS = 1 << _BITS


class Wishes(NamedTuple):
    """What all buyers of the market have decided, int64, as in `SlotTotals`; not to be written to.

    `claims` (purse, bucket) fen, `demand` by supplier, `visits` by anchor.
    """

    claims: NDArray[np.int64]
    demand: NDArray[np.int64]
    visits: NDArray[np.int64]


class _Shortages(NamedTuple):
    """What of the buyers' wishes cannot be had.

    `partner_cut` and `own_cut`: how many leading buckets each purse can pay, `N_BUCKETS` where it
    pays all; `claimed` from the platform's own purse, sample fen; whether a supplier's stock is
    short (`of_stock`).
    """

    partner_cut: int
    own_cut: int
    claimed: int
    of_stock: bool


def ration(
    world: World, state: State, scratch: Scratch, purse: tuple[int, int]
) -> tuple[Wishes, int, NDArray[np.float64] | None]:
    """What runs out is shared out: the purses, then the stock.

    Where a purse is short, the buckets beyond the cut decide again without its coupons: first the
    partner's, then the platform's.

    Returns what is wished for after that; what was claimed from the platform's own purse before
    it ran short, fen; and by supplier the share of wishes that its stock fills, float64
    (suppliers,), None where all are.
    """
    wishes, short = _count_shortages(world, state, scratch, purse)
    if short.partner_cut < N_BUCKETS:
        price_without_partner(scratch.sealed.market)
        withdraw_coupons(scratch, short.partner_cut, partner_only=True)
        wishes, short = _count_shortages(world, state, scratch, purse)
    claimed = short.claimed
    if short.own_cut < N_BUCKETS:
        withdraw_coupons(scratch, short.own_cut, partner_only=False)
        wishes, short = _count_shortages(world, state, scratch, purse)
    fill = allot_stock(world, state, scratch, wishes) if short.of_stock else None
    return wishes, claimed, fill


def _count_wishes(scratch: Scratch) -> Wishes:
    """Add up what the buyers of all threads and shards have decided."""
    first, *others = scratch.slot_totals
    if not others and scratch.exchange.count == 1:
        return Wishes(first.claims, first.demand, first.visits)
    claims = np.asarray(sum((totals.claims for totals in others), first.claims))
    demand = np.asarray(sum((totals.demand for totals in others), first.demand))
    if scratch.exchange.count == 1:  # visits are merged with the rest
        return Wishes(claims, demand, first.visits)
    visits = np.asarray(sum((totals.visits for totals in others), first.visits))
    return Wishes(*scratch.exchange.total(claims, demand, visits))


def _count_shortages(
    world: World, state: State, scratch: Scratch, purse: tuple[int, int]
) -> tuple[Wishes, _Shortages]:
    """What all buyers have decided, and what of it cannot be had."""
    wishes = _count_wishes(scratch)
    found = shortages_of(wishes.claims, wishes.demand, state.sellers.stock, world.weight, *purse)
    return wishes, _Shortages(*found)


def withdraw_coupons(scratch: Scratch, cut: int, *, partner_only: bool) -> None:
    """Take coupons from all buckets from `cut` on."""
    sealed = scratch.sealed

    def task(thread: int, block: int) -> None:
        withdraw(
            cut,
            partner_only,
            sealed.buyers,
            sealed.market,
            sealed.context,
            sealed.slot_totals[thread],
            scratch.looks[block],
            scratch.looks_count[block],
            sealed.batches[thread],
        )

    scratch.threads.each(scratch.looks_count.size, task)


def allot_stock(
    world: World, state: State, scratch: Scratch, wishes: Wishes
) -> NDArray[np.float64]:
    """Hold a lottery per short supplier.

    Returns the share of the wishes that its stock fills, float64, (suppliers,).
    """
    demand = wishes.demand
    stock = (state.sellers.stock // world.weight).astype(np.int64)
    short = demand > stock
    suppliers, lots, blocks, positions = _gather_wishes(scratch, short)
    place = np.cumsum(short) - 1
    lost = _draw_losers(place[suppliers], lots, stock[short], scratch.exchange)
    for block in np.unique(blocks[lost]):
        chosen = positions[lost & (blocks == block)]
        _lose(scratch.looks[block], chosen, scratch.slot_totals[0].counts)
    return np.where(short, stock / np.maximum(demand, 1), 1.0)


def _gather_wishes(
    scratch: Scratch, short: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]:
    """(supplier, lot, block, position) of every look that wants a short supplier's good."""
    parts: list[tuple[Any, ...]] = []
    market, context = scratch.sealed.market, scratch.sealed.context
    for block, (looks, n) in enumerate(zip(scratch.looks, scratch.looks_count, strict=True)):
        suppliers, positions = np.empty(n, np.int64), np.empty(n, np.int64)
        lots = np.empty(n, np.uint64)
        found = _wishes_for(short, market, context, looks, n, suppliers, lots, positions)
        parts.append((suppliers[:found], lots[:found], np.full(found, block), positions[:found]))
    suppliers, lots, numbers, positions = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    return suppliers, lots, numbers, positions


@kernel
def shortages_of(claims, demand, stock, weight, own, partner):
    """The fields of `_Shortages`.

    `claims` int64 (purse, bucket) and the purses `own` and `partner` int64, sample fen; `demand`
    int64 by supplier; `stock` float64 by supplier, real units; `weight` int64.
    """
    partner_cut, _ = _affordable_buckets(claims[PARTNER], partner)
    own_cut, claimed = _affordable_buckets(claims[OWN], own)
    return partner_cut, own_cut, claimed, not _has_enough(demand, stock, weight)


@stage
def _affordable_buckets(claims, purse):
    """How many leading buckets a purse can pay, and what all buckets claim.

    `claims` int64 (N_BUCKETS,), `purse` int64, both sample fen; the results int64.
    """
    spent, claimed = 0, 0
    for bucket in range(N_BUCKETS):
        claimed += claims[bucket]
    if claimed <= purse:
        return N_BUCKETS, claimed
    for bucket in range(N_BUCKETS):
        spent += claims[bucket]
        if spent > purse:
            break
    return bucket, claimed


@stage
def _has_enough(demand, stock, weight):
    """Whether every supplier has what is wanted; `stock` in real units, `demand` in sample ones."""
    enough = True
    for s in range(demand.size):
        enough &= demand[s] * weight <= stock[s]
    return enough


@kernel
def _wishes_for(short, market, context, looks, n, suppliers, lots, positions):
    """Note each of `n` looks that wants a good of a `short` supplier; returns how many.

    Fills `suppliers`, `lots` (uint64, the lottery's order) and `positions` (of the look).

    `short` bool by supplier; `looks` records of `context.LOOK`; `suppliers` and `positions`
    int64 of length `n` at least.
    """
    streams, count = market.streams, 0
    for k in range(n):
        look = looks[k]
        if look.choice >= LOST:
            continue
        place = index_of(streams, look)
        supplier = streams.supplier.flat[place]
        if short[supplier] and not streams.links_out.flat[place]:
            suppliers[count] = supplier
            lots[count] = bits(context.stock, look.buyer, np.int64(look.session))
            positions[count] = k
            count += 1
    return count


@kernel
def _lose(looks, losers, counts):
    """Mark the looks at positions `losers` as having lost the lottery.

    `looks` records of `context.LOOK`, `losers` int64, `counts` int64 by `Count`.
    """
    for k in losers:
        looks[k].choice = np.uint8(LOST)
        counts[_STOCK_OUTS] += 1


def _draw_losers(
    supplier: Ints, lots: NDArray[np.uint64], stock: Ints, exchange: Exchange
) -> NDArray[np.bool_]:
    """Tell which of this shard's wishes the stock does not reach; bool, shape (wishes,).

    Parameters
    ----------
    supplier : int64 (wishes,), places in `stock`; wishes in the order of buyers.
    lots : uint64 (wishes,).
    stock : int64 (suppliers,), units of the simulated sample, fewer than wished for.
    exchange : to the other shards, who call this with the same `stock`.
    """
    left, lost = stock.copy(), np.zeros(supplier.size, np.bool_)
    undecided = np.arange(supplier.size)
    for digits in _digits(lots, exchange.number):
        mine, digit = supplier[undecided], digits[undecided]
        cut = _cut(mine, digit, left, exchange)
        lost[undecided[(digit > cut[mine]) | ((digit == cut[mine]) & (left[mine] == 0))]] = True
        undecided = undecided[(digit == cut[mine]) & (left[mine] > 0)]
        if not left.any():
            return lost
    # Equal lots, and all of them here: the first buyers win.
    mine = supplier[undecided]
    order = np.argsort(mine, kind="stable")
    ranked = mine[order]
    rank = np.arange(order.size) - np.searchsorted(ranked, ranked)
    lost[undecided[order[rank >= left[ranked]]]] = True
    return lost


def _digits(lots: NDArray[np.uint64], shard: int) -> Iterator[Ints]:
    """The digits of lots, the highest first; then, for equal lots, those of the shard."""
    for shift in range(_LOT_BITS - _BITS, -1, -_BITS):
        yield ((lots >> np.uint64(shift)) & np.uint64(_DIGITS - 1)).astype(np.int64)
    for shift in range(_SHARD_BITS - _BITS, -1, -_BITS):
        yield np.full(lots.size, (shard >> shift) & (_DIGITS - 1), np.int64)


def _cut(supplier: Ints, digit: Ints, left: Ints, exchange: Exchange) -> Ints:
    """The digit of each supplier that is undecided; takes from `left` who wins below it."""
    places = supplier * _DIGITS + digit
    own = np.bincount(places, minlength=left.size * _DIGITS).astype(np.int64, copy=False)
    (counts,) = exchange.total(own)
    running = counts.reshape(left.size, _DIGITS).cumsum(axis=1)
    cut: Ints = (running > left[:, None]).argmax(axis=1)
    below = running[np.arange(left.size), np.maximum(cut - 1, 0)]
    left -= np.where(cut > 0, below, 0)
    return cut
