"""What every back end promises: the years of the cases, in the order of the cases."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from engine.errors import InputError, PoquanError
from engine.year import Case, Year

Simulate = Callable[[Case], Year]


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


class FailedYearError(PoquanError):
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
    def outcomes(self, cases: Sequence[Case]) -> Iterator[Year | Failure]:
        """Yield what became of every case, in order, as it becomes known.

        Raises
        ------
        ClusterError
            If the cluster is lost, or a worker died more often than it may.
        """

    def run(self, cases: Sequence[Case]) -> Iterator[Year]:
        """Yield the years of the cases, in order, as they finish.

        Raises
        ------
        FailedYearError
            At the first case that could not be simulated.
        InputError
            If the engine refused it.
        ClusterError
            As `outcomes`.
        """
        for outcome in self.outcomes(cases):
            if isinstance(outcome, Failure):
                outcome.raise_refusal()
                raise FailedYearError(outcome)
            yield outcome
