"""What is said of every figure, how well such sayings hold, and which evidence they rest on.

*Intervals.* What figures that were not fitted may be: 80 % of all worlds that are plausible.
Points of the unknowns' cube are weighted by a pseudo-likelihood,

    w(x) ~ exp(-1/2 sum_j (I_j(x)^2 + ln V_j(x))),

I the implausibility by emulators and V its denominator: a point counts by how far off it
is, where a cutoff would count all within it alike. Walkers go from the even spread over the
cube to w in steps that leave half of them effective (sequential Monte Carlo, Del Moral, Doucet
& Jasra, JRSS B 68, 2006). What each predicts gets an error of the emulator, the noise of one
run, its population included, and the model's discrepancy.

*Coverage.* Do the intervals hold what they say? Each of the first wave's points, which lie evenly
over the cube, stands once for the truth. What it shows, off by a run's noise and the model's
discrepancy, is what happens there; its figures to fit, off by their tolerance, are what is
observed. Emulators fitted without it and its neighbours in number, a part of the wave each, weigh
the cube. An 80 % interval of what was not fitted should hold the truth in four worlds out of five.

*Narrowing.* What each fitted figure says by itself: which evidence moves or narrows what a coupon
returns. Points spread evenly over the cube stand for the unknowns' ranges alone. Each fitted figure
in turn weights them by how far off it they are, and the coupon's return is read off again. Figures
that tell little one by one may tell more together: what all of them say is in the intervals.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.calibrate.emulator import Emulator
from engine.calibrate.observed import FIT
from engine.calibrate.sample import SimulatedPoints, beyond
from engine.calibrate.subset_simulation import moved_walkers
from engine.calibrate.targets import PROBE
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

COUPON: Final = "coupon_uplift_paid"
"""The return that is asked about, of `probe.SHOWN_BY_DATE`; at the middle one of its dates."""

_POINTS: Final = 8192

LEAST_WORLDS: Final = 60
"""Fewer hidden worlds say nothing: with 60 the rate is known to +- 5 %."""

_MOST_WORLDS: Final = 96
_PARTS: Final = 8
_HIDDEN_WALKERS: Final = 300


class _Predicted(NamedTuple):
    """Intervals of every target, (targets,) float64 in the targets' units."""

    low: Floats
    median: Floats
    high: Floats


class _Coverage(NamedTuple):
    """Of `worlds_count` hidden worlds, the share whose interval held each target.

    `shares` (targets,) float64; not a number for figures that are fitted, or that no
    unknown moves.
    """

    shares: Floats
    worlds_count: int

    @property
    def whole(self) -> float:
        """The mean share over the figures that were not fitted."""
        return float(np.nanmean(self.shares)) if np.isfinite(self.shares).any() else np.nan


class _Narrowing(NamedTuple):
    """80 % intervals, (targets, 2) float64, low and high.

    `prior` has those of every target over the ranges of the unknowns, in its own unit. `coupon`
    has those of the coupon's return given one target alone: not a number for targets that are not
    fitted, and for all without experiments.
    """

    prior: Floats
    coupon: Floats


class TargetPredictions(NamedTuple):
    """What is said of every target before it is compared, why, and what such sayings are worth."""

    predicted: _Predicted
    coverage: _Coverage
    narrowing: _Narrowing

    @classmethod
    def of(cls, sample: SimulatedPoints, seeds: tuple[int, int, int]) -> "TargetPredictions":
        """Return what the points simulated so far say of every target.

        Parameters
        ----------
        sample
            All points of the waves, before any was run again.
        seeds
            Name the draws of each of the three.
        """
        predicted, coverage, narrowing = seeds
        return cls(
            _predicted(sample, predicted),
            _coverage(sample, coverage),
            _narrowing(sample, narrowing),
        )


class _Evidence(NamedTuple):
    """What is known of some targets, in the emulators' scale.

    `places` (figures,) int64 among the emulator's targets; `observed` and `variance` (figures,)
    float64, the latter of all but the emulator; `bounds` (figures,) int64.
    """

    places: NDArray[np.int64]
    observed: Floats
    variance: Floats
    bounds: NDArray[np.int64]


def _predicted(sample: SimulatedPoints, seed: int) -> _Predicted:
    """Return 80 % intervals and medians of all targets, given those that are fitted.

    Parameters
    ----------
    sample
        All points of the waves, before any was run again.
    seed
        Names the draws.
    """
    places = sample.better_places
    emulator = _emulate(sample, places)
    doubt, noise = _error_deviations(sample, emulator)
    told = sample.fitted
    observed = emulator.in_scale(np.where(np.isnan(sample.observed), 1.0, sample.observed))
    unit = np.where(emulator.is_log, np.abs(sample.observed), 1.0)
    variance = (sample.sds / unit) ** 2 + noise**2
    evidence = _Evidence(told, observed[told], variance[told], sample.bounds[told])
    walkers = _sample_weighted(emulator, evidence, sample.cube.shape[1], seed)
    return _intervals(emulator, walkers, np.hypot(doubt, noise), seed)


