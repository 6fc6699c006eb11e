"""The main job from end to end: check, search, simulate the best again on fresh seeds."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import optuna

from engine.case import RunResult
from engine.compute import Pool
from engine.errors import InputError, PoquanError
from engine.search.checkpoint.finalist_runs import FinalistRuns
from engine.search.checkpoint.journal import Journal, job_hash
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.fidelity.estimates import Estimates
from engine.search.fidelity.ladder import Trial
from engine.search.fidelity.promotion import promotion_count
from engine.search.finalists.selection import (
    Selection,
    choose_finalists,
    planned_replications,
    replication_rounds,
)
from engine.search.market import MarketProblem
from engine.search.messages import progress_message, result_messages
from engine.search.rows import frontier_rows, trial_rows
from engine.search.samplers.proposals import check_sampler
from engine.search.space.policy_space import PolicySpace
from engine.search.study import SearchStudy
from engine.spec.jobs import OptimizeJob
from engine.spec.policy import Policy
from engine.spec.worlds import worlds


@dataclass(frozen=True)
class Progress:
    """How far a search is: `done` of `total` trials (`search`) or years (`finalists`)."""

    stage: str
    done: int
    total: int
    best: str


@dataclass(frozen=True)
class SearchResult:
    """Rows of `trials`, `frontier` and `rungs`, and what stands behind the frontier.

    `years` are the finalists' on fresh seeds, without segments and anchors; `policies` is
    every finalist's whole policy (`engine.config.dump` writes it); `notes` are sentences
    the user must read, such as that no policy is feasible.
    """

    trials: list[dict[str, Any]]
    frontier: list[dict[str, Any]]
    rungs: list[dict[str, Any]]
    years: list[RunResult]
    policies: dict[str, Policy]
    notes: list[str] = field(default_factory=list)


OnProgress = Callable[[Progress], None]


class _Checked(NamedTuple):
    """What a job that can run is made of."""

    space: PolicySpace
    evaluator: ObjectiveEvaluator


def check_job(job: OptimizeJob) -> None:
    """Refuse a job that cannot be done, before anything starts.

    Raises
    ------
    InputError
        For an unknown lever or measure, bounds outside a lever's range, constraints that
        no policy can satisfy, a world that is no scenario, a sampler that is not there.
    """
    _check(job)


def optimize(job: OptimizeJob, folder: Path, pool: Pool, on_progress: OnProgress) -> SearchResult:
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

    Raises
    ------
    InputError
        As `check_job`, and if the folder holds the study of another job.
    PoquanError
        If all trials or all finalists fail.
    """
    space, evaluator = _check(job)
    market = MarketProblem(
        job, space, pool, evaluator.measures, FinalistRuns(folder, job_hash(job))
    )
    with _quiet():
        journal = Journal(folder, job_hash(job), evaluator)
        study = SearchStudy(job.search, job.seed, market, evaluator, journal)
        found = _searched(study, evaluator, job.search.trials_count, on_progress)
    chosen = choose_finalists(study.trials, found, job.search.finalists_count)
    selection = Selection(market, evaluator, job.search, job.seed)

    def report_progress(done: int, total: int) -> None:
        years = market.worlds_count
        on_progress(Progress("finalists", done * years, total * years, ""))

    best = selection.run([trial.candidate for trial in chosen], report_progress)
    policies = {trial.candidate.number: market.policy(trial.candidate) for trial in study.trials}
    seen = {trial.candidate.number: study.ladder.means(trial) for trial in chosen}
    rows = frontier_rows(selection, best, seen, policies, evaluator, space)
    rungs = study.ladder.rows()
    in_order = [policies[trial.candidate.number] for trial in study.trials]
    kept = [one.candidate for one in selection.finalists]
    return SearchResult(
        trials=trial_rows(study.trials, in_order, found, study.ladder, evaluator, space),
        frontier=rows,
        rungs=rungs,
        years=[year for one in kept for year in market.years(one)],
        policies={one.name: policies[one.number] for one in kept},
        notes=[*result_messages(study.trials, rungs, rows, evaluator), *selection.notes],
    )


def _searched(
    study: SearchStudy, evaluator: ObjectiveEvaluator, total: int, on_progress: OnProgress
) -> Estimates:
    """Run the study; refuse one in which nothing could be simulated."""

    def report_progress(done: int, settled: Sequence[Trial], known: Estimates) -> None:
        on_progress(Progress("search", done, total, progress_message(settled, known, evaluator)))

    found = study.run(report_progress)
    if all(trial.reason is not None for trial in study.trials):
        raise PoquanError(
            f"all {len(study.trials)} trials failed; the first: {study.trials[0].reason}\n"
            "  remedy:  simulate one of the policies to see the whole trace"
        )
    return found


def _check(job: OptimizeJob) -> _Checked:
    checked = _Checked(PolicySpace(job.space, job.policy), ObjectiveEvaluator(job.objective))
    worlds(job.scenario, job.ensemble)
    check_sampler(job.search, job.objective)
    if job.search.trials_count <= len(job.baselines):
        raise InputError(
            "search.trials_count",
            f"{job.search.trials_count} trials, of which {len(job.baselines)} are baselines: "
            "nothing is searched",
            f"at least {len(job.baselines) + 1}",
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


def planned_years(job: OptimizeJob) -> list[tuple[float, int]]:
    """Return (share of the buyers, years) of each rung and of the finalists, at the most.

    As if every rung were trusted and as many went up as may.
    """
    search, given = job.search, len(job.baselines)
    pilot = min(given + search.batch_count, search.trials_count)
    plan, climbing, shown = [], search.trials_count - pilot, (0.0, 0)
    for rung in search.rungs:
        reused = shown[1] if shown[0] == rung.population_share else 0
        plan.append((rung.population_share, (pilot + climbing) * (rung.replications - reused)))
        climbing = promotion_count(climbing, search.reduction)
        shown = rung.population_share, rung.replications
    counts = replication_rounds(search.first_replications, search.final_replications)
    plan.append((1.0, planned_replications(given, search.finalists_count, counts)))
    return [(share, years * len(job.ensemble.worlds)) for share, years in plan]
