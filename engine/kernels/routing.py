"""Where sessions go: a followed anchor, its family, another follow, or the feed (M6, M7, M9)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.jit import stage, step
from engine.kernels.state import FAMILY, GONE, LIVE, PUBLIC_FEED
from engine.rng import bits, uniform
from engine.world.alias import draw_alias
from engine.world.buyers import AFFINITY_BITS, AFFINITY_ONE, FOLLOWS

STAYS_AWAY = -1
DRAWS = 8
"""Draws of the routing stream that one session may use, by purpose below."""
TO_DOMAIN, TO_STAY, TO_RELEASE, TO_FAMILY, TO_MEMBER, TO_FOLLOW, TO_FEED = range(7)

ONE = np.float32(AFFINITY_ONE)
_ANCHOR_SHIFT = np.uint32(AFFINITY_BITS)
_AFFINITY_MASK = np.uint32(AFFINITY_ONE)


class Feed(NamedTuple):
    """The public feed of a slot: an alias table over anchors.

    `weight` is the sum of its law, 0 if closed; `ad_price` what a visit brings in ads, fen.
    """

    table: NDArray[np.uint64]
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
def route_sessions(m, buyers, shop, feed, tastes, moment, strip):
    """Send `m` sessions to streams; returns how many do not stay away."""
    s, people = strip, buyers.person
    add_affinities(m, s.owner, people, s.total)
    draw_marks(m, s.owner, s.number, moment.route, moment.public_odds, s.total, s.mark)
    pick_follows(m, s.owner, people, s.mark, s.anchor, s.follow, s.affinity)
    to_feed, missed = sort_out(m, s.mark, s.total, s.anchor, shop.presence, s.listed, s.others)
    enter_feed(
        to_feed, s.listed, s.owner, s.number, moment.route, feed, s.anchor, s.follow, s.affinity
    )
    reroute(missed, people, shop, feed, tastes, moment, s)
    if moment.somebody_gone:
        drain(m, people, shop.presence, moment.route, tastes.drain, s)
    return drop_lost(m, s.owner, s.number, s.anchor, s.follow, s.affinity)


@stage
def add_affinities(m, owner, people, total):
    """Sum of each owner's affinities; below 2^24 a float32 is as exact as an integer.

    A loop of its own: it waits for memory, and the shorter it is, the more sessions wait at once.
    """
    for t in range(m):
        edge = np.int64(0)
        for f in range(FOLLOWS):
            edge += affinity_of(people[owner[t]].follows[f])
        total[t] = np.float32(edge)


@stage
def draw_marks(m, owner, number, stream, public_odds, total, mark):
    """A mark on [0, affinities + the feed's pull)."""
    for t in range(m):
        u = uniform(stream, owner[t], number[t] * DRAWS + TO_DOMAIN)
        mark[t] = u * (total[t] + public_odds * ONE)


@stage
def pick_follows(m, owner, people, mark, anchor, follow, affinity):
    """The follow whose interval of summed affinities holds the mark; beyond all, the last.

    Counts the edges passed, without a branch: where the mark falls cannot be predicted.
    """
    for t in range(m):
        follows = people[owner[t]].follows
        place = follow_at(follows, np.int64(mark[t]))
        chosen = follows[place]
        anchor[t] = anchor_of(chosen)
        follow[t] = place
        affinity[t] = affinity_of(chosen)


@step
def follow_at(places, mark):
    """How many edges of the summed affinities lie at or below `mark`, at most the last."""
    edge, passed = np.int64(0), np.int64(0)
    for f in range(FOLLOWS - 1):
        edge += affinity_of(places[f])
        passed += np.int64(edge <= mark)
    return passed


@stage
def sort_out(m, mark, total, anchor, presence, to_feed, missed):
    """List the sessions that go to the feed, and those whose anchor is not streaming."""
    feeds, misses = 0, 0
    for t in range(m):
        public = mark[t] >= total[t]
        to_feed[feeds] = t
        missed[misses] = t
        feeds += np.int64(public)
        misses += np.int64((not public) & (presence[anchor[t]] != LIVE))
    return feeds, misses


@stage
def enter_feed(n, to_feed, owner, number, stream, feed, anchor, follow, affinity):
    """A stream of the public feed for each listed session; a closed feed loses it."""
    is_open = feed.weight[0] > 0.0
    for k in range(n):
        t = to_feed[k]
        drawn = draw_alias(bits(stream, owner[t], number[t] * DRAWS + TO_FEED), feed.table)
        anchor[t] = drawn if is_open else STAYS_AWAY
        follow[t] = PUBLIC_FEED
        affinity[t] = 0


@stage
def reroute(n, people, shop, feed, tastes, moment, strip):
    """Where sessions go whose anchor is off the air: family, another follow, the feed."""
    s = strip
    for k in range(n):
        t = s.others[k]
        i, draw = s.owner[t], s.number[t] * DRAWS
        follows, missed, affinity = people[i].follows, s.anchor[t], s.affinity[t]
        s.anchor[t], s.follow[t], s.affinity[t] = STAYS_AWAY, PUBLIC_FEED, 0
        if (
            shop.presence[missed] == GONE
            and uniform(moment.route, i, draw + TO_RELEASE) >= tastes.release
        ):
            continue
        relative = live_relative(i, draw, shop.family[missed], s.stand_in, moment)
        live = live_affinities(follows, shop.presence)
        if relative >= 0:
            s.anchor[t], s.follow[t] = relative, FAMILY
            s.affinity[t] = np.int64(np.float32(affinity) * tastes.family_affinity)
        elif live > 0:
            mark = np.int64(uniform(moment.route, i, draw + TO_FOLLOW) * np.float32(live))
            place = live_follow_at(follows, shop.presence, mark)
            s.anchor[t], s.follow[t] = anchor_of(follows[place]), place
            s.affinity[t] = affinity_of(follows[place])
        elif feed.weight[0] > 0.0:
            s.anchor[t] = draw_alias(bits(moment.route, i, draw + TO_FEED), feed.table)


@step
def live_relative(i, draw, family, stand_in, moment):
    """A live member of the family that takes over the visit, or -1 (M6)."""
    if family < 0 or uniform(moment.route, i, draw + TO_FAMILY) >= moment.family_share:
        return -1
    u = uniform(moment.route, i, draw + TO_MEMBER)
    return np.int64(stand_in[family, np.int64(u * np.float32(stand_in.shape[1]))])


@stage
def name_stand_ins(members, presence, stand_in):
    """By family and the member asked first, the first from there on that streams, or -1."""
    size = members.shape[1]
    for family in range(members.shape[0]):
        for first in range(size):
            stand_in[family, first] = -1
            for k in range(size):
                member = members[family, (first + k) % size]
                if presence[member] == LIVE:
                    stand_in[family, first] = member
                    break


@step
def live_affinities(places, presence):
    """Sum of the affinities to anchors that stream."""
    total = np.int64(0)
    for f in range(FOLLOWS):
        total += affinity_of(places[f]) * np.int64(presence[anchor_of(places[f])] == LIVE)
    return total


@step
def live_follow_at(places, presence, mark):
    """As `follow_at`, among the anchors that stream."""
    edge, passed = np.int64(0), np.int64(0)
    for f in range(FOLLOWS - 1):
        edge += affinity_of(places[f]) * np.int64(presence[anchor_of(places[f])] == LIVE)
        passed += np.int64(edge <= mark)
    return passed


@stage
def drain(m, people, presence, stream, share, strip):
    """Fans of a gone anchor come less often at all (M7)."""
    for t in range(m):
        i, draw = strip.owner[t], strip.number[t] * DRAWS
        gone = np.int64(0)
        for f in range(FOLLOWS):
            place = people[i].follows[f]
            gone += affinity_of(place) * np.int64(presence[anchor_of(place)] == GONE)
        chance = uniform(stream, i, draw + TO_STAY)
        if gone > 0 and chance * strip.total[t] < share * np.float32(gone):
            strip.anchor[t] = STAYS_AWAY


@stage
def drop_lost(m, owner, number, anchor, follow, affinity):
    """Close up the list over the sessions that stay away; returns how many are left."""
    left = 0
    for t in range(m):
        owner[left], number[left] = owner[t], number[t]
        anchor[left], follow[left], affinity[left] = anchor[t], follow[t], affinity[t]
        left += np.int64(anchor[left] != STAYS_AWAY)
    return left
