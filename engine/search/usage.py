"""What the workers' time went into, and how much more of it a search will take.

Of the core-seconds between its start and its end, workers times seconds, a search tells

    simulated   processor seconds of the workers in years
    displaced   seconds in years without a processor: the driver or other programs had it
    start       before the first year began: workers start and load compiled code
    proposals   processor seconds of the workers in choosing what to try
    waiting     the rest: workers without work

of which the first two are those in which workers were busy with years, by the clock. Beside
them stand the driver's own processor seconds: promotions, files, messages.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from engine.compute.pool import Finished

_LATEST: Final = 50
"""Years of one size whose median says how long the next will take."""


@dataclass
class Spent:
    """Seconds of the years that are done."""

    cpu_s: float = 0.0
    busy_s: float = 0.0
    runs_count: int = 0
    calls_s: float = 0.0
    first_s: float | None = None
    """When the first year began, on `time.perf_counter`."""
    _latest: dict[float, deque[float]] = field(default_factory=dict)

    def add(self, population_share: float, done: Finished) -> None:
        """Count a year of a sample of so many buyers."""
        if self.first_s is None:
            self.first_s = time.perf_counter() - done.busy_s
        self.cpu_s += done.cpu_s
        self.busy_s += done.busy_s
        self.runs_count += 1
        latest = self._latest.setdefault(population_share, deque(maxlen=_LATEST))
        latest.append(done.busy_s)

    def seconds_of_years(self, guess: Callable[[float], float]) -> Callable[[float], float]:
        """Return how long a year of some share of the buyers takes, as measured.

        Where none of a share was measured, by the guess, put right by those that were.

        Parameters
        ----------
        guess
            Seconds of a year by its share of the buyers.
        """
        known = {share: median(latest) for share, latest in self._latest.items()}
        ratio = median([own / guess(share) for share, own in known.items()]) if known else 1.0
        return lambda share: known.get(share, ratio * guess(share))


@dataclass(frozen=True)
class Usage:
    """Where the workers' time went: shares of `workers_count * total_s`."""

    workers_count: int
    total_s: float
    runs_count: int
    simulated_share: float
    displaced_share: float
    start_share: float
    proposals_share: float
    waiting_share: float
    driver_share: float

    def sentence(self) -> str:
        """Return it as one line."""
        parts = {
            "displaced": self.displaced_share,
            "start": self.start_share,
            "proposals": self.proposals_share,
            "waiting": self.waiting_share,
        }
        named = ", ".join(f"{name} {share:.1%}" for name, share in parts.items())
        return (
            f"{self.workers_count} for {self.total_s:.0f} s, {self.runs_count} runs: "
            f"{self.simulated_share:.1%} simulated, {named}; the driver {self.driver_share:.1%}"
        )


class UsageClock:
    """Measures a search from where it is made."""

    def __init__(self) -> None:
        self._start_s, self._cpu_s = time.perf_counter(), time.process_time()

    def read(self, spent: Spent, workers: int, *, is_here: bool) -> Usage:
        """Return where the time went until now.

        Parameters
        ----------
        spent
            The workers' seconds.
        workers
            How many there are.
        is_here
            Whether this process simulates the years itself.
        """
        total = time.perf_counter() - self._start_s
        core_s = max(workers * total, 1e-9)
        driver = time.process_time() - self._cpu_s - (spent.cpu_s + spent.calls_s) * is_here
        start = 0.0 if spent.first_s is None else max(0.0, spent.first_s - self._start_s)
        simulated, busy, began, proposed, other = (
            min(1.0, part / core_s)
            for part in (spent.cpu_s, spent.busy_s, workers * start, spent.calls_s, driver)
        )
        displaced, waiting = busy - simulated, 1 - busy - began - proposed
        return Usage(
            workers, total, spent.runs_count, simulated, max(0.0, displaced), began, proposed,
            max(0.0, waiting), max(0.0, other),
        )  # fmt: skip


def seconds_left(
    years: Mapping[float, int], seconds: Callable[[float], float], workers: int
) -> float:
    """Return how long so many years take.

    Parameters
    ----------
    years
        Years that are left, by their share of the buyers.
    seconds
        What one takes, by the same.
    workers
        How many are simulated at once.
    """
    return sum(count * seconds(share) for share, count in years.items()) / max(workers, 1)
