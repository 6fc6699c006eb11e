"""Steps 5-7, slot by slot: traffic, sessions, settlement.

Within a slot shared state is frozen: decide (every session), count (claims and wishes),
settle. What runs out is rationed between counting and settling; see `ration`. What is counted is
added up over threads, and over the shards of the market where there are several; see `exchange`.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.accounts import Count
from engine.market.exchange import Exchange
from engine.market.pacing.controls import DayControls
from engine.market.plan import DayLevers
from engine.market.scratch import Scratch
from engine.market.sessions.decide import decide, withdraw
from engine.market.sessions.opening import open_slot
from engine.market.settlement.lottery import draw_losers
from engine.market.settlement.ration import Shortages, lose, shortages, wishes_for
from engine.market.settlement.settle import settle
from engine.market.showcase.pricing import price_without_partner
from engine.market.state import State
from engine.market.streams import StreamTable
from engine.market.totals import N_BUCKETS, SlotTotals, merge_into
from engine.market.traffic.feed import book_guests, guests_shares
from engine.market.world import World


def run_slot(
    world: World,
    state: State,
    scratch: Scratch,
    today: tuple[DayLevers, DayControls],
    purse: tuple[int, int],
    slot: int,
) -> SlotTotals:
    """Run one slot within `purse` (own, partner; sample fen); returns what it added up."""
    open_traffic(world, scratch, *today, slot)
    hold_sessions(scratch)
    wishes, claimed, fill = ration(world, state, scratch, purse)
    settle_looks(scratch)
    totals = gather(scratch, wishes)
    if fill is not None:
        _scale_expected(scratch.shop, totals, fill)
    totals.counts[Count.CLAIMED_FEN] = claimed
    visits = totals.counts[Count.FEED_VISITS]
    totals.counts[Count.ADS_FEN] = int(visits * scratch.feed.ad_price[0])
    return totals


def open_traffic(
    world: World,
    scratch: Scratch,
    levers: DayLevers,
    controls: DayControls,
    slot: int,
) -> None:
    """Step 5: draw who is live, build the feed, and state what all buyers share."""
    guests = guests_shares(world, levers.day, slot)
    if guests is None:
        _open_slot(world, scratch, levers, controls, slot, (True, True))
        return
    _open_slot(world, scratch, levers, controls, slot, (True, False))
    book_guests(world, scratch.shop, scratch.airtime, guests)
    _open_slot(world, scratch, levers, controls, slot, (False, True))


def _open_slot(
    world: World,
    scratch: Scratch,
    levers: DayLevers,
    controls: DayControls,
    slot: int,
    steps: tuple[bool, bool],
) -> None:
    """Take the `steps` of `open_slot`: draw who is live, build the feed."""
    sealed = scratch.sealed
    open_slot(
        *steps,
        (sealed.context,),
        sealed.shop,
        sealed.anchors,
        sealed.history,
        scratch.seal(levers),
        sealed.slots,
        world.take_bp,
        world.offer_bp,
        sealed.random_streams,
        slot,
        controls.visit_level,
        controls.rival,
        controls.shock,
        controls.reach,
        sealed.airtime,
        sealed.feed,
    )


def hold_sessions(scratch: Scratch) -> None:
    """Step 6: decide every session of every buyer."""
    sealed = scratch.sealed

    def task(thread: int, block: int) -> None:
        first, last = scratch.blocks[block]
        scratch.looks_count[block] = decide(
            first,
            last,
            sealed.buyers,
            sealed.shop,
            sealed.feed,
            sealed.tastes,
            sealed.context,
            sealed.slot_totals[thread],
            scratch.looks[block],
            sealed.batches[thread],
        )

    scratch.threads.each(len(scratch.blocks), task)


class _Wishes(NamedTuple):
    """What all buyers of the market have decided, int64, as in `SlotTotals`; not to be written to.

    `claims` (purse, bucket) fen, `demand` by supplier, `visits` by anchor.
    """

    claims: NDArray[np.int64]
    demand: NDArray[np.int64]
    visits: NDArray[np.int64]


def _count_wishes(scratch: Scratch) -> _Wishes:
    """Add up what the buyers of all threads and shards have decided."""
    first, *others = scratch.slot_totals
    claims = np.asarray(sum((totals.claims for totals in others), first.claims))
    demand = np.asarray(sum((totals.demand for totals in others), first.demand))
    if scratch.exchange.count == 1:  # visits are merged with the rest
        return _Wishes(claims, demand, first.visits)
    visits = np.asarray(sum((totals.visits for totals in others), first.visits))
    return _Wishes(*scratch.exchange.total(claims, demand, visits))


def ration(
    world: World, state: State, scratch: Scratch, purse: tuple[int, int]
) -> tuple[_Wishes, int, NDArray[np.float64] | None]:
    """What runs out is shared out: the purses, then the stock.

    Where a purse is short, the buckets beyond the cut decide again without its coupons: first the
    partner's, then the platform's.

    Returns what is wished for after that; what was claimed from the platform's own purse before
    it ran short, fen; and by supplier the share of wishes that its stock fills, float64
    (suppliers,), None where all are.
    """
    wishes, short = _count_shortages(world, state, scratch, purse)
    if short.partner_cut < N_BUCKETS:
        price_without_partner(scratch.sealed.window)
        withdraw_coupons(scratch, short.partner_cut, partner_only=True)
        wishes, short = _count_shortages(world, state, scratch, purse)
    claimed = short.claimed
    if short.own_cut < N_BUCKETS:
        withdraw_coupons(scratch, short.own_cut, partner_only=False)
        wishes, short = _count_shortages(world, state, scratch, purse)
    fill = _allot_stock(world, state, scratch, wishes) if short.of_stock else None
    return wishes, claimed, fill


def _count_shortages(
    world: World, state: State, scratch: Scratch, purse: tuple[int, int]
) -> tuple[_Wishes, Shortages]:
    """What all buyers have decided, and what of it cannot be had."""
    wishes = _count_wishes(scratch)
    found = shortages(wishes.claims, wishes.demand, state.sellers.stock, world.weight, *purse)
    return wishes, Shortages(*found)


def withdraw_coupons(scratch: Scratch, cut: int, *, partner_only: bool) -> None:
    """Take coupons from all buckets from `cut` on."""
    sealed = scratch.sealed

    def task(thread: int, block: int) -> None:
        withdraw(
            cut,
            partner_only,
            sealed.buyers,
            sealed.shop,
            sealed.tastes,
            sealed.context,
            sealed.slot_totals[thread],
            scratch.looks[block],
            scratch.looks_count[block],
            sealed.batches[thread],
        )

    scratch.threads.each(len(scratch.blocks), task)


def _allot_stock(
    world: World, state: State, scratch: Scratch, wishes: _Wishes
) -> NDArray[np.float64]:
    """Hold a lottery per short supplier; returns by supplier the share of wishes filled."""
    demand = wishes.demand
    stock = (state.sellers.stock // world.weight).astype(np.int64)
    short = demand > stock
    suppliers, lots, blocks, positions = _gather_wishes(scratch, short)
    place = np.cumsum(short) - 1
    lost = draw_losers(place[suppliers], lots, stock[short], scratch.exchange)
    for block in np.unique(blocks[lost]):
        chosen = positions[lost & (blocks == block)]
        lose(scratch.looks[block], chosen, scratch.slot_totals[0].counts)
    return np.where(short, stock / np.maximum(demand, 1), 1.0)


def _gather_wishes(
    scratch: Scratch, short: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]:
    """(supplier, lot, block, position) of every look that wants a short supplier's good."""
    parts: list[tuple[Any, ...]] = []
    shop, shared = scratch.sealed.shop, scratch.sealed.context
    for block, (looks, n) in enumerate(zip(scratch.looks, scratch.looks_count, strict=True)):
        suppliers, positions = np.empty(n, np.int64), np.empty(n, np.int64)
        lots = np.empty(n, np.uint64)
        found = wishes_for(short, shop, looks, n, shared, suppliers, lots, positions)
        parts.append((suppliers[:found], lots[:found], np.full(found, block), positions[:found]))
    suppliers, lots, numbers, positions = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    return suppliers, lots, numbers, positions


