"""Room to work in: what lives for a slot or a day, for one market at a time.

Nothing here survives a night: a `Scratch` made anew goes on with the same bits.
"""

import mmap
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from engine.jit import seal, seal_again
from engine.market.exchange import WHOLE, Exchange
from engine.market.sessions.batch import SessionBatch
from engine.market.sessions.context import LOOK, RandomStreams, SlotContext
from engine.market.sessions.routing import Feed
from engine.market.showcase.appraisal import Appraisal
from engine.market.showcase.pricing import PricingScratch
from engine.market.showcase.selection import Candidates
from engine.market.state import State
from engine.market.streams import N_COUPON_CLASSES, StreamTable
from engine.market.supply.trade import KindCounts, RepricingScratch
from engine.market.terms import (
    LearningTerms,
    PacingTerms,
    ShowcaseTerms,
    SlotTerms,
    SupplyTerms,
    Tastes,
)
from engine.market.totals import DayTotals, SlotTotals, Spread
from engine.market.traffic.feed import Airtime
from engine.market.world import World
from engine.population.anchors import Anchors
from engine.population.suppliers import Goods, Suppliers
from engine.rng import Purpose, key

_SMALLEST, _LARGEST = 8_192, 65_536
"""Buyers in a block: a call costs some ten microseconds, a block's looks must stay cached."""


