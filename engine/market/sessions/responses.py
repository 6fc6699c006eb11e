"""How sales answer to prices, at the looks as they are: own-good, kind-wide and market-wide.

A price rise of d ln p on a set K of goods changes the utilities of its goods by -a_j d ln p,
a_j = alpha_i x_ij^curvature. With P the probability to buy at the look, s_j the share of good j
in what is bought, and l the dissimilarity of the nest, sales of K fall by

    P A_K (1 / l - s_K (1 / l - 1 + P)) d ln p,    A_K = sum_K s_j a_j,   s_K = sum_K s_j.

Summed over all sets of one good, of one kind, and for all goods together; divided by what is
bought it is the elasticity of a day. Memories, habits, wallets and sellers' prices stand still.
Train, Discrete Choice Methods with Simulation, 2nd ed. 2009, ch. 4.
"""

import numpy as np

from engine.accounts import Count
from engine.jit import step
from engine.market.streams import first_index, places_of, price_index
from engine.units import EXPECTED_ONE

_ZERO, _HALF, _ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)
_EXPECTED_ONE = np.float32(EXPECTED_ONE)

_BUYS, _OWN = int(Count.PRICED_BUYS), int(Count.OWN_RESPONSE)
_KIND, _MARKET = int(Count.KIND_RESPONSE), int(Count.MARKET_RESPONSE)
_EVERY = 8
"""Of so many buyers one is asked: their numbers say nothing about them."""


@step
def add_response(k, sign, streams, tastes, counts, look, batch):
    """Add or take back the responses of one look, whose weights are column `k` of the batch.

    `k` and `sign`, 1 or -1, int64; `counts` int64, fixed-point units (`EXPECTED_ONE`); `look` a
    record of `context.LOOK`.
    """
    if look.buyer % np.uint32(_EVERY) == 0:
        row = first_index(streams, look)
        _weigh_sets(k, row, price_index(streams, look, row), streams, tastes, batch)
        sets = batch.sets
        counts[_BUYS] += sign * np.int64(sets[0] * _EXPECTED_ONE + _HALF)
        counts[_OWN] += sign * np.int64(sets[1] * _EXPECTED_ONE + _HALF)
        counts[_KIND] += sign * np.int64(sets[2] * _EXPECTED_ONE + _HALF)
        counts[_MARKET] += sign * np.int64(sets[3] * _EXPECTED_ONE + _HALF)


@step
def _weigh_sets(k, row, first_price, streams, tastes, batch):
    """Fill `batch.sets` with the probability to buy and the three responses of look `k`.

    `row` and `first_price` index the look's first place; float32.
    """
    weights, by_kind = batch.weights[:, k], batch.by_kind
    inside = _ZERO
    for j in range(places_of(streams)):
        inside += weights[j]
    buys = inside / batch.total[k]
    per_weight = _ONE / inside if inside > _ZERO else _ZERO
    by_kind[:] = _ZERO
    steepness, own = _ZERO, _ZERO
    for j in range(places_of(streams)):
        slope = batch.alpha[k]
        if tastes.curvature != _ZERO:
            slope *= streams.price_term.flat[first_price + j] * batch.memory[k]
        share = weights[j] * per_weight
        steepness += share * slope
        own += share * share * slope
        by_kind[streams.kind.flat[row + j], 0] += share
        by_kind[streams.kind.flat[row + j], 1] += share * slope
    kinds = _ZERO
    for kind in range(by_kind.shape[0]):
        kinds += by_kind[kind, 0] * by_kind[kind, 1]
    apart = _ONE / tastes.nest
    drawn = apart - _ONE + buys
    batch.sets[0] = buys
    batch.sets[1] = buys * (steepness * apart - own * drawn)
    batch.sets[2] = buys * (steepness * apart - kinds * drawn)
    batch.sets[3] = buys * steepness * (apart - drawn)
