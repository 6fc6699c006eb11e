"""The hot loop: every active buyer opens sessions, is routed, looks, decides.

`decide` reads the frozen state of the slot and notes looks; `withdraw` decides again the
looks whose coupon the purse cannot pay. Neither changes a buyer: that is `settle`. Both
work strip by strip, stage by stage; `reference` does the same in one plain loop.
"""

import math

import numpy as np

from engine.jit import kernel
from engine.market.sessions.batch import STRIP
from engine.market.sessions.choice import choose, unchoose
from engine.market.sessions.looks import count_visits, look_up
from engine.market.sessions.routing import name_stand_ins, route_sessions
from engine.market.sessions.visits import open_sessions
from engine.market.streams import WITHOUT_PARTNER, shelf_of
from engine.market.totals import Count

MOST_SESSIONS = 24
"""Sessions of one buyer in one day; a slot has its share of them."""


def most_sessions(slot_share: float) -> int:
    """The most sessions of one buyer in a slot with this share of the day."""
    return math.ceil(MOST_SESSIONS * slot_share)


_SESSIONS, _AWAY, _LOOKS = int(Count.SESSIONS), int(Count.STAYED_AWAY), int(Count.LOOKS)
_REFUSED, _FEED = int(Count.REFUSED_COUPONS), int(Count.FEED_VISITS)


@kernel
def decide(first, last, buyers, shop, feed, tastes, moment, tally, looks, strip):
    """Open and decide the sessions of buyers `first`..`last`; returns the number of looks.

    `looks` must hold `moment.most_sessions` entries a buyer.
    """
    shelf = shelf_of(shop)
    name_stand_ins(shop.members, shop.presence, strip.stand_in)
    n = 0
    for start in range(first, last, STRIP):
        opened = open_sessions(start, min(STRIP, last - start), buyers, tastes, moment, strip)
        m = route_sessions(opened, buyers, shop, feed, tastes, moment, strip)
        tally.counts[_SESSIONS] += opened
        tally.counts[_AWAY] += opened - m
        tally.counts[_FEED] += count_visits(m, strip.anchor, strip.follow, tally.visits)
        found = look_up(m, n, buyers, shelf, tastes, moment, tally, looks, strip)
        choose(found, buyers, shelf, tastes, moment, tally, looks, strip)
        n += found
    tally.counts[_LOOKS] += n
    return n


@kernel
def withdraw(first_bucket, partner_only, buyers, shop, tastes, moment, tally, looks, n, strip):
    """Take the coupon from looks of buckets at or beyond `first_bucket`, and decide again.

    With `partner_only` only the coupons on the partner's goods are taken.
    """
    shelf, found = shelf_of(shop), 0
    for k in range(n):
        strip.position[found] = k
        found += np.int64((looks[k].coupon > 0) & (looks[k].bucket >= first_bucket))
        if found == STRIP or k == n - 1:
            unchoose(found, buyers, shelf, tastes, moment, tally, looks, strip)
            for held in range(found):
                look = looks[strip.position[held]]
                look.coupon = np.uint8(look.coupon + WITHOUT_PARTNER if partner_only else 0)
            choose(found, buyers, shelf, tastes, moment, tally, looks, strip)
            tally.counts[_REFUSED] += found
            found = 0
