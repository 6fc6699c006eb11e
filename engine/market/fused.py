"""The day of a market that one thread holds: its steps fused into few kernels.

The steps of `engine.market.day` are some twenty kernels a day, a few microseconds each in a small
market, and what Python does between them takes a tenth of such a day. Threads and shards have to
meet between the steps; where there are neither, three kernels do the same work, with the same bits:

    `_open_day`   steps 2 to 4
    `_sell_slot`  steps 6 and 7 of a slot, once step 5 has opened it
    `_close_day`  step 8, and how the day's sales spread over anchors

What is rare stays in Python: the lottery for stock, for which `_sell_slot` stops before it settles,
and is called again.
"""

from engine.jit import kernel, step, step_of
from engine.market.calendar.shocks import demand_shock
from engine.market.learning.learn import keep_learned, learn, learning_input
from engine.market.learning.users import engagement_input, keep_activity, settle_engagement
from engine.market.ledger.recorder import add_spread
from engine.market.pacing.controls import DayControls, controls_of, pace, pacing_input
from engine.market.plan import DayLevers, Plan
from engine.market.scratch import Scratch
from engine.market.sessions.decide import decide, withdraw
from engine.market.settlement.ration import Wishes, allot_stock, shortages_of
from engine.market.settlement.settle import settle
from engine.market.showcase.pricing import price_without_partner
from engine.market.showcase.selection import stage_guests
from engine.market.slot import scale_expected
from engine.market.state import State
from engine.market.supply.trade import trade
from engine.market.totals import N_BUCKETS, book_slot, reset
from engine.market.traffic.feed import open_streams
from engine.market.world import World


def open_day(
    world: World, plan: Plan, state: State, scratch: Scratch, levers: DayLevers
) -> tuple[DayControls, int]:
    """Steps 2 to 4; returns what the platform set, and how many suppliers joined."""
    # Before step 3, which neither reads what guests show nor writes what they bring.
    stage_guests(world, state, scratch.streams, levers.day)
    joins, found = _open_day(
        scratch.sealed.market,
        scratch.seal(levers),
        pacing_input(plan, state.platform, levers.day),
        state.platform.ads_share,
    )
    shock = demand_shock(world.scenario.shocks, state.run_seed, levers.day)
    return controls_of(state.platform, found, shock), joins


def sell_slot(
    world: World, state: State, scratch: Scratch, purse: tuple[int, int]
) -> tuple[int, int]:
    """Steps 6 and 7 of the slot that is open, within `purse` (own, partner; sample fen).

    Returns the coupons paid of each purse, sample fen.
    """
    sealed = scratch.sealed
    market = (
        sealed.buyers,
        sealed.market,
        sealed.context,
        sealed.slot_totals[0],
        sealed.batches[0],
        (scratch.bounds, scratch.all_looks, scratch.looks_count),
    )
    is_short, claimed, own, partner = _sell_slot(*market, purse, False, 0)
    if is_short:
        totals = scratch.slot_totals[0]
        wishes = Wishes(totals.claims, totals.demand, totals.visits)
        fill = allot_stock(world, state, scratch, wishes)
        scale_expected(scratch.streams, totals, fill)
        _, _, own, partner = _sell_slot(*market, purse, True, claimed)
    return own, partner


def close_day(
    world: World, state: State, scratch: Scratch, levers: DayLevers, controls: DayControls
) -> tuple[float, int, float]:
    """Step 8; returns what `add_spread` counts."""
    record = state.record
    learned, engagement, (streamed, sellers, others) = _close_day(
        state.buyers.person.size,
        scratch.sealed.market,
        scratch.seal(levers),
        learning_input(state.platform, levers, controls),
        engagement_input(world, state, levers, controls),
        (record.anchor_gmv[levers.month], record.anchor_visits),
    )
    keep_learned(state.platform, learned)
    keep_activity(world, state, engagement)
    return streamed, sellers, others


