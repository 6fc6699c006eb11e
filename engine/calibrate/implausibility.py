"""How far what emulators predict lies from what was observed.

    I(x) = |z - E f(x)| / sqrt(V_observation + V_discrepancy + V_emulator(x) + V_replications)

in the emulators' scale. Of a figure that is known to lie above or below a value, only the part
beyond it counts.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.calibrate.emulator import Emulator, fit_emulator
from engine.calibrate.sample import SimulatedPoints, beyond
from engine.calibrate.subset_simulation import Implausibility
from engine.stats.arrays import Floats

_REFOCUS: Final = 0.5
"""Share of the points so far, those that miss least, on which emulators are fitted again."""


class _Judged(NamedTuple):
    """Emulators of some targets and what was observed of these, in the emulators' scale.

    `observed` (targets,) float64; `variance` (targets,) of all that is no emulator's; `bounds`
    (targets,) int64, as `CalibrationTarget.bound`.
    """

    emulator: Emulator
    observed: Floats
    variance: Floats
    bounds: NDArray[np.int64]

    def misses(self, cube: Floats) -> tuple[Floats, Floats]:
        """Return signed misses in standard deviations and their variances, (points, targets)."""
        means, variances = self.emulator(cube)
        whole = variances + self.variance
        return beyond(means - self.observed, self.bounds) / np.sqrt(whole), whole


def _judged(sample: SimulatedPoints) -> _Judged:
    """Return emulators of the figures that count, fitted on the better points."""
    places, targets = better_points(sample), sample.fitted
    observed = sample.observed[targets]
    emulator = fit_emulator(
        sample.cube[places], sample.means[np.ix_(places, targets)], observed > 0
    )
    unit = np.where(emulator.is_log, np.abs(observed), 1.0)
    return _Judged(
        emulator,
        emulator.in_scale(observed),
        (sample.sds[targets] ** 2 + sample.noise[0, targets] ** 2) / unit**2,
        sample.bounds[targets],
    )


def implausibility(sample: SimulatedPoints, worst: int) -> Implausibility:
    """Return the `worst`-th largest implausibility of emulators fitted on the better points.

    Parameters
    ----------
    sample
        All points simulated so far.
    worst
        1 for the largest implausibility over the targets, 2 for the next, ….

    Returns
    -------
    A function of points of the unit cube, (points, unknowns), whose values are (points,) float64
    standard deviations.
    """
    found = _judged(sample)
    rank = min(worst, sample.fitted.size) - 1

    def rule(cube: Floats) -> Floats:
        return np.asarray(-np.sort(-np.abs(found.misses(cube)[0]), axis=1)[:, rank])

    return rule


def better_points(sample: SimulatedPoints) -> NDArray[np.int64]:
    """Return the places of the points that miss least, (kept,) int64, ascending.

    All of the first wave's while there are few.
    """
    count = len(sample.points)
    least = min(count, 2 * sample.cube.shape[1] + 10)
    size = max(least, round(_REFOCUS * count)) if sample.wave.max() > 1 else count
    return np.sort(np.argsort(sample.score, kind="stable")[:size])
