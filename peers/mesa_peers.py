"""The small market in Mesa 3: a buyer is an agent, and its day a method.

`MesaPeer` draws as Python does, by `random.choices`; `MesaLoopsPeer` runs through the weights
by hand, which is how far plain Python goes.
"""

from math import exp
from typing import NamedTuple

from mesa import Agent, Model

from peers.market import FOLLOWED, GOODS, MOST_AFFINITY, OUTSIDE, Peer, SmallMarket

_NOTHING = exp(OUTSIDE)
_SLOTS = range(FOLLOWED)


class _Good(NamedTuple):
    """A good in a showcase; `log_price` = ln(price / 100 RMB)."""

    price: int
    log_price: float
    quality: float


class _Buyer(Agent):  # type: ignore[misc]
    """Plain Python numbers and lists, which are quicker one by one than arrays."""

    def __init__(self, model: "_SmallModel", number: int) -> None:
        super().__init__(model)
        market = model.market
        self.follows: list[int] = market.follows[number].tolist()
        self.affinity: list[int] = market.affinity[number].tolist()
        self.activity = float(market.activity[number])
        self.sensitivity = float(market.sensitivity[number])

    def step(self) -> None:
        """Open, visit, choose, learn."""
        if self.random.random() >= self.activity:
            return
        (slot,) = self.random.choices(_SLOTS, self.affinity)
        goods = self.model.goods[self.follows[slot]]
        weights = [exp(good.quality - self.sensitivity * good.log_price) for good in goods]
        (bought,) = self.random.choices([*goods, None], [*weights, _NOTHING])
        self.model.sales.sessions += 1
        if bought is not None:
            self.pay(bought, slot)

    def pay(self, good: _Good, slot: int) -> None:
        """Pay for a good, and like the anchor better."""
        sales = self.model.sales
        sales.orders += 1
        sales.paid_fen += good.price
        self.affinity[slot] = min(self.affinity[slot] + 1, MOST_AFFINITY)


class _LoopsBuyer(_Buyer):
    """The same, without a function call for a draw."""

    def step(self) -> None:
        """Open, visit, choose, learn."""
        draw = self.model.random.random
        if draw() >= self.activity:
            return
        slot, point = 0, draw() * sum(self.affinity)
        point -= self.affinity[0]
        while point >= 0.0 and slot < FOLLOWED - 1:
            slot += 1
            point -= self.affinity[slot]
        goods = self.model.goods[self.follows[slot]]
        weights = [exp(quality - self.sensitivity * log) for _, log, quality in goods]
        place, point = 0, draw() * (sum(weights) + _NOTHING)
        point -= weights[0]
        while point >= 0.0 and place < GOODS - 1:
            place += 1
            point -= weights[place]
        self.model.sales.sessions += 1
        if point < 0.0:
            self.pay(goods[place], slot)


class _SmallModel(Model):  # type: ignore[misc]
    """The buyers and, by anchor, its goods."""

    def __init__(self, market: SmallMarket, seed: int, peer: Peer, kind: type[_Buyer]) -> None:
        super().__init__(seed=seed)
        self.market, self.sales = market, peer.sales
        columns = zip(market.price, market.log_price, market.quality, strict=True)
        self.goods = [
            [_Good(*good) for good in zip(*(row.tolist() for row in rows), strict=True)]
            for rows in columns
        ]
        kind.create_agents(self, market.activity.size, list(range(market.activity.size)))

    def step(self) -> None:
        """One day, buyer by buyer; their order does not matter."""
        self.agents.do("step")


class MesaPeer(Peer):
    """A Mesa model, stepped once a day."""

    kind = _Buyer

    def __init__(self, market: SmallMarket, seed: int) -> None:
        super().__init__()
        self._model = _SmallModel(market, seed, self, self.kind)

    def day(self) -> None:
        """Let every agent take its step."""
        self._model.step()


class MesaLoopsPeer(MesaPeer):
    """The same with hand-written loops."""

    kind = _LoopsBuyer
