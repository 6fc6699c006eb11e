"""Suite `search`: this search beside plain ones, at equal simulated sessions.

A task is one problem and one seed: all methods, one after another, in a process of its own.
What a method reports is judged by the truth, not by what it has seen.
"""

import os
import warnings
from collections.abc import Mapping
from contextlib import ExitStack
from typing import NamedTuple

import optuna

from engine.benchmark.arena import Arena, arena
from engine.benchmark.contest import OURS, PLAIN, Course, Effort, ours, plain
from engine.benchmark.days import fill_cache
from engine.benchmark.figures import Hear, Row, Steps
from engine.benchmark.search_rows import NEVER, Reached, Result, search_rows
from engine.benchmark.worker import Tell, Worker
from engine.compute.machine import cpus_count
from engine.rng import Purpose, derive_seed
from engine.spec.study import BenchmarkJob
from engine.year import Case


class _Task(NamedTuple):
    """One problem and one seed."""

    problem: str
    seed: int


def search_suite(job: BenchmarkJob, case: Case, hear: Hear) -> list[Row]:
    """Run every problem with every seed; return the rows of `benchmark`."""
    tasks = [
        _Task(name, derive_seed(job.seed, Purpose.BENCHMARK, k))
        for name in job.problems
        for k in range(job.seeds_count)
    ]
    steps = Steps(len(tasks), hear)
    # Two processes at once: more threads of linear algebra would only be in their way.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    found: dict[str, list[Result]] = {name: [] for name in job.problems}
    with ExitStack() as stack:
        count = min(cpus_count(), len(tasks))
        workers = [stack.enter_context(Worker()) for _ in range(count)]
        if "market" in job.problems:
            workers[0].ask(fill_cache, case)
        for start in range(0, len(tasks), count):
            busy = list(zip(workers, tasks[start : start + count], strict=False))
            for worker, task in busy:
                worker.start(_contest, job, task)
            for worker, task in busy:
                found[task.problem].append(worker.result())
                steps.step(task.problem)
    return list(search_rows(job, found))


def _contest(_: Tell, job: BenchmarkJob, task: _Task) -> Result:
    """Let all methods search one problem with one seed."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    place, effort = arena(job, task.problem, task.seed), _effort_of(job)
    courses = {kind: plain(kind, place.problem, place.judge, effort, task.seed) for kind in PLAIN}
    sessions = max(course.snapshots[-1].sessions for course in courses.values())
    courses[OURS] = ours(place.problem, place.judge, effort, task.seed, sessions)
    return _judged(place, courses)


def _effort_of(job: BenchmarkJob) -> Effort:
    """Return what the plain ones spend on a problem."""
    return Effort(job.plain_trials_count, job.plain_replications, job.search)


def _judged(place: Arena, courses: Mapping[str, Course]) -> Result:
    """Say how good each method's report was in truth, and when ours had got as far."""
    last = {name: course.snapshots[-1] for name, course in courses.items()}
    fronts = [snapshot.front for snapshot in last.values()]
    volumes = {name: place.volume(snapshot.front, fronts) for name, snapshot in last.items()}
    reached = dict.fromkeys(PLAIN, NEVER)
    for snapshot in courses[OURS].snapshots:
        open_ones = [kind for kind in PLAIN if reached[kind] is NEVER]
        volume = place.volume(snapshot.front, fronts) if open_ones else 0.0
        for kind in open_ones:
            if volume >= volumes[kind]:
                shares = (
                    snapshot.sessions / last[kind].sessions,
                    snapshot.seconds / last[kind].seconds,
                )
                reached[kind] = Reached(*shares)
    feasible = {
        name: None if course.recommended is None else len(place.costs([course.recommended])) == 1
        for name, course in courses.items()
    }
    sessions = {name: snapshot.sessions for name, snapshot in last.items()}
    seconds = {name: snapshot.seconds for name, snapshot in last.items()}
    return Result(volumes, sessions, seconds, feasible, reached)
