"""Suite `schedule`: how busy a search keeps so many workers, in simulated time.

The search itself is run, its study and its selection as they are, on an executor whose clock is
simulated: a run takes the seconds that were measured for runs of its size, a lane of proposals
those measured beside so many trials, settled and under way, and the driver has one core. So the
rule of the schedule is the search's own. What is searched is a problem with a known answer, and
every trial that may be promoted is.

A window as large as a batch is the barrier of the first edition: a batch is asked when the
one before it is settled.
"""

import pickle
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from heapq import heappop, heappush
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from engine.benchmark.figures import OnProgress, Row, Setting, Steps
from engine.benchmark.known import Known
from engine.benchmark.problems import KNOWN
from engine.case import Case
from engine.compute.pool import WorkerCall, finish, simulate_case, warm_up_if_cold
from engine.design.draws import uniform_draws
from engine.rng import Purpose
from engine.search.checkpoint.journal import Journal
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.finalists.choice import choose_finalists
from engine.search.finalists.selection import Selection
from engine.search.problem import Candidate, Evaluation, Point, Sample, Stage, Urgency
from engine.search.samplers.proposals import propose_batch, propose_lane
from engine.search.space.policy_space import PolicySpace
from engine.search.study import SearchStudy
from engine.spec.benchmark import BenchmarkJob, Schedule
from engine.spec.levers import levers_of
from engine.spec.search import Search

_WORKERS: Final = (1, 2, 16, 64, 1000)
_WORLDS: Final = (1, 8)
"""Those of `ensemble=single` and of `ensemble=plausible`."""

_IDLE_GOALS: Final = {("laptop", 2): 0.08, ("full", 64): 0.15, ("full", 1000): 0.30}
"""What should not be idle at most, by effort and workers."""

_START_S: Final = 2.5
"""Seconds from the search's start to the first run: workers start and load compiled code."""

_EVALUATION_S: Final = 0.001
"""Seconds of the driver for an evaluation that has ended."""

_STORED: Final = 64
"""Settled trials whose storing is timed."""

_LANE_PLACE: Final = 4
"""Of the lane's numbers among the arguments of `propose_lane`."""

_GIVEN: Final = 3
"""Baselines of `optimize`."""


class _Lengths(NamedTuple):
    """Seconds, as measured.

    Of a run, by its share of the buyers; of a worker in a lane of proposals, by the trials before
    it; of the driver for a settled trial, which it stores.
    """

    run: Mapping[float, float]
    lane: Callable[[int], float]
    settled: float


class _Stub:
    """A problem with a known answer, and baselines."""

    def __init__(self, problem: Known) -> None:
        self._problem = problem
        self.distributions: Mapping[str, BaseDistribution] = problem.distributions

    @property
    def baselines(self) -> Sequence[tuple[str, Point | None]]:
        """Return points in the space, the same always."""
        shares = uniform_draws(0, Purpose.BENCHMARK, (_GIVEN, len(self.distributions)))
        return [(f"given-{k}", self._at(own)) for k, own in enumerate(shares)]

    def _at(self, shares: Any) -> Point:
        named = zip(self.distributions.items(), shares, strict=True)
        return {
            name: one.low + share * (one.high - one.low)  # type: ignore[attr-defined]
            for (name, one), share in named
        }

    def evaluate(self, candidates: Sequence[Candidate], stage: Stage) -> Iterator[Sample]:
        """Yield the sample of each candidate, in order."""
        return self._problem.evaluate(candidates, stage)


