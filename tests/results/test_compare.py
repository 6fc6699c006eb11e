"""Paired differences against closed forms."""

import math
from typing import Any

import numpy as np
import pytest

from engine.case import RunResult
from engine.compare import INCREMENTAL, paired
from engine.errors import InputError
from engine.results.schemas import COLUMNS
from engine.stats.intervals import mean_interval, ratio_interval
from tests.fakes import simulate_fake, small_case, small_policy

T3 = 3.182446305  # two-sided 95 % of Student's t with 3 degrees of freedom


def year(policy: str, replication: int, **run: float) -> RunResult:
    filled = {"gmv_paid_fen": 0, "subsidy_fen": 0, "target_fen": 0, "target_attained": 0} | run
    labels = {"policy": policy, "world": "as_is", "replication": replication, "seed": replication}
    labels["population"] = replication
    return RunResult(labels=labels, run=filled, daily={}, monthly={})


def pairs(a: list[float], b: list[float], measure: str = "gini") -> list[RunResult]:
    return [
        year(name, replication, **{measure: value})
        for name, values in (("new", a), ("old", b))
        for replication, value in enumerate(values)
    ]


def test_the_interval_of_a_mean_is_students() -> None:
    found = mean_interval(np.array([1.0, 2.0, 3.0, 4.0]))
    error = math.sqrt(5 / 3) / 2
    assert found == pytest.approx((2.5, error, 2.5 - T3 * error, 2.5 + T3 * error))


def test_a_difference_is_taken_within_pairs() -> None:
    # b is 10 below a up to (0, 1, 0, -1): the common swing must not count as noise.
    row = paired(pairs([10, 21, 30, 39], [0, 10, 20, 30]), "old", ["gini"])[0]
    error = math.sqrt(2 / 3) / 2
    assert row["mean"] == 25
    assert row["baseline_mean"] == 15
    assert row["difference"] == 10
    assert row["standard_error"] == pytest.approx(error)
    assert row["ci_low"] == pytest.approx(10 - T3 * error)
    assert row["ci_high"] == pytest.approx(10 + T3 * error)
    assert row["pairs_count"] == 4
    var_a, var_b = np.var([10, 21, 30, 39], ddof=1), np.var([0, 10, 20, 30], ddof=1)
    assert row["variance_reduction"] == pytest.approx((var_a + var_b) / (2 / 3))


def test_pairs_are_matched_by_key_and_not_by_order() -> None:
    years = pairs([10, 20, 30], [0, 10, 20])
    assert paired(years[::-1], "old", ["gini"])[0]["standard_error"] == 0


def test_one_pair_has_a_difference_and_no_interval() -> None:
    row = paired(pairs([3], [1]), "old", ["gini"])[0]
    assert row["difference"] == 2
    assert row["standard_error"] is row["ci_low"] is row["variance_reduction"] is None


def crossed(policy: str, table: list[list[float]], populations: list[int]) -> list[RunResult]:
    """Years of a worlds x replications table."""
    years = []
    for w, row in enumerate(table):
        for r, value in enumerate(row):
            one = year(policy, r, gini=value)
            one.labels.update(world=f"world_{w}", population=populations[r])
            years.append(one)
    return years


def both(new: list[list[float]], populations: list[int]) -> dict[str, Any]:
    """The row of `gini` of two policies, the baseline's all 0."""
    old = [[0.0] * len(row) for row in new]
    years = crossed("new", new, populations) + crossed("old", old, populations)
    return paired(years, "old", ["gini"])[0]


def test_worlds_of_a_replication_are_one_observation() -> None:
    # Two worlds 10 apart whose differences share the noise of four replications.
    row = both([[1, 2, 3, 4], [11, 12, 13, 14]], [0, 1, 2, 3])
    error = math.sqrt(5 / 3) / 2
    assert row["difference"] == 7.5
    assert row["standard_error"] == pytest.approx(error)
    assert row["ci_high"] == pytest.approx(7.5 + T3 * error)
    assert (row["lowest_world"], row["highest_world"]) == (2.5, 12.5)
    assert (row["pairs_count"], row["units_count"], row["worlds_count"]) == (8, 4, 2)


def test_one_replication_of_many_worlds_says_nothing_of_noise() -> None:
    row = both([[1], [5], [9]], [0])
    assert row["difference"] == 5
    assert row["standard_error"] is row["ci_low"] is row["ci_high"] is None
    assert (row["lowest_world"], row["highest_world"], row["units_count"]) == (1, 9, 1)


