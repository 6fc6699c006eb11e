"""The back end on Ray: chunks of cases as tasks, an ordered window of them in flight.

The scenario is the big part of a case and shared by thousands: it lies once in the object
store, and a chunk says which of the scenarios each case means.
"""

import math
import pickle
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, Final

from engine.case import Case, RunResult
from engine.compute.connect import connected
from engine.compute.pool import Failure, Pool, Simulate, attempt, simulate_case
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
        yield _RayPool(spec, seconds_hint, year_of, is_local=is_local)


class _RayPool(Pool):
    """Simulates on a Ray that is connected; one serial kernel per task.

    The kernels are compiled once on every node before tasks fan out: processes that fill
    one compile cache together can crash.
    """

    def __init__(
        self, spec: Ray, seconds_hint: float, year_of: Simulate, *, is_local: bool
    ) -> None:
        import ray

        self._cold, self._is_local = year_of is simulate_case, is_local
        self._workers, self._retries = spec.workers_count, spec.retries_count
        self._seconds = seconds_hint
        self._year_of = ray.put(year_of)
        self._scenarios: dict[int, tuple[Scenario, Any]] = {}

    def outcomes(self, cases: Sequence[Case]) -> Iterator[RunResult | Failure]:
        """Yield what became of every case; leave nothing in flight behind.

        Raises
        ------
        ClusterError
            If the cluster is lost, or a worker died more often than it may.
        """
        import ray

        if not cases:
            return
        self._warm_up(cases[0])
        threads, workers, window = self._room(cases)
        task = ray.remote(_run_chunk).options(num_cpus=threads, max_retries=self._retries)
        flight: deque[Any] = deque()
        try:
            for chunk in _chunks(cases, self._seconds, workers):
                while len(flight) >= window:
                    yield from _result(flight)
                shared = [self._shared(scenario) for scenario in _distinct_scenarios(chunk)]
                flight.append(task.remote(self._year_of, _tickets(chunk), *shared))
            while flight:
                yield from _result(flight)
        finally:
            for reference in flight:
                ray.cancel(reference, force=True)

    def _room(self, cases: Sequence[Case]) -> tuple[int, int, int]:
        """Return threads of a task, tasks at once, and tasks in flight."""
        sizes = [int(node["Resources"].get("CPU", 0)) for node in _nodes()]
        threads = max(1, min(max(sizes, default=1), max(case.threads for case in cases)))
        workers = max(1, sum(size // threads for size in sizes))
        if self._workers is not None:
            return threads, self._workers, self._workers
        return threads, workers, _QUEUE * workers

    def _warm_up(self, case: Case) -> None:
        """Compile here, and on the other nodes of a cluster, before the first tasks."""
        if self._cold:
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


def _result(flight: deque[Any]) -> list[RunResult | Failure]:
    """Wait for the oldest task in flight, and take it out."""
    import ray

    try:
        found = _unpack(ray.get(flight[0]))
    except (ray.exceptions.RayError, ConnectionError) as error:
        if "ModuleNotFoundError" in str(error):
            raise _unfit(error) from None
        raise ClusterError(
            f"ray: a task failed for good: {_last_line(error)}\n"
            "  allowed: workers that live through one year, retried ray.retries_count times\n"
            "  remedy:  fewer at once (ray.workers_count) or a smaller scale if memory ran out;\n"
            "           what is finished is kept, and the same command goes on"
        ) from None
    flight.popleft()
    return found


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

    scenario: int
    rest: dict[str, Any]


def _chunks(cases: Sequence[Case], seconds: float, workers: int) -> Iterator[Sequence[Case]]:
    """Cut `cases` so that a task lasts `_TASK_S` or longer and every worker gets some.

    Parameters
    ----------
    cases
        All cases of a run.
    seconds
        About what one case takes.
    workers
        How many tasks run at once.
    """
    enough = math.ceil(_TASK_S / max(seconds, 1e-6))
    fair = math.ceil(len(cases) / workers)
    size = max(1, min(enough, fair))
    return (cases[first : first + size] for first in range(0, len(cases), size))


def _distinct_scenarios(cases: Sequence[Case]) -> list[Scenario]:
    """Return the scenarios of `cases`, each object once, in order of appearance."""
    return list({id(case.scenario): case.scenario for case in cases}.values())


def _tickets(cases: Sequence[Case]) -> list[_Ticket]:
    """Return `cases` without their scenarios, which are `_distinct_scenarios(cases)`."""
    place = {id(scenario): k for k, scenario in enumerate(_distinct_scenarios(cases))}
    names = [field.name for field in fields(Case) if field.name != "scenario"]
    return [
        _Ticket(place[id(case.scenario)], {name: getattr(case, name) for name in names})
        for case in cases
    ]


def _run_chunk(year_of: Simulate, todo: Sequence[_Ticket], *scenarios: Scenario) -> bytes:
    """Simulate a chunk on a worker.

    Returns pickled bytes: arrays read from the object store would be read-only and keep
    their whole chunk in it.
    """
    cases = (Case(scenario=scenarios[ticket.scenario], **ticket.rest) for ticket in todo)
    return pickle.dumps([attempt(case, year_of) for case in cases])


def _unpack(result: bytes) -> list[RunResult | Failure]:
    """Return what a chunk's cases became."""
    outcomes: list[RunResult | Failure] = pickle.loads(result)
    return outcomes
