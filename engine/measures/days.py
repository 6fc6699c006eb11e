"""Columns of a day that are not added up, and what months and runs have of the same name."""

import math
from itertools import pairwise
from typing import Final

import numpy as np

from engine.accounts import Account, Count
from engine.measures.measure import (
    Column,
    DailyView,
    Flags,
    Measure,
    RunView,
    cumulative,
    ratio,
    shares,
)


def goal_and_paid(run: RunView) -> tuple[int, int]:
    """(the scenario's goal, what was paid by the end of its calendar year), fen.

    Both are 0 where no reported day lies in the year that the goal is for.
    """
    in_year = run.days.year[run.first :] == run.goal_year
    if not in_year.any():
        return 0, 0
    return run.goal_fen, int(run.reported("gmv_paid_cumulative_fen")[in_year][-1])


def _attained_share(run: RunView) -> float:
    goal, paid = goal_and_paid(run)
    return ratio(paid, goal)


def _budget_spent(days: DailyView) -> Column:
    """Coupons since the purse was opened, as a share of it."""
    return shares(cumulative(days["subsidy_fen"], days["purse_day"]), days["budget_fen"])


def _own_purse_days(run: RunView) -> Flags:
    """Tell the reported days of purses that no decision replaced; bool, (days,).

    A decision within a year replaces the purse of what was in force before: what that one did not
    come to spend is no part of what the new policy may spend. On 1 January a purse ends by itself.
    """
    opened = run.reported("purse_day")
    replaced = [
        before
        for before, after in pairwise(np.unique(opened).astype(int).tolist())
        if run.days.year[after] == run.days.year[after - 1]
    ]
    return ~np.isin(opened, replaced)


def _budget(run: RunView) -> int:
    """The purses of the reported days, each counted once, fen; none that a decision replaced."""
    own = _own_purse_days(run)
    _, where = np.unique(run.reported("purse_day")[own], return_index=True)
    return sum(round(float(budget)) for budget in run.reported("budget_fen")[own][where])


def _spent_of_run(run: RunView) -> float:
    paid = int(run.daily["subsidy_fen"][_own_purse_days(run)].sum())
    return ratio(paid, run["budget_fen"])


def _capped(days: DailyView) -> Column:
    orders = days.accounts[:, Account.ORDERS]
    return np.asarray(days.accounts[:, Account.CAPPED] / np.maximum(orders, 1))


def _capped_of_run(run: RunView) -> float:
    capped = run.daily["cap_binding_share"] * run.daily["orders_count"]
    return ratio(capped.sum(), run["orders_count"])


def _forecast_error(days: DailyView) -> Column:
    sold = days["expected_gmv_paid_fen"]
    return np.where(sold > 0, shares(days["forecast_gmv_fen"], sold) - 1.0, 0.0)


PAYING_BUYERS: Final = Measure(
    "paying_buyers_count",
    "Paying buyers",
    "Buyers with at least one order in the day or month.",
    day=Count.PAYING_BUYERS,
    month=lambda months: months.counts[:, Count.MONTH_BUYERS],
)
ORDER_VALUE: Final = Measure(
    "aov_fen",
    "Order value",
    "GMV at list price per order.",
    day=lambda days: shares(days["gmv_fen"], days["orders_count"]),
    run=lambda run: ratio(run["gmv_fen"], run["orders_count"]),
    dtype=float,
    key=13,
)
ATTAINMENT: Final = Measure(
    "attainment_share",
    "Attainment",
    "GMV as paid as a share of the goal.",
    day=lambda days: shares(days["gmv_paid_cumulative_fen"], days["target_cumulative_fen"]),
    run=_attained_share,
    most=math.inf,
    key=3,
)
BUDGET: Final = Measure(
    "budget_fen",
    "Budget",
    "The platform's purse for coupons over the horizon; not one that a decision replaced.",
    run=_budget,
)
BUDGET_SPENT: Final = Measure(
    "budget_spent_share",
    "Budget spent",
    "Subsidy as a share of the platform's purse that paid it; not of one that a decision replaced.",
    day=_budget_spent,
    run=_spent_of_run,
    key=5,
)
CAPPED_ORDERS: Final = Measure(
    "cap_binding_share",
    "Capped orders",
    "Share of orders whose price the brand plan's cap had lowered.",
    day=_capped,
    run=_capped_of_run,
    key=15,
)

