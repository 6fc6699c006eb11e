"""A small market that other tools can be asked to simulate.

1,000 anchors show 5 goods each; a buyer follows 8 anchors. A day of a buyer:

1. It opens the app with its own probability.
2. It visits one of its anchors, drawn in proportion to affinity (whole numbers, 1 to 255).
3. It buys one good j or nothing by a multinomial logit,

       u_j = quality_j - sensitivity ln(price_j / 100 RMB),    u_0 = OUTSIDE.

4. If it bought, it pays the price in whole fen, and its affinity to that anchor grows by 1.

Each tool draws from its own generator: they agree in law, not in bits.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.random import Generator, default_rng  # noqa: TID251 - as users of those tools draw
from numpy.typing import NDArray

ANCHORS: Final = 1_000
GOODS: Final = 5
FOLLOWED: Final = 8
OUTSIDE: Final = 3.5
MOST_AFFINITY: Final = 255


@dataclass(frozen=True)
class SmallMarket:
    """Buyers: `follows` and first `affinity` (n, 8), `activity` and `sensitivity` (n,).

    Goods, by anchor and place (1000, 5): `price` in fen, `log_price` = ln(price / 100 RMB),
    `quality`.
    """

    follows: NDArray[np.int32]
    affinity: NDArray[np.uint8]
    activity: NDArray[np.float32]
    sensitivity: NDArray[np.float32]
    price: NDArray[np.int32]
    log_price: NDArray[np.float32]
    quality: NDArray[np.float32]


@dataclass
class Sales:
    """What was added up so far; money in fen."""

    sessions: int = 0
    orders: int = 0
    paid_fen: int = 0


class Peer(ABC):
    """The small market in one tool; `sales` adds up the days."""

    def __init__(self) -> None:
        self.sales = Sales()

    @abstractmethod
    def day(self) -> None:
        """Simulate one day of every buyer."""


def generator(seed: int) -> Generator:
    """NumPy's own generator."""
    return default_rng(seed)


def small_market(buyers: int, seed: int) -> SmallMarket:
    """Draw a market; anchors are followed in proportion to 1 / rank^0.8."""
    rng = generator(seed)
    weights = 1.0 / np.arange(1, ANCHORS + 1) ** 0.8
    edges = np.cumsum(weights / weights.sum())
    price = np.exp(rng.normal(np.log(5_000.0), 0.6, (ANCHORS, GOODS))).astype(np.int32) + 1
    follows = np.searchsorted(edges, rng.random((buyers, FOLLOWED)))
    return SmallMarket(
        follows=np.minimum(follows, ANCHORS - 1).astype(np.int32),
        affinity=rng.integers(1, 32, (buyers, FOLLOWED)).astype(np.uint8),
        activity=rng.uniform(0.2, 0.8, buyers).astype(np.float32),
        sensitivity=rng.uniform(0.5, 1.5, buyers).astype(np.float32),
        price=price,
        log_price=np.log(price / 10_000.0).astype(np.float32),
        quality=rng.normal(0.0, 0.5, (ANCHORS, GOODS)).astype(np.float32),
    )
