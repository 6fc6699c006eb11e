"""The small market in NumPy: one pass over all sessions of a day, float32, whole columns."""

import numpy as np

from engine.benchmark.small import GOODS, MOST_AFFINITY, OUTSIDE, Peer, SmallMarket, generator

_NOTHING = np.float32(np.exp(OUTSIDE))


class NumpyPeer(Peer):
    """Sessions are rows of compact arrays."""

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
