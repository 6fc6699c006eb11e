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
_ONE = np.float32(AFFINITY_ONE)
_ANCHOR_SHIFT = np.uint32(AFFINITY_BITS)
_AFFINITY_MASK = np.uint32(AFFINITY_ONE)


class Feed(NamedTuple):
    """The public feed of a slot: an alias table over anchors.

    `weight` is the sum of its law, 0 if closed; `ad_price` what a visit brings in ads, fen.
    """

    threshold: NDArray[np.uint64]
    other: NDArray[np.int64]
    weight: NDArray[np.float64]
    ad_price: NDArray[np.float64]


@step
def affinity_of(place):
    """Affinity of a follow in fixed point (1/4095)."""
    return np.int64(place & _AFFINITY_MASK)


@step
def anchor_of(place):
    """Anchor of a follow."""
    return np.int64(place >> _ANCHOR_SHIFT)


@step
def follow_at(places, mark):
    """The follow whose interval of summed affinities holds `mark`, below their sum.

    Counts the edges passed, without a branch: where the mark falls cannot be predicted.
    """
    edge, passed = np.int64(0), np.int64(0)
    for f in range(FOLLOWS - 1):
        edge += affinity_of(places[f])
        passed += np.int64(edge <= mark)
    return passed


@step
def sum_where(places, shop, presence):
    """Sum of the affinities to anchors of one presence."""
    total = np.int64(0)
    for f in range(FOLLOWS):
        here = shop.presence[anchor_of(places[f])] == presence
        total += affinity_of(places[f]) * np.int64(here)
    return total


@step
def live_follow_at(places, shop, mark):
    """As `follow_at`, among the anchors that are live."""
    edge, passed = np.int64(0), np.int64(0)
    for f in range(FOLLOWS - 1):
        here = shop.presence[anchor_of(places[f])] == LIVE
        edge += affinity_of(places[f]) * np.int64(here)
        passed += np.int64(edge <= mark)
    return passed


@step
def route(i, session, places, shop, feed, tastes, moment):
    """(anchor, follow, affinity) of one session; anchor STAYS_AWAY if it is lost (M7)."""
    draw = session * _DRAWS
    total = np.int64(0)
    for f in range(FOLLOWS):
        total += affinity_of(places[f])
    if moment.somebody_gone and kept_away(i, draw, places, shop, tastes, moment, total):
        return STAYS_AWAY, PUBLIC_FEED, 0
    # Below 2^24 a float32 is as exact as an integer: mark < total where it is private.
    mark = uniform(moment.route, i, draw) * (np.float32(total) + moment.public_odds * _ONE)
    if mark >= np.float32(total):
        return enter_feed(i, draw, feed, moment)
    follow = follow_at(places, np.int64(mark))
    anchor = anchor_of(places[follow])
    if shop.presence[anchor] == LIVE:
        return anchor, follow, affinity_of(places[follow])
    if shop.presence[anchor] == GONE and uniform(moment.route, i, draw + 2) >= tastes.release:
        return STAYS_AWAY, PUBLIC_FEED, 0
    return reroute(i, draw, places, follow, shop, feed, tastes, moment)


@step
def kept_away(i, draw, places, shop, tastes, moment, total):
    """The drain: fans of a gone anchor come less often at all."""
    gone = sum_where(places, shop, GONE)
    chance = uniform(moment.route, i, draw + 1)
    return gone > 0 and chance * np.float32(total) < tastes.drain * np.float32(gone)


@step
def reroute(i, draw, places, missed, shop, feed, tastes, moment):
    """Where a session goes whose anchor is off the air: family, another follow, the feed."""
    relative = live_relative(i, draw, shop, anchor_of(places[missed]), moment)
    if relative >= 0:
        affinity = np.float32(affinity_of(places[missed])) * tastes.family_affinity
        return relative, FAMILY, np.int64(affinity)
    live = sum_where(places, shop, LIVE)
    if live > 0:
        mark = np.int64(uniform(moment.route, i, draw + 5) * np.float32(live))
        follow = live_follow_at(places, shop, mark)
        return anchor_of(places[follow]), follow, affinity_of(places[follow])
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
