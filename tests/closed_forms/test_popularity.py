"""The public feed: shares by signal^r, and what becomes of a head start below, at and above r = 1.

Two anchors sell the same; one begins with 66 % of the signal. The signal is an exponential mean
of 14 days, so that its share x moves by (visits' share - x) / 14 a day: an urn with fading.
Arthur, Ermoliev & Kaniovski, European Journal of Operational Research 30, 1987 (generalised
urns: concave, linear, convex); Oliveira, Random Structures & Algorithms 34, 2009.
"""

import math
from functools import cache
from statistics import NormalDist

import numpy as np
import pytest

from engine.market.streams import LIVE
from tests.closed_forms.worlds import (
    ALIKE,
    FIXED_PRICES,
    days_of,
    hold_slot,
    logit,
    near,
    only,
    open_market,
    run_days,
    share,
    size,
)
from tests.worlds import case

WORLD = (*ALIKE, *FIXED_PRICES, *only("source"), *logit(0, 3.0, 0.5))
SIGNAL_DAYS = 14.0


@pytest.mark.parametrize("r", [0, 0.6, 1, 1.5])
@pytest.mark.parametrize("floor", [0, 0.2])
def test_feed_shares_are_signal_to_the_r(r, floor):
    """w_i = (s_i / mean s)^r + floor among the live: shares to 1e-9, visits within 4 SE."""
    asked = case(
        *WORLD,
        *size(50_000, anchors=12),
        f"policy.traffic.exponent={r}",
        f"policy.traffic.floor={floor}",
        days=1,
    )
    market = open_market(asked)
    signal = np.geomspace(1.0, 300.0, 12)
    market.state.anchors.signal[:] = signal
    hold_slot(market)
    live = market.streams.presence == LIVE
    weights = ((signal / signal.mean()) ** r + floor) * live
    expected = weights / weights.sum()
    seen = market.scratch.airtime.weights / market.scratch.airtime.weights.sum()
    assert np.allclose(seen, expected, rtol=1e-6, atol=0)  # powers are of float32
    visits = market.scratch.slot_totals[0].visits
    errors = np.sqrt(expected * (1 - expected) / visits.sum())
    near(visits / visits.sum(), expected, errors)


START_RATIO = math.exp(NormalDist().inv_cdf(0.75) * 2 * 0.5)
START = START_RATIO / (1 + START_RATIO)
SEEDS, DAYS, BUYERS = 24, 100, 200


def head_shares(r: float, floor: float, days: int = DAYS, *more: str) -> np.ndarray:
    """Share of the head in the signals by run seed and day, before the first day on."""
    overrides = (
        *WORLD,
        *size(BUYERS, anchors=2),
        "scenario.anchors.fans_log_sd=0.5",
        "scenario.anchors.engaged_power=1",
        f"policy.traffic.exponent={r}",
        f"policy.traffic.floor={floor}",
        *more,
    )
    paths = []
    for run_seed in range(SEEDS):
        signals = [
            market.state.anchors.signal / market.state.anchors.signal.sum()
            for market in days_of(case(*overrides, days=days, run_seed=run_seed))
        ]
        paths.append([START, *(signal[0] for signal in signals)])
    return np.array(paths)


def urns(r: float, floor: float = 0.0, chains: int = 10_000) -> np.ndarray:
    """The head's share in independently drawn urns, shape (days + 1, chains)."""
    draw = np.random.default_rng(7)
    path = [np.full(chains, START)]
    for _ in range(DAYS):
        x = path[-1]
        head, other = (2 * x) ** r + floor, (2 - 2 * x) ** r + floor
        visits = draw.binomial(BUYERS, head / (head + other)) / BUYERS
        path.append(x + (visits - x) / SIGNAL_DAYS)
    return np.array(path)


@pytest.mark.parametrize("floor", [0, 0.5, 2])
def test_a_head_start_decays_geometrically_under_a_floor(floor):
    """r = 1: E x_t - 1/2 = (x_0 - 1/2) (1 - (1 - 1 / (1 + floor)) / 14)^t.

    Linear, hence exact on average; with floor 0 nothing wears it off. The standard error is that
    of drawn urns: with few events a sample's own is too small.
    """
    paths, errors = head_shares(1.0, floor), urns(1.0, floor).std(axis=1) / math.sqrt(SEEDS)
    decay = 1 - (1 - 1 / (1 + floor)) / SIGNAL_DAYS
    for day in (1, 10, 30, 100):
        near(paths[:, day].mean(), 0.5 + (START - 0.5) * decay**day, errors[day])


