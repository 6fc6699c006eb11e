"""Chooses where cases are simulated: in this process, in others of this machine, or on Ray."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import FrameType
from typing import Final, Literal

from engine.compute.machine import cpus_count
from engine.compute.pool import Pool, ProcessPool, Simulate, simulate_case
from engine.compute.workers import workers_pool
from engine.errors import Interrupted
from engine.spec.jobs import Ray

_START_S: Final = 2.0
"""Seconds that workers of this machine take to start."""

_Backend = Literal["process", "workers", "ray"]


@contextmanager
def open_pool(
    ray: Ray, cases_hint: int, seconds_hint: float, year_of: Simulate = simulate_case
) -> Iterator[Pool]:
    """Open the back end that `ray` asks for.

    `auto` takes Ray where there is a cluster, and workers of this machine where they save time.

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

    Raises
    ------
    ClusterError
        If the cluster cannot be reached or started.
    Interrupted
        After Ctrl-C or SIGTERM: what is in flight is dropped.
    """
    opened: AbstractContextManager[Pool]
    match _backend(ray, cases_hint, seconds_hint):
        case "ray":
            from engine.compute.cluster import ray_pool

            opened = ray_pool(ray, seconds_hint, year_of)
        case "workers":
            opened = workers_pool(ray, year_of)
        case "process":
            opened = nullcontext(ProcessPool(year_of))
    try:
        with _handlers_restored(), opened as pool:
            _interrupt_on_sigterm()  # after Ray's start, which installs a handler of its own
            yield pool
    except KeyboardInterrupt:
        raise Interrupted("interrupted: years in flight are dropped, finished ones kept") from None


def _backend(ray: Ray, cases_hint: int, seconds_hint: float) -> _Backend:
    """Return what is asked for, or what ends first.

    With W workers, n cases of s seconds take n s here and n s / W there:
    workers if n s (1 - 1/W) > `_START_S`.
    """
    if ray.backend != "auto":
        return ray.backend
    if ray.address is not None or "RAY_ADDRESS" in os.environ:
        return "ray"
    workers = min(ray.workers_count or cpus_count(), cases_hint)
    saves_time = workers > 1 and cases_hint * seconds_hint * (1 - 1 / workers) > _START_S
    return "workers" if saves_time else "process"


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
