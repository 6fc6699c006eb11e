"""Simulates cases: what every back end promises, and the one of this process.

A case becomes a run, or the reason why there is none. Results are the same bits whatever
the back end, and in whatever order it takes the cases.
"""

import time
import traceback
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from heapq import heapify, heappop, heappush
from typing import Any, Final, NamedTuple, Protocol

from engine.cache import is_cold
from engine.case import Case, RunResult
from engine.errors import InputError, PoquanError

Simulate = Callable[[Case], RunResult]
_OnDay = Callable[[int, int], None]
"""Takes how many days of a case are simulated, and of how many, where one case is long."""

_Urgency = tuple[float, ...]
"""What waits is taken in this order, the least first; all of one use are equally long."""

TABLES: Final = ("daily", "monthly", "segments", "anchors", "run_off", "branches")
"""Parts of a run that need not be sent back; `labels` and `run` always are."""


@dataclass(frozen=True)
class Failure:
    """A case that could not be simulated, and why.

    `refusal` has the parts of an `InputError` where the engine refused the input.
    """

    case: str
    reason: str
    traceback: str
    refusal: tuple[str, str, str, str] | None = None

    def raise_refusal(self) -> None:
        """Raise the `InputError`, if that is what it was."""
        if self.refusal is not None:
            raise InputError(*self.refusal)


_Outcome = RunResult | Failure


@dataclass(frozen=True)
class WorkerCall:
    """Other work for a worker: a function of a module, and what it is called with."""

    name: int
    function: Callable[..., Any]
    args: tuple[Any, ...]


class _FailedYearError(PoquanError):
    """A run could not be simulated; the trace of the worker stands in the message."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(
            f"{failure.case}: {failure.reason}\n"
            f"  remedy:  this is a bug, or a policy the model cannot bear; the trace follows\n\n"
            f"{failure.traceback}"
        )


class Finished(NamedTuple):
    """What became of a case or a call, and its seconds by the clock and of the processor.

    `outcome` is an `_Outcome`, or what the call's function has returned.
    """

    ticket: int
    outcome: Any
    busy_s: float
    cpu_s: float


@dataclass(frozen=True, order=True)
class Waiting:
    """What waits for a worker, and which tables of a case's run are wanted."""

    urgency: _Urgency
    ticket: int
    task: Case | WorkerCall = field(compare=False)
    tables: Sequence[str] = field(compare=False)


class Runner(Protocol):
    """What brings the runs of cases: a pool, or one that also tells how far it is."""

    def run(self, cases: Sequence[Case]) -> Iterator[RunResult]:
        """Yield the runs of the cases, in order."""


def ignore_days(_done: int, _total: int) -> None:
    """Tell nobody."""


DAY_S: Final = 2.0
"""Seconds between two words of how far a long case is; a short one says none."""


class Pool(ABC):
    """Simulates cases. Results are the same bits whatever the back end.

    Cases are handed in without waiting and come back as they finish; the most urgent are
    taken first. `outcomes` and `run` bring them back in order.
    """

    workers_count: int = 1
    """How many runs are simulated at once, as far as it is known."""

    def __init__(self) -> None:
        self._tickets = 0
        self._waiting: list[Waiting] = []
        self._finished: deque[Finished] = deque()
        self._dropped: set[int] = set()
        self.on_day: _OnDay = ignore_days

    def submit(
        self, task: Case | WorkerCall, urgency: _Urgency = (), tables: Sequence[str] = TABLES
    ) -> int:
        """Hand in a case or a call; return its ticket.

        Parameters
        ----------
        task
            What to simulate, or to do.
        urgency
            Lesser ones go first, and equal ones as they were handed in.
        tables
            Those of `TABLES` that are wanted of the run; the others come back empty.
        """
        self._tickets += 1
        heappush(self._waiting, Waiting(urgency, self._tickets, task, tables))
        return self._tickets

    def next(self) -> Finished:
        """Wait for the next case to finish.

        Raises
        ------
        ClusterError
            If the cluster is lost, or a worker died more often than it may.
        """
        while not self._finished:
            self._exchange(wait=True)
        return self._finished.popleft()

    def feed(self) -> None:
        """Give idle workers what waits for them; to be called now and then in long work."""
        self._exchange(wait=False)

    def drop(self, tickets: Iterable[int]) -> None:
        """Forget cases: those that wait are not simulated, of the others nothing is reported."""
        gone = set(tickets)
        started = gone - {one.ticket for one in self._waiting}
        self._waiting = [one for one in self._waiting if one.ticket not in gone]
        heapify(self._waiting)
        done = {one.ticket for one in self._finished}
        self._finished = deque(one for one in self._finished if one.ticket not in gone)
        self._dropped |= started - done

    def outcomes(self, cases: Sequence[Case]) -> Iterator[_Outcome]:
        """Yield what became of every case, in order, as it becomes known.

        Raises
        ------
        ClusterError
            As `next`.
        """
        open_ones = [self.submit(case) for case in cases]
        early: dict[int, _Outcome] = {}
        try:
            while open_ones:
                while open_ones[0] not in early:
                    found = self.next()
                    early[found.ticket] = found.outcome
                yield early.pop(open_ones.pop(0))
        finally:
            self.drop(ticket for ticket in open_ones if ticket not in early)

    def run(self, cases: Sequence[Case]) -> Iterator[RunResult]:
        """Yield the runs of the cases, in order, as they finish.

        Raises
        ------
        PoquanError
            At the first case that could not be simulated.
        InputError
            If the engine refused it.
        ClusterError
            As `next`.
        """
        for outcome in self.outcomes(cases):
            if isinstance(outcome, Failure):
                outcome.raise_refusal()
                raise _FailedYearError(outcome)
            yield outcome

    @abstractmethod
    def _exchange(self, *, wait: bool) -> None:
        """Hand over what waits, and `_keep` what is finished: at least one case if `wait`."""

    def _first_case(self) -> Case | None:
        """Return a case that waits, if there is one: the others' kernels are the same."""
        return next((one.task for one in self._waiting if isinstance(one.task, Case)), None)

    def _keep(self, found: Finished) -> None:
        """Take a finished case in, unless nobody wants it any more."""
        if found.ticket in self._dropped:
            self._dropped.remove(found.ticket)
        else:
            self._finished.append(found)


