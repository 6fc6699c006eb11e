"""Step 8 for the buyers who stay at home: who is driven off by the load, and who comes back (M18).

What orders do to engagement is settled with them; here everybody moves towards the level of
the day's load, a night at a time.
"""

import math
from functools import lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np

from engine.jit import kernel, stage
from engine.market.pacing.controls import DayControls
from engine.market.plan import DayLevers
from engine.market.scratch import Scratch
from engine.market.state import State
from engine.market.world import World
from engine.population.buyers import ENGAGEMENT_ONE, MOST_ENGAGEMENT
from engine.population.draws import Floats
from engine.rules.users import felt_load, load_level, settled

_CLASSES = 16
"""Of aversion to load, as many people in each."""

_SPREADS = np.uint64(0x9E3779B97F4A7C15)
_CLASS_SHIFT = np.uint64(60)
"""A buyer's class: the highest bits of its number times the golden ratio, which spreads evenly."""


def keep_users(
    world: World, state: State, scratch: Scratch, levers: DayLevers, controls: DayControls
) -> None:
    """Move everybody's engagement by a night; `state.platform.activity` becomes its mean."""
    inputs = [
        engagement_input(world, state, levers, controls) for _ in range(scratch.threads.count)
    ]
    blocks_count = scratch.looks_count.size
    sums = [0] * blocks_count

    def task(thread: int, block: int) -> None:
        first, last = scratch.bounds[block : block + 2]
        sums[block] = settle_engagement(first, last, scratch.sealed.market, *inputs[thread])

    scratch.threads.each(blocks_count, task)
    everybody = sum(sums)
    if scratch.exchange.count > 1:
        everybody = int(scratch.exchange.total(np.array([everybody], np.int64))[0][0])
    keep_activity(world, state, everybody)


def engagement_input(
    world: World, state: State, levers: DayLevers, controls: DayControls
) -> tuple[Any, ...]:
    """What `settle_engagement` needs to know beside buyers' numbers and the market."""
    users = world.scenario.users
    return (
        state.first_buyer,
        state.buyers.engagement,
        _aversions(users.load_aversion, users.load_aversion_log_sd),
        felt_load(controls.load_ratio, levers.ad_load, users.usual_ad_load, users.ad_aversion),
        np.empty(_CLASSES + _STRIP),
    )


def keep_activity(world: World, state: State, engagement: int) -> None:
    """Note the mean of everybody's engagement from its sum, in its unit on record."""
    state.platform.activity = engagement / world.scale.buyers_count / ENGAGEMENT_ONE


@lru_cache
def _aversions(mean: float, log_sd: float) -> Floats:
    """Aversion of each class: quantiles of a lognormal with this mean."""
    law = NormalDist(-(log_sd**2) / 2, log_sd) if log_sd > 0.0 else None
    shares = [(c + 0.5) / _CLASSES for c in range(_CLASSES)]
    raw = np.array([math.exp(law.inv_cdf(share)) if law else 1.0 for share in shares])
    return np.asarray(mean * raw / raw.mean())


_STRIP = 1024
"""Buyers whose levels are looked up before they are used: they stay in the first-level cache."""


@kernel
def settle_engagement(first, last, market, first_buyer, engagement, aversions, load, buffer):
    """A night for buyers `first`..`last`; returns the sum of their engagement, in its unit.

    Buyer 0 has the number `first_buyer`; `engagement` uint16 in 1/32768; `aversions` to the felt
    `load` float64 by class; `buffer` float64 (`_CLASSES + _STRIP`,).
    """
    levels, room = buffer[:_CLASSES], buffer[_CLASSES:]
    _set_levels(aversions, load, levels)
    start, terms, total = np.uint64(first_buyer) * _SPREADS, market.learning, np.int64(0)
    for begin in range(first, last, _STRIP):
        strip = engagement[begin : min(begin + _STRIP, last)]
        own = room[: strip.size]
        _look_up_levels(start + np.uint64(begin) * _SPREADS, levels, own)
        _move_towards(strip, terms.leave_days, terms.return_days, terms.gone_below, own)
        total += _keep(own, strip)
    return total


@stage
def _set_levels(aversions, load, levels):
    """The level of each class under a felt load."""
    for c in range(levels.size):
        levels[c] = load_level(aversions[c], load)


@stage
def _look_up_levels(spread, levels, own):
    """The level of each buyer of a strip, whose first has `spread` times its number."""
    for k in range(own.size):
        own[k] = levels[(spread + np.uint64(k) * _SPREADS) >> _CLASS_SHIFT]


@stage
def _move_towards(engagement, leave_days, return_days, gone_below, own):
    """Put engagement after the night, in its unit on record, into the place of its level."""
    for k in range(own.size):
        now = engagement[k] / ENGAGEMENT_ONE
        after = settled(now, own[k], leave_days, return_days, gone_below)
        own[k] = after * ENGAGEMENT_ONE + 0.5


@stage
def _keep(moved, engagement):
    """Write a strip's engagement down; returns its sum."""
    total = np.int64(0)
    for k in range(moved.size):
        kept = np.uint16(min(max(np.int32(moved[k]), 0), MOST_ENGAGEMENT))
        engagement[k] = kept
        total += kept
    return total