def test_urns_below_at_and_above_one():
    """r < 1 forgets the head start, r = 1 keeps most of it, r > 1 makes a monopoly.

    Mean and spread on the last day agree with 10,000 urns drawn by NumPy, within 4 SE; that
    of a standard deviation is taken twice as wide in variance as under the normal law.
    """
    means = {}
    for r in (0.3, 1.0, 2.0):
        seen, drawn = head_shares(r, 0)[:, -1], urns(r)[-1]
        near(seen.mean(), drawn.mean(), drawn.std() / math.sqrt(SEEDS))
        near(math.log(seen.std(ddof=1) / drawn.std()), 0.0, 1 / math.sqrt(SEEDS - 1))
        means[r] = seen.mean()
    assert abs(means[0.3] - 0.5) < 0.02
    assert 0.63 < means[1.0] < 0.7
    assert means[2.0] > 0.8


PRICIER = 1.7
"""What one of the two asks for its good, against the other."""


@cache
def pulled_share(r: float, live: float, run_seed: int) -> tuple[float, float]:
    """Share of the dearer seller in the signals, mean of the last 60 of 366 days; and theory's.

    A feed of signal^r over sellers that take a_i a visit has its signals at rest where
    s_1 / s_2 = a_1 / a_2 (s_1 / s_2)^r, hence at (a_1 / a_2)^(1 / (1 - r)).
    """
    asked = case(
        *WORLD,
        *size(500, anchors=2),
        f"policy.traffic.exponent={r}",
        f"scenario.anchors.live_probability=[{live},{live}]",
        "scenario.anchors.signal_days=5",
        run_seed=run_seed,
    )
    market = open_market(asked)
    own = market.world.goods.first_good[market.world.anchors.own_supplier[:2]]
    assert own[0] != own[1]
    market.state.sellers.price[own[0]] *= PRICIER
    seen = []
    for _ in range(366):
        market.run_day()
        seen.append(market.state.anchors.signal[0] / market.state.anchors.signal.sum())
    prices = market.streams.price[:2, 0]
    takes = [price * share(price, 0, 3.0, 0.5) for price in prices]
    ratio = (takes[0] / takes[1]) ** (1 / (1 - r))
    return float(np.mean(seen[-60:])), float(ratio / (1 + ratio))


@pytest.mark.parametrize("r", [0.3, 0.75])
@pytest.mark.parametrize("live", [0.5, 1])
def test_hours_off_the_air_do_not_bend_the_exponent(r, live):
    """Signals settle at pull^(1 / (1 - r)), within 4 SE and a hundredth, however many hours."""
    seen, expected = zip(*(pulled_share(r, live, run_seed) for run_seed in range(8)), strict=True)
    error = np.std(seen, ddof=1) / math.sqrt(len(seen))
    assert error < 0.004
    near(np.mean(seen), expected[0], error + 0.0005)


@pytest.mark.parametrize("live", [0.4, 0.8])
def test_hours_off_the_air_wear_no_head_start_off(live):
    """r = 1: the share of who streams 4 or 8 hours in 10 stays what it was, on average."""
    paths = head_shares(1.0, 0.0, 60, f"scenario.anchors.live_probability=[{live},{live}]")
    spread = urns(1.0)[60].std()
    near(paths[:, -1].mean(), START, spread / math.sqrt(SEEDS))
    assert paths[:, -1].std() < 1.5 * spread


RUN_SEEDS, DRAWN = 100, 120
GUESS = 14.0
"""Visits that the first guess weighs, where one person comes a day."""


def test_a_signal_that_never_fades_is_polyas_urn():
    """r = 1, one visit a day: heads among n are beta-binomial, their share converges to a beta law.

    Of GUESS + n balls the head has GUESS x_0 + those drawn: Polya, Annales de l'Institut Henri
    Poincare 1, 1930; Johnson & Kotz, Urn Models and Their Application, 1977, sec. 4.2. Mean,
    variance and, from beta laws drawn by NumPy, the standard error of the variance.
    """
    shares = np.array(
        [
            days_of_urn(run_seed, ("scenario.anchors.signal_days=0", "policy.traffic.exponent=1"))
            for run_seed in range(RUN_SEEDS)
        ]
    )
    heads = shares * (GUESS + DRAWN) - GUESS * START
    assert heads == pytest.approx(np.round(heads), abs=1e-4)  # whole visits, none forgotten
    limit = START * (1 - START) / (GUESS + 1)
    variance = limit * DRAWN / (GUESS + DRAWN)
    near(shares.mean(), START, math.sqrt(variance / RUN_SEEDS))
    laws = np.random.default_rng(3).beta(GUESS * START, GUESS * (1 - START), 100_000)
    fourth = np.mean((laws - START) ** 4) / limit**2  # the kurtosis of the limit
    near(shares.var() / variance, 1.0, math.sqrt((fourth - 1) / RUN_SEEDS))


def days_of_urn(run_seed: int, overrides: tuple[str, ...]) -> float:
    """Share of the head in the signals after `DRAWN` days with one visit each."""
    asked = case(
        *WORLD,
        *size(1, anchors=2),
        "scenario.anchors.fans_log_sd=0.5",
        "scenario.anchors.engaged_power=1",
        *overrides,
        days=DRAWN,
        run_seed=run_seed,
    )
    signal = run_days(asked).state.anchors.signal
    return float(signal[0] / signal.sum())
