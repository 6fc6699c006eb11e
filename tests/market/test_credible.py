"""What an economist would doubt first, in the best calibrated world: at scale=laptop."""

from functools import cache

import numpy as np
import pytest

from engine.case import RunResult
from engine.market.run import simulate
from tests.worlds import case

pytestmark = pytest.mark.slow

POLICIES = ("laissez_faire", "h1_2020", "double_ten_billion")
MOST = 0.40
"""Of serious looks, those that may end in a purchase: buyers must have something left to decide."""


@cache
def year(policy: str, world_seed: int = 1) -> RunResult:
    """A year of the default scenario in one of its populations."""
    return simulate(
        case(f"policy={policy}", "scale=laptop", f"world_seed={world_seed}", run_seed=world_seed)
    )


def by_month(run: RunResult, column: np.ndarray) -> np.ndarray:
    """Sums of a column of days over the calendar months of 2020, (12, ...)."""
    first = np.datetime64("2020-01-01")
    months = (first + np.arange(len(column))).astype("datetime64[M]").astype(int) % 12
    return np.array([column[months == month].sum(axis=0) for month in range(12)])


@pytest.mark.parametrize("policy", POLICIES)
def test_most_serious_looks_end_without_a_purchase(policy):
    """In every month, on followed streams and on the feed: what a coupon can still move."""
    run = year(policy)
    orders = by_month(run, run.segments["orders_count"].sum(axis=(1, 2)))
    feed = by_month(run, run.daily["feed_looks_count"])
    looks = np.stack([by_month(run, run.daily["looks_count"]) - feed, feed], axis=1)
    assert (orders / looks).max() < MOST


def test_buyers_answer_to_the_price_of_everything_all_year():
    """A market that no price moves any more has sold to everybody at whatever price."""
    market = year("laissez_faire").monthly["market_elasticity"]
    assert market.max() < -0.5
    assert np.ptp(market) < 1.0
