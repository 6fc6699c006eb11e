"""Traffic of a slot: who is live, and how the public feed is shared out (M12, M20)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.jit import kernel, step
from engine.kernels.state import LIVE, OFF_AIR, TO_COME
from engine.rng import uniform
from engine.rules.ads import bid, mixed_weight
from engine.rules.attention import crowding
from engine.rules.brand import brand_feed_factor
from engine.rules.traffic import feed_weight, live_probability
from engine.world.alias import fill_alias
from engine.world.anchors import WAIST

Floats = NDArray[np.float64]
GROWTH = 1.05
"""A signal this much above its slow mean marks a growing anchor."""


class Standing(NamedTuple):
    """What anchors have earned of late, by anchor.

    `signal` smoothed expected GMV a day (fen), `slow_signal` the same over a longer time;
    `audience` smoothed sessions a day; `commission` smoothed a day (fen) and `offered` what
    the kinds' offers alone would have given; `margin` sellers' profit per visit.
    """

    signal: Floats
    slow_signal: Floats
    audience: Floats
    commission: Floats
    offered: Floats
    margin: Floats


@kernel
def go_live(shop, anchors, standing, live_response, stream):
    """Draw who streams in this slot. Guests of trial streams are switched on elsewhere."""
    for m in range(anchors.guests_from):
        relative = 1.0
        if standing.offered[m] > 0.0:
            relative = standing.commission[m] / standing.offered[m]
        chance = live_probability(anchors.live_base[m], relative, live_response)
        if shop.presence[m] <= LIVE:
            shop.presence[m] = LIVE if uniform(stream, m, 0) < chance else OFF_AIR


@kernel
def open_feed(shop, anchors, standing, feed, levers, bid_share, weights, bids):
    """Fill `weights` of the regular anchors: what is earned (M10, M20), mixed with ads (M19).

    `bids` is room of the same length. `feed.ad_price` becomes what a feed visit brings the
    platform, fen.
    """
    earn_weights(shop, anchors, standing, levers, weights)
    total, bid_sum, bid_squares = 0.0, 0.0, 0.0
    for m in range(anchors.guests_from):
        total += weights[m]
        bids[m] = 0.0
        if weights[m] > 0.0 and levers.ad_load > 0.0:
            bids[m] = bid(standing.margin[m], bid_share, levers.ad_reserve)
            bid_sum += bids[m]
            bid_squares += bids[m] * bids[m]
    feed.ad_price[0] = 0.0
    if bid_sum > 0.0 and total > 0.0:
        feed.ad_price[0] = levers.ad_load * bid_squares / bid_sum
        for m in range(anchors.guests_from):
            weights[m] = mixed_weight(weights[m] / total, bids[m] / bid_sum, levers.ad_load)


@step
def earn_weights(shop, anchors, standing, levers, weights):
    """What live anchors earn of the feed by signal, floor, support and own following."""
    mean_signal = mean_of_begun(standing.signal, shop, anchors)
    mean_fans = max(mean_of_begun(anchors.fans, shop, anchors), 1e-12)
    for m in range(anchors.guests_from):
        weights[m] = 0.0
        if shop.presence[m] == LIVE and shop.shown[m] > 0:
            weights[m] = feed_weight(
                standing.signal[m] / mean_signal if mean_signal > 0.0 else 1.0,
                levers.exponent,
                levers.floor,
                levers.support,
                anchors.tier[m] == WAIST and standing.signal[m] > GROWTH * standing.slow_signal[m],
            )
            if anchors.is_brand[m]:
                weights[m] *= brand_feed_factor(levers.brand_support, anchors.fans[m] / mean_fans)


@step
def mean_of_begun(values, shop, anchors):
    """Mean over the regular anchors that have begun to stream."""
    total, begun = 0.0, 0
    for m in range(anchors.guests_from):
        if shop.presence[m] != TO_COME:
            total += values[m]
            begun += 1
    return total / max(begun, 1)


@kernel
def draw_from(feed, weights, work, scaled):
    """Make `weights` the law of the feed; with nobody in it, it is closed."""
    feed.weight[0] = np.sum(weights)
    if feed.weight[0] > 0.0:
        fill_alias(weights, feed.table, work, scaled)


@kernel
def attract(shop, anchors, standing, power):
    """Attention of each stream by its usual audience (crowding)."""
    mean = max(mean_of_begun(standing.audience, shop, anchors), 1e-9)
    for m in range(anchors.guests_from):
        shop.attention[m] = np.float32(crowding(standing.audience[m] / mean, power))
