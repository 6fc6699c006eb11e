"""Steps 5-7, slot by slot: traffic, sessions, settlement.

Within a slot shared state is frozen: decide (every session), count (claims and wishes),
settle. What runs out is rationed between counting and settling; see `ration`. What is counted is
added up over threads, and over the shards of the market where there are several; see `exchange`.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.accounts import Count
from engine.market.calendar.shocks import demand_shock
from engine.market.exchange import Exchange
from engine.market.pacing.controls import DayControls
from engine.market.plan import DayLevers
from engine.market.scratch import Scratch
from engine.market.sessions.context import SlotContext
from engine.market.sessions.decide import decide, most_sessions, withdraw
from engine.market.settlement.lottery import draw_losers
from engine.market.settlement.ration import affordable_buckets, has_enough, lose, wishes_for
from engine.market.settlement.settle import settle
from engine.market.showcase.pricing import price_without_partner
from engine.market.state import State
from engine.market.streams import StreamTable
from engine.market.totals import N_BUCKETS, OWN, PARTNER, SlotTotals, merge_into
from engine.market.traffic.feed import book_guests, build_feed, draw_presence
from engine.market.world import World
from engine.rng import Purpose, extend, from_entity, key
from engine.rules.attention import variety
from engine.rules.routing import family_passes, public_odds


def run_slot(
    world: World,
    state: State,
    scratch: Scratch,
    today: tuple[DayLevers, DayControls],
    purse: tuple[int, int],
    slot: int,
) -> SlotTotals:
    """Run one slot within `purse` (own, partner; sample fen); returns what it added up."""
    levers, controls = today
    direct_traffic(world, state, scratch, levers, slot)
    context = slot_context(world, state, scratch, levers, controls, slot)
    hold_sessions(scratch, context)
    wishes, claimed = refuse_coupons(scratch, context, purse)
    fill = allot_stock(world, state, scratch, context, wishes)
    settle_looks(scratch, context)
    totals = gather(scratch, wishes)
    if fill is not None:
        _scale_expected(scratch.shop, totals, fill)
    totals.counts[Count.CLAIMED_FEN] = claimed
    visits = totals.counts[Count.FEED_VISITS]
    totals.counts[Count.ADS_FEN] = int(visits * scratch.feed.ad_price[0])
    return totals


def direct_traffic(
    world: World, state: State, scratch: Scratch, levers: DayLevers, slot: int
) -> None:
    """Step 5: draw who is live and build the feed."""
    sealed = scratch.sealed
    draw_presence(
        sealed.shop,
        sealed.anchors,
        state.anchors.margin,
        scratch.seal(levers),
        world.scenario.platform.ad_bid_share,
        key(state.run_seed, Purpose.LIVE, levers.day, slot),
        world.scenario.calendar.slot_share[slot],
        sealed.airtime,
        sealed.feed,
    )
    book_guests(world, scratch.shop, scratch.airtime, levers.day, slot)
    build_feed(scratch.shop.presence, world.anchors.stands_for, sealed.airtime, sealed.feed)


def slot_context(
    world: World,
    state: State,
    scratch: Scratch,
    levers: DayLevers,
    controls: DayControls,
    slot: int,
) -> SlotContext:
    """Name the slot's random streams and state what all buyers share in it."""
    scenario, random = world.scenario, scratch.random_streams
    random.numbers[:] = levers.day, slot
    extend(random.run_keys, random.numbers, random.slot_keys)
    random.slot_keys[:] += from_entity(0, state.first_buyer)
    visit, route, look, choice, ration, stock, returned, follow = random.slot_keys
    f4, i8 = np.float32, np.int64
    attention = scenario.attention.base * levers.season * levers.festival_attention
    attention *= demand_shock(scenario.shocks, state.run_seed, levers.day)
    return SlotContext(
        visit=visit,
        route=route,
        look=look,
        choice=choice,
        ration=ration,
        stock=stock,
        returned=returned,
        follow=follow,
        day=i8(levers.day),
        month_start=i8(levers.month_start),
        last_month_start=i8(levers.last_month_start),
        most_sessions=i8(most_sessions(scenario.calendar.slot_share[slot])),
        visit_level=f4(controls.visit_level * scenario.calendar.slot_share[slot]),
        attention_level=f4(attention),
        public_attention=f4(scenario.attention.public * _freshness(world, scratch)),
        outside_level=f4(scenario.choice.outside + controls.rival),
        public_odds=f4(public_odds(scenario.routing.public_pull, levers.public_share)),
        family_share=f4(family_passes(scenario.routing.family_share, levers.family_cap)),
        somebody_gone=np.bool_(scratch.feed.somebody_gone[0]),
        coupon_reach=i8(controls.reach),
        partner_share_bp=i8(levers.partner_share_bp),
        take_bp=world.take_bp,
        offer_bp=world.offer_bp,
    )


