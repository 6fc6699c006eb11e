"""What works against levers of supply and of the feed: each force by its own equation, in a market.

Off by a value of 0 and by the switch of its mechanism, each is here at work.
"""

import numpy as np
import pytest

from engine.market.learning import learn
from engine.market.run import simulate
from engine.population.suppliers import draw_goods, draw_suppliers
from engine.rules.closed_loop import IN_SHOP
from tests.closed_forms.worlds import ALIKE, FIXED_PRICES, hold_slot, near, only, open_market, size
from tests.market.test_determinism import same
from tests.worlds import case

FORCES = {
    "m03_adoption": ("suppliers.adverse_selection", "platform.recruiting_cost_power"),
    "m05_library": ("suppliers.library_mismatch", "suppliers.library_exit"),
    "m11_closed_loop": ("suppliers.loop_exit_per_day",),
    "m13_festivals": ("calendar.coupon_draw",),
    "m18_activity": ("users.ad_aversion",),
    "m19_ads": ("platform.ad_burden",),
    "m20_inclusive_feed": ("attention.variety",),
}
SUPPLIERS, DAYS = 4000, 120
MANY = (*ALIKE, *FIXED_PRICES, *only("domestic"), *size(5), f"scale.suppliers_count={SUPPLIERS}")


@pytest.mark.parametrize("path", [path for paths in FORCES.values() for path in paths])
def test_every_force_moves_the_market(path):
    policy = (
        "policy=all_levers",
        "policy.supply.closed_loop=0.9",
        "scale.buyers_count=500",
        "scale.anchors_count=50",
    )
    with_it = simulate(case(*policy, f"scenario.{path}=0.5", days=90))
    without = simulate(case(*policy, f"scenario.{path}=0", days=90))
    assert not same(with_it, without)


def joined(*overrides: str) -> np.ndarray:
    """Suppliers on the platform at the end of each day, as a share."""
    days = simulate(case(*MANY, *overrides, days=DAYS)).daily
    return np.asarray(days["joined_domestic_count"]) / SUPPLIERS


def test_an_open_library_slows_joining_and_speeds_leaving():
    """Exponential laws at h / (1 + e o) and l (1 + e o), o the mean openness over tiers."""
    unease, hazard, leave, days = 1 + 2.0 * 0.5, 0.02, 0.01, np.arange(DAYS)
    opened = (
        "policy.supply.library_open={head:0.2,waist:0.4,tail:0.9}",
        "scenario.suppliers.library_exit=2",
    )
    share = joined(
        *opened,
        "scenario.suppliers.domestic.joined_share=0",
        f"scenario.suppliers.domestic.adoption_per_day={hazard}",
    )
    expected = 1 - np.exp(-hazard / unease * days)
    near(share, expected, np.sqrt(expected * (1 - expected) / SUPPLIERS) + 1e-9)
    share = joined(*opened, f"scenario.suppliers.domestic.exit_per_day={leave}")
    expected = np.exp(-leave * unease * days)
    near(share, expected, np.sqrt(expected * (1 - expected) / SUPPLIERS) + 1e-9)


def test_who_lives_elsewhere_leaves_a_closed_shop():
    """Of a share who link out a part is made to sell here, and leaves at per_day * strictness."""
    external, strictness, per_day = 0.6, 0.5, 0.04
    share = joined(
        f"scenario.suppliers.domestic.external_share={external}",
        f"policy.supply.closed_loop={strictness}",
        "scenario.suppliers.refuse_share=0",
        f"scenario.suppliers.loop_exit_per_day={per_day}",
    )
    caught = external * strictness
    expected = 1 - caught + caught * np.exp(-per_day * strictness * np.arange(DAYS))
    near(share, expected, np.sqrt(expected * (1 - expected) / SUPPLIERS) + 2e-3)
    assert share[-1] < 1 - 0.8 * caught


def test_goods_of_the_library_disappoint():
    """Quality * (1 - mismatch * openness of the tier); not of what an anchor's supplier makes."""
    market = open_market(
        case(
            "scenario.suppliers.library_mismatch=0.5",
            "policy.supply.library_open={head:0.2,waist:0.6,tail:1}",
        )
    )
    market.open_slot()
    world, streams = market.world, market.streams
    regular = slice(0, world.anchors.guests_from)
    own = streams.supplier[regular] == world.anchors.own_supplier[regular, None]
    openness = np.array([0.2, 0.6, 1.0])[world.anchors.tier[regular]]
    expected = market.scratch.appraisal.quality[streams.good[regular]]
    expected = np.where(own, expected, expected * (1 - 0.5 * openness[:, None]))
    shown = np.arange(streams.good.shape[1]) < streams.shown[regular, None]
    assert np.allclose(streams.quality[regular][shown], expected[shown], rtol=1e-6)
    assert 0.005 < own[shown].mean() < 0.995