def simulate_case(case: Case) -> RunResult:
    """Simulate one run by the engine."""
    from engine.market.run import simulate  # compiles: --help must not wait for it

    return simulate(case)


def simulate_told(on_day: _OnDay, case: Case) -> RunResult:
    """Simulate one run by the engine, telling now and then how many days are done.

    All of them at the end, if any were told before.
    """
    from engine.market.exchange import Whole
    from engine.market.run import simulate

    days = case.scenario.calendar.days_simulated + case.run_off_days
    last_s = started_s = time.monotonic()

    def told(day: int) -> None:
        nonlocal last_s
        if (now := time.monotonic()) - last_s >= DAY_S:
            last_s = now
            on_day(day, days)

    result = simulate(case, Whole(told))
    if last_s > started_s:
        on_day(days, days)
    return result


def warm_up_if_cold(case: Case) -> None:
    """Compile what `case` needs if nothing is compiled yet: quicker than as it comes."""
    if is_cold(is_fused=case.is_fused):
        from engine.warmup import warm_up

        warm_up(case)


def _attempt(case: Case, year_of: Simulate = simulate_case) -> _Outcome:
    """Simulate one run; an exception becomes a `Failure`, so that others go on.

    Running out of memory, or a disk that fails, is no fault of the case and passes through.
    """
    try:
        return year_of(case)
    except (MemoryError, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is reported, and the others go on
        name = f"{case.policy.name}, world {case.world}, replication {case.replication}"
        reason = f"{type(error).__name__}: {error}"
        refusal = None
        if isinstance(error, InputError):
            refusal = (error.where, error.what, error.allowed, error.remedy)
        return Failure(name, reason, traceback.format_exc(), refusal)


def finish(
    ticket: int, task: Case | WorkerCall, tables: Sequence[str], year_of: Simulate
) -> Finished:
    """Simulate one case, keep the tables that are wanted, and time it; or do a call."""
    clock, cpu = time.perf_counter(), time.process_time()
    found: Any
    if isinstance(task, WorkerCall):
        found = task.function(*task.args)
    else:
        found = _attempt(task, year_of)
        if isinstance(found, RunResult):
            empty: dict[str, Any] = {name: {} for name in TABLES if name not in tables}
            found = replace(found, **empty)
    return Finished(ticket, found, time.perf_counter() - clock, time.process_time() - cpu)


class ProcessPool(Pool):
    """Simulates here, a case whenever one is waited for. For small work, debuggers and tests."""

    def __init__(self, year_of: Simulate = simulate_case) -> None:
        super().__init__()
        self._year_of = year_of
        self._cold = year_of is simulate_case

    def _exchange(self, *, wait: bool) -> None:
        if not wait:
            return
        todo = heappop(self._waiting)
        if self._cold and isinstance(todo.task, Case):
            warm_up_if_cold(todo.task)
            self._cold = False
        year_of = self._year_of
        if year_of is simulate_case:
            year_of = partial(simulate_told, self.on_day)
        self._keep(finish(todo.ticket, todo.task, todo.tables, year_of))
