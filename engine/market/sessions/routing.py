"""Where sessions go: a followed anchor, its family, another follow, or the feed (M6, M7, M9)."""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from engine.jit import stage, step
from engine.market.sessions.context import FAMILY, PUBLIC_FEED
from engine.market.streams import GONE, LIVE
from engine.population.alias import draw_alias
from engine.population.buyers import AFFINITY_ONE, FOLLOWS, LANE_BITS, LANES, affinity_of, anchor_of
from engine.rng import bits, uniform

# Sums over a buyer's follows, four at once.
#
# Four affinities a, each below 2^12, lie in the four 16-bit lanes of a 64-bit word w; the lane of
# the first is the lowest (on a little-endian machine).
#
#     w * 0x0001_0001_0001_0001              lane k is a_0 + ... + a_k
#     (2^15 + mark) in each lane - sums      the top bit of lane k tells whether mark >= its sum
#
# Eight affinities add up to less than 2^15, so no lane runs over into the next. (Knuth, The Art of
# Computer Programming, vol. 4A, 7.1.3: broadword computing.)

_HIGHEST_MARK = (1 << (LANE_BITS - 1)) - 1
"""Marks from the sum of all affinities to here lie beyond the last follow."""

_EACH = np.uint64(0x0001_0001_0001_0001)
_AFFINITY = _EACH * np.uint64(AFFINITY_ONE)
_TOP = np.uint64(LANE_BITS - 1)
_LAST = np.uint64(LANE_BITS * (LANES - 1))


@step
def _affinities_of(me):
    """The affinities to the first four and to the other follows, in lanes of nothing else."""
    return me.affinity_words[0] & _AFFINITY, me.affinity_words[1] & _AFFINITY


@step
def _where(me, presence, state):
    """Masks on `_affinities_of` that keep the follows whose anchors are in a state of presence."""
    low = high = np.uint64(0)
    for f in range(LANES):
        lane = np.uint64(f * LANE_BITS)
        low |= np.uint64(presence[anchor_of(me, f)] == state) << lane
        high |= np.uint64(presence[anchor_of(me, f + LANES)] == state) << lane
    return low * np.uint64(AFFINITY_ONE), high * np.uint64(AFFINITY_ONE)


@step
def _sum_of(low, high):
    """Sum of the affinities in both words."""
    return np.int32(((low + high) * _EACH) >> _LAST)


@step
def _place_at(low, high, mark):
    """The follow whose interval of summed affinities holds `mark`; beyond all, the last."""
    sums = low * _EACH
    more = high * _EACH + (sums >> _LAST) * _EACH
    marks = (np.uint64(mark) | np.uint64(1) << _TOP) * _EACH
    passed = (((marks - sums) >> _TOP) & _EACH) + (((marks - more) >> _TOP) & _EACH)
    return np.int32(min((passed * _EACH) >> _LAST, np.uint64(FOLLOWS - 1)))


STAYS_AWAY = (1 << 32) - 1
"""In place of an anchor."""
DRAWS = 8
"""Draws of the routing stream that one session may use, by purpose below."""
TO_DOMAIN, TO_STAY, TO_RELEASE, TO_FAMILY, TO_MEMBER, TO_FOLLOW, TO_FEED = range(7)

ONE = np.float32(AFFINITY_ONE)
_MOST = np.float32(_HIGHEST_MARK)


class Feed(NamedTuple):
    """The public feed of a slot: an alias table over anchors.

    Of the slot, shape (1,): `weight` is the sum of its law, 0 if closed; `ad_price` what a visit
    brings in ads, fen; `collision` the probability that two visits come to the same stream, 0
    while it is closed; `somebody_gone` whether an anchor has left the platform (bool).
    """

    table: NDArray[np.uint64]
    weight: NDArray[np.float64]
    ad_price: NDArray[np.float64]
    collision: NDArray[np.float64]
    somebody_gone: NDArray[np.bool_]

    @classmethod
    def new(cls, anchors: int) -> Self:
        """A feed that is closed."""
        return cls(
            np.zeros(anchors, np.uint64),
            np.zeros(1),
            np.zeros(1),
            np.zeros(1),
            np.zeros(1, np.bool_),
        )


