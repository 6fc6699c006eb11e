"""Cheap stand-ins for the simulation: every column filled, a function of the case alone.

The fake market is a few formulas. Coupons raise sales with falling returns, noise is
common to all policies of one seed up to a little noise of each policy's own, and the
money of a day adds up as the ledger's does.
"""

import math
from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import rng
from engine.case import Case, RunResult
from engine.measures import catalogue
from engine.measures.measure import cumulative
from engine.measures.run_off import FLOWS, VALUED
from engine.spec.calendar import Calendar
from engine.spec.jobs import Scale
from engine.spec.policy import Policy
from engine.spec.scenario import Scenario, _Platform
from engine.spec.suppliers import SuppliersSpec, _SupplierKind
from engine.units import FEN_PER_BN_RMB, to_bp
from tests.kinds import CATEGORIES, KINDS, LEVERS, ROLES, SEGMENTS_SHAPE

TARGET_BN_RMB = 250.0
BASE_BN_RMB = 215.0
"""GMV as paid of the horizon without coupons, before noise."""

SMALL_SCALE = Scale(
    name="tiny", buyers_count=100, anchors_count=10, suppliers_count=5, showcase_count=2
)

_SMALL = {
    "subsidy.budget_bn_rmb": 30.0,
    "subsidy.cap_rmb": 50.0,
    "target.year_end_bn_rmb": TARGET_BN_RMB,
    "traffic.public_share": 0.5,
    "traffic.exponent": 1.0,
    "traffic.support": 1.0,
    "supply.library_open.head": 1.0,
    "supply.library_open.waist": 1.0,
    "supply.library_open.tail": 1.0,
}
"""Levers of the small policy that are not off."""


def small_policy(name: str = "h1_2020", rate: float = 0.1, **changes: dict[str, Any]) -> Policy:
    """A policy with one coupon rate for every kind; `changes` update its groups."""
    tree: dict[str, Any] = {"target": {"knots": (0.5, 1.0)}}
    for path, lever in LEVERS.items():
        *groups, leaf = path.split(".")
        place = tree
        for group in groups:
            place = place.setdefault(group, {})
        place[leaf] = _SMALL.get(path, lever.off)
    tree["subsidy"]["rate"] = dict.fromkeys(KINDS, rate)
    for group, values in changes.items():
        tree[group] |= values
    return Policy.model_validate({"name": name, **tree})


def small_scenario(
    start: date = date(2020, 1, 1),
    end: date = date(2020, 3, 31),
    goal_bn_rmb: float = TARGET_BN_RMB,
) -> Scenario:
    """A scenario that has a name, words, a calendar and a pool of people, and nothing else."""
    calendar = Calendar(
        start=start, end=end, slot_share=(0.4, 0.6), coupon_draw=0, demand_season=(1.0,) * 12
    )
    platform = _Platform.model_construct(pool_count=100_000_000, goal_bn_rmb=goal_bn_rmb)
    kind = _SupplierKind.model_construct(count_share=1 / len(KINDS))
    suppliers = SuppliersSpec.model_construct(**dict.fromkeys(KINDS, kind))
    fields: dict[str, Any] = {
        "name": "fake_market",
        "kinds": ROLES,
        "categories": CATEGORIES,
        "calendar": calendar,
        "platform": platform,
        "suppliers": suppliers,
    }
    return Scenario.model_construct(**fields)


def small_case(
    policy: Policy | None = None,
    scenario: Scenario | None = None,
    replication: int = 0,
    seed: int = 7,
    **labels: Any,
) -> Case:
    """One year of the fake market; `labels` go to `Case` (`trial`, `world`, ...)."""
    return Case(
        scenario=scenario or small_scenario(),
        policy=policy or small_policy(),
        scale=labels.pop("scale", SMALL_SCALE),
        world_seed=labels.pop("world_seed", 1),
        run_seed=rng.derive_seed(seed, rng.Purpose.REPLICATION, replication),
        replication=replication,
        **labels,
    )


