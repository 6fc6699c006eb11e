"""The back end of this machine: a process a core, each with cases of its own in a line.

A worker is a program of its own, `python -m engine.compute.workers`: it does not run the
user's script again, shares no lock with this process, starts in two seconds, and ends when
this process does. It has a second case at hand while it simulates the first.
"""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from heapq import heappop
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from typing import Final

from engine.case import Case
from engine.compute.machine import cpus_count
from engine.compute.pool import (
    Errand,
    Pool,
    Simulate,
    Waiting,
    finish,
    simulate_case,
    warm_up_if_cold,
)
from engine.errors import ClusterError
from engine.spec.jobs import Ray

_AT_HAND: Final = 2
"""Cases of a worker at most: one that runs, one that waits, so that no worker idles."""

_ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""Linear algebra of its own threads would be in the way of the other workers."""


@contextmanager
def workers_pool(spec: Ray, year_of: Simulate = simulate_case) -> Iterator[Pool]:
    """Open a pool of processes on this machine; the arguments are those of `open_pool`."""
    pool = _WorkersPool(spec, year_of)
    try:
        yield pool
    finally:
        pool.close()


class _Worker:
    """One process, and the cases that it has."""

    def __init__(self, year_of: Simulate) -> None:
        self.line, far_end = Pipe()
        root = str(Path(__file__).parents[2])
        paths = dict.fromkeys([root, *(path or str(Path.cwd()) for path in sys.path)])
        with far_end:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "engine.compute.workers", str(far_end.fileno())],
                pass_fds=[far_end.fileno()],
                env=_ONE_THREAD | os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
                stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self.line.send(year_of)
        self.own: dict[int, Waiting] = {}

    def give(self, todo: Waiting) -> None:
        """Put a case into its line."""
        self.own[todo.ticket] = todo
        with contextlib.suppress(OSError):  # it died, which is seen when it is read
            self.line.send((todo.ticket, todo.task, tuple(todo.tables)))

    def end(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.wait()
        self.line.close()


class _WorkersPool(Pool):
    """Simulates in processes of this machine."""

    def __init__(self, spec: Ray, year_of: Simulate) -> None:
        super().__init__()
        self._limit, self._retries, self._year_of = spec.workers_count, spec.retries_count, year_of
        self._workers: list[_Worker] = []
        self._deaths: dict[int, int] = {}
        self._cold = year_of is simulate_case
        self.workers_count = spec.workers_count or cpus_count()

    def close(self) -> None:
        """End all workers."""
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def _exchange(self, *, wait: bool) -> None:
        self._hand_out()
        busy = {worker.line: worker for worker in self._workers if worker.own}
        for line in wait_for(busy, None if wait else 0) if busy else ():
            self._take(busy[line])  # type: ignore[index]
        self._hand_out()

    def _hand_out(self) -> None:
        """Give every worker a case, the most urgent first, and then each one more."""
        if self._cold and (case := self._first_case()) is not None:
            warm_up_if_cold(case)
            self._cold = False
        if self._waiting and not self._workers:
            self._start()
        for count in range(_AT_HAND):
            for worker in self._workers:
                if self._waiting and len(worker.own) == count:
                    worker.give(heappop(self._waiting))

    def _start(self) -> None:
        """Start as many workers as the cores allow."""
        case = self._first_case()
        threads = 1 if case is None else case.threads
        self.workers_count = self._limit or max(1, cpus_count() // threads)
        self._workers = [_Worker(self._year_of) for _ in range(self.workers_count)]

    def _take(self, worker: _Worker) -> None:
        """Take a finished case from a worker, or put a new worker in its place if it died."""
        try:
            found = worker.line.recv()
        except (EOFError, OSError):
            self._replace(worker)
            return
        del worker.own[found.ticket]
        self._keep(found)

    def _replace(self, dead: _Worker) -> None:
        """Let a new worker do what a dead one left; give up on what kills too many."""
        dead.end()
        first = next(iter(dead.own))  # in which it died
        self._deaths[first] = self._deaths.get(first, 0) + 1
        if self._deaths[first] > self._retries:
            raise ClusterError(
                "a worker died again, for good: most likely memory ran out\n"
                "  allowed: workers that live through one year, retried ray.retries_count times\n"
                "  remedy:  fewer at once (ray.workers_count) or a smaller scale;\n"
                "           what is finished is kept, and the same command goes on"
            )
        heir = self._workers[self._workers.index(dead)] = _Worker(self._year_of)
        for todo in dead.own.values():
            heir.give(todo)


_Message = tuple[int, Case | Errand, tuple[str, ...]]
"""Ticket, task, and the tables that are wanted."""


def main() -> None:
    """Simulate what comes in by the connection whose file is named, until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    with Connection(int(sys.argv[1])) as line:
        year_of: Simulate = line.recv()
        todo: queue.SimpleQueue[_Message] = queue.SimpleQueue()
        threading.Thread(target=_read, args=(line, todo), daemon=True).start()
        while True:
            ticket, task, tables = todo.get()
            line.send(finish(ticket, task, tables, year_of))


def _read(line: Connection, todo: "queue.SimpleQueue[_Message]") -> None:
    """Read all the time, so that who sends never waits for a year to end."""
    try:
        while True:
            todo.put(line.recv())
    except (EOFError, OSError):
        os._exit(0)  # nobody is there any more to whom the year in hand could be sent


if __name__ == "__main__":
    main()