@step
def route_sessions(m, buyers, streams, feed, tastes, context, batch):
    """Send `m` sessions to streams; returns how many do not stay away.

    `m` int64 sessions of `batch.owner`; writes `batch.anchor`, `follow` and `affinity` (uint32
    numbers, affinity in units of 1/4095), and drops what is lost from the front of all session
    columns.
    """
    s, people = batch, buyers.person
    _load_affinities(m, s.owner, people, s.low, s.high)
    _draw_marks(m, s.owner, s.number, context.route, context.public_odds, s)
    _pick_follows(m, s.low, s.high, s.mark, s.follow)
    _load_followed(m, s.owner, people, s.anchor, s.follow, s.affinity)
    to_feed, missed = _split_routes(
        m, s.mark, s.total, s.anchor, streams.presence, s.listed, s.others
    )
    _enter_feed(
        to_feed, s.listed, s.owner, s.number, context.route, feed, s.anchor, s.follow, s.affinity
    )
    _reroute(missed, people, streams, feed, tastes, context, s)
    if context.somebody_gone:
        _drain(m, people, streams.presence, context.route, tastes.drain, s)
    return _drop_lost(m, s.owner, s.number, s.anchor, s.follow, s.affinity)


@stage
def _load_affinities(m, owner, people, low, high):
    """The affinities of each owner, four in a word.

    A loop of its own: it waits for memory, and the shorter it is, the more sessions wait at once.
    """
    for t in range(m):
        low[t], high[t] = _affinities_of(people[owner[t]])


@stage
def _draw_marks(m, owner, number, stream, public_odds, batch):
    """Sums of affinities, and a mark on [0, affinities + the feed's pull)."""
    for t in range(m):
        total = np.float32(_sum_of(batch.low[t], batch.high[t]))
        u = uniform(stream, owner[t], number[t] * DRAWS + TO_DOMAIN)
        batch.total[t] = total
        batch.mark[t] = u * (total + public_odds * ONE)


@stage
def _pick_follows(m, low, high, mark, follow):
    """The follow whose interval of summed affinities holds the mark."""
    for t in range(m):
        follow[t] = _place_at(low[t], high[t], np.int32(min(mark[t], _MOST)))


@stage
def _load_followed(m, owner, people, anchor, follow, affinity):
    """The anchor followed, and how much it is liked."""
    for t in range(m):
        me = people[owner[t]]
        anchor[t] = anchor_of(me, follow[t])
        affinity[t] = affinity_of(me, follow[t])


@stage
def _split_routes(m, mark, total, anchor, presence, to_feed, missed):
    """List the sessions that go to the feed, and those whose anchor is not streaming."""
    feeds, misses = np.uint64(0), np.uint64(0)
    for t in range(m):
        public = mark[t] >= total[t]
        to_feed[feeds] = t
        missed[misses] = t
        feeds += np.uint64(public)
        misses += np.uint64((not public) & (presence[anchor[t]] != LIVE))
    return np.int64(feeds), np.int64(misses)


@stage
def _enter_feed(n, to_feed, owner, number, stream, feed, anchor, follow, affinity):
    """A stream of the public feed for each listed session; a closed feed loses it."""
    is_open = feed.weight[0] > 0.0
    for k in range(n):
        t = to_feed[k]
        drawn = draw_alias(bits(stream, owner[t], number[t] * DRAWS + TO_FEED), feed.table)
        anchor[t] = drawn if is_open else STAYS_AWAY
        follow[t] = PUBLIC_FEED
        affinity[t] = 0


