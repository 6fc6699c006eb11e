"""Users are a stock: who is driven off comes back slowly or never, one by one (M18)."""

import numpy as np
import pytest

from engine.market.run import advance, simulate
from engine.market.state import open_state
from engine.market.world import open_world
from engine.population.buyers import ENGAGEMENT_ONE
from tests.closed_forms.worlds import ALIKE, days_of, run_days
from tests.worlds import case

NO_ADS = "scenario.users.usual_ad_load=0"
"""Nobody misses ads under a policy without them."""
QUIET = (
    *ALIKE,
    NO_ADS,
    "scenario.users.load_aversion=0.3",
    "scenario.users.load_aversion_log_sd=0",
)


def test_at_the_historical_load_nobody_moves():
    market = run_days(case(*QUIET, days=20))
    assert np.all(market.state.buyers.engagement == ENGAGEMENT_ONE)
    assert market.state.platform.activity == 1.0


def test_engagement_falls_geometrically_towards_its_level():
    """g_t = level + (1 - level) (1 - 1 / leave_days)^t, level = exp(-a (l^2 - 1) / 2)."""
    asked = case(*QUIET, "policy.traffic.commercial_load=1.8", days=40)
    level = np.exp(-0.3 * (1.8**2 - 1) / 2)
    leave = asked.scenario.users.leave_days
    seen = [market.state.platform.activity for market in days_of(asked)]
    expected = level + (1 - level) * (1 - 1 / leave) ** np.arange(1, 41)
    assert np.abs(seen - expected).max() < 40 / ENGAGEMENT_ONE  # rounded every night


def test_more_ads_than_usual_weigh_like_more_load():
    """A share of the feed more weighs `ad_aversion` times as much as of commerce."""
    ads = ("policy.traffic.ad_load=0.2", "policy.traffic.ad_reserve_rmb=100000")  # none sold
    load = 1 + 0.2 * case().scenario.users.ad_aversion
    with_ads = run_days(case(*QUIET, *ads, days=40)).state.platform.activity
    with_load = run_days(case(*QUIET, f"policy.traffic.commercial_load={load}", days=40))
    assert with_ads == pytest.approx(with_load.state.platform.activity, abs=1e-6)
    assert with_ads < 0.9


def test_harm_outlasts_its_cause():
    """After a quarter of twice the load, half a year at the old one does not bring all back."""
    loads = "policy.traffic.commercial_load={2020-01-01:2.5,2020-04-01:1.0}"
    aversion = "scenario.users.load_aversion=0.1"
    loaded = case(loads, "policy=laissez_faire", NO_ADS, aversion)
    activity = simulate(loaded).daily["activity_share"]
    march, october = activity[90], activity[274]
    assert march < 0.9
    assert march < october < march + 0.7 * (1 - march)


def test_some_never_come_back():
    overrides = ("scenario.users.load_aversion=1.5", "policy=laissez_faire", NO_ADS)
    asked = case(*overrides, "policy.traffic.commercial_load={2020-01-01:3,2020-04-01:1}")
    engagement = run_days(asked).state.buyers.engagement
    gone = engagement == 0
    assert 0.02 < gone.mean() < 0.9
    back = engagement[~gone].mean() / ENGAGEMENT_ONE
    assert back < 1.0


def test_returns_beyond_the_usual_and_empty_showcases_drive_people_off():
    minds = ("policy=laissez_faire", "scenario.users.bad_purchase=0.01")
    base = simulate(case(*minds, days=120)).daily["activity_share"][-1]
    worse = {
        "returns": ("scenario.returns.base=0.9",),
        "empty": ("policy.supply.library_open={head:0,waist:0,tail:0}",),
    }
    for overrides in worse.values():
        found = simulate(case(*minds, *overrides, days=120))
        assert found.daily["activity_share"][-1] < base - 0.005


def test_who_buys_badly_comes_less_than_who_buys_well():
    """It is by buyer: those who were unlucky in returns come less often afterwards."""
    asked = case("policy=laissez_faire", "scenario.users.bad_purchase=0.01", days=60)
    world = open_world(asked.scenario, asked.scale, asked.world_seed)
    state = open_state(world, asked.run_seed)
    advance(world, asked.policy, state, asked.scenario.calendar.end)
    engagement = state.buyers.engagement / ENGAGEMENT_ONE
    assert engagement.min() < 0.97
    assert engagement.max() > 1.0
    assert engagement.std() > 0.001


@pytest.mark.parametrize("key", ["load_aversion", "bad_purchase", "nothing_to_buy"])
def test_a_share_of_users_is_refused_outside_its_range(key):
    with pytest.raises(Exception, match=key):
        case(f"scenario.users.{key}=-1", days=1)
