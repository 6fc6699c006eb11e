"""Suite `kernel`: what shows the cost of a session, a day and a buyer of the market.

Every turn runs each population, number of anchors, of threads and of processes once, so that
what is compared ran side by side.

A day costs a fixed part (supply, showcases, learning) and a part per session. Between two
populations n1 < n2 of one market, t their seconds and s their sessions:

    seconds per session  = (t2 - t1) / (s2 - s1)
    fixed part of a day  = (t1 s2 - t2 s1) / (s2 - s1) / days

Both are taken turn by turn.

Seconds by stage of the day are those of the functions that do a stage (`_STAGES`), each with a
clock around it, on days that are taken step by step: their sum is more than a fused day's.
"""

import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from engine.benchmark.days import Days, fill_cache, simulate_by_steps, simulate_days
from engine.benchmark.figures import OnProgress, Row, Setting, Steps
from engine.benchmark.worker import Tell, Worker
from engine.case import Case
from engine.errors import PoquanError
from engine.market import day, slot
from engine.population.buyers import Buyers, record_of
from engine.spec.benchmark import BenchmarkJob
from engine.spec.jobs import Scale

BETWEEN: Final = ("traffic", "supply", "showcase", "settle", "learning")
_BETWEEN_MS: Final = 0.5
"""What the market does between sessions, and what its fixed part should not exceed."""

_STAGES: Final[tuple[tuple[str, Any, str], ...]] = (
    ("calendar", day, "turn_calendar"),
    ("pacing", day, "set_controls"),
    ("supply", day, "supply"),
    ("showcase", day, "showcase"),
    ("traffic", slot, "open_traffic"),
    ("decide", slot, "hold_sessions"),
    ("ration", slot, "ration"),
    ("settle", slot, "settle_looks"),
    ("gather", slot, "gather"),
    ("learning", day, "learn_day"),
    ("learning", day, "learn_rarely"),
    ("ledger", day, "_spread_of"),
    ("ledger", day, "write_day"),
)
"""(stage, where a function of it is looked up when the day runs, the function's name); none
calls another of them."""

_REST: Final = "rest"
"""What no stage takes: the buyers' night, booking, and the loops around them."""

WARM_DAYS: Final = 8
"""Days of the run that is not counted, and of the one that shows memory: with a full week."""


_SMOKE: Final = Scale(
    name="smoke", buyers_count=2000, anchors_count=200, suppliers_count=200, showcase_count=6
)
"""That of `scale=smoke`."""


class Point(NamedTuple):
    """One thing to run."""

    buyers: int
    anchors: int
    threads: int = 1
    processes: int = 1

    @classmethod
    def ends(cls, job: BenchmarkJob, anchors: int) -> "tuple[Point, Point]":
        """The smallest and the largest population."""
        few, *_, many = job.populations
        return cls(few, anchors, job.threads), cls(many, anchors, job.threads)

    def sized(self, case: Case) -> Case:
        """`case` with its buyers, anchors and threads."""
        size = {"buyers_count": self.buyers, "anchors_count": self.anchors}
        return replace(case, scale=case.scale.model_copy(update=size), threads=self.threads)

    def setting(self, days: int) -> Setting:
        """What its figures are of."""
        return Setting("kernel", self.buyers, self.anchors, days, self.threads, self.processes)


class _StageTimes(NamedTuple):
    """Seconds of each stage over some days, and their sessions."""

    seconds: dict[str, float]
    sessions_count: int


@dataclass
class _KernelRuns:
    """Runs by point, stages by population, seconds to start, memory held."""

    runs: dict[Point, list[Days]] = field(default_factory=dict)
    stages: dict[int, list[_StageTimes]] = field(default_factory=dict)
    warm_s: list[float] = field(default_factory=list)
    cold_s: list[float] = field(default_factory=list)
    held_bytes: int | None = None


class Cost(NamedTuple):
    """Seconds and sessions of some days."""

    seconds: float
    sessions: int

    @staticmethod
    def slope_ns(few: "Sequence[Cost]", many: "Sequence[Cost]") -> list[float]:
        """Nanoseconds of one more session, turn by turn."""
        return [
            (two.seconds - one.seconds) / (two.sessions - one.sessions) * 1e9
            for one, two in zip(few, many, strict=True)
        ]


def _points_of(job: BenchmarkJob) -> list[Point]:
    """Everything that one turn runs, each once."""
    base, largest = job.scale.anchors_count, max(job.populations)
    points = [Point(buyers, base, job.threads) for buyers in job.populations]
    points += [point for anchors in job.anchors for point in Point.ends(job, anchors)]
    points += [Point(largest, base, threads) for threads in (1, *job.thread_counts)]
    points += [Point(largest, base, 1, processes) for processes in job.process_counts]
    return list(dict.fromkeys(points))


