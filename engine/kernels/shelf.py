"""The shop window as buyers' kernels read it: all places in one row.

A look reads a few places of thousands, from a dozen arrays. An index into several dimensions is
multiplied out for each array anew; one into a row is the same for all.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.jit import step


class Shelf(NamedTuple):
    """Fields of `Shop` in one row each, views of the same memory.

    Place j of anchor m is m * size + j, `size` the places of a showcase; what a coupon class c
    pays for it stands c * (number of places) further.
    """

    size: np.uint64
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


@step
def shelf_of(shop):
    """The shelf of a shop: views, no copies."""
    return Shelf(
        np.uint64(shop.kind.shape[1]),
        shop.supplier.reshape(-1),
        shop.kind.reshape(-1),
        shop.good_category.reshape(-1),
        shop.links_out.reshape(-1),
        shop.capped.reshape(-1),
        shop.quality.reshape(-1),
        shop.brand.reshape(-1),
        shop.own_utility.reshape(-1),
        shop.price.reshape(-1),
        shop.elsewhere.reshape(-1),
        shop.cps_bp.reshape(-1),
        shop.paid.reshape(-1),
        shop.price_term.reshape(-1),
    )


@step
def row_of(shelf, look):
    """The first place of the stream looked at."""
    return np.uint64(look.anchor) * shelf.size


@step
def place_of(shelf, look):
    """The place of what was chosen."""
    return row_of(shelf, look) + np.uint64(look.choice)


@step
def face_of(shelf, look, place):
    """Where the buyer's coupon class keeps what it pays for a place."""
    return np.uint64(look.coupon) * np.uint64(shelf.kind.size) + place
