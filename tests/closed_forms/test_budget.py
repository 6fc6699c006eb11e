"""The coupon budget as a knapsack: what one more RMB brings never rises with the budget.

Equal buyers get the same coupon until the purse is empty, so that each RMB brings the same
until everybody has one, and nothing after that: Martello & Toth, Knapsack Problems, 1990,
sec. 2.2 (the continuous knapsack: non-increasing density, hence shadow price).
"""

import numpy as np

from engine.market.run import simulate
from tests.closed_forms.worlds import (
    ALIKE,
    FIXED_PRICES,
    coupon,
    logit,
    near,
    only,
    share,
    size,
)
from tests.worlds import case

RATE, ALPHA, OUTSIDE, DAYS, RUN_SEEDS = 0.3, 3.0, 3.0, 30, 6
BUDGETS_BN_RMB = np.array([0.0, 0.0005, 0.001, 0.002, 0.003, 0.004, 0.008])
WORLD = (
    *ALIKE,
    *FIXED_PRICES,
    *only("source"),
    *size(2_000, anchors=5),
    *logit(0, ALPHA, OUTSIDE),
    # A purse is a calendar year's: here one of 30 days.
    "scenario.calendar.first_day=2020-12-02",
    "scenario.calendar.start=2020-12-02",
)


def ladder() -> tuple[np.ndarray, np.ndarray, int]:
    """Expected GMV as paid and spending, fen, by seed and budget; and the price."""
    gmv, spent = np.zeros((2, RUN_SEEDS, BUDGETS_BN_RMB.size))
    for b, budget in enumerate(BUDGETS_BN_RMB):
        for run_seed in range(RUN_SEEDS):
            overrides = coupon(RATE, budget_bn_rmb=budget)
            run = simulate(case(*WORLD, *overrides, days=DAYS, run_seed=run_seed)).run
            gmv[run_seed, b] = run["expected_gmv_paid_fen"]
            spent[run_seed, b] = run["subsidy_fen"]
    return gmv, spent, round(run["aov_fen"])


def test_the_shadow_price_of_the_budget_does_not_rise():
    """dGMV / dbudget = (q s(q) - p s(p)) / (K s(q)) while the purse binds, then 0; q = p - K.

    Runs are paired by seed: only which coupons were used is random, within 4 SE.
    """
    gmv, spent, price = ladder()
    budgets_fen = BUDGETS_BN_RMB * 1e11
    assert np.all(spent <= budgets_fen)
    marginal = np.diff(gmv, axis=1) / np.diff(budgets_fen)
    mean, error = marginal.mean(axis=0), marginal.std(axis=0, ddof=1) / np.sqrt(RUN_SEEDS)
    falls = np.diff(marginal, axis=1)
    assert np.all(falls.mean(axis=0) <= 4 * falls.std(axis=0, ddof=1) / np.sqrt(RUN_SEEDS) + 1e-9)

    amount = price * 3 // 10
    paid = price - amount
    bought, before = (share(p, 0, ALPHA, OUTSIDE) for p in (paid, price))
    expected = (paid * bought - price * before) / (amount * bought)
    brought = (gmv[:, 1:] - gmv[:, :1]) / spent[:, 1:]
    near(brought.mean(axis=0), expected, brought.std(axis=0, ddof=1) / np.sqrt(RUN_SEEDS))
    binding = spent.mean(axis=0)[1:] > 0.99 * budgets_fen[1:]
    assert list(binding) == [True] * 4 + [False] * 2
    near(mean[binding], expected, error[binding] + 0.0025 * expected)  # some fen stay unspent
    assert 0 < mean[-2] < 0.5 * expected  # here the purse ceases to bind
    assert np.all(marginal[:, -1] == 0)