def _kernel_rows(job: BenchmarkJob, found: _KernelRuns, days: int) -> list[Row]:
    """All figures, axis by axis."""
    return [
        *_population_rows(job, found, days),
        *_anchor_rows(job, found, days),
        *_scaling_rows(job, found, days),
        *_stage_rows(job, found, days),
        *_start_rows(job, found, days),
    ]


def _intercept_ms(few: Sequence[Cost], many: Sequence[Cost], days: int) -> list[float]:
    """Milliseconds of a day without sessions, turn by turn."""
    return [
        (one.seconds * two.sessions - two.seconds * one.sessions)
        / (two.sessions - one.sessions)
        / days
        * 1e3
        for one, two in zip(few, many, strict=True)
    ]


def _costs(runs: Sequence[Days]) -> list[Cost]:
    return [Cost(run.days_s, run.sessions_count) for run in runs]


def _population_rows(job: BenchmarkJob, found: _KernelRuns, days: int) -> Iterator[Row]:
    smallest = Point.ends(job, job.scale.anchors_count)[0]
    for buyers in job.populations:
        point = smallest._replace(buyers=buyers)
        runs, at = found.runs[point], point.setting(days)
        years = [run.open_s + run.days_s for run in runs]
        values = {
            "open_s": [run.open_s for run in runs],
            "year_s": years,
            "sessions_per_s": [r.sessions_count / s for r, s in zip(runs, years, strict=True)],
            "buyer_days_per_s": [buyers * days / seconds for seconds in years],
        }
        if point != smallest:
            ends = _costs(found.runs[smallest]), _costs(runs)
            values |= {
                "session_ns": Cost.slope_ns(*ends),
                "fixed_day_ms": _intercept_ms(*ends, days),
            }
        for measure, per_run in values.items():
            yield at.row("population", "market", measure, per_run)
    yield at.row(
        "population",
        "market",
        "state_bytes_per_buyer",
        [Buyers.new(1, record_of(job.scenario)).bytes_each],
    )
    if found.held_bytes is not None:
        held = found.held_bytes / point.buyers
        yield at.row("population", "market", "resident_bytes_per_buyer", [held])


def _anchor_rows(job: BenchmarkJob, found: _KernelRuns, days: int) -> Iterator[Row]:
    for anchors in job.anchors:
        few, many = Point.ends(job, anchors)
        ends, at = (_costs(found.runs[few]), _costs(found.runs[many])), many.setting(days)
        yield at.row("anchors", "market", "session_ns", Cost.slope_ns(*ends))
        yield at.row("anchors", "market", "fixed_day_ms", _intercept_ms(*ends, days))


def _scaling_rows(job: BenchmarkJob, found: _KernelRuns, days: int) -> Iterator[Row]:
    one = Point(max(job.populations), job.scale.anchors_count)
    points = [("threads", one._replace(threads=count)) for count in job.thread_counts]
    points += [("processes", one._replace(processes=count)) for count in job.process_counts]
    alone = _speeds(found.runs[one])
    for axis, point in points:
        speeds, at = _speeds(found.runs[point]), point.setting(days)
        yield at.row(axis, "market", "sessions_per_s", speeds)
        gains = [speed / base for speed, base in zip(speeds, alone, strict=True)]
        yield at.row(axis, "market", "speedup", gains)


def _speeds(runs: Sequence[Days]) -> list[float]:
    return [run.sessions_count / run.days_s for run in runs]


def _stage_rows(job: BenchmarkJob, found: _KernelRuns, days: int) -> Iterator[Row]:
    few, many = min(job.populations), max(job.populations)
    at = Point(many, job.scale.anchors_count).setting(days)
    for stage in found.stages[few][0].seconds:
        ends = (_stage_costs(found.stages[few], stage), _stage_costs(found.stages[many], stage))
        yield at.row("stage", stage, "session_ns", Cost.slope_ns(*ends))
        yield at.row("stage", stage, "fixed_day_ms", _intercept_ms(*ends, days))
    ends = (_stage_costs(found.stages[few], *BETWEEN), _stage_costs(found.stages[many], *BETWEEN))
    fixed = _intercept_ms(*ends, days)
    yield at.row("stage", " + ".join(BETWEEN), "fixed_day_ms", fixed, goal=_BETWEEN_MS)


def _stage_costs(times: Sequence[_StageTimes], *stages: str) -> list[Cost]:
    return [Cost(sum(one.seconds[s] for s in stages), one.sessions_count) for one in times]


def _start_rows(job: BenchmarkJob, found: _KernelRuns, days: int) -> Iterator[Row]:
    at = Point(min(job.populations), job.scale.anchors_count).setting(days)
    for subject, seconds in (("warm", found.warm_s), ("cold", found.cold_s)):
        if seconds:
            yield at.row("start", subject, "start_s", seconds)