def _freshness(world: World, scratch: Scratch) -> float:
    """Factor on attention by how many streams the slot's feed shows (M20)."""
    wanted = world.scenario.attention.variety
    return float(variety(scratch.feed.collision[0], wanted)) if wanted else 1.0


def hold_sessions(scratch: Scratch, context: SlotContext) -> None:
    """Step 6: decide every session of every buyer."""
    sealed, shared = scratch.sealed, scratch.seal(context)

    def task(thread: int, block: int) -> None:
        first, last = scratch.blocks[block]
        scratch.looks_count[block] = decide(
            first,
            last,
            sealed.buyers,
            sealed.shop,
            sealed.feed,
            sealed.tastes,
            shared,
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


def count_wishes(scratch: Scratch) -> _Wishes:
    """Add up what the buyers of all threads and shards have decided."""
    first, *others = scratch.slot_totals
    claims = np.asarray(sum((totals.claims for totals in others), first.claims))
    demand = np.asarray(sum((totals.demand for totals in others), first.demand))
    if scratch.exchange.count == 1:  # visits are merged with the rest
        return _Wishes(claims, demand, first.visits)
    visits = np.asarray(sum((totals.visits for totals in others), first.visits))
    return _Wishes(*scratch.exchange.total(claims, demand, visits))


def refuse_coupons(
    scratch: Scratch, context: SlotContext, purse: tuple[int, int]
) -> tuple[_Wishes, int]:
    """Where a purse is short, the buckets beyond the cut decide again without its coupons.

    Returns what is wished for after that, and what was claimed from the platform's own purse
    before it ran short, fen.
    """
    wishes = count_wishes(scratch)
    cut, _ = affordable_buckets(wishes.claims[PARTNER], purse[PARTNER])
    if cut < N_BUCKETS:
        price_without_partner(scratch.sealed.window)
        withdraw_coupons(scratch, context, cut, partner_only=True)
        wishes = count_wishes(scratch)
    cut, claimed = affordable_buckets(wishes.claims[OWN], purse[OWN])
    if cut < N_BUCKETS:
        withdraw_coupons(scratch, context, cut, partner_only=False)
        wishes = count_wishes(scratch)
    return wishes, int(claimed)


def withdraw_coupons(
    scratch: Scratch, context: SlotContext, cut: int, *, partner_only: bool
) -> None:
    """Take coupons from all buckets from `cut` on."""
    sealed, shared = scratch.sealed, scratch.seal(context)

    def task(thread: int, block: int) -> None:
        withdraw(
            cut,
            partner_only,
            sealed.buyers,
            sealed.shop,
            sealed.tastes,
            shared,
            sealed.slot_totals[thread],
            scratch.looks[block],
            scratch.looks_count[block],
            sealed.batches[thread],
        )

    scratch.threads.each(len(scratch.blocks), task)


def allot_stock(
    world: World, state: State, scratch: Scratch, context: SlotContext, wishes: _Wishes
) -> NDArray[np.float64] | None:
    """Hold a lottery per short supplier; returns by supplier the share of wishes filled.

    None where every wish is.
    """
    demand = wishes.demand
    if has_enough(demand, state.sellers.stock, world.weight):
        return None
    stock = (state.sellers.stock // world.weight).astype(np.int64)
    short = demand > stock
    suppliers, lots, blocks, positions = _gather_wishes(scratch, context, short)
    place = np.cumsum(short) - 1
    lost = draw_losers(place[suppliers], lots, stock[short], scratch.exchange)
    for block in np.unique(blocks[lost]):
        chosen = positions[lost & (blocks == block)]
        lose(scratch.looks[block], chosen, scratch.slot_totals[0].counts)
    return np.where(short, stock / np.maximum(demand, 1), 1.0)


def _gather_wishes(
    scratch: Scratch, context: SlotContext, short: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]:
    """(supplier, lot, block, position) of every look that wants a short supplier's good."""
    parts: list[tuple[Any, ...]] = []
    shop, shared = scratch.sealed.shop, scratch.seal(context)
    for block, (looks, n) in enumerate(zip(scratch.looks, scratch.looks_count, strict=True)):
        suppliers, positions = np.empty(n, np.int64), np.empty(n, np.int64)
        lots = np.empty(n, np.uint64)
        found = wishes_for(short, shop, looks, n, shared, suppliers, lots, positions)
        parts.append((suppliers[:found], lots[:found], np.full(found, block), positions[:found]))
    suppliers, lots, numbers, positions = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    return suppliers, lots, numbers, positions


def settle_looks(scratch: Scratch, context: SlotContext) -> None:
    """Step 7: settle orders, returns and buyers' learning."""
    sealed, shared = scratch.sealed, scratch.seal(context)

    def task(thread: int, block: int) -> None:
        settle(
            sealed.buyers,
            sealed.shop,
            sealed.tastes,
            shared,
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
