"""The small market in Mesa 3: a buyer is an agent, and its day a method."""

from math import exp

from mesa import Agent, Model

from engine.benchmark.small import FOLLOWED, GOODS, MOST_AFFINITY, OUTSIDE, Peer, SmallMarket

_NOTHING = exp(OUTSIDE)


class Buyer(Agent):  # type: ignore[misc]
    """Plain Python numbers and lists, which are quicker one by one than arrays."""

    def __init__(self, model: "SmallModel", number: int) -> None:
        super().__init__(model)
        market = model.market
        self.follows: list[int] = market.follows[number].tolist()
        self.affinity: list[int] = market.affinity[number].tolist()
        self.activity = float(market.activity[number])
        self.sensitivity = float(market.sensitivity[number])

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
        good, point = 0, draw() * (sum(weights) + _NOTHING)
        point -= weights[0]
        while point >= 0.0 and good < GOODS - 1:
            good += 1
            point -= weights[good]
        sales = self.model.sales
        sales.sessions += 1
        if point < 0.0:
            sales.orders += 1
            sales.paid_fen += goods[good][0]
            self.affinity[slot] = min(self.affinity[slot] + 1, MOST_AFFINITY)


class SmallModel(Model):  # type: ignore[misc]
    """The buyers and, by anchor, (price, log price, quality) of its goods."""

    def __init__(self, market: SmallMarket, seed: int, peer: Peer) -> None:
        super().__init__(seed=seed)
        self.market, self.sales = market, peer.sales
        columns = zip(market.price, market.log_price, market.quality, strict=True)
        self.goods = [list(zip(*(row.tolist() for row in rows), strict=True)) for rows in columns]
        Buyer.create_agents(self, market.activity.size, list(range(market.activity.size)))

    def step(self) -> None:
        """One day, buyer by buyer; their order does not matter."""
        self.agents.do("step")


class MesaPeer(Peer):
    """A Mesa model, stepped once a day."""

    def __init__(self, market: SmallMarket, seed: int) -> None:
        super().__init__()
        self._model = SmallModel(market, seed, self)

    def day(self) -> None:
        """Let every agent take its step."""
        self._model.step()