def simulate_fake(case: Case, exchange: object = None) -> RunResult:
    """The fake of `engine.market.run.simulate`: same shape of answer, no market."""
    flows = _flows(case)
    daily = _daily(case, flows)
    months = 12 * (case.scenario.calendar.end.year - case.scenario.calendar.start.year)
    months += case.scenario.calendar.end.month - case.scenario.calendar.start.month + 1
    monthly = {
        name: np.full(months, _SHARE.get(name, 0.4) if kind is float else 1_000_000)
        for name, kind in catalogue.MONTHLY.items()
    }
    return RunResult(
        labels=case.labels(),
        run=_run(case, flows, daily),
        daily=daily,
        monthly=monthly,
        segments=_segments(flows),
        anchors={
            "fans_count": np.arange(case.scale.anchors_count, 0, -1, dtype=np.int64) * 1000,
            "gmv_fen": flows["gmv_fen"].sum() // np.arange(2, case.scale.anchors_count + 2),
            "stands_for_count": np.ones(case.scale.anchors_count, np.int64),
            "expected_gmv_fen": flows["gmv_fen"].sum() / np.arange(2, case.scale.anchors_count + 2),
        },
        run_off=_run_off(case, flows),
        valued_days=_valued_days(case, flows),
    )


def _run_off(case: Case, flows: dict[str, NDArray[Any]]) -> dict[str, int]:
    """The days after the horizon: a share of its sums by how many they are."""
    days = case.scenario.calendar.n_days
    sums = {name: int(flows[name].sum()) for name in FLOWS}
    if not case.run_off_days:
        return {}
    return {name: total * case.run_off_days // (2 * days) for name, total in sums.items()}


def _valued_days(case: Case, flows: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The horizon's days, then half of its mean day on each day after it."""
    count = case.run_off_days
    return {
        name: np.append(flows[name], np.full(count, int(flows[name].mean()) // 2))
        for name in (VALUED if count else ())
    }


_SHARE = {
    "activity_share": 1.0,
    "commercial_load": 1.0,
    "push_share": 0.2,
    "coupon_reach_share": 0.9,
    "rival_pull": 0.0,
    "cap_binding_share": 0.05,
    "top1_share": 0.08,
    "top100_share": 0.6,
    "gini": 0.85,
    "hhi": 0.012,
}


@lru_cache(maxsize=4096)
def _noise(seed: int, count: int, sd: float, *names: int) -> NDArray[np.float64]:
    """Mean-one factors, a function of the names: drawn once for all policies of a seed."""
    stream = rng.key(seed, rng.Purpose.CHOICE, *names)
    draws = np.array([rng.uniform64(stream, day, 0) for day in range(count)])
    factors = np.asarray(1 + sd * np.sqrt(12) * (draws - 0.5))
    factors.flags.writeable = False
    return factors


def _flows(case: Case) -> dict[str, NDArray[Any]]:
    """The flows of every day; money adds up as in the ledger."""
    days = case.scenario.calendar.n_days
    rate = case.policy.subsidy.rate.source.on(case.scenario.calendar.start)
    season = 1 + 0.2 * np.sin(np.arange(days) / 20)
    run_seed = _noise(case.run_seed, days, 0.3, 1) * _noise(case.run_seed, 1, 0.03, 2)
    own = _noise(case.run_seed, 1, 0.005, 3, to_bp(rate))
    paid = (
        BASE_BN_RMB * FEN_PER_BN_RMB / days * season * run_seed * own * (1 + 1.5 * rate - rate**2)
    )
    flows: dict[str, NDArray[Any]] = {
        name: np.zeros(days, np.int64 if kind is int else np.float64)
        for name, kind in catalogue.FLOWS.items()
    }
    whole = {"gmv_paid_fen": paid, "subsidy_fen": paid * rate / (1 - rate)}
    for name, values in whole.items():
        flows[name] = values.astype(np.int64)
    flows["gmv_fen"] = flows["gmv_paid_fen"] + flows["subsidy_fen"]
    flows["expected_gmv_paid_fen"] = paid / run_seed
    flows["orders_count"] = flows["gmv_fen"] // 6000
    flows["expected_orders_count"] = flows["orders_count"] / run_seed
    flows["looks_count"] = flows["orders_count"] * 20
    flows["sessions_count"] = flows["looks_count"] * 5
    flows["commission_fen"] = flows["gmv_fen"] // 10
    flows["take_fen"] = flows["gmv_fen"] // 100
    flows["supplier_income_fen"] = flows["gmv_fen"] - flows["commission_fen"] - flows["take_fen"]
    flows["returned_fen"] = flows["gmv_fen"] // 12
    flows["returned_paid_fen"] = flows["gmv_paid_fen"] // 12
    flows["net_gmv_fen"] = flows["gmv_fen"] - flows["returned_fen"]
    flows["refunded_subsidy_fen"] = flows["subsidy_fen"] // 12
    flows["refunded_take_fen"] = flows["take_fen"] // 12
    flows["private_gmv_fen"] = flows["gmv_fen"] // 2
    flows["brand_gmv_paid_fen"] = (flows["gmv_paid_fen"] * (0.1 + rate / 2)).astype(np.int64)
    flows["platform_contribution_fen"] = (
        flows["take_fen"]
        - flows["refunded_take_fen"]
        - flows["subsidy_fen"]
        + flows["refunded_subsidy_fen"]
    )
    return flows


def _daily(case: Case, flows: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Flows and states of every day."""
    days = case.scenario.calendar.n_days
    years = _calendar_years(case.scenario.calendar)
    target = case.policy.target.year_end_bn_rmb * FEN_PER_BN_RMB
    states: dict[str, NDArray[Any]] = {
        "paying_buyers_count": flows["orders_count"] // 2,
        "new_buyers_count": flows["orders_count"] // 50,
        "dau_count": np.linspace(2e8, 3e8, days),
        "allowance_fen": flows["subsidy_fen"],
        "target_cumulative_fen": np.linspace(0, target, days + 1)[1:],
        "gmv_paid_cumulative_fen": cumulative(flows["gmv_paid_fen"], years),
        "forecast_gmv_fen": flows["gmv_fen"] * 1.0,
        "live_anchors_count": np.full(days, 500.0),
        "top10_share": np.full(days, _top10(case)),
    }
    for name, kind in catalogue.DAILY.items():
        if name not in flows and name not in states:
            states[name] = np.full(days, _SHARE.get(name, 0), np.int64 if kind is int else float)
    return {name: (flows | states)[name] for name in catalogue.DAILY}


def _calendar_years(calendar: Calendar) -> NDArray[Any]:
    """The calendar year of every day."""
    first = calendar.start
    return np.array([(first + timedelta(days=k)).year for k in range(calendar.n_days)])


def _top10(case: Case) -> float:
    """Coupons on offer loosen the grip of the largest anchors."""
    rate = case.policy.subsidy.rate.source.on(case.scenario.calendar.start)
    return 0.32 - 0.3 * rate + 0.004 * float(_noise(case.run_seed, 1, 1, 4)[0] - 1)


def _run(
    case: Case, flows: dict[str, NDArray[Any]], daily: dict[str, NDArray[Any]]
) -> dict[str, Any]:
    """The year's measures."""
    total = {name: values.sum().item() for name, values in flows.items()}
    target = case.scenario.platform.goal_bn_rmb * FEN_PER_BN_RMB
    budget = round(case.policy.subsidy.budget_bn_rmb * FEN_PER_BN_RMB)
    known = total | {
        "cost_fen": -total["platform_contribution_fen"],
        "aov_fen": total["gmv_fen"] / total["orders_count"],
        "take_share": 0.01,
        "return_share": 1 / 12,
        "brand_share": total["brand_gmv_paid_fen"] / total["gmv_paid_fen"],
        "private_share": 0.5,
        "private_repeat_share": 0.5,
        "top10_share": _top10(case),
        "dau_mean_count": float(daily["dau_count"].mean()),
        "dau_change_share": -0.01,
        "target_fen": target,
        "target_attained": total["gmv_paid_fen"] >= target > 0,
        "attainment_share": total["gmv_paid_fen"] / target if target else 0.0,
        "budget_fen": budget,
        "budget_spent_share": total["subsidy_fen"] / budget if budget else 0.0,
        "push_mean_share": 0.2,
        "new_heads_count": 3,
        "wall_s": 0.01,
    }
    return {
        name: known.get(name, kind(_SHARE.get(name, 0))) for name, kind in catalogue.RUN.items()
    }


def _segments(flows: dict[str, NDArray[Any]]) -> dict[str, NDArray[np.int64]]:
    """The day's flows, split evenly; what does not divide goes to the first cell."""
    cells = math.prod(SEGMENTS_SHAPE)
    split = {}
    for name in catalogue.SEGMENT:
        whole = flows[name]
        parts = np.repeat((whole // cells)[:, None], cells, axis=1)
        parts[:, 0] += whole % cells
        split[name] = parts.reshape(len(whole), *SEGMENTS_SHAPE)
    return split


class Stopped(BaseException):
    """Ends work as a kill does: nothing catches it."""


def stop() -> None:
    """Be killed."""
    raise Stopped


def stopping_at(
    year: int, stop: Callable[[], None], simulate: Callable[[Case], RunResult] | None = None
) -> Callable[[Case], RunResult]:
    """Simulate until the given year is asked for."""
    count = 0

    def year_of(case: Case) -> RunResult:
        nonlocal count
        if count == year:
            stop()
        count += 1
        return (simulate or simulate_fake)(case)

    return year_of
