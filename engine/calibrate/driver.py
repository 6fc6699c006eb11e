"""The calibration from end to end: wave after wave, what is left and what it says, and its rows."""

from collections.abc import Callable, Sequence
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.calibrate.checkpoint import WaveCheckpoint
from engine.calibrate.observed import ObservedFigure, read_figures
from engine.calibrate.posterior import INTERVAL, TargetPredictions
from engine.calibrate.probe import within
from engine.calibrate.sample import SimulatedPoints
from engine.calibrate.targets import CalibrationTarget, match_figures
from engine.calibrate.unknown_space import UnknownSpace, Values
from engine.calibrate.waves import CalibrationPlan
from engine.compute import Pool
from engine.errors import InputError
from engine.rng import Purpose, derive_seed
from engine.spec.calibration import CalibrateJob
from engine.spec.jobs import Ensemble
from engine.spec.scenario import Scenario
from engine.stats.arrays import Floats

Row = dict[str, Any]
UNKNOWN: Final = "unknown."
"""Begins the columns that hold a point's unknowns."""

NO_POINT: Final = -1
"""`point` of a figure that is not modelled."""

INERT: Final = "no unknown moves it: it rules nothing out"

_Unmodelled = tuple[ObservedFigure, str]
"""A figure that the model does not show, and why."""

_OnProgress = Callable[[str, int, int, str], None]
"""Takes the wave, runs done, runs in all, and a note."""

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
    read off every run and not used otherwise.

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
        Takes the wave, runs done, runs in all, and a note.

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
        points = plan.first_points() if sample is None else plan.next_points(sample, wave)
        on_runs = partial(_report_wave, on_progress, wave, sample)
        found = plan.simulate_points(points, wave, pool, kept_waves, on_runs)
        sample = found if sample is None else sample.joined(found)
        if not sample.fitted.size:
            raise InputError(
                "unknowns",
                "none of them moves a figure that is to be fitted",
                "unknowns on which some row with role fit depends",
                "add one, or another row",
            )
    assert sample is not None
    judged = plan.confirm_points(
        sample, pool, kept_waves, partial(_report_confirmation, on_progress)
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
) -> tuple[list[CalibrationTarget], list[_Unmodelled]]:
    calendar = job.scenario.calendar
    probes = within(job.probes, calendar.start, calendar.end)
    return match_figures(figures, calendar, job.fit, probes, job.scenario.currency)


def _outcome(
    plan: CalibrationPlan,
    sample: SimulatedPoints,
    unmodelled: Sequence[_Unmodelled],
    said: TargetPredictions,
) -> CalibrationResult:
    job, space = plan.job, plan.space
    places, any_plausible = _plausible_points(sample, job.fit.cutoff, job.fit.ensemble_count)
    best = int(places[0])
    chosen = _spread_points(sample.cube, places.tolist(), job.fit.ensemble_count)
    name = job.scenario.name
    return CalibrationResult(
        rows=_rows(sample, unmodelled, job.fit.cutoff, places, chosen, said),
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


def _rows(
    sample: SimulatedPoints,
    unmodelled: Sequence[_Unmodelled],
    cutoff: float,
    kept: NDArray[np.int64],
    ensemble: Sequence[int],
    said: TargetPredictions,
) -> list[Row]:
    """Return the rows of `calibration`: a point and a target each, then figures not modelled.

    Parameters
    ----------
    sample
        All points.
    unmodelled
        Figures that the model does not show.
    cutoff
        Worst miss that is plausible, in standard deviations.
    kept
        (kept,) int64, points that are plausible, or returned in their place, the best first.
    ensemble
        Points that became worlds of the ensemble.
    said
        Intervals of every target, how often such intervals held hidden worlds' figures, and
        what the figures say one by one.
    """
    limits = np.quantile(sample.means[kept], INTERVAL, axis=0)
    plausible, chosen, inside = sample.plausible(cutoff), set(kept.tolist()), set(ensemble)
    best = int(kept[0])
    rows = []
    for point, values in enumerate(sample.points):
        shared = {
            "point": point,
            "wave": int(sample.wave[point]),
            "worst_miss": float(sample.ranked[point, 0]),
            "second_worst_miss": float(sample.ranked[point, min(1, sample.fitted.size - 1)]),
            "score": float(sample.score[point]),
            "confirmed": bool(sample.confirmed[point]),
            "plausible": bool(plausible[point]),
            "kept": point in chosen,
            "best": point == best,
            "in_ensemble": point in inside,
        }
        unknowns = {f"{UNKNOWN}{name}": value for name, value in values.items()}
        rows += [
            _target(sample, point, place, limits[:, place])
            | _interval(said, place)
            | shared
            | unknowns
            for place in range(len(sample.targets))
        ]
    return [*rows, *(_unmodelled(*one) for one in unmodelled)]


def _target(sample: SimulatedPoints, point: int, place: int, limits: NDArray[np.float64]) -> Row:
    target, miss = sample.targets[place], float(sample.misses[point, place])
    told = target.observed is not None
    return {
        "key": target.key,
        "period": target.period,
        "reading": target.measure.reading,
        "unit": target.unit,
        "role": target.role,
        "observed": target.observed,
        "tolerance": target.tolerance if told else None,
        "bound": target.bound,
        "simulated": float(sample.means[point, place]),
        "standard_error": float(sample.errors[point, place]) if sample.counts[point] > 1 else None,
        "kept_low": float(limits[0]),
        "kept_high": float(limits[1]),
        "miss": miss if told else None,
        "note": "" if sample.moved[place] else INERT,
    }


def _interval(said: TargetPredictions, place: int) -> Row:
    share = float(said.coverage.shares[place])
    return {
        "low": float(said.predicted.low[place]),
        "median": float(said.predicted.median[place]),
        "high": float(said.predicted.high[place]),
        "coverage": share if isfinite(share) else None,
        "hidden_worlds": said.coverage.worlds_count,
        **_named(("prior_low", "prior_high"), said.narrowing.prior[place]),
        **_named(("coupon_low", "coupon_high"), said.narrowing.coupon[place]),
    }


def _named(names: tuple[str, str], limits: NDArray[np.float64]) -> Row:
    """The two limits by their names; None for what is not a number."""
    return {
        name: float(limit) if isfinite(limit) else None
        for name, limit in zip(names, limits, strict=True)
    }


def _unmodelled(figure: ObservedFigure, why: str) -> Row:
    return {
        "point": NO_POINT,
        "wave": 0,
        "key": figure.key,
        "period": figure.period,
        "reading": "",
        "unit": figure.unit,
        "role": figure.role,
        "observed": figure.value,
        "tolerance": figure.tolerance if figure.value is not None else None,
        "bound": figure.bound,
        "simulated": None,
        "standard_error": None,
        "kept_low": None,
        "kept_high": None,
        "low": None,
        "median": None,
        "high": None,
        "coverage": None,
        "hidden_worlds": 0,
        **dict.fromkeys(("prior_low", "prior_high", "coupon_low", "coupon_high")),
        "miss": None,
        "worst_miss": None,
        "second_worst_miss": None,
        "score": None,
        "confirmed": False,
        "plausible": False,
        "kept": False,
        "best": False,
        "in_ensemble": False,
        "note": why,
    }
