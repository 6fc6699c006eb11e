"""The back end on Ray: chunks of cases as tasks, as many in flight as keep every worker busy.

The scenario is the big part of a case and shared by thousands: it lies once in the object
store, and a chunk says which of the scenarios each case means.
"""

import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from heapq import heappop
from typing import Any, Final

from engine.case import Case
from engine.compute.connect import connected
from engine.compute.pool import Finished, Pool, Simulate, Waiting, WorkerCall, simulate_case
from engine.compute.same_code import Refusal, of_other_code, own_code
from engine.compute.tasks import (
    chunk_size,
    distinct_scenarios,
    run_call,
    run_chunk,
    unpack,
    without_scenarios,
)
from engine.compute.watch import ClusterWatch
from engine.errors import ClusterError, HeadLostError
from engine.spec.jobs import Ray
from engine.spec.scenario import Scenario

_QUEUE: Final = 2
"""Tasks in flight per worker: one that runs, one that waits, so that no worker idles."""

_BEYOND: Final = 16
"""Tasks offered to a cluster beyond that: what waits for a CPU makes an autoscaler start nodes."""

_LOOK_S: Final = 5.0
"""Seconds between two looks at the nodes of a cluster."""

_SILENCES: Final = 3
"""Looks in a row without an answer after which the head is held to be gone. Ray itself waits a
minute, and then ends the process."""


@contextmanager
def ray_pool(spec: Ray, seconds_hint: float, year_of: Simulate = simulate_case) -> Iterator[Pool]:
    """Open a pool on Ray; the arguments are those of `open_pool`.

    Raises
    ------
    ClusterError
        If Ray cannot be reached or started.
    """
    with connected(spec) as is_local:
        pool = _RayPool(spec, seconds_hint, year_of, is_local=is_local)
        try:
            yield pool
        finally:
            pool.cancel()