def kernel_suite(job: BenchmarkJob, case: Case, on_progress: OnProgress) -> list[Row]:
    """Measure everything in turn; return the rows of `benchmark`."""
    steps = Steps(2 + job.runs * (len(_points_of(job)) + 2) + job.cold_start, on_progress)
    found = _KernelRuns()
    days = job.days or case.scenario.calendar.n_days
    with Worker() as first:
        for threads in (1, 2):  # fused kernels, and those of each step
            first.ask(fill_cache, replace(case, threads=threads))
    steps.step("compile cache filled")
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker()) for _ in range(max(job.process_counts))]
        for worker in workers:
            worker.ask(simulate_days, _points_of(job)[0].sized(case), min(days, WARM_DAYS))
            worker.ask(simulate_by_steps, _points_of(job)[0].sized(case), min(days, WARM_DAYS))
        for _ in range(job.runs):
            _take_turn(job, case, workers, found, steps)
    found.held_bytes = _held_bytes(job, case, min(days, WARM_DAYS))
    steps.step("memory")
    if job.cold_start:
        found.cold_s.append(_start_seconds(case, cold=True))
        steps.step("cold start")
    return _kernel_rows(job, found, days)


def _take_turn(
    job: BenchmarkJob, case: Case, workers: Sequence[Worker], found: _KernelRuns, steps: Steps
) -> None:
    """Run every point once, then the stages and a start."""
    days = job.days or case.scenario.calendar.n_days
    for point in _points_of(job):
        found.runs.setdefault(point, []).append(_run_point(workers, case, point, days))
        steps.step(f"{point.buyers:,} buyers, {point.anchors:,} anchors")
    for point in Point.ends(job, job.scale.anchors_count):
        times = workers[0].ask(_time_stages, point._replace(threads=1).sized(case), days)
        found.stages.setdefault(point.buyers, []).append(times)
    steps.step("stages of the day")
    found.warm_s.append(_start_seconds(case))
    steps.step("start")


def _run_point(workers: Sequence[Worker], case: Case, point: Point, days: int) -> Days:
    """Run `point` in as many processes at once as it asks for: the slowest, with all sessions."""
    busy = workers[: point.processes]
    for worker in busy:
        worker.start(simulate_days, point.sized(case), days)
    # Results are awaited all at once: a worker blocks once its unread pipe is full.
    with ThreadPoolExecutor(len(busy)) as pool:
        runs: list[Days] = list(pool.map(lambda worker: worker.result(), busy))
    sessions = tuple(sum(day) for day in zip(*(run.sessions for run in runs), strict=True))
    return max(runs, key=lambda run: run.days_s)._replace(sessions=sessions)


def _start_seconds(case: Case, *, cold: bool = False) -> float:
    """Start a process that simulates the run of `case` at `_SMOKE`; return what it took.

    Parameters
    ----------
    cold : whether it must compile everything, into a cache folder that is thrown away.
    """
    root = str(Path(__file__).parents[2])
    paths = os.pathsep.join(path for path in (root, os.environ.get("PYTHONPATH")) if path)
    with tempfile.TemporaryDirectory() as empty:
        own = {"PYTHONPATH": paths} | ({"NUMBA_CACHE_DIR": empty} if cold else {})
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "engine.benchmark.start"],
            input=pickle.dumps(replace(case, scale=_SMOKE, threads=1)),
            env=os.environ | own,
            capture_output=True,
            check=False,
        )
        seconds = time.perf_counter() - started
    if done.returncode:
        raise PoquanError(f"a first run failed:\n{done.stderr.decode(errors='replace')}")
    return seconds


def _held_bytes(job: BenchmarkJob, case: Case, days: int) -> int | None:
    """Memory that the largest population adds, in a process that has seen the smallest."""
    few, many = (point.sized(case) for point in Point.ends(job, job.scale.anchors_count))
    with Worker() as worker:
        worker.ask(simulate_days, few, days)
        run: Days = worker.ask(simulate_days, many, days)
    return run.held_bytes


def _time_stages(_: Tell, case: Case, count: int) -> _StageTimes:
    """Simulate the first `count` days of `case` with clocks around the stages.

    The clocks cost time themselves: totals are measured without them.
    """
    with _clocks() as seconds:
        days = simulate_by_steps(lambda _: None, case, count)
    seconds[_REST] = days.days_s - sum(seconds.values())
    return _StageTimes(seconds, days.sessions_count)


@contextmanager
def _clocks() -> Iterator[dict[str, float]]:
    """Yield the seconds by stage, which grow while the market runs inside."""
    seconds = dict.fromkeys((stage for stage, _, _ in _STAGES), 0.0)
    plain = [(place, name, getattr(place, name)) for _, place, name in _STAGES]
    for stage, place, name in _STAGES:
        setattr(place, name, _clocked(getattr(place, name), stage, seconds))
    try:
        yield seconds
    finally:
        for place, name, function in plain:
            setattr(place, name, function)


def _clocked(
    function: Callable[..., Any], stage: str, seconds: dict[str, float]
) -> Callable[..., Any]:
    def timed(*args: Any, **kwargs: Any) -> Any:
        started = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            seconds[stage] += time.perf_counter() - started

    return timed
