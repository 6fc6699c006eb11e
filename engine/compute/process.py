"""The back end that stays in this process: nothing to start, one year after another."""

from collections.abc import Iterator, Sequence

from engine.compute.pool import Failure, Pool, Simulate
from engine.compute.simulate import attempt, simulate, warm_up_if_cold
from engine.year import Case, Year


class ProcessPool(Pool):
    """Simulates here. For small work, for debuggers and for tests."""

    def __init__(self, year_of: Simulate = simulate) -> None:
        self._year_of = year_of

    def outcomes(self, cases: Sequence[Case]) -> Iterator[Year | Failure]:
        """Yield what became of every case."""
        if cases and self._year_of is simulate:
            warm_up_if_cold(cases[0])
        for case in cases:
            yield attempt(case, self._year_of)
