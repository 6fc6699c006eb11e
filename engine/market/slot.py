"""Steps 5-7, slot by slot: traffic, sessions, settlement.

Within a slot shared state is frozen: decide (every session), count (claims and wishes),
settle. What runs out is rationed between counting and settling; see `ration`.
"""

import numpy as np
from numpy.typing import NDArray

from engine.market.calendar.events import book_guests
from engine.market.ledger.totals import pour
from engine.market.market import Market
from engine.market.pacing.controls import Pace
from engine.market.plan import Levers
from engine.market.sessions.decide import decide, most_sessions, withdraw
from engine.market.settlement.ration import affordable_buckets, has_enough, lose, wishes_for
from engine.market.settlement.settle import settle
from engine.market.showcase.pricing import price_without_partner
from engine.market.tables import GONE, N_BUCKETS, OWN, PARTNER, Count, Moment, Tally
from engine.market.traffic.feed import draw_from, go_on_air
from engine.rng import Purpose, extend, key
from engine.rules.routing import family_passes, public_odds


def run_slot(market: Market, pace: Pace, purse: tuple[int, int], day: int, slot: int) -> Tally:
    """Run one slot within `purse` (own, partner; sample fen); returns what it added up."""
    levers = market.days[day]
    direct_traffic(market, levers, day, slot)
    moment = moment_of(market, pace, levers, day, slot)
    hold_sessions(market, moment)
    claimed = refuse_coupons(market, moment, purse)
    fill = allot_stock(market, moment)
    settle_looks(market, moment)
    tally = gather(market)
    scale_expected(market, tally, fill)
    tally.counts[Count.CLAIMED_FEN] = claimed
    visits = tally.counts[Count.FEED_VISITS]
    tally.counts[Count.ADS_FEN] = int(visits * market.feed.ad_price[0])
    return tally


def direct_traffic(market: Market, levers: Levers, day: int, slot: int) -> None:
    """Step 5: draw who is live and build the feed."""
    airtime, feed = market.airtime, market.feed
    go_on_air(
        market.shop.presence,
        market.shop.shown,
        market.standing.margin,
        market.anchors.guests_from,
        levers,
        market.case.scenario.platform.ad_bid_share,
        key(market.case.luck_seed, Purpose.LIVE, day, slot),
        airtime,
        feed.ad_price,
    )
    book_guests(market, day, slot)
    draw_from(feed.weight, feed.table, airtime.weights, airtime.work, airtime.scaled)


def moment_of(market: Market, pace: Pace, levers: Levers, day: int, slot: int) -> Moment:
    """Name the slot's luck and state what all buyers share in it."""
    scenario, luck = market.case.scenario, market.luck
    extend(luck.streams, np.array([day, slot]), luck.keys)
    visit, route, look, choice, ration, stock, returned, follow = luck.keys
    f4, i8 = np.float32, np.int64
    return Moment(
        visit=visit,
        route=route,
        look=look,
        choice=choice,
        ration=ration,
        stock=stock,
        returned=returned,
        follow=follow,
        day=i8(day),
        month=i8(levers.month),
        month_start=i8(levers.month_start),
        most_sessions=i8(most_sessions(scenario.calendar.slot_share[slot])),
        visit_level=f4(pace.visit_level * scenario.calendar.slot_share[slot]),
        attention_level=f4(scenario.attention.base * levers.season * levers.festival_attention),
        outside_level=f4(scenario.choice.outside + pace.rival),
        public_odds=f4(public_odds(scenario.routing.public_pull, levers.public_share)),
        family_share=f4(family_passes(scenario.routing.family_share, levers.family_cap)),
        somebody_gone=np.bool_((market.shop.presence == GONE).any()),
        coupon_reach=i8(pace.reach),
        partner_share_bp=i8(levers.partner_share_bp),
        take_bp=market.take_bp,
        offer_bp=market.offer_bp,
    )


def hold_sessions(market: Market, moment: Moment) -> None:
    """Step 6: decide every session of every buyer."""

    def task(thread: int, block: int) -> None:
        first, last = market.blocks[block]
        market.looks_count[block] = decide(
            first,
            last,
            market.buyers,
            market.shop,
            market.feed,
            market.tastes,
            moment,
            market.tallies[thread],
            market.looks[block],
            market.strips[thread],
        )

    market.threads.each(len(market.blocks), task)


