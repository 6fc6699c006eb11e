"""The main job from end to end: check, search, simulate the best again on fresh seeds."""

import hashlib
import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna

from engine.cache import cache_folder
from engine.case import RunResult
from engine.compute import Pool
from engine.compute.pool import ProcessPool
from engine.errors import PoquanError
from engine.search.aim import Aim
from engine.search.checked import CheckedSearch, check_search
from engine.search.checkpoint.opened import Checkpoint, open_checkpoint
from engine.search.fidelity.estimates import Estimates
from engine.search.fidelity.ladder import Trial
from engine.search.finalists.choice import choose_finalists
from engine.search.finalists.selection import Selection
from engine.search.market import MarketProblem
from engine.search.messages import progress_message, result_messages
from engine.search.polish.stage import LateEntries, Rows, polish
from engine.search.rows import frontier_rows, trial_rows
from engine.search.space.policy_space import PolicySpace
from engine.search.study import SearchStudy
from engine.search.usage import Forecast, Usage, UsageClock
from engine.spec.optimize import OptimizeJob
from engine.spec.policy import Policy
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
    checked = check_search(job)
    name = _job_hash(job, checked.earlier)
    with _quiet(), open_checkpoint(folder, name, checked.evaluator, job.storage) as checkpoint:
        return _optimized(job, checked, checkpoint, pool, on_progress, weights)


def _optimized(
    job: OptimizeJob,
    checked: CheckedSearch,
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
            *result_messages(study, rungs, rows, job.search.trials_count),
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


def _job_hash(job: OptimizeJob, earlier: Mapping[str, Policy] | None = None) -> str:
    """Return a name of all that the trials' results depend on.

    Left out is what does not change a trial: where it runs, how many follow it, and what
    comes after the search. So a finished study can be extended. `earlier` are the policies of an
    earlier search that are given beside the baselines.
    """
    parts = [job.identity(), optuna.__version__, cache_folder().name]
    parts += [policy.model_dump_json() for policy in (earlier or {}).values()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


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
