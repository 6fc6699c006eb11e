"""Steps 5-7, slot by slot: traffic, sessions, settlement.

Within a slot shared state is frozen: decide (every session), count (claims and wishes),
settle. What runs out is rationed between counting and settling; see `settlement.ration`. What is
counted is added up over threads, and over the shards of the market where there are several; see
`exchange`.
"""

import numpy as np
from numpy.typing import NDArray

from engine.market.exchange import Exchange
from engine.market.pacing.controls import DayControls
from engine.market.plan import DayLevers
from engine.market.scratch import Scratch
from engine.market.sessions.decide import decide
from engine.market.sessions.opening import open_slot
from engine.market.settlement.ration import Wishes, ration
from engine.market.settlement.settle import settle
from engine.market.state import State
from engine.market.streams import StreamTable
from engine.market.totals import SlotTotals, merge_into
from engine.market.traffic.feed import guests_shares
from engine.market.world import World


def run_slot(
    world: World,
    state: State,
    scratch: Scratch,
    today: tuple[DayLevers, DayControls],
    purse: tuple[int, int],
    slot: int,
) -> tuple[SlotTotals, int]:
    """Run one slot within `purse` (own, partner; sample fen), for `book_slot` to book.

    Returns what it added up, and what was claimed of the platform's own purse, sample fen.
    """
    open_traffic(world, scratch, *today, slot)
    hold_sessions(scratch)
    wishes, claimed, fill = ration(world, state, scratch, purse)
    settle_looks(scratch)
    totals = gather(scratch, wishes)
    if fill is not None:
        scale_expected(scratch.streams, totals, fill)
    return totals, claimed


def open_traffic(
    world: World,
    scratch: Scratch,
    levers: DayLevers,
    controls: DayControls,
    slot: int,
) -> None:
    """Step 5: draw who is live, build the feed, and state what all buyers share."""
    sealed, guests = scratch.sealed, guests_shares(world, levers.day, slot)
    levels = controls.visit_level, controls.rival, controls.shock, controls.reach
    open_slot((sealed.context,), sealed.market, scratch.seal(levers), slot, levels, guests)


def hold_sessions(scratch: Scratch) -> None:
    """Step 6: decide every session of every buyer."""
    sealed = scratch.sealed

    def task(thread: int, block: int) -> None:
        scratch.looks_count[block] = decide(
            *scratch.bounds[block : block + 2],
            sealed.buyers,
            sealed.market,
            sealed.context,
            sealed.slot_totals[thread],
            scratch.looks[block],
            sealed.batches[thread],
        )

    scratch.threads.each(scratch.looks_count.size, task)


def settle_looks(scratch: Scratch) -> None:
    """Step 7: settle orders, returns and buyers' learning."""
    sealed = scratch.sealed

    def task(thread: int, block: int) -> None:
        settle(
            sealed.buyers,
            sealed.market,
            sealed.context,
            sealed.slot_totals[thread],
            scratch.looks[block],
            scratch.looks_count[block],
            sealed.batches[thread],
        )

    scratch.threads.each(scratch.looks_count.size, task)


def gather(scratch: Scratch, wishes: Wishes) -> SlotTotals:
    """The threads' and shards' totals merged into those of the first; who called empties them."""
    first, *others = scratch.sealed.slot_totals
    for totals in others:
        merge_into(totals, first)
    if scratch.exchange.count > 1:
        _gather_shards(scratch.slot_totals[0], wishes, scratch.exchange)
    return scratch.slot_totals[0]


def _gather_shards(totals: SlotTotals, wishes: Wishes, exchange: Exchange) -> None:
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


def scale_expected(streams: StreamTable, totals: SlotTotals, fill: NDArray[np.float64]) -> None:
    """Expected sales of a short supplier are those its stock allowed.

    `fill` the share of the wishes that each supplier's stock fills, float64 (suppliers,).
    """
    factor = fill[streams.supplier]
    before = (totals.expected * streams.price).sum(axis=1)
    totals.expected[:] = (totals.expected * factor).astype(np.int64)
    after = (totals.expected * streams.price).sum(axis=1)
    share = after / np.maximum(before, 1)
    totals.expected_paid[:] = (totals.expected_paid * share).astype(np.int64)
