"""One shard among the others: how it adds up, what it compares at night, when it saves."""

import time
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np

from engine.compute.shards.nights import Nights, Saved
from engine.errors import PoquanError
from engine.market.exchange import Ints
from engine.market.ledger.results import ReportStart
from engine.market.state import State
from engine.market.world import World
from engine.population.buyers import bytes_per_buyer

_SAVING_SHARE: Final = 0.02
"""Of the time that passes, what saving takes at most."""

_NS_A_BYTE: Final = 5.0
"""What saving a byte is thought to take before it was done once: a slow disk."""


class _ShardsDifferError(PoquanError):
    """Shards of one market hold different copies of what they hold alike: a bug."""


class _AddsUp(Protocol):
    """What brings a shard's numbers together with the others'."""

    def add_up(self, numbers: Ints) -> None:
        """Replace `numbers` by their sum over all shards."""


@dataclass
class ShardTraffic:
    """What one shard exchanged and saved; seconds by the clock.

    `day_s` of each day, with its night; `bytes_sent` what goes up the tree, once for each sum (as
    much comes down); `waited_s` the time within sums, also that in which others were still busy;
    `peak_bytes` the most memory that its process held.
    """

    day_s: list[float] = field(default_factory=list)
    sums: int = 0
    bytes_sent: int = 0
    waited_s: float = 0.0
    nights_saved: int = 0
    saving_s: float = 0.0
    peak_bytes: int = 0


class Member:
    """An `engine.market.exchange.Exchange` of one shard.

    Parameters
    ----------
    number, count : of this shard, and of all.
    links : to the others.
    nights : where it saves, and from where it goes on; none: it does neither.
    go_on : the day on whose morning all shards go on; none: from the first.
    every : days between two nights that are saved; none: as many as keep saving at two per cent.
    """

    def __init__(
        self,
        number: int,
        count: int,
        links: _AddsUp,
        nights: Nights | None = None,
        go_on: int | None = None,
        every: int | None = None,
    ) -> None:
        self.number, self.count = number, count
        self.day, self.traffic = go_on or 0, ShardTraffic()
        self._links, self._nights, self._go_on, self._every = links, nights, go_on, every
        self._saved_s = self._morning_s = time.perf_counter()
        self._saving_s: float | None = None

    def total(self, *arrays: Ints) -> tuple[Ints, ...]:
        """Add each array up over all shards; the sums are new arrays."""
        numbers = np.concatenate([array.reshape(-1) for array in arrays])
        started = time.perf_counter()
        self._links.add_up(numbers)
        self.traffic.waited_s += time.perf_counter() - started
        self.traffic.sums += 1
        self.traffic.bytes_sent += numbers.nbytes
        ends = np.cumsum([array.size for array in arrays])
        parts = np.split(numbers, ends[:-1])
        return tuple(part.reshape(array.shape) for part, array in zip(parts, arrays, strict=True))

    def saved(self, world: World) -> Saved | None:
        """Return the night from which all shards go on."""
        if self._nights is None or self._go_on is None:
            return None
        return self._nights.load(world, self._go_on)

    def report_from(self, start: ReportStart) -> None:
        """Keep what a saved night needs again."""
        if self._nights is not None:
            self._nights.keep_start(start)

    def end_day(self, world: World, state: State) -> None:
        """Compare the copies; save if all find that it is time.

        Raises
        ------
        PoquanError
            If a shard's copy differs, naming the day and the shard.
        StorageError
            If a night cannot be saved.
        """
        self.day = state.day
        own = np.zeros((self.count, 4), np.int64)
        own[self.number, :2] = np.frombuffer(bytes.fromhex(state.shared_digest()), np.int64)
        own[self.number, 2:] = self._passed_ns(), self._cost_ns(state)
        (rows,) = self.total(own)
        self._compare(world, state, rows[:, :2])
        if self._is_time(world, state, rows[:, 2:].sum(axis=0)):
            self._save(world, state)
        now = time.perf_counter()
        self.traffic.day_s.append(now - self._morning_s)
        self._morning_s = now

    def _compare(self, world: World, state: State, digests: Ints) -> None:
        others = np.flatnonzero((digests != digests[0]).any(axis=1)).tolist()
        if others:
            named = ", ".join(f"shard {number}" for number in others)
            raise _ShardsDifferError(
                f"on the night of day {state.day - 1} ({world.date_of(state.day - 1)}) {named} of "
                f"{self.count} differs from shard 0 in what all hold alike"
            )

    def _passed_ns(self) -> int:
        return int(1e9 * (time.perf_counter() - self._saved_s))

    def _cost_ns(self, state: State) -> int:
        """What the next saving is expected to take."""
        if self._saving_s is None:
            return int(_NS_A_BYTE * bytes_per_buyer() * state.buyers.person.size)
        return int(1e9 * self._saving_s)

    def _is_time(self, world: World, state: State, passed_and_cost: Ints) -> bool:
        """Whether to save: the same answer in all shards. After the horizon nothing is saved."""
        if self._nights is None or state.day > world.day_of(world.scenario.calendar.end):
            return False
        if self._every is not None:
            return state.day % self._every == 0
        passed, cost = passed_and_cost.tolist()
        return bool(_SAVING_SHARE * passed >= cost)

    def _save(self, world: World, state: State) -> None:
        assert self._nights is not None
        started = time.perf_counter()
        self._nights.save(world, state)
        self._saved_s = time.perf_counter()
        self._saving_s = self._saved_s - started
        self.traffic.nights_saved += 1
        self.traffic.saving_s += self._saving_s