def settle_looks(scratch: Scratch) -> None:
    """Step 7: settle orders, returns and buyers' learning."""
    sealed = scratch.sealed

    def task(thread: int, block: int) -> None:
        settle(
            sealed.buyers,
            sealed.shop,
            sealed.tastes,
            sealed.context,
            sealed.slot_totals[thread],
            scratch.looks[block],
            scratch.looks_count[block],
            sealed.batches[thread],
        )

    scratch.threads.each(len(scratch.blocks), task)


def gather(scratch: Scratch, wishes: _Wishes) -> SlotTotals:
    """The threads' and shards' totals merged into those of the first; who called empties them."""
    first, *others = scratch.sealed.slot_totals
    for totals in others:
        merge_into(totals, first)
    if scratch.exchange.count > 1:
        _gather_shards(scratch.slot_totals[0], wishes, scratch.exchange)
    return scratch.slot_totals[0]


def _gather_shards(totals: SlotTotals, wishes: _Wishes, exchange: Exchange) -> None:
    """Make one shard's `totals` those of all: nobody but anchors with a visit has any."""
    visited = np.flatnonzero(wishes.visits)
    columns = (
        totals.looks,
        totals.expected,
        totals.expected_paid,
        totals.gmv,
        totals.commission,
        totals.offered,
        totals.follows,
    )
    ledger, counts, *rows = exchange.total(
        totals.ledger, totals.counts, *(column[visited] for column in columns)
    )
    totals.ledger[:], totals.counts[:] = ledger, counts
    for column, found in zip(columns, rows, strict=True):
        column[visited] = found
    totals.visits[:], totals.demand[:] = wishes.visits, wishes.demand


def _scale_expected(shop: StreamTable, totals: SlotTotals, fill: NDArray[np.float64]) -> None:
    """Expected sales of a short supplier are those its stock allowed."""
    factor = fill[shop.supplier]
    before = (totals.expected * shop.price).sum(axis=1)
    totals.expected[:] = (totals.expected * factor).astype(np.int64)
    after = (totals.expected * shop.price).sum(axis=1)
    share = after / np.maximum(before, 1)
    totals.expected_paid[:] = (totals.expected_paid * share).astype(np.int64)
