"""What a policy leaves beyond the year, and what the shape of its target path brings.

Asked of the policy that is recommended, or of the next step's where nothing more is needed, on a
few of the fresh replications in every world: its runs and today's, followed by today's policy
(`value`), and its runs with a straight path.

With P the policy and S the same policy with straight knots, under common populations and random
numbers, the effect of the path's shape on a measure Y is, paired,

    Y(P) - Y(S)

A path acts by the controller's push alone: it pushes where sales lag behind the path, and moves
the coupons, and with them the pacing of the purse, the load and the recruiting by as much as the
target may push each. Where none of them can move, nothing is simulated.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np

from engine.case import Case, RunResult
from engine.compare import INCREMENTAL, paired
from engine.compute import Runner
from engine.decision.amounts import bn
from engine.decision.inert import differences, path_acts
from engine.decision.value import (
    ADDS_LITTLE,
    LAST_DAYS,
    followed,
    late_share,
    pays_from,
    value_rows,
)
from engine.measures.run_off import VALUED, value_measure
from engine.search.market import fresh_cases
from engine.spec.kinds import Kind
from engine.spec.levers import set_levers
from engine.spec.optimize import OptimizeJob
from engine.spec.policy import Policy
from engine.stats.intervals import Interval
from engine.units import FEN_PER_BN_RMB

_Row = dict[str, Any]

_CONTRIBUTION = VALUED[0]

_STRAIGHT: Final = "straight path"
"""Name of the same policy with straight knots."""

_MEASURES: Final = ("gmv_paid_fen", "platform_contribution_fen", "push_mean_share")


class Beyond(NamedTuple):
    """Rows as of `comparison`: values against today's policy, and the shape of the path.

    `policy` is the search's name of the policy, empty where there is none to ask about.
    """

    policy: str
    values: list[_Row]
    path: list[_Row]
    sentences: tuple[str, ...]

    @classmethod
    def of(
        cls, job: OptimizeJob, policies: Mapping[str, Policy], name: str, who: str, pool: Runner
    ) -> "Beyond":
        """Simulate and say what a policy leaves behind, and what its target path's shape brings.

        Parameters
        ----------
        job
            Names today's policy, the days of run-off, the discount and the replications.
        policies
            By the search's name, today's among them.
        name
            The policy that is asked about; empty or today's: nothing is.
        who
            What sentences call it.
        pool
            Simulates the runs.
        """
        today_name = str(job.today)
        kinds, decided = job.scenario.kinds, job.decision_date
        if not name or not differences(policies[name], policies[today_name], kinds, decided):
            return cls("", [], [], ())
        policy, today = (
            policies[one].model_copy(update={"name": one}) for one in (name, today_name)
        )
        like = list(fresh_cases(job, policy, range(job.attribution_replications)))
        straight = _path_cases(like, policy)
        own = followed(job, like, today) if job.run_off or straight else []
        base = fresh_cases(job, today, range(job.attribution_replications)) if job.run_off else ()
        results = list(pool.run([*own, *followed(job, list(base), today), *straight]))
        kept = [result for result in results if result.labels["policy"] in {name, today_name}]
        values = value_rows(job, today_name, kept)
        path = _path_rows([result for result in results if result.labels["policy"] != today_name])
        return cls(
            policy=name,
            values=values,
            path=path,
            sentences=(
                *_value_sentences(job, who, kept, values),
                _path_sentence(policy, kinds, path, _market_fen(job)),
            ),
        )


def _value_sentences(
    job: OptimizeJob, who: str, results: Sequence[RunResult], rows: Sequence[_Row]
) -> Iterator[str]:
    """Say what a policy is worth at each length of run-off, from when it pays, and what is left."""
    if not rows:
        return
    found = {row["measure"]: row for row in rows}
    first = found[value_measure(_CONTRIBUTION, 0, "in_the_year")]
    last = max(job.run_off)
    market, after = _market_fen(job), sorted(set(job.run_off) - {0})
    later = "; ".join(_with_run_off(found, days, market) for days in after)
    discount = f" A RMB that comes a year later counts {job.discount_per_year:.0%} less."
    yield (
        f"What {who} is worth against going on as today, contribution in bn RMB (95 %): "
        f"{_amount(first, market)} in the year" + (f"; {later}.{discount}" if later else ".")
    )
    if not last:
        return
    paid = pays_from(job, str(job.today), results)
    if paid is None:
        pays = f"It does not pay within {last} days after the year"
    else:
        pays = f"It pays from {paid} days after the year on" if paid else "It pays within the year"
    share = late_share(rows, first["policy"], last)
    by_then = (
        f"has run off by then: the last {LAST_DAYS} days add {share:.1%} of it"
        if share < ADDS_LITTLE
        else f"has not run off after {last}: the last {LAST_DAYS} still bring {ADDS_LITTLE:.0%} of"
        " it or more"
    )
    yield f"{pays}, and what it is worth {by_then}."


def _with_run_off(found: Mapping[str, _Row], days: int, market_fen: float) -> str:
    whole, pulled, left = (
        found[value_measure(_CONTRIBUTION, days, term)]
        for term in ("whole", "pulled_forward", "left_behind")
    )
    return (
        f"{_amount(whole, market_fen)} with {days} days after it (pulled forward "
        f"{bn(pulled['difference'], market_fen)}, "
        f"left behind {bn(left['difference'], market_fen)})"
    )


def _market_fen(job: OptimizeJob) -> float:
    return job.scenario.platform.goal_bn_rmb * FEN_PER_BN_RMB


def _amount(row: Mapping[str, Any], market_fen: float) -> str:
    found = (row[name] for name in ("difference", "standard_error", "ci_low", "ci_high"))
    return _with_limits(Interval(*found), market_fen)


def _with_limits(found: Interval, market_fen: float = 0.0) -> str:
    """Return an amount with its 95 % limits, where it has any."""
    assert found.value is not None
    if found.low is None or found.high is None:
        return bn(found.value, market_fen)
    low, high = (bn(end, market_fen) for end in (found.low, found.high))
    return f"{bn(found.value, market_fen)} ({low} to {high})"


def _path_cases(like: Sequence[Case], policy: Policy) -> list[Case]:
    """List the runs of the policy with a straight path; none where the shape cannot matter.

    Parameters
    ----------
    like
        One run of each world and replication: worlds, seeds, scale, history and decision are
        taken from there.
    policy
        The policy whose shape is asked about.
    """
    if not like or not path_acts(policy, like[0].scenario.kinds) or _is_straight(policy):
        return []
    straight = set_levers(policy, {"target.knots": (1.0,)}, _STRAIGHT)
    return [replace(case, policy=straight) for case in like]


def _path_rows(results: Sequence[RunResult]) -> list[_Row]:
    """Return the effects of the shape: rows as of `comparison`, against the straight path.

    Parameters
    ----------
    results
        Those of `_path_cases` and of the policy itself, in any order.
    """
    if not any(result.labels["policy"] == _STRAIGHT for result in results):
        return []
    return [row for row in paired(results, _STRAIGHT, _MEASURES) if row["measure"] != INCREMENTAL]


def _path_sentence(
    policy: Policy, kinds: tuple[Kind, ...], rows: Sequence[_Row], market_fen: float = 0.0
) -> str:
    """Say what the shape of the policy's target path brings, or why it brings nothing.

    `rows` are those of `_path_rows`.
    """
    if not path_acts(policy, kinds):
        return f"The shape of its target path moves nothing: {_why_not(policy)}."
    if not rows:
        return "The path to its target is straight."
    gmv, contribution, push = (_of(rows, measure) for measure in _MEASURES)
    sold, left = (_amount(row, market_fen) for row in (gmv, contribution))
    told = f"GMV {sold} and contribution {left} bn RMB"
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


def _is_nothing(row: Mapping[str, Any]) -> bool:
    return bool(row["difference"] == 0 and not row["standard_error"])


def _is_distinguishable(row: Mapping[str, Any]) -> bool:
    low, high = row["ci_low"], row["ci_high"]
    return low is not None and high is not None and not low <= 0 <= high
