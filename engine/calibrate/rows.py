"""Rows of the table `calibration`: a point and a target each."""

from collections.abc import Sequence
from math import isfinite
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.calibrate.posterior import INTERVAL, TargetPredictions
from engine.calibrate.sample import SimulatedPoints
from engine.calibrate.targets import Unmodelled

Row = dict[str, Any]
UNKNOWN: Final = "unknown."
"""Begins the columns that hold a point's unknowns."""

NO_POINT: Final = -1
"""`point` of a figure that is not modelled."""

INERT: Final = "no unknown moves it: it rules nothing out"


def calibration_rows(
    sample: SimulatedPoints,
    unmodelled: Sequence[Unmodelled],
    cutoff: float,
    kept: NDArray[np.int64],
    ensemble: Sequence[int],
    said: TargetPredictions,
) -> list[Row]:
    """Return a row per point and target, then those of figures that are not modelled.

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
    return [*rows, *(_unmodelled(one) for one in unmodelled)]


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


def _unmodelled(one: Unmodelled) -> Row:
    figure = one.figure
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
        "note": one.why,
    }
