"""Where a session goes: a followed anchor, its family, another follow, or the feed (M6, M7, M9)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.jit import step
from engine.kernels.state import FAMILY, GONE, LIVE, PUBLIC_FEED
from engine.rng import bits, uniform
from engine.world.alias import draw_alias
from engine.world.buyers import AFFINITY_BITS, AFFINITY_ONE, FOLLOWS

STAYS_AWAY = -1
_DRAWS = 8
"""Draws of the routing stream that one session may use."""
_ZERO = np.float32(0.0)
_ONE = np.float32(AFFINITY_ONE)
_ANCHOR_SHIFT = np.uint32(AFFINITY_BITS)
_AFFINITY_MASK = np.uint32(AFFINITY_ONE)


class Feed(NamedTuple):
    """The public feed of a slot: an alias table over anchors; `weight` is its sum."""

    threshold: NDArray[np.uint64]
    other: NDArray[np.int64]
    weight: NDArray[np.float64]


@step
def affinity_of(place):
    """Affinity of a follow in fixed point (1/4095), as float32."""
    return np.float32(place & _AFFINITY_MASK)


@step
def anchor_of(place):
    """Anchor of a follow."""
    return np.int64(place >> _ANCHOR_SHIFT)


@step
def pick_follow(places, shop, mark, live_only):
    """The follow whose interval of summed affinities holds `mark`; the last one by default."""
    edge, last = _ZERO, 0
    for f in range(FOLLOWS):
        affinity = affinity_of(places[f])
        anchor = anchor_of(places[f])
        if affinity > _ZERO and (not live_only or shop.presence[anchor] == LIVE):
            edge += affinity
            last = f
            if mark < edge:
                break
    return last


@step
def route(i, session, places, shop, feed, tastes, moment):
    """(anchor, follow, affinity) of one session; anchor STAYS_AWAY if it is lost (M7)."""
    draw = session * _DRAWS
    total, live, gone = _ZERO, _ZERO, _ZERO
    for f in range(FOLLOWS):
        affinity = affinity_of(places[f])
        presence = shop.presence[anchor_of(places[f])]
        total += affinity
        # Products, not branches: who is live cannot be predicted.
        live += affinity * np.float32(presence == LIVE)
        gone += affinity * np.float32(presence == GONE)
    # The drain: fans of a gone anchor come less often at all.
    if gone > _ZERO and uniform(moment.route, i, draw + 1) * total < tastes.drain * gone:
        return STAYS_AWAY, PUBLIC_FEED, 0
    mark = uniform(moment.route, i, draw) * (total + moment.public_odds * _ONE)
    if mark >= total:
        return enter_feed(i, draw, feed, moment)
    follow = pick_follow(places, shop, mark, False)
    anchor = anchor_of(places[follow])
    affinity = np.int64(places[follow] & _AFFINITY_MASK)
    if shop.presence[anchor] == LIVE:
        return anchor, follow, affinity
    if shop.presence[anchor] == GONE and uniform(moment.route, i, draw + 2) >= tastes.release:
        return STAYS_AWAY, PUBLIC_FEED, 0
    return reroute(i, draw, places, shop, feed, tastes, moment, live, anchor, affinity)


@step
def reroute(i, draw, places, shop, feed, tastes, moment, live, anchor, affinity):
    """Where a session goes whose anchor is off the air: family, another follow, the feed."""
    relative = live_relative(i, draw, shop, anchor, moment)
    if relative >= 0:
        return relative, FAMILY, np.int64(affinity * tastes.family_affinity)
    if live > _ZERO:
        follow = pick_follow(places, shop, uniform(moment.route, i, draw + 5) * live, True)
        return (
            anchor_of(places[follow]),
            follow,
            np.int64(places[follow] & _AFFINITY_MASK),
        )
    return enter_feed(i, draw, feed, moment)


@step
def enter_feed(i, draw, feed, moment):
    """A stream of the public feed; with nobody live the session is lost."""
    if feed.weight[0] <= 0.0:
        return STAYS_AWAY, PUBLIC_FEED, 0
    random = bits(moment.route, i, draw + 6)
    return draw_alias(random, feed.threshold, feed.other), PUBLIC_FEED, 0


@step
def live_relative(i, draw, shop, anchor, moment):
    """A live member of the anchor's family that takes over the visit, or -1 (M6)."""
    family = shop.family[anchor]
    if family < 0 or uniform(moment.route, i, draw + 3) >= moment.family_share:
        return -1
    size = shop.members.shape[1]
    # Start at a random member and take the first that is live.
    first = int(uniform(moment.route, i, draw + 4) * np.float32(size))
    for k in range(size):
        member = np.int64(shop.members[family, (first + k) % size])
        if member != anchor and shop.presence[member] == LIVE:
            return member
    return -1
