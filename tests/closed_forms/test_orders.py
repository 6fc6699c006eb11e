"""One good, one coupon, one quality: order value, every account of an order, and returns."""

import math

import numpy as np

from engine.market.run import simulate
from tests.closed_forms.worlds import ALIKE, FIXED_PRICES, coupon, logit, near, only, size
from tests.worlds import case

QUALITY, BASE, SLOPE, PIVOT, CATEGORY = 0.7, 0.3, 1.2, 0.5, 1.3
WORLD = (
    *ALIKE,
    *FIXED_PRICES,
    *only("source"),
    *size(20_000, anchors=3),
    *logit(0, 3.0, 0.5),
    *coupon(0.25, cap_rmb=150),
    "scenario.suppliers.source.commission_share=0.2",
    "scenario.platform.take_share.source=0.03",
    f"scenario.suppliers.source.quality={QUALITY}",
    f"scenario.returns.base={BASE}",
    f"scenario.returns.slope={SLOPE}",
    f"scenario.returns.pivot={PIVOT}",
    f"scenario.returns.category.apparel={CATEGORY}",
)


def test_returns_and_accounts_of_one_good():
    """P(return) = base exp(-slope (q - pivot)) category; AOV = p; each account is orders x part.

    Bernoulli returns, 4 SE; money exact to the fen. p is the mark-up on cost of the first
    morning (Lerner 1934; s taken as 0.1 before anything sold): c / ((1 - f)(1 - 1 / (0.9 alpha))).
    """
    run = simulate(case(*WORLD, days=5)).run
    orders = run["orders_count"]
    assert orders > 20_000
    price = int(50_000 / ((1 - 0.23) * (1 - 1 / (0.9 * 3.0))))
    amount = min(price // 4, 15_000)
    assert amount == 15_000
    parts = {
        "gmv_fen": price,
        "gmv_paid_fen": price - amount,
        "subsidy_fen": amount,
        "commission_fen": price * 2_000 // 10_000,
        "take_fen": price * 300 // 10_000,
        "supplier_income_fen": price - price * 2_000 // 10_000 - price * 300 // 10_000,
    }
    assert {name: run[name] for name in parts} == {n: orders * part for n, part in parts.items()}
    assert run["aov_fen"] == price
    expected = BASE * math.exp(-SLOPE * (QUALITY - PIVOT)) * CATEGORY
    near(run["return_share"], expected, np.sqrt(expected * (1 - expected) / orders))
    assert run["net_gmv_fen"] == run["gmv_fen"] - run["returned_fen"]
