"""Chooses where cases are simulated: in this process, on one thread or several, or on Ray."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from tempfile import gettempdir
from types import FrameType
from typing import Final

from engine.compute.machine import cpus_count
from engine.compute.passing import remove_left_nights
from engine.compute.pool import Pool, ProcessPool, Simulate, simulate_case
from engine.compute.threads import SHORTEST_S, thread_pool
from engine.compute.watch import print_note
from engine.errors import Interrupted
from engine.spec.jobs import Ray, Scale

_RAY_START_S: Final = 10.0
"""Seconds that a local Ray takes to start and to bring its first worker up."""


@contextmanager
def open_pool(
    ray: Ray,
    cases_hint: int,
    seconds_hint: float,
    year_of: Simulate = simulate_case,
    market: tuple[Scale, int] | None = None,
) -> Iterator[Pool]:
    """Open the back end that `ray` asks for; `auto` takes Ray or threads where that saves time.

    Parameters
    ----------
    ray
        Back end, address, workers, retries.
    cases_hint
        About how many cases will be run in all.
    seconds_hint
        About how many seconds one case takes on one core.
    year_of
        What simulates a case; importable on every worker.
    market
        Its scale and its threads where one market may be held by several workers, and several
        markets by threads of this process.

    Raises
    ------
    ClusterError
        If the cluster cannot be reached or started.
    Interrupted
        After Ctrl-C or SIGTERM: what is in flight is dropped.
    """
    opened: AbstractContextManager[Pool]
    if market is not None and _is_sharded(ray, market[0]):
        from engine.compute.shards import sharded_pool

        opened = sharded_pool(ray, *market, seconds_hint)
    elif _chooses_ray(ray, cases_hint, seconds_hint):
        from engine.compute.cluster import ray_pool

        opened = ray_pool(ray, seconds_hint, year_of)
    elif (count := _threads_count(ray, cases_hint, seconds_hint, market)) > 1:
        opened = thread_pool(count, year_of)
    else:
        opened = nullcontext(ProcessPool(year_of))
    try:
        with _handlers_restored():
            _interrupt_on_sigterm()
            with opened as pool:
                _remove_left_nights(ray)  # now: what still wrote there has ended with its Ray
                _interrupt_on_sigterm()  # again: Ray's start installs a handler of its own
                yield pool
    except KeyboardInterrupt:
        raise Interrupted("interrupted: runs in flight are dropped, finished ones kept") from None


def _chooses_ray(ray: Ray, cases_hint: int, seconds_hint: float) -> bool:
    """Tell whether Ray is asked for, or saves more time than its start costs.

    With W workers, n cases of s seconds take n s here and n s / W there:
    Ray if n s (1 - 1/W) > `_RAY_START_S`. One that is connected costs no start.
    """
    if ray.backend != "auto":
        return ray.backend == "ray"
    if "ray" in sys.modules and sys.modules["ray"].is_initialized():
        return True
    if _has_address(ray):
        return True
    workers = min(ray.workers_count or cpus_count(), cases_hint)
    return workers > 1 and cases_hint * seconds_hint * (1 - 1 / workers) > _RAY_START_S


def _threads_count(
    ray: Ray, cases_hint: int, seconds_hint: float, market: tuple[Scale, int] | None
) -> int:
    """Return how many markets at once this process simulates, each with threads of its own."""
    if ray.backend != "auto" or market is None or seconds_hint < SHORTEST_S:
        return 1
    return min(ray.workers_count or cpus_count() // market[1], cases_hint)


def _is_sharded(ray: Ray, scale: Scale) -> bool:
    """Tell whether several workers hold a market; what `auto` finds on a cluster shows there."""
    return ray.backend != "process" and (
        scale.shards not in {1, "auto"} or (scale.shards == "auto" and _has_address(ray))
    )


def _remove_left_nights(ray: Ray) -> None:
    """Remove what sharded markets that were killed have left on this machine."""
    if count := remove_left_nights([gettempdir(), ray.saves_folder or gettempdir()]):
        print_note(f"removed the saved nights of {count} killed command(s)")


def _has_address(ray: Ray) -> bool:
    return ray.address is not None or "RAY_ADDRESS" in os.environ


def _interrupt_on_sigterm() -> None:
    """Make SIGTERM end the work as Ctrl-C does."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if _may_handle():
        signal.signal(signal.SIGTERM, interrupt)


@contextmanager
def _handlers_restored() -> Iterator[None]:
    """Leave SIGTERM as it was found."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if _may_handle() and before is not None:
            signal.signal(signal.SIGTERM, before)


def _may_handle() -> bool:
    """Python lets only the main thread handle signals."""
    return threading.current_thread() is threading.main_thread()