def _bounds(count: int, threads: int) -> NDArray[np.int64]:
    """Where each block of `count` buyers begins, and the last ends: as few as limits allow."""
    size = min(max(-(-count // threads), _SMALLEST), _LARGEST)
    return np.array([*range(0, count, size), count])


class _Threads:
    """Runs block tasks; thread t of n takes blocks t, t + n, t + 2n ..."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool = ThreadPoolExecutor(count) if count > 1 else None

    def each(self, n_blocks: int, task: Callable[[int, int], None]) -> None:
        """Call `task(thread, block)` for every block."""
        if self._pool is None:
            for block in range(n_blocks):
                task(0, block)
            return

        def share(thread: int) -> None:
            for block in range(thread, n_blocks, self.count):
                task(thread, block)

        for done in [self._pool.submit(share, thread) for thread in range(self.count)]:
            done.result()

    def close(self) -> None:
        """Let the threads go."""
        if self._pool is not None:
            self._pool.shutdown()


class _MarketRecords(NamedTuple):
    """What kernels read and write of one market while it runs, but its buyers.

    Records of the world (to `learning`), of the state (to `sellers`), and of the scratch. Their
    types are those of every market, so that all markets share what is compiled.
    """

    anchors: Anchors
    suppliers: Suppliers
    goods: Goods
    tastes: Tastes
    selection: ShowcaseTerms
    supply: SupplyTerms
    slots: SlotTerms
    pacing: PacingTerms
    learning: LearningTerms
    history: Any
    sellers: Any
    streams: StreamTable
    feed: Feed
    airtime: Airtime
    appraisal: Appraisal
    candidates: Candidates
    pricing: PricingScratch
    sold: SlotTotals
    day_totals: DayTotals
    kind_counts: KindCounts
    repricing: RepricingScratch
    spread: Spread
    random_streams: RandomStreams


@dataclass(frozen=True)
class _SealedRecords:
    """A market's records, sealed for its kernels; see `engine.jit.seal`.

    `market`, which a kernel takes whole and hands on in parts (`_MarketRecords`); `buyers`, whose
    type depends on the kinds and categories of goods; `context` of the slot that was opened last;
    `slot_totals` and `batches` by thread.
    """

    market: Any
    buyers: Any
    context: Any
    slot_totals: list[Any]
    batches: list[Any]


@dataclass
class Scratch:
    """Everything that kernels write and nobody keeps.

    `is_fused` tells whether the steps of a day are few calls (see `fused`). Block k holds the
    buyers from `bounds[k]` to `bounds[k + 1]` - 1; `looks` and `looks_count` by block, `all_looks`
    one after another; `slot_totals` and `batches` by thread;
    `streams` joins what the world, the state and this scratch know of every stream on one day;
    `exchange` adds up over the shards of the market.
    """

    is_fused: bool
    threads: _Threads
    exchange: Exchange
    bounds: NDArray[np.int64]
    all_looks: NDArray[np.void]
    looks: list[NDArray[np.void]]
    looks_count: NDArray[np.int64]
    slot_totals: list[SlotTotals]
    batches: list[SessionBatch]
    sold: SlotTotals
    day_totals: DayTotals
    kind_counts: KindCounts
    repricing: RepricingScratch
    spread: Spread
    airtime: Airtime
    feed: Feed
    appraisal: Appraisal
    candidates: Candidates
    streams: StreamTable
    pricing: PricingScratch
    random_streams: RandomStreams
    sealed: _SealedRecords
    _passing: dict[type, tuple[Any, Any]] = field(default_factory=dict)

    def seal(self, record: Any) -> Any:
        """Seal what holds for a day or a slot; asked again for the same, it is the same."""
        last, sealed = self._passing.get(type(record), (None, None))
        if last is not record:
            sealed = seal(record) if sealed is None else seal_again(sealed, record)
            self._passing[type(record)] = record, sealed
        return sealed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.threads.close()


def new_scratch(
    world: World, state: State, threads: int = 1, exchange: Exchange = WHOLE
) -> Scratch:
    """Room for `state` to go on in, on so many threads; close it as a context manager."""
    n, places = world.anchors.fans.size, world.scale.showcase_count
    goods, suppliers = world.goods.kind.size, world.suppliers.kind.size
    kinds = len(world.scenario.kinds)
    is_fused = threads == 1 and exchange.count == 1
    bounds = _bounds(state.buyers.person.size, threads)
    threads = min(threads, bounds.size - 1)
    most = int(world.slots.most_sessions.max())
    streams = _stream_table(world, state)
    stream = key(state.run_seed, Purpose.SHOWCASE)
    slot_totals = [SlotTotals.new(n, places, suppliers, kinds) for _ in range(threads)]
    batches = [
        SessionBatch.new(most, places, kinds, *world.anchors.members.shape) for _ in range(threads)
    ]
    rooms: dict[str, Any] = {
        "sold": SlotTotals.new(n, places, suppliers, kinds),
        "day_totals": DayTotals.new(goods, n, kinds),
        "kind_counts": KindCounts.new(kinds),
        "repricing": RepricingScratch.of(world.goods),
        "spread": Spread.new(n),
        "airtime": Airtime.new(n),
        "feed": Feed.new(n),
        "appraisal": Appraisal.new(goods),
        "candidates": Candidates.drawn(world.anchors, world.goods, world.selection, stream),
        "streams": streams,
        "pricing": PricingScratch.of(streams, world.slots.is_co_funded),
        "random_streams": RandomStreams.of(state.run_seed, state.first_buyer),
    }
    looks = _room_for_looks(state.buyers.person.size * most)
    return Scratch(
        is_fused=is_fused,
        threads=_Threads(threads),
        exchange=exchange,
        bounds=bounds,
        all_looks=looks,
        looks=np.split(looks, bounds[1:-1] * most),
        looks_count=np.zeros(bounds.size - 1, np.int64),
        slot_totals=slot_totals,
        batches=batches,
        sealed=_SealedRecords(
            market=seal(_records_of(world, state, rooms)),
            buyers=seal(state.buyers),
            context=seal(SlotContext.new(world.slots)),
            slot_totals=[seal(totals) for totals in slot_totals],
            batches=[seal(batch) for batch in batches],
        ),
        **rooms,
    )


_UNRESERVED: dict[str, int] = (
    {"flags": mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | 0x4000} if sys.platform == "linux" else {}
)
"""MAP_NORESERVE, which Python has no name for before 3.13."""


def _room_for_looks(count: int) -> NDArray[np.void]:
    """Room for the worst case: pages that are never written to cost no memory.

    Not from NumPy, which asks for pages of 2 MiB: a block's looks fill a part of one, and what is
    left over would be a third of a large market's memory. Nor may Linux reserve memory for all of
    it: that is several times what the buyers take.
    """
    return np.frombuffer(mmap.mmap(-1, count * LOOK.itemsize, **_UNRESERVED), LOOK)


def _records_of(world: World, state: State, rooms: dict[str, Any]) -> _MarketRecords:
    """What kernels read of the world and the state, and the rooms of a scratch."""
    return _MarketRecords(
        anchors=world.anchors,
        suppliers=world.suppliers,
        goods=world.goods,
        tastes=world.tastes,
        selection=world.selection,
        supply=world.supply,
        slots=world.slots,
        pacing=world.pacing,
        learning=world.learning,
        history=state.anchors,
        sellers=state.sellers,
        **rooms,
    )


def _stream_table(world: World, state: State) -> StreamTable:
    """Every stream as kernels read it: columns of the world and the state, and the day's own."""
    shown, anchors = state.showcases, world.anchors
    shape = shown.good.shape
    by_class = (N_COUPON_CLASSES, *shape)
    return StreamTable(
        shown=shown.shown,
        category=anchors.category,
        family=anchors.family,
        members=anchors.members,
        presence=np.zeros(shape[0], np.uint8),
        charisma=anchors.charisma,
        attention=np.ones(shape[0], np.float32),
        good=shown.good,
        supplier=shown.supplier,
        kind=shown.kind,
        good_category=shown.good_category,
        links_out=shown.links_out,
        capped=np.zeros(shape, np.bool_),
        quality=np.zeros(shape, np.float32),
        brand=np.zeros(shape, np.float32),
        price=np.ones(shape, np.int64),
        elsewhere=shown.elsewhere,
        cps_bp=np.zeros(shape, np.int64),
        paid=np.ones(by_class, np.int32),
        price_term=np.zeros(by_class, np.float32),
        priced_as=np.zeros(N_COUPON_CLASSES, np.uint8),
    )
