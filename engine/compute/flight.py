"""A task in flight: what it was sent with, and what becomes of it if it fails.

A worker may die with its node, be ended for want of memory, or find none itself. Then the same
cases are sent again, so many times as the user allows; after want of memory they ask for twice as
much, so that fewer run beside them. Results do not depend on it: a case is a function of itself.
"""

from dataclasses import dataclass
from typing import Final

from engine.case import Case
from engine.compute.machine import (
    BYTES_PER_BUYER,
    PROCESS_BYTES,
    bytes_of_year,
    fewest_shards,
)
from engine.compute.messages import (
    MEMORY_RAN_OUT,
    NO_ROOM,
    TOO_LARGE,
    TOO_LARGE_FOR_ALL,
    WORKERS_LOST,
)
from engine.compute.pool import Waiting
from engine.errors import ClusterError

_GIB: Final = 2**30
_LOST: Final = ("WorkerCrashedError", "NodeDiedError", "ObjectLostError", "LocalRayletDiedError")
"""Errors of Ray after which the same may go well elsewhere."""


@dataclass
class Sent:
    """Cases that make one task, or an errand.

    `memory` is what it asks for, in bytes; `tries` how often it has failed.
    """

    todo: list[Waiting]
    memory: int = 0
    tries: int = 0

    def __post_init__(self) -> None:
        asked = [_bytes_of(case) for case in self.cases()]
        self.memory = self.memory or max(asked, default=PROCESS_BYTES)

    @property
    def tickets(self) -> list[int]:
        """Tickets of what it does."""
        return [one.ticket for one in self.todo]

    def cases(self) -> list[Case]:
        """Return its cases; of an errand there are none."""
        return [one.task for one in self.todo if isinstance(one.task, Case)]

    def failed(self, error: BaseException, retries: int, most: int, workers: int) -> str | None:
        """Prepare to be sent again, and return what to tell; None if that would not help.

        Parameters
        ----------
        error : what a worker, or Ray, has raised.
        retries : how often it is tried again at most.
        most : bytes that the largest node grants, of which no more is asked for.
        workers : how many run at once.

        Raises
        ------
        ClusterError
            If it was tried often enough.
        """
        is_memory = _is_memory(error)
        if not (is_memory or _is_lost(error)):
            return None
        self.tries += 1
        if self.tries > retries:
            raise self._given_up(reason_of(error), workers if is_memory else None)
        again = f"simulated again ({self.tries} of {retries})"
        if not is_memory:
            return f"a worker died: {reason_of(error)}; {again}"
        self.memory = max(self.memory, min(2 * self.memory, most))
        return f"memory ran out: {again}, with {self.memory / _GIB:.1f} GiB asked for"

    def check_fits(self, memories: list[int]) -> None:
        """Refuse a run for which no node that runs any has the memory.

        Raises
        ------
        ClusterError
            Naming what would fit. Where no node runs any yet, one may come that does.
        """
        most = max(memories, default=0)
        largest = max(self.cases(), key=_bytes_of)
        need, empty = _bytes_of(largest), _bytes_of(largest, buyers_count=0)
        if not memories or need <= most:
            return
        if most <= empty:
            raise NO_ROOM.error(empty=empty / _GIB, most=most / _GIB)
        scale, days = largest.scale, _days_of(largest)
        said = {"buyers": scale.buyers_count, "need": need / _GIB, "most": most / _GIB}
        said["fits"] = _fitting_buyers(most, scale.anchors_count, days)
        shards = fewest_shards(scale.buyers_count, memories, scale.anchors_count, days)
        if shards is None:
            raise TOO_LARGE_FOR_ALL.error(**said)
        raise TOO_LARGE.error(**said, shards=shards)

    def _given_up(self, reason: str, workers: int | None) -> ClusterError:
        """Return the error after the last try; `workers` at once where memory ran out."""
        cases = self.cases()
        if workers is None or not cases:
            return WORKERS_LOST.error(tries=self.tries, reason=reason)
        buyers = max(case.scale.buyers_count for case in cases)
        return MEMORY_RAN_OUT.error(
            tries=self.tries,
            buyers=buyers,
            asked=self.memory / _GIB,
            reason=reason,
            fewer=max(1, buyers // 2),
            workers=workers,
            half=max(1, workers // 2),
            shards=2,
        )


def reason_of(error: BaseException) -> str:
    """Return the line that says why: the last of a trace, the first where Ray explains."""
    import ray

    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    is_trace = isinstance(error, ray.exceptions.RayTaskError)
    return lines[-1 if is_trace else 0] if lines else type(error).__name__


def _is_memory(error: BaseException) -> bool:
    """Tell whether a worker was ended for want of memory, or found none."""
    import ray

    return isinstance(error, MemoryError | ray.exceptions.OutOfMemoryError) or isinstance(
        getattr(error, "cause", None), MemoryError
    )


def _is_lost(error: BaseException) -> bool:
    """Tell whether a worker is gone, alone or with its node, or what it had left there."""
    import ray

    gone = tuple(getattr(ray.exceptions, name) for name in _LOST)
    return isinstance(error, gone) and not isinstance(error, ray.exceptions.OwnerDiedError)


def _days_of(case: Case) -> int:
    return case.scenario.calendar.days_simulated + case.run_off_days


def _bytes_of(case: Case, buyers_count: int | None = None) -> int:
    buyers = case.scale.buyers_count if buyers_count is None else buyers_count
    return bytes_of_year(buyers, case.scale.anchors_count, _days_of(case))


def _fitting_buyers(free: int, anchors_count: int = 0, days_count: int = 0) -> int:
    """Return how many buyers a run may have that finds `free` bytes, at least 1."""
    return max(1, (free - bytes_of_year(0, anchors_count, days_count)) // BYTES_PER_BUYER)
