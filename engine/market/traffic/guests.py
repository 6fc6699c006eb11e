"""Guests of trial streams in the feed of their day's last slot (M15)."""

import numpy as np

from engine.market.streams import LIVE, OFF_AIR, StreamTable
from engine.market.traffic.feed import Airtime
from engine.market.world import World

_MOST_OF_A_SLOT = 0.9
"""Of a slot's feed, the most that guests may take together."""


def book_guests(world: World, shop: StreamTable, airtime: Airtime, day: int, slot: int) -> None:
    """Put today's guests into the last slot's feed with their share of the day's feed visits."""
    calendar, guests_from = world.scenario.calendar, world.anchors.guests_from
    airtime.weights[guests_from:] = 0.0
    shop.presence[guests_from:] = OFF_AIR
    if slot != len(calendar.slot_share) - 1:
        return
    today = world.date_of(day)
    shares = np.array(
        [trial.traffic_share * (trial.day == today) for trial in calendar.trial_streams]
    )
    if not shares.any():
        return
    # The slot has a part of the day's visits; a guest takes its share of the whole day.
    shares = shares / calendar.slot_share[-1]
    shares *= min(1.0, _MOST_OF_A_SLOT / shares.sum())
    rest = airtime.weights[:guests_from].sum()
    airtime.weights[guests_from:] = shares / (1.0 - shares.sum()) * (rest or 1.0)
    shop.presence[guests_from:][shares > 0] = LIVE
