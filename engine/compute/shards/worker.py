"""A shard of a market as an actor of Ray.

Among the others it adds up, compares at night what all hold alike, and now and then saves its
state and from where the report goes.
"""

import os
import pickle
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from tempfile import gettempdir
from typing import Final, Protocol

import numpy as np

from engine.case import Case, RunResult
from engine.compute.passing import LOCK, held, remove_left_nights
from engine.compute.pool import Finished, finish
from engine.compute.shards.links import Address, TreeLinks
from engine.compute.workers import Code, Refusal, make_ready, with_granted_threads
from engine.errors import PoquanError
from engine.market.exchange import Ints
from engine.market.ledger.results import ReportStart
from engine.market.saved import load_state, save_state
from engine.market.state import State
from engine.market.world import World

_KEPT: Final = 2
"""Nights: while a shard saves one it may be lost, and all go back to the one before."""

_Saved = tuple[State, ReportStart | None]
"""A state, and from where the report goes; none: the report begins later."""

_SAVING_SHARE: Final = 0.02
"""Of the time that passes, what saving takes at most."""

_NS_A_BYTE: Final = 6.0
"""What saving a byte is thought to take before it was done once, 170 MB a second."""


@dataclass(frozen=True)
class Place:
    """What a shard is given when it is placed.

    `folder` is where it saves its nights, every `every` days (none: as seldom as keeps saving at
    two per cent); `token` what all shards of the market know; `is_local` whether all are on this
    machine.
    """

    number: int
    count: int
    token: bytes
    folder: Path
    every: int | None
    is_local: bool


@dataclass(frozen=True)
class Placed:
    """A shard that is ready: where others reach it, the nights it has saved, its process."""

    address: Address
    nights: list[int]
    process: int


@dataclass
class ShardTraffic:
    """What one shard exchanged and saved; seconds by the clock.

    `day_s` of each day, with its night; `bytes_sent` what goes up the tree, once for each sum (as
    much comes down); `waited_s` the time within sums, also that in which others were still busy;
    `saving_s` what nights took to save, of each that of the slowest shard, for whom all wait;
    `peak_bytes` the most memory that its process held.
    """

    day_s: list[float] = field(default_factory=list)
    sums: int = 0
    bytes_sent: int = 0
    waited_s: float = 0.0
    nights_saved: int = 0
    saving_s: float = 0.0
    peak_bytes: int = 0


