"""Step 1, the calendar: anchors begin, leave and return (M7), guests stream for a day (M15)."""

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from engine.jit import kernel
from engine.market.market import Market
from engine.market.showcase.selection import fill_place
from engine.market.tables import GONE, LIVE, OFF_AIR, TO_COME

MOST_OF_A_SLOT = 0.9
"""Of a slot's feed, the most that guests may take together."""


def turn_calendar(market: Market, day: int) -> None:
    """Set who has begun, who is absent and which guests are booked on `day`."""
    calendar = market.case.scenario.calendar
    today = calendar.start + timedelta(days=day)
    arrivals = begin_day(market.shop.presence, market.anchors.arrives, day)
    if arrivals > 0 and day > 0:
        introduce(market, market.anchors.arrives == day)
    regular = market.anchors.guests_from
    for absence in (absence for absence in calendar.absences if absence.rank < regular):
        back = absence.returns is not None and today >= absence.returns
        begun = market.shop.presence[absence.rank] != TO_COME
        if begun and today >= absence.leaves and not back:
            market.shop.presence[absence.rank] = GONE
    for number, trial in enumerate(calendar.trial_streams):
        guest = market.anchors.guests_from + number
        market.shop.shown[guest] = 0
        if trial.day == today:
            stage_guest(market, number)


@kernel
def begin_day(presence, arrives, day):
    """Nobody streams yet; returns how many anchors begin today."""
    arrivals = 0
    for m in range(presence.size):
        presence[m] = TO_COME if arrives[m] > day else OFF_AIR
        arrivals += arrives[m] == day
    return arrivals


def introduce(market: Market, newcomers: NDArray[np.bool_]) -> None:
    """Newcomers begin with few fans and a share of the mean signal.

    Under r = 1 signals keep their ratios, so that newcomers' share c gives Simon's law:
    P(signal > z) ~ z^(-1 / (1 - c)) in a platform that grows (Biometrika 42, 1955).
    """
    spec, standing = market.case.scenario.anchors, market.standing
    own = slice(0, market.anchors.guests_from)
    begun = (market.shop.presence[own] != TO_COME) & ~newcomers[own]
    signal = spec.newcomer_signal * standing.signal[own][begun].mean()
    standing.signal[newcomers] = standing.slow_signal[newcomers] = signal
    market.anchors.fans[newcomers] = spec.newcomer_fans_count


def stage_guest(market: Market, number: int) -> None:
    """Fill the guest's showcase with what it brought; it streams in the last slot only."""
    guest = market.anchors.guests_from + number
    supplier = market.suppliers.guests_from + number
    first, last = market.goods.first_good[supplier : supplier + 2]
    for place, good in enumerate(range(first, last)):
        fill_place(market.shop, guest, place, good, False, market.goods, market.selection)
    market.shop.shown[guest] = last - first
    market.shop.attention[guest] = np.float32(
        market.case.scenario.calendar.trial_streams[number].attention
    )


def book_guests(market: Market, day: int, slot: int) -> None:
    """Put today's guests into the last slot's feed with their share of the day's feed visits."""
    calendar = market.case.scenario.calendar
    guests_from, weights = market.anchors.guests_from, market.airtime.weights
    weights[guests_from:] = 0.0
    market.shop.presence[guests_from:] = OFF_AIR
    if slot != len(calendar.slot_share) - 1:
        return
    today = calendar.start + timedelta(days=day)
    shares = np.array(
        [trial.traffic_share * (trial.day == today) for trial in calendar.trial_streams]
    )
    if not shares.any():
        return
    # The slot has a part of the day's visits; a guest takes its share of the whole day.
    shares = shares / calendar.slot_share[-1]
    shares *= min(1.0, MOST_OF_A_SLOT / shares.sum())
    rest = weights[:guests_from].sum()
    weights[guests_from:] = shares / (1.0 - shares.sum()) * (rest or 1.0)
    market.shop.presence[guests_from:][shares > 0] = LIVE
