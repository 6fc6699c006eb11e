"""What 64 bits cannot hold is refused before a run; what is let through stays below its bound."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from engine.checks import check_job
from engine.errors import PoquanError
from engine.market import terms
from engine.market.run import simulate
from engine.market.sessions import responses
from engine.market.supply import trade
from engine.overflow import DEAREST, EVERY, MOST, MOST_INCOME_RMB, MOST_VISITS, _bounds_of
from tests.properties.test_stress import SMALL, check_run
from tests.properties.worlds import BASE, POLICIES, SCENARIO, case_of, policy_at, scenario_at
from tests.worlds import job

LARGE = dict.fromkeys(("platform.pool_count", "buyers.visits_per_day"), "high")
LIMITING = sorted(
    path
    for path in SCENARIO
    if path.startswith(("platform.load", "platform.recruiting", "buyers.", "choice.", "returns."))
    or path.endswith(("price_rmb", "cost_share", "price_log_sd", "head_discount", "cost_cut"))
)
LEVERS = ("subsidy.cap_rmb", "traffic.commercial_load", "target.recruiting_push",
          "supply.recruiting", "price.cap", "subsidy.budget_bn_rmb")  # fmt: skip
ends = st.sampled_from(["low", "high"])


def test_the_limits_of_the_kernels_are_those_of_the_bounds():
    assert MOST_VISITS == terms._MOST_SESSIONS
    assert DEAREST == trade._DEAREST
    assert EVERY == responses._EVERY
    assert MOST_INCOME_RMB[1] == 2**16 - 1  # a buyer's income is kept in 16 bits


def check_below_bounds(asked) -> None:
    """Sums as whole numbers of Python, which never overflow, stay below what was predicted."""
    found = simulate(asked)
    sales, _, recruiting = _bounds_of(asked.scenario, [asked.policy])
    for name in ("gmv_fen", "elsewhere_fen", "gmv_paid_fen"):
        assert 0 <= sum(found.daily[name].tolist()) <= sales.value, name
    assert 0 <= sum(found.daily["recruiting_fen"].tolist()) <= recruiting.value


@settings(max_examples=8, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])  # fmt: skip
@given(
    changed=st.dictionaries(st.sampled_from(LIMITING), ends, max_size=6),
    moved=st.dictionaries(st.sampled_from(LEVERS), ends, max_size=4),
    name=st.sampled_from(POLICIES),
    horizon=st.sampled_from(["one day", "around New Year", "a festival"]),
)
def test_the_largest_markets_that_are_let_through_stay_below_their_bounds(
    changed, moved, name, horizon
):
    scenario, policy = scenario_at(LARGE | changed), policy_at(name, moved)
    assume(scenario is not None and policy is not None)
    asked = case_of(scenario, policy, SMALL | {"buyers_count": 30}, horizon, 1)
    assume(all(bound.value <= MOST for bound in _bounds_of(asked.scenario, [policy])))
    check_run(asked)
    check_below_bounds(asked)


THREE_YEARS = ("scenario.calendar.end=2022-12-31", "scenario.buyers.visits_per_day=20",
               "scenario.choice.price=50")  # fmt: skip


def is_refused(*words: str) -> str:
    try:
        check_job(job(*words))
    except PoquanError as error:
        return str(error)
    return ""


def test_the_first_market_that_could_overflow_is_refused_and_the_last_below_runs():
    low, high = 1_000_000, 2_000_000_000
    while high - low > 1:
        middle = (low + high) // 2
        told = is_refused(*THREE_YEARS, f"scenario.platform.pool_count={middle}")
        low, high = (low, middle) if told else (middle, high)
    said = is_refused(*THREE_YEARS, f"scenario.platform.pool_count={high}")
    for words in ("scenario.platform.pool_count: ", f"{high:,} people", "64 bits", "allowed:",
                  "remedy:"):  # fmt: skip
        assert words in said
    assert said.count("remedy:") == 1
    scenario = job(*THREE_YEARS, f"scenario.platform.pool_count={low}").scenario
    check_below_bounds(case_of(scenario, BASE.policy, SMALL, "one day", 1))


COSTLY = ("scenario.platform.recruiting_cost_rmb=1e11", "policy.supply.recruiting=20")


def test_recruiting_that_could_overflow_is_refused_and_less_is_whole_fen():
    costly = (*COSTLY, "policy.target.recruiting_push=20")
    said = is_refused(*costly, "scenario.platform.recruiting_cost_power=5")
    assert "scenario.platform.recruiting_cost_rmb: " in said
    assert "420 times as fast" in said
    assert not is_refused(*COSTLY, "scenario.platform.recruiting_cost_power=2")
    asked = job(*COSTLY, "scenario.platform.recruiting_cost_power=2")
    check_below_bounds(case_of(asked.scenario, asked.policy, SMALL, "a festival", 1))


@pytest.mark.parametrize("words", [
    (), ("scenario=pinduoduo_2019", "policy=pinduoduo_2019"),
    ("scenario.calendar.end=2022-12-31",), ("policy=all_levers",),
    ("scenario.platform.pool_count=2000000000",),
])  # fmt: skip
def test_markets_of_any_platform_s_size_are_let_through(words):
    assert is_refused(*words) == ""


def test_what_a_search_may_try_counts_as_well():
    from hydra import compose, initialize_config_dir

    from engine.config import load
    from engine.spec.optimize import OptimizeJob
    from tests.worlds import CONF

    words = ["scenario.platform.recruiting_cost_rmb=1e11",
             "scenario.platform.recruiting_cost_power=5"]  # fmt: skip
    wide = "+space.levers.supply.recruiting={low: 0, high: 20}"
    with initialize_config_dir(str(CONF), version_base="1.3"):
        known = load(compose("optimize", words), OptimizeJob)
        searched = load(compose("optimize", [*words, wide]), OptimizeJob)
    check_job(known)
    with pytest.raises(PoquanError, match="recruiting_cost_rmb"):
        check_job(searched)
