"""The rows of `trials` and `frontier`."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.search.evaluator import Judge
from engine.search.fidelity.estimates import Estimates
from engine.search.fidelity.ladder import Ladder, Trial
from engine.search.finalists.selection import Assessment, Finalist, Selection
from engine.search.measures import KEY_MEASURES, possible_range
from engine.search.problem import Values
from engine.search.space.policy_space import PolicySpace
from engine.spec.policy import Policy
from engine.spec.study import RiskKind
from engine.stats.intervals import Interval, mean_interval

Row = dict[str, Any]

SPENT_SHARE: Final = 0.99
"""A budget spent beyond this share binds."""

GAIN: Final = "gmv_paid_gain_fen"
"""Column of the paired difference of `gmv_paid_fen` against the first baseline."""

RISKS: Final[tuple[RiskKind, ...]] = ("cvar", "worst_world", "regret")
"""Figures of the first goal that stand beside its mean, whatever the objective counts."""


def trial_rows(
    trials: Sequence[Trial],
    policies: Sequence[Policy],
    found: Estimates,
    ladder: Ladder,
    judge: Judge,
    space: PolicySpace,
) -> list[Row]:
    """Return the rows of `trials`: levers, and what the search saw, at the top rung's level."""
    return [
        _trial_labels(trial)
        | _judged(found, k, trial, judge)
        | space.lever_columns(policies[k])
        | _as_seen(trial, ladder, judge)
        | {"sessions_spent_count": trial.sessions_count, "wall_s": trial.wall_s}
        | {"sampler_s": trial.sampler_s}
        for k, trial in enumerate(trials)
    ]


def _trial_labels(trial: Trial) -> Row:
    return {
        "trial": trial.candidate.number,
        "policy": trial.candidate.name,
        "state": "complete" if trial.reason is None else "failed",
        "reason": trial.reason or "",
        "is_baseline": trial.candidate.is_baseline,
        "in_space": trial.candidate.point is not None,
        "rung": trial.rung,
    }


def _judged(found: Estimates, place: int, trial: Trial, judge: Judge) -> Row:
    failed = trial.reason is not None
    excesses = found.excesses[place].tolist()
    row: Row = {
        "feasible": None if failed else bool(found.able[place]),
        "violation": None if failed else float(found.violation[place]),
    }
    named = zip(judge.constraints, excesses, strict=True)
    return row | {f"constraint.{name}": None if failed else excess for name, excess in named}


def _as_seen(trial: Trial, ladder: Ladder, judge: Judge) -> Row:
    row: Row = {}
    seen = ladder.means(trial) if trial.reason is None else {}
    for name in _measures(judge):
        row[name], row[f"{name}_se"] = seen.get(name, (None, None))
    return row


def frontier_rows(
    selection: Selection,
    best: int | None,
    searched: Mapping[int, Mapping[str, tuple[float, float | None]]],
    policies: Mapping[int, Policy],
    judge: Judge,
    space: PolicySpace,
) -> list[Row]:
    """Return the rows of `frontier`: baselines first, then by the first goal.

    `on_frontier` says that no other feasible finalist or baseline beats the policy in every
    goal, on the fresh luck that both have met.

    Parameters
    ----------
    best
        The place of the recommended policy among the finalists.
    searched
        By trial, what the search itself had seen of each measure.
    """
    finalists, found = selection.finalists, selection.assessments()
    base = finalists[0] if finalists[0].candidate.is_baseline else None
    rows = []
    for k, (one, own) in enumerate(zip(finalists, found, strict=True)):
        trial = one.candidate.number
        rows.append(
            _labels(one)
            | {"is_recommended": k == best}
            | _standing_of(own, judge)
            | {"binding": ", ".join(_binding(one, own, judge, space))}
            | {"feasible_share": _feasible_share(one.sample.values, judge)}
            | {"runs_count": _runs_count(one)}
            | _certainty(selection.certainty(k) if k == best else None, judge)
            | space.lever_columns(policies[trial])
            | _estimates(one, searched[trial], judge)
            | _risks(selection, one, judge)
            | _statistics(GAIN, _gain(one, base))
        )
    given = [k for k, one in enumerate(finalists) if one.candidate.is_baseline]
    rest = [k for k, one in enumerate(finalists) if not one.candidate.is_baseline]
    rest.sort(key=lambda k: list(found[k].costs + found[k].level))
    return [rows[k] for k in given + rest]


