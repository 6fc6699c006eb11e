"""The invariants of the market, on every day, whatever the policy, population and seeds."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.accounts import Account
from engine.market import day as order_of_the_day
from engine.market import slot as slots
from engine.market.pacing.controls import begin_day_of_year
from tests.closed_forms.worlds import open_market
from tests.worlds import case

DAYS = 6
A = Account

policies = st.fixed_dictionaries(
    {
        "policy.subsidy.budget_bn_rmb": st.sampled_from([0, 0.001, 0.05, 1, 1000]),
        "policy.subsidy.rate.source": st.sampled_from([0, 0.05, 0.5, 0.9]),
        "policy.subsidy.rate.domestic": st.sampled_from([0, 0.1, 0.9]),
        "policy.subsidy.rate.partner": st.sampled_from([0, 0.3]),
        "policy.subsidy.cap_rmb": st.sampled_from([0.01, 3, 1000]),
        "policy.subsidy.partner_share": st.sampled_from([0, 0.37, 1]),
        "policy.subsidy.partner_budget_bn_rmb": st.sampled_from([0, 0.01, 100]),
        "policy.price.cap": st.sampled_from([0.5, 0.8, 1.0]),
        "policy.price.plan_festivals_count": st.sampled_from([0, 12]),
        "policy.supply.closed_loop": st.sampled_from([0, 0.5, 1]),
        "policy.target.year_end_bn_rmb": st.sampled_from([0, 5000]),
        "policy.target.revisions": st.just("[]"),
        "scenario.suppliers.partner_date": st.just("2020-01-02"),
        "scenario.suppliers.domestic.capacity_units": st.sampled_from([10, 20_000, 10_000_000]),
        "scenario.suppliers.source.capacity_units": st.sampled_from([50_000, 10_000_000]),
        "scale.buyers_count": st.sampled_from([50, 2_000, 9_000]),
        "world_seed": st.integers(0, 5),
    }
)

FESTIVAL = (
    "scenario.calendar.festivals=[{name: f, start: 2020-01-02, end: 2020-01-04, traffic: 2,"
    " attention: 1.5, plan: true}]"
)


class Watch:
    """Runs a market day by day and checks what must hold in every slot."""

    def __init__(self, asked, monkeypatch) -> None:
        self.market = market = open_market(asked)
        market.scratch.is_fused = False  # looked at between the steps
        begin_day_of_year(market.world, market.plan, market.state.platform, 0)
        platform = market.state.platform
        self.purses = np.array([platform.own_purse, platform.partner_purse], np.int64)
        self.coupons = np.zeros(2, np.int64)
        run_slot = slots.run_slot

        def watched(world, state, scratch, today, purse, slot):
            stock = state.sellers.stock.copy()
            totals, claimed = run_slot(world, state, scratch, today, purse, slot)
            self.check_slot(totals, purse, stock, today[0])
            return totals, claimed

        monkeypatch.setattr(order_of_the_day, "run_slot", watched)

    def check_slot(self, totals, purse, stock, levers) -> None:
        ledger = totals.ledger
        paid, coupons = (
            ledger[..., A.PAID],
            ledger[..., A.OWN_COUPON] + ledger[..., A.PARTNER_COUPON],
        )
        given = ledger[..., A.SUPPLIER] + ledger[..., A.COMMISSION] + ledger[..., A.TAKE]
        # Money is conserved to the fen, in every segment; so is what comes back.
        assert np.array_equal(paid + coupons, given)
        assert np.array_equal(ledger[..., A.GMV], given)
        back = A.RETURNED - A.ORDERS
        refunded = ledger[..., back + A.PAID] + ledger[..., back + A.OWN_COUPON]
        assert np.array_equal(
            refunded + ledger[..., back + A.PARTNER_COUPON],
            ledger[..., back + A.SUPPLIER]
            + ledger[..., back + A.COMMISSION]
            + ledger[..., back + A.TAKE],
        )
        assert np.all(ledger[..., back + A.GMV] <= ledger[..., A.GMV])
        assert np.all(ledger >= 0)
        # Coupons stay within the slot's purses, and those within the budget.
        spent = ledger[..., [A.OWN_COUPON, A.PARTNER_COUPON]].sum(axis=(0, 1, 2, 3))
        assert np.all(spent <= purse)
        self.coupons += spent
        assert np.all(self.coupons <= self.purses)
        self.check_stock(totals, stock)
        self.check_caps(levers)

    def check_stock(self, totals, stock) -> None:
        """Nobody sells more than it has: count the looks that bought, by supplier."""
        market = self.market
        sold = np.zeros(stock.size, np.int64)
        for looks, n in zip(market.scratch.looks, market.scratch.looks_count, strict=True):
            bought = looks[:n][looks[:n]["choice"] < market.world.scale.showcase_count]
            anchor, j = bought["anchor"], bought["choice"]
            inside = ~market.streams.links_out[anchor, j]
            np.add.at(sold, market.streams.supplier[anchor[inside], j[inside]], 1)
        assert sold.sum() == totals.ledger[..., A.ORDERS].sum()
        assert np.all(sold * market.world.weight <= stock)
        short = np.minimum(totals.demand, stock // market.world.weight)
        assert np.array_equal(sold, short)  # and no wish is lost while there is stock

    def check_caps(self, levers) -> None:
        market, streams = self.market, self.market.streams
        places = np.arange(streams.good.shape[1]) < streams.shown[:, None]
        if not levers.plan_day:
            assert not streams.capped[places].any()
            return
        member = market.state.sellers.in_plan[streams.supplier] & places
        ceiling = market.world.goods.elsewhere[streams.good] * levers.price_cap_bp // 10_000
        assert np.all(streams.price[member] <= np.maximum(ceiling[member], 1))

    def run(self) -> None:
        for _ in range(DAYS):
            self.market.run_day()


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(levers=policies, run_seed=st.integers(0, 2**63 - 1))
def test_money_budget_stock_and_caps_hold_in_every_slot(levers, run_seed):
    asked = case(*(f"{k}={v}" for k, v in levers.items()), FESTIVAL, days=DAYS, run_seed=run_seed)
    with pytest.MonkeyPatch.context() as patch:
        watch = Watch(asked, patch)
        watch.run()
    daily = watch.market.daily
    assert np.all(np.diff(daily["gmv_paid_cumulative_fen"]) >= 0)
    assert np.all(daily["orders_count"] <= daily["looks_count"])
    assert np.all(daily["looks_count"] <= daily["sessions_count"])


def test_coupons_and_stock_do_run_out_in_this_suite(monkeypatch):
    """The property above would be empty if nothing ever bound."""
    asked = case(
        "policy.subsidy.budget_bn_rmb=40",
        "policy.subsidy.rate.source=0.9",
        "policy.subsidy.cap_rmb=1000",
        "scenario.suppliers.source.capacity_units=4000",
        days=DAYS,
    )
    watch = Watch(asked, monkeypatch)
    watch.run()
    assert watch.market.daily["refused_coupons_count"].sum() > 0
    assert watch.market.daily["stock_outs_count"].sum() > 0
    assert watch.coupons[0] > 0
