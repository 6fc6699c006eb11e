"""The hot loop: every active buyer opens sessions, is routed, looks, decides.

`decide` reads the frozen state of the slot and notes looks; `withdraw` decides again the
looks whose coupon the purse cannot pay. Neither changes a buyer: that is `settle`. Both
work batch by batch, stage by stage; `reference` does the same in one plain loop.
"""

import math

import numpy as np

from engine.accounts import Count
from engine.jit import kernel
from engine.market.sessions.batch import BATCH_BUYERS
from engine.market.sessions.choice import choose, retract_looks
from engine.market.sessions.looks import count_visits, select_looks
from engine.market.sessions.routing import choose_stand_ins, route_sessions
from engine.market.sessions.visits import open_sessions
from engine.market.streams import WITHOUT_PARTNER, flat_view

MOST_SESSIONS = 24
"""Sessions of one buyer in one day; a slot has its share of them."""


def most_sessions(slot_share: float) -> int:
    """The most sessions of one buyer in a slot with this share of the day."""
    return math.ceil(MOST_SESSIONS * slot_share)


_SESSIONS, _AWAY, _LOOKS = int(Count.SESSIONS), int(Count.STAYED_AWAY), int(Count.LOOKS)
_REFUSED, _FEED = int(Count.REFUSED_COUPONS), int(Count.FEED_VISITS)


@kernel
def decide(first, last, buyers, shop, feed, tastes, context, totals, looks, batch):
    """Open and decide the sessions of buyers `first`..`last`; returns the number of looks.

    `looks` must hold `context.most_sessions` entries a buyer.
    """
    flat = flat_view(shop)
    choose_stand_ins(shop.members, shop.presence, batch.stand_in)
    n = 0
    for start in range(first, last, BATCH_BUYERS):
        opened = open_sessions(
            start, min(BATCH_BUYERS, last - start), buyers, tastes, context, batch
        )
        m = route_sessions(opened, buyers, shop, feed, tastes, context, batch)
        totals.counts[_SESSIONS] += opened
        totals.counts[_AWAY] += opened - m
        totals.counts[_FEED] += count_visits(m, batch.anchor, batch.follow, totals.visits)
        found = select_looks(m, n, buyers, flat, tastes, context, totals, looks, batch)
        choose(found, buyers, flat, tastes, context, totals, looks, batch)
        n += found
    totals.counts[_LOOKS] += n
    return n


@kernel
def withdraw(first_bucket, partner_only, buyers, shop, tastes, context, totals, looks, n, batch):
    """Take the coupon from looks of buckets at or beyond `first_bucket`, and decide again.

    With `partner_only` only the coupons on the partner's goods are taken.
    """
    flat, found = flat_view(shop), 0
    for k in range(n):
        batch.position[found] = k
        found += np.int64((looks[k].coupon > 0) & (looks[k].bucket >= first_bucket))
        if found == BATCH_BUYERS or k == n - 1:
            retract_looks(found, buyers, flat, tastes, context, totals, looks, batch)
            for held in range(found):
                look = looks[batch.position[held]]
                look.coupon = np.uint8(look.coupon + WITHOUT_PARTNER if partner_only else 0)
            choose(found, buyers, flat, tastes, context, totals, looks, batch)
            totals.counts[_REFUSED] += found
            found = 0
