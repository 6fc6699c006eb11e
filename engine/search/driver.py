"""The main job from end to end: check, search, simulate the best again on fresh seeds.

And what it reports in words: how far it is, what failed, what it left out, what is nearest.
"""

import hashlib
import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import optuna

from engine.cache import cache_folder
from engine.case import RunResult
from engine.compute import Pool
from engine.compute.pool import ProcessPool
from engine.errors import PoquanError
from engine.measures.periods import split_measure
from engine.search.aim import Aim
from engine.search.checked import CheckedSearch, check_search
from engine.search.checkpoint.opened import Checkpoint
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.fidelity.estimates import Estimates
from engine.search.fidelity.ladder import Trial
from engine.search.finalists.choice import choose_finalists
from engine.search.finalists.selection import Selection
from engine.search.lever_curves import lever_curves
from engine.search.market import MarketProblem
from engine.search.polish.known_rows import Rows
from engine.search.polish.late_entries import LateEntries
from engine.search.polish.stage import polish
from engine.search.rows import search_rows
from engine.search.space.policy_space import PolicySpace
from engine.search.study import SearchStudy
from engine.search.usage import Forecast, Usage, UsageClock
from engine.spec.optimize import OptimizeJob
from engine.spec.policy import Policy
from engine.units import FEN_PER_BN_RMB


@dataclass(frozen=True)
class Progress:
    """How far a search is: `done` of `total` trials (`search`) or runs (`finalists`).

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

    `results` are the finalists' on fresh seeds, without segments and anchors: `detailed_results`
    reads back, policy by policy; `lever_curves` returns the rows of `learnt`; `policies` is every
    finalist's whole policy (`engine.config.dump` writes it); `notes` are sentences the user must
    read, such as that no policy is feasible; `usage` says how busy the workers were, and is the one
    part that no two runs share.
    """

    trials: list[dict[str, Any]]
    frontier: list[dict[str, Any]]
    rungs: list[dict[str, Any]]
    results: list[RunResult]
    policies: dict[str, Policy]
    usage: Usage
    detailed_results: Callable[[str], Iterator[RunResult]] = field(compare=False, repr=False)
    lever_curves: Callable[[Sequence[str]], list[dict[str, Any]]] = field(compare=False, repr=False)
    notes: list[str] = field(default_factory=list)


