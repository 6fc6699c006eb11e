"""Every stream on one day as kernels read it: who is live, what is shown, at which price."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.jit import step

N_COUPON_CLASSES = 9
"""0 no coupon; 1 + tier for known buyers; 3 + tier for a first order; 4 more, the same but
without a coupon on the partner's goods (its purse is short)."""

WITHOUT_PARTNER = 4
"""What takes a coupon class to the one without the partner's coupons."""


OFF_AIR, LIVE, GONE, TO_COME = 0, 1, 2, 3
"""Presence of an anchor in a slot: not streaming, streaming, left the platform (M7), not begun."""


class StreamTable(NamedTuple):
    """Every stream on one day; rows are anchors, columns places of the showcase.

    `presence` OFF_AIR, LIVE, GONE or TO_COME; `shown` how many places are filled; `attention`
    of the stream (crowding, events); by coupon class first, since most looks are of a few
    classes: `price_term` and `paid`; money in fen, shares in basis points. `priced_as`: by coupon
    class, the first one with the same coupons, whose prices are read in its place.
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
    price: NDArray[np.int64]
    elsewhere: NDArray[np.int64]
    cps_bp: NDArray[np.int64]
    paid: NDArray[np.int32]
    price_term: NDArray[np.float32]
    priced_as: NDArray[np.uint8]


# Place j of anchor m is m * size + j in a column's `flat`, `size` the places of a showcase; what a
# coupon class c pays for it stands c * (number of places) further.


@step
def places_of(streams):
    """How many places a showcase has.

    The result uint64.
    """
    return np.uint64(streams.good.shape[1])


@step
def first_index(streams, look):
    """The first place of the stream looked at.

    `look` a record of `sessions.context.LOOK`; the result uint64.
    """
    return np.uint64(look.anchor) * places_of(streams)


@step
def index_of(streams, look):
    """The place of what was chosen.

    `look` a record of `sessions.context.LOOK`; the result uint64.
    """
    return first_index(streams, look) + np.uint64(look.choice)


@step
def price_index(streams, look, place):
    """Where the buyer's coupon class keeps what it pays for a place.

    `look` a record of `sessions.context.LOOK`, `place` uint64; the result uint64.
    """
    return np.uint64(look.coupon) * np.uint64(streams.kind.size) + place
