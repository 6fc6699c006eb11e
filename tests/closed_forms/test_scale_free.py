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
    seeds_count, deviations = 12, []
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
            for run_seed in range(seeds_count)
        ]
        orders = np.array([simulate(one).daily["orders_count"] for one in asked])
        deviations.append(np.sqrt(orders.var(axis=0, ddof=1).mean()))
    slope = np.log(deviations[2] / deviations[0]) / np.log(SIZES[2] / SIZES[0])
    error = np.sqrt(2 / (2 * DAYS * (seeds_count - 1))) / np.log(SIZES[2] / SIZES[0])
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


@pytest.fixture(scope="module")
def runs() -> dict[int, np.ndarray]:
    """Measures by size: 4 worlds of 4 run seeds, (runs, measures)."""
    return {
        buyers: np.array(
            [
                [run[name] for name in MEASURES]
                for world in range(4)
                for run in runs_of(buyers, world, 4)
            ]
        )
        for buyers in SIZES
    }


BIASED = {
    "subsidy_fen": "likely: less than one coupon, of 1 / N of the pool, is left over in a purse",
    "top10_share": "likely: follows drawn for few buyers are uneven, by a bias of 1 / N",
}
"""Measures whose means move with the sample, by 2.5 and 3.5 % from 5,000 buyers to 80,000."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "measure",
    [
        pytest.param(name, marks=pytest.mark.xfail(reason=BIASED[name])) if name in BIASED else name
        for name in MEASURES
    ],
)
def test_samples_of_any_size_have_the_same_means(runs, measure):
    """5, 20 and 80 thousand buyers of the whole market, paired by world and seed: within 4 SE.

    Anchors, goods and their draws are those of the pair, so that only the sample differs.
    """
    column = MEASURES.index(measure)
    whole = runs[SIZES[-1]][:, column]
    for buyers in SIZES[:-1]:
        ratio = runs[buyers][:, column] / whole
        near(ratio.mean(), 1.0, ratio.std(ddof=1) / np.sqrt(ratio.size))


def runs_of(buyers: int, world: int, seeds_count: int):
    """Runs of a month of the market of 2020 under the policy of its first half."""
    asked = case(f"scale.buyers_count={buyers}", f"world_seed={world + 1}", days=DAYS)
    return [simulate(with_run_seed(asked, run_seed)).run for run_seed in range(seeds_count)]
