"""What figures that were not fitted may be: 80 % intervals over all worlds that are plausible.

Points of the unknowns' cube are weighted by a pseudo-likelihood,

    w(x) ~ exp(-1/2 sum_j (I_j(x)^2 + ln V_j(x))),

I the implausibility by emulators and V its denominator: a point counts by how far off it
is, where a cutoff would count all within it alike. Walkers go from the even spread over the
cube to w in steps that leave half of them effective (sequential Monte Carlo, Del Moral, Doucet
& Jasra, JRSS B 68, 2006). What each predicts gets an error of the emulator, the noise of one
run, its population included, and the model's discrepancy.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.calibrate.emulator import Emulator, fit_emulator
from engine.calibrate.implausibility import better_points
from engine.calibrate.sample import SimulatedPoints, beyond
from engine.calibrate.subset_simulation import moved_walkers
from engine.design.draws import normal_draws, uniform_draws
from engine.design.sequences import latin_hypercube
from engine.rng import Purpose, derive_seed
from engine.stats.arrays import Floats

INTERVAL: Final = (0.1, 0.9)
"""Quantiles between which a figure is said to lie: 80 %."""

_WALKERS: Final = 600
_STEPS: Final = 6
_SETTLING: Final = 4
"""Walkers, moves of each at a temperature, and times as many at the last."""

_TEMPERATURES: Final = 40
"""At most; a likelihood that is sharper than these reach is left at the last."""


class Predicted(NamedTuple):
    """Intervals of every target, (targets,) float64 in the targets' units."""

    low: Floats
    median: Floats
    high: Floats


class Evidence(NamedTuple):
    """What is known of some targets, in the emulators' scale.

    `places` (figures,) int64 among the emulator's targets; `observed` and `variance` (figures,)
    float64, the latter of all but the emulator; `bounds` (figures,) int64.
    """

    places: NDArray[np.int64]
    observed: Floats
    variance: Floats
    bounds: NDArray[np.int64]


def predicted(sample: SimulatedPoints, seed: int) -> Predicted:
    """Return 80 % intervals and medians of all targets, given those that are fitted.

    Parameters
    ----------
    sample
        All points of the waves, before any was run again.
    seed
        Names the draws.
    """
    places = better_points(sample)
    emulator = emulate(sample, places)
    doubt, noise = error_deviations(sample, emulator)
    told = sample.fitted
    observed = emulator.in_scale(np.where(np.isnan(sample.observed), 1.0, sample.observed))
    unit = np.where(emulator.is_log, np.abs(sample.observed), 1.0)
    variance = (sample.sds / unit) ** 2 + noise**2
    evidence = Evidence(told, observed[told], variance[told], sample.bounds[told])
    walkers = sample_weighted(emulator, evidence, sample.cube.shape[1], seed)
    return intervals(emulator, walkers, np.hypot(doubt, noise), seed)


def emulate(sample: SimulatedPoints, places: NDArray[np.int64]) -> Emulator:
    """Return emulators of all targets, fitted or not.

    Parameters
    ----------
    sample
        All points.
    places
        (fitted,) int64, those of the points that the emulators are fitted on.
    """
    means = sample.means[places]
    positive = np.where(np.isnan(sample.observed), (means > 0).all(axis=0), sample.observed > 0)
    return fit_emulator(sample.cube[places], means, positive)


def error_deviations(sample: SimulatedPoints, emulator: Emulator) -> tuple[Floats, Floats]:
    """Return deviations by discrepancy and by the noise of a run, (targets,) float64 each.

    In shares of the figure where the logarithm is emulated, else in its unit.
    """
    size = np.abs(np.median(sample.means, axis=0))
    share = np.array([target.discrepancy for target in sample.targets])
    unit = np.where(emulator.is_log, size, 1.0)
    return share * size / unit, sample.noise[0] / unit


