"""The back end on Ray: chunks of cases as tasks, as many in flight as keep every worker busy.

The scenario is the big part of a case and shared by thousands: it lies once in the object
store, and a chunk says which of the scenarios each case means.
"""

import math
import pickle
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from heapq import heappop
from typing import Any, Final

from engine.case import Case
from engine.compute.connect import connected
from engine.compute.pool import (
    Errand,
    Finished,
    Pool,
    Simulate,
    Waiting,
    finish,
    simulate_case,
)
from engine.errors import ClusterError
from engine.spec.jobs import Ray
from engine.spec.scenario import Scenario

_WARM_UP_S: Final = 300.0
"""Seconds in which every node of a cluster must have compiled the kernels."""

_QUEUE: Final = 2
"""Tasks in flight per worker: one that runs, one that waits, so that no worker idles."""


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
    """Simulates on a Ray that is connected; one serial kernel per task.

    The kernels are compiled once on every node before tasks fan out: processes that fill
    one compile cache together can crash.
    """

    def __init__(
        self, spec: Ray, seconds_hint: float, year_of: Simulate, *, is_local: bool
    ) -> None:
        super().__init__()
        import ray

        self._cold, self._is_local = year_of is simulate_case, is_local
        self._limit, self._retries = spec.workers_count, spec.retries_count
        self._seconds = seconds_hint
        self._year_of = ray.put(year_of)
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
        timeout = None if wait else 0
        ready, _ = ray.wait(list(self._flight), num_returns=1, timeout=timeout, fetch_local=False)
        if len(self._flight) > 1 and ready:  # and whatever else is there
            ready, _ = ray.wait(list(self._flight), num_returns=len(self._flight), timeout=0)
        for reference in ready:
            del self._flight[reference]
            for found in _result(reference):
                self._keep(found)
        self._hand_out()

    def _hand_out(self) -> None:
        """Send the most urgent cases, as many as there is room for."""
        import ray

        case = self._first_case()
        if case is not None and self._cold:
            self._warm_up(case)
        if case is not None and case.threads > self._threads:
            self.workers_count, self._window = self._room(case.threads)
        options = {"num_cpus": self._threads, "max_retries": self._retries}
        while self._waiting and len(self._flight) < self._window:
            if isinstance(self._waiting[0].task, Errand):
                first = heappop(self._waiting)
                errand: Any = ray.remote(_run_errand).options(**options)
                self._flight[errand.remote(first.ticket, first.task)] = [first.ticket]
                continue
            chunk = self._chunk()
            scenarios = _distinct_scenarios([one for _, one in chunk])
            shared = [self._shared(scenario) for scenario in scenarios]
            task: Any = ray.remote(_run_chunk).options(**options)
            reference = task.remote(self._year_of, _tickets(chunk), *shared)
            self._flight[reference] = [own.ticket for own, _ in chunk]

    def _chunk(self) -> list[tuple[Waiting, Case]]:
        """Take the most urgent cases, as many as make a task, out of those that wait."""
        size = _chunk_size(len(self._waiting), self._seconds, self.workers_count)
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
        sizes = [int(node["Resources"].get("CPU", 0)) for node in _nodes()]
        self._threads = threads = max(1, min(max(sizes, default=1), threads))
        workers = max(1, sum(size // threads for size in sizes))
        if self._limit is None or (self._is_local and self._limit >= workers):
            return workers, _QUEUE * workers
        return self._limit, self._limit

    def _warm_up(self, case: Case) -> None:
        """Compile here, and on the other nodes of a cluster, before the first tasks."""
        _warm_up_node(case)
        if not self._is_local:
            _warm_nodes(case)
        self._cold = False

    def _shared(self, scenario: Scenario) -> Any:
        """Return a reference to `scenario`, put into the object store once."""
        import ray

        if id(scenario) not in self._scenarios:  # held, so that its id stays its own
            self._scenarios[id(scenario)] = (scenario, ray.put(scenario))
        return self._scenarios[id(scenario)][1]


def _warm_up_node(case: Case) -> None:
    """Compile the kernels into the cache of this node."""
    from engine.warmup import warm_up as compile_kernels

    compile_kernels(case)


def _warm_nodes(case: Case) -> None:
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    task = ray.remote(_warm_up_node)
    strategies = [NodeAffinitySchedulingStrategy(node["NodeID"], soft=True) for node in _nodes()]
    try:
        waiting = [
            task.options(num_cpus=0, scheduling_strategy=strategy).remote(case)
            for strategy in strategies
        ]
        ray.get(waiting, timeout=_WARM_UP_S)
    except (ray.exceptions.RayError, TimeoutError) as error:
        raise _unfit(error) from None


def _nodes() -> list[dict[str, Any]]:
    """Return Ray's description of the nodes that are alive."""
    import ray

    return [node for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]


def _result(reference: Any) -> list[Finished]:
    """Fetch what a task has left."""
    import ray

    try:
        return _unpack(ray.get(reference))
    except (ray.exceptions.RayError, ConnectionError) as error:
        if "ModuleNotFoundError" in str(error):
            raise _unfit(error) from None
        raise ClusterError(
            f"ray: a task failed for good: {_last_line(error)}\n"
            "  allowed: workers that live through one year, retried ray.retries_count times\n"
            "  remedy:  fewer at once (ray.workers_count) or a smaller scale if memory ran out;\n"
            "           what is finished is kept, and the same command goes on"
        ) from None


def _unfit(error: BaseException) -> ClusterError:
    return ClusterError(
        f"ray: the cluster's nodes cannot run the engine: {_last_line(error)}\n"
        "  allowed: nodes with the same Python and the same version of this package\n"
        "  remedy:  install it on every node, or send it with ray job submit --working-dir"
    )


def _last_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1].strip() if lines else type(error).__name__


_TASK_S: Final = 0.3
"""Seconds a task should last at least: a task costs Ray 0.5-0.8 ms, a result a fetch."""


@dataclass(frozen=True)
class _Ticket:
    """A case without its scenario: the place of that among the chunk's, and the rest."""

    number: int
    tables: Sequence[str]
    scenario: int
    rest: dict[str, Any]


def _chunk_size(waiting: int, seconds: float, workers: int) -> int:
    """Return how many cases a task takes: it lasts `_TASK_S` or longer, and every worker gets some.

    Parameters
    ----------
    waiting
        How many cases there are to simulate, 1 or more.
    seconds
        About what one case takes.
    workers
        How many tasks run at once.
    """
    enough = math.ceil(_TASK_S / max(seconds, 1e-6))
    fair = math.ceil(waiting / workers)
    return max(1, min(enough, fair))


def _distinct_scenarios(cases: Sequence[Case]) -> list[Scenario]:
    """Return the scenarios of `cases`, each object once, in order of appearance."""
    return list({id(case.scenario): case.scenario for case in cases}.values())


def _tickets(chunk: Sequence[tuple[Waiting, Case]]) -> list[_Ticket]:
    """Return cases without their scenarios, which are `_distinct_scenarios` of them."""
    found = _distinct_scenarios([case for _, case in chunk])
    place = {id(scenario): k for k, scenario in enumerate(found)}
    names = [field.name for field in fields(Case) if field.name != "scenario"]
    return [
        _Ticket(
            own.ticket,
            own.tables,
            place[id(case.scenario)],
            {name: getattr(case, name) for name in names},
        )
        for own, case in chunk
    ]


def _run_chunk(year_of: Simulate, todo: Sequence[_Ticket], *scenarios: Scenario) -> bytes:
    """Simulate a chunk on a worker.

    Returns pickled bytes: arrays read from the object store would be read-only and keep
    their whole chunk in it.
    """
    cases = (Case(scenario=scenarios[ticket.scenario], **ticket.rest) for ticket in todo)
    named = zip(todo, cases, strict=True)
    return pickle.dumps([finish(own.number, case, own.tables, year_of) for own, case in named])


def _run_errand(ticket: int, errand: Errand) -> bytes:
    """Do an errand on a worker."""
    return pickle.dumps([finish(ticket, errand, (), simulate_case)])


def _unpack(result: bytes) -> list[Finished]:
    """Return what a chunk's cases became."""
    found: list[Finished] = pickle.loads(result)
    return found
