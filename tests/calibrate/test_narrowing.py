"""Which figure narrows what a coupon returns, in a model that is known."""

from dataclasses import replace

import numpy as np
import pytest

from engine.calibrate.posterior import COUPON, _narrowing
from engine.calibrate.sample import SimulatedPoints
from engine.design.sequences import latin_hypercube
from tests.calibrate.test_coverage import wave


def with_coupon() -> SimulatedPoints:
    """The last figure, 80 exp(u0 + u1 + .3 u3), is what a coupon returns."""
    sample = wave(64)
    *others, last = sample.targets
    return replace(sample, targets=(*others, last._replace(key=COUPON, role="probe")))


def width(limits: np.ndarray) -> float:
    return float(np.log(limits[1] / limits[0]))


def test_the_ranges_alone_give_the_quantiles_of_the_model() -> None:
    u = 2 * latin_hypercube(4, 40_000, 9) - 1
    returns = 80 * np.exp(u[:, 0] + u[:, 1] + 0.3 * u[:, 3])
    found = _narrowing(with_coupon(), seed=1).prior[-1]
    assert found == pytest.approx(np.quantile(returns, [0.1, 0.9]), rel=0.1)


def test_a_figure_narrows_the_return_by_what_it_shares_with_it() -> None:
    """The first shares u0 with it, the third nothing of which it tells the sign."""
    found = _narrowing(with_coupon(), seed=1)
    prior = width(found.prior[-1])
    assert width(found.coupon[0]) < 0.8 * prior
    assert width(found.coupon[2]) == pytest.approx(prior, rel=0.1)
    assert np.isnan(found.coupon[3:]).all()  # they are not fitted


def test_without_experiments_nothing_is_said_of_coupons() -> None:
    found = _narrowing(wave(64), seed=1)
    assert np.isnan(found.coupon).all()
    assert np.isfinite(found.prior).all()