def claims_on(market: Market, purse: int) -> NDArray[np.int64]:
    """Coupons wished from one purse by all threads' buyers, by bucket, fen (not a copy)."""
    first, *others = (tally.claims[purse] for tally in market.tallies)
    return np.asarray(sum(others, first))


def refuse_coupons(market: Market, moment: Moment, purse: tuple[int, int]) -> int:
    """Where a purse is short, the buckets beyond the cut decide again without its coupons.

    Returns what was claimed from the platform's own purse before it ran short, fen.
    """
    cut = affordable_buckets(claims_on(market, PARTNER), purse[PARTNER])
    if cut < N_BUCKETS:
        price_without_partner(market.window)
        withdraw_from(market, moment, cut, partner_only=True)
    claims = claims_on(market, OWN)
    claimed, cut = int(claims.sum()), affordable_buckets(claims, purse[OWN])
    if cut < N_BUCKETS:
        withdraw_from(market, moment, cut, partner_only=False)
    return claimed


def withdraw_from(market: Market, moment: Moment, cut: int, *, partner_only: bool) -> None:
    """Take coupons from all buckets from `cut` on."""

    def task(thread: int, block: int) -> None:
        withdraw(
            cut,
            partner_only,
            market.buyers,
            market.shop,
            market.tastes,
            moment,
            market.tallies[thread],
            market.looks[block],
            market.looks_count[block],
            market.strips[thread],
        )

    market.threads.each(len(market.blocks), task)


def allot_stock(market: Market, moment: Moment) -> NDArray[np.float64]:
    """Hold a lottery per short supplier; returns by supplier the share of wishes filled."""
    first, *others = (tally.demand for tally in market.tallies)
    demand = sum(others, first)
    if has_enough(demand, market.sellers.stock, market.weight):
        return np.ones(demand.size)
    stock = (market.sellers.stock // market.weight).astype(np.int64)
    short = demand > stock
    suppliers, lots, blocks, positions = gather_wishes(market, moment, short)
    order = np.lexsort((positions, blocks, lots, suppliers))
    ranked = suppliers[order]
    rank = np.arange(order.size) - np.searchsorted(ranked, ranked)
    losers = order[rank >= stock[ranked]]
    for block in np.unique(blocks[losers]):
        chosen = positions[losers[blocks[losers] == block]]
        lose(market.looks[block], chosen, market.tallies[0].counts)
    return np.where(short, stock / np.maximum(demand, 1), 1.0)


def gather_wishes(
    market: Market, moment: Moment, short: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]:
    """(supplier, lot, block, position) of every look that wants a short supplier's good."""
    parts = []
    for block, (looks, n) in enumerate(zip(market.looks, market.looks_count, strict=True)):
        suppliers, positions = np.empty(n, np.int64), np.empty(n, np.int64)
        lots = np.empty(n, np.uint64)
        found = wishes_for(short, market.shop, looks, n, moment, suppliers, lots, positions)
        parts.append((suppliers[:found], lots[:found], np.full(found, block), positions[:found]))
    suppliers, lots, numbers, positions = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    return suppliers, lots, numbers, positions


def settle_looks(market: Market, moment: Moment) -> None:
    """Step 7: settle orders, returns and buyers' learning."""

    def task(thread: int, block: int) -> None:
        settle(
            market.buyers,
            market.shop,
            market.tastes,
            moment,
            market.tallies[thread],
            market.looks[block],
            market.looks_count[block],
            market.strips[thread],
        )

    market.threads.each(len(market.blocks), task)


def gather(market: Market) -> Tally:
    """The threads' tallies poured into the first; who called empties it for the next slot."""
    total, *others = market.tallies
    for tally in others:
        pour(tally, total)
    return total


def scale_expected(market: Market, tally: Tally, fill: NDArray[np.float64]) -> None:
    """Expected sales of a short supplier are those its stock allowed."""
    if (fill < 1.0).any():
        factor = fill[market.shop.supplier]
        before = (tally.expected * market.shop.price).sum(axis=1)
        tally.expected[:] = (tally.expected * factor).astype(np.int64)
        after = (tally.expected * market.shop.price).sum(axis=1)
        share = after / np.maximum(before, 1)
        tally.expected_paid[:] = (tally.expected_paid * share).astype(np.int64)
