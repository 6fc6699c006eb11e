"""Suite `peers`: a session of the whole market beside one of a small market in other tools.

The engine's session has everything on, and its cost is that of one more session, without the
fixed part of a day (see `kernel`); a session of a peer carries its share of the buyers
who stayed away. All run in turn on one core.

What is written for the other tools is the package `peers` beside `engine`: it is in a checkout
and in the source distribution, and not in the installed package.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, Final, NamedTuple, Protocol

from engine.benchmark.days import Days, fill_cache, simulate_days
from engine.benchmark.figures import OnProgress, Row, Setting, Steps
from engine.benchmark.kernel import WARM_DAYS, Cost, Point
from engine.benchmark.worker import Tell, Worker
from engine.case import Case
from engine.spec.benchmark import BenchmarkJob


class _PeerKind(NamedTuple):
    """A tool: the file and class that use it, and how many buyers it gets.

    `days` are counted after a first; `goal`: engine / peer should not exceed it.
    """

    name: str
    module: str
    made_by: str
    buyers: int
    days: int
    goal: float | None = None


class _Sales(Protocol):
    """What a peer has added up so far."""

    sessions: int


class _Peer(Protocol):
    """The small market in one tool, as `peers.market.Peer`."""

    sales: _Sales

    def day(self) -> None:
        """Simulate one day of every buyer."""


PEERS: Final = (
    _PeerKind("numpy", "numpy_peers", "NumpyPeer", 1_000_000, 8, 0.35),
    _PeerKind("numpy_columns", "numpy_peers", "ColumnsPeer", 1_000_000, 8),
    _PeerKind("mesa_frames", "frames_peer", "FramesPeer", 1_000_000, 8),
    _PeerKind("mesa", "mesa_peers", "MesaPeer", 100_000, 4, 0.02),
    _PeerKind("mesa_loops", "mesa_peers", "MesaLoopsPeer", 100_000, 4),
)
"""Mesa gets fewer buyers, since it is slow: what counts is the cost of a session."""


def peers_suite(job: BenchmarkJob, case: Case, on_progress: OnProgress) -> list[Row]:
    """Measure the engine and every peer that is installed; return the rows of `benchmark`."""
    with Worker() as first:
        kinds = [kind for kind in PEERS if first.ask(_is_installed, kind)]
        steps = Steps(1 + job.runs * (2 + len(kinds)), on_progress)
        first.ask(fill_cache, case)
    steps.step("compile cache filled")
    ends = Point.ends(job, case.scale.anchors_count)
    days = job.days or case.scenario.calendar.n_days
    engine: list[list[Cost]] = [[], []]
    peers: dict[str, list[Cost]] = {kind.name: [] for kind in kinds}
    with Worker() as worker:
        worker.ask(simulate_days, ends[0].sized(case), min(days, WARM_DAYS))
        for _ in range(job.runs):
            for point, costs in zip(ends, engine, strict=True):
                run: Days = worker.ask(simulate_days, point.sized(case), days)
                costs.append(Cost(run.days_s, run.sessions_count))
                steps.step(f"engine, {point.buyers:,} buyers")
            for kind in kinds:
                peers[kind.name].append(worker.ask(_time_peer, kind, job.seed))
                steps.step(kind.name)
    return [*_peer_rows(job, ends[1], engine, peers)]


def _is_installed(_: Tell, kind: _PeerKind) -> bool:
    """Tell whether the tool and all that it needs can be imported."""
    try:
        _class_of(kind)
    except ImportError:
        return False
    return True


def _time_peer(_: Tell, kind: _PeerKind, seed: int) -> Cost:
    """Seconds and sessions of some days of the small market, after one that is not counted."""
    market = _module("market").small_market(kind.buyers, seed)
    peer = _class_of(kind)(market, seed)
    peer.day()
    before, started = peer.sales.sessions, time.perf_counter()
    for _day in range(kind.days):
        peer.day()
    return Cost(time.perf_counter() - started, peer.sales.sessions - before)


def _peer_rows(
    job: BenchmarkJob, point: Point, engine: Sequence[Sequence[Cost]], peers: dict[str, list[Cost]]
) -> Iterator[Row]:
    """Nanoseconds of a session in each, and the engine's over each peer's; none if missing."""
    days = job.days or job.scenario.calendar.n_days
    small_anchors: int = _module("market").ANCHORS
    at = Setting("peers", point.buyers, point.anchors, days)
    few, many = engine
    ours = Cost.slope_ns(few, many)
    yield at.row("tool", "engine", "session_ns", ours)
    yield at.row("tool", "engine_with_fixed_part", "session_ns", _per_session(many))
    for kind in PEERS:
        small = Setting("peers", kind.buyers, small_anchors, kind.days)
        theirs = _per_session(peers.get(kind.name, ()))
        yield small.row("tool", kind.name, "session_ns", theirs)
        ratios = [one / other for one, other in zip(ours, theirs, strict=bool(theirs))]
        yield at.row("tool", kind.name, "engine_ratio", ratios, kind.goal)


def _class_of(kind: _PeerKind) -> Callable[[Any, int], _Peer]:
    os.environ.setdefault("POLARS_MAX_THREADS", "1")  # one core, as all others
    found: Callable[[Any, int], _Peer] = getattr(_module(kind.module), kind.made_by)
    return found


def _module(name: str) -> ModuleType:
    """Import a file of `peers`, which the installed package does not hold."""
    return import_module(f"peers.{name}")


def _per_session(costs: Sequence[Cost]) -> list[float]:
    return [cost.seconds / cost.sessions * 1e9 for cost in costs]