def sample_weighted(
    emulator: Emulator, evidence: Evidence, unknowns: int, seed: int, walkers: int = _WALKERS
) -> Floats:
    """Draw points of the unit cube by their pseudo-likelihood; see the module.

    Parameters
    ----------
    emulator
        Of all targets.
    evidence
        What is known of some of them.
    unknowns
        Axes of the cube.
    seed
        Names the draws.
    walkers
        Points to draw.

    Returns
    -------
    (walkers, unknowns) float64 in [0, 1].
    """

    def log_weight(cube: Floats) -> Floats:
        means, variances = emulator(cube)
        whole = variances[:, evidence.places] + evidence.variance
        off = beyond(means[:, evidence.places] - evidence.observed, evidence.bounds)
        return np.asarray(-0.5 * (off**2 / whole + np.log(whole)).sum(axis=1))

    x = latin_hypercube(unknowns, walkers, derive_seed(seed, Purpose.TRIAL, 0))
    y, power = log_weight(x), 0.0
    for level in range(1, _TEMPERATURES + 1):
        step = _next_step(y, 1.0 - power)
        power += step
        own = derive_seed(seed, Purpose.TRIAL, level)
        chosen = _resampled(np.exp(step * (y - y.max())), own)
        done = power >= 1.0
        moves = _STEPS * (_SETTLING if done else 1)
        x, y = _moved(log_weight, x[chosen], y[chosen], (power, moves, own))
        if done:
            break
    return x


def intervals(emulator: Emulator, walkers: Floats, doubt: Floats, seed: int) -> Predicted:
    """Return the quantiles of what the walkers predict, errors of all kinds added.

    Parameters
    ----------
    emulator
        Of all targets.
    walkers
        (walkers, unknowns) float64.
    doubt
        (targets,) float64, deviations of what no emulator knows, in its scale.
    seed
        Names the errors.
    """
    means, variances = emulator(walkers)
    errors = normal_draws(seed, Purpose.FRESH, means.shape)
    values = means + np.sqrt(variances + doubt**2) * errors
    values = np.where(emulator.is_log, np.exp(np.where(emulator.is_log, values, 0.0)), values)
    low, median, high = np.quantile(values, (INTERVAL[0], 0.5, INTERVAL[1]), axis=0)
    return Predicted(low, median, high)


def _next_step(y: Floats, most: float) -> float:
    """The largest step that leaves half of the walkers effective, (sum w)^2 / sum w^2."""

    def share(step: float) -> float:
        w = np.exp(step * (y - y.max()))
        return float(w.sum() ** 2 / (w**2).sum()) / y.size

    if share(most) >= 0.5:
        return most
    low, high = 0.0, most
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if share(middle) >= 0.5 else (low, middle)
    return low


def _resampled(weights: Floats, seed: int) -> NDArray[np.int64]:
    """Systematic resampling: places drawn by their weights, as many as there are."""
    count = weights.size
    start = uniform_draws(seed, Purpose.SELECTION, (1,))[0]
    ladder = (np.arange(count) + start) / count
    found = np.searchsorted(np.cumsum(weights) / weights.sum(), ladder)
    return np.asarray(np.minimum(found, count - 1), np.int64)


def _moved(
    log_weight: Callable[[Floats], Floats],
    x: Floats,
    y: Floats,
    at: tuple[float, int, int],
) -> tuple[Floats, Floats]:
    """Move the walkers by Metropolis' rule under w^power; `at` is (power, moves, seed)."""
    power, moves, seed = at
    for step in range(moves):
        moved, inside = moved_walkers(x, step, seed)
        value = log_weight(moved)
        dice = uniform_draws(derive_seed(seed, Purpose.TRIAL, step), Purpose.SELECTION, (y.size,))
        accepted = inside & (np.log(np.maximum(dice, 1e-300)) < power * (value - y))
        x, y = np.where(accepted[:, None], moved, x), np.where(accepted, value, y)
    return x, y