class _Clockwork:
    """An executor in simulated time, and the store of a search that keeps nothing.

    Parameters
    ----------
    problem
        What evaluations show.
    lengths
        Seconds of what workers and the driver do.
    worlds
        Runs of a replication.
    workers
        How many there are.
    """

    def __init__(
        self,
        problem: _Stub,
        lengths: _Lengths,
        worlds: int,
        workers: int,
    ) -> None:
        self._problem, self._lengths, self._worlds = problem, lengths, worlds
        self.now, self.busy_s = 0.0, 0.0
        self._free = [_START_S] * workers
        self._waiting: list[tuple[Urgency, int, Evaluation | WorkerCall]] = []
        self._running: list[tuple[float, int, Evaluation | WorkerCall]] = []
        self._left: dict[tuple[int, Stage], int] = {}
        self._count = 0

    def begin(self, todo: Evaluation | WorkerCall, urgency: Urgency) -> None:
        """Put a call, or the runs of an evaluation, among what waits for a worker."""
        runs = 1
        if isinstance(todo, Evaluation):
            worlds = min(todo.stage.worlds_count or self._worlds, self._worlds)
            runs = worlds * (todo.stage.last - todo.stage.first)
            self._left[todo.key] = runs
        for _ in range(runs):
            self._count += 1
            heappush(self._waiting, (urgency, self._count, todo))
        self._free = [max(free, self.now) for free in self._free]
        self._assign()

    def end(self) -> tuple[Evaluation | WorkerCall, Any]:
        """Pass the time until a call or all runs of some evaluation have ended."""
        while True:
            self._assign()
            ended, _, todo = heappop(self._running)
            self.now = max(self.now, ended)
            if isinstance(todo, WorkerCall):
                return todo, todo.function(*todo.args)
            self._left[todo.key] -= 1
            if not self._left[todo.key]:
                self.now += _EVALUATION_S
                return todo, next(iter(self._problem.evaluate([todo.candidate], todo.stage)))

    def feed(self) -> None:
        """Let workers go on while the driver is busy."""
        self._assign()

    def _assign(self) -> None:
        """Let workers that are free by now, or will be before anybody hears of it, take work."""
        until = max(self.now, self._running[0][0] if self._running else self.now)
        while self._waiting and self._free[0] <= max(until, _START_S):
            free = heappop(self._free)
            _, number, todo = heappop(self._waiting)
            if isinstance(todo, WorkerCall):
                length = self._lengths.lane(todo.args[_LANE_PLACE].start)
            else:
                length = self._lengths.run[todo.stage.population_share]
                self.busy_s += length
            heappush(self._free, free + length)
            heappush(self._running, (free + length, number, todo))

    def sample(self, key: tuple[int, Stage]) -> None:
        """Return that nothing is known."""

    def write(self, key: tuple[int, Stage], tree: dict[str, Any]) -> None:
        """Keep nothing of a sample."""

    def add(self, trial: FrozenTrial) -> None:
        """Pass the time that writing a trial takes."""
        del trial
        self.now += self._lengths.settled


def schedule_suite(job: BenchmarkJob, case: Case, on_progress: OnProgress) -> list[Row]:
    """Measure runs and proposals, and lay out searches of each effort; return the rows."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    plans = [
        (name, worlds, workers)
        for name in job.schedules
        for worlds in _WORLDS
        for workers in _WORKERS
    ]
    steps = Steps(len(plans) + 2 * len(job.schedules), on_progress)
    settled_s, windows, rows = _measured_settling(job), {}, []
    for name, schedule in job.schedules.items():
        run_s = _measured_runs(schedule, case, job.runs)
        steps.step(f"runs of {name}")
        barrier = schedule.search.model_copy(update={"window_count": schedule.search.batch_count})
        windows[name] = [
            (word, own, _Lengths(run_s, _measured_lanes(job, own), settled_s))
            for word, own in (("barrier", barrier), ("window", schedule.search))
        ]
        steps.step(f"proposals of {name}")
    for name, worlds, workers in plans:
        scale = job.schedules[name].scale
        buyers, anchors = scale.buyers_count, scale.anchors_count
        at = Setting("schedule", buyers, anchors, case.scenario.calendar.n_days, 1, workers)
        for word, own, lengths in windows[name]:
            total, busy = _simulated(own, lengths, worlds, workers)
            subject = f"{name}, {worlds} world{'s' * (worlds > 1)}, {word}"
            goal = _IDLE_GOALS.get((name, workers)) if word == "window" else None
            idle = [1 - busy / (workers * total)]
            rows.append(at.row("schedule", subject, "idle_share", idle, goal))
            rows.append(at.row("schedule", subject, "total_s", [total]))
        steps.step(f"{name}, {workers} workers")
    return rows


def _simulated(search: Search, lengths: _Lengths, worlds: int, workers: int) -> tuple[float, float]:
    """Run a search on so many workers in simulated time; return its seconds and their busy ones.

    Parameters
    ----------
    search
        Its budget, rungs, batches and window; a sampler that takes no time of its own.
    lengths
        Seconds of what workers and the driver do.
    worlds
        Runs of a replication.
    workers
        How many there are.
    """
    known = KNOWN["two_sided"](1)
    stub, evaluator = _Stub(known), ObjectiveEvaluator(known.objective)
    clock = _Clockwork(stub, lengths, worlds, workers)
    study = SearchStudy(search, 1, stub, evaluator, clock, clock)
    found = study.run(lambda *_: None)
    chosen = choose_finalists(study.trials, found, search.finalists_count)
    selection = Selection(stub, evaluator, search, 1, clock)
    selection.run([trial.candidate for trial in chosen], lambda *_: None)
    return clock.now, clock.busy_s


def _measured_runs(schedule: Schedule, case: Case, runs: int) -> Mapping[float, float]:
    """Return the median seconds of a run on every rung, and of a finalist's, on one core."""
    warm_up_if_cold(replace(case, threads=1))
    found = {}
    samples = {rung.population_share: rung.anchors_share for rung in schedule.search.rungs}
    for share, anchors_share in sorted({**samples, 1.0: 1.0}.items()):
        scale = schedule.scale.sample(share, anchors_share, len(case.scenario.kinds))
        one = Case(case.scenario, case.policy, scale, case.world_seed, case.run_seed)
        # A run before compiles nothing, but fills the processor's own caches.
        done = [finish(0, one, (), simulate_case).cpu_s for _ in range(runs)]
        found[share] = float(np.median(done))
    return found


