"""The points that were simulated, and how far each lies from what was observed.

History matching rules out a point x by its implausibility (Vernon, Goldstein & Bower,
Bayesian Analysis 5, 2010; Andrianakis et al., PLoS Computational Biology 11, 2015),

    I(x) = |z - E f(x)| / sqrt(V_observation + V_discrepancy + V_emulator + V_replications),

where V_emulator is 0 at a point that was simulated, and V_replications that of one run, which
is what was observed, and of the mean of several. Only targets with role `fit` count.
What is plausible in the end, and which point is best, is said by fresh runs of the best points.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.calibrate.observed import FIT
from engine.calibrate.targets import CalibrationTarget
from engine.calibrate.unknown_space import Values
from engine.stats.arrays import Floats

_STILL = 1e-6
"""A target that varies less than this share of itself over the first wave is moved by nothing."""

_REFOCUS: Final = 0.5
"""Share of the points so far, those that miss least, on which emulators are fitted again."""


@dataclass(frozen=True)
class SimulatedPoints:
    """Simulated points of the unknowns' space.

    `points` hold the unknowns' values and `cube` where these lie, (points, unknowns) float64;
    `wave` says when a point was simulated. Of its runs, `counts` many, `means` and `variances`
    are kept, (points, targets) float64 in the targets' units; `confirmed` are those whose runs
    had no say in the choice of the point (`again`). `moved` says of each target whether some
    unknown moves it over the first wave: one that none moves can rule nothing out.
    """

    targets: tuple[CalibrationTarget, ...]
    points: tuple[Values, ...]
    cube: Floats
    wave: NDArray[np.int64]
    means: Floats
    variances: Floats
    counts: NDArray[np.int64]
    confirmed: NDArray[np.bool_]
    moved: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        targets: tuple[CalibrationTarget, ...],
        points: Sequence[Values],
        cube: Floats,
        wave: int,
        runs: Floats,
    ) -> "SimulatedPoints":
        """Return the points of one wave; `runs` is (points, replications, targets) float64."""
        size, count, width = runs.shape
        means = runs.mean(axis=1)
        variances = runs.var(axis=1, ddof=1) if count > 1 else np.zeros((size, width))
        return cls(
            targets=targets,
            points=tuple(points),
            cube=cube,
            wave=np.full(size, wave),
            means=means,
            variances=variances,
            counts=np.full(size, count),
            confirmed=np.zeros(size, np.bool_),
            moved=np.ptp(means, axis=0) > _STILL * np.abs(means).max(axis=0),
        )

    @cached_property
    def errors(self) -> Floats:
        """Standard errors of the means, (points, targets), from variances that like points share.

        One point's variance from a few runs is too rough to divide by. Points of the waves
        share the median, which those far off do not move; confirmed ones, alike and with more
        runs, the mean.
        """
        shared = np.empty_like(self.means)
        for group, share in ((~self.confirmed, np.median), (self.confirmed, np.mean)):
            if group.any():
                shared[group] = share(self.variances[group], axis=0)
        return np.asarray(np.sqrt(shared / self.counts[:, None]))

    @cached_property
    def observed(self) -> Floats:
        """Observed figures, (targets,), in their units; not-a-number for a forecast."""
        return np.array([np.nan if t.observed is None else t.observed for t in self.targets])

    @cached_property
    def sds(self) -> Floats:
        """Standard deviations of what was observed around a right model, (targets,).

        Of the observation and of the model's discrepancy together; nought for a forecast.
        """
        pairs = [(t.sd, t.discrepancy * abs(t.observed or 0.0)) for t in self.targets]
        return np.asarray(np.sqrt(np.square(np.array(pairs)).sum(axis=1)))

    @cached_property
    def bounds(self) -> NDArray[np.int64]:
        """Which figures are bounds, (targets,), as `CalibrationTarget.bound`."""
        return np.array([target.bound for target in self.targets], np.int64)

    @cached_property
    def noise(self) -> Floats:
        """Standard deviations of one run around the mean of a point's runs, (points, targets).

        What was observed is one run of the world: V = v + v / runs.
        """
        return np.asarray(self.errors * np.sqrt(self.counts + 1.0)[:, None])

    @cached_property
    def fitted(self) -> NDArray[np.int64]:
        """Indices of the targets that count, (fitted targets,)."""
        is_fit = np.array([target.role == FIT for target in self.targets])
        return np.flatnonzero(is_fit & self.moved)

    @cached_property
    def misses(self) -> Floats:
        """Signed standardised misses (f - z) / sd, shape (points, targets)."""
        sds = np.sqrt(self.sds**2 + self.noise**2)
        with np.errstate(divide="ignore", invalid="ignore"):
            return beyond(self.means - self.observed, self.bounds) / sds

    @cached_property
    def ranked(self) -> Floats:
        """Sizes of the misses that count, the worst first, shape (points, fitted targets)."""
        return -np.sort(-np.abs(self.misses[:, self.fitted]), axis=1)

    @cached_property
    def score(self) -> Floats:
        """Worst miss + root of the mean square, (points,): a sum alone lets one figure go."""
        return np.asarray(self.ranked[:, 0] + np.sqrt((self.ranked**2).mean(axis=1)))

    @cached_property
    def better_places(self) -> NDArray[np.int64]:
        """Places of the points that miss least, (kept,), ascending.

        All of the first wave's while there are few.
        """
        count = len(self.points)
        least = min(count, 2 * self.cube.shape[1] + 10)
        size = max(least, round(_REFOCUS * count)) if self.wave.max() > 1 else count
        return np.sort(np.argsort(self.score, kind="stable")[:size])

    def plausible(self, cutoff: float) -> NDArray[np.bool_]:
        """Return which points are confirmed with their worst miss within the cutoff, (points,)."""
        return np.asarray(self.confirmed & (self.ranked[:, 0] <= cutoff))

    def joined(self, other: "SimulatedPoints") -> "SimulatedPoints":
        """Return both samples as one; this is the earlier."""
        arrays = ("cube", "wave", "means", "variances", "counts", "confirmed")
        both = {
            name: np.concatenate([getattr(own, name) for own in (self, other)]) for name in arrays
        }
        return SimulatedPoints(
            self.targets, (*self.points, *other.points), moved=self.moved, **both
        )

    def again(self, places: NDArray[np.int64], fresh: "SimulatedPoints") -> "SimulatedPoints":
        """Return the sample with the points at `places` evaluated by fresh runs alone.

        They were chosen by their first runs, which biases those. The fresh runs in turn are biased
        for the one that is best by them, but little.
        """

        def put(name: str, values: Any) -> Any:
            whole = getattr(self, name).copy()
            whole[places] = values
            return whole

        return replace(
            self,
            means=put("means", fresh.means),
            variances=put("variances", fresh.variances),
            counts=put("counts", fresh.counts),
            confirmed=put("confirmed", True),
        )


def beyond(differences: Floats, bounds: NDArray[np.int64]) -> Floats:
    """Return the part of simulated less observed that counts: beyond a bound, or all of it.

    Parameters
    ----------
    differences
        (points, targets) float64.
    bounds
        (targets,) int64, 1 where the figure lies above the observed value, -1 below, 0 neither.

    Returns
    -------
    (points, targets) float64, in the differences' unit.
    """
    inside = bounds * differences > 0
    return np.where(inside, 0.0, differences)
