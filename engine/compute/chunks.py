"""Chunks of cases: what one task of Ray gets, and how it is sent.

The scenario is the big part of a case and shared by thousands: it lies once in the object
store, and a chunk says which of the scenarios each case means.
"""

import math
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from engine.compute.pool import Failure, Simulate
from engine.compute.simulate import attempt
from engine.spec.scenario import Scenario
from engine.year import Case, Year

TASK_S: Final = 0.3
"""Seconds a task should last at least: a task costs Ray 0.5-0.8 ms, a result a fetch."""


@dataclass(frozen=True)
class Ticket:
    """A case without its scenario: the place of that among the chunk's, and the rest."""

    scenario: int
    rest: dict[str, Any]


def chunks(cases: Sequence[Case], seconds: float, workers: int) -> Iterator[Sequence[Case]]:
    """Cut `cases` so that a task lasts `TASK_S` or longer and every worker gets some.

    Parameters
    ----------
    cases
        All cases of a run.
    seconds
        About what one case takes.
    workers
        How many tasks run at once.
    """
    enough = math.ceil(TASK_S / max(seconds, 1e-6))
    fair = math.ceil(len(cases) / workers)
    size = max(1, min(enough, fair))
    return (cases[first : first + size] for first in range(0, len(cases), size))


def distinct_scenarios(cases: Sequence[Case]) -> list[Scenario]:
    """Return the scenarios of `cases`, each object once, in order of appearance."""
    return list({id(case.scenario): case.scenario for case in cases}.values())


def tickets(cases: Sequence[Case]) -> list[Ticket]:
    """Return `cases` without their scenarios, which are `distinct_scenarios(cases)`."""
    place = {id(scenario): k for k, scenario in enumerate(distinct_scenarios(cases))}
    names = [field.name for field in fields(Case) if field.name != "scenario"]
    return [
        Ticket(place[id(case.scenario)], {name: getattr(case, name) for name in names})
        for case in cases
    ]


def run_chunk(year_of: Simulate, todo: Sequence[Ticket], *scenarios: Scenario) -> bytes:
    """Simulate a chunk on a worker.

    Returns pickled bytes: arrays read from the object store would be read-only and keep
    their whole chunk in it.
    """
    cases = (Case(scenario=scenarios[ticket.scenario], **ticket.rest) for ticket in todo)
    return pickle.dumps([attempt(case, year_of) for case in cases])


def unpack(result: bytes) -> list[Year | Failure]:
    """Return what a chunk's cases became."""
    outcomes: list[Year | Failure] = pickle.loads(result)
    return outcomes
