"""Simulates cases: what every back end promises, and the one of this process.

A case becomes a year, or the reason why there is none. Results are the same bits whatever
the back end.
"""

import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from engine.case import Case, RunResult
from engine.errors import InputError, PoquanError

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
