"""Who goes without where a supplier is short: a lottery over the buyers of all shards.

Each wish has a lot, 64 random bits. Of a supplier with k units the k least lots win, equal ones in
the order of buyers. No shard sees the others' wishes: lots are told apart digit by digit of eight
bits, the highest first. With n(d) undecided wishes of digit d over all shards and k units left,

    c = the first digit with n(0) + ... + n(c) > k:  digits below c win, above c lose,

and those of digit c are undecided, for k - n(0) - ... - n(c - 1) units. Once nothing is left
the undecided lose. After as many digits as tell the wishes apart, two or three, all is decided.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engine.market.exchange import Exchange, Ints

_BITS, _LOT_BITS, _SHARD_BITS = 8, 64, 16
_DIGITS = 1 << _BITS


def draw_losers(
    supplier: Ints, lots: NDArray[np.uint64], stock: Ints, exchange: Exchange
) -> NDArray[np.bool_]:
    """Tell which of this shard's wishes the stock does not reach; bool, shape (wishes,).

    Parameters
    ----------
    supplier : int64 (wishes,), places in `stock`; wishes in the order of buyers.
    lots : uint64 (wishes,).
    stock : int64 (suppliers,), units of the simulated sample, fewer than wished for.
    exchange : to the other shards, who call this with the same `stock`.
    """
    left, lost = stock.copy(), np.zeros(supplier.size, np.bool_)
    undecided = np.arange(supplier.size)
    for digits in _digits(lots, exchange.number):
        mine, digit = supplier[undecided], digits[undecided]
        cut = _cut(mine, digit, left, exchange)
        lost[undecided[(digit > cut[mine]) | ((digit == cut[mine]) & (left[mine] == 0))]] = True
        undecided = undecided[(digit == cut[mine]) & (left[mine] > 0)]
        if not left.any():
            return lost
    # Equal lots, and all of them here: the first buyers win.
    mine = supplier[undecided]
    order = np.argsort(mine, kind="stable")
    ranked = mine[order]
    rank = np.arange(order.size) - np.searchsorted(ranked, ranked)
    lost[undecided[order[rank >= left[ranked]]]] = True
    return lost


def _digits(lots: NDArray[np.uint64], shard: int) -> Iterator[Ints]:
    """The digits of lots, the highest first; then, for equal lots, those of the shard."""
    for shift in range(_LOT_BITS - _BITS, -1, -_BITS):
        yield ((lots >> np.uint64(shift)) & np.uint64(_DIGITS - 1)).astype(np.int64)
    for shift in range(_SHARD_BITS - _BITS, -1, -_BITS):
        yield np.full(lots.size, (shard >> shift) & (_DIGITS - 1), np.int64)


def _cut(supplier: Ints, digit: Ints, left: Ints, exchange: Exchange) -> Ints:
    """The digit of each supplier that is undecided; takes from `left` who wins below it."""
    places = supplier * _DIGITS + digit
    own = np.bincount(places, minlength=left.size * _DIGITS).astype(np.int64, copy=False)
    (counts,) = exchange.total(own)
    running = counts.reshape(left.size, _DIGITS).cumsum(axis=1)
    cut: Ints = (running > left[:, None]).argmax(axis=1)
    below = running[np.arange(left.size), np.maximum(cut - 1, 0)]
    left -= np.where(cut > 0, below, 0)
    return cut
