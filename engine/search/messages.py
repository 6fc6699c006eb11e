"""What a search says in words: how far it is, what failed, what it left out, what is nearest."""

from collections.abc import Sequence
from typing import Any

from engine.search.evaluator import Judge
from engine.search.fidelity.estimates import Estimates
from engine.search.fidelity.ladder import Trial
from engine.units import FEN_PER_BN_RMB

Row = dict[str, Any]


def best_so_far(trials: Sequence[Trial], found: Estimates, judge: Judge) -> str:
    """Say how far the first goal has got."""
    able = found.able
    if not able.any():
        return "none feasible yet"
    best = judge.values(found.costs[able])[found.costs[able, 0].argmin(), 0]
    risk = judge.objective.risk
    counts = "" if risk == "mean" else f"{risk} of "
    reached = f"best {counts}{shown(judge.goals[0].measure, best)}"
    return f"{able.sum()} of {len(trials)} feasible, {reached}"


def shown(measure: str, value: float) -> str:
    """Write a value with its measure."""
    if measure.endswith("_fen") and abs(value) >= FEN_PER_BN_RMB / 100:
        return f"{measure.removesuffix('_fen')} {value / FEN_PER_BN_RMB:.4g} bn RMB"
    return f"{measure} {value:.4g}"


def failures(trials: Sequence[Trial]) -> list[str]:
    """Tell of failed trials."""
    failed = [trial for trial in trials if trial.reason is not None]
    if not failed:
        return []
    first = failed[0]
    return [f"{len(failed)} of {len(trials)} trials failed; {first.candidate.name}: {first.reason}"]


def untrusted(rungs: Sequence[Row]) -> list[str]:
    """Tell of rungs that may drop nobody: they distort ranks, or no ranks are known."""
    notes = []
    top = max(row["rung"] for row in rungs)
    for rung in range(top):
        own = [row for row in rungs if row["rung"] == rung and row["role"] == "goal"]
        bad = [row for row in own if not row["trusted"]]
        sample = (
            f"{own[0]['population_share']:g} of the buyers, {own[0]['replications_count']} runs"
        )
        start = f"rung {rung} ({sample}) was left out:"
        if bad:
            named = ", ".join(f"{r['measure']} ({r['corrected_correlation']:.2f})" for r in bad)
            notes.append(f"{start} its ranks differ from the top's in {named}")
        elif not any(row["told_apart"] for row in own):
            notes.append(f"{start} the pilot's policies cannot be told apart even on the top one")
    return notes


def unfit(rows: Sequence[Row], judge: Judge, tried: int) -> list[str]:
    """Tell of a search of whose finalists none is feasible, or none surely enough."""
    if any(row["is_recommended"] for row in rows):
        return []
    if any(row["feasible"] for row in rows):
        return [_unsure(rows, judge)]
    nearest = min(rows, key=lambda row: (row["violation"], -row["gmv_paid_fen"]))
    excesses = judge.violations(nearest)
    broken = "; ".join(
        f"{name} ({shown(constraint.measure, nearest[constraint.measure])})"
        for name, constraint in judge.constraints.items()
        if excesses[name] > 0
    )
    return [
        (
            f"of {tried} policies tried, no finalist satisfies every constraint on fresh luck; "
            f"the nearest is {nearest['policy']}, which breaks {broken or 'one in some world'}"
        )
    ]


def _unsure(rows: Sequence[Row], judge: Judge) -> str:
    nearest = max(rows, key=lambda row: row["p_feasible"])
    weakest = min(judge.constraints, key=lambda name: nearest[f"p_feasible.{name}"])
    return (
        f"no policy is recommended: none holds every constraint with probability "
        f"{judge.objective.feasible_probability:g} after so few runs; the nearest is "
        f"{nearest['policy']} with {nearest['p_feasible']:.2f} (least sure: {weakest}, "
        f"{nearest[f'p_feasible.{weakest}']:.2f})"
    )
