"""The order of the day.

1. Calendar: anchors' first days, exits and returns; a new year's purse and target.
2. Target and pacing: investment, push, coupon reach, load, purse of the day.
3. Supply: join, list, enter the plan, re-price, restock.
4. Showcase: guests' goods; a seventh of the anchors refill theirs; all places are priced.
5. Traffic, 6. sessions, 7. settlement: slot by slot.
8. Learning: anchors, suppliers, platform, rival; who is driven off and who comes back.
9. Ledger: the day is written down.
"""

from engine.market.calendar.events import turn_calendar
from engine.market.learning.learn import learn_day
from engine.market.learning.users import keep_users
from engine.market.ledger.recorder import DayOutcome, write_day
from engine.market.pacing.controls import DayControls, begin_day_of_year, invest, set_controls
from engine.market.plan import DayLevers, Plan
from engine.market.scratch import Scratch
from engine.market.showcase.selection import stage_guests
from engine.market.slot import run_slot
from engine.market.state import State
from engine.market.supply.trade import trade
from engine.market.totals import N_BUCKETS, book_slot, reset
from engine.market.traffic.feed import open_streams
from engine.market.world import World


def run_day(world: World, plan: Plan, state: State, scratch: Scratch) -> None:
    """Simulate the day on whose morning `state` stands, and write it down."""
    levers, controls = morning(world, plan, state, scratch)
    joins = supply(state, scratch, levers, controls)
    showcase(world, state, scratch, levers, controls)
    _sell(world, state, scratch, levers, controls)
    outcome = DayOutcome(levers, controls, joins)
    learn_day(world, state, scratch, outcome)
    keep_users(world, state, scratch, levers, controls)
    write_day(world, plan, state, scratch, outcome)
    state.day += 1


def morning(
    world: World, plan: Plan, state: State, scratch: Scratch
) -> tuple[DayLevers, DayControls]:
    """Steps 1 and 2; returns the day's levers and what the platform set."""
    turn_calendar(world, state, scratch.streams.presence, state.day)
    begin_day_of_year(world, plan, state.platform, state.day)
    levers = invest(world, state.platform, plan.on(state.day).levers)
    return levers, set_controls(world, plan, state, scratch, levers)


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


def _sell(
    world: World, state: State, scratch: Scratch, levers: DayLevers, controls: DayControls
) -> None:
    """Steps 5 to 7 in every slot; purses and stock are booked as they are spent.

    A slot may spend what its share of the day brings and what earlier slots left.
    """
    shares, sealed = world.scenario.calendar.slot_share, scratch.sealed
    own = partner = 0
    so_far = 0.0
    reset(sealed.market)
    for slot, share in enumerate(shares):
        so_far = 1.0 if slot == len(shares) - 1 else so_far + share
        allowed = int(controls.own_allowance * so_far), int(controls.partner_allowance * so_far)
        purse = allowed[0] - own, allowed[1] - partner
        run_slot(world, state, scratch, (levers, controls), purse, slot)
        spent = book_slot(sealed.market, sealed.slot_totals[0])
        own, partner = own + spent[0], partner + spent[1]
    state.platform.own_purse -= own
    state.platform.partner_purse -= partner