_pace, _trade, _open_streams, _reset = map(step_of, (pace, trade, open_streams, reset))
_decide, _withdraw, _settle = map(step_of, (decide, withdraw, settle))
_shortages_of, _price_without_partner = map(step_of, (shortages_of, price_without_partner))
_book_slot, _learn, _add_spread = map(step_of, (book_slot, learn, add_spread))
_settle_engagement = step_of(settle_engagement)


@kernel
def _open_day(market, levers, pacing, ads_share):
    """Steps 2 to 4, of what `pacing_input` returns; returns joins and what `pace` returns."""
    gains, pushes, weights, money, known, kinds = pacing
    found = _pace(market, levers, gains, pushes, weights, money, known, kinds)
    boost, recruiting, reach, partner_reach = found[2], found[3], found[7], found[8]
    held = reach / N_BUCKETS
    joins = _trade(market, levers, (recruiting, boost), (held, held * partner_reach), ads_share)
    _open_streams(market, levers, (boost, partner_reach > 0.0))
    _reset(market)
    return joins, found


@kernel
def _sell_slot(buyers, market, context, totals, batch, room, purse, is_allotted, claimed):
    """Steps 6 and 7 of a slot.

    Returns whether stock is short, what was claimed of the platform's own purse before it ran
    short, and the coupons paid of both purses (sample fen). Where stock is short nothing is
    settled; with `is_allotted` it goes on from there, and is told what was `claimed`.
    """
    own, partner = purse
    if not is_allotted:
        _decide_all(buyers, market, context, totals, batch, room)
        partner_cut, own_cut, claimed, is_short = _count(market, totals, own, partner)
        for partner_only in (True, False):  # in a loop: `_withdraw` is compiled in once
            cut = partner_cut if partner_only else own_cut
            if cut == N_BUCKETS:
                continue
            if partner_only:
                _price_without_partner(market)
            _withdraw_all(cut, partner_only, buyers, market, context, totals, batch, room)
            _, now_cut, now_claimed, is_short = _count(market, totals, own, partner)
            if partner_only:
                own_cut, claimed = now_cut, now_claimed
        if is_short:
            return True, claimed, 0, 0
    _, _, counts = room
    for block in range(counts.size):
        looks = _looks_of(block, room)
        _settle(buyers, market, context, totals, looks, counts[block], batch)
    own, partner = _book_slot(market, totals, claimed)
    return False, claimed, own, partner


@step
def _decide_all(buyers, market, context, totals, batch, room):
    """Decide the sessions of every block, and note how many looks each has."""
    bounds, _, counts = room
    for block in range(counts.size):
        first, last, looks = bounds[block], bounds[block + 1], _looks_of(block, room)
        counts[block] = _decide(first, last, buyers, market, context, totals, looks, batch)


@step
def _withdraw_all(cut, partner_only, buyers, market, context, totals, batch, room):
    """Take coupons from all buckets from `cut` on, block by block."""
    _, _, counts = room
    for block in range(counts.size):
        n, looks = counts[block], _looks_of(block, room)
        _withdraw(cut, partner_only, buyers, market, context, totals, looks, n, batch)


@step
def _looks_of(block, room):
    """The room for the looks of one block."""
    bounds, looks, _ = room
    most = looks.size // bounds[-1]  # of a buyer
    return looks[bounds[block] * most : bounds[block + 1] * most]


@step
def _count(market, totals, own, partner):
    """What of the wishes cannot be had within purses; the fields of `ration._Shortages`."""
    stock, weight = market.sellers.stock, market.learning.weight
    return _shortages_of(totals.claims, totals.demand, stock, weight, own, partner)


@kernel
def _close_day(buyers_count, market, levers, learning, users, record):
    """Step 8: returns what `learn`, `settle_engagement` and `add_spread` return.

    Of `learning_input`, `engagement_input`, and the record's columns that `add_spread` adds to.
    """
    controls, is_settled, kinds, known = learning
    learned = _learn(market, levers, controls, is_settled, kinds, known)
    first_buyer, engagement, aversions, load, buffer = users
    total = _settle_engagement(
        0, buyers_count, market, first_buyer, engagement, aversions, load, buffer
    )
    month_gmv, total_visits = record
    return learned, total, _add_spread(market, month_gmv, total_visits)
