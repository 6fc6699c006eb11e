"""One wave: which points to simulate, and the simulation of them.

Points of a later wave are those that emulators do not rule out, by how far what they predict lies
from what was observed,

    I(x) = |z - E f(x)| / sqrt(V_observation + V_discrepancy + V_emulator(x) + V_replications)

in the emulators' scale. Of a figure that is known to lie above or below a value, only the part
beyond it counts.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine import cases
from engine.calibrate.checkpoint import EVERY, WaveCheckpoint
from engine.calibrate.emulator import Emulator
from engine.calibrate.probe import probe_branches, within
from engine.calibrate.run_reader import RunReader
from engine.calibrate.sample import SimulatedPoints, beyond
from engine.calibrate.subset_simulation import Implausibility, sample_plausible
from engine.calibrate.targets import CalibrationTarget
from engine.calibrate.unknown_space import UnknownSpace, Values
from engine.case import Case
from engine.compute import Pool
from engine.design.sequences import latin_hypercube
from engine.rng import Purpose, derive_seed
from engine.spec.calibration import NO_PROBES, CalibrateJob, Probes
from engine.spec.jobs import Ensemble
from engine.stats.arrays import Floats

_OnRuns = Callable[[int, int], None]
"""Takes the runs done and the runs in all."""

_WELL_INSIDE: Final = 0.6
"""Cutoff of the points that are to be plausible for sure, in parts of the job's."""


class CalibrationPlan(NamedTuple):
    """What every wave needs: the job, the space of its unknowns, and what is read off a run."""

    job: CalibrateJob
    space: UnknownSpace
    targets: tuple[CalibrationTarget, ...]

    @property
    def probes(self) -> Probes:
        """The experiments that are made: none where no target is read off them."""
        asked = any(target.measure.probe for target in self.targets)
        calendar = self.job.scenario.calendar
        return within(self.job.probes, calendar.start, calendar.end) if asked else NO_PROBES

    def first_points(self) -> list[Values]:
        """Return points all over the space, a Latin hypercube.

        Where the scenario stands in it has no say: an earlier fit might.
        """
        job, space = self.job, self.space
        return space.values(latin_hypercube(len(space.names), job.fit.points_count, _seed(job, 1)))

    def next_points(self, sample: SimulatedPoints, wave: int) -> list[Values]:
        """Return points that no emulator rules out, half of them well inside of what is left.

        In many dimensions nearly all of a region lies at its border, where the emulators' errors
        decide what is plausible. In the first of these waves the worst target does not count.

        Parameters
        ----------
        sample
            All points simulated so far.
        wave
            Number of the wave, 2 or more.
        """
        job, space = self.job, self.space
        rule = _implausibility(sample, worst=2 if wave == 2 < len(job.fit.waves) else 1)
        (count, cutoff), seed = job.fit.waves[wave - 1], _seed(job, wave)
        parts = ((count // 2, _WELL_INSIDE * cutoff), (count - count // 2, cutoff))
        found = [
            sample_plausible(
                rule, len(space.names), size, limit, derive_seed(seed, Purpose.TRIAL, part)
            )
            for part, (size, limit) in enumerate(parts)
        ]
        return space.values(np.vstack(found))

    def simulate_points(
        self,
        points: Sequence[Values],
        wave: int,
        pool: Pool,
        kept: WaveCheckpoint,
        on_runs: _OnRuns,
    ) -> SimulatedPoints:
        """Simulate every point with every replication, and read the targets off.

        Parameters
        ----------
        points
            Values of the unknowns, in their units.
        wave
            Number of the wave, from 1.
        pool
            What simulates.
        kept
            Has the readings of an interrupted calibration, and gets the new ones.
        on_runs
            Takes the runs done and the runs in all.
        """
        space, targets = self.space, self.targets
        todo = _point_cases(self, points)
        readings = kept.get(wave, points)
        for reading in _readings(self, todo[len(readings) :], pool):
            readings.append(reading)
            if len(readings) % EVERY == 0 or len(readings) == len(todo):
                kept.put(wave, points, readings)
            on_runs(len(readings), len(todo))
        runs = np.array(readings).reshape(len(points), self.job.replications, len(targets))
        return SimulatedPoints.of(targets, points, space.cube(points), wave, runs)

    def confirm_points(
        self,
        sample: SimulatedPoints,
        pool: Pool,
        kept: WaveCheckpoint,
        on_runs: _OnRuns,
    ) -> SimulatedPoints:
        """Run the points that miss least again, in replications that did not help to choose them.

        Their seeds are fresh, and so are their populations unless the job counts them.
        The least miss of hundreds from few runs is biased: the best point is the best, and
        a plausible one plausible, by fresh runs alone.

        Parameters
        ----------
        sample
            All points so far.
        pool
            What simulates.
        kept
            Has the readings of an interrupted calibration, and gets the new ones.
        on_runs
            Takes the runs done and the runs in all.
        """
        job = self.job
        apart = job.replications if job.populations_count is None else 0
        changes = {
            "seed": derive_seed(job.seed, Purpose.FRESH, 1) >> 31,
            "world_seed": job.world_seed + apart,
            "replications": job.fit.confirmed_replications,
        }
        places = np.argsort(sample.score, kind="stable")[: job.fit.confirmed_count]
        points = [sample.points[place] for place in places]
        rerun = self._replace(job=job.model_copy(update=changes))
        return sample.again(
            places, rerun.simulate_points(points, len(job.fit.waves) + 1, pool, kept, on_runs)
        )


def _readings(plan: CalibrationPlan, todo: Sequence[Case], pool: Pool) -> Iterator[list[float]]:
    """Yield the targets of each case's run, read off it and the experiments in it."""
    probes = plan.probes
    asked = [replace(case, branches=probe_branches(case, probes)) for case in todo]
    for case, result in zip(todo, pool.run(asked), strict=True):
        reader = RunReader(case.scenario, result, probes)
        yield [float(target.measure.read(reader, target.days)) for target in plan.targets]


def _point_cases(plan: CalibrationPlan, points: Sequence[Values]) -> list[Case]:
    """Cases of every point and replication, points as worlds; common populations and seeds."""
    job, space = plan.job, plan.space
    worlds = {f"point_{k}": space.changes(point) for k, point in enumerate(points)}
    ensemble = Ensemble(name="points", worlds=worlds)
    return cases.cases(job.model_copy(update={"ensemble": ensemble}), [job.policy])


def _seed(job: CalibrateJob, wave: int) -> int:
    return derive_seed(job.seed, Purpose.TRIAL, wave) >> 31


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
    places, targets = sample.better_places, sample.fitted
    observed = sample.observed[targets]
    emulator = Emulator.fit(
        sample.cube[places], sample.means[np.ix_(places, targets)], observed > 0
    )
    unit = np.where(emulator.is_log, np.abs(observed), 1.0)
    return _Judged(
        emulator,
        emulator.in_scale(observed),
        (sample.sds[targets] ** 2 + sample.noise[0, targets] ** 2) / unit**2,
        sample.bounds[targets],
    )


def _implausibility(sample: SimulatedPoints, worst: int) -> Implausibility:
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
