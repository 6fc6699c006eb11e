"""An experiment in the simulated market: a coupon on one kind of goods against none.

In the horizon's first weeks the sellers hold the prices that they begin with, money is no
limit and the two arms share their random numbers, so that the coupon, which starts after
`_QUIET_DAYS`, is a change of this kind's own price:

    elasticity = ln(orders_b / orders_a) / ln(price_b / price_a),  price = paid / list
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from math import log
from typing import Final

from engine.case import Case, RunResult
from engine.spec.policy import Policy
from engine.units import KINDS

_KIND: Final = "domestic"
"""Few enough goods to leave most substitutes as they are, enough orders to count."""

_COUPON: Final = 0.2
"""Share of the price."""

_DAYS: Final = 28
_QUIET_DAYS: Final = 7
"""Days of an arm, and those before the coupon, which the first prices must not foresee."""

_PLENTY_BN_RMB: Final = 1000.0


def probe_cases(case: Case) -> tuple[Case, Case]:
    """Return the arms of the experiment, without and with the coupon, in the world of `case`."""
    calendar = case.scenario.calendar
    end = min(calendar.end, calendar.start + timedelta(days=_DAYS - 1))
    scenario = case.scenario.model_copy(
        update={
            "calendar": calendar.model_copy(update={"end": end}),
            "suppliers": case.scenario.suppliers.model_copy(update={"repricing_speed": 0.0}),
        }
    )
    starts = calendar.start + timedelta(days=_QUIET_DAYS)
    without, with_coupon = (
        replace(case, scenario=scenario, policy=_coupons(case.policy, {calendar.start: 0.0} | more))
        for more in ({}, {starts: _COUPON})
    )
    return without, with_coupon


def elasticity(without: RunResult, with_coupon: RunResult) -> float:
    """Return the own-price elasticity between two arms; 0 where one of them sold nothing.

    Parameters
    ----------
    without, with_coupon
        Years of the cases that `probe_cases` gives, with their segments by day and kind.
    """
    arms = [
        [
            float(year.segments[column][_QUIET_DAYS:, KINDS.index(_KIND)].sum())
            for column in ("orders_count", "gmv_paid_fen", "gmv_fen")
        ]
        for year in (without, with_coupon)
    ]
    if min(value for arm in arms for value in arm) <= 0:
        return 0.0
    (orders_a, paid_a, list_a), (orders_b, paid_b, list_b) = arms
    prices = (paid_b / list_b) / (paid_a / list_a)
    return log(orders_b / orders_a) / log(prices) if prices < 1 else 0.0


def _coupons(policy: Policy, rate: Mapping[date, float]) -> Policy:
    """Return `policy` without a target, and with no coupons but those of `_KIND`, for everyone."""
    subsidy = type(policy.subsidy).model_validate(
        {
            "budget_bn_rmb": _PLENTY_BN_RMB,
            "rate": {kind: dict(rate) if kind == _KIND else 0.0 for kind in KINDS},
            "cap_rmb": 1000.0,
            "new_buyer_rate": 0.0,
            "tier_factor": {"tier12": 1.0, "tier3": 1.0},
            "festival_boost": 1.0,
            "partner_share": 0.0,
            "partner_budget_bn_rmb": 0.0,
        }
    )
    target = policy.target.model_copy(update={"year_end_bn_rmb": 0.0, "revisions": ()})
    return policy.model_copy(update={"subsidy": subsidy, "target": target})
