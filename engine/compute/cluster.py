"""The back end on Ray: chunks of cases as tasks, as many in flight as keep every worker busy.

The scenario is the big part of a case and shared by thousands: it lies once in the object
store. What a task is sent with, and what becomes of one that fails, stands in `flight`; what
goes to a worker, and what it does with it, in `chunks`.
"""

import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from heapq import heappop
from typing import Any, Final

from engine.case import Case
from engine.compute.chunks import (
    distinct_scenarios,
    run_call,
    run_chunk,
    unpack,
    without_scenarios,
)
from engine.compute.connect import connected
from engine.compute.days import DayBoard
from engine.compute.flight import Sent, reason_of
from engine.compute.machine import PROCESS_BYTES, bytes_to_ask, limited_bytes
from engine.compute.messages import HEAD_LOST, NO_ENGINE, OWN_NODE_LOST, TASK_FAILED, UNHEARD
from engine.compute.pool import (
    Finished,
    Pool,
    Simulate,
    Waiting,
    WorkerCall,
    ignore_days,
    simulate_case,
)
from engine.compute.watch import ClusterWatch, cluster_nodes, head_answers, print_note
from engine.compute.workers import Code, Refusal
from engine.errors import ClusterError
from engine.spec.jobs import Ray
from engine.spec.scenario import Scenario

_QUEUE: Final = 2
"""Tasks in flight per worker: one that runs, one that waits, so that no worker idles."""

_BEYOND: Final = 16
"""Tasks offered to a cluster beyond that: what waits for a CPU makes an autoscaler start nodes."""

_TASK_S: Final = 0.3
"""Seconds a task should last at least: a task costs Ray 0.5-0.8 ms, a result a fetch."""

_LOOK_S: Final = 5.0
"""Seconds between two looks at the nodes of a cluster."""

