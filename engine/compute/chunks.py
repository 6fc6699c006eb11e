"""A chunk of cases, or a call, as a task of Ray's: what is sent, and what the worker does with it.

The scenario is the big part of a case and shared by thousands: a chunk says which of the scenarios
that lie in the object store each case means.
"""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

from engine.case import Case
from engine.compute.days import teller
from engine.compute.pool import (
    Finished,
    Simulate,
    Waiting,
    WorkerCall,
    finish,
    simulate_case,
    simulate_told,
)
from engine.compute.workers import Code, Refusal, make_ready, with_granted_threads
from engine.spec.scenario import Scenario


@dataclass(frozen=True)
class _Ticket:
    """A case without its scenario: the place of that among the chunk's, and the rest."""

    number: int
    tables: Sequence[str]
    scenario: int
    rest: dict[str, Any]


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
    wanted: Code, year_of: Simulate, board: str, todo: Sequence[_Ticket], *scenarios: Scenario
) -> bytes:
    """Simulate a chunk on a worker, or refuse.

    Returns pickled bytes: arrays read from the object store would be read-only and keep
    their whole chunk in it.
    """
    if (refusal := wanted.refused()) is not None:
        return pickle.dumps(refusal)
    cases = [Case(scenario=scenarios[ticket.scenario], **ticket.rest) for ticket in todo]
    cases = [with_granted_threads(case) for case in cases]
    if year_of is simulate_case:
        make_ready(cases[0])
    found = []
    for own, case in zip(todo, cases, strict=True):
        told = year_of
        if year_of is simulate_case and board:
            told = partial(simulate_told, teller(board, own.number))
        found.append(finish(own.number, case, own.tables, told))
    return pickle.dumps(found)


def run_call(wanted: Code, ticket: int, call: WorkerCall) -> bytes:
    """Do a call on a worker, or refuse."""
    found = wanted.refused() or [finish(ticket, call, (), simulate_case)]
    return pickle.dumps(found)


def unpack(result: bytes) -> list[Finished] | Refusal:
    """Return what a chunk's cases became, or that the worker refused."""
    found: list[Finished] | Refusal = pickle.loads(result)
    return found
