"""What each fitted figure says by itself: which evidence moves or narrows what a coupon returns.

Points spread evenly over the cube stand for the unknowns' ranges alone. Each fitted figure in
turn weights them by how far off it they are, as in `engine.calibrate.posterior`, and the
coupon's return is read off again. Figures that tell little one by one may tell more together: what
all of them say stands in `Predicted`.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.calibrate.posterior import INTERVAL, emulate, error_deviations
from engine.calibrate.sample import SimulatedPoints, beyond
from engine.calibrate.targets import PROBE
from engine.design.draws import normal_draws
from engine.design.sequences import latin_hypercube
from engine.rng import Purpose, derive_seed
from engine.stats.arrays import Floats

COUPON: Final = "coupon_uplift_paid"
"""The return that is asked about, of `measures.SHOWN_BY_DATE`; at the middle one of its dates."""

_POINTS: Final = 8192


class Narrowing(NamedTuple):
    """80 % intervals, (targets, 2) float64, low and high.

    `prior` has those of every target over the ranges of the unknowns, in its own unit. `coupon`
    has those of the coupon's return given one target alone: not a number for targets that are not
    fitted, and for all without experiments.
    """

    prior: Floats
    coupon: Floats


def narrowing(sample: SimulatedPoints, seed: int) -> Narrowing:
    """Weight points all over the cube by one fitted figure after another.

    Parameters
    ----------
    sample
        All points of the waves, before any was run again; emulators are of the first wave's.
    seed
        Names the points and the errors.
    """
    emulator = emulate(sample, np.flatnonzero(sample.wave == sample.wave.min()))
    cube = latin_hypercube(sample.cube.shape[1], _POINTS, derive_seed(seed, Purpose.TRIAL, 0))
    means, variances = emulator(cube)
    doubt, noise = error_deviations(sample, emulator)
    errors = normal_draws(seed, Purpose.FRESH, means.shape)
    scaled = means + np.sqrt(variances + doubt**2 + noise**2) * errors
    shown = np.where(emulator.is_log, np.exp(np.where(emulator.is_log, scaled, 0.0)), scaled)
    prior = np.quantile(shown, INTERVAL, axis=0).T
    coupon = np.full_like(prior, np.nan)
    dates = [n for n, t in enumerate(sample.targets) if t.key == COUPON and t.role == PROBE]
    if dates:
        returns = shown[:, dates[len(dates) // 2]]
        observed = emulator.in_scale(np.where(np.isnan(sample.observed), 1.0, sample.observed))
        unit = np.where(emulator.is_log, np.abs(sample.observed), 1.0)
        known = (sample.sds / unit) ** 2 + noise**2
        for place in sample.fitted:
            whole = variances[:, place] + known[place]
            off = beyond((means[:, [place]] - observed[place]), sample.bounds[[place]])[:, 0]
            weights = np.exp(-0.5 * off**2 / whole) / np.sqrt(whole)
            coupon[place] = _weighted_quantiles(returns, weights)
    return Narrowing(prior, coupon)


def _weighted_quantiles(values: Floats, weights: Floats) -> NDArray[np.float64]:
    """The quantiles of `INTERVAL` of values that count by their weights."""
    order = np.argsort(values)
    shares = np.cumsum(weights[order]) / weights.sum()
    return np.asarray(values[order][np.searchsorted(shares, INTERVAL)])
