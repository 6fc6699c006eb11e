"""What the kernels of a slot share: the shop window, the feed, the moment, looks, tallies."""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.units import N_DOMAINS, N_KINDS, N_TIERS

N_COUPON_CLASSES = 9
"""0 no coupon; 1 + tier for known buyers; 3 + tier for a first order; 4 more, the same but
without a coupon on the partner's goods (its purse is short)."""

WITHOUT_PARTNER = 4
"""What takes a coupon class to the one without the partner's coupons."""

N_BUCKETS = 4096
"""Hash buckets of buyers for rationing coupons within a slot."""

N_PURSES = 2
OWN, PARTNER = 0, 1

OUTSIDE, LOST = 255, 254
"""Choices that are no good: nothing bought; lost the stock lottery."""

PUBLIC_FEED, FAMILY = 255, 254
"""In place of the number of a follow: come by the feed, or passed on by a family."""


OFF_AIR, LIVE, GONE, TO_COME = 0, 1, 2, 3
"""Presence of an anchor in a slot: not streaming, streaming, left the platform (M7), not begun."""


class Shop(NamedTuple):
    """Every stream's window on one day; rows are anchors, columns places of the showcase.

    `presence` OFF_AIR, LIVE, GONE or TO_COME; `shown` how many places are filled; `attention`
    of the stream (crowding, events); `own_utility` v_j; by coupon class first, since most looks
    are of a few classes: `price_term` and `paid`; money in fen, shares in basis points.
    """

    shown: NDArray[np.uint8]
    category: NDArray[np.uint8]
    family: NDArray[np.int32]
    members: NDArray[np.int32]
    presence: NDArray[np.uint8]
    charisma: NDArray[np.float32]
    attention: NDArray[np.float32]
    good: NDArray[np.int32]
    supplier: NDArray[np.int32]
    kind: NDArray[np.uint8]
    good_category: NDArray[np.uint8]
    links_out: NDArray[np.bool_]
    capped: NDArray[np.bool_]
    quality: NDArray[np.float32]
    brand: NDArray[np.float32]
    own_utility: NDArray[np.float32]
    price: NDArray[np.int64]
    elsewhere: NDArray[np.int64]
    cps_bp: NDArray[np.int64]
    paid: NDArray[np.int32]
    price_term: NDArray[np.float32]


class Moment(NamedTuple):
    """What all buyers share in one slot: the names of its luck and the state of the day."""

    visit: np.uint64
    route: np.uint64
    look: np.uint64
    choice: np.uint64
    ration: np.uint64
    stock: np.uint64
    returned: np.uint64
    follow: np.uint64
    day: np.int64
    month: np.int64
    month_start: np.int64
    most_sessions: np.int64
    visit_level: np.float32
    attention_level: np.float32
    outside_level: np.float32
    public_odds: np.float32
    family_share: np.float32
    somebody_gone: np.bool_
    coupon_reach: np.int64
    partner_share_bp: np.int64
    take_bp: NDArray[np.int64]
    offer_bp: NDArray[np.int64]


LOOK = np.dtype(
    [
        ("buyer", np.uint32),
        ("anchor", np.uint32),
        ("session", np.uint8),
        ("follow", np.uint8),
        ("coupon", np.uint8),
        ("choice", np.uint8),
        ("bucket", np.uint16),
        ("affinity", np.uint16),
    ]
)
"""One serious look, in 16 bytes: who, where, by which follow, with which coupon, choosing what."""


class Account(IntEnum):
    """Columns of a ledger; money in fen, all of simulated (unweighted) orders."""

    ORDERS = 0
    GMV = 1
    PAID = 2
    OWN_COUPON = 3
    PARTNER_COUPON = 4
    COMMISSION = 5
    TAKE = 6
    SUPPLIER = 7
    RETURNED = 8
    RETURNED_GMV = 9
    RETURNED_PAID = 10
    RETURNED_OWN_COUPON = 11
    RETURNED_PARTNER_COUPON = 12
    RETURNED_COMMISSION = 13
    RETURNED_TAKE = 14
    RETURNED_SUPPLIER = 15
    LEAKED = 16
    REPEATS = 17
    CAPPED = 18
    ELSEWHERE = 19


class Count(IntEnum):
    """Scalar counters of a day."""

    SESSIONS = 0
    STAYED_AWAY = 1
    LOOKS = 2
    REFUSED_COUPONS = 3
    STOCK_OUTS = 4
    PAYING_BUYERS = 5
    NEW_BUYERS = 6
    MONTH_BUYERS = 7
    MONTH_TWICE = 8
    MONTH_RETAINED = 9
    FEED_VISITS = 10
    ADS_FEN = 11
    CLAIMED_FEN = 12


class Tally(NamedTuple):
    """What one thread adds up over a slot; integers only, so no order of addition matters.

    `visits` by anchor and `looks` by anchor; `expected` sales by anchor and place and
    `expected_paid` by anchor, fixed point; `ledger` (kind, tier, domain, account); `claims`
    (purse, bucket) fen; `demand` by supplier; `gmv`, `commission`, `offered`
    (commission by the kinds' offers) and `follows` by anchor.
    """

    visits: NDArray[np.int64]
    looks: NDArray[np.int64]
    expected: NDArray[np.int64]
    expected_paid: NDArray[np.int64]
    ledger: NDArray[np.int64]
    claims: NDArray[np.int64]
    demand: NDArray[np.int64]
    gmv: NDArray[np.int64]
    commission: NDArray[np.int64]
    offered: NDArray[np.int64]
    follows: NDArray[np.int64]
    counts: NDArray[np.int64]


def new_tally(anchors: int, places: int, suppliers: int) -> Tally:
    """An empty tally."""

    def zeros(*shape: int) -> NDArray[np.int64]:
        return np.zeros(shape, np.int64)

    return Tally(
        visits=zeros(anchors),
        looks=zeros(anchors),
        expected=zeros(anchors, places),
        expected_paid=zeros(anchors),
        ledger=zeros(N_KINDS, N_TIERS, N_DOMAINS, len(Account)),
        claims=zeros(N_PURSES, N_BUCKETS),
        demand=zeros(suppliers),
        gmv=zeros(anchors),
        commission=zeros(anchors),
        offered=zeros(anchors),
        follows=zeros(anchors),
        counts=zeros(len(Count)),
    )


def new_shop(
    anchors: int,
    places: int,
    category: NDArray[np.uint8],
    charisma: NDArray[np.float32],
    family: NDArray[np.int32],
    members: NDArray[np.int32],
) -> Shop:
    """A shop with empty showcases."""
    shape, by_class = (anchors, places), (N_COUPON_CLASSES, anchors, places)
    return Shop(
        shown=np.zeros(anchors, np.uint8),
        category=category,
        family=family,
        members=members,
        presence=np.zeros(anchors, np.uint8),
        charisma=charisma,
        attention=np.ones(anchors, np.float32),
        good=np.zeros(shape, np.int32),
        supplier=np.zeros(shape, np.int32),
        kind=np.zeros(shape, np.uint8),
        good_category=np.zeros(shape, np.uint8),
        links_out=np.zeros(shape, np.bool_),
        capped=np.zeros(shape, np.bool_),
        quality=np.zeros(shape, np.float32),
        brand=np.zeros(shape, np.float32),
        own_utility=np.zeros(shape, np.float32),
        price=np.ones(shape, np.int64),
        elsewhere=np.ones(shape, np.int64),
        cps_bp=np.zeros(shape, np.int64),
        paid=np.ones(by_class, np.int32),
        price_term=np.zeros(by_class, np.float32),
    )
