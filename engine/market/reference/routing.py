"""The routes of `routing` in plain form, one session after another (M6, M7, M9)."""

import numpy as np

from engine.jit import step
from engine.market.sessions.context import FAMILY, PUBLIC_FEED
from engine.market.sessions.routing import (
    DRAWS,
    ONE,
    STAYS_AWAY,
    TO_DOMAIN,
    TO_FAMILY,
    TO_FEED,
    TO_FOLLOW,
    TO_MEMBER,
    TO_RELEASE,
    TO_STAY,
)
from engine.market.streams import GONE, LIVE
from engine.population.alias import draw_alias
from engine.population.buyers import FOLLOWS, affinity_of, anchor_of
from engine.rng import bits, uniform


@step
def route(i, session, me, shop, feed, tastes, context):
    """(anchor, follow, affinity) of one session; anchor STAYS_AWAY if it is lost (M7).

    `i` and `session` int64; `me` a record of `population.buyers.PERSON`; the result uint32,
    uint8 and int64 (affinity in 1/4095).
    """
    draw = session * DRAWS
    total = np.int64(0)
    for f in range(FOLLOWS):
        total += affinity_of(me, f)
    if context.somebody_gone and _kept_away(i, draw, me, shop, tastes, context, total):
        return STAYS_AWAY, PUBLIC_FEED, 0
    # Below 2^24 a float32 is as exact as an integer: mark < total where it is private.
    mark = uniform(context.route, i, draw + TO_DOMAIN) * (
        np.float32(total) + context.public_odds * ONE
    )
    if mark >= np.float32(total):
        return _enter_feed(i, draw, feed, context)
    edge, follow = affinity_of(me, 0), 0
    while np.int64(mark) >= edge and follow < FOLLOWS - 1:
        follow += 1
        edge += affinity_of(me, follow)
    anchor = anchor_of(me, follow)
    if shop.presence[anchor] == LIVE:
        return anchor, follow, affinity_of(me, follow)
    if (
        shop.presence[anchor] == GONE
        and uniform(context.route, i, draw + TO_RELEASE) >= tastes.release
    ):
        return STAYS_AWAY, PUBLIC_FEED, 0
    return _reroute(i, draw, me, follow, shop, feed, tastes, context)


@step
def _kept_away(i, draw, me, shop, tastes, context, total):
    """The drain: fans of a gone anchor come less often at all."""
    gone = _likings(me, shop.presence, GONE)
    chance = uniform(context.route, i, draw + TO_STAY)
    return gone > 0 and chance * np.float32(total) < tastes.drain * np.float32(gone)


@step
def _reroute(i, draw, me, missed, shop, feed, tastes, context):
    """Where a session goes whose anchor is off the air: family, another follow, the feed."""
    relative = _live_relative(i, draw, shop, anchor_of(me, missed), context)
    if relative >= 0:
        affinity = np.float32(affinity_of(me, missed)) * tastes.family_affinity
        return relative, FAMILY, np.int64(affinity)
    live = _likings(me, shop.presence, LIVE)
    if live > 0:
        mark = np.int64(uniform(context.route, i, draw + TO_FOLLOW) * np.float32(live))
        edge, follow = _liking(me, 0, shop.presence, LIVE), 0
        while mark >= edge and follow < FOLLOWS - 1:
            follow += 1
            edge += _liking(me, follow, shop.presence, LIVE)
        return anchor_of(me, follow), follow, affinity_of(me, follow)
    return _enter_feed(i, draw, feed, context)


@step
def _liking(me, f, presence, state):
    """Affinity to follow `f` if its anchor is in a state of presence, else 0."""
    return affinity_of(me, f) * np.int64(presence[anchor_of(me, f)] == state)


@step
def _likings(me, presence, state):
    """Sum of the affinities to anchors in a state of presence."""
    total = np.int64(0)
    for f in range(FOLLOWS):
        total += _liking(me, f, presence, state)
    return total


@step
def _enter_feed(i, draw, feed, context):
    """A stream of the public feed; with nobody live the session is lost."""
    if feed.weight[0] <= 0.0:
        return STAYS_AWAY, PUBLIC_FEED, 0
    random = bits(context.route, i, draw + TO_FEED)
    return draw_alias(random, feed.table), PUBLIC_FEED, 0


@step
def _live_relative(i, draw, shop, anchor, context):
    """A live member of the anchor's family that takes over the visit, or -1 (M6)."""
    family = shop.family[anchor]
    if family < 0 or uniform(context.route, i, draw + TO_FAMILY) >= context.family_share:
        return -1
    size = shop.members.shape[1]
    # Start at a random member and take the first that is live.
    first = int(uniform(context.route, i, draw + TO_MEMBER) * np.float32(size))
    for k in range(size):
        member = np.int64(shop.members[family, (first + k) % size])
        if member != anchor and shop.presence[member] == LIVE:
            return member
    return -1
