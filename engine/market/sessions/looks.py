"""Which sessions are serious looks: need, season, domain and the stream decide (section 5)."""

import numpy as np

from engine.jit import prefetch, stage, step
from engine.market.sessions.context import PUBLIC_FEED
from engine.market.sessions.terms import coupon_class
from engine.market.streams import first_index, price_index
from engine.market.totals import N_BUCKETS
from engine.population.buyers import AFFINITY_STEP, DAY_ZERO
from engine.rng import bits, uniform
from engine.rules.attention import followed_attention, gate

_BUCKET_SHIFT = np.uint64(64 - N_BUCKETS.bit_length() + 1)
_ZERO = np.float32(0.0)


@step
def select_looks(m, n, buyers, flat, tastes, context, totals, looks, batch):
    """Count `m` visits and note which become looks, from `looks[n]` on; returns how many."""
    s = batch
    day = context.day + DAY_ZERO
    _load_needs(
        m, s.owner, s.anchor, day, buyers.person, flat.category, flat.attention, tastes.need, s
    )
    _load_domain_factors(m, s.follow, s.affinity, tastes, s.domain)
    _draw_attention(m, s.owner, s.number, context, s.need, s.domain, s.stream, s.excess)
    found = _list_serious(m, s.excess, s.listed)
    _record_looks(found, n, buyers.person, context, totals.looks, looks, s)
    _prefetch_rows(
        found, flat, totals.expected.reshape(-1), totals.expected_paid, looks, s.position
    )
    return found


@stage
def count_visits(m, anchor, follow, visits):
    """Add to the anchors' `visits`; returns how many came by the feed."""
    feeds = 0
    for t in range(m):
        visits[anchor[t]] += 1
        feeds += np.int64(follow[t] == PUBLIC_FEED)
    return feeds


@stage
def _load_needs(m, owner, anchor, day, people, category, attention, need, batch):
    """How much each is in need of what it is shown, and how much the stream holds it."""
    longest = need.shape[1] - 1
    for t in range(m):
        shown = category[anchor[t]]
        days = day - np.int64(people[owner[t]].bought[shown])
        batch.need[t] = need[shown, np.uint64(min(days, longest))]
        batch.stream[t] = attention[anchor[t]]


@stage
def _load_domain_factors(m, follow, affinity, tastes, domain):
    """Factor of the private or the public domain (M9)."""
    for t in range(m):
        liking = np.float32(affinity[t]) * AFFINITY_STEP
        followed = followed_attention(tastes.private_attention, tastes.fatigue, liking)
        domain[t] = tastes.public_attention if follow[t] == PUBLIC_FEED else followed


@stage
def _draw_attention(m, owner, number, context, need, domain, stream, excess):
    """The draw less the chance of a serious look: below 0 it is one."""
    for t in range(m):
        chance = gate(context.attention_level, need[t], domain[t], stream[t])
        excess[t] = uniform(context.look, owner[t], number[t]) - chance


@stage
def _list_serious(m, excess, listed):
    """List the serious looks; returns how many."""
    n = np.uint64(0)
    for t in range(m):
        listed[n] = t
        n += np.uint64(excess[t] < _ZERO)
    return np.int64(n)


@stage
def _record_looks(n, first, people, context, looked, looks, batch):
    """Write the looks down, with the coupon that each buyer holds."""
    s = batch
    for k in range(n):
        t = s.listed[k]
        i = s.owner[t]
        look = looks[first + k]
        look.buyer, look.anchor = i, s.anchor[t]
        look.session, look.follow = np.uint8(s.number[t]), np.uint8(s.follow[t])
        look.affinity = np.uint16(s.affinity[t])
        bucket = bucket_of(i, context)
        look.bucket = np.uint16(bucket)
        look.coupon = np.uint8(coupon_class(people[i], bucket < context.coupon_reach))
        looked[s.anchor[t]] += 1
        s.position[k] = first + k


@stage
def _prefetch_rows(n, flat, expected, expected_paid, looks, position):
    """Ask for the rows of the streams looked at: with many anchors no cache holds them all."""
    for k in range(n):
        look = looks[position[k]]
        row = first_index(flat, look)
        face = price_index(flat, look, row)
        prefetch(flat.kind, row)
        prefetch(flat.own_utility, row)
        prefetch(flat.quality, row)
        prefetch(flat.brand, row)
        prefetch(flat.links_out, row)
        prefetch(flat.price_term, face)
        prefetch(flat.paid, face)
        prefetch(expected, row)
        prefetch(expected_paid, look.anchor)


@step
def bucket_of(buyer, context):
    """The buyer's hash bucket of this slot, for coupons and their rationing."""
    return np.int64(bits(context.ration, buyer, 0) >> _BUCKET_SHIFT)
