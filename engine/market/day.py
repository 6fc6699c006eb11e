"""The order of the day.

1. Calendar: anchors' first days, exits and returns; a new year's purse and target.
2. Target and pacing: investment, push, coupon reach, load, purse of the day.
3. Supply: join, list, enter the plan, re-price, restock.
4. Showcase: guests' goods; a seventh of the anchors refill theirs; all places are priced.
5. Traffic, 6. sessions, 7. settlement: slot by slot.
8. Learning: anchors, suppliers, platform, rival; who is driven off and who comes back.
9. Ledger: the day is written down.
"""

from collections.abc import Callable

from engine.market.calendar.events import turn_calendar
from engine.market.fused import close_day, open_day, sell_slot
from engine.market.learning.learn import learn_day, learn_rarely
from engine.market.learning.users import keep_users
from engine.market.ledger.recorder import DayOutcome, add_spread, write_day
from engine.market.pacing.controls import DayControls, begin_day_of_year, invest, set_controls
from engine.market.plan import DayLevers, Plan
from engine.market.scratch import Scratch
from engine.market.showcase.selection import stage_guests
from engine.market.slot import open_traffic, run_slot
from engine.market.state import State
from engine.market.supply.trade import trade
from engine.market.totals import N_BUCKETS, book_slot, reset
from engine.market.traffic.feed import open_streams
from engine.market.world import World


def run_day(world: World, plan: Plan, state: State, scratch: Scratch) -> None:
    """Simulate the day on whose morning `state` stands, and write it down."""
    levers = _begin(world, plan, state, scratch)
    run = _run_fused if scratch.is_fused else _run_by_steps
    outcome = run(world, plan, state, scratch, levers)
    learn_rarely(world, state, scratch)
    write_day(world, plan, state, scratch, outcome)
    state.day += 1


def _begin(world: World, plan: Plan, state: State, scratch: Scratch) -> DayLevers:
    """Step 1, and what is invested; returns the day's levers."""
    turn_calendar(world, state, scratch.streams.presence, state.day)
    begin_day_of_year(world, plan, state.platform, state.day)
    levers = invest(world, state.platform, plan.on(state.day).levers)
    state.record.reserve(state.day + 1, levers.month + 1)
    return levers


def _run_fused(
    world: World, plan: Plan, state: State, scratch: Scratch, levers: DayLevers
) -> DayOutcome:
    """Steps 2 to 8 in few calls: one thread holds all buyers."""
    controls, joins = open_day(world, plan, state, scratch, levers)
    _sell(world, state, scratch, (levers, controls), _sell_fused)
    return DayOutcome(levers, controls, joins, close_day(world, state, scratch, levers, controls))


def _run_by_steps(
    world: World, plan: Plan, state: State, scratch: Scratch, levers: DayLevers
) -> DayOutcome:
    """Steps 2 to 8, each in calls of its own: between them threads and shards meet."""
    controls = set_controls(world, plan, state, scratch, levers)
    joins = supply(state, scratch, levers, controls)
    showcase(world, state, scratch, levers, controls)
    reset(scratch.sealed.market)
    _sell(world, state, scratch, (levers, controls), _sell_by_steps)
    learn_day(state, scratch, levers, controls)
    keep_users(world, state, scratch, levers, controls)
    return DayOutcome(levers, controls, joins, _spread_of(state, scratch, levers))


def supply(state: State, scratch: Scratch, levers: DayLevers, controls: DayControls) -> int:
    """Step 3; returns how many suppliers joined."""
    held = controls.reach / N_BUCKETS
    joins: int = trade(
        scratch.sealed.market,
        scratch.seal(levers),
        (controls.recruiting, controls.boost),
        (held, held * controls.partner_reach),
        state.platform.ads_share,
    )
    return joins


def showcase(
    world: World, state: State, scratch: Scratch, levers: DayLevers, controls: DayControls
) -> None:
    """Step 4: weekly showcases, spread over the week; all of them on the first day."""
    stage_guests(world, state, scratch.streams, levers.day)
    coupons = controls.boost, controls.partner_reach > 0.0
    open_streams(scratch.sealed.market, scratch.seal(levers), coupons)


_Today = tuple[DayLevers, DayControls]
_SellSlot = Callable[[World, State, Scratch, _Today, tuple[int, int], int], tuple[int, int]]
"""Sells in a slot within a purse (own, partner; sample fen); returns what was paid of each."""


def _sell(
    world: World,
    state: State,
    scratch: Scratch,
    today: _Today,
    sell: _SellSlot,
) -> None:
    """Steps 5 to 7 in every slot; purses and stock are booked as they are spent.

    A slot may spend what its share of the day brings and what earlier slots left.
    """
    shares, (_, controls) = world.scenario.calendar.slot_share, today
    own = partner = 0
    so_far = 0.0
    for slot, share in enumerate(shares):
        so_far = 1.0 if slot == len(shares) - 1 else so_far + share
        allowed = int(controls.own_allowance * so_far), int(controls.partner_allowance * so_far)
        purse = allowed[0] - own, allowed[1] - partner
        spent = sell(world, state, scratch, today, purse, slot)
        own, partner = own + spent[0], partner + spent[1]
    state.platform.own_purse -= own
    state.platform.partner_purse -= partner


def _sell_fused(
    world: World,
    state: State,
    scratch: Scratch,
    today: _Today,
    purse: tuple[int, int],
    slot: int,
) -> tuple[int, int]:
    """A `_SellSlot` of few calls."""
    open_traffic(world, scratch, *today, slot)
    return sell_slot(world, state, scratch, purse)


def _sell_by_steps(
    world: World,
    state: State,
    scratch: Scratch,
    today: _Today,
    purse: tuple[int, int],
    slot: int,
) -> tuple[int, int]:
    """A `_SellSlot` of a call for each step."""
    _, claimed = run_slot(world, state, scratch, today, purse, slot)
    own, partner = book_slot(scratch.sealed.market, scratch.sealed.slot_totals[0], claimed)
    return own, partner


def _spread_of(state: State, scratch: Scratch, levers: DayLevers) -> tuple[float, int, float]:
    """Add to the anchors' months; how the day's sales spread over anchors."""
    record = state.record
    counted: tuple[float, int, float] = add_spread(
        scratch.sealed.market, record.anchor_gmv[levers.month], record.anchor_visits
    )
    return counted
