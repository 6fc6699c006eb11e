"""The rows of `trials` and `frontier`."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.measures.catalogue import KEY_MEASURES, possible_range
from engine.search.evaluator import ObjectiveEvaluator
from engine.search.fidelity.estimates import Estimates
from engine.search.fidelity.ladder import Ladder, Trial
from engine.search.finalists.posterior import Assessment, Finalist
from engine.search.finalists.selection import Selection
from engine.search.problem import Values
from engine.search.space.policy_space import PolicySpace
from engine.search.study import SearchStudy
from engine.spec.policy import Policy
from engine.spec.search import RiskKind
from engine.stats.intervals import Interval, mean_interval

_Row = dict[str, Any]

_SPENT_SHARE: Final = 0.99
"""A budget spent beyond this share binds."""

_GAIN: Final = "gmv_paid_gain_fen"
"""Column of the paired difference of `gmv_paid_fen` against the first baseline."""

_RISKS: Final[tuple[RiskKind, ...]] = ("cvar", "worst_world", "regret")
"""Figures of the first goal that stand beside its mean, whatever the objective counts."""


def search_rows(
    study: SearchStudy,
    selection: Selection,
    best: int | None,
    policies: Mapping[int, Policy],
    space: PolicySpace,
) -> tuple[list[_Row], list[_Row]]:
    """Return the rows of `trials` and those of `frontier`.

    Parameters
    ----------
    study
        The search.
    selection
        The finalists on fresh seeds.
    best
        The place of the recommended policy among the finalists.
    policies
        By trial.
    space
        Names the levers.
    """
    trials, ladder, evaluator = study.trials, study.ladder, study.evaluator
    in_order = [policies[trial.candidate.number] for trial in trials]
    numbers = [one.candidate.number for one in selection.finalists]
    seen = {number: ladder.means(trials[number]) for number in numbers}
    return (
        _trial_rows(trials, in_order, study.found, ladder, evaluator, space),
        _frontier_rows(selection, best, seen, policies, evaluator, space),
    )


def _trial_rows(
    trials: Sequence[Trial],
    policies: Sequence[Policy],
    found: Estimates,
    ladder: Ladder,
    evaluator: ObjectiveEvaluator,
    space: PolicySpace,
) -> list[_Row]:
    """Return the rows of `trials`: levers, and what the search saw, at the top rung's level.

    Parameters
    ----------
    trials, policies
        One each, in order of their numbers.
    found
        What is known of the trials, row by row.
    ladder
        Moves means to the top rung's level.
    evaluator, space
        Name the measures, and the levers.
    """
    return [
        _trial_labels(trial)
        | _trial_feasibility(found, k, trial, evaluator)
        | space.lever_columns(policies[k])
        | _as_seen(trial, ladder, evaluator)
        | {"sessions_spent_count": trial.sessions_count, "wall_s": trial.wall_s}
        | {"sampler_s": trial.sampler_s}
        for k, trial in enumerate(trials)
    ]


def _trial_labels(trial: Trial) -> _Row:
    return {
        "trial": trial.candidate.number,
        "policy": trial.candidate.name,
        "state": "complete" if trial.reason is None else "failed",
        "reason": trial.reason or "",
        "is_baseline": trial.candidate.is_baseline,
        "in_space": trial.candidate.point is not None,
        "rung": trial.rung,
    }


def _trial_feasibility(
    found: Estimates, place: int, trial: Trial, evaluator: ObjectiveEvaluator
) -> _Row:
    failed = trial.reason is not None
    excesses = found.excesses[place].tolist()
    row: _Row = {
        "feasible": None if failed else bool(found.is_feasible[place]),
        "violation": None if failed else float(found.violation[place]),
    }
    named = zip(evaluator.constraints, excesses, strict=True)
    return row | {f"constraint.{name}": None if failed else excess for name, excess in named}


def _as_seen(trial: Trial, ladder: Ladder, evaluator: ObjectiveEvaluator) -> _Row:
    row: _Row = {}
    seen = ladder.means(trial) if trial.reason is None else {}
    for name in _measures(evaluator):
        row[name], row[f"{name}_se"] = seen.get(name, (None, None))
    return row


def _frontier_rows(
    selection: Selection,
    best: int | None,
    searched: Mapping[int, Mapping[str, tuple[float, float | None]]],
    policies: Mapping[int, Policy],
    evaluator: ObjectiveEvaluator,
    space: PolicySpace,
) -> list[_Row]:
    """Return the rows of `frontier`: baselines first, then by the first goal.

    `on_frontier` says that no other feasible finalist or baseline beats the policy in every
    goal, on the fresh seeds that both were run with.

    Parameters
    ----------
    selection
        The finalists on fresh seeds.
    best
        The place of the recommended policy among the finalists.
    searched
        By trial, the mean and standard error that the search itself had seen of each measure.
    policies
        By trial.
    evaluator, space
        Name the measures, and the levers.
    """
    finalists, found = selection.finalists, selection.assessments()
    base = finalists[0] if finalists[0].candidate.is_baseline else None
    rows = []
    for k, (one, own) in enumerate(zip(finalists, found, strict=True)):
        trial = one.candidate.number
        rows.append(
            _labels(one)
            | {"is_recommended": k == best}
            | _finalist_feasibility(own, evaluator)
            | {"binding": ", ".join(_binding(one, own, evaluator, space))}
            | {"feasible_share": _feasible_share(one.sample.values, evaluator)}
            | {"runs_count": _runs_count(one)}
            | _certainty(selection.certainty(k) if k == best else None, evaluator)
            | space.lever_columns(policies[trial])
            | _estimates(one, searched[trial], evaluator)
            | _risks(selection, one, evaluator)
            | _statistics(_GAIN, _gain(one, base))
        )
    given = [k for k, one in enumerate(finalists) if one.candidate.is_baseline]
    rest = [k for k, one in enumerate(finalists) if not one.candidate.is_baseline]
    rest.sort(key=lambda k: list(found[k].costs + found[k].level))
    return [rows[k] for k in given + rest]


def _labels(one: Finalist) -> _Row:
    own = one.candidate
    return {"policy": own.name, "trial": own.number, "is_baseline": own.is_baseline}


def _finalist_feasibility(own: Assessment, evaluator: ObjectiveEvaluator) -> _Row:
    """Return whether others beat a policy, and how surely it holds its constraints."""
    scores, mine = own.scores, own.place
    shares = own.constraint_holds.mean(axis=0)
    return {
        "on_frontier": own.on_frontier,
        "feasible": bool(scores.is_feasible[mine]),
        "violation": float(scores.violation[mine]),
        "p_feasible": own.p_feasible,
        **{f"p_feasible.{n}": float(p) for n, p in zip(evaluator.constraints, shares, strict=True)},
    }


def _certainty(found: tuple[float, float, int] | None, evaluator: ObjectiveEvaluator) -> _Row:
    """Return how sure the recommendation is; nothing for other policies."""
    sure, loss, among = found or (None, None, None)
    return {
        "p_correct": sure,
        "choices_count": among,
        f"{evaluator.goals[0].measure}_opportunity_cost": loss,
    }


def _risks(selection: Selection, one: Finalist, evaluator: ObjectiveEvaluator) -> _Row:
    """Return what else the first goal could count, each in the goal's own unit."""
    goal, row = evaluator.goals[0], {}
    for risk in _RISKS:
        scores, places = selection.paired_scores(one.sample.replications, risk)
        cost = float(scores.costs[places[one.candidate.number], 0])
        turned = goal.direction == "maximize" and risk != "regret"
        row[f"{goal.measure}_{risk}"] = -cost if turned else cost
    return row


