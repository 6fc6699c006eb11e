"""Experiments in the simulated market: what buyers do when a coupon is given, at several dates.

On the morning of a date the market is copied (`engine.case.Branch`). The copies go on without
a coupon (`none`), with one on everything (`all`) and with one on one kind of goods (`own`).
Sellers hold their prices, money is no limit and the copies share their random numbers, so
that the coupon is all in which they differ:

    own-price elasticity = ln(orders_own / orders_none) / ln(price_own / price_none)
    uplift               = (sales_all - sales_none) / coupons

with price = paid / list. Nothing that is fitted says what a coupon on everything does on this
platform: `_voucher_uplift` replays the vouchers that a city gave for shops, in so far as
a market without thresholds can.

What is read off the copies is listed at the end: `PROBED` what others have observed too, and
`SHOWN_BY_DATE` what nobody has.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from math import log
from typing import Any, Final

import numpy as np

from engine.calibrate.run_reader import FigureMeasure, Read, RunReader, Span
from engine.case import Branch, Case, RunResult
from engine.spec.calibration import Probes
from engine.spec.policy import Policy
from engine.spec.scenario import Scenario

_PLENTY_BN_RMB: Final = 1000.0


def _own_kind(scenario: Scenario) -> int:
    """Return the number of the kind that gets a coupon alone: the first that may join the plan.

    Brands are few enough goods to leave most substitutes as they are, with enough orders to count.
    Where no kind may join, it is the first of all.
    """
    return int(np.argmax(scenario.kinds_that("joins_plan")))


def probe_branches(case: Case, probes: Probes) -> tuple[Branch, ...]:
    """Return the arms of all experiments in the market of `case`.

    Parameters
    ----------
    case
        Its policy is in force until the experiments begin, and with other coupons in them.
    probes
        Dates within the horizon, rates and lengths.
    """
    kinds = case.scenario.kind_names
    bare = _without_coupons(case.policy, kinds)
    whole = probes.coupon_days + probes.after_days
    arms: list[Branch] = []
    for day in probes.market_dates:
        ends = day + timedelta(days=probes.coupon_days)
        everything = {kind: {day: probes.rate, ends: 0.0} for kind in kinds}
        arms += [
            _arm(day, "none", whole, bare),
            _arm(day, "all", whole, _with_rates(bare, everything)),
        ]
    for day in probes.dates:
        own = _with_rates(bare, {kinds[_own_kind(case.scenario)]: {day: probes.own_rate}})
        arms.append(_arm(day, "own", probes.coupon_days, own))
    return tuple(arms)


def within(probes: Probes, first: date, last: date) -> Probes:
    """Return the probes whose days all lie between two dates."""
    latest = last - timedelta(days=probes.coupon_days + probes.after_days - 1)
    voucher = probes.voucher_date
    inside = voucher is not None and first <= voucher <= latest
    return probes.model_copy(
        update={
            "dates": tuple(day for day in probes.dates if first <= day <= latest),
            "voucher_date": voucher if inside else None,
        }
    )


def _own_elasticity(reader: RunReader, _: tuple[Span, ...] = ()) -> float:
    """Return the mean own-price elasticity over the dates; 0 where an arm sold nothing."""
    own = _own_kind(reader.scenario)
    return _mean([_elasticity(own, *_own_arms(reader, day)) for day in reader.probes.dates])


def _cart_uplift(reader: RunReader, _: tuple[Span, ...] = ()) -> float:
    """Return by how much a coupon on some goods lifts their orders per look, in per cent.

    The mean over the dates. The experiment that it stands for gave the coupon for goods that
    lay in a cart: the look is a serious one here, but nobody has chosen yet.
    """
    found, own = [], _own_kind(reader.scenario)
    for day in reader.probes.dates:
        rates = [
            _ratio(_sold(own, arm, "orders_count"), float(arm.daily["looks_count"].sum()))
            for arm in _own_arms(reader, day)
        ]
        found.append(100.0 * (_ratio(rates[1], rates[0]) - 1.0) if rates[0] else 0.0)
    return _mean(found)


def _later_orders(reader: RunReader, _: tuple[Span, ...] = ()) -> float:
    """Return by how much more is ordered in the days after a coupon on everything, in per cent.

    The mean over the dates.
    """
    found = []
    for day in reader.probes.dates:
        none, coupon = (
            float(arm.daily["orders_count"][reader.probes.coupon_days :].sum())
            for arm in _pair(reader, day)
        )
        found.append(100.0 * (_ratio(coupon, none) - 1.0) if none else 0.0)
    return _mean(found)


def _uplift_reading(sales: str, *, after: bool) -> Read:
    """Return the reading of RMB of sales per RMB of coupon of a coupon on everything, at a date.

    Parameters
    ----------
    sales
        A column of `daily` in fen.
    after
        Whether the days after the coupon count too: what was only bought earlier is then
        taken off.
    """

    def read(reader: RunReader, spans: tuple[Span, ...]) -> float:
        return _uplift(reader, spans[0].first, sales, after=after)

    return read


def _market_elasticity(reader: RunReader, spans: tuple[Span, ...]) -> float:
    """Return ln orders / ln price between a coupon on everything and none, at a date."""
    days = slice(reader.probes.coupon_days)
    arms = [
        [float(arm.daily[name][days].sum()) for name in ("orders_count", "gmv_paid_fen", "gmv_fen")]
        for arm in _pair(reader, spans[0].first)
    ]
    return _log_ratio(arms[0], arms[1])


def _voucher_uplift(reader: RunReader, _: tuple[Span, ...] = ()) -> float:
    """Return RMB at list price more per RMB of coupon in the weeks from the vouchers' date on.

    The days after count: the study found nothing that was only bought earlier. All buyers have
    the coupon or none, which is a comparison of those who have it with those who have not
    as long as buyers do not compete for stock. The vouchers had thresholds; this has none.
    """
    day = reader.probes.voucher_date
    return _uplift(reader, day, "gmv_fen", after=True) if day is not None else 0.0


def _uplift(reader: RunReader, day: date, sales: str, *, after: bool) -> float:
    days = slice(None) if after else slice(reader.probes.coupon_days)
    none, coupon = _pair(reader, day)
    more = float(coupon.daily[sales][days].sum()) - float(none.daily[sales][days].sum())
    return _ratio(more, float(coupon.daily["subsidy_fen"][days].sum()))


def _pair(reader: RunReader, day: date) -> tuple[RunResult, RunResult]:
    branches = reader.result.branches
    return branches[_name(day, "none")], branches[_name(day, "all")]


def _own_arms(reader: RunReader, day: date) -> tuple[RunResult, RunResult]:
    """The arms without and with a coupon on one kind, both over the days of the coupon."""
    branches, days = reader.result.branches, reader.probes.coupon_days
    return _first_days(branches[_name(day, "none")], days), branches[_name(day, "own")]


def _first_days(arm: RunResult, days: int) -> RunResult:
    daily = {name: column[:days] for name, column in arm.daily.items()}
    segments = {name: column[:days] for name, column in arm.segments.items()}
    return RunResult(labels=arm.labels, run={}, daily=daily, monthly={}, segments=segments)


def _elasticity(kind: int, none: RunResult, own: RunResult) -> float:
    arms = [
        [_sold(kind, arm, name) for name in ("orders_count", "gmv_paid_fen", "gmv_fen")]
        for arm in (none, own)
    ]
    return _log_ratio(arms[0], arms[1])


def _log_ratio(without: list[float], with_coupon: list[float]) -> float:
    """ln(orders' ratio) / ln(prices' ratio) of (orders, paid, list); 0 where one is 0."""
    if min(*without, *with_coupon) <= 0:
        return 0.0
    (orders_a, paid_a, list_a), (orders_b, paid_b, list_b) = without, with_coupon
    prices = (paid_b / list_b) / (paid_a / list_a)
    return log(orders_b / orders_a) / log(prices) if prices < 1 else 0.0


def _sold(kind: int, arm: RunResult, column: str) -> float:
    return float(arm.segments[column][:, kind].sum())


def _ratio(above: float, below: float) -> float:
    return above / below if below else 0.0


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _arm(day: date, arm: str, days: int, policy: Policy) -> Branch:
    return Branch(_name(day, arm), day, days, policy, holds_prices=True)


def _name(day: date, arm: str) -> str:
    return f"{day} {arm}"


def _without_coupons(policy: Policy, kinds: Iterable[str]) -> Policy:
    """Return `policy` without a target and without coupons, and with a purse that lasts."""
    subsidy = type(policy.subsidy).model_validate(
        {
            "budget_bn_rmb": _PLENTY_BN_RMB,
            "rate": dict.fromkeys(kinds, 0.0),
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


def _with_rates(bare: Policy, rates: Mapping[str, Mapping[date, float]]) -> Policy:
    """Return `bare` with coupon rates by kind, each from dates on; other kinds have none."""
    none: dict[str, Any] = dict.fromkeys(bare.subsidy.rate.words, 0.0)
    rate = type(bare.subsidy.rate).model_validate(none | dict(rates))
    return bare.model_copy(update={"subsidy": bare.subsidy.model_copy(update={"rate": rate})})


PROBED: Final[dict[str, tuple[FigureMeasure, ...]]] = {
    "own_elasticity": (
        FigureMeasure(
            "",
            "own price, between copies that differ by a coupon on one kind; mean over dates",
            _own_elasticity,
            0,
            kind="elasticity",
            probe="dates",
        ),
    ),
    "coupon_orders_uplift": (
        FigureMeasure(
            "% more",
            "orders per look of one kind with a coupon on it; mean over dates",
            _cart_uplift,
            0,
            kind="elsewhere",
            probe="dates",
        ),
    ),
    "coupon_later_orders": (
        FigureMeasure(
            "%",
            "orders after a coupon on everything against none; mean over dates",
            _later_orders,
            0,
            kind="elsewhere",
            probe="dates",
        ),
    ),
    "voucher_spending": (
        FigureMeasure(
            "¤ spend",
            "GMV at list price more per unit of a coupon on everything, weeks after it included",
            _voucher_uplift,
            0,
            kind="elsewhere",
            probe="voucher",
        ),
    ),
}
"""Readings by key of what the experiments show and others have observed."""

SHOWN_BY_DATE: Final[dict[str, FigureMeasure]] = {
    "market_elasticity": FigureMeasure(
        "", "orders by price, coupon on everything", _market_elasticity, probe="dates"
    ),
    "coupon_uplift_list": FigureMeasure(
        "¤ per ¤",
        "GMV at list price per coupon on everything, in its days",
        _uplift_reading("gmv_fen", after=False),
        probe="dates",
    ),
    "coupon_uplift_paid": FigureMeasure(
        "¤ per ¤",
        "GMV as paid per coupon on everything, in its days",
        _uplift_reading("gmv_paid_fen", after=False),
        probe="dates",
    ),
    "coupon_uplift_paid_after": FigureMeasure(
        "¤ per ¤",
        "the same, with the days after it",
        _uplift_reading("gmv_paid_fen", after=True),
        probe="dates",
    ),
}
"""What is read at every date of the experiments, though nobody has observed it."""
