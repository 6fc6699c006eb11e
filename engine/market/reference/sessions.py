"""The hot loop of `sessions` in plain form: one session after another, with its routes.

Written to be read; `tests/market/test_reference.py` holds the tuned kernels to it, to the bit.
"""

import numpy as np

from engine.accounts import Count
from engine.jit import kernel, step
from engine.market.sessions.context import FAMILY, OUTSIDE, PUBLIC_FEED
from engine.market.sessions.decide import bucket_of
from engine.market.sessions.responses import add_response
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
from engine.market.sessions.terms import (
    add_claim,
    budget_now,
    claims_of,
    coupon_class,
    days_away,
    habit_now,
    memory_now,
)
from engine.market.streams import GONE, LIVE, WITHOUT_PARTNER
from engine.population.alias import draw_alias
from engine.population.buyers import (
    AFFINITY_STEP,
    BYTE_ONE,
    DAY_ZERO,
    ENGAGEMENT_STEP,
    FLAG_TIER3,
    FOLLOWS,
    affinity_of,
    anchor_of,
)
from engine.rng import bits, uniform
from engine.rules.attention import followed_attention, gate, returning
from engine.rules.choice import (
    good_utility,
    memory_term,
    nested_outside,
    outside_utility,
    price_disutility,
    stream_utility,
)
from engine.rules.fastmath import exp32
from engine.rules.visits import visits_rate
from engine.units import EXPECTED_ONE

_SESSIONS, _AWAY, _LOOKS = int(Count.SESSIONS), int(Count.STAYED_AWAY), int(Count.LOOKS)
_REFUSED, _FEED = int(Count.REFUSED_COUPONS), int(Count.FEED_VISITS)
_FEED_LOOKS = int(Count.FEED_LOOKS)
_ZERO, _HALF, _ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)
_BYTE = np.float32(1.0 / BYTE_ONE)
_EXPECTED_ONE = np.float32(EXPECTED_ONE)


@kernel
def decide_plainly(first, last, buyers, market, context, totals, looks, batch):
    """Open and decide the sessions of buyers `first`..`last`; returns the number of looks.

    `looks` must hold `context.most_sessions` entries a buyer; of `batch` only the first look's room
    is used.

    Arguments, dtypes and result are those of `sessions.decide.decide`.
    """
    streams, feed, tastes, n = market.streams, market.feed, market.tastes, 0
    for i in range(first, last):
        me, away = buyers.person[i], days_away(buyers, i, context, tastes)
        if away < 0:
            continue  # has not arrived yet
        engagement = np.float32(buyers.engagement[i]) * ENGAGEMENT_STEP
        habit = habit_now(buyers, i, away, tastes)
        rate = visits_rate(
            tastes.visits[buyers.activity[i]] * engagement,
            habit,
            tastes.habit_visits,
            context.visit_level,
        )
        sessions = min(np.int64(rate + uniform(context.visit, i, 0)), context.most_sessions)
        if sessions == 0:
            continue
        totals.counts[_SESSIONS] += sessions
        bucket = bucket_of(i, context)
        coupon = coupon_class(me, bucket < context.coupon_reach, streams.priced_as)
        for session in range(sessions):
            anchor, follow, affinity = _route(i, session, me, streams, feed, tastes, context)
            if anchor == STAYS_AWAY:
                totals.counts[_AWAY] += 1
                continue
            totals.visits[anchor] += 1
            totals.counts[_FEED] += follow == PUBLIC_FEED
            category = np.int64(streams.category[anchor])
            days = context.day + DAY_ZERO - np.int64(me.bought[category])
            domain = context.public_attention
            if follow != PUBLIC_FEED:
                domain = followed_attention(
                    tastes.private_attention,
                    tastes.fatigue,
                    np.float32(affinity) * AFFINITY_STEP,
                )
            chance = gate(
                context.attention_level,
                tastes.need[category, min(days, tastes.need.shape[1] - 1)],
                domain,
                streams.attention[anchor],
                returning(tastes.habit_attention, habit),
            )
            if uniform(context.look, i, session) >= chance:
                continue
            look = looks[n]
            look.buyer, look.anchor = i, np.uint32(anchor)
            look.session, look.follow = np.uint8(session), np.uint8(follow)
            look.coupon, look.bucket = coupon, np.uint16(bucket)
            look.affinity = np.uint16(affinity)
            totals.looks[anchor] += 1
            totals.counts[_FEED_LOOKS] += follow == PUBLIC_FEED
            _decide_look(batch, buyers, streams, tastes, context, totals, look)
            n += 1
    totals.counts[_LOOKS] += n
    return n