def _estimates(
    one: Finalist, searched: Mapping[str, tuple[float, float | None]], evaluator: ObjectiveEvaluator
) -> _Row:
    row: _Row = {}
    for name in _measures(evaluator):
        row |= _statistics(name, _measure_interval(one.sample.values[name], name))
        row[f"{name}_search"], row[f"{name}_search_se"] = searched[name]
    return row


def _measures(evaluator: ObjectiveEvaluator) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*evaluator.measures, *KEY_MEASURES)))


def _statistics(name: str, found: Interval) -> _Row:
    return {
        name: found.value,
        f"{name}_se": found.standard_error,
        f"{name}_ci_low": found.low,
        f"{name}_ci_high": found.high,
    }


def _gain(one: Finalist, base: Finalist | None) -> Interval:
    """Estimate the paired difference of GMV as paid; nothing for the baseline itself."""
    if base is None or base is one:
        return Interval(None, None, None, None)
    count = one.sample.replications
    mine, theirs = (
        np.asarray(who.sample.first(count)["gmv_paid_fen"], np.float64).mean(axis=0)
        for who in (one, base)
    )
    return mean_interval(mine - theirs)


def _runs_count(one: Finalist) -> int:
    return int(next(iter(one.sample.values.values())).size)


def _feasible_share(values: Values, evaluator: ObjectiveEvaluator) -> float:
    """Return the share of single runs that satisfy every constraint taken by itself."""
    flat = {name: values[name].ravel() for name in evaluator.measures}
    runs = [dict(zip(flat, run, strict=True)) for run in zip(*flat.values(), strict=True)]
    return math.fsum(evaluator.total_violation(run) == 0 for run in runs) / len(runs)


def _binding(
    one: Finalist, own: Assessment, evaluator: ObjectiveEvaluator, space: PolicySpace
) -> list[str]:
    """Name what holds a policy back: constraints, the budget, and bounds of levers."""
    errors = own.scores.excess_errors()[own.place]
    names = evaluator.binding(own.scores.excesses[own.place], errors)
    is_named = any(
        constraint.measure == "budget_spent_share" and name in names
        for name, constraint in evaluator.constraints.items()
    )
    spent = _known(_measure_interval(one.sample.values["budget_spent_share"], "budget_spent_share"))
    if not is_named and spent > _SPENT_SHARE:
        names.append("budget spent")
    if not one.candidate.is_baseline and one.candidate.point is not None:
        names += space.at_bound(one.candidate.point)
    return names


def _measure_interval(sample: NDArray[Any], measure: str) -> Interval:
    """Estimate the mean of a measure over replications, for the ensemble as it is.

    The worlds share their random numbers, so the standard error is that of averages over worlds:
    se = s(y_r) / √R with y_r = Σ_w x_wr / W. Limits stay within what is possible.

    Parameters
    ----------
    sample
        (worlds, replications), numbers or truth values, in the measure's unit.
    measure
        Its name.
    """
    found = mean_interval(np.asarray(sample, np.float64).mean(axis=0))
    if found.low is None or found.high is None:
        return found
    least, most = possible_range(measure)
    return found._replace(low=max(found.low, least), high=min(found.high, most))


def _known(found: Interval) -> float:
    """Return an estimate's value, which a mean always has."""
    assert found.value is not None
    return found.value
