"""When something runs out within a slot (exact, and free of the order of buyers).

Coupons: buyers stand in hash buckets of (seed, buyer, day, slot). The claims on a purse are
counted by bucket; the longest run of buckets that it can pay keeps its coupons, the rest
decide again without (`sessions.withdraw`). First the partner's purse, whose shortage takes
the coupons on its goods alone, then the platform's, whose shortage takes all. Taking a
coupon away never raises another bucket's claim, so one pass each is exact.

Stock: wishes are counted by supplier. Where they exceed the stock, a lottery orders the
wishes by a hash of (seed, buyer, day, slot, session); the losers buy nothing.
"""

from typing import NamedTuple

import numpy as np

from engine.accounts import Count
from engine.jit import kernel, stage
from engine.market.sessions.context import LOST
from engine.market.streams import flat_view, index_of
from engine.market.totals import N_BUCKETS, OWN, PARTNER
from engine.rng import bits

_STOCK_OUTS = int(Count.STOCK_OUTS)


class Shortages(NamedTuple):
    """What of the buyers' wishes cannot be had.

    `partner_cut` and `own_cut`: how many leading buckets each purse can pay, `N_BUCKETS` where it
    pays all; `claimed` from the platform's own purse, sample fen; whether a supplier's stock is
    short (`of_stock`).
    """

    partner_cut: int
    own_cut: int
    claimed: int
    of_stock: bool


@kernel
def shortages(claims, demand, stock, weight, own, partner):
    """The fields of `Shortages`.

    `claims` int64 (purse, bucket) and the purses `own` and `partner` int64, sample fen; `demand`
    int64 by supplier; `stock` float64 by supplier, real units; `weight` int64.
    """
    partner_cut, _ = _affordable_buckets(claims[PARTNER], partner)
    own_cut, claimed = _affordable_buckets(claims[OWN], own)
    return partner_cut, own_cut, claimed, not _has_enough(demand, stock, weight)


@stage
def _affordable_buckets(claims, purse):
    """How many leading buckets a purse can pay, and what all buckets claim.

    `claims` int64 (N_BUCKETS,), `purse` int64, both sample fen; the results int64.
    """
    spent, claimed = 0, 0
    for bucket in range(N_BUCKETS):
        claimed += claims[bucket]
    if claimed <= purse:
        return N_BUCKETS, claimed
    for bucket in range(N_BUCKETS):
        spent += claims[bucket]
        if spent > purse:
            break
    return bucket, claimed


@stage
def _has_enough(demand, stock, weight):
    """Whether every supplier has what is wanted; `stock` in real units, `demand` in sample ones."""
    enough = True
    for s in range(demand.size):
        enough &= demand[s] <= stock[s] // weight
    return enough


@kernel
def wishes_for(short, shop, looks, n, context, suppliers, lots, positions):
    """Note each of `n` looks that wants a good of a `short` supplier; returns how many.

    Fills `suppliers`, `lots` (uint64, the lottery's order) and `positions` (of the look).

    `short` bool by supplier; `looks` records of `context.LOOK`; `suppliers` and `positions`
    int64 of length `n` at least.
    """
    flat, count = flat_view(shop), 0
    for k in range(n):
        look = looks[k]
        if look.choice >= LOST:
            continue
        place = index_of(flat, look)
        supplier = flat.supplier[place]
        if short[supplier] and not flat.links_out[place]:
            suppliers[count] = supplier
            lots[count] = bits(context.stock, look.buyer, np.int64(look.session))
            positions[count] = k
            count += 1
    return count


@kernel
def lose(looks, losers, counts):
    """Mark the looks at positions `losers` as having lost the lottery.

    `looks` records of `context.LOOK`, `losers` int64, `counts` int64 by `Count`.
    """
    for k in losers:
        looks[k].choice = np.uint8(LOST)
        counts[_STOCK_OUTS] += 1
