"""The shop window as buyers' kernels read it: all places in one row.

A look reads a few places of thousands, from a dozen arrays. An index into several dimensions is
multiplied out for each array anew; one into a row is the same for all.
"""

import numpy as np

from engine.jit import step
from engine.market.tables import Shop


@step
def shelf_of(shop):
    """The shop with its places in one row: views of the same memory.

    Place j of anchor m is m * size + j, `size` the places of a showcase; what a coupon class c
    pays for it stands c * (number of places) further. Columns by anchor stay as they are, and so
    does `good`, which tells the size.
    """
    return Shop(
        shown=shop.shown,
        category=shop.category,
        family=shop.family,
        members=shop.members,
        presence=shop.presence,
        charisma=shop.charisma,
        attention=shop.attention,
        good=shop.good,
        supplier=shop.supplier.reshape(-1),
        kind=shop.kind.reshape(-1),
        good_category=shop.good_category.reshape(-1),
        links_out=shop.links_out.reshape(-1),
        capped=shop.capped.reshape(-1),
        quality=shop.quality.reshape(-1),
        brand=shop.brand.reshape(-1),
        own_utility=shop.own_utility.reshape(-1),
        price=shop.price.reshape(-1),
        elsewhere=shop.elsewhere.reshape(-1),
        cps_bp=shop.cps_bp.reshape(-1),
        paid=shop.paid.reshape(-1),
        price_term=shop.price_term.reshape(-1),
    )


@step
def size_of(shelf):
    """How many places a showcase has."""
    return np.uint64(shelf.good.shape[1])


@step
def row_of(shelf, look):
    """The first place of the stream looked at."""
    return np.uint64(look.anchor) * size_of(shelf)


@step
def place_of(shelf, look):
    """The place of what was chosen."""
    return row_of(shelf, look) + np.uint64(look.choice)


@step
def face_of(shelf, look, place):
    """Where the buyer's coupon class keeps what it pays for a place."""
    return np.uint64(look.coupon) * np.uint64(shelf.kind.size) + place
