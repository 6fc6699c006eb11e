"""Paired differences against closed forms."""

import math

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


def test_common_luck_shrinks_the_variance_of_the_fake_market() -> None:
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


def test_policies_without_common_luck_are_refused() -> None:
    years = [year("old", 0, gini=1), year("new", 1, gini=1)]
    with pytest.raises(InputError, match="shares no world"):
        paired(years, "old", ["gini"])
