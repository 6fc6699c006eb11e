"""What a search reports in words: how far it is, what failed, what it left out, what is nearest."""

from collections.abc import Sequence
from typing import Any

from engine.measures.periods import split_measure
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.fidelity.estimates import Estimates
from engine.search.fidelity.ladder import Trial
from engine.search.study import SearchStudy
from engine.units import FEN_PER_BN_RMB

_Row = dict[str, Any]


def progress_message(
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
    counts = "" if risk == "mean" else f"{risk} of "
    reached = f"best {counts}{_shown(evaluator.goals[0].measure, best)}"
    return f"{feasible.sum()} of {len(trials)} feasible, {reached}"


def result_messages(
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
        f"no policy is recommended: none holds every constraint with probability "
        f"{evaluator.objective.feasible_probability:g} after so few runs; the nearest is "
        f"{nearest['policy']} with {nearest['p_feasible']:.2f} (least sure: {weakest}, "
        f"{nearest[f'p_feasible.{weakest}']:.2f})"
    )
