"""The back end of several threads: work that ends before a Ray of its own would have started.

Kernels let go of Python's lock, so that runs of many buyers hardly wait for each other. Small
markets spend most of a day in Python, and gain nothing.
"""

import threading
import time
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from functools import partial
from heapq import heappop
from typing import Final

from engine.case import Case, RunResult
from engine.compute.pool import (
    DAY_S,
    Finished,
    Pool,
    Simulate,
    Waiting,
    finish,
    simulate_case,
    warm_up_if_cold,
)
from engine.errors import Interrupted

SHORTEST_S: Final = 0.3
"""A run of fewer seconds is mostly Python."""

_Days = dict[int, tuple[int, int]]
"""How many days the run of each thread has simulated, and of how many."""


@contextmanager
def thread_pool(workers_count: int, year_of: Simulate = simulate_case) -> Iterator[Pool]:
    """Open a pool that simulates `workers_count` cases at once.

    Once it is left, what is in flight ends with its day.
    """
    left, days = threading.Event(), _Days()
    is_real = year_of is simulate_case
    with futures.ThreadPoolExecutor(workers_count, "poquan-run") as threads:
        try:
            simulate_one = partial(_simulate_until, left, days) if is_real else year_of
            yield _ThreadPool(threads, simulate_one, days, workers_count, is_warm=not is_real)
        finally:
            left.set()
            threads.shutdown(wait=False, cancel_futures=True)


def _simulate_until(left: threading.Event, days: _Days, case: Case) -> RunResult:
    """Simulate one run, noting in `days` how far it is, until the pool is left."""
    from engine.market.exchange import Whole
    from engine.market.run import simulate

    own, total = threading.get_ident(), case.scenario.calendar.days_simulated + case.run_off_days

    def check(day: int) -> None:
        if left.is_set():
            raise Interrupted("the pool was closed")
        days[own] = (day, total)

    try:
        return simulate(case, Whole(check))
    finally:
        days.pop(own, None)


class _ThreadPool(Pool):
    def __init__(
        self,
        threads: futures.Executor,
        simulate_one: Simulate,
        days: _Days,
        count: int,
        *,
        is_warm: bool,
    ) -> None:
        super().__init__()
        self.workers_count = count
        self._threads, self._simulate, self._is_warm = threads, simulate_one, is_warm
        self._days, self._told = days, 0
        self._running: set[futures.Future[Finished]] = set()

    def _exchange(self, *, wait: bool) -> None:
        if not self._is_warm and (case := self._first_case()):
            warm_up_if_cold(case)
            self._is_warm = True
        while self._waiting and len(self._running) < self.workers_count:
            todo = heappop(self._waiting)
            self._running.add(self._threads.submit(_timed, todo, self._simulate))
        while not (done := self._done(DAY_S if wait else 0.0)) and wait:
            self._tell_days()
        for one in done:
            self._running.remove(one)
            self._keep(one.result())
        if self._told and not self._running and not self._waiting:
            self.on_day(self._told, self._told)
            self._told = 0

    def _done(self, timeout_s: float) -> set[futures.Future[Finished]]:
        """Return what has ended, once anything has or the seconds are over."""
        return futures.wait(self._running, timeout_s, futures.FIRST_COMPLETED).done

    def _tell_days(self) -> None:
        """Say how far the furthest of the runs is."""
        if found := max(tuple(self._days.values()), default=None):
            self.on_day(*found)
            self._told = found[1]


def _timed(todo: Waiting, simulate_one: Simulate) -> Finished:
    """Simulate one case; of the processor's seconds only those of this thread are its own."""
    before = time.thread_time()
    found = finish(todo.ticket, todo.task, todo.tables, simulate_one)
    return found._replace(cpu_s=time.thread_time() - before)
