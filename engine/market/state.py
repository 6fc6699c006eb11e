"""What survives a night: everything that a market carries from one day to the next.

`State` is the only thing that changes while days pass. It can be copied, saved, loaded and
named by a digest of its arrays; together with a `World` and a policy it is all that
`engine.market.run.advance` needs to go on.

Who writes what (the step of the day to which it belongs):

    buyers      settlement: habits, budgets, trust, follows; traits are never written
    anchors     calendar (newcomers), learning (fans, signals, audiences, bargaining strength)
    showcases   showcase (a seventh of them a day, and the guests of the day)
    sellers     supply (who joined, prices, stock), slots (stock sold), learning (beliefs)
    platform    pacing (push, investments), slots (purses), learning (forecast, activity)
    record      ledger: what was written down of each day so far
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from engine.accounts import N_SUMS, Account, Count
from engine.market.world import World
from engine.measures.catalogue import RECORDED
from engine.measures.days import JOINED
from engine.population.anchors import mean_ranks, strength_of_rank
from engine.population.buyers import Buyers
from engine.population.draw_buyers import draw_buyers
from engine.rules.pricing import LARGEST_MARKUP, own_elasticity
from engine.units import Buyer, Domain, Tier

_Floats = NDArray[np.float64]
_Arrays = dict[str, NDArray[Any]]

_VALUES = "record.values"
"""Where among the arrays what is noted day by day stands."""

_FIRST_SHARE = 0.1
"""Of the looks at a good, those that sellers expect to end in its sale."""


class _AnchorHistory(NamedTuple):
    """What anchors have become, float64 by row, each figure that of one of its anchors.

    `fans` people; `strength` of bargaining in [0, 1]; `signal` smoothed expected GMV a day
    on the air (fen), `slow_signal` the same over a longer time, `aired` days on the air so far;
    `audience` smoothed sessions a day; `commission` smoothed a day (fen) and `offered` what the
    kinds' offers alone would have given; `margin` sellers' profit per visit (fen). All but fans
    of the simulated sample.
    """

    fans: _Floats
    strength: _Floats
    signal: _Floats
    slow_signal: _Floats
    aired: _Floats
    audience: _Floats
    commission: _Floats
    offered: _Floats
    margin: _Floats


class _Showcases(NamedTuple):
    """What anchors show; rows are anchors, columns places of a showcase.

    `shown` (uint8, by anchor) places that are filled; `good` and `supplier` numbers (int32);
    `kind` and `good_category` (uint8); `elsewhere` the good's price on other platforms (int64,
    fen); `links_out` whether it is sold outside the shop.
    """

    shown: NDArray[np.uint8]
    good: NDArray[np.int32]
    supplier: NDArray[np.int32]
    kind: NDArray[np.uint8]
    good_category: NDArray[np.uint8]
    elsewhere: NDArray[np.int64]
    links_out: NDArray[np.bool_]


class _Sellers(NamedTuple):
    """What changes about suppliers and goods.

    By supplier: `joined`, `listing` (uint8), `in_plan`, `stock` (real units), `hazard`,
    `exit_hazard` (0 until joined), `awareness`; `belief` by kind; `price` (fen), `share`
    (of the looks that show it) and `within` (of what is bought at them) by good. Float64 where
    nothing else is said.
    """

    joined: NDArray[np.bool_]
    listing: NDArray[np.uint8]
    in_plan: NDArray[np.bool_]
    stock: _Floats
    hazard: _Floats
    exit_hazard: _Floats
    belief: _Floats
    awareness: _Floats
    price: _Floats
    share: _Floats
    within: _Floats


@dataclass
class PlatformState:
    """What the platform keeps from day to day.

    Purses are fen of the simulated sample (real fen divided by the weight, rounded down), each
    opened on `purse_day` with `budget_fen` (real). `year_paid_fen` is what was paid this
    calendar year (real fen). The policy's term began on `term_day`, when `term_paid_fen` had
    been paid in that year. `ads_share` and `ads_of_margin` are what ads take of the sellers' GMV
    and margin, smoothed. By kind, smoothed: `kind_share` of sales, `kind_price` of an order (fen, 0
    before the first), `kind_sales` of a supplier. `invested_fen[k]` is what had been invested
    before day k.
    """

    own_purse: int = 0
    partner_purse: int = 0
    purse_day: int = 0
    budget_fen: float = 0.0
    term_day: int = 0
    term_paid_fen: int = 0
    year_paid_fen: int = 0
    error_sum: float = 0.0
    push: float = 0.0
    activity: float = 1.0
    intensity: float = 0.0
    forecast: float = 0.0
    forecast_seen: bool = False
    uptake: float = 1.0
    return_share: float = -1.0
    ads_share: float = 0.0
    ads_of_margin: float = 0.0
    kind_share: _Floats = field(default_factory=lambda: np.zeros(0))
    kind_price: _Floats = field(default_factory=lambda: np.zeros(0))
    kind_sales: _Floats = field(default_factory=lambda: np.zeros(0))
    invested_fen: _Floats = field(default_factory=lambda: np.zeros(1))


@dataclass
class DailyRecord:
    """What was written down: arrays by day, with room for days to come, and by anchor.

    Of the simulated sample: `ledgers` (day, kind, tier, domain, buyer, account), `counts`
    (day, count), `sums` (day, sum), int64. `values` (day,), a record by day: what only the day
    itself knows (`catalogue.RECORDED`, and how many suppliers of each kind sell), int64 or float64
    each. `month` (int64) number of the day's month from the first day's. Real: `anchor_gmv` (month,
    anchor) expected GMV in fen, `anchor_visits` by anchor.
    """

    ledgers: NDArray[np.int64]
    counts: NDArray[np.int64]
    sums: NDArray[np.int64]
    values: NDArray[np.void]
    month: NDArray[np.int64]
    anchor_gmv: _Floats
    anchor_visits: NDArray[np.int64]

    @property
    def value_names(self) -> tuple[str, ...]:
        """What is noted of each day beside its sums."""
        return self.values.dtype.names or ()

    def reserve(self, days: int, months: int) -> None:
        """Make room for `days` days and `months` months in all, keeping what is there."""
        if days > self.month.size:
            grown = max(days, 2 * self.month.size)
            self.ledgers, self.counts = _grown(self.ledgers, grown), _grown(self.counts, grown)
            self.sums, self.month = _grown(self.sums, grown), _grown(self.month, grown)
            self.values = _grown(self.values, grown)
        if months > len(self.anchor_gmv):
            self.anchor_gmv = _grown(self.anchor_gmv, months)


def _new_record(anchors: int, kinds: Collection[str]) -> DailyRecord:
    """A record in which nothing is written, of so many anchors."""
    columns = RECORDED | dict.fromkeys(map(JOINED.format, kinds), int)
    segments = len(kinds), len(Tier), len(Domain), len(Buyer)
    return DailyRecord(
        ledgers=np.zeros((0, *segments, len(Account)), np.int64),
        counts=np.zeros((0, len(Count)), np.int64),
        sums=np.zeros((0, N_SUMS), np.int64),
        values=np.zeros(0, np.dtype(list(columns.items()))),
        month=np.zeros(0, np.int64),
        anchor_gmv=np.zeros((0, anchors)),
        anchor_visits=np.zeros(anchors, np.int64),
    )


@dataclass
class State:
    """A market on the morning of `day`, counted from 0 on the scenario's first day.

    `run_seed` names the random streams of what happens from day to day. `buyers` are the
    world's from number `first_buyer` on: all, or those of one shard (`engine.market.exchange`).
    """

    day: int
    run_seed: int
    first_buyer: int
    buyers: Buyers
    anchors: _AnchorHistory
    showcases: _Showcases
    sellers: _Sellers
    platform: PlatformState
    record: DailyRecord

    def copy(self) -> "State":
        """A state that shares no memory with this one."""
        record = {entry.name: getattr(self.record, entry.name) for entry in fields(self.record)}
        platform = replace(
            self.platform,
            kind_share=self.platform.kind_share.copy(),
            kind_price=self.platform.kind_price.copy(),
            kind_sales=self.platform.kind_sales.copy(),
            invested_fen=self.platform.invested_fen.copy(),
        )
        return replace(
            self,
            buyers=self.buyers.aligned_copy(),
            anchors=_AnchorHistory._make(column.copy() for column in self.anchors),
            showcases=_Showcases._make(column.copy() for column in self.showcases),
            sellers=_Sellers._make(column.copy() for column in self.sellers),
            platform=platform,
            record=DailyRecord(**{name: column.copy() for name, column in record.items()}),
        )

    def arrays(self) -> _Arrays:
        """Every number of the state by a dotted name, days not yet written left out.

        Buyers' records are given as bytes, uint8 (buyers, bytes); the others are the state's own
        arrays, of the dtypes that stand there, not copies.
        """
        return dict(self._walk())

    @classmethod
    def of(cls, arrays: _Arrays, buyers: Buyers) -> Self:
        """The state with these `arrays`, of the dtypes and shapes that `arrays()` gives them.

        Buyers' records, uint8 (buyers, bytes), are not among them: they are those of `buyers`.
        """

        def columns(group: str, names: Iterable[str]) -> dict[str, Any]:
            return {name: arrays[f"{group}.{name}"] for name in names}

        platform = columns("platform", (entry.name for entry in fields(PlatformState)))
        plain = (entry.name for entry in fields(DailyRecord) if entry.name != "values")
        values = {
            name.removeprefix(f"{_VALUES}."): column
            for name, column in arrays.items()
            if name.startswith(f"{_VALUES}.")
        }
        return cls(
            day=int(arrays["day"]),
            run_seed=int(arrays["run_seed"]),
            first_buyer=int(arrays["first_buyer"]),
            buyers=buyers,
            anchors=_AnchorHistory(**columns("anchors", _AnchorHistory._fields)),
            showcases=_Showcases(**columns("showcases", _Showcases._fields)),
            sellers=_Sellers(**columns("sellers", _Sellers._fields)),
            platform=PlatformState(
                **{name: one if one.ndim else one.item() for name, one in platform.items()}
            ),
            record=DailyRecord(
                values=_rows_of(values),
                **columns("record", plain),
            ),
        )

    def digest(self) -> str:
        """The state's name: a hash of all its arrays, equal for equal states alone."""
        return _digest_of(self.arrays())

    def shared_digest(self) -> str:
        """A hash of what the shards of one market hold alike; of the record the last day alone."""
        return _digest_of(
            {
                name: array[-1:] if name in self._by_day() else array
                for name, array in self._walk()
                if not name.startswith(("buyers.", "first_buyer"))
            }
        )

    def _by_day(self) -> set[str]:
        """Names of arrays that grow by the day or month."""
        plain = {"record.ledgers", "record.counts", "record.sums", "record.month"}
        values = {f"{_VALUES}.{name}" for name in self.record.value_names}
        return plain | {"record.anchor_gmv"} | values

    def _walk(self) -> Iterator[tuple[str, NDArray[Any]]]:
        yield "day", np.array(self.day)
        yield "run_seed", np.array(self.run_seed, np.int64)
        yield "first_buyer", np.array(self.first_buyer)
        for name, column in self.buyers._asdict().items():
            if column.dtype.names:
                column = column.view(np.uint8).reshape(column.size, -1)  # noqa: PLW2901
            yield f"buyers.{name}", column
        for group in ("anchors", "showcases", "sellers"):
            for name, column in getattr(self, group)._asdict().items():
                yield f"{group}.{name}", column
        for entry in fields(self.platform):
            yield f"platform.{entry.name}", np.asarray(getattr(self.platform, entry.name))
        days = self.day
        yield "record.ledgers", self.record.ledgers[:days]
        yield "record.counts", self.record.counts[:days]
        yield "record.sums", self.record.sums[:days]
        yield "record.month", self.record.month[:days]
        for name in self.record.value_names:
            yield f"{_VALUES}.{name}", self.record.values[name][:days]
        months = int(self.record.month[days - 1]) + 1 if days else 0
        yield "record.anchor_gmv", self.record.anchor_gmv[:months]
        yield "record.anchor_visits", self.record.anchor_visits


