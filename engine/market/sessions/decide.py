"""The hot loop: every active buyer opens sessions, is routed, looks, decides.

`decide` reads the frozen state of the slot and notes looks; `withdraw` decides again the
looks whose coupon the purse cannot pay. Neither changes a buyer: that is `settle`. Both
work batch by batch, stage by stage; `reference` does the same in one plain loop.
"""

import numpy as np

from engine.accounts import Count
from engine.jit import kernel, prefetch, stage, step
from engine.market.sessions.batch import BATCH_BUYERS, SESSIONS_AHEAD
from engine.market.sessions.choice import choose, retract_looks
from engine.market.sessions.context import PUBLIC_FEED
from engine.market.sessions.routing import choose_stand_ins, route_sessions
from engine.market.sessions.terms import coupon_class
from engine.market.streams import WITHOUT_PARTNER, first_index, price_index
from engine.market.totals import N_BUCKETS
from engine.population.buyers import AFFINITY_STEP, DAY_ZERO, ENGAGEMENT_STEP, HABIT_STEP
from engine.rng import bits, uniform
from engine.rules.attention import followed_attention, gate, returning
from engine.rules.visits import visits_rate

_BUCKET_SHIFT = np.uint64(64 - N_BUCKETS.bit_length() + 1)
_CACHED_PLACES = 1 << 14
"""So many places, of some forty bytes each, stay in the second-level cache by themselves."""
_ZERO = np.float32(0.0)
_SESSIONS, _AWAY, _LOOKS = int(Count.SESSIONS), int(Count.STAYED_AWAY), int(Count.LOOKS)
_REFUSED, _FEED = int(Count.REFUSED_COUPONS), int(Count.FEED_VISITS)
_FEED_LOOKS = int(Count.FEED_LOOKS)


@kernel
def decide(first, last, buyers, market, context, totals, looks, batch):
    """Open and decide the sessions of buyers `first`..`last`; returns the number of looks.

    `looks` must hold `context.most_sessions` entries a buyer.

    `first`, `last` int64; `looks` (records of `context.LOOK`) is written from 0 on; adds to
    `totals`, int64; `batch` is room. Money in fen of the simulated sample.
    """
    streams, feed, tastes = market.streams, market.feed, market.tastes
    choose_stand_ins(streams.members, streams.presence, batch.stand_in)
    n = np.int64(0)  # of a literal Numba would make a type of its own
    for start in range(first, last, BATCH_BUYERS):
        opened = _open_sessions(
            start, min(BATCH_BUYERS, last - start), buyers, tastes, context, batch
        )
        m = route_sessions(opened, buyers, streams, feed, tastes, context, batch)
        totals.counts[_SESSIONS] += opened
        totals.counts[_AWAY] += opened - m
        totals.counts[_FEED] += _count_visits(m, batch.anchor, batch.follow, totals.visits)
        found = _select_looks(start, m, n, buyers, streams, tastes, context, totals, looks, batch)
        choose(found, buyers, streams, tastes, context, totals, looks, batch)
        n += found
    totals.counts[_LOOKS] += n
    return n


@kernel
def withdraw(first_bucket, partner_only, buyers, market, context, totals, looks, n, batch):
    """Take the coupon from looks of buckets at or beyond `first_bucket`, and decide again.

    With `partner_only` only the coupons on the partner's goods are taken.

    `first_bucket` int64; `n` looks (int64) of `looks` (records of `context.LOOK`), of which
    `coupon` and `choice` are rewritten; `totals` (int64, sample fen) as if they had never held it.
    """
    streams, tastes, found = market.streams, market.tastes, 0
    for k in range(n):
        batch.position[found] = k
        found += np.int64((looks[k].coupon > 0) & (looks[k].bucket >= first_bucket))
        if found == BATCH_BUYERS or k == n - 1:
            retract_looks(found, buyers, streams, tastes, context, totals, looks, batch)
            for held in range(found):
                look = looks[batch.position[held]]
                look.coupon = np.uint8(look.coupon + WITHOUT_PARTNER if partner_only else 0)
            choose(found, buyers, streams, tastes, context, totals, looks, batch)
            totals.counts[_REFUSED] += found
            found = 0