@kernel
def withdraw_plainly(first_bucket, partner_only, buyers, market, context, totals, looks, n, batch):
    """Take the coupon from looks of buckets at or beyond `first_bucket`.

    With `partner_only` those on the partner's goods alone.

    Arguments, dtypes and units are those of `sessions.decide.withdraw`.
    """
    streams, tastes = market.streams, market.tastes
    for k in range(n):
        look = looks[k]
        if look.coupon > 0 and look.bucket >= first_bucket:
            totals.counts[_REFUSED] += 1
            instead = look.coupon + WITHOUT_PARTNER if partner_only else 0
            _withdraw_coupon(batch, buyers, streams, tastes, context, totals, look, instead)


@step
def _weigh(batch, buyers, streams, tastes, context, look, coupon):
    """Weigh the look's goods, in the batch's first column; the outside option's weight is returned.

    What the month's budget cannot pay has weight 0 (is out of the choice set).
    """
    weights, i, anchor = batch.weights[:, 0], look.buyer, look.anchor
    me, away = buyers.person[i], days_away(buyers, i, context, tastes)
    budget = budget_now(buyers, i, context, tastes)
    tier = np.int64(me.flags & FLAG_TIER3)
    alpha = tastes.price[tier, me.sensitivity]
    taste = np.float32(me.taste) * _BYTE * tastes.brand_taste[tier]
    memory = memory_term(memory_now(me, away, tastes), tastes.memory_weight, tastes.curvature)
    batch.alpha[0], batch.memory[0] = alpha, memory
    stream = stream_utility(
        tastes.beta_affinity,
        np.float32(look.affinity) * AFFINITY_STEP,
        tastes.beta_impulse,
        np.float32(me.impulse) * _BYTE,
        streams.charisma[anchor],
    )
    weights[:] = _ZERO
    for j in range(streams.shown[anchor]):
        utility = good_utility(
            stream,
            -tastes.external_friction if streams.links_out[anchor, j] else _ZERO,
            tastes.beta_quality,
            np.float32(me.trust[streams.kind[anchor, j]]) * _BYTE,
            streams.quality[anchor, j],
            tastes.beta_brand,
            streams.brand[anchor, j],
            taste,
        ) - alpha * price_disutility(
            streams.price_term[coupon, anchor, j], memory, tastes.curvature
        )
        weights[j] = (
            exp32(_ONE / tastes.nest * utility)
            if streams.paid[coupon, anchor, j] <= budget
            else _ZERO
        )
    inside = _ZERO
    for j in range(streams.shown[anchor]):
        inside += weights[j]
    habit = habit_now(buyers, i, away, tastes)
    utility = outside_utility(context.outside_level, tastes.beta_habit, habit)
    return exp32(nested_outside(utility, tastes.nest, inside))


@step
def _draw_choice(weights, shown, outside, u):
    """The good whose interval holds u; the outside option comes first.

    A coupon taken away widens the outside interval, so nobody starts to buy for want of
    a coupon.
    """
    total = outside
    for j in range(shown):
        total += weights[j]
    edge, mark = outside, u * total
    if mark < edge:
        return OUTSIDE, total
    for j in range(shown):
        edge += weights[j]
        if mark < edge:
            return j, total
    return OUTSIDE, total  # u rounds to 1 and every edge is below it


@step
def _add_expected(batch, totals, streams, tastes, total, look, sign):
    """Add (sign 1) or take back (sign -1) the probabilities of one look, in fixed point."""
    weights, anchor, coupon = batch.weights[:, 0], look.anchor, look.coupon
    per_weight, paid = _ONE / total, _ZERO
    for j in range(streams.shown[anchor]):
        share = weights[j] * per_weight
        if not streams.links_out[anchor, j]:
            totals.expected[anchor, j] += sign * np.int64(share * _EXPECTED_ONE + _HALF)
            paid += share * np.float32(streams.paid[coupon, anchor, j])
    totals.expected_paid[anchor] += sign * np.int64(paid + _HALF)
    batch.total[0] = total
    add_response(0, sign, streams, tastes, totals.counts, look, batch)


