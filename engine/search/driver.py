"""The main job from end to end: check, search, simulate the best again on fresh seeds."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import optuna

from engine.case import RunResult
from engine.compute import Pool
from engine.compute.pool import ProcessPool
from engine.errors import InputError, PoquanError
from engine.search.aim import Aim
from engine.search.checkpoint.journal import job_hash
from engine.search.checkpoint.meeting import check_storage
from engine.search.checkpoint.opened import Checkpoint, open_checkpoint
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.fidelity.estimates import Estimates
from engine.search.fidelity.ladder import Trial
from engine.search.finalists.choice import choose_finalists
from engine.search.finalists.selection import (
    Selection,
)
from engine.search.forecast import Forecast
from engine.search.market import MarketProblem
from engine.search.measured import check_measures
from engine.search.messages import exhaustion_messages, progress_message, result_messages
from engine.search.polish.stage import LateEntries, Rows, polish
from engine.search.problem import Point
from engine.search.rows import frontier_rows, trial_rows
from engine.search.samplers.proposals import check_sampler
from engine.search.space.policy_space import PolicySpace
from engine.search.study import SearchStudy
from engine.search.usage import Usage, UsageClock
from engine.search.warm_start import earlier_policies
from engine.spec.optimize import OptimizeJob
from engine.spec.policy import Policy
from engine.spec.worlds import worlds
from engine.units import FEN_PER_BN_RMB


@dataclass(frozen=True)
class Progress:
    """How far a search is: `done` of `total` trials (`search`) or years (`finalists`).

    `left_s` is about how long all that is left of it takes, finalists included.
    """

    stage: str
    done: int
    total: int
    best: str
    left_s: float


@dataclass(frozen=True)
class SearchResult:
    """Rows of `trials`, `frontier` and `rungs`, and what stands behind the frontier.

    `years` are the finalists' on fresh seeds, without segments and anchors, which
    `detailed_years` reads back, policy by policy; `policies` is every finalist's whole policy
    (`engine.config.dump` writes it); `notes` are sentences the user must read, such as that no
    policy is feasible; `usage` says how busy the workers were, and is the one part that no two
    runs share.
    """

    trials: list[dict[str, Any]]
    frontier: list[dict[str, Any]]
    rungs: list[dict[str, Any]]
    years: list[RunResult]
    policies: dict[str, Policy]
    usage: Usage
    detailed_years: Callable[[str], Iterator[RunResult]] = field(compare=False, repr=False)
    notes: list[str] = field(default_factory=list)


_OnProgress = Callable[[Progress], None]


class _Checked(NamedTuple):
    """What a job that can run is made of; `earlier` are policies of an earlier search."""

    space: PolicySpace
    evaluator: ObjectiveEvaluator
    earlier: dict[str, Policy]

    @property
    def starts(self) -> list[Point]:
        """Return the points nearest to earlier policies that the space does not hold."""
        outside = [one for one in self.earlier.values() if self.space.point_of(one) is None]
        found = [self.space.nearest_point(one) for one in outside]
        return [point for k, point in enumerate(found) if point not in found[:k]]


def check_search(job: OptimizeJob) -> None:
    """Refuse a job that cannot be done, before anything starts.

    Raises
    ------
    InputError
        For an unknown lever or measure, bounds outside a lever's range, constraints that
        no policy can satisfy, a world that is no scenario, a sampler that is not there.
    """
    _check(job)


def optimize(
    job: OptimizeJob,
    folder: Path,
    pool: Pool,
    on_progress: _OnProgress,
    weights: Mapping[str, float] | None = None,
) -> SearchResult:
    """Search the space of `job`, and evaluate what survives on fresh seeds.

    The result is a function of the job alone: not of the pool, nor of being resumed.

    Parameters
    ----------
    job
        All that the result depends on.
    folder
        Where the journal of the study lies; a study that is there is gone on with.
    pool
        What simulates.
    on_progress
        Is called after every trial and after every run of a finalist.
    weights
        Of the worlds, adding up to 1, in what aims at targets; none: all alike.

    Raises
    ------
    InputError
        As `check_search`, and if the folder holds the study of another job.
    PoquanError
        If all trials or all finalists fail.
    StorageError
        If the folder, or the database of a shared study, cannot be read or written.
    """
    checked = _check(job)
    name = job_hash(job, checked.earlier)
    with _quiet(), open_checkpoint(folder, name, checked.evaluator, job.storage) as checkpoint:
        return _optimized(job, checked, checkpoint, pool, on_progress, weights)


def _optimized(
    job: OptimizeJob,
    checked: _Checked,
    checkpoint: Checkpoint,
    pool: Pool,
    on_progress: _OnProgress,
    weights: Mapping[str, float] | None,
) -> SearchResult:
    """Search, and know the best better."""
    clock = UsageClock()
    space, evaluator, earlier = checked
    aim = _target_aim(job, space, weights)
    needed = dict.fromkeys((*evaluator.measures, *(aim.measures if aim else ())))
    market = MarketProblem(job, space, pool, tuple(needed), checkpoint.runs, earlier)
    bench = checkpoint.bench(market, lambda: pool.workers_count, market.worlds_count)
    forecast = Forecast(job, market, pool)
    selection = Selection(market, evaluator, job.search, job.seed, bench, aim)
    study = SearchStudy(job.search, job.seed, market, evaluator, checkpoint.journal, bench)
    study.start_from(checked.starts)
    priced = _searched(job, study, selection, aim, forecast, on_progress)
    found = study.found
    chosen = choose_finalists(study.trials, found, job.search.finalists_count, priced)

    def report_progress(done: int, total: int) -> None:
        years, left_s = market.worlds_count, forecast.of_finalists(total - done)
        on_progress(Progress("finalists", done * years, total * years, "", left_s))

    late = None if priced is None or aim is None else LateEntries(study, aim)
    best = selection.run([trial.candidate for trial in chosen], report_progress, late)
    is_here = isinstance(pool, ProcessPool)
    usage = clock.read(market.spent, pool.workers_count, is_here=is_here)
    policies = {trial.candidate.number: market.policy(trial.candidate) for trial in study.trials}
    kept = [one.candidate for one in selection.finalists]
    seen = {one.number: study.ladder.means(study.trials[one.number]) for one in kept}
    rows = frontier_rows(selection, best, seen, policies, evaluator, space)
    rungs = study.ladder.rows()
    in_order = [policies[trial.candidate.number] for trial in study.trials]
    return SearchResult(
        trials=trial_rows(study.trials, in_order, found, study.ladder, evaluator, space),
        frontier=rows,
        rungs=rungs,
        years=[year for one in kept for year in market.years(one)],
        policies={one.name: policies[one.number] for one in kept},
        usage=usage,
        detailed_years=lambda name: market.detailed_years(
            next(one for one in kept if one.name == name)
        ),
        notes=[
            *exhaustion_messages(study.space_size, study.trials_count, job.search.trials_count),
            *result_messages(study.trials, rungs, rows, evaluator),
            *selection.notes,
        ],
    )


def _searched(
    job: OptimizeJob,
    study: SearchStudy,
    selection: Selection,
    aim: Aim | None,
    forecast: Forecast,
    on_progress: _OnProgress,
) -> Rows | None:
    """Run the study, then what aims at targets; refuse one in which nothing could be simulated."""
    polish_count = job.search.polish_count if aim else 0

    def report_progress(done: int, settled: Sequence[Trial], known: Estimates) -> None:
        message = progress_message(settled, known, study.evaluator)
        total, left_s = job.search.trials_count + polish_count, forecast.of_search(study)
        on_progress(Progress("search", done, total, message, left_s))

    study.run(report_progress)
    if all(trial.reason is not None for trial in study.trials):
        raise PoquanError(
            f"all {len(study.trials)} trials failed; the first: {study.trials[0].reason}\n"
            "  remedy:  simulate one of the policies to see the whole trace"
        )
    if aim is None:
        return None
    return polish(study, aim, job.search, job.seed, selection.confirm, report_progress)


def _target_aim(
    job: OptimizeJob, space: PolicySpace, weights: Mapping[str, float] | None = None
) -> Aim | None:
    """Return what the rows of the price table ask of the search; None where none is asked.

    A policy's net cost is the contribution that today's brings more, so that the cheapest is the
    one with the least cost of its own.
    """
    if job.today is None:
        return None
    asked = job.targets_bn_rmb
    return Aim(
        reached="gmv_paid_fen",
        cost="cost_fen",
        probability=job.reach_probability,
        today=job.today,
        goal=job.scenario.platform.goal_bn_rmb * FEN_PER_BN_RMB,
        unit=FEN_PER_BN_RMB,
        levels=None if asked is None else tuple(t * FEN_PER_BN_RMB for t in asked),
        value=job.value_of_gmv,
        anchors=(space.off_point(),),
        weights=None if weights is None else tuple(weights[own] for own in job.ensemble.worlds),
    )


def _check(job: OptimizeJob) -> _Checked:
    check_storage(job.storage)
    earlier = earlier_policies(job.warm_start, job.baselines)
    space = PolicySpace(job.space, job.policy)
    checked = _Checked(space, ObjectiveEvaluator(job.objective), earlier)
    check_measures(job, worlds(job.scenario, job.ensemble))
    check_sampler(job.search, job.objective)
    given = len(job.baselines) + len(earlier) + len(checked.starts)
    if job.search.trials_count <= given:
        known = "baselines and earlier policies" if earlier else "baselines"
        raise InputError(
            "search.trials_count",
            f"{job.search.trials_count} trials, of which {given} are {known}: nothing is searched",
            f"at least {given + 1}",
            "raise it",
        )
    _check_goal(job)
    return checked


def _check_goal(job: OptimizeJob) -> None:
    """Refuse a constraint on reaching the year's goal where the scenario has none."""
    if job.scenario.platform.goal_bn_rmb > 0:
        return
    for name, constraint in job.objective.constraints.items():
        about_goal = constraint.measure in {"target_attained", "attainment_share"}
        if about_goal and (constraint.at_least or 0) > 0:
            raise InputError(
                f"objective.constraints.{name}",
                f"asks for {constraint.measure}, but scenario.platform.goal_bn_rmb is 0: no goal",
                "a goal above 0",
                "set scenario.platform.goal_bn_rmb, or leave the constraint out",
            )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna's own log and its notes on experimental features from the terminal."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)