# Who comes, and how often: the sessions that a batch of buyers opens in a slot.


@step
def _open_sessions(first, n, buyers, tastes, context, batch):
    """Line up the sessions of buyers `first`..`first + n`; returns how many."""
    s, last = batch, first + n
    seen, habit = buyers.seen[first:last], buyers.habit[first:last]
    activity = buyers.activity[first:last]
    _load_absences(n, context.day + DAY_ZERO, seen, habit, tastes.habit_left.size - 1, s)
    _look_up_rates(n, activity, tastes.visits, tastes.habit_left, s.away, s.rate, s.habit)
    _engage(n, buyers.engagement[first:last], s.rate)
    _round_visits(
        first,
        n,
        context.visit,
        tastes.habit_visits,
        context.visit_level,
        context.most_sessions,
        s.rate,
        s.habit,
        s.visits,
    )
    return _list_sessions(first, n, s.visits, buyers.person, s.owner, s.number, s.listed)


@stage
def _load_absences(n, today, seen, habits, longest, batch):
    """Days away, at most `longest`; who has arrived (rate 1, else 0); habit as last known."""
    now, most = np.int32(today), np.int32(longest)
    for k in range(n):
        away = now - np.int32(seen[k])
        batch.away[k] = min(max(away, np.int32(0)), most)
        batch.rate[k] = np.float32(away >= 0)
    for k in range(n):
        batch.habit[k] = np.float32(habits[k]) * HABIT_STEP


@stage
def _look_up_rates(n, activity, visits, habit_left, away, rate, habit):
    """Visits without habit, none before arriving; habit as it has faded."""
    for k in range(n):
        rate[k] *= visits[activity[k]]
        habit[k] *= habit_left[away[k]]


@stage
def _engage(n, engagement, rate):
    """Who has been driven off comes less often (M18)."""
    for k in range(n):
        rate[k] *= np.float32(engagement[k]) * ENGAGEMENT_STEP


@stage
def _round_visits(first, n, stream, habit_visits, level, most, rate, habit, visits):
    """Sessions of each buyer: the expected number, rounded at random."""
    for k in range(n):
        expected = visits_rate(rate[k], habit[k], habit_visits, level)
        visits[k] = min(np.int32(expected + uniform(stream, first + k, 0)), np.int32(most))


@stage
def _list_sessions(first, n, visits, people, owner, number, comers):
    """List the sessions, buyer by buyer, and call their owners up; returns how many.

    Nobody can predict who comes, or how often, so there is hardly a branch: every buyer is listed,
    and the next overwrites who does not come; who comes gets `SESSIONS_AHEAD` sessions, and the
    next one's overwrite those that do not exist.
    """
    come = np.uint64(0)
    for k in range(n):
        comers[come] = k
        come += np.uint64(visits[k] > 0)
    m = np.uint64(0)
    for c in range(come):
        k = comers[c]
        buyer = first + k
        prefetch(people, buyer)
        # A loop for each array: then a row of them is written at once.
        for ahead in range(SESSIONS_AHEAD):
            owner[m + np.uint64(ahead)] = buyer
        for ahead in range(SESSIONS_AHEAD):
            number[m + np.uint64(ahead)] = ahead
        for session in range(SESSIONS_AHEAD, visits[k]):
            owner[m + np.uint64(session)] = buyer
            number[m + np.uint64(session)] = session
        m += np.uint64(visits[k])
    return np.int64(m)


# Which sessions are serious looks: need, season, domain and the stream decide.


@step
def _select_looks(start, m, n, buyers, streams, tastes, context, totals, looks, batch):
    """Count `m` visits and note which become looks, from `looks[n]` on; returns how many.

    `start` is the batch's first buyer.
    """
    s = batch
    day = context.day + DAY_ZERO
    _load_needs(m, day, buyers.person, streams, tastes.need, s)
    _load_domain_factors(m, s.follow, s.affinity, tastes, context.public_attention, s.domain)
    _call_back(m, start, s.owner, s.habit, tastes.habit_attention, s.returning)
    _draw_attention(m, s.owner, s.number, context, s)
    found = _list_serious(m, s.excess, s.listed)
    totals.counts[_FEED_LOOKS] += _record_looks(
        found, n, buyers.person, context, streams.priced_as, totals.looks, looks, s
    )
    if streams.kind.size > _CACHED_PLACES:
        _prefetch_rows(
            found, streams, totals.expected.reshape(-1), totals.expected_paid, looks, s.position
        )
    return found


