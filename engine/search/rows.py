"""The rows of `trials` and `frontier`."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from engine.compare import Interval, mean_interval
from engine.search import frontier
from engine.search.finalists import Finalist
from engine.search.judge import Judge
from engine.search.measures import KEY_MEASURES, column, estimate, number
from engine.search.space import PolicySpace
from engine.search.study import Trial

Row = dict[str, Any]

SPENT_SHARE: Final = 0.99
"""A budget spent beyond this share binds."""

GAIN: Final = "gmv_paid_gain_fen"
"""Column of the paired difference of `gmv_paid_fen` against the first baseline."""


def trial_row(trial: Trial, space: PolicySpace, judge: Judge) -> Row:
    """Return the row of `trials`: levers, goals and constraints as the search saw them."""
    seen = trial.seen
    failed = seen.reason is not None
    row: Row = {
        "trial": trial.number,
        "policy": trial.policy.name,
        "state": "failed" if failed else "complete",
        "reason": seen.reason or "",
        "is_baseline": trial.is_baseline,
        "in_space": trial.point is not None,
        "feasible": None if failed else judge.total_violation(seen.means) == 0,
        "violation": None if failed else judge.total_violation(seen.means),
    }
    row |= space.lever_columns(trial.policy)
    for name in _measures(judge):
        row[name] = None if failed else seen.means[name]
        row[f"{name}_se"] = None if failed else seen.errors[name]
    excesses = {} if failed else judge.violations(seen.means)
    row |= {f"constraint.{name}": excesses.get(name) for name in judge.constraints}
    return row | {"sessions_spent_count": seen.sessions_count, "wall_s": seen.wall_s}


def frontier_rows(
    finalists: Sequence[Finalist], space: PolicySpace, judge: Judge, worlds_count: int
) -> list[Row]:
    """Return the rows of `frontier`: baselines first, then by the first goal.

    `on_frontier` says that no other feasible finalist or baseline beats the policy in every
    goal, as seen on fresh luck.
    """
    found = [
        {name: estimate(_runs(one), name, worlds_count) for name in _measures(judge)}
        for one in finalists
    ]
    means = [{name: number(entry) for name, entry in own.items()} for own in found]
    able = [k for k, own in enumerate(means) if judge.total_violation(own) == 0]
    rank = frontier.ranks([judge.costs(means[k]) for k in able])
    front = {k for k, level in zip(able, rank, strict=True) if level == 0}
    base = finalists[0] if finalists[0].trial.is_baseline else None
    rows = [
        _labels(one)
        | {"on_frontier": k in front, "feasible": k in able}
        | {"violation": judge.total_violation(means[k])}
        | {"binding": ", ".join(_binding(one, found[k], space, judge))}
        | {"feasible_share": _feasible_share(one, judge), "runs_count": len(one.years)}
        | space.lever_columns(one.trial.policy)
        | _estimates(found[k], one.trial)
        | _statistics(GAIN, _gain(one, base, worlds_count))
        for k, one in enumerate(finalists)
    ]
    given = [k for k, one in enumerate(finalists) if one.trial.is_baseline]
    searched = [k for k, one in enumerate(finalists) if not one.trial.is_baseline]
    searched.sort(key=lambda k: judge.costs(means[k]))
    return [rows[k] for k in given + searched]


def _labels(one: Finalist) -> Row:
    trial = one.trial
    return {"policy": trial.policy.name, "trial": trial.number, "is_baseline": trial.is_baseline}


def _estimates(found: Mapping[str, Interval], trial: Trial) -> Row:
    row: Row = {}
    for name, own in found.items():
        row |= _statistics(name, own) | _as_searched(name, trial)
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


def _as_searched(name: str, trial: Trial) -> Row:
    return {
        f"{name}_search": trial.seen.means[name],
        f"{name}_search_se": trial.seen.errors[name],
    }


def _gain(one: Finalist, base: Finalist | None, worlds_count: int) -> Interval:
    """Estimate the paired difference of GMV as paid; nothing for the baseline itself."""
    if base is None or base is one:
        return Interval(None, None, None, None)
    mine, theirs = (column(_runs(who), "gmv_paid_fen", worlds_count) for who in (one, base))
    return mean_interval(mine - theirs)


def _feasible_share(one: Finalist, judge: Judge) -> float:
    """Return the share of single years that satisfy every constraint taken by itself."""
    good = [judge.total_violation(run) == 0 for run in _runs(one)]
    return math.fsum(good) / len(good)


def _binding(
    one: Finalist, found: Mapping[str, Interval], space: PolicySpace, judge: Judge
) -> list[str]:
    """Name what holds a policy back: constraints, the budget, and bounds of levers."""
    names = judge.binding(found)
    told = any(
        constraint.measure == "budget_spent_share" and name in names
        for name, constraint in judge.constraints.items()
    )
    if not told and number(found["budget_spent_share"]) > SPENT_SHARE:
        names.append("budget spent")
    if not one.trial.is_baseline and one.trial.point is not None:
        names += space.at_bound(one.trial.point)
    return names


def _runs(one: Finalist) -> list[Mapping[str, Any]]:
    return [year.run for year in one.years]
