"""Every tool simulates the same small market: orders and payments agree within sampling error."""

from importlib.util import find_spec

import numpy as np
import pytest

from engine.benchmark.peers import PEERS, _class_of
from peers.market import (
    FOLLOWED,
    GOODS,
    MOST_AFFINITY,
    OUTSIDE,
    Peer,
    SmallMarket,
    small_market,
)

DAYS = 20
BUYERS = 3_000
KINDS = [
    pytest.param(
        kind,
        id=kind.name,
        marks=pytest.mark.skipif(
            kind.name.startswith("mesa")
            and find_spec("mesa_frames" if kind.name == "mesa_frames" else "mesa") is None,
            reason=f"{kind.name} is not installed",
        ),
    )
    for kind in PEERS
]


@pytest.fixture(scope="module")
def market() -> SmallMarket:
    return small_market(BUYERS, 3)


def choice_law(market: SmallMarket) -> np.ndarray:
    """P(good j | buyer, slot), shape (n, 8, 5), in float64 from the equations alone."""
    utility = market.quality[market.follows].astype(float)
    utility -= market.sensitivity[:, None, None] * np.log(market.price / 10_000.0)[market.follows]
    weight = np.exp(utility)
    return weight / (weight.sum(axis=2, keepdims=True) + np.exp(OUTSIDE))


def first_day_law(market: SmallMarket) -> tuple[float, float, float]:
    """Expected sessions, orders and fen of the first day."""
    slot = market.affinity / market.affinity.sum(axis=1, keepdims=True, dtype=float)
    law = market.activity[:, None, None] * slot[:, :, None] * choice_law(market)
    return market.activity.sum(), law.sum(), (law * market.price[market.follows]).sum()


def after(kind, market: SmallMarket, days: int, seed: int = 1) -> Peer:
    peer = _class_of(kind)(market, seed)
    for _ in range(days):
        peer.day()
    return peer


@pytest.mark.parametrize("kind", KINDS)
def test_first_days_follow_the_equations(kind, market: SmallMarket) -> None:
    """Means of independent first days lie within 4 standard errors of the law."""
    tries = np.array([
        (sales.sessions, sales.orders, sales.paid_fen)
        for sales in (after(kind, market, 1, seed).sales for seed in range(30))
    ])  # fmt: skip
    error = tries.std(axis=0, ddof=1) / np.sqrt(len(tries))
    assert (np.abs(tries.mean(axis=0) - first_day_law(market)) < 4 * error).all()


@pytest.mark.parametrize("kind", KINDS)
def test_tools_agree_after_weeks_of_learning(kind, market: SmallMarket) -> None:
    """Share of sessions that buy, and mean paid, against NumPy under another seed."""
    mine, other = after(kind, market, DAYS).sales, after(PEERS[0], market, DAYS, 2).sales
    share, base = mine.orders / mine.sessions, other.orders / other.sessions
    assert abs(share - base) < 4 * np.sqrt(2 * base * (1 - base) / other.sessions)
    prices = market.price.ravel()
    spread = 4 * prices.std() * np.sqrt(2 / other.orders)
    assert abs(mine.paid_fen / mine.orders - other.paid_fen / other.orders) < spread


def test_both_layouts_of_numpy_give_the_same_bits(market: SmallMarket) -> None:
    rows, columns = (after(kind, market, DAYS) for kind in PEERS[:2])
    assert rows.sales == columns.sales
    assert (columns._affinity == rows._affinity.T).all()


def total_affinity(kind, peer: Peer) -> int:
    if kind.name.startswith("mesa") and kind.name != "mesa_frames":
        return sum(sum(buyer.affinity) for buyer in peer._model.agents)
    if kind.name == "mesa_frames":
        (frame,) = peer._model.agents.get([f"affinity{k}" for k in range(FOLLOWED)]).values()
        return int(frame.to_numpy().sum(dtype=int))
    return int(peer._affinity.sum(dtype=int))


@pytest.mark.parametrize("kind", KINDS)
def test_a_purchase_raises_the_affinity_by_one_up_to_its_limit(kind) -> None:
    market = small_market(200, 1)
    peer = after(kind, market, DAYS)
    grown = total_affinity(kind, peer) - market.affinity.sum(dtype=int)
    assert grown == peer.sales.orders > 0
    market.affinity[:] = MOST_AFFINITY
    full = after(kind, market, DAYS)
    assert full.sales.orders > 0
    assert total_affinity(kind, full) == market.affinity.sum(dtype=int)


def test_the_market_has_the_shape_it_says(market: SmallMarket) -> None:
    assert market.follows.shape == market.affinity.shape == (BUYERS, FOLLOWED)
    assert market.price.shape == (1_000, GOODS)
    assert market.price.dtype.kind == "i"
