"""The public feed: shares by signal^r, and what becomes of a head start below, at and above r = 1.

Two anchors sell the same; one begins with 66 % of the signal. Each streams in 98 of 100
slots; who streams alone has the feed to itself. The signal is an exponential mean of 14
days, so that its share x moves by (visits' share - x) / 14 a day: an urn with fading.
Arthur, Ermoliev & Kaniovski, European Journal of Operational Research 30, 1987 (generalised
urns: concave, linear, convex); Oliveira, Random Structures & Algorithms 34, 2009.
"""

import math
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
    size,
)
from tests.worlds import case

WORLD = (*ALIKE, *FIXED_PRICES, *only("source"), *logit(0, 3.0, 0.5))
LIVE_SHARE, SIGNAL_DAYS = 0.98, 14.0
BOTH = LIVE_SHARE**2 / (1 - (1 - LIVE_SHARE) ** 2)
"""Probability that both stream, if one does."""


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
    live = market.shop.presence == LIVE
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


def head_shares(r: float, floor: float, days: int = DAYS) -> np.ndarray:
    """Share of the head in the signals by luck seed and day, before the first day on."""
    overrides = (
        *WORLD,
        *size(BUYERS, anchors=2),
        "scenario.anchors.fans_log_sd=0.5",
        "scenario.anchors.engaged_power=1",
        f"policy.traffic.exponent={r}",
        f"policy.traffic.floor={floor}",
    )
    paths = []
    for luck in range(SEEDS):
        signals = [
            market.state.anchors.signal / market.state.anchors.signal.sum()
            for market in days_of(case(*overrides, days=days, luck=luck))
        ]
        paths.append([START, *(signal[0] for signal in signals)])
    return np.array(paths)


def urns(r: float, floor: float = 0.0, chains: int = 10_000) -> np.ndarray:
    """The head's share in independently drawn urns, shape (days + 1, chains)."""
    draw = np.random.default_rng(7)
    path = [np.full(chains, START)]
    for _ in range(DAYS):
        x = path[-1]
        first, second = draw.random((2, chains)) < LIVE_SHARE
        head, other = (2 * x) ** r + floor, (2 - 2 * x) ** r + floor
        law = np.where(first & second, head / (head + other), first.astype(float))
        visits = draw.binomial(BUYERS, law) / BUYERS
        path.append(x + np.where(first | second, visits - x, 0.0) / SIGNAL_DAYS)
    return np.array(path)


@pytest.mark.parametrize("floor", [0, 0.5, 2])
def test_a_head_start_decays_geometrically_under_a_floor(floor):
    """r = 1: E x_t - 1/2 = (x_0 - 1/2) (1 - (1 - b / (1 + floor)) / 14)^t, b = P(both live).

    Linear, hence exact on average; with floor 0 only hours off the air wear it off. The
    standard error is that of drawn urns: with few events a sample's own is too small.
    """
    paths, errors = head_shares(1.0, floor), urns(1.0, floor).std(axis=1) / math.sqrt(SEEDS)
    decay = 1 - (1 - BOTH / (1 + floor)) / SIGNAL_DAYS
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
    assert 0.55 < means[1.0] < 0.7
    assert means[2.0] > 0.8