def _rows_of(columns: _Arrays) -> NDArray[np.void]:
    """Columns of equal length by name as one array of records."""
    days = len(next(iter(columns.values())))
    rows = np.zeros(days, [(name, column.dtype) for name, column in columns.items()])
    for name, column in columns.items():
        rows[name] = column
    return rows


def _digest_of(arrays: _Arrays) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name, array in sorted(arrays.items()):
        digest.update(f"{name}:{array.dtype.str}:{array.shape};".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def open_state(world: World, run_seed: int, numbers: range | None = None) -> State:
    """The market on the morning of the scenario's first day; no purse is open yet.

    Of its buyers only those of these `numbers` are drawn; none: all.
    """
    numbers = range(world.scale.buyers_count) if numbers is None else numbers
    anchors, places = world.anchors, world.scale.showcase_count
    n = anchors.fans.size
    engaged = anchors.engaged / (anchors.engaged * anchors.stands_for).sum()
    market = anchors.stands_for[: anchors.guests_from].sum()
    shape, kinds = (n, places), len(world.scenario.kinds)
    return State(
        day=0,
        run_seed=run_seed,
        first_buyer=numbers.start,
        buyers=draw_buyers(world.scenario, world.anchors, numbers, world.seed, world.given),
        anchors=_AnchorHistory(
            fans=anchors.fans.copy(),
            strength=strength_of_rank(mean_ranks(anchors.stands_for), market),
            signal=engaged.copy(),
            slow_signal=engaged.copy(),
            aired=np.zeros(n),
            audience=np.full(n, 1.0),
            commission=np.zeros(n),
            offered=np.zeros(n),
            margin=np.zeros(n),
        ),
        showcases=_Showcases(
            shown=np.zeros(n, np.uint8),
            good=np.zeros(shape, np.int32),
            supplier=np.zeros(shape, np.int32),
            kind=np.zeros(shape, np.uint8),
            good_category=np.zeros(shape, np.uint8),
            elsewhere=np.ones(shape, np.int64),
            links_out=np.zeros(shape, np.bool_),
        ),
        sellers=_open_sellers(world),
        platform=PlatformState(
            kind_share=np.full(kinds, 1.0 / kinds),
            kind_price=np.zeros(kinds),
            kind_sales=np.zeros(kinds),
        ),
        record=_new_record(n, world.scenario.kind_names),
    )


def _open_sellers(world: World) -> _Sellers:
    """_Sellers on the morning of the first day, at the prices that pay best without coupons."""
    suppliers, goods, terms = world.suppliers, world.goods, world.supply
    count, kind = suppliers.kind.size, goods.kind
    fee = np.minimum(terms.offer[kind] + terms.take[kind], 0.9)
    share, within = _FIRST_SHARE, 1.0 / world.scale.showcase_count
    elasticity = own_elasticity(terms.sensitivity, terms.nest, share, within)
    markup = np.minimum(terms.conduct[kind] / max(elasticity, 1e-9), LARGEST_MARKUP)
    return _Sellers(
        joined=np.zeros(count, np.bool_),
        listing=np.zeros(count, np.uint8),
        in_plan=np.zeros(count, np.bool_),
        stock=suppliers.capacity * terms.stock_days,
        hazard=suppliers.hazard.copy(),
        exit_hazard=np.zeros(count),
        belief=np.ones(len(world.scenario.kinds)),
        awareness=np.zeros(count),
        price=goods.cost / ((1.0 - fee) * (1.0 - markup)),
        share=np.full(kind.size, share),
        within=np.full(kind.size, within),
    )


def _grown(array: NDArray[Any], length: int) -> NDArray[Any]:
    """The array with rows of zeros behind it, `length` in all."""
    if length <= len(array):
        return array
    grown = np.zeros((length, *array.shape[1:]), array.dtype)
    grown[: len(array)] = array
    return grown
