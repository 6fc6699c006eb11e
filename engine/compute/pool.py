"""Simulates cases: what every back end promises, the one of this process, and the choice.

A case becomes a year, or the reason why there is none. Results are the same bits whatever
the back end.
"""

import os
import signal
import threading
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from types import FrameType
from typing import Final

from engine.case import Case, RunResult
from engine.compute.machine import cpus_count
from engine.errors import InputError, Interrupted, PoquanError
from engine.spec.jobs import Ray

Simulate = Callable[[Case], RunResult]


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


class _FailedYearError(PoquanError):
    """A year could not be simulated; the trace of the worker stands in the message."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(
            f"{failure.case}: {failure.reason}\n"
            f"  remedy:  this is a bug, or a policy the model cannot bear; the trace follows\n\n"
            f"{failure.traceback}"
        )


class Pool(ABC):
    """Simulates cases. Results are the same bits whatever the back end."""

    @abstractmethod
    def outcomes(self, cases: Sequence[Case]) -> Iterator[RunResult | Failure]:
        """Yield what became of every case, in order, as it becomes known.

        Raises
        ------
        ClusterError
            If the cluster is lost, or a worker died more often than it may.
        """

    def run(self, cases: Sequence[Case]) -> Iterator[RunResult]:
        """Yield the years of the cases, in order, as they finish.

        Raises
        ------
        PoquanError
            At the first case that could not be simulated.
        InputError
            If the engine refused it.
        ClusterError
            As `outcomes`.
        """
        for outcome in self.outcomes(cases):
            if isinstance(outcome, Failure):
                outcome.raise_refusal()
                raise _FailedYearError(outcome)
            yield outcome


def simulate_case(case: Case) -> RunResult:
    """Simulate one year by the engine."""
    from engine.market.run import simulate  # compiles: --help must not wait for it

    return simulate(case)


def warm_up_if_cold(case: Case) -> None:
    """Compile what `case` needs if nothing is compiled yet: quicker than as it comes."""
    from engine.warmup import is_cold, warm_up

    if is_cold():
        warm_up(case)


def attempt(case: Case, year_of: Simulate = simulate_case) -> RunResult | Failure:
    """Simulate one year; an exception becomes a `Failure`, so that others go on.

    Running out of memory, or a disk that fails, is no fault of the case and passes through.
    """
    try:
        return year_of(case)
    except (MemoryError, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and the others go on
        name = f"{case.policy.name}, world {case.world}, replication {case.replication}"
        reason = f"{type(error).__name__}: {error}"
        refusal = None
        if isinstance(error, InputError):
            refusal = (error.where, error.what, error.allowed, error.remedy)
        return Failure(name, reason, traceback.format_exc(), refusal)


class ProcessPool(Pool):
    """Simulates here. For small work, for debuggers and for tests."""

    def __init__(self, year_of: Simulate = simulate_case) -> None:
        self._year_of = year_of

    def outcomes(self, cases: Sequence[Case]) -> Iterator[RunResult | Failure]:
        """Yield what became of every case."""
        if cases and self._year_of is simulate_case:
            warm_up_if_cold(cases[0])
        for case in cases:
            yield attempt(case, self._year_of)


_RAY_START_S: Final = 10.0
"""Seconds that a local Ray takes to start and to bring its first worker up."""


@contextmanager
def open_pool(
    ray: Ray, cases_hint: int, seconds_hint: float, year_of: Simulate = simulate_case
) -> Iterator[Pool]:
    """Open the back end that `ray` asks for; `auto` takes Ray where it saves time.

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
    if _chooses_ray(ray, cases_hint, seconds_hint):
        from engine.compute.cluster import ray_pool

        opened = ray_pool(ray, seconds_hint, year_of)
    else:
        opened = nullcontext(ProcessPool(year_of))
    try:
        with _handlers_restored(), opened as pool:
            _interrupt_on_sigterm()  # after Ray's start, which installs a handler of its own
            yield pool
    except KeyboardInterrupt:
        raise Interrupted("interrupted: years in flight are dropped, finished ones kept") from None


def _chooses_ray(ray: Ray, cases_hint: int, seconds_hint: float) -> bool:
    """Tell whether Ray is asked for, or saves more time than its start costs.

    With W workers, n cases of s seconds take n s here and n s / W there:
    Ray if n s (1 - 1/W) > `_RAY_START_S`.
    """
    if ray.backend != "auto":
        return ray.backend == "ray"
    if ray.address is not None or "RAY_ADDRESS" in os.environ:
        return True
    workers = min(ray.workers_count or cpus_count(), cases_hint)
    return workers > 1 and cases_hint * seconds_hint * (1 - 1 / workers) > _RAY_START_S


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
