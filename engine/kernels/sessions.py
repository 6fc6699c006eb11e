"""The hot loop: every active buyer opens sessions, is routed, looks, decides.

`decide` reads the frozen state of the slot and notes looks; `withdraw` decides again the
looks whose coupon the purse cannot pay. Neither changes a buyer: that is `settle`.
"""

import math

import numpy as np

from engine.jit import kernel
from engine.kernels.looks import (
    coupon_class,
    days_away,
    decide_look,
    habit_now,
    withdraw_coupon,
)
from engine.kernels.routing import STAYS_AWAY, route
from engine.kernels.state import N_BUCKETS, PUBLIC_FEED, WITHOUT_PARTNER, Count
from engine.rng import bits, uniform
from engine.rules.attention import followed_attention, gate
from engine.rules.visits import visits_rate
from engine.world.buyers import AFFINITY_STEP, DAY_ZERO

MOST_SESSIONS = 24
"""Sessions of one buyer in one day; a slot has its share of them."""


def most_sessions(slot_share: float) -> int:
    """The most sessions of one buyer in a slot with this share of the day."""
    return math.ceil(MOST_SESSIONS * slot_share)


_SESSIONS, _AWAY, _LOOKS = int(Count.SESSIONS), int(Count.STAYED_AWAY), int(Count.LOOKS)
_REFUSED, _FEED = int(Count.REFUSED_COUPONS), int(Count.FEED_VISITS)
_BUCKET_SHIFT = np.uint64(64 - N_BUCKETS.bit_length() + 1)


@kernel
def decide(first, last, buyers, shop, feed, tastes, moment, tally, looks, weights):
    """Open and decide the sessions of buyers `first`..`last`; returns the number of looks.

    `looks` must hold `moment.most_sessions` entries a buyer; `weights` is room for one showcase.
    """
    n = 0
    for i in range(first, last):
        me = buyers.state[i]
        away = days_away(me, moment, tastes)
        if away < 0:
            continue  # has not arrived yet
        rate = visits_rate(
            tastes.visits[me.activity],
            habit_now(me, away, tastes),
            tastes.habit_visits,
            moment.visit_level,
        )
        sessions = min(np.int64(rate + uniform(moment.visit, i, 0)), moment.most_sessions)
        if sessions == 0:
            continue
        tally.counts[_SESSIONS] += sessions
        bucket = np.int64(bits(moment.ration, i, 0) >> _BUCKET_SHIFT)
        coupon = coupon_class(me, bucket < moment.coupon_reach)
        for session in range(sessions):
            anchor, follow, affinity = route(
                i, session, buyers.follows[i], shop, feed, tastes, moment
            )
            if anchor == STAYS_AWAY:
                tally.counts[_AWAY] += 1
                continue
            tally.visits[anchor] += 1
            tally.counts[_FEED] += follow == PUBLIC_FEED
            category = np.int64(shop.category[anchor])
            days = moment.day + DAY_ZERO - np.int64(buyers.bought[i, category])
            domain = tastes.public_attention
            if follow != PUBLIC_FEED:
                domain = followed_attention(
                    tastes.private_attention,
                    tastes.fatigue,
                    np.float32(affinity) * AFFINITY_STEP,
                )
            chance = gate(
                moment.attention_level,
                tastes.need[category, min(days, tastes.need.shape[1] - 1)],
                domain,
                shop.attention[anchor],
            )
            if uniform(moment.look, i, session) >= chance:
                continue
            look = looks[n]
            look.buyer, look.anchor = i, np.int32(anchor)
            look.session, look.follow = np.uint8(session), np.uint8(follow)
            look.coupon, look.bucket = np.uint8(coupon), np.uint16(bucket)
            look.affinity = np.uint16(affinity)
            tally.looks[anchor] += 1
            decide_look(weights, buyers, shop, tastes, moment, tally, look)
            n += 1
    tally.counts[_LOOKS] += n
    return n


@kernel
def withdraw(first_bucket, partner_only, buyers, shop, tastes, moment, tally, looks, n, weights):
    """Take the coupon from looks of buckets at or beyond `first_bucket`.

    With `partner_only` those on the partner's goods alone.
    """
    for k in range(n):
        look = looks[k]
        if look.coupon > 0 and look.bucket >= first_bucket:
            tally.counts[_REFUSED] += 1
            instead = look.coupon + WITHOUT_PARTNER if partner_only else 0
            withdraw_coupon(weights, buyers, shop, tastes, moment, tally, look, instead)
