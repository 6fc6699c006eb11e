"""Suppliers join the more, the more of their kind have joined: Bass' diffusion in daily steps.

With belief and plan at rest the hazard of model section M3 is p + q F, innovation p and
imitation q (Bass, Management Science 15, 1969). Thresholds are exponential and the hazard
is cumulated daily: F_{t+1} = 1 - (1 - F_t) exp(-(p + q F_t)) in an infinite pool.
"""

import math
from itertools import pairwise

import numpy as np
import pytest

from engine.market.run import simulate
from tests.closed_forms.worlds import ALIKE, FIXED_PRICES, near, only, size
from tests.worlds import case

SUPPLIERS, SEEDS, DAYS = 20_000, 6, 240
P, Q = 0.001, 0.04
MIXED = (
    *only("source"),
    "scenario.suppliers.source.count_share=0.5",
    "scenario.suppliers.domestic.count_share=0.5",
)
"""Half of the suppliers are of another kind, and have joined: no example for this one."""


def joined_shares(kind: str, pool: int, *overrides: str) -> np.ndarray:
    """Daily share of a kind that has joined, shape (worlds, days)."""
    asked = (
        *ALIKE,
        *FIXED_PRICES,
        *size(5),
        f"scale.suppliers_count={SUPPLIERS}",
        f"scenario.suppliers.{kind}.joined_share=0",
        f"scenario.suppliers.imitation={Q / P}",
        *overrides,
    )
    years = [simulate(case(*asked, f"world_seed={seed}", days=DAYS)) for seed in range(SEEDS)]
    return np.array([year.daily[f"joined_{kind}_count"] / pool for year in years])


def daily_path(p: float, q: float, days: int) -> np.ndarray:
    """The recursion from F_0 = 0, in an infinite pool."""
    path = [0.0]
    for _ in range(days - 1):
        path.append(1 - (1 - path[-1]) * math.exp(-(p + q * path[-1])))
    return np.array(path)


def path_errors(path: np.ndarray, p: float, q: float, pool: int) -> np.ndarray:
    """Standard deviations of F_t in a pool of N, by linear response.

    V_{t+1} = (dF_{t+1} / dF_t)^2 V_t + (1 - F_t) e^{-h} (1 - e^{-h}) / N: imitation amplifies
    what chance began.
    """
    variance = [0.0]
    for share in path[:-1]:
        stay = math.exp(-(p + q * share))
        response = stay * (1 + q * (1 - share))
        variance.append(response**2 * variance[-1] + (1 - share) * stay * (1 - stay) / pool)
    return np.sqrt(variance)


def bass_curve(p: float, q: float, days: np.ndarray) -> np.ndarray:
    """Bass 1969, in continuous time: F(t) = (1 - e^{-(p+q)t}) / (1 + (q/p) e^{-(p+q)t})."""
    left = np.exp(-(p + q) * days)
    return (1 - left) / (1 + q / p * left)


def step_error(steps: int) -> float:
    """Largest distance of the recursion from Bass' curve, with `steps` steps a day."""
    days = np.arange(DAYS * steps)
    p, q = P / steps, Q / steps
    return float(np.max(np.abs(daily_path(p, q, days.size) - bass_curve(p, q, days))))


@pytest.fixture(scope="module")
def alone() -> np.ndarray:
    """Joined shares where all suppliers are of one kind."""
    return joined_shares(
        "domestic",
        SUPPLIERS,
        *only("domestic"),
        f"scenario.suppliers.domestic.adoption_per_day={P}",
    )


def test_the_joined_share_follows_the_daily_recursion(alone):
    """Mean over worlds within 4 SE on every day."""
    path = daily_path(P, Q, DAYS)
    errors = path_errors(path, P, Q, SUPPLIERS) / math.sqrt(SEEDS)
    near(alone.mean(axis=0), path, errors + 1e-9)


def test_only_its_own_kind_sets_an_example():
    """In a mixed pool F counts the kind alone; recruiting multiplies p and q."""
    recruiting, pool = 1.5, SUPPLIERS // 2
    shares = joined_shares(
        "domestic",
        pool,
        *MIXED,
        f"scenario.suppliers.domestic.adoption_per_day={P}",
        f"policy.supply.recruiting={recruiting}",
    )
    p, q = P * recruiting, Q * recruiting
    path = daily_path(p, q, DAYS)
    near(shares.mean(axis=0), path, path_errors(path, p, q, pool) / math.sqrt(SEEDS) + 1e-9)


def test_the_error_of_the_daily_step_is_of_first_order():
    """Half the step, half the error; a day's step errs by less than 2 % of the pool."""
    errors = [step_error(steps) for steps in (1, 2, 4, 8)]
    assert 0.005 < errors[0] < 0.02
    for coarse, fine in pairwise(errors):
        assert coarse / fine == pytest.approx(2, abs=0.02)


def test_the_joined_share_follows_bass_curve(alone):
    """Within 4 SE and the error of the daily step."""
    path, curve = daily_path(P, Q, DAYS), bass_curve(P, Q, np.arange(DAYS))
    errors = path_errors(path, P, Q, SUPPLIERS) / math.sqrt(SEEDS)
    off = np.abs(alone.mean(axis=0) - curve)
    assert np.all(off <= 4 * errors + step_error(1) + 1e-9)


def test_most_join_near_the_peak_of_bass(alone):
    """t* = ln(q / p) / (p + q), when 1 / 2 - p / (2 q) have joined; the daily step is 2 days late.

    Two weeks' joins, so that chance does not choose the day: their peak has an SE of 2.2 days
    in 400 such sets of worlds drawn by NumPy.
    """
    peak = math.log(Q / P) / (P + Q)
    assert bass_curve(P, Q, np.array([peak]))[0] == pytest.approx(0.5 - P / (2 * Q))

    def busiest(path: np.ndarray) -> float:
        return np.argmax(path[14:] - path[:-14]) + 7.0

    daily = busiest(daily_path(P, Q, DAYS))
    assert 0 < daily - peak < 3
    near(busiest(alone.mean(axis=0)), daily, 2.2)