CONCENTRATION_MEASURES: Final = (
    Measure(
        "top1_share",
        "Top-1 share",
        "Share of the largest anchor in GMV.",
        run=lambda run: run.concentration["top1_share"],
        month=lambda months: months.top_shares(1),
    ),
    Measure(
        "top10_share",
        "Top-10 share",
        "Share of the ten largest anchors in GMV.",
        run=lambda run: run.concentration["top10_share"],
        month=lambda months: months.top_shares(10),
        key=8,
    ),
    Measure(
        "top100_share",
        "Top-100 share",
        "Share of the hundred largest anchors in GMV.",
        run=lambda run: run.concentration["top100_share"],
        month=lambda months: months.top_shares(100),
    ),
    Measure(
        "gini",
        "Gini",
        "Inequality of GMV over anchors: 0 all equal, 1 one sells all.",
        run=lambda run: run.concentration["gini"],
        most=1.0,
    ),
    Measure(
        "hhi",
        "HHI",
        "Sum of the anchors' squared shares in GMV.",
        run=lambda run: run.concentration["hhi"],
        most=1.0,
    ),
)
"""How unequally sales are spread over anchors; the day's are recorded."""

JOINED: Final = "joined_{}_count"
"""Columns of a day by kind of the scenario, which follow those of the catalogue: the simulated
suppliers that sell."""

DAY_MEASURES: Final = (
    PAYING_BUYERS,
    Measure(
        "new_buyers_count",
        "New buyers",
        "Buyers who ordered for the first time.",
        day=Count.NEW_BUYERS,
    ),
    Measure(
        "dau_count",
        "Users of the day",
        "Daily active users: the published path times activity.",
        dtype=float,
    ),
    Measure(
        "activity_share",
        "Activity",
        "Level of visits: 1 where the published path of daily users is reproduced.",
        most=math.inf,
    ),
    Measure(
        "commercial_load",
        "Commercial load",
        "Load of the day: the historical load times the load ratio.",
    ),
    Measure(
        "push_share",
        "Push of the day",
        "Push of the controller that chases the target: 0 on its path.",
        most=math.inf,
    ),
    Measure(
        "coupon_reach_share",
        "Coupon reach",
        "Share of the buyers who are offered coupons.",
    ),
    Measure(
        "allowance_fen",
        "Allowance",
        "The platform's purse of the day for its own coupons.",
    ),
    Measure(
        "target_cumulative_fen",
        "Target to date",
        "GMV as paid that the policy's target path sets for the end of the day.",
        dtype=float,
    ),
    Measure(
        "gmv_paid_cumulative_fen",
        "GMV as paid to date",
        "GMV as paid of the calendar year so far.",
        day=lambda days: cumulative(days["gmv_paid_fen"], days.year),
    ),
    Measure(
        "forecast_gmv_fen",
        "Forecast",
        "Forecast of the day's expected GMV as paid, with what coupons draw on festivals.",
        dtype=float,
    ),
    Measure(
        "rival_pull",
        "Rival's pull",
        "What the rival adds to the utility of not buying on the platform.",
        least=-math.inf,
    ),
    Measure(
        "demand_shock",
        "Demand shock",
        "Factor on serious looks that nobody controls: 1 in the mean, the same for every policy.",
    ),
    CAPPED_ORDERS,
    Measure(
        "live_anchors_count",
        "Live anchors",
        "Anchors who streamed.",
        dtype=float,
    ),
    Measure(
        "tail_anchors_count",
        "Small anchors",
        "Anchors of the tail, all but the largest, who have begun to stream.",
        dtype=float,
    ),
    Measure(
        "plan_members_count",
        "Plan members",
        "Simulated suppliers that are in the brand plan.",
    ),
    Measure(
        "forecast_error_share",
        "Forecast error",
        "Forecast over expected GMV as paid, less 1.",
        day=_forecast_error,
        least=-math.inf,
        most=math.inf,
    ),
    ORDER_VALUE,
    ATTAINMENT,
    BUDGET_SPENT,
    *CONCENTRATION_MEASURES,
)
"""In the order of their columns, which follow the flows."""
