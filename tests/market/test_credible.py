"""What an economist would doubt first, in the best calibrated world: at scale=laptop."""

from functools import cache

import numpy as np
import pytest

from engine.case import RunResult
from engine.cases import cases
from engine.market.run import simulate
from tests.market.months import conversions
from tests.worlds import case, job

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


@pytest.mark.parametrize("policy", POLICIES)
def test_most_serious_looks_end_without_a_purchase(policy):
    """In every month, on followed streams and on the feed: what a coupon can still move."""
    assert conversions(year(policy)).max() < MOST


def test_buyers_answer_to_the_price_of_everything_all_year():
    """A market that no price moves any more has sold to everybody at whatever price."""
    market = year("laissez_faire").monthly["market_elasticity"]
    assert market.max() < -0.5
    assert np.ptp(market) < 1.0


def test_whether_a_high_goal_is_reached_is_neither_sure_nor_impossible():
    """Of 350 bn RMB without a policy, over the plausible worlds: what nobody knew in January.

    In one world alone it is one or the other: the year's shocks move sales by three or four per
    cent, and the default world sells some 300 bn.
    """
    asked = job("policy=laissez_faire", "scale=laptop", "ensemble=plausible", "replications=1")
    sold = [simulate(one).run["gmv_paid_fen"] for one in cases(asked, [asked.policy])]
    assert 0.05 < np.mean(np.array(sold) >= 350e11) < 0.95
