"""What workers of a cluster do: chunks of cases, and calls.

A chunk names the code that it is meant for (`engine.compute.same_code`). Before its first chunk a
worker sees to it that the kernels are compiled on its node: the first there compiles them, the
others wait, since processes that fill one compile cache together can crash. So a node that comes
late is made ready like any other.
"""

import math
import pickle
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from engine.cache import alone_on_this_machine, is_cold
from engine.case import Case
from engine.compute.pool import Finished, Simulate, Waiting, WorkerCall, finish, simulate_case
from engine.compute.same_code import Code, Refusal, refused
from engine.spec.scenario import Scenario

TASK_S: Final = 0.3
"""Seconds a task should last at least: a task costs Ray 0.5-0.8 ms, a result a fetch."""


@dataclass(frozen=True)
class _Ticket:
    """A case without its scenario: the place of that among the chunk's, and the rest."""

    number: int
    tables: Sequence[str]
    scenario: int
    rest: dict[str, Any]


def chunk_size(waiting: int, seconds: float, workers: int) -> int:
    """Return how many cases a task takes: it lasts `TASK_S` or longer, and every worker gets some.

    Parameters
    ----------
    waiting
        How many cases there are to simulate, 1 or more.
    seconds
        About what one case takes.
    workers
        How many tasks run at once.
    """
    enough = math.ceil(TASK_S / max(seconds, 1e-6))
    fair = math.ceil(waiting / workers)
    return max(1, min(enough, fair))


def distinct_scenarios(cases: Sequence[Case]) -> list[Scenario]:
    """Return the scenarios of `cases`, each object once, in order of appearance."""
    return list({id(case.scenario): case.scenario for case in cases}.values())


def without_scenarios(chunk: Sequence[tuple[Waiting, Case]]) -> list[_Ticket]:
    """Return cases without their scenarios, which are `distinct_scenarios` of them."""
    found = distinct_scenarios([case for _, case in chunk])
    place = {id(scenario): k for k, scenario in enumerate(found)}
    names = [field.name for field in fields(Case) if field.name != "scenario"]
    return [
        _Ticket(
            own.ticket,
            own.tables,
            place[id(case.scenario)],
            {name: getattr(case, name) for name in names},
        )
        for own, case in chunk
    ]


def run_chunk(
    wanted: Code, year_of: Simulate, todo: Sequence[_Ticket], *scenarios: Scenario
) -> bytes:
    """Simulate a chunk on a worker, or refuse.

    Returns pickled bytes: arrays read from the object store would be read-only and keep
    their whole chunk in it.
    """
    if (refusal := refused(wanted, node_name())) is not None:
        return pickle.dumps(refusal)
    cases = [Case(scenario=scenarios[ticket.scenario], **ticket.rest) for ticket in todo]
    cases = [with_granted_threads(case) for case in cases]
    if year_of is simulate_case:
        make_ready(cases[0])
    named = zip(todo, cases, strict=True)
    return pickle.dumps([finish(own.number, case, own.tables, year_of) for own, case in named])


def run_call(wanted: Code, ticket: int, call: WorkerCall) -> bytes:
    """Do a call on a worker, or refuse."""
    found = refused(wanted, node_name()) or [finish(ticket, call, (), simulate_case)]
    return pickle.dumps(found)


def unpack(result: bytes) -> list[Finished] | Refusal:
    """Return what a chunk's cases became, or that the worker refused."""
    found: list[Finished] | Refusal = pickle.loads(result)
    return found


def make_ready(case: Case) -> None:
    """Compile the kernels into the cache of this machine, unless they are there."""
    if is_cold():
        from engine.warmup import warm_up

        with alone_on_this_machine():
            if is_cold():
                warm_up(case)


def with_granted_threads(case: Case) -> Case:
    """Return `case` with no more threads than Ray has granted CPUs to this worker."""
    import ray

    asked = ray.get_runtime_context().get_assigned_resources()  # type: ignore[no-untyped-call]
    cpus = [value for name, value in asked.items() if name.startswith("CPU")]
    granted = max(1, int(max(cpus, default=case.threads)))
    return case if case.threads <= granted else replace(case, threads=granted)


def node_name() -> str:
    """Name the machine of this worker."""
    import ray

    address = ray.util.get_node_ip_address()  # type: ignore[no-untyped-call]
    return f"{address} ({ray.get_runtime_context().get_node_id()[:8]})"
