"""The small market in mesa-frames: buyers are rows of a Polars frame."""

from typing import Any

import numpy as np
import polars as pl  # noqa: TID253 - this file is imported where mesa-frames is measured
from mesa_frames import AgentSetPolars, ModelDF
from numpy.typing import NDArray

from peers.market import (
    FOLLOWED,
    GOODS,
    MOST_AFFINITY,
    OUTSIDE,
    Peer,
    Sales,
    SmallMarket,
    generator,
)

_NOTHING = pl.lit(np.exp(OUTSIDE), pl.Float32)
_SLOTS, _PLACES = range(FOLLOWED), range(GOODS)
_AFFINITY = [f"affinity{k}" for k in _SLOTS]


def _visited(sessions: pl.LazyFrame, goods: pl.LazyFrame) -> pl.LazyFrame:
    """Add the slot of the anchor that is visited, and its goods."""
    affinity = [pl.col(name).cast(pl.Float32) for name in _AFFINITY]
    point = pl.col("visit") * pl.sum_horizontal(affinity)
    follows = [pl.col(f"follows{k}") for k in _SLOTS]
    return (
        sessions.with_columns(slot=_place_of(point, affinity))
        .select("row", "sensitivity", "choice", "slot", anchor=_option("slot", follows))
        .join(goods, on="anchor", how="left", maintain_order="left")
    )


def _chosen(sessions: pl.LazyFrame) -> pl.LazyFrame:
    """Add the good that is bought, `GOODS` for none, and what is paid."""
    utilities = [pl.col(f"quality{j}") - pl.col("sensitivity") * pl.col(f"log{j}") for j in _PLACES]
    weights = [pl.col(f"weight{j}") for j in _PLACES]
    point = pl.col("choice") * (pl.sum_horizontal(weights) + _NOTHING)
    prices = [pl.col(f"price{j}") for j in _PLACES]
    return (
        sessions.with_columns(
            utility.exp().alias(f"weight{j}") for j, utility in enumerate(utilities)
        )
        .with_columns(good=_place_of(point, weights))
        .with_columns(paid=_option("good", prices))
    )


def _place_of(point: pl.Expr, weights: list[pl.Expr]) -> pl.Expr:
    """In which of the intervals of length `weights`, laid end to end, `point` lies."""
    place, edge = pl.lit(0, pl.UInt8), pl.lit(0.0, pl.Float32)
    for weight in weights:
        edge = edge + weight
        place = place + (edge <= point)
    return place


def _option(index: str, options: list[pl.Expr]) -> pl.Expr:
    """The option whose number stands in the column `index`; null if there is none."""
    return pl.coalesce([pl.when(pl.col(index) == k).then(one) for k, one in enumerate(options)])


class _BuyerSet(AgentSetPolars):  # type: ignore[misc]
    """All buyers; a day is some expressions over those who open the app."""

    _agents: pl.DataFrame

    def __init__(self, model: ModelDF, market: SmallMarket, seed: int, sales: Sales) -> None:
        super().__init__(model)
        self._rng, self._sales = generator(seed), sales
        self._goods = pl.DataFrame(
            {"anchor": np.arange(len(market.price), dtype=np.int32)}
            | {f"price{j}": market.price[:, j] for j in _PLACES}
            | {f"log{j}": market.log_price[:, j] for j in _PLACES}
            | {f"quality{j}": market.quality[:, j] for j in _PLACES}
        ).lazy()
        columns: dict[str, NDArray[Any]] = {
            "unique_id": np.arange(market.activity.size),
            "activity": market.activity,
            "sensitivity": market.sensitivity,
        }
        columns |= {f"follows{k}": market.follows[:, k] for k in _SLOTS}
        columns |= {name: market.affinity[:, k] for k, name in enumerate(_AFFINITY)}
        self.add(pl.DataFrame(columns))

    def step(self) -> None:
        """Open, visit, choose, learn."""
        buyers = self._agents
        opens = self._draws("open", buyers.height) < buyers["activity"]
        sessions = buyers.with_row_index("row").filter(opens)
        draws = [self._draws(name, sessions.height) for name in ("visit", "choice")]
        sessions = _chosen(_visited(sessions.with_columns(draws).lazy(), self._goods)).collect()
        bought = sessions.filter(pl.col("good") < GOODS)
        self._sales.sessions += sessions.height
        self._sales.orders += bought.height
        self._sales.paid_fen += int(bought["paid"].cast(pl.Int64).sum())
        grown = {
            name: self._grown(buyers[name], bought.filter(pl.col("slot") == k)["row"])
            for k, name in enumerate(_AFFINITY)
        }
        self._agents = buyers.with_columns(**grown)

    def _draws(self, name: str, count: int) -> pl.Series:
        return pl.Series(name, self._rng.random(count, dtype=np.float32))

    @staticmethod
    def _grown(affinity: pl.Series, rows: pl.Series) -> pl.Series:
        values = affinity.to_numpy().copy()
        values[rows] = np.minimum(values[rows], MOST_AFFINITY - 1) + 1
        return pl.Series(affinity.name, values)


class FramesPeer(Peer):
    """A mesa-frames model, stepped once a day."""

    def __init__(self, market: SmallMarket, seed: int) -> None:
        super().__init__()
        self._model = ModelDF(seed)
        self._model.agents += _BuyerSet(self._model, market, seed, self.sales)

    def day(self) -> None:
        """Let every set of agents take its step."""
        self._model.agents.do("step")