@stage
def _count_visits(m, anchor, follow, visits):
    """Add to the anchors' `visits`; returns how many came by the feed."""
    feeds = 0
    for t in range(m):
        visits[anchor[t]] += 1
        feeds += np.int64(follow[t] == PUBLIC_FEED)
    return feeds


@stage
def _load_needs(m, day, people, streams, need, batch):
    """How much each is in need of what it is shown, and how much the stream holds it."""
    s, longest = batch, need.shape[1] - 1
    for t in range(m):
        shown = streams.category[s.anchor[t]]
        days = day - np.int64(people[s.owner[t]].bought[shown])
        s.need[t] = need[shown, np.uint64(min(days, longest))]
        s.stream[t] = streams.attention[s.anchor[t]]


@stage
def _load_domain_factors(m, follow, affinity, tastes, public_attention, domain):
    """Factor of the private or the public domain (M9)."""
    for t in range(m):
        liking = np.float32(affinity[t]) * AFFINITY_STEP
        followed = followed_attention(tastes.private_attention, tastes.fatigue, liking)
        domain[t] = public_attention if follow[t] == PUBLIC_FEED else followed


@stage
def _call_back(m, start, owner, habit, habit_attention, factor):
    """Factor of habit (M17)."""
    for t in range(m):
        factor[t] = returning(habit_attention, habit[owner[t] - np.uint64(start)])


@stage
def _draw_attention(m, owner, number, context, batch):
    """The draw less the chance of a serious look: below 0 it is one."""
    need, domain, stream, habit = batch.need, batch.domain, batch.stream, batch.returning
    for t in range(m):
        chance = gate(context.attention_level, need[t], domain[t], stream[t], habit[t])
        batch.excess[t] = uniform(context.look, owner[t], number[t]) - chance


@stage
def _list_serious(m, excess, listed):
    """List the serious looks; returns how many."""
    n = np.uint64(0)
    for t in range(m):
        listed[n] = t
        n += np.uint64(excess[t] < _ZERO)
    return np.int64(n)


@stage
def _record_looks(n, first, people, context, priced_as, looked, looks, batch):
    """Write the looks down, with the coupon that each buyer holds; returns how many on the feed."""
    s, feeds = batch, 0
    for k in range(n):
        t = s.listed[k]
        i = s.owner[t]
        look = looks[first + k]
        look.buyer, look.anchor = i, s.anchor[t]
        look.session, look.follow = np.uint8(s.number[t]), np.uint8(s.follow[t])
        look.affinity = np.uint16(s.affinity[t])
        bucket = bucket_of(i, context)
        look.bucket = np.uint16(bucket)
        look.coupon = coupon_class(people[i], bucket < context.coupon_reach, priced_as)
        looked[s.anchor[t]] += 1
        feeds += np.int64(look.follow == PUBLIC_FEED)
        s.position[k] = first + k
    return feeds


@stage
def _prefetch_rows(n, streams, expected, expected_paid, looks, position):
    """Ask for the rows of the streams looked at: with many anchors no cache holds them all."""
    for k in range(n):
        look = looks[position[k]]
        row = first_index(streams, look)
        first_price = price_index(streams, look, row)
        prefetch(streams.kind, row)
        prefetch(streams.quality, row)
        prefetch(streams.brand, row)
        prefetch(streams.links_out, row)
        prefetch(streams.price_term, first_price)
        prefetch(streams.paid, first_price)
        prefetch(expected, row)
        prefetch(expected_paid, look.anchor)


@step
def bucket_of(buyer, context):
    """The buyer's hash bucket of this slot, for coupons and their rationing.

    `buyer` its number, an integer; the result int64, the number of a bucket in [0, N_BUCKETS).
    """
    return np.int64(bits(context.ration, buyer, 0) >> _BUCKET_SHIFT)