def _measured_lanes(job: BenchmarkJob, search: Search) -> Callable[[int], float]:
    """Return the seconds that a lane of proposals takes by the trials before it, as measured.

    As on a worker that has not fitted yet, and with the trials of the window under way.
    """
    space = PolicySpace(job.space, job.searched, levers_of(job.scenario.kinds)).distributions
    directions = [goal.direction for goal in job.objective.goals]
    own = search.model_copy(update={"sampler": job.search.sampler})
    ahead = search.window_count - search.batch_count
    learns = search.startup_count + ahead  # so many trials before it, and the sampler learns
    counts = sorted({learns - 1, learns, (learns + search.trials_count) // 2, search.trials_count})
    seconds = []
    for count in [learns - 1, *counts]:  # the first one starts Optuna
        known = _trials(job, space, count)
        running = known[max(count - ahead, 0) :]
        before = [*known[: len(known) - len(running)], *map(_unsettled, running)]
        start = time.process_time()
        lane = range(count, count + search.lane_count)
        propose_lane(own, 1, space, pickle.dumps(before), lane, directions)
        seconds.append(time.process_time() - start)
    return lambda count: float(np.interp(count, counts, seconds[1:]))


def _measured_settling(job: BenchmarkJob) -> float:
    """Return the seconds that storing a settled trial takes."""
    space = PolicySpace(job.space, job.searched, levers_of(job.scenario.kinds)).distributions
    trials = _trials(job, space, _STORED)
    with TemporaryDirectory() as folder:
        journal = Journal(Path(folder), "schedule", ObjectiveEvaluator(job.objective))
        start = time.perf_counter()
        for trial in trials:
            journal.add(trial)
        return (time.perf_counter() - start) / len(trials)


def _unsettled(trial: FrozenTrial) -> FrozenTrial:
    """Return a trial as it stood when nothing was known of it but its point."""
    return create_trial(
        state=TrialState.RUNNING, params=trial.params, distributions=trial.distributions
    )


def _trials(
    job: BenchmarkJob, space: Mapping[str, BaseDistribution], count: int
) -> list[FrozenTrial]:
    """Return finished trials at random points with random figures."""
    search = job.search.model_copy(update={"sampler": "random"})
    directions = [goal.direction for goal in job.objective.goals]
    points = propose_batch(search, 1, space, [], range(count), directions)
    names = list(job.objective.constraints)
    figures = uniform_draws(1, Purpose.BENCHMARK, (count, len(directions) + len(names)))
    errors = [0.1] * len(directions), dict.fromkeys(names, 0.1)
    return [
        create_trial(
            values=own[: len(directions)],
            params=dict(point.point),
            distributions=dict(space),
            constraints=dict(zip(names, [x - 0.5 for x in own[len(directions) :]], strict=True)),
            user_attrs={"standard_errors": errors},
        )
        for point, own in zip(points, figures.tolist(), strict=True)
    ]