class _RayPool(Pool):
    """Simulates on a Ray that is connected; one serial kernel per task."""

    def __init__(
        self, spec: Ray, seconds_hint: float, year_of: Simulate, *, is_local: bool
    ) -> None:
        super().__init__()
        import ray

        self._is_local, self._watch = is_local, ClusterWatch()
        self._looked_s, self._silences = time.monotonic(), 0
        self._limit, self._retries = spec.workers_count, spec.retries_count
        self._seconds = seconds_hint
        self._year_of, self._code = ray.put(year_of), ray.put(own_code())
        # Made once: a function is told to the head, and a head that is gone would be waited for.
        self._run_chunk, self._run_call = ray.remote(run_chunk), ray.remote(run_call)
        self._scenarios: dict[int, tuple[Scenario, Any]] = {}
        self._flight: dict[Any, list[int]] = {}
        self._threads = 1
        self.workers_count, self._window = self._room(1)

    def cancel(self) -> None:
        """Stop what is in flight."""
        import ray

        for reference in self._flight:
            ray.cancel(reference, force=True)
        self._flight.clear()

    def drop(self, tickets: Iterable[int]) -> None:
        """Forget cases; tasks of which nobody wants anything are stopped."""
        import ray

        super().drop(tickets)
        for reference, own in list(self._flight.items()):
            if self._dropped.issuperset(own):
                ray.cancel(reference, force=True)
                del self._flight[reference]
                self._dropped.difference_update(own)

    def _exchange(self, *, wait: bool) -> None:
        """Keep the window full; take what is finished."""
        import ray

        self._hand_out()
        if not self._flight:
            return
        ready: list[Any] = []
        while not ready:
            timeout = _LOOK_S if wait else 0
            ready, _ = ray.wait(
                list(self._flight), num_returns=1, timeout=timeout, fetch_local=False
            )
            self._look()
            if not wait:
                break
        if len(self._flight) > 1 and ready:  # and whatever else is there
            ready, _ = ray.wait(list(self._flight), num_returns=len(self._flight), timeout=0)
        for reference in ready:
            del self._flight[reference]
            for found in _result(reference):
                self._keep(found)
        self._hand_out()

    def _hand_out(self) -> None:
        """Send the most urgent cases, as many as there is room for."""
        case = self._first_case()
        if case is not None and case.threads > self._threads:
            self.workers_count, self._window = self._room(case.threads)
        options = {"num_cpus": self._threads, "max_retries": self._retries}
        while self._waiting and len(self._flight) < self._window:
            if isinstance(self._waiting[0].task, WorkerCall):
                first = heappop(self._waiting)
                call: Any = self._run_call.options(**options)
                reference = call.remote(self._code, first.ticket, first.task)
                self._flight[reference] = [first.ticket]
                continue
            chunk = self._chunk()
            scenarios = distinct_scenarios([one for _, one in chunk])
            shared = [self._shared(scenario) for scenario in scenarios]
            task: Any = self._run_chunk.options(**options)
            reference = task.remote(self._code, self._year_of, without_scenarios(chunk), *shared)
            self._flight[reference] = [own.ticket for own, _ in chunk]

    def _chunk(self) -> list[tuple[Waiting, Case]]:
        """Take the most urgent cases, as many as make a task, out of those that wait."""
        size = chunk_size(len(self._waiting), self._seconds, self.workers_count)
        chunk: list[tuple[Waiting, Case]] = []
        while self._waiting and len(chunk) < size:
            if not isinstance(self._waiting[0].task, Case):
                break
            own = heappop(self._waiting)
            assert isinstance(own.task, Case)
            chunk.append((own, own.task))
        return chunk

    def _room(self, threads: int) -> tuple[int, int]:
        """Return tasks at once and tasks in flight, if a task has so many threads.

        A local Ray has as many CPUs as there are workers, so that it runs no more at once,
        however many wait there. Of a cluster's CPUs a task takes what it likes: what limits
        the workers there is the number in flight.
        """
        sizes = [cpus for _, cpus in cluster_nodes().values()]
        self._threads = threads = max(1, min(max(sizes, default=1) or threads, threads))
        workers = max(1, sum(size // threads for size in sizes))
        if self._limit is None or (self._is_local and self._limit >= workers):
            return workers, _QUEUE * workers + (0 if self._is_local else _BEYOND)
        return self._limit, self._limit

    def _look(self) -> None:
        """Now and then: see which nodes there are, and offer as much as they can take."""
        if self._is_local or time.monotonic() - self._looked_s < _LOOK_S:
            return
        self._looked_s = time.monotonic()
        if not head_answers():
            self._silences += 1
            if self._silences == _SILENCES:
                self._flight.clear()  # no worker is there to be stopped
                raise head_lost()
            return
        self._silences = 0
        self._watch.look(cluster_nodes(), self._threads * (self._limit or 1))
        self.workers_count, self._window = self._room(self._threads)
        self._hand_out()

    def _shared(self, scenario: Scenario) -> Any:
        """Return a reference to `scenario`, put into the object store once."""
        import ray

        if id(scenario) not in self._scenarios:  # held, so that its id stays its own
            self._scenarios[id(scenario)] = (scenario, ray.put(scenario))
        return self._scenarios[id(scenario)][1]


def head_answers() -> bool:
    """Return whether something listens where the cluster's head was."""
    import ray

    host, _, port = ray.get_runtime_context().gcs_address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_LOOK_S):
            return True
    except OSError:
        return False


def cluster_nodes() -> dict[str, tuple[str, int]]:
    """Return address and CPUs of the nodes that are alive, by their names."""
    import ray

    return {
        node["NodeID"]: (node["NodeManagerAddress"], int(node["Resources"].get("CPU", 0)))
        for node in ray.nodes()  # type: ignore[no-untyped-call]
        if node["Alive"]
    }


def _result(reference: Any) -> list[Finished]:
    """Fetch what a task has left."""
    import ray

    try:
        found = unpack(ray.get(reference))
    except (ray.exceptions.RayError, ConnectionError) as error:
        if "ModuleNotFoundError" in str(error):
            raise unfit(error) from None
        if "OwnerDiedError" in str(error):
            raise _unheard() from None
        raise ClusterError(
            f"ray: a task failed for good: {reason_of(error)}\n"
            "  allowed: workers that live through one run, retried ray.retries_count times\n"
            "  remedy:  fewer at once (ray.workers_count) or a smaller scale if memory ran out;\n"
            "           what is finished is kept, and the same command goes on"
        ) from None
    if isinstance(found, Refusal):
        raise of_other_code(found)
    return found


def unfit(error: BaseException) -> ClusterError:
    """Return the error of a cluster whose nodes cannot import the engine."""
    return ClusterError(
        f"ray: the cluster's nodes cannot run the engine: {reason_of(error)}\n"
        "  allowed: nodes with the same Python and the same version of this package\n"
        "  remedy:  install it on every node, or send it with ray job submit --working-dir"
    )


def head_lost() -> HeadLostError:
    """Return the error of a cluster whose head is gone."""
    return HeadLostError(
        "ray: the head of the cluster is gone\n"
        "  allowed: a head that lives as long as the command\n"
        "  remedy:  start it again; what is finished is kept, and the same command goes on"
    )


def _unheard() -> ClusterError:
    return ClusterError(
        "ray: the cluster's workers cannot reach this command, though it reaches them\n"
        "  allowed: one way of authentication here and on the cluster, and open ports both ways\n"
        "  remedy:  export RAY_AUTH_MODE=disabled if the cluster has no token (one in ~/.ray is\n"
        "           used otherwise), or RAY_AUTH_MODE=token and the cluster's token"
    )


def reason_of(error: BaseException) -> str:
    """Return the line that says why: the last of a trace, the first where Ray explains."""
    import ray

    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    is_trace = isinstance(error, ray.exceptions.RayTaskError)
    return lines[-1 if is_trace else 0] if lines else type(error).__name__
