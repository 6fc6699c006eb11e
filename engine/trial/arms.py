"""The policies of a trial: control throughout, tried throughout, and switched back and forth.

What a test can turn on and off by the day are dated levers. Those of a policy that hold for a whole
term (a purse, a target, festivals) are as in the tried policy in every arm: a test of a week cannot
open a purse.
"""

from datetime import date, timedelta
from typing import Any, Final

import numpy as np

from engine.case import Case
from engine.cases import cases
from engine.decision.inert import KNOTS, differences
from engine.design.draws import uniform_draws
from engine.errors import InputError
from engine.rng import Purpose
from engine.spec.base import Dated
from engine.spec.levers import LEVERS, policy_value, set_levers
from engine.spec.policy import Policy
from engine.spec.trial import TrialJob
from engine.stats.arrays import Flags

CONTROL: Final = "control"
TRIED: Final = "tried"
SWITCHED: Final = "switched"
"""Names of the arms."""


def treated_days(job: TrialJob) -> Flags:
    """Return on which days of the test a switchback tries the policy, (days,) bool.

    Periods come in pairs, one of each kind, in an order drawn from the seed.
    """
    pairs = job.days // (2 * job.period_days)
    first = uniform_draws(job.seed, Purpose.TRIAL, (pairs,)) < 0.5
    by_period = np.stack([first, ~first], axis=1).ravel()
    return np.asarray(np.repeat(by_period, job.period_days))


def held_in_both(job: TrialJob) -> tuple[str, ...]:
    """Return the paths of what the tried policy holds otherwise and no day can switch."""
    moved = differences(job.policy, job.control, job.start)
    return tuple(one.path for one in moved if one.path == KNOTS or not LEVERS[one.path].dated)


def arm_policies(job: TrialJob) -> dict[str, Policy]:
    """Return the policies of the arms by name; `control` holds before and after the test.

    Raises
    ------
    InputError
        If the policies differ in no lever that can be switched by the day.
    """
    paths = [path for path, lever in LEVERS.items() if lever.dated]
    switched = [
        one.path for one in differences(job.policy, job.control, job.start) if one.path in paths
    ]
    if not switched:
        raise InputError(
            "policy",
            f"{job.policy.name!r} differs from control {job.control.name!r} in no lever that can "
            f"be switched by the day from {job.start} on",
            "a policy with another value of a dated lever, such as subsidy.rate.source",
            "name another by policy=..., or change one, as policy.subsidy.rate.source=0.1",
        )
    never = np.zeros(job.days, np.bool_)
    days = {
        CONTROL: never,
        TRIED: np.ones(job.days, np.bool_),
        SWITCHED: treated_days(job),
    }
    return {
        name: set_levers(
            job.policy,
            {path: _switched(job, path, own if path in switched else never) for path in paths},
            name,
        )
        for name, own in days.items()
    }


def trial_cases(job: TrialJob) -> list[Case]:
    """List the years of all arms, under the same worlds, populations and seeds."""
    return cases(job, arm_policies(job).values())


def _switched(job: TrialJob, path: str, treated: Flags) -> Any:
    """Return a lever's value by first day: the tried policy's on treated days, else control's."""
    own, other = policy_value(job.policy, path), policy_value(job.control, path)
    assert isinstance(own, Dated)
    assert isinstance(other, Dated)
    steps: dict[date, float] = {date.min: other.steps[0][1], **dict(other.steps)}
    inside = [job.start + timedelta(days=day) for day in range(job.days)]
    steps = {day: value for day, value in steps.items() if not job.start <= day < job.end}
    for day, is_tried in zip(inside, treated, strict=True):
        steps[day] = (own if is_tried else other).on(day)
    steps.setdefault(job.end, other.on(job.end))
    return steps
