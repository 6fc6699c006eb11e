"""The main job from end to end: check, search, look again at the best on fresh luck."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import optuna

from engine.compute import Pool
from engine.errors import InputError, PoquanError
from engine.search.evaluate import Trials, cheap_trials, final_trials
from engine.search.finalists import choose, evaluate_again
from engine.search.journal import Journal
from engine.search.judge import Judge
from engine.search.kept import KeptYears
from engine.search.outcome import Outcome, Progress
from engine.search.rows import Row, frontier_rows, trial_row
from engine.search.samplers import check_sampler
from engine.search.space import PolicySpace
from engine.search.study import Search, Trial, feasible
from engine.spec.scenario import Scenario
from engine.spec.study import OptimizeJob
from engine.spec.worlds import worlds
from engine.units import FEN_PER_BN_RMB

OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class _Checked:
    """What a job that can run is made of."""

    space: PolicySpace
    judge: Judge
    scenarios: Mapping[str, Scenario]


def check_job(job: OptimizeJob) -> None:
    """Refuse a job that cannot be done, before anything starts.

    Raises
    ------
    InputError
        For an unknown lever or measure, bounds outside a lever's range, constraints that
        no policy can satisfy, a world that is no scenario, a sampler that is not there.
    """
    _check(job)


def optimize(job: OptimizeJob, folder: Path, pool: Pool, on_progress: OnProgress) -> Outcome:
    """Search the space of `job`, and evaluate what survives on fresh luck.

    The result is a function of the job alone: not of the pool, nor of being resumed.

    Parameters
    ----------
    folder
        Where the journal of the study lies; a study that is there is gone on with.
    pool
        What simulates.
    on_progress
        Hears of every trial and of every finalist.

    Raises
    ------
    InputError
        As `check_job`, and if the folder holds the study of another job.
    PoquanError
        If all trials or all finalists fail.
    """
    checked = _check(job)
    with _quiet():
        trials = _search(job, checked, folder, pool, on_progress)
        chosen = choose(trials, checked.judge, job.search.finalists_count)
        again = final_trials(job, checked.scenarios)
        hear = _final_progress(again, len(chosen), on_progress)
        finalists, notes = evaluate_again(chosen, pool, again, KeptYears(folder, job), hear)
    rows = frontier_rows(finalists, checked.space, checked.judge, len(checked.scenarios))
    return Outcome(
        trials=[trial_row(trial, checked.space, checked.judge) for trial in trials],
        frontier=rows,
        years=[year for one in finalists for year in one.years],
        policies={one.trial.policy.name: one.trial.policy for one in finalists},
        notes=[*_warnings(trials), *_nearest(rows, checked.judge, len(trials)), *notes],
    )


def _check(job: OptimizeJob) -> _Checked:
    checked = _Checked(
        PolicySpace(job.space, job.policy), Judge(job.objective), worlds(job.scenario, job.ensemble)
    )
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


def _search(
    job: OptimizeJob, checked: _Checked, folder: Path, pool: Pool, on_progress: OnProgress
) -> list[Trial]:
    journal = Journal(folder, job, checked.judge)
    total, seen = job.search.trials_count, list[Trial]()

    def hear(trial: Trial) -> None:
        seen.append(trial)
        best = _best(feasible(seen, checked.judge), checked.judge)
        on_progress(Progress("search", len(seen), total, best))

    search = Search(job, checked.space, checked.judge, journal)
    trials = search.run(pool, cheap_trials(job, checked.scenarios), hear)
    if all(trial.seen.reason is not None for trial in trials):
        raise PoquanError(
            f"all {len(trials)} trials failed; the first: {trials[0].seen.reason}\n"
            "  remedy:  simulate one of the policies to see the whole trace"
        )
    return trials


def _final_progress(again: Trials, count: int, on_progress: OnProgress) -> Callable[[int], None]:
    total = again.years_count * count
    return lambda done: on_progress(Progress("finalists", done, total, ""))


def _best(able: Sequence[Trial], judge: Judge) -> str:
    """Say how far the first goal has got."""
    if not able:
        return "none feasible yet"
    best = min(able, key=lambda trial: judge.costs(trial.seen.means)[0])
    measure = judge.goals[0].measure
    return f"{len(able)} feasible, best {_shown(measure, best.seen.means[measure])}"


def _shown(measure: str, value: float) -> str:
    if measure.endswith("_fen") and abs(value) >= FEN_PER_BN_RMB / 100:
        return f"{measure.removesuffix('_fen')} {value / FEN_PER_BN_RMB:.4g} bn RMB"
    return f"{measure} {value:.4g}"


def _warnings(trials: Sequence[Trial]) -> list[str]:
    """Tell of failed trials."""
    failed = [trial for trial in trials if trial.seen.reason is not None]
    if not failed:
        return []
    return [
        (
            f"{len(failed)} of {len(trials)} trials failed; "
            f"{failed[0].policy.name}: {failed[0].seen.reason}"
        )
    ]


def _nearest(rows: Sequence[Row], judge: Judge, tried: int) -> list[str]:
    """Tell of a search whose finalists all break a constraint on fresh luck."""
    if any(row["feasible"] for row in rows):
        return []
    nearest = min(rows, key=lambda row: (row["violation"], -row["gmv_paid_fen"]))
    excesses = judge.violations(nearest)
    broken = "; ".join(
        f"{name} ({_shown(constraint.measure, nearest[constraint.measure])})"
        for name, constraint in judge.constraints.items()
        if excesses[name] > 0
    )
    return [
        (
            f"no policy of {tried} satisfies every constraint on fresh luck; "
            f"the nearest is {nearest['policy']}, which breaks {broken}"
        )
    ]


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