_SHORT_LOOK_S: Final = 1.0
"""The same while the cluster grants less than is wanted, and a node may come any moment."""

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
        self._looked_s, self._silences = -math.inf, 0
        self._spec, self._limit, self._retries = spec, spec.workers_count, spec.retries_count
        self._seconds = seconds_hint
        self._year_of, self._code = ray.put(year_of), ray.put(Code.own())
        # Made once: a function is told to the head, and a head that is gone would be waited for.
        self._run_chunk, self._run_call = ray.remote(run_chunk), ray.remote(run_call)
        self._board = DayBoard()
        self._scenarios: dict[int, tuple[Scenario, Any]] = {}
        self._flight: dict[Any, Sent] = {}
        self._again: list[Sent] = []
        self._nodes, self._threads, self._asked = cluster_nodes(), 1, PROCESS_BYTES
        if not is_local:
            self._watch.look(self._nodes, 0)  # a node that comes from now on has joined
        self.workers_count, self._window = self._room()

    def cancel(self) -> None:
        """Stop what is in flight."""
        import ray

        for reference in self._flight:
            ray.cancel(reference, force=True)
        self._flight.clear()
        self._again.clear()
        if not self._silences:
            self._board.remove()

    def drop(self, tickets: Iterable[int]) -> None:
        """Forget cases; tasks of which nobody wants anything are stopped."""
        import ray

        super().drop(tickets)
        for reference, sent in list(self._flight.items()):
            if self._dropped.issuperset(sent.tickets):
                ray.cancel(reference, force=True)
                del self._flight[reference]
                self._dropped.difference_update(sent.tickets)
        for sent in list(self._again):
            if self._dropped.issuperset(sent.tickets):
                self._again.remove(sent)
                self._dropped.difference_update(sent.tickets)

    def _exchange(self, *, wait: bool) -> None:
        """Keep the window full; take what is finished: if `wait`, at least one case."""
        found = self._take(wait=wait)
        while wait and not found and self._flight:  # what failed is on its way again
            found = self._take(wait=True)

    def _take(self, *, wait: bool) -> int:
        """Do so once; return how many cases came in."""
        import ray

        self._hand_out()
        if not self._flight:
            return 0
        self._look()
        ready: list[Any] = []
        while not ready:
            timeout = self._look_s() if wait else 0
            ready, _ = ray.wait(
                list(self._flight), num_returns=1, timeout=timeout, fetch_local=False
            )
            self._look()
            if not wait:
                break
            if not ready:
                self._tell_days()
        if len(self._flight) > 1 and ready:  # and whatever else is there
            ready, _ = ray.wait(list(self._flight), num_returns=len(self._flight), timeout=0)
        count = 0
        for reference in ready:
            for found in self._result(reference, self._flight.pop(reference)):
                self._keep(found)
                count += 1
        self._hand_out()
        return count

    def _tell_days(self) -> None:
        """Say how far the furthest of the long runs is, if there are any."""
        if self.on_day is ignore_days or not (self._is_local or head_answers()):
            return
        tickets = (ticket for sent in self._flight.values() for ticket in sent.tickets)
        if (found := self._board.furthest(tickets)) is not None:
            self.on_day(*found)

    def _result(self, reference: Any, sent: Sent) -> list[Finished]:
        """Fetch what a task has left; nothing, if it is to be done again."""
        import ray

        try:
            found = unpack(ray.get(reference))
        except (ray.exceptions.RayError, ConnectionError, MemoryError) as error:
            said = sent.failed(
                error, self._retries, max(self._memories(), default=0), self.workers_count
            )
            if said is None:
                raise _failed(error) from None
            print_note(said)
            self._again.append(sent)
            return []
        if isinstance(found, Refusal):
            raise found.error()
        return found

    def _hand_out(self) -> None:
        """Send the most urgent cases, as many as there is room for; first what failed."""
        while (self._again or self._waiting) and len(self._flight) < self._window:
            sent = self._again.pop() if self._again else Sent(self._chunk())
            self._flight[self._send(sent)] = sent
            self._fit(sent)
        case = self._first_case()
        if case is not None:
            self._fit(Sent([Waiting((), -1, case, ())]))

    def _send(self, sent: Sent) -> Any:
        """Start a task; it is not Ray that tries again, since Ray would ask for no more memory."""
        first = sent.todo[0]
        options = {"num_cpus": self._threads_of(sent), "max_retries": 0}
        if isinstance(first.task, WorkerCall):
            call: Any = self._run_call.options(**options, memory=self._ask(sent))
            return call.remote(self._code, first.ticket, first.task)
        sent.check_fits(self._memories())
        cases = sent.cases()
        shared = [self._shared(scenario) for scenario in distinct_scenarios(cases)]
        task: Any = self._run_chunk.options(**options, memory=self._ask(sent))
        pairs = list(zip(sent.todo, cases, strict=True))
        board = "" if self.on_day is ignore_days else self._board.name
        words = self._code, self._year_of, board
        return task.remote(*words, without_scenarios(pairs), *shared)

    def _ask(self, sent: Sent) -> int:
        """Return the bytes that a task asks for."""
        most = max((node.memory for node in self._nodes.values() if node.cpus), default=0)
        return bytes_to_ask(sent.memory, most, self._spec)

    def _memories(self) -> list[int]:
        """Return the bytes that a run may have on each node that runs any."""
        granted = (node.memory for node in self._nodes.values() if node.cpus)
        return limited_bytes(granted, self._spec)

    def _threads_of(self, sent: Sent) -> int:
        """Return the threads that a task gets: those of its cases, where a node has them."""
        asked = max((case.threads for case in sent.cases()), default=self._threads)
        most = max((node.cpus for node in self._nodes.values()), default=1)
        return max(1, min(most or asked, asked))

    def _fit(self, sent: Sent) -> None:
        """Let the window follow what tasks ask for."""
        asked = self._threads_of(sent), sent.memory
        if asked != (self._threads, self._asked):
            self._threads, self._asked = asked
            self.workers_count, self._window = self._room()

    def _chunk(self) -> list[Waiting]:
        """Take the most urgent cases, as many as make a task, or an call, out of what waits."""
        if isinstance(self._waiting[0].task, WorkerCall):
            return [heappop(self._waiting)]
        size = _chunk_size(len(self._waiting), self._seconds, self.workers_count)
        chunk: list[Waiting] = []
        while self._waiting and len(chunk) < size and isinstance(self._waiting[0].task, Case):
            chunk.append(heappop(self._waiting))
        return chunk

    def _room(self) -> tuple[int, int]:
        """Return tasks at once and tasks in flight.

        A local Ray has as many CPUs as there are workers, so that it runs no more at once,
        however many wait there. Of a cluster's CPUs a task takes what it likes: what limits
        the workers there is the number in flight.
        """
        sizes = [node for node in self._nodes.values() if node.cpus]
        rooms = zip(sizes, self._memories(), strict=True)
        workers = max(
            1, sum(min(node.cpus // self._threads, most // self._asked) for node, most in rooms)
        )
        if self._limit is None or (self._is_local and self._limit >= workers):
            return workers, _QUEUE * workers + (0 if self._is_local else _BEYOND)
        return self._limit, self._limit

    def _look(self) -> None:
        """Now and then: see which nodes there are, and offer as much as they can take."""
        if self._is_local or time.monotonic() - self._looked_s < self._look_s():
            return
        self._looked_s = time.monotonic()
        if not head_answers():
            self._silences += 1
            if self._silences == _SILENCES:
                self._flight.clear()  # nobody is there to be told to stop
                raise HEAD_LOST.error()
            return
        self._silences = 0
        self._nodes = cluster_nodes()
        self._watch.look(self._nodes, self._threads * (self._limit or 1))
        if _own_node_is_lost(self._nodes):
            self._flight.clear()
            raise OWN_NODE_LOST.error()
        self.workers_count, self._window = self._room()
        self._hand_out()

    def _look_s(self) -> float:
        """Return the seconds between two looks."""
        return _SHORT_LOOK_S if self._watch.is_short and not self._silences else _LOOK_S

    def _shared(self, scenario: Scenario) -> Any:
        """Return a reference to `scenario`, put into the object store once."""
        import ray

        if id(scenario) not in self._scenarios:  # held, so that its id stays its own
            self._scenarios[id(scenario)] = (scenario, ray.put(scenario))
        return self._scenarios[id(scenario)][1]


def _own_node_is_lost(nodes: Iterable[str]) -> bool:
    """Tell whether this process runs on a node that is not among those that are alive."""
    import ray

    return not ray.util.client.ray.is_connected() and (  # type: ignore[no-untyped-call]
        ray.get_runtime_context().get_node_id() not in nodes
    )


def _failed(error: BaseException) -> ClusterError:
    """Return the error of a task that is not tried again."""
    if "ModuleNotFoundError" in str(error):
        return NO_ENGINE.error(reason=reason_of(error))
    if "OwnerDiedError" in str(error):
        return UNHEARD.error()
    return TASK_FAILED.error(reason=reason_of(error))


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