_Row = dict[str, Any]

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
    with _quiet(), Checkpoint.opened(folder, name, checked.evaluator, job.storage) as checkpoint:
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
    needed = dict.fromkeys((*evaluator.measures, *_target_measures(job)))
    market = MarketProblem(job, space, pool, tuple(needed), checkpoint.runs, earlier)
    bench = checkpoint.bench(market, lambda: pool.workers_count, market.worlds_count)
    forecast = Forecast(job, market, pool)
    selection = Selection(market, evaluator, job.search, job.seed, bench, aim)
    study = SearchStudy(job.search, job.seed, market, evaluator, checkpoint.journal, bench)
    study.start_from(checked.starts)
    priced = _searched(job, study, selection, aim, forecast, on_progress)
    chosen = choose_finalists(study.trials, study.found, job.search.finalists_count, priced)

    def report_progress(done: int, total: int) -> None:
        results, left_s = market.worlds_count, forecast.of_finalists(total - done)
        on_progress(Progress("finalists", done * results, total * results, "", left_s))

    late = None if priced is None or aim is None else LateEntries(study, aim)
    best = selection.run([trial.candidate for trial in chosen], report_progress, late)
    is_here = isinstance(pool, ProcessPool)
    usage = clock.read(market, pool.workers_count, is_here=is_here)
    policies = {trial.candidate.number: market.policy(trial.candidate) for trial in study.trials}
    kept = [one.candidate for one in selection.finalists]
    trials, rows = search_rows(study, selection, best, policies, space)
    rungs = study.ladder.rows()
    return SearchResult(
        trials=trials,
        frontier=rows,
        rungs=rungs,
        results=[result for one in kept for result in market.results(one)],
        policies={one.name: policies[one.number] for one in kept},
        usage=usage,
        detailed_results=lambda name: market.detailed_results(
            next(one for one in kept if one.name == name)
        ),
        lever_curves=partial(lever_curves, study),
        notes=[
            *_result_messages(study, rungs, rows, job.search.trials_count),
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
        message = _progress_message(settled, known, study.evaluator)
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


def _target_measures(job: OptimizeJob) -> tuple[str, str]:
    """Return what is reached, and its cost: of any trial, since `today` may be given later."""
    return job.reached_measure, "cost_fen"


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
    reached, cost = _target_measures(job)
    return Aim(
        reached=reached,
        cost=cost,
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


def _progress_message(
    trials: Sequence[Trial], found: Estimates, evaluator: ObjectiveEvaluator
) -> str:
    """Return how far the first goal has got, and how many trials are feasible.

    Parameters
    ----------
    trials, found
        Settled trials, and what is known of them, row by row.
    evaluator
        Names the first goal.
    """
    feasible = found.is_feasible
    if not feasible.any():
        return "none feasible yet"
    best = evaluator.values(found.costs[feasible])[found.costs[feasible, 0].argmin(), 0]
    risk = evaluator.objective.risk
    goal = evaluator.goals[0]
    end = "highest" if goal.direction == "maximize" else "lowest"
    counts = "mean" if risk == "mean" else f"{risk} of"
    reached = f"{end} {counts} {_shown(goal.measure, best)}, whatever else it does"
    return f"{feasible.sum()} of {len(trials)} feasible; {reached}"


def _result_messages(
    study: SearchStudy, rungs: Sequence[_Row], rows: Sequence[_Row], asked_count: int
) -> list[str]:
    """Return the sentences that a user must read beside the tables; none if all went well.

    Parameters
    ----------
    study
        The search.
    rungs, rows
        Rows of the tables `rungs` and `frontier`.
    asked_count
        Trials that were asked for.
    """
    trials = study.trials
    return [
        *_exhaustion_messages(study.space_size, study.trials_count, asked_count),
        *_failure_messages(trials),
        *_untrusted_rung_messages(rungs),
        *_infeasibility_messages(rows, study.evaluator, len(trials)),
    ]


def _exhaustion_messages(size: int | None, trials_count: int, asked_count: int) -> list[str]:
    """Return a sentence on a search that ended early, since no policy was left to try.

    `size` counts the points of the space; None if there is no end of them.
    """
    if size is None or trials_count >= asked_count:
        return []
    ended = f"the search ended after {trials_count} of {asked_count} trials"
    return [f"the space holds {size} policies and all were tried: {ended}"]


def _shown(measure: str, value: float) -> str:
    """Return a value with its measure; large sums of money in bn RMB."""
    name, period = split_measure(measure)
    if name.endswith("_fen") and abs(value) >= FEN_PER_BN_RMB / 100:
        named = f"{name.removesuffix('_fen')}{f' in {period}' if period else ''}"
        return f"{named} {value / FEN_PER_BN_RMB:.4g} bn RMB"
    return f"{measure} {value:.4g}"


def _failure_messages(trials: Sequence[Trial]) -> list[str]:
    """Return a sentence on failed trials; none if none failed."""
    failed = [trial for trial in trials if trial.reason is not None]
    if not failed:
        return []
    first = failed[0]
    return [f"{len(failed)} of {len(trials)} trials failed; {first.candidate.name}: {first.reason}"]


def _untrusted_rung_messages(rungs: Sequence[_Row]) -> list[str]:
    """Return a sentence on each rung that may drop no policy.

    It distorts ranks, or no ranks are known. `rungs` are the rows of the table `rungs`.
    """
    notes = []
    top = max(row["rung"] for row in rungs)
    for rung in range(top):
        own = [row for row in rungs if row["rung"] == rung and row["role"] == "goal"]
        bad = [row for row in own if not row["trusted"]]
        sample = (
            f"{own[0]['population_share']:g} of the buyers, {own[0]['worlds_count']} worlds, "
            f"{own[0]['replications_count']} runs"
        )
        start = f"rung {rung} ({sample}) was left out:"
        if bad:
            named = ", ".join(f"{r['measure']} ({r['corrected_correlation']:.2f})" for r in bad)
            notes.append(f"{start} its ranks differ from the top's in {named}")
        elif not any(row["told_apart"] for row in own):
            notes.append(
                f"{start} the pilot's policies are not distinguishable even on the top one"
            )
    return notes


def _infeasibility_messages(
    rows: Sequence[_Row], evaluator: ObjectiveEvaluator, tried: int
) -> list[str]:
    """Return a sentence on a search of whose finalists none is feasible, or none surely enough.

    `rows` are those of the table `frontier`; `tried` counts the policies that were searched.
    """
    if any(row["is_recommended"] for row in rows):
        return []
    if any(row["feasible"] for row in rows):
        return [_unsure(rows, evaluator)]
    nearest = min(rows, key=lambda row: (row["violation"], -row["gmv_paid_fen"]))
    excesses = evaluator.violations(nearest)
    broken = "; ".join(
        f"{name} ({_shown(constraint.measure, nearest[constraint.measure])})"
        for name, constraint in evaluator.constraints.items()
        if excesses[name] > 0
    )
    return [
        (
            f"of {tried} policies tried, no finalist satisfies every constraint on fresh seeds; "
            f"the nearest is {nearest['policy']}, which breaks {broken or 'one in some world'}"
        )
    ]


def _unsure(rows: Sequence[_Row], evaluator: ObjectiveEvaluator) -> str:
    nearest = max(rows, key=lambda row: row["p_feasible"])
    weakest = min(evaluator.constraints, key=lambda name: nearest[f"p_feasible.{name}"])
    return (
        f"no policy is known to hold every constraint with probability "
        f"{evaluator.objective.feasible_probability:g} after so few runs, so that the frontier "
        f"recommends none; the surest is "
        f"{nearest['policy']} with {nearest['p_feasible']:.2f} (least sure: {weakest}, "
        f"{nearest[f'p_feasible.{weakest}']:.2f})"
    )