def _labels(one: Finalist) -> Row:
    own = one.candidate
    return {"policy": own.name, "trial": own.number, "is_baseline": own.is_baseline}


def _standing_of(own: Assessment, judge: Judge) -> Row:
    """Return whether others beat a policy, and how surely it holds its constraints."""
    stand, mine = own.stand, own.place
    shares = own.held.mean(axis=0)
    return {
        "on_frontier": own.on_frontier,
        "feasible": bool(stand.able[mine]),
        "violation": float(stand.violation[mine]),
        "p_feasible": own.p_feasible,
        **{f"p_feasible.{n}": float(p) for n, p in zip(judge.constraints, shares, strict=True)},
    }


def _certainty(found: tuple[float, float, int] | None, judge: Judge) -> Row:
    """Return how sure the recommendation is; nothing for other policies."""
    sure, loss, among = found or (None, None, None)
    return {
        "p_correct": sure,
        "choices_count": among,
        f"{judge.goals[0].measure}_opportunity_cost": loss,
    }


def _risks(selection: Selection, one: Finalist, judge: Judge) -> Row:
    """Return what else the first goal could count, each in the goal's own unit."""
    goal, row = judge.goals[0], {}
    for risk in RISKS:
        stand, places = selection.standing(one.sample.replications, risk)
        cost = float(stand.costs[places[one.candidate.number], 0])
        turned = goal.direction == "maximize" and risk != "regret"
        row[f"{goal.measure}_{risk}"] = -cost if turned else cost
    return row


def _estimates(
    one: Finalist, searched: Mapping[str, tuple[float, float | None]], judge: Judge
) -> Row:
    row: Row = {}
    for name in _measures(judge):
        row |= _statistics(name, estimate(one.sample.values[name], name))
        row[f"{name}_search"], row[f"{name}_search_se"] = searched[name]
    return row


def _measures(judge: Judge) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*judge.measures, *KEY_MEASURES)))


def _statistics(name: str, found: Interval) -> Row:
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


def _feasible_share(values: Values, judge: Judge) -> float:
    """Return the share of single years that satisfy every constraint taken by itself."""
    flat = {name: values[name].ravel() for name in judge.measures}
    years = [dict(zip(flat, year, strict=True)) for year in zip(*flat.values(), strict=True)]
    return math.fsum(judge.total_violation(year) == 0 for year in years) / len(years)


def _binding(one: Finalist, own: Assessment, judge: Judge, space: PolicySpace) -> list[str]:
    """Name what holds a policy back: constraints, the budget, and bounds of levers."""
    errors = own.stand.excess_errors()[own.place]
    names = judge.binding(own.stand.excesses[own.place], errors)
    told = any(
        constraint.measure == "budget_spent_share" and name in names
        for name, constraint in judge.constraints.items()
    )
    spent = number(estimate(one.sample.values["budget_spent_share"], "budget_spent_share"))
    if not told and spent > SPENT_SHARE:
        names.append("budget spent")
    if not one.candidate.is_baseline and one.candidate.point is not None:
        names += space.at_bound(one.candidate.point)
    return names


def estimate(sample: NDArray[Any], measure: str) -> Interval:
    """Estimate the mean of a measure over replications, for the ensemble as it is.

    The worlds share their luck, so the standard error is that of the averages over worlds:
    se = s(y_r) / √R with y_r = Σ_w x_wr / W. Limits stay within what is possible.

    Parameters
    ----------
    sample
        (worlds, replications)
    """
    found = mean_interval(np.asarray(sample, np.float64).mean(axis=0))
    if found.low is None or found.high is None:
        return found
    least, most = possible_range(measure)
    return found._replace(low=max(found.low, least), high=min(found.high, most))


def number(found: Interval) -> float:
    """Return an estimate's value, which a mean always has."""
    assert found.value is not None
    return found.value
