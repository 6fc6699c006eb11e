"""Step 1, the calendar: who has begun to stream, who is gone (M7), who begins today."""

import numpy as np
from numpy.typing import NDArray

from engine.jit import kernel
from engine.market.state import State
from engine.market.streams import GONE, OFF_AIR, TO_COME
from engine.market.world import World


def turn_calendar(world: World, state: State, presence: NDArray[np.uint8], day: int) -> None:
    """Set `presence`, uint8 (anchors,), on the morning of `day`; introduce newcomers."""
    arrivals = _begin_day(presence, world.anchors.arrives, day)
    if arrivals > 0 and day > 0:
        _introduce(world, state, presence, world.anchors.arrives == day)
    for rank, leaves, returns in world.absences:
        is_away = leaves <= day and (returns is None or day < returns)
        if is_away and presence[rank] != TO_COME:
            presence[rank] = GONE


@kernel
def _begin_day(presence, arrives, day):
    """Nobody streams yet; returns how many anchors begin today."""
    arrivals = 0
    for m in range(presence.size):
        presence[m] = TO_COME if arrives[m] > day else OFF_AIR
        arrivals += arrives[m] == day
    return arrivals


def _introduce(
    world: World, state: State, presence: NDArray[np.uint8], newcomers: NDArray[np.bool_]
) -> None:
    """Newcomers begin with few fans and a share of the mean signal.

    Under r = 1 signals keep their ratios, so that newcomers' share c gives Simon's law:
    P(signal > z) ~ z^(-1 / (1 - c)) in a platform that grows (Biometrika 42, 1955).
    """
    spec, history = world.scenario.anchors, state.anchors
    own = slice(0, world.anchors.guests_from)
    begun = (presence[own] != TO_COME) & ~newcomers[own]
    stands_for = world.anchors.stands_for[own][begun]
    mean = (history.signal[own][begun] * stands_for).sum() / stands_for.sum()
    signal = spec.newcomer_signal * mean
    history.signal[newcomers] = history.slow_signal[newcomers] = signal
    history.fans[newcomers] = spec.newcomer_fans_count