@step
def _decide_look(batch, buyers, streams, tastes, context, totals, look):
    """Choose at one look, and count what is expected and wished."""
    outside = _weigh(batch, buyers, streams, tastes, context, look, look.coupon)
    u = uniform(context.choice, look.buyer, np.int64(look.session))
    choice, total = _draw_choice(batch.weights[:, 0], streams.shown[look.anchor], outside, u)
    look.choice = np.uint8(choice)
    _add_expected(batch, totals, streams, tastes, total, look, 1)
    if look.choice != OUTSIDE:
        payers = context.partner_share_bp, context.is_co_funded
        add_claim(claims_of(totals), streams, look, payers, 1)


@step
def _withdraw_coupon(batch, buyers, streams, tastes, context, totals, look, instead):
    """Decide one look again with coupon class `instead`, as if it had never had another."""
    outside = _weigh(batch, buyers, streams, tastes, context, look, look.coupon)
    _, total = _draw_choice(batch.weights[:, 0], streams.shown[look.anchor], outside, _ZERO)
    _add_expected(batch, totals, streams, tastes, total, look, -1)
    if look.choice != OUTSIDE:
        payers = context.partner_share_bp, context.is_co_funded
        add_claim(claims_of(totals), streams, look, payers, -1)
    look.coupon = np.uint8(instead)
    _decide_look(batch, buyers, streams, tastes, context, totals, look)


@step
def _route(i, session, me, streams, feed, tastes, context):
    """(anchor, follow, affinity) of one session; anchor STAYS_AWAY if it is lost (M7).

    `i` and `session` int64; `me` a record of `population.buyers.record_of`; the result uint32,
    uint8 and int64 (affinity in 1/4095).
    """
    draw = session * DRAWS
    total = np.int64(0)
    for f in range(FOLLOWS):
        total += affinity_of(me, f)
    if context.somebody_gone and _kept_away(i, draw, me, streams, tastes, context, total):
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
    if streams.presence[anchor] == LIVE:
        return anchor, follow, affinity_of(me, follow)
    if (
        streams.presence[anchor] == GONE
        and uniform(context.route, i, draw + TO_RELEASE) >= tastes.release
    ):
        return STAYS_AWAY, PUBLIC_FEED, 0
    return _reroute(i, draw, me, follow, streams, feed, tastes, context)


@step
def _kept_away(i, draw, me, streams, tastes, context, total):
    """The drain: fans of a gone anchor come less often at all."""
    gone = _likings(me, streams.presence, GONE)
    chance = uniform(context.route, i, draw + TO_STAY)
    return gone > 0 and chance * np.float32(total) < tastes.drain * np.float32(gone)


@step
def _reroute(i, draw, me, missed, streams, feed, tastes, context):
    """Where a session goes whose anchor is off the air: family, another follow, the feed."""
    relative = _live_relative(i, draw, streams, anchor_of(me, missed), context)
    if relative >= 0:
        affinity = np.float32(affinity_of(me, missed)) * tastes.family_affinity
        return relative, FAMILY, np.int64(affinity)
    live = _likings(me, streams.presence, LIVE)
    if live > 0:
        mark = np.int64(uniform(context.route, i, draw + TO_FOLLOW) * np.float32(live))
        edge, follow = _liking(me, 0, streams.presence, LIVE), 0
        while mark >= edge and follow < FOLLOWS - 1:
            follow += 1
            edge += _liking(me, follow, streams.presence, LIVE)
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
def _live_relative(i, draw, streams, anchor, context):
    """A live member of the anchor's family that takes over the visit, or -1 (M6)."""
    family = streams.family[anchor]
    if family < 0 or uniform(context.route, i, draw + TO_FAMILY) >= context.family_share:
        return -1
    size = streams.members.shape[1]
    # Start at a random member and take the first that is live.
    first = int(uniform(context.route, i, draw + TO_MEMBER) * np.float32(size))
    for k in range(size):
        member = np.int64(streams.members[family, (first + k) % size])
        if member != anchor and streams.presence[member] == LIVE:
            return member
    return -1
