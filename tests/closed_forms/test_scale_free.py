"""A sample of any size shows the same market: equal means, errors that shrink as 1 / sqrt(N)."""

import numpy as np
import pytest

from engine.market.run import simulate
from tests.closed_forms.worlds import ALIKE, FIXED_PRICES, logit, near, only
from tests.worlds import case, with_run_seed

SIZES = (5_000, 20_000, 80_000)
DAYS = 30


def test_errors_shrink_with_the_root_of_the_population():
    """Var(daily orders / N) = sigma^2 / N: the slope of ln sd on ln N is -1/2 within 4 SE.

    Buyers differ in activity and sensitivity, nothing is remembered, so that days are
    independent draws of one law; a standard deviation with n degrees of freedom has the
    log error 1 / sqrt(2n). Wasserman, All of Statistics, 2004, ch. 6.
    """
    lucks, deviations = 12, []
    for buyers in SIZES:
        asked = [
            case(
                *ALIKE,
                *FIXED_PRICES,
                *only("source"),
                *logit(0, 3.0, 1.5),
                "scenario.buyers.activity_log_sd=1.44",
                "scenario.buyers.sensitivity_log_sd=0.35",
                f"scale.buyers_count={buyers}",
                "scenario.platform.pool_count=80000",
                "scale.anchors_count=5",
                "scenario.suppliers.goods_count=1",
                "scale.showcase_count=1",
                days=DAYS,
                run_seed=run_seed,
            )
            for run_seed in range(lucks)
        ]
        orders = np.array([simulate(one).daily["orders_count"] for one in asked])
        deviations.append(np.sqrt(orders.var(axis=0, ddof=1).mean()))
    slope = np.log(deviations[2] / deviations[0]) / np.log(SIZES[2] / SIZES[0])
    error = np.sqrt(2 / (2 * DAYS * (lucks - 1))) / np.log(SIZES[2] / SIZES[0])
    near(slope, -0.5, error)


MEASURES = (
    "sessions_count",
    "looks_count",
    "expected_orders_count",
    "expected_gmv_paid_fen",
    "subsidy_fen",
    "private_share",
    "return_share",
    "aov_fen",
    "top10_share",
)


@pytest.mark.xfail(
    reason="open: in the calibrated market of 2020 means still move with the sample, by up to 5 SE"
)
@pytest.mark.slow
def test_samples_of_any_size_have_the_same_means():
    """5, 20 and 80 thousand buyers of the whole market, paired by world and seed: within 4 SE.

    Anchors, goods and their draws are those of the pair, so that only the sample differs.
    """
    worlds, lucks = 4, 4
    runs = {
        buyers: np.array(
            [
                [run[name] for name in MEASURES]
                for world in range(worlds)
                for run in runs_of(buyers, world, lucks)
            ]
        )
        for buyers in SIZES
    }
    for buyers in SIZES[:-1]:
        ratio = runs[buyers] / runs[SIZES[-1]]
        near(ratio.mean(axis=0), 1.0, ratio.std(axis=0, ddof=1) / np.sqrt(worlds * lucks))


def runs_of(buyers: int, world: int, lucks: int):
    """Runs of a month of the market of 2020 under the policy of its first half."""
    asked = case(f"scale.buyers_count={buyers}", f"world_seed={world + 1}", days=DAYS)
    return [simulate(with_run_seed(asked, run_seed)).run for run_seed in range(lucks)]
