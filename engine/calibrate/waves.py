"""One wave: which points to simulate, and the simulation of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine import cases
from engine.calibrate.box import Box, Values
from engine.calibrate.design import Floats, Rule, left_over
from engine.calibrate.emulator import Emulator, fit, scale
from engine.calibrate.kept import EVERY, KeptWaves
from engine.calibrate.probe import elasticity, probe_cases
from engine.calibrate.sample import Sample
from engine.calibrate.targets import Target
from engine.calibrate.view import View
from engine.compute import Pool
from engine.design.sequences import latin_hypercube
from engine.rng import Purpose, derive_seed
from engine.spec.calibration import CalibrateJob
from engine.spec.study import Ensemble
from engine.year import Case, Year

Tell = Callable[[int, int], None]
"""Takes the years done and the years in all."""

REFOCUS: Final = 0.5
"""Share of the points so far, those that miss least, on which emulators are fitted again."""

WELL_INSIDE: Final = 0.6
"""Cutoff of the points that are to be plausible for sure, in parts of the job's."""


class Plan(NamedTuple):
    """What every wave needs: the job, its box of unknowns, and what is read off a year."""

    job: CalibrateJob
    box: Box
    targets: tuple[Target, ...]


def first_points(plan: Plan) -> list[Values]:
    """Points all over the box. Where the scenario stands in it has no say: an earlier fit might."""
    job, box = plan.job, plan.box
    return box.values(latin_hypercube(len(box.names), job.fit.points_count, _seed(job, 1)))


def next_points(plan: Plan, sample: Sample, wave: int) -> list[Values]:
    """Points that no emulator rules out, half of them well inside of what is left.

    In many dimensions nearly all of a region lies at its border, where the emulators' errors
    decide what is plausible. One bad target is forgiven in the first of these waves.
    """
    job, box = plan.job, plan.box
    rule = implausibility(sample, worst=2 if wave == 2 < job.fit.waves_count else 1)
    count, seed = job.fit.points_count, _seed(job, wave)
    parts = ((count // 2, WELL_INSIDE * job.fit.cutoff), (count - count // 2, job.fit.cutoff))
    found = [
        left_over(rule, len(box.names), size, limit, derive_seed(seed, Purpose.TRIAL, part))
        for part, (size, limit) in enumerate(parts)
    ]
    return box.values(np.vstack(found))


def implausibility(sample: Sample, worst: int) -> Rule:
    """Return the `worst`-th largest implausibility of emulators fitted on the better points."""
    places = _better(sample)
    targets = sample.fitted
    observed, sds = sample.observed[targets], sample.sds[targets]
    means = sample.means[np.ix_(places, targets)]
    emulator = fit(sample.cube[places], means, observed > 0)
    errors = sample.errors[0, targets]  # all points of the waves have as many runs
    rank = min(worst, targets.size) - 1

    def rule(cube: Floats) -> Floats:
        variance = total_variance(emulator, observed, sds, errors)
        misses = np.abs(emulator(cube) - scale(observed, emulator.is_log)) / np.sqrt(variance)
        return np.asarray(-np.sort(-misses, axis=1)[:, rank])

    return rule


def total_variance(emulator: Emulator, observed: Floats, sds: Floats, errors: Floats) -> Floats:
    """Var_observation + Var_emulator + Var_luck in the emulators' scale.

    The leave-one-out error is the emulator's: all points met the same luck, which moves them
    alike and does not show in it.
    """
    unit = np.where(emulator.is_log, np.abs(observed), 1.0)
    luck = (errors / unit) ** 2
    return np.asarray((sds / unit) ** 2 + emulator.variance + luck)


def simulate(
    plan: Plan, points: Sequence[Values], wave: int, pool: Pool, kept: KeptWaves, tell: Tell
) -> Sample:
    """Simulate every point with every replication, and read the targets off."""
    job, box, targets = plan
    todo = point_cases(plan, points)
    readings = kept.get(wave, points)
    for reading in _readings(targets, todo[len(readings) :], pool):
        readings.append(reading)
        if len(readings) % EVERY == 0 or len(readings) == len(todo):
            kept.put(wave, points, readings)
        tell(len(readings), len(todo))
    runs = np.array(readings).reshape(len(points), job.replications, len(targets))
    return Sample.of(targets, points, box.cube(points), wave, runs)


def confirm(plan: Plan, sample: Sample, pool: Pool, kept: KeptWaves, tell: Tell) -> Sample:
    """Run the points that miss least again, on luck that had no say in choosing them.

    The least miss of hundreds from few runs is a lucky one: the best point is the best, and
    a plausible one plausible, by fresh runs alone.
    """
    job = plan.job
    changes = {
        "seed": derive_seed(job.seed, Purpose.FRESH, 1) >> 31,
        "world_seed": job.world_seed + job.replications * job.redraw_worlds,
        "replications": job.fit.confirmed_replications,
    }
    places = np.argsort(sample.score, kind="stable")[: job.fit.confirmed_count]
    points = [sample.points[place] for place in places]
    rerun = plan._replace(job=job.model_copy(update=changes))
    return sample.again(places, simulate(rerun, points, job.fit.waves_count + 1, pool, kept, tell))


def _readings(targets: Sequence[Target], todo: Sequence[Case], pool: Pool) -> Iterator[list[float]]:
    """Yield the targets of each case's year, with the experiment beside it if one is needed."""
    needs_probe = any(target.measure.needs_probe for target in targets)
    asked = [case for one in todo for case in (one, *(probe_cases(one) if needs_probe else ()))]
    years = _grouped(pool.run(asked), 3 if needs_probe else 1)
    for case, found in zip(todo, years, strict=True):
        view = View(case.scenario, found[0], elasticity(*found[1:]) if needs_probe else 0.0)
        yield [float(target.measure.read(view, target.days)) for target in targets]


def point_cases(plan: Plan, points: Sequence[Values]) -> list[Case]:
    """Years of every point and replication, points as worlds of an ensemble; common luck."""
    job, box = plan.job, plan.box
    worlds = {f"point_{k}": box.changes(point) for k, point in enumerate(points)}
    ensemble = Ensemble(name="points", worlds=worlds)
    todo = cases.cases(job.model_copy(update={"ensemble": ensemble}), [job.policy])
    if not job.redraw_worlds:
        return todo
    return [replace(case, world_seed=job.world_seed + case.replication) for case in todo]


def _grouped(years: Iterator[Year], size: int) -> Iterator[list[Year]]:
    for first in years:
        yield [first, *(next(years) for _ in range(size - 1))]


def _better(sample: Sample) -> NDArray[np.int64]:
    """Places of the points that miss least; all of the first wave's while there are few."""
    count = len(sample.points)
    least = min(count, 2 * sample.cube.shape[1] + 10)
    size = max(least, round(REFOCUS * count)) if sample.wave.max() > 1 else count
    return np.sort(np.argsort(sample.score, kind="stable")[:size])


def _seed(job: CalibrateJob, wave: int) -> int:
    return derive_seed(job.seed, Purpose.TRIAL, wave) >> 31
