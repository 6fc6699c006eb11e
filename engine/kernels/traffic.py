"""Traffic of a slot: who is live, and how the public feed is shared out (M12, M20)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.jit import kernel
from engine.kernels.state import GONE, LIVE, OFF_AIR
from engine.rng import uniform
from engine.rules.attention import crowding
from engine.rules.traffic import feed_weight, live_probability
from engine.world.alias import fill_alias
from engine.world.anchors import WAIST

Floats = NDArray[np.float64]
GROWTH = 1.05
"""A signal this much above its slow mean marks a growing anchor."""


class Standing(NamedTuple):
    """What anchors have earned of late, by anchor.

    `signal` smoothed expected GMV a day (fen), `slow_signal` the same over a longer time;
    `audience` smoothed sessions a live slot; `commission` smoothed a day (fen) and
    `first_commission` its level after the first weeks.
    """

    signal: Floats
    slow_signal: Floats
    audience: Floats
    commission: Floats
    first_commission: Floats


@kernel
def go_live(shop, anchors, standing, live_response, stream):
    """Draw who streams in this slot. Guests of trial streams are switched on elsewhere."""
    for m in range(anchors.guests_from):
        relative = 1.0
        if standing.first_commission[m] > 0.0:
            relative = standing.commission[m] / standing.first_commission[m]
        chance = live_probability(anchors.live_base[m], relative, live_response)
        if shop.presence[m] != GONE:
            shop.presence[m] = LIVE if uniform(stream, m, 0) < chance else OFF_AIR


@kernel
def open_feed(shop, anchors, standing, feed, levers, weights, work, scaled):
    """Weights of the live anchors, then the alias table; guests' weights are set before."""
    mean = np.mean(standing.signal[: anchors.guests_from])
    for m in range(anchors.guests_from):
        weights[m] = 0.0
        if shop.presence[m] == LIVE and shop.shown[m] > 0:
            weights[m] = feed_weight(
                standing.signal[m] / mean,
                levers.exponent,
                levers.floor,
                levers.support,
                anchors.tier[m] == WAIST and standing.signal[m] > GROWTH * standing.slow_signal[m],
            )
    feed.weight[0] = np.sum(weights)
    if feed.weight[0] > 0.0:
        fill_alias(weights, feed.threshold, feed.other, work, scaled)


@kernel
def attract(shop, anchors, standing, power):
    """Attention of each stream by its usual audience (crowding)."""
    mean = max(np.mean(standing.audience[: anchors.guests_from]), 1e-9)
    for m in range(anchors.guests_from):
        shop.attention[m] = np.float32(crowding(standing.audience[m] / mean, power))
