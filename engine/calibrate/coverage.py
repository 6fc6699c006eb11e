"""Do the intervals hold what they say? Worlds whose truth is known, hidden among the simulated.

Each of the first wave's points, which lie evenly over the cube, stands once for the truth. What
it shows, off by a run's noise and the model's discrepancy, is what happens there; its figures
to fit, off by their tolerance, are what is observed. Emulators fitted without it and its
neighbours in number, a part of the wave each, weigh the cube (`engine.calibrate.posterior`). An
80 % interval of what was not fitted should hold the truth in four worlds out of five.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.calibrate.emulator import Emulator
from engine.calibrate.observed import FIT
from engine.calibrate.posterior import (
    Evidence,
    emulate,
    error_deviations,
    intervals,
    sample_weighted,
)
from engine.calibrate.sample import SimulatedPoints
from engine.design.draws import normal_draws
from engine.rng import Purpose, derive_seed
from engine.stats.arrays import Floats

LEAST_WORLDS: Final = 60
"""Fewer hidden worlds say nothing: with 60 the rate is known to +- 5 %."""

_MOST_WORLDS: Final = 96
_PARTS: Final = 8
_WALKERS: Final = 300


class Coverage(NamedTuple):
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


def coverage(sample: SimulatedPoints, seed: int) -> Coverage:
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
        return Coverage(shares, 0)
    hidden = first[np.linspace(0, first.size - 1, worlds_count).astype(int)]
    inside = np.zeros((worlds_count, len(sample.targets)), bool)
    for part in range(_PARTS):
        own = np.arange(part, worlds_count, _PARTS)
        emulator = emulate(sample, np.setdiff1d(first, hidden[own]))
        for place in own:
            world = derive_seed(seed, Purpose.SELECTION, int(place))
            inside[place] = _holds(sample, emulator, int(hidden[place]), world)
    shares[unfitted] = inside[:, unfitted].mean(axis=0)
    return Coverage(shares, worlds_count)


def _holds(sample: SimulatedPoints, emulator: Emulator, truth: int, seed: int) -> NDArray[np.bool_]:
    """Tell which targets of one hidden world lie within their intervals, (targets,)."""
    doubt, noise = error_deviations(sample, emulator)
    off = np.hypot(doubt, noise)
    errors = normal_draws(seed, Purpose.FRESH, (2, off.size))
    happens = emulator.in_scale(sample.means[truth]) + off * errors[0]
    told = sample.fitted[sample.bounds[sample.fitted] == 0]
    sd = np.array([target.sd for target in sample.targets])
    unit = np.where(emulator.is_log, np.abs(sample.observed), 1.0)
    tolerance = (sd / unit)[told]
    evidence = Evidence(
        told,
        happens[told] + tolerance * errors[1, told],
        tolerance**2 + off[told] ** 2,
        sample.bounds[told],
    )
    walkers = sample_weighted(emulator, evidence, sample.cube.shape[1], seed, _WALKERS)
    found = intervals(emulator, walkers, off, seed)
    shown = np.where(emulator.is_log, np.exp(np.where(emulator.is_log, happens, 0.0)), happens)
    return np.asarray((found.low <= shown) & (shown <= found.high))
