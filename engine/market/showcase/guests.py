"""Guests of trial streams: what they bring is shown on their day alone (M15)."""

import numpy as np

from engine.market.showcase.selection import fill_place
from engine.market.state import State
from engine.market.streams import StreamTable
from engine.market.world import World


def stage_guests(world: World, state: State, shop: StreamTable, day: int) -> None:
    """Fill the showcases of the guests of `day`, and empty those of all others."""
    today = world.date_of(day)
    for number, trial in enumerate(world.scenario.calendar.trial_streams):
        guest = world.anchors.guests_from + number
        state.showcases.shown[guest] = 0
        if trial.day == today:
            _stage(world, shop, number)
            shop.attention[guest] = np.float32(trial.attention)


def _stage(world: World, shop: StreamTable, number: int) -> None:
    """Fill one guest's showcase with what it brought."""
    guest = world.anchors.guests_from + number
    supplier = world.suppliers.guests_from + number
    first, last = world.goods.first_good[supplier : supplier + 2]
    for place, good in enumerate(range(first, last)):
        fill_place(shop, guest, place, good, False, world.goods, world.selection)
    shop.shown[guest] = last - first
