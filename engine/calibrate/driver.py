"""The calibration from end to end: wave after wave, then what is left and what it says."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.calibrate.checkpoint import WaveCheckpoint
from engine.calibrate.observed import ObservedFigure, read_figures
from engine.calibrate.posterior import TargetPredictions
from engine.calibrate.probe import within
from engine.calibrate.rows import Row, calibration_rows
from engine.calibrate.sample import SimulatedPoints
from engine.calibrate.targets import CalibrationTarget, Unmodelled, match_figures
from engine.calibrate.unknown_space import UnknownSpace, Values
from engine.calibrate.waves import (
    CalibrationPlan,
    confirm_points,
    first_points,
    next_points,
    simulate_points,
)
from engine.compute import Pool
from engine.errors import InputError
from engine.rng import Purpose, derive_seed
from engine.spec.calibration import CalibrateJob
from engine.spec.jobs import Ensemble
from engine.spec.scenario import Scenario
from engine.stats.arrays import Floats

_OnProgress = Callable[[str, int, int, str], None]
"""Takes the wave, years done, years in all, and a note."""

_POPULATIONS_APART: Final = 1000
"""Between the first populations of two worlds of the ensemble: more than replications need."""


class CalibrationResult(NamedTuple):
    """What a calibration found.

    `any_plausible` is False where the ensemble holds the confirmed points that miss least, none of
    which is within the cutoff.
    """

    rows: list[Row]
    best: Values
    scenario: Scenario
    ensemble: Ensemble
    any_plausible: bool
    sample: SimulatedPoints


def check_calibration(job: CalibrateJob, observed: str) -> None:
    """Refuse a job that cannot be done, before anything starts.

    Raises
    ------
    InputError
        For a table that cannot be used, or a range that leads to no number or breaks a rule.
    """
    UnknownSpace(job.unknowns.ranges, job.scenario)
    _matched(job, read_figures(observed, job.fit.tolerance))


def calibrate(
    job: CalibrateJob,
    figures: Sequence[ObservedFigure],
    folder: Path,
    pool: Pool,
    on_progress: _OnProgress,
) -> CalibrationResult:
    """Find the points of the unknowns' space that are compatible with the figures to fit.

    The result is a function of the job and the figures alone, not of what an interrupted
    calibration left in the folder, with which this one goes on. Rows with role `check` are
    read off every year and not used otherwise.

    Parameters
    ----------
    job
        Scenario, unknowns, policy, and how to fit.
    figures
        What was observed.
    folder
        Where the readings of each wave are stored.
    pool
        What simulates.
    on_progress
        Takes the wave, years done, years in all, and a note.

    Raises
    ------
    InputError
        If no unknown moves a figure that is to be fitted.
    """
    kept_waves = WaveCheckpoint.of(folder, job, figures)
    targets, unmodelled = _matched(job, figures)
    plan = CalibrationPlan(job, UnknownSpace(job.unknowns.ranges, job.scenario), tuple(targets))
    sample: SimulatedPoints | None = None
    for wave in range(1, len(job.fit.waves) + 1):
        points = first_points(plan) if sample is None else next_points(plan, sample, wave)
        on_runs = partial(_report_wave, on_progress, wave, sample)
        found = simulate_points(plan, points, wave, pool, kept_waves, on_runs)
        sample = found if sample is None else sample.joined(found)
        if not sample.fitted.size:
            raise InputError(
                "unknowns",
                "none of them moves a figure that is to be fitted",
                "unknowns on which some row with role fit depends",
                "add one, or another row",
            )
    assert sample is not None
    judged = confirm_points(
        plan, sample, pool, kept_waves, partial(_report_confirmation, on_progress)
    )
    on_progress("worlds hidden among the points", 0, 1, "")
    said = TargetPredictions.of(sample, (_seed(job, 2), _seed(job, 3), _seed(job, 4)))
    return _outcome(plan, judged, unmodelled, said)


def _seed(job: CalibrateJob, use: int) -> int:
    return derive_seed(job.seed, Purpose.FRESH, use) >> 31


def _report_confirmation(on_progress: _OnProgress, done: int, total: int) -> None:
    on_progress("runs of the best, on fresh seeds", done, total, "")


def _report_wave(
    on_progress: _OnProgress, wave: int, sample: SimulatedPoints | None, done: int, total: int
) -> None:
    note = f"worst miss so far {sample.ranked[:, 0].min():.1f} sd" if sample else ""
    on_progress(f"runs of wave {wave}", done, total, note)


def _matched(
    job: CalibrateJob, figures: Sequence[ObservedFigure]
) -> tuple[list[CalibrationTarget], list[Unmodelled]]:
    calendar = job.scenario.calendar
    probes = within(job.probes, calendar.start, calendar.end)
    return match_figures(figures, calendar, job.fit, probes, job.scenario.currency)


def _outcome(
    plan: CalibrationPlan,
    sample: SimulatedPoints,
    unmodelled: Sequence[Unmodelled],
    said: TargetPredictions,
) -> CalibrationResult:
    job, space = plan.job, plan.space
    places, any_plausible = _plausible_points(sample, job.fit.cutoff, job.fit.ensemble_count)
    best = int(places[0])
    chosen = _spread_points(sample.cube, places.tolist(), job.fit.ensemble_count)
    name = job.scenario.name
    return CalibrationResult(
        rows=calibration_rows(sample, unmodelled, job.fit.cutoff, places, chosen, said),
        best=sample.points[best],
        scenario=space.scenario(sample.points[best], f"{name}_calibrated"),
        ensemble=Ensemble(
            name=f"{name}_plausible",
            worlds={
                f"point_{k}": {
                    "world_seed": job.world_seed + _POPULATIONS_APART * place,
                    **space.changes(sample.points[k]),
                }
                for place, k in enumerate(chosen, start=1)
            },
        ),
        any_plausible=any_plausible,
        sample=sample,
    )


def _plausible_points(
    sample: SimulatedPoints, cutoff: float, at_least: int
) -> tuple[NDArray[np.int64], bool]:
    """Return the plausible points, best first, and whether there are any.

    Without any, the `at_least` confirmed points that miss least are returned instead.

    Parameters
    ----------
    sample
        All points.
    cutoff
        Worst miss that is plausible, in standard deviations.
    at_least
        Points to return where none is plausible.

    Returns
    -------
    (found,) int64, rows of the sample, and whether these are plausible.
    """
    order = np.argsort(sample.score, kind="stable")
    order = order[sample.confirmed[order]]
    found = order[sample.plausible(cutoff)[order]]
    return (found, True) if found.size else (order[:at_least], False)


def _spread_points(cube: Floats, order: Sequence[int], count: int) -> list[int]:
    """Choose points of `order` that lie far from one another, beginning with the first.

    Parameters
    ----------
    cube
        (points, unknowns) float64, all points.
    order
        Indices of those that may be chosen.
    count
        How many are chosen, at the most.
    """
    chosen = [int(order[0])]
    left = [int(place) for place in order[1:]]
    while left and len(chosen) < count:
        gaps = [float(np.min(((cube[chosen] - cube[place]) ** 2).sum(axis=1))) for place in left]
        chosen.append(left.pop(int(np.argmax(gaps))))
    return chosen