def test_replications_of_one_population_are_one_observation_unless_all_are() -> None:
    table = [[1.0, 5.0, 3.0, 7.0]]
    assert both(table, [0, 1, 0, 1])["units_count"] == 2
    assert both(table, [0, 1, 0, 1])["standard_error"] == pytest.approx(2)  # of 2 and 6
    assert both(table, [0, 0, 0, 0])["units_count"] == 4


def test_intervals_cover_where_worlds_share_their_random_numbers() -> None:
    """The share of intervals that hold the truth; pairs taken as independent miss it by far."""
    draw = np.random.default_rng(1)
    hits, naive, count = 0, 0, 1000
    for _ in range(count):
        run_seed = draw.normal(size=4)
        table = run_seed + 0.3 * draw.normal(size=(9, 4))
        row = both(table.tolist(), [0, 1, 2, 3])
        hits += row["ci_low"] <= 0 <= row["ci_high"]
        apart = mean_interval(table.ravel())
        assert apart.low is not None
        assert apart.high is not None
        naive += apart.low <= 0 <= apart.high
    assert hits / count == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / count))
    assert naive / count < 0.6


def test_the_incremental_ratio_is_of_mean_differences() -> None:
    years = [
        *(year("new", k, gmv_paid_fen=100 + 3 * s, subsidy_fen=s) for k, s in enumerate((8, 10))),
        *(year("old", k, gmv_paid_fen=100, subsidy_fen=0) for k in range(2)),
    ]
    row = paired(years, "old", [])[-1]
    assert row["measure"] == INCREMENTAL
    assert row["difference"] == pytest.approx(3)
    assert row["standard_error"] == pytest.approx(0, abs=1e-12)


def test_fieller_limits_solve_their_equation() -> None:
    gain, spend = np.array([31.0, 28.0, 35.0, 30.0]), np.array([10.0, 9.5, 11.0, 10.2])
    found = ratio_interval(gain, spend)
    assert found.low is not None
    assert found.high is not None
    for limit in (found.low, found.high):
        rest = gain - limit * spend
        assert abs(rest.mean()) == pytest.approx(T3 * rest.std(ddof=1) / 2)
    assert found.low < gain.mean() / spend.mean() < found.high


def test_fieller_covers_as_often_as_it_says() -> None:
    draw = np.random.default_rng(1)
    hits = 0
    for _ in range(2000):
        spend = 2 + draw.normal(size=6)
        found = ratio_interval(1.5 * spend + draw.normal(size=6), spend)
        hits += found.low is None or found.high is None or found.low <= 1.5 <= found.high
    assert 0.94 <= hits / 2000 <= 0.975  # unbounded sets cover


def test_no_difference_in_subsidy_has_no_ratio() -> None:
    row = paired(pairs([3, 4], [1, 2]), "old", [])[-1]
    assert row["difference"] is row["standard_error"] is row["ci_low"] is None


def test_spending_not_told_from_zero_has_no_limits() -> None:
    found = ratio_interval(np.array([1.0, 2.0, 3.0]), np.array([-1.0, 2.0, 0.5]))
    assert found.value is not None
    assert found.low is found.high is None


def test_common_random_numbers_shrink_the_variance_of_the_fake_market() -> None:
    years = [
        simulate_fake(small_case(small_policy(name, rate), replication=replication))
        for name, rate in (("none", 0.0), ("some", 0.1))
        for replication in range(6)
    ]
    row = paired(years, "none", ["gmv_paid_fen"])[0]
    assert row["variance_reduction"] > 5
    assert set(row) == set(COLUMNS["comparison"])


@pytest.mark.parametrize(("baseline", "measure"), [("nobody", "gini"), ("old", "beauty")])
def test_unknown_names_are_refused_with_what_is_known(baseline: str, measure: str) -> None:
    with pytest.raises(InputError, match="allowed"):
        paired(pairs([1, 2], [1, 2]), baseline, [measure])


def test_policies_without_common_random_numbers_are_refused() -> None:
    years = [year("old", 0, gini=1), year("new", 1, gini=1)]
    with pytest.raises(InputError, match="shares no world"):
        paired(years, "old", ["gini"])