def test_who_joins_late_is_the_worse():
    """Quality falls by selection * (quantile of the threshold - share there at first), if > 0."""
    goods = {}
    for selection in (0.0, 0.2):
        scenario = case(f"scenario.suppliers.adverse_selection={selection}").scenario
        suppliers = draw_suppliers(scenario, 500, 1)
        goods[selection] = draw_goods(scenario, suppliers, 6, 1)
    late = 1 - np.exp(-suppliers.threshold) - (1 - np.exp(-suppliers.hazard))
    late[np.array(scenario.kinds_that("comes_with_partner"))[suppliers.kind]] = 0
    late[suppliers.guests_from :] = 0
    worse = 0.2 * np.maximum(late, 0)[goods[0.0].supplier]
    unclipped = (goods[0.0].quality < 1) & (goods[0.2].quality > 0)
    fall = goods[0.0].quality.astype(float) - goods[0.2].quality
    assert np.allclose(fall[unclipped], worse[unclipped], atol=1e-6)
    assert (worse > 0.05).any()
    assert (worse == 0).any()


def test_recruiting_is_paid_by_factor_to_the_power():
    """The same suppliers join; what they cost is 3^power as much."""
    costs = [
        simulate(
            case(
                *MANY,
                "scenario.suppliers.domestic.joined_share=0",
                "scenario.suppliers.domestic.adoption_per_day=0.005",
                "policy.supply.recruiting=3",
                f"scenario.platform.recruiting_cost_power={power}",
                days=30,
            )
        ).run["recruiting_fen"]
        for power in (0, 1, 2)
    ]
    assert costs[0] > 0
    assert costs[1] == pytest.approx(3 * costs[0], rel=1e-6)
    assert costs[2] == pytest.approx(9 * costs[0], rel=1e-6)


def test_ads_enter_prices_like_a_fee():
    """A price at rest with ads of 4 % of GMV, half counted, is that with a commission of 2 %."""
    world = (*ALIKE, *only("domestic"), *size(50), "scenario.suppliers.repricing_speed=1")
    fees = ("scenario.suppliers.domestic.commission_share=0.02",)
    burdened = open_market(case(*world, "scenario.platform.ad_burden=0.5"))
    burdened.state.platform.ads_share = 0.04
    charged = open_market(case(*world, *fees, "scenario.platform.ad_burden=0.5"))
    for market in (burdened, charged):
        market.open_slot()
    assert burdened.state.sellers.price == pytest.approx(charged.state.sellers.price, rel=1e-12)


def test_ads_lower_what_sellers_believe(monkeypatch):
    """Belief moves by what ads leave of sales: 1 - burden * ads / margin."""
    monkeypatch.setattr(learn, "_FIRST_DAYS", -1)
    beliefs = []
    for share in (0.0, 0.25):
        market = open_market(
            case(
                *ALIKE,
                *only("domestic"),
                *size(200),
                "scenario.suppliers.belief_speed=0.1",
                "scenario.suppliers.domestic.expected_sales_rmb=3000",
                "scenario.platform.ad_burden=1",
            )
        )
        market.state.platform.ads_of_margin = share * 14 / 13  # a fourteenth fades today
        market.run_day()
        beliefs.append(market.state.sellers.belief[2] - 0.9)
    assert beliefs[0] > 0
    assert beliefs[1] == pytest.approx(0.75 * beliefs[0])


@pytest.mark.parametrize("anchors", [1, 2, 5])
def test_a_feed_of_few_streams_bores(anchors):
    """Of visits to a feed of n streams alike n / (n + wanted) are serious looks."""
    market = open_market(
        case(
            *ALIKE,
            *FIXED_PRICES,
            *only("source"),
            *size(40_000, anchors=anchors),
            "scenario.attention.variety=3",
        )
    )
    looks = len(hold_slot(market))
    visits = market.scratch.slot_totals[0].visits.sum()
    expected = anchors / (anchors + 3)
    near(looks / visits, expected, np.sqrt(expected * (1 - expected) / visits))


def test_who_is_made_to_sell_here_is_in_the_shop():
    """What the loop's hazard reads: external suppliers whom the gate lets not out."""
    market = open_market(case("policy.supply.closed_loop=1", "scenario.suppliers.refuse_share=0"))
    market.open_slot()
    assert (market.state.sellers.listing == IN_SHOP).all()
