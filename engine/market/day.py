"""The order of the day.

1. Calendar: anchors' first days, exits and returns; a new year's purse and target.
2. Target and pacing: investment, push, coupon reach, load, purse of the day.
3. Supply: join, list, enter the plan, re-price, restock.
4. Showcase: guests' goods; a seventh of the anchors refill theirs; all places are priced.
5. Traffic, 6. sessions, 7. settlement: slot by slot.
8. Learning: anchors, suppliers, platform, rival; who is driven off and who comes back.
9. Ledger: the day is written down.
"""

from engine.jit import kernel
from engine.market.calendar.events import turn_calendar
from engine.market.learning.learn import aggregate_day, learn_day
from engine.market.learning.users import keep_users
from engine.market.ledger.recorder import DayOutcome, write_day
from engine.market.pacing.controls import DayControls, begin_day_of_year, invest, set_controls
from engine.market.plan import DayLevers, Plan
from engine.market.scratch import Scratch
from engine.market.showcase.selection import stage_guests
from engine.market.slot import run_slot
from engine.market.state import State
from engine.market.supply.trade import trade
from engine.market.totals import N_BUCKETS, SlotTotals, coupons_of, merge_into, reset
from engine.market.traffic.opening import open_streams
from engine.market.world import World
from engine.rng import Purpose, key

PLAN_DAYS = 28
"""Brands review the plan this often."""


def run_day(world: World, plan: Plan, state: State, scratch: Scratch) -> None:
    """Simulate the day on whose morning `state` stands, and write it down."""
    levers, controls = morning(world, plan, state, scratch)
    joins = supply(world, state, scratch, levers, controls)
    showcase(world, state, scratch, levers, controls)
    totals = _sell(world, state, scratch, levers, controls)
    aggregate_day(world, levers, scratch.shop, totals, scratch.day_totals)
    outcome = DayOutcome(
        controls,
        totals,
        scratch.day_totals,
        scratch.kind_counts,
        joins,
        scratch.shop.presence,
        scratch.airtime,
    )
    learn_day(world, state, levers, outcome)
    keep_users(world, state, levers, controls, scratch.blocks, scratch.threads.each)
    write_day(world, plan, state, levers, outcome)
    state.day += 1


def morning(
    world: World, plan: Plan, state: State, scratch: Scratch
) -> tuple[DayLevers, DayControls]:
    """Steps 1 and 2; returns the day's levers and what the platform set."""
    turn_calendar(world, state, scratch.shop.presence, state.day)
    begin_day_of_year(world, plan, state.platform, state.day)
    levers = invest(world, state.platform, plan.levers(state.day))
    return levers, set_controls(world, plan, state, levers)


def supply(
    world: World, state: State, scratch: Scratch, levers: DayLevers, controls: DayControls
) -> int:
    """Step 3; returns how many suppliers joined."""
    joins: int = trade(
        world.suppliers,
        state.sellers,
        world.goods,
        world.supply,
        levers,
        levers.day,
        controls.recruiting,
        controls.boost,
        controls.reach / N_BUCKETS,
        state.platform.ads_share,
        levers.day % PLAN_DAYS == 0,
        scratch.kind_counts,
    )
    return joins


def showcase(
    world: World, state: State, scratch: Scratch, levers: DayLevers, controls: DayControls
) -> None:
    """Step 4: weekly showcases, spread over the week; all of them on the first day."""
    stage_guests(world, state, scratch.shop, levers.day)
    open_streams(
        scratch.shop,
        world.anchors,
        world.suppliers,
        state.sellers,
        world.goods,
        state.anchors,
        world.selection,
        world.supply,
        levers,
        key(state.run_seed, Purpose.SHOWCASE),
        levers.day,
        controls.boost,
        world.scenario.anchors.live_response,
        world.scenario.attention.crowding,
        scratch.appraisal,
        scratch.candidates,
        scratch.window,
        scratch.airtime,
    )


def _sell(
    world: World, state: State, scratch: Scratch, levers: DayLevers, controls: DayControls
) -> SlotTotals:
    """Steps 5 to 7 in every slot; purses and stock are booked as they are spent.

    A slot may spend what its share of the day brings and what earlier slots left.
    """
    shares = world.scenario.calendar.slot_share
    own = partner = 0
    so_far = 0.0
    reset(scratch.sold)
    for slot, share in enumerate(shares):
        so_far = 1.0 if slot == len(shares) - 1 else so_far + share
        allowed = int(controls.own_allowance * so_far), int(controls.partner_allowance * so_far)
        purse = allowed[0] - own, allowed[1] - partner
        totals = run_slot(world, state, scratch, (levers, controls), purse, slot)
        spent = coupons_of(totals.ledger)
        own, partner = own + spent[0], partner + spent[1]
        _take_from_stock(state.sellers.stock, totals.demand, world.weight)
        merge_into(totals, scratch.sold)
    state.platform.own_purse -= own
    state.platform.partner_purse -= partner
    return scratch.sold


@kernel
def _take_from_stock(stock, demand, weight):
    """Take what was sold from `stock` (real units); `demand` of the simulated sample."""
    for s in range(stock.size):
        stock[s] -= min(demand[s], stock[s] // weight) * weight
