"""What the shape of the target's path brings beyond a straight path, paired.

With P the policy and S the same policy with straight knots, under common populations and random
numbers, the effect of the shape on a measure Y is

    Y(P) - Y(S)

A path acts by the controller's push alone: it pushes where sales lag behind the path, and moves
the coupons, and with them the pacing of the purse, the load and the recruiting by as much as the
target may push each. Where none of them can move, nothing is simulated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from engine.case import Case, RunResult
from engine.compare import INCREMENTAL, paired
from engine.decision.amounts import bn_with_limits
from engine.decision.inert import path_acts
from engine.spec.levers import set_levers
from engine.spec.policy import Policy
from engine.stats.intervals import Interval

STRAIGHT: Final = "straight path"
"""Name of the same policy with straight knots."""

_MEASURES: Final = ("gmv_paid_fen", "platform_contribution_fen", "push_mean_share")

_Row = dict[str, Any]


def path_cases(like: Sequence[Case], policy: Policy) -> list[Case]:
    """List the years of the policy with a straight path; none where the shape cannot matter.

    Parameters
    ----------
    like
        One year of each world and replication: worlds, seeds, scale, history and decision are
        taken from there.
    policy
        The policy whose shape is asked about.
    """
    if not path_acts(policy) or _is_straight(policy):
        return []
    straight = set_levers(policy, {"target.knots": (1.0,)}, STRAIGHT)
    return [replace(case, policy=straight) for case in like]


def path_rows(years: Sequence[RunResult]) -> list[_Row]:
    """Return the effects of the shape: rows as of `comparison`, against the straight path.

    Parameters
    ----------
    years
        Those of `path_cases` and of the policy itself, in any order.
    """
    if not any(year.labels["policy"] == STRAIGHT for year in years):
        return []
    return [row for row in paired(years, STRAIGHT, _MEASURES) if row["measure"] != INCREMENTAL]


def path_sentence(policy: Policy, rows: Sequence[_Row]) -> str:
    """Say what the shape of the policy's target path brings, or why it brings nothing.

    `rows` are those of `path_rows`.
    """
    if not path_acts(policy):
        return f"The shape of its target path moves nothing: {_why_not(policy)}."
    if not rows:
        return "The path to its target is straight."
    gmv, contribution, push = (_of(rows, measure) for measure in _MEASURES)
    told = f"GMV {_interval(gmv)} and contribution {_interval(contribution)} bn RMB"
    pushes = f"the push is {push['mean']:.1%} in the mean, on a straight one"
    pushes += f" {push['baseline_mean']:.1%}"
    if _is_nothing(gmv) and _is_nothing(contribution):
        return "The shape of its target path moves nothing, to the fen: " + (
            "sales stay ahead of both paths." if not push["mean"] else f"{pushes}."
        )
    if not (_is_distinguishable(gmv) or _is_distinguishable(contribution)):
        return (
            "The shape of its target path brings nothing beyond a straight one that is "
            f"distinguishable from noise: {told}; {pushes}."
        )
    return f"The shape of its target path brings {told} beyond a straight one; {pushes}."


def _is_straight(policy: Policy) -> bool:
    knots = policy.target.knots
    return bool(np.allclose(knots, np.arange(1, len(knots) + 1) / len(knots), rtol=0, atol=1e-12))


def _why_not(policy: Policy) -> str:
    target, coupons = policy.target, policy.subsidy
    if not target.year_end_bn_rmb and not target.revisions:
        return "there is no target"
    if not (target.proportional_gain or target.integral_gain):
        return "the controller that chases the target has no gain"
    purses = coupons.budget_bn_rmb or coupons.partner_budget_bn_rmb
    if target.coupon_push and not purses:
        return "there is no purse that it could pace, and the target pushes no other lever"
    if target.coupon_push:
        return "there is no coupon that it could push, and the target pushes no other lever"
    return "the target pushes no lever"


def _of(rows: Sequence[_Row], measure: str) -> Mapping[str, Any]:
    return next(row for row in rows if row["measure"] == measure)


def _interval(row: Mapping[str, Any]) -> str:
    found = (row[name] for name in ("difference", "standard_error", "ci_low", "ci_high"))
    return bn_with_limits(Interval(*found))


def _is_nothing(row: Mapping[str, Any]) -> bool:
    return bool(row["difference"] == 0 and not row["standard_error"])


def _is_distinguishable(row: Mapping[str, Any]) -> bool:
    low, high = row["ci_low"], row["ci_high"]
    return low is not None and high is not None and not low <= 0 <= high
