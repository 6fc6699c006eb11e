"""Suppliers join and leave under constant hazards: exponential laws; recruiting brings more.

With belief and plan at rest the hazard of model section M3 is a constant h, so that a
supplier that has not joined yet survives a day with probability exp(-h); Cox & Oakes,
Analysis of Survival Data, 1984, ch. 1. Cumulating the hazard leaves no discrete-step error.
"""

from itertools import pairwise

import numpy as np
import pytest

from engine.market.run import simulate
from tests.closed_forms.worlds import (
    ALIKE,
    FIXED_PRICES,
    KINDS,
    near,
    only,
    open_market,
    run_days,
    size,
)
from tests.worlds import case

SUPPLIERS, DAYS = 4000, 120
WORLD = (*ALIKE, *FIXED_PRICES, *size(5), f"scale.suppliers_count={SUPPLIERS}")


@pytest.mark.parametrize(
    ("kind", "at_first", "hazard", "recruiting"),
    [("source", 0.3, 0.004, 1.0), ("multinational", 0.0, 0.01, 2.0), ("partner", 0.1, 0.02, 0.5)],
)
def test_the_joined_share_is_exponential(kind, at_first, hazard, recruiting):
    """Joined on day t: 1 - (1 - j_0) exp(-h rho t); within 4 SE of a binomial on every day."""
    year = simulate(
        case(
            *WORLD,
            *only(kind),
            f"scenario.suppliers.{kind}.joined_share={at_first}",
            f"scenario.suppliers.{kind}.adoption_per_day={hazard}",
            f"policy.supply.recruiting={recruiting}",
            days=DAYS,
        )
    )
    share = year.daily[f"joined_{kind}_count"] / SUPPLIERS
    expected = 1 - (1 - at_first) * np.exp(-hazard * recruiting * np.arange(DAYS))
    errors = np.sqrt(expected * (1 - expected) / SUPPLIERS)
    near(share, expected, errors + 1e-9)
    assert np.all(np.diff(share) >= 0)


@pytest.mark.parametrize(("at_first", "leave"), [(1.0, 0.01), (0.4, 0.02)])
def test_who_joined_leaves_by_a_second_exponential_law(at_first, leave):
    """Here on day t: sum over joining days k of P(join on k) exp(-h' (t - k)); none returns.

    P(join on 0) = j_0, on k: (1 - j_0) (exp(-h (k - 1)) - exp(-h k)). Two independent
    exponential lives in turn: Cox & Oakes 1984, ch. 1.
    """
    hazard, days = 0.01, np.arange(DAYS)
    year = simulate(
        case(
            *WORLD,
            *only("domestic"),
            f"scenario.suppliers.domestic.joined_share={at_first}",
            f"scenario.suppliers.domestic.adoption_per_day={hazard}",
            f"scenario.suppliers.domestic.exit_per_day={leave}",
            days=DAYS,
        )
    )
    joins = np.diff(1 - (1 - at_first) * np.exp(-hazard * days), prepend=0.0)
    expected = np.array(
        [(joins[: t + 1] * np.exp(-leave * (t - days[: t + 1]))).sum() for t in days]
    )
    errors = np.sqrt(expected * (1 - expected) / SUPPLIERS)
    near(year.daily["joined_domestic_count"] / SUPPLIERS, expected, errors + 1e-9)


def test_more_recruiting_never_loses_a_supplier():
    """The set of joined suppliers grows with recruiting: one threshold each, free of chance."""
    joined = []
    for recruiting in (0, 0.5, 1, 3):
        market = run_days(
            case(
                *WORLD,
                *(f"scenario.suppliers.{kind}.count_share=0.2" for kind in KINDS),
                *(f"scenario.suppliers.{kind}.joined_share=0.2" for kind in KINDS),
                *(f"scenario.suppliers.{kind}.adoption_per_day=0.01" for kind in KINDS),
                f"policy.supply.recruiting={recruiting}",
                days=40,
                run_seed=1 + int(recruiting),
            )
        )
        joined.append(market.state.sellers.joined[:SUPPLIERS].copy())
    for fewer, more in pairwise(joined):
        assert np.all(more[fewer])
        assert more.sum() > fewer.sum() + 100


def test_without_hazard_nobody_joins_after_the_first_day():
    """j_t = j_0: the first day's share stays."""
    world = (*WORLD, *only("source"), "scenario.suppliers.source.joined_share=0.25")
    asked = case(*world, "scenario.suppliers.source.adoption_per_day=0", days=20)
    counts = simulate(asked).daily["joined_source_count"]
    assert np.all(counts == counts[0])
    threshold = open_market(asked).world.suppliers.threshold[:SUPPLIERS]
    assert counts[0] == np.sum(threshold <= -np.log(0.75))
