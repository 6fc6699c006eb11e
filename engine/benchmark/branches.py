"""Suite `branches`: what a decision costs that goes on from a common past.

Candidates of a decision share what lies before it: the market of a world and a seed is simulated
up to the decision once, kept as a state, and each candidate goes on from a copy. With n
candidates in a process and t_1, t seconds for the first and for each further one,

    seconds with / without kept pasts = (t_1 + (n - 1) t) / (n t_1)

Every turn is a process of its own, so that its first run finds no past.
"""

import time
from dataclasses import replace
from datetime import date
from statistics import median
from typing import Final, NamedTuple

from engine.benchmark.days import fill_cache
from engine.benchmark.figures import OnProgress, Row, Setting, Steps
from engine.benchmark.worker import Tell, Worker
from engine.case import Case
from engine.market.run import advance, bytes_of, simulate
from engine.market.state import open_state
from engine.market.world import open_world
from engine.spec.benchmark import BenchmarkJob

_CANDIDATES: Final = 64
"""Of a search."""

_AGAIN, _COPIES = 3, 20
"""Further candidates and copies that are timed, their medians taken."""

_MONTH: Final = 6
"""The decision is on the first of this month of the scenario's first year, as the main job's."""


class _Branching(NamedTuple):
    """Seconds of the first candidate, of a further one and of a copy; bytes of the state."""

    first_s: float
    again_s: float
    copy_s: float
    state_bytes: int


def branches_suite(job: BenchmarkJob, case: Case, on_progress: OnProgress) -> list[Row]:
    """Time candidates at both ends of `populations`; return the rows of `benchmark`."""
    sizes = tuple(dict.fromkeys((min(job.populations), max(job.populations))))
    steps = Steps(1 + job.runs * len(sizes), on_progress)
    decided = date(case.scenario.calendar.start.year, _MONTH, 1)
    dated = replace(case, history=case.policy, decision_date=decided)
    with Worker() as first:
        first.ask(fill_cache, dated)
    steps.step("compile cache filled")
    found: dict[int, list[_Branching]] = {buyers: [] for buyers in sizes}
    for _ in range(job.runs):
        for buyers in sizes:
            size = case.scale.model_copy(update={"buyers_count": buyers})
            with Worker() as worker:
                found[buyers].append(worker.ask(_time_branches, replace(dated, scale=size)))
            steps.step(f"{buyers:,} buyers")
    return [row for buyers in sizes for row in _rows(case, buyers, found[buyers])]


def _time_branches(_: Tell, case: Case) -> _Branching:
    """Time candidates of one past in this process."""
    simulate(replace(case, run_seed=case.run_seed + 1))  # loads compiled code, keeps another past
    first_s = _seconds(case)
    again_s = median(_seconds(case) for _ in range(_AGAIN))
    world = open_world(case.scenario, case.scale, case.world_seed)
    state = open_state(world, case.run_seed)
    advance(world, case.policy, state, case.decided_on)
    copies = []
    for _copy in range(_COPIES):
        started = time.perf_counter()
        state.copy()
        copies.append(time.perf_counter() - started)
    return _Branching(first_s, again_s, median(copies), bytes_of(state))


def _seconds(case: Case) -> float:
    started = time.perf_counter()
    simulate(case)
    return time.perf_counter() - started


def _rows(case: Case, buyers: int, runs: list[_Branching]) -> list[Row]:
    days = case.scenario.calendar.n_days
    at = Setting("branches", buyers, case.scale.anchors_count, days, case.threads)
    values: dict[str, list[float]] = {
        "first_s": [run.first_s for run in runs],
        "again_s": [run.again_s for run in runs],
        "copy_ms": [run.copy_s * 1e3 for run in runs],
        "state_bytes": [run.state_bytes for run in runs],
        "seconds_ratio": [
            (run.first_s + (_CANDIDATES - 1) * run.again_s) / (_CANDIDATES * run.first_s)
            for run in runs
        ],
    }
    return [at.row("branch", "market", measure, own) for measure, own in values.items()]
