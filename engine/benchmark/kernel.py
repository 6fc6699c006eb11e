"""Suite `kernel`: runs what shows the cost of a session, a day and a buyer of the market.

Every turn runs each population, number of anchors, of threads and of processes once, so that
what is compared ran side by side; `kernel_rows` makes figures of it.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from engine.benchmark.days import Days, fill_cache, simulate_days
from engine.benchmark.figures import OnProgress, Row, Steps
from engine.benchmark.kernel_rows import KernelRuns, Point, end_points, kernel_rows, points_of
from engine.benchmark.stages import time_stages
from engine.benchmark.start import start_seconds
from engine.benchmark.worker import Worker
from engine.case import Case
from engine.spec.jobs import BenchmarkJob

WARM_DAYS: Final = 8
"""Days of the run that is not counted, and of the one that shows memory: with a full week."""


def kernel_suite(job: BenchmarkJob, case: Case, on_progress: OnProgress) -> list[Row]:
    """Measure everything in turn; return the rows of `benchmark`."""
    steps = Steps(2 + job.runs * (len(points_of(job)) + 2) + job.cold_start, on_progress)
    found = KernelRuns()
    days = job.days or case.scenario.calendar.n_days
    with Worker() as first:
        first.ask(fill_cache, case)
    steps.step("compile cache filled")
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker()) for _ in range(max(job.process_counts))]
        for worker in workers:
            worker.ask(simulate_days, sized(case, points_of(job)[0]), min(days, WARM_DAYS))
        for _ in range(job.runs):
            _take_turn(job, case, workers, found, steps)
    found.held_bytes = _held_bytes(job, case, min(days, WARM_DAYS))
    steps.step("memory")
    if job.cold_start:
        found.cold_s.append(start_seconds(case, cold=True))
        steps.step("cold start")
    return kernel_rows(job, found, days)


def _take_turn(
    job: BenchmarkJob, case: Case, workers: Sequence[Worker], found: KernelRuns, steps: Steps
) -> None:
    """Run every point once, then the stages and a start."""
    days = job.days or case.scenario.calendar.n_days
    for point in points_of(job):
        found.runs.setdefault(point, []).append(_run_point(workers, case, point, days))
        steps.step(f"{point.buyers:,} buyers, {point.anchors:,} anchors")
    for point in end_points(job, job.scale.anchors_count):
        times = workers[0].ask(time_stages, sized(case, point._replace(threads=1)), days)
        found.stages.setdefault(point.buyers, []).append(times)
    steps.step("stages of the day")
    found.warm_s.append(start_seconds(case))
    steps.step("start")


def sized(case: Case, point: Point) -> Case:
    """`case` with the buyers, anchors and threads of `point`."""
    size = {"buyers_count": point.buyers, "anchors_count": point.anchors}
    return replace(case, scale=case.scale.model_copy(update=size), threads=point.threads)


def _run_point(workers: Sequence[Worker], case: Case, point: Point, days: int) -> Days:
    """Run `point` in as many processes at once as it asks for: the slowest, with all sessions."""
    busy = workers[: point.processes]
    for worker in busy:
        worker.start(simulate_days, sized(case, point), days)
    # Heard all at once: a worker to which nobody listens waits once its line is full.
    with ThreadPoolExecutor(len(busy)) as pool:
        runs: list[Days] = list(pool.map(lambda worker: worker.result(), busy))
    sessions = tuple(sum(day) for day in zip(*(run.sessions for run in runs), strict=True))
    return max(runs, key=lambda run: run.days_s)._replace(sessions=sessions)


def _held_bytes(job: BenchmarkJob, case: Case, days: int) -> int | None:
    """Memory that the largest population adds, in a process that has seen the smallest."""
    few, many = (sized(case, point) for point in end_points(job, job.scale.anchors_count))
    with Worker() as worker:
        worker.ask(simulate_days, few, days)
        run: Days = worker.ask(simulate_days, many, days)
    return run.held_bytes