@stage
def _reroute(n, people, streams, feed, tastes, context, batch):
    """Where sessions go whose anchor is off the air: family, another follow, the feed."""
    s = batch
    for k in range(n):
        t = s.others[k]
        i, draw = s.owner[t], s.number[t] * DRAWS
        me, missed, affinity = people[i], s.anchor[t], s.affinity[t]
        s.anchor[t], s.follow[t], s.affinity[t] = STAYS_AWAY, PUBLIC_FEED, 0
        if (
            streams.presence[missed] == GONE
            and uniform(context.route, i, draw + TO_RELEASE) >= tastes.release
        ):
            continue
        relative = _live_relative(i, draw, streams.family[missed], s.stand_in, context)
        low, high = _where(me, streams.presence, LIVE)
        low, high = low & s.low[t], high & s.high[t]
        live = _sum_of(low, high)
        if relative >= 0:
            s.anchor[t], s.follow[t] = relative, FAMILY
            s.affinity[t] = np.int64(np.float32(affinity) * tastes.family_affinity)
        elif live > 0:
            mark = np.int32(uniform(context.route, i, draw + TO_FOLLOW) * np.float32(live))
            s.follow[t] = _place_at(low, high, mark)
            s.anchor[t], s.affinity[t] = anchor_of(me, s.follow[t]), affinity_of(me, s.follow[t])
        elif feed.weight[0] > 0.0:
            s.anchor[t] = draw_alias(bits(context.route, i, draw + TO_FEED), feed.table)


@step
def _live_relative(i, draw, family, stand_in, context):
    """A live member of the family that takes over the visit, or -1 (M6)."""
    if family < 0 or uniform(context.route, i, draw + TO_FAMILY) >= context.family_share:
        return -1
    u = uniform(context.route, i, draw + TO_MEMBER)
    return np.int64(stand_in[family, np.int64(u * np.float32(stand_in.shape[1]))])


@stage
def choose_stand_ins(members, presence, stand_in):
    """By family and the member asked first, the first from there on that streams, or -1.

    `members` (families, members) int32 numbers of anchors; `presence` uint8 by anchor; fills
    `stand_in` (families, members) int32, the number of an anchor.
    """
    size = members.shape[1]
    for family in range(members.shape[0]):
        for first in range(size):
            stand_in[family, first] = -1
            for k in range(size):
                member = members[family, (first + k) % size]
                if presence[member] == LIVE:
                    stand_in[family, first] = member
                    break


@stage
def _drain(m, people, presence, stream, share, batch):
    """Fans of a gone anchor come less often at all (M7)."""
    n = _list_drained(m, stream, share, batch)
    for k in range(n):
        t = batch.listed[k]
        i = batch.owner[t]
        low, high = _where(people[i], presence, GONE)
        gone = _sum_of(low & batch.low[t], high & batch.high[t])
        if gone > 0 and batch.mark[t] < share * np.float32(gone):
            batch.anchor[t] = STAYS_AWAY


@stage
def _list_drained(m, stream, share, batch):
    """List the sessions that are lost if all of the buyer's anchors are gone; no others can be.

    Draws the mark anew.
    """
    n = np.uint64(0)
    for t in range(m):
        u = uniform(stream, batch.owner[t], batch.number[t] * DRAWS + TO_STAY)
        batch.mark[t] = u * batch.total[t]
        batch.listed[n] = t
        n += np.uint64(batch.mark[t] < share * batch.total[t])
    return np.int64(n)


@stage
def _drop_lost(m, owner, number, anchor, follow, affinity):
    """Close up the list over the sessions that stay away; returns how many are left.

    On most days none does, and nothing has to move.
    """
    lost = np.uint32(0)
    for t in range(m):
        lost += np.uint32(anchor[t] == STAYS_AWAY)
    if lost == 0:
        return m
    left = np.uint64(0)
    for t in range(m):
        owner[left], number[left] = owner[t], number[t]
        anchor[left], follow[left], affinity[left] = anchor[t], follow[t], affinity[t]
        left += np.uint64(anchor[left] != STAYS_AWAY)
    return np.int64(left)
