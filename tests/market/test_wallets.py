"""Wallets fill day by day, so that the first of a month is a day like any other."""

import numpy as np
import pytest

from engine.jit import kernel
from engine.market.run import simulate
from engine.market.sessions.terms import budget_now
from tests.closed_forms.worlds import open_market
from tests.market.months import first_days_over_last
from tests.worlds import case

POLICIES = ("laissez_faire", "h1_2020", "double_ten_billion")


@kernel
def wallets(buyers, context, tastes, out):
    for i in range(out.size):
        out[i] = budget_now(buyers, i, context, tastes)


def wallets_of(market, day: int) -> np.ndarray:
    """Fen in every wallet on a day on which nobody has bought since the first."""
    context = market.open_slot()._replace(day=np.int64(day))
    out = np.zeros(market.state.buyers.person.size, np.int64)
    wallets(market.state.buyers, context, market.world.tastes, out)
    return out


def test_a_wallet_gains_a_thirtieth_of_its_income_a_day_up_to_its_size():
    market = open_market(
        case("scenario.buyers.initial_wallet=0.5", "scenario.buyers.newcomers_share=0", days=1)
    )
    income = 100 * market.state.buyers.person["income"].astype(np.int64)
    size = market.world.scenario.buyers.wallet_days
    first = wallets_of(market, 0)
    filled = first / (income * size / 30)
    assert 0.49 < filled.min() < 0.52
    assert 0.98 < filled.max() <= 1
    assert filled.mean() == pytest.approx(0.75, abs=0.02)
    for days in (1, 7, 40):
        expected = np.minimum(first + income * days / 30, income * size / 30)
        assert np.abs(wallets_of(market, days) - expected).max() <= 2  # whole fen


def test_the_level_scales_every_wallet():
    one, two = (
        open_market(case(f"scenario.buyers.wallet_level={level}", days=1)) for level in (1, 2)
    )
    incomes = [m.state.buyers.person["income"].astype(float) for m in (one, two)]
    inner = incomes[1] < 20_000
    assert np.abs(incomes[1] - 2 * incomes[0])[inner].max() <= 2


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
def test_the_first_days_of_a_month_are_like_the_last_of_the_month_before(policy):
    """Mean of the first five days over the last five before, outside festivals: .9 to 1.15."""
    asked = case(f"policy={policy}", "scale=laptop", "scale.buyers_count=10000")
    runs = [simulate(asked), simulate(case(f"policy={policy}", "scale=laptop", run_seed=2))]
    ratios = first_days_over_last(runs, asked.scenario.calendar)
    assert len(ratios) == 10
    assert all(0.9 <= ratio <= 1.15 for ratio in ratios.values()), ratios
