"""The controller on scripted markets of known gain: error paths, stability border, anti-windup.

Plain loop: the market sells y = b + k push of a target of 1 a day, and the error is the
day's; b < 1 is what sells unaided, kappa = k times a gain. Astrom & Murray, Feedback
Systems, 2008, sec. 10.4 (anti-windup); Astrom & Wittenmark, Computer-Controlled Systems,
3rd ed. 1997, ch. 3 (poles of sampled loops, Jury's criterion).
"""

from types import SimpleNamespace

import numpy as np
import pytest

from engine.market.pacing.controls import begin_day_of_year, set_controls
from tests.closed_forms.worlds import ALIKE, open_market, size
from tests.worlds import case


def market_with(proportional: float, integral: float, *overrides: str):
    """A market whose controller has these gains, and a purse."""
    market = open_market(
        case(
            *ALIKE,
            *size(1),
            "policy.subsidy.budget_bn_rmb=1",
            f"policy.target.proportional_gain={proportional}",
            f"policy.target.integral_gain={integral}",
            *overrides,
            days=1,
        )
    )
    begin_day_of_year(market.world, market.plan, market.state.platform, 0)
    return market


def push_at(market, sold: float, target: float) -> float:
    """The push of one morning."""
    market.state.platform.year_paid_fen = sold
    today = market.plan.on(0)._replace(target_before_fen=target, weight=1.0, weight_left=1.0)
    plan = SimpleNamespace(policy=market.plan.policy, on=lambda _: today)
    return set_controls(market.world, plan, market.state, market.scratch, today.levers).push


def error_path(market, base: float, gain: float, days: int, first: float | None = None):
    """Errors of the plain loop, from an error `first` (unaided sales by default)."""
    sold, errors = (base if first is None else 1 - first), []
    for _ in range(days):
        errors.append(max(0.0, 1 - sold))
        sold = base + gain * push_at(market, sold, 1.0)
    return np.array(errors)


@pytest.mark.parametrize("kappa", [0.3, 0.9])
def test_proportional_error_path(kappa):
    """e_t = e* + (-kappa)^t (e_0 - e*), e* = (1 - b) / (1 + kappa): an offset stays."""
    base, gain = 0.8, 0.25
    seen = error_path(market_with(kappa / gain, 0), base, gain, 60)
    rest = (1 - base) / (1 + kappa)
    expected = rest + (-kappa) ** np.arange(60) * (1 - base - rest)
    assert np.allclose(seen, expected, rtol=0, atol=1e-9)


def test_proportional_stability_border():
    """The pole is -kappa: at 0.98 a disturbance dies out, at 1.02 it grows to a cycle of two."""
    base, gain, nudge = 0.8, 0.5, 1e-3
    for kappa in (0.98, 1.02):
        rest = (1 - base) / (1 + kappa)
        seen = error_path(market_with(kappa / gain, 0), base, gain, 700, rest + nudge)
        inside = np.arange(150)
        assert np.allclose(seen[:150], rest + nudge * (-kappa) ** inside, rtol=0, atol=1e-9)
        if kappa < 1:
            assert np.allclose(seen[-2:], rest, atol=1e-6)
        else:
            assert sorted(seen[-2:]) == pytest.approx([0.0, 1 - base], abs=1e-9)


@pytest.mark.parametrize(("kappa_p", "kappa_i"), [(0.5, 0.3), (0.2, 0.2), (0.0, 0.2)])
def test_proportional_integral_error_path(kappa_p, kappa_i):
    """e_t = A z_1^t + B z_2^t, z^2 + (kappa_p - 1) z + kappa_i - kappa_p = 0: no offset stays."""
    base, gain, days = 0.8, 0.5, 60
    seen = error_path(market_with(kappa_p / gain, kappa_i / gain), base, gain, days)
    roots = np.roots([1, kappa_p - 1, kappa_i - kappa_p])
    assert np.all(np.isreal(roots) & (np.abs(roots) < 1))
    first = [1 - base, (1 - base) * (1 - kappa_p)]
    parts = np.linalg.solve(np.vander(roots, 2, increasing=True).T, first)
    expected = (parts * roots ** np.arange(days)[:, None]).sum(axis=1)
    assert np.all(expected > 0)  # one-sidedness never acts
    assert np.allclose(seen, expected, rtol=0, atol=1e-9)
    assert seen[-1] < 1e-4


def test_an_integral_that_overshoots_stays_there():
    """z complex (kappa_i > 1/4): a two-sided loop would swing; being ahead never throttles."""
    base, gain, kappa_i = 0.8, 0.5, 0.6
    market = market_with(0, kappa_i / gain)
    seen = error_path(market, base, gain, 30)
    ahead = int(np.argmax(seen == 0))
    assert 0 < ahead < 10
    assert np.all(seen[ahead:] == 0)
    # Pushed for good by the sum of the errors until then.
    assert push_at(market, 9.0, 1.0) == pytest.approx(kappa_i / gain * seen.sum(), abs=1e-12)


@pytest.mark.parametrize("kappa", [0.5, 3.5, 10.0])
def test_error_path_of_a_cumulative_target(kappa):
    """Target t, sales b + k push: (t + 1) e' = (t - kappa) e + 1 - b, hence from day t_0 on
    e_t = e* + (e_0 - e*) prod_{t_0 <= j < t} (j - kappa) / (j + 1), e* = (1 - b) / (1 + kappa).

    The loop settles for every gain, since a cumulative error answers ever more slowly; with
    kappa = t_0 nothing is left of the start after one day. By iteration of the recurrence.
    """
    base, gain, start, days = 0.97, 0.4, 10, 80
    market = market_with(kappa / gain, 0)
    sold, seen = base * start, []
    for day in range(start, start + days):
        seen.append(1 - sold / day)
        sold += base + gain * push_at(market, sold, day)
    rest = (1 - base) / (1 + kappa)
    j = np.arange(start, start + days - 1)
    factors = np.concatenate([[1.0], np.cumprod((j - kappa) / (j + 1))])
    expected = rest + (1 - base - rest) * factors
    assert np.all(expected > 0)  # one-sidedness never acts
    assert np.allclose(seen, expected, rtol=0, atol=1e-9)


def test_anti_windup_at_the_limit():
    """At push 1 the sum stands still, so that the push lets go as soon as the error does."""
    proportional, integral = 4.0, 0.5
    market = market_with(proportional, integral)
    before = [push_at(market, 0.9, 1.0) for _ in range(3)]
    assert before == pytest.approx([0.4, 0.45, 0.5])
    assert all(push_at(market, 0.5, 1.0) == 1.0 for _ in range(100))
    assert market.state.platform.error_sum == pytest.approx(0.3, abs=1e-12)
    assert push_at(market, 0.9, 1.0) == pytest.approx(0.55, abs=1e-12)


@pytest.mark.parametrize(("load_push", "grows"), [(0, False), (0.5, True)])
def test_anti_windup_with_an_empty_purse(load_push, grows):
    """Coupons that nobody can pay are no push: the sum stands still, unless load can answer."""
    market = market_with(
        0, 0.1, "policy.subsidy.budget_bn_rmb=0", f"policy.target.load_push={load_push}"
    )
    pushes = [push_at(market, 0.9, 1.0) for _ in range(5)]
    expected = 0.01 * np.arange(5) if grows else np.zeros(5)
    assert pushes == pytest.approx(expected, abs=1e-12)