class ShardWorker:
    """Holds one shard; `day` may be asked while `run` goes on."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._links: TreeLinks | None = None
        self._member: _Member | None = None
        self._held = ExitStack()

    def begin(self, wanted: Code, case: Case) -> Placed | Refusal:
        """Compile what is not compiled yet, and wait for the others at an address."""
        import ray

        if (refusal := wanted.refused()) is not None:
            return refusal
        place = self._place
        sharded = case.scale.model_copy(update={"shards": place.count})
        make_ready(replace(case, scale=sharded))
        if not place.is_local:  # on this machine the command holds it, which outlives its shards
            remove_left_nights([gettempdir()])
            place.folder.parent.mkdir(parents=True, exist_ok=True)
            self._held.enter_context(held(place.folder))
        host = "127.0.0.1" if place.is_local else ray.util.get_node_ip_address()  # type: ignore[no-untyped-call]
        self._links = TreeLinks(place.number, place.token, host)
        return Placed(self._links.address, self._nights().saved(), os.getpid())

    def run(
        self,
        ticket: int,
        case: Case,
        tables: Sequence[str],
        addresses: Sequence[Address],
        go_on: int | None,
    ) -> bytes:
        """Simulate the case with the others, from the morning of day `go_on` on.

        Returns the pickled `Finished` and `ShardTraffic`. All shards find the same run; only the
        first brings it.
        """
        assert self._links is not None
        self._links.connect(addresses)
        case = with_granted_threads(case)
        number, count, every = self._place.number, self._place.count, self._place.every
        self._member = _Member(number, count, self._links, self._nights(), go_on, every)
        try:
            found = finish(ticket, case, tables, partial(_simulate, self._member))
        finally:
            self._links.close()
        self._member.traffic.peak_bytes = 1024 * getrusage(RUSAGE_SELF).ru_maxrss
        return pickle.dumps((self._own(found), self._member.traffic))

    def day(self) -> int:
        """Return the day on whose morning this shard stands."""
        return 0 if self._member is None else self._member.day

    def close(self) -> None:
        """Remove the nights that were saved."""
        self._held.close()
        self._nights().remove()

    def _nights(self) -> "_Nights":
        return _Nights(self._place.folder, self._place.number, self._place.count)

    def _own(self, found: Finished) -> Finished:
        """What this shard brings back."""
        is_result = isinstance(found.outcome, RunResult)
        return found._replace(outcome=None) if is_result and self._place.number > 0 else found


def _simulate(member: "_Member", case: Case) -> RunResult:
    from engine.market.run import simulate

    return simulate(case, member)


class _ShardsDifferError(PoquanError):
    """Shards of one market hold different copies of what they hold alike: a bug."""


class _AddsUp(Protocol):
    """What brings a shard's numbers together with the others'."""

    def add_up(self, numbers: Ints) -> None:
        """Replace `numbers` by their sum over all shards."""


class _Member:
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
        nights: "_Nights | None" = None,
        go_on: int | None = None,
        every: int | None = None,
    ) -> None:
        self.number, self.count = number, count
        self.day, self.traffic = go_on or 0, ShardTraffic()
        self._links, self._nights, self._go_on, self._every = links, nights, go_on, every
        self._began_s = self._morning_s = time.perf_counter()
        self._spent_ns, self._is_counted = 0, True
        self._saving_ns: int | None = None

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

    def saved(self, world: World) -> _Saved | None:
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
        passed, cost = int(rows[:, 2].min()), int(rows[:, 3].max())
        self._count(cost)
        if self._is_time(world, state, passed, cost):
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
        return int(1e9 * (time.perf_counter() - self._began_s))

    def _cost_ns(self, state: State) -> int:
        """What the last saving took; before any, what the first is expected to take."""
        if self._saving_ns is None:
            return int(_NS_A_BYTE * state.buyers.bytes_each * state.buyers.person.size)
        return self._saving_ns

    def _count(self, cost: int) -> None:
        """Count the last saving, of which it is now known what the slowest shard took."""
        if not self._is_counted:
            self._spent_ns += cost
            self.traffic.saving_s = 1e-9 * self._spent_ns
            self._is_counted = True

    def _is_time(self, world: World, state: State, passed: int, cost: int) -> bool:
        """Whether to save: the same answer in all shards. After the horizon nothing is saved.

        Of t nanoseconds of the run, with s spent on saving and c on the last saved night (of each
        night what its slowest shard took), it is time if 0.02 t >= s + c.
        """
        if self._nights is None or state.day > world.day_of(world.scenario.calendar.end):
            return False
        if self._every is not None:
            return state.day % self._every == 0
        return _SAVING_SHARE * passed >= self._spent_ns + cost

    def _save(self, world: World, state: State) -> None:
        assert self._nights is not None
        started = time.perf_counter()
        self._nights.save(world, state)
        self._saving_ns = int(1e9 * (time.perf_counter() - started))
        self._is_counted = False
        self.traffic.nights_saved += 1


class _Nights:
    """The files of one shard in a folder of one market.

    Parameters
    ----------
    folder : made if it is not there, for this user alone.
    number, count : of the shard.
    """

    def __init__(self, folder: Path, number: int, count: int) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder, self._name = folder, f"shard-{number}-of-{count}"

    def saved(self) -> list[int]:
        """Days on whose mornings the saved states stand, rising."""
        return sorted(int(path.stem.rpartition("-")[2]) for path in self._files())

    def save(self, world: World, state: State) -> None:
        """Keep this state, and of the older ones the last.

        Raises
        ------
        StorageError
            If the folder cannot be written to.
        """
        save_state(state, world, self._path(state.day))
        for day in self.saved()[:-_KEPT]:
            self._path(day).unlink()

    def keep_start(self, start: ReportStart) -> None:
        """Keep from where the report goes."""
        np.savez(self._start_path(), **start._asdict())

    def load(self, world: World, day: int) -> _Saved:
        """Return the shard as it was saved."""
        state = load_state(world, self._path(day))
        start = None
        if self._start_path().exists():
            with np.load(self._start_path(), allow_pickle=False) as kept:
                start = ReportStart(int(kept["day"]), kept["visits"], kept["month_gmv"])
        return state, start

    def remove(self) -> None:
        """Remove everything of this shard, and the folder after the last one."""
        for path in (*self._files(), self._start_path()):
            path.unlink(missing_ok=True)
        with suppress(OSError):  # others have just removed it
            if {path.name for path in self._folder.iterdir()} <= {LOCK}:
                (self._folder / LOCK).unlink(missing_ok=True)
                self._folder.rmdir()

    def _files(self) -> Sequence[Path]:
        return list(self._folder.glob(f"{self._name}-night-*.npz"))

    def _path(self, day: int) -> Path:
        return self._folder / f"{self._name}-night-{day}.npz"

    def _start_path(self) -> Path:
        return self._folder / f"{self._name}-start.npz"