def _emulate(sample: SimulatedPoints, places: NDArray[np.int64]) -> Emulator:
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
    return Emulator.fit(sample.cube[places], means, positive)


def _error_deviations(sample: SimulatedPoints, emulator: Emulator) -> tuple[Floats, Floats]:
    """Return deviations by discrepancy and by the noise of a run, (targets,) float64 each.

    In shares of the figure where the logarithm is emulated, else in its unit.
    """
    size = np.abs(np.median(sample.means, axis=0))
    share = np.array([target.discrepancy for target in sample.targets])
    unit = np.where(emulator.is_log, size, 1.0)
    return share * size / unit, sample.noise[0] / unit


def _sample_weighted(
    emulator: Emulator, evidence: _Evidence, unknowns: int, seed: int, walkers: int = _WALKERS
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


def _intervals(emulator: Emulator, walkers: Floats, doubt: Floats, seed: int) -> _Predicted:
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
    return _Predicted(low, median, high)


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


def _narrowing(sample: SimulatedPoints, seed: int) -> _Narrowing:
    """Weight points all over the cube by one fitted figure after another.

    Parameters
    ----------
    sample
        All points of the waves, before any was run again; emulators are of the first wave's.
    seed
        Names the points and the errors.
    """
    emulator = _emulate(sample, np.flatnonzero(sample.wave == sample.wave.min()))
    cube = latin_hypercube(sample.cube.shape[1], _POINTS, derive_seed(seed, Purpose.TRIAL, 0))
    means, variances = emulator(cube)
    doubt, noise = _error_deviations(sample, emulator)
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
    return _Narrowing(prior, coupon)


def _weighted_quantiles(values: Floats, weights: Floats) -> NDArray[np.float64]:
    """The quantiles of `INTERVAL` of values that count by their weights."""
    order = np.argsort(values)
    shares = np.cumsum(weights[order]) / weights.sum()
    return np.asarray(values[order][np.searchsorted(shares, INTERVAL)])


def _coverage(sample: SimulatedPoints, seed: int) -> _Coverage:
    """Hide worlds of the first wave and count how often the intervals hold their figures.

    Parameters
    ----------
    sample
        All points of the waves, before any was run again.
    seed
        Names the errors of what happens and is observed.
    """
    first = np.flatnonzero(sample.wave == sample.wave.min())
    unfitted = np.array([t.role != FIT for t in sample.targets]) & sample.moved
    shares = np.full(len(sample.targets), np.nan)
    worlds_count = min(first.size, _MOST_WORLDS)
    if worlds_count < LEAST_WORLDS or not unfitted.any():
        return _Coverage(shares, 0)
    hidden = first[np.linspace(0, first.size - 1, worlds_count).astype(int)]
    inside = np.zeros((worlds_count, len(sample.targets)), bool)
    for part in range(_PARTS):
        own = np.arange(part, worlds_count, _PARTS)
        emulator = _emulate(sample, np.setdiff1d(first, hidden[own]))
        for place in own:
            world = derive_seed(seed, Purpose.SELECTION, int(place))
            inside[place] = _holds(sample, emulator, int(hidden[place]), world)
    shares[unfitted] = inside[:, unfitted].mean(axis=0)
    return _Coverage(shares, worlds_count)


def _holds(sample: SimulatedPoints, emulator: Emulator, truth: int, seed: int) -> NDArray[np.bool_]:
    """Tell which targets of one hidden world lie within their intervals, (targets,)."""
    doubt, noise = _error_deviations(sample, emulator)
    off = np.hypot(doubt, noise)
    errors = normal_draws(seed, Purpose.FRESH, (2, off.size))
    happens = emulator.in_scale(sample.means[truth]) + off * errors[0]
    told = sample.fitted[sample.bounds[sample.fitted] == 0]
    sd = np.array([target.sd for target in sample.targets])
    unit = np.where(emulator.is_log, np.abs(sample.observed), 1.0)
    tolerance = (sd / unit)[told]
    evidence = _Evidence(
        told,
        happens[told] + tolerance * errors[1, told],
        tolerance**2 + off[told] ** 2,
        sample.bounds[told],
    )
    walkers = _sample_weighted(emulator, evidence, sample.cube.shape[1], seed, _HIDDEN_WALKERS)
    found = _intervals(emulator, walkers, off, seed)
    shown = np.where(emulator.is_log, np.exp(np.where(emulator.is_log, happens, 0.0)), happens)
    return np.asarray((found.low <= shown) & (shown <= found.high))
