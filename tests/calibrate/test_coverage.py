"""Intervals of what was not fitted hold it about as often as they say, in worlds with a truth."""

from dataclasses import replace

import numpy as np
import pytest

from engine.calibrate.emulator import Emulator
from engine.calibrate.measures import KNOWN
from engine.calibrate.posterior import (
    LEAST_WORLDS,
    _coverage,
    _Evidence,
    _intervals,
    _next_step,
    _predicted,
    _resampled,
    _sample_weighted,
)
from engine.calibrate.sample import SimulatedPoints
from engine.calibrate.targets import CalibrationTarget
from engine.design.draws import normal_draws
from engine.design.sequences import latin_hypercube
from engine.rng import Purpose

NONE = np.zeros(1, np.int64)


def target(role: str, observed: float | None, off: float = 0.05) -> CalibrationTarget:
    measure = KNOWN["order_value"][0]
    tolerance = 0.2 * observed if observed else 0.0
    return CalibrationTarget(role, "2020", "RMB", role, observed, tolerance, measure, (), off)


def wave(count: int, off: float = 0.05) -> SimulatedPoints:
    """Four unknowns, three figures to fit, and two that are not.

    Of these the first is one that is fitted, off by an error of its own; the last depends on an
    unknown of which no figure tells.
    """
    x = latin_hypercube(4, count, 3)
    u = 2 * x - 1
    shown = np.stack(
        [
            100 * np.exp(u[:, 0] + 0.3 * u[:, 1]),
            50 * np.exp(u[:, 1] - 0.5 * u[:, 2]),
            20 * np.exp(0.5 * u[:, 0] * u[:, 2]),
            30 * np.exp(u[:, 0] + 0.3 * u[:, 1]),
            80 * np.exp(u[:, 0] + u[:, 1] + 0.3 * u[:, 3]),
        ],
        axis=1,
    )
    noise = normal_draws(5, Purpose.FRESH, (count, 2, 5))
    runs = shown[:, None, :] * (1 + 0.02 * noise)
    told = [target("fit", value, off) for value in (100.0, 50.0, 20.0)]
    unseen = target("check", 30.0, off), target("forecast", None, off)
    return SimulatedPoints.of((*told, *unseen), [{}] * count, x, 1, runs)


@pytest.mark.parametrize("off", [0.05, 0.3])
def test_intervals_of_what_was_not_fitted_hold_it_in_four_of_five_hidden_worlds(
    off: float,
) -> None:
    found = _coverage(wave(64, off), seed=1)
    assert found.worlds_count == 64
    assert np.isnan(found.shares[:3]).all()
    assert (found.shares[3:] >= 0.7).all()
    assert (found.shares[3:] <= 0.9).all()
    assert found.whole == pytest.approx(found.shares[3:].mean())


def test_few_points_hide_no_world() -> None:
    found = _coverage(wave(LEAST_WORLDS - 1), seed=1)
    assert found.worlds_count == 0
    assert np.isnan(found.whole)


def test_a_model_that_may_be_off_by_more_says_less() -> None:
    sure, unsure = (_predicted(wave(96, off), seed=2) for off in (0.0, 0.2))
    width = [float(np.log(one.high[4] / one.low[4])) for one in (sure, unsure)]
    assert width[1] > 1.3 * width[0]
    for one in (sure, unsure):
        assert (one.low < one.median).all()
        assert (one.median < one.high).all()


def test_the_weights_are_those_of_a_normal_likelihood() -> None:
    """A linear figure on an even prior: the mean is the observed, the variance the error's."""
    x = latin_hypercube(2, 60, 1)
    y = 3.0 * x[:, :1]
    emulator = Emulator.fit(x, y, np.array([False]))
    evidence = _Evidence(NONE, np.array([1.5]), np.array([0.15**2]), NONE)
    walkers = _sample_weighted(emulator, evidence, 2, seed=4, walkers=3000)
    assert walkers[:, 0].mean() == pytest.approx(0.5, abs=0.006)
    assert walkers[:, 0].std() == pytest.approx(0.05, abs=0.005)
    assert walkers[:, 1].std() == pytest.approx(12**-0.5, abs=0.02)  # of this it says nothing
    found = _intervals(emulator, walkers, np.array([0.2]), seed=5)
    sd = (0.15**2 + 0.2**2) ** 0.5
    assert found.high[0] - found.low[0] == pytest.approx(2 * 1.2816 * sd, rel=0.1)


def test_a_bound_weighs_only_what_lies_beyond_it() -> None:
    x = latin_hypercube(1, 40, 1)
    emulator = Emulator.fit(x, x, np.array([False]))
    evidence = _Evidence(NONE, np.array([0.6]), np.array([0.01**2]), np.array([-1]))
    walkers = _sample_weighted(emulator, evidence, 1, seed=4, walkers=2000)[:, 0]
    assert walkers.max() < 0.66
    assert walkers.mean() == pytest.approx(0.3, abs=0.02)


def test_walkers_are_drawn_again_by_their_weights() -> None:
    weights = np.array([0.0, 3.0, 1.0, 0.0])
    assert sorted(_resampled(weights, 1).tolist()) == [1, 1, 1, 2]
    y = np.array([0.0] * 50 + [-1000.0] * 50)
    step = _next_step(y, 1.0)
    w = np.exp(step * (y - y.max()))
    assert w.sum() ** 2 / (w**2).sum() == pytest.approx(50, abs=1)


def test_the_seed_names_the_intervals() -> None:
    one, again, other = (_predicted(wave(40), seed=seed) for seed in (1, 1, 2))
    assert (one.low == again.low).all()
    assert one.low[3] != other.low[3]
    assert replace(wave(40)).bounds.tolist() == [0] * 5
