"""The small market in NumPy, twice: as it is usually written, and laid out for speed.

`NumpyPeer` has a row per session, `ColumnsPeer` a column per slot, which is how far NumPy goes.
Both give the same bits.
"""

import numpy as np
from numpy.typing import NDArray

from peers.market import (
    GOODS,
    MOST_AFFINITY,
    OUTSIDE,
    Peer,
    SmallMarket,
    generator,
)

_NOTHING = np.float32(np.exp(OUTSIDE))


class NumpyPeer(Peer):
    """Sessions are rows of compact arrays: one pass over all of a day, float32."""

    def __init__(self, market: SmallMarket, seed: int) -> None:
        super().__init__()
        self._market, self._rng = market, generator(seed)
        self._affinity = market.affinity.copy()

    def day(self) -> None:
        """Open, visit, choose, learn."""
        market, rng = self._market, self._rng
        buyers = np.flatnonzero(
            rng.random(market.activity.size, dtype=np.float32) < market.activity
        )
        n = buyers.size
        edges = np.cumsum(self._affinity[buyers], axis=1, dtype=np.uint16)
        point = rng.random(n, dtype=np.float32) * edges[:, -1]
        slot = (edges <= point[:, None]).sum(axis=1)
        anchor = market.follows[buyers, slot]
        utility = market.log_price[anchor]
        utility *= -market.sensitivity[buyers, None]
        utility += market.quality[anchor]
        np.exp(utility, out=utility)
        np.cumsum(utility, axis=1, out=utility)
        point = rng.random(n, dtype=np.float32) * (utility[:, -1] + _NOTHING)
        good = (utility <= point[:, None]).sum(axis=1)
        bought = np.flatnonzero(good < GOODS)
        self.sales.sessions += n
        self.sales.orders += bought.size
        self.sales.paid_fen += int(market.price[anchor[bought], good[bought]].sum(dtype=np.int64))
        grown = buyers[bought], slot[bought]
        self._affinity[grown] = np.minimum(self._affinity[grown], MOST_AFFINITY - 1) + 1


class ColumnsPeer(Peer):
    """Arrays of shape (8, buyers) and (5, anchors): contiguous columns, laid out for speed."""

    def __init__(self, market: SmallMarket, seed: int) -> None:
        super().__init__()
        self._market, self._rng = market, generator(seed)
        self._affinity = np.ascontiguousarray(market.affinity.T)
        self._follows = np.ascontiguousarray(market.follows.T)
        self._log_price = np.ascontiguousarray(market.log_price.T)
        self._quality = np.ascontiguousarray(market.quality.T)

    def day(self) -> None:
        """Open, visit, choose, learn."""
        market, rng = self._market, self._rng
        buyers = np.flatnonzero(
            rng.random(market.activity.size, dtype=np.float32) < market.activity
        )
        n = buyers.size
        slot = self._place(self._affinity[:, buyers].astype(np.float32), np.float32(0.0))
        anchor = self._follows[slot, buyers]
        utility = self._log_price[:, anchor]
        utility *= -market.sensitivity[buyers]
        utility += self._quality[:, anchor]
        good = self._place(np.exp(utility, out=utility), _NOTHING)
        bought = np.flatnonzero(good < GOODS)
        self.sales.sessions += n
        self.sales.orders += bought.size
        self.sales.paid_fen += int(market.price[anchor[bought], good[bought]].sum(dtype=np.int64))
        grown = slot[bought], buyers[bought]
        self._affinity[grown] = np.minimum(self._affinity[grown], MOST_AFFINITY - 1) + 1

    def _place(self, weights: NDArray[np.float32], more: np.float32) -> NDArray[np.uint8]:
        """Draw a row in proportion to `weights`, one past the last for `more`; uses them up."""
        for k in range(1, len(weights)):
            weights[k] += weights[k - 1]
        point = self._rng.random(weights.shape[1], dtype=np.float32) * (weights[-1] + more)
        place = np.zeros(weights.shape[1], np.uint8)
        for edge in weights:
            place += edge <= point
        return place
