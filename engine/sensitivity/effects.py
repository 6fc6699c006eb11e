"""Which way a factor moves a measure, and by how much of its unit.

Saltelli's design holds, for each of N base points a, a second one that differs from it in factor i
alone. With d = b_i - a_i the step along the factor's range, 0 to 1, and e = y(b) - y(a) what it
brought under common random numbers,

    effect_i = sum d e / sum d²

is what raising the factor from the low to the high end of its range changes on average, as the
straight line through the steps says; one that first raises and then lowers may have none. Its
interval is Student's with N - 1 degrees of freedom, its standard error

    sqrt(sum (d (e - effect d) / (1 - h))²) / sum d²,    h = d² / sum d²

(HC3; MacKinnon & White, J. Econometrics 29, 1985): right whatever the spread of e along the range.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from engine.stats.arrays import Floats
from engine.stats.intervals import CONFIDENCE, student_quantile

_LEAST_POINTS: Final = 8
"""Base points below which an interval says nothing."""


def effect_rows(
    of: str, ends: Mapping[str, tuple[Any, Any]], cube: Floats, runs: Mapping[str, Floats]
) -> list[dict[str, Any]]:
    """Return the rows of `sensitivity` with the effect of every factor on every measure.

    Parameters
    ----------
    of
        What the factors are.
    ends
        Of each factor, its values at the low and the high end of its range.
    cube
        `saltelli_design`, (points, factors) float64 from 0 to 1.
    runs
        Each measure, in its unit, at those points, (points, replications) float64.
    """
    return [
        _effect_row((of, name, measure), ends[name], _steps(cube, place), values.mean(axis=1))
        for measure, values in runs.items()
        for place, name in enumerate(ends)
    ]


def _steps(cube: Floats, place: int) -> tuple[slice, slice, Floats]:
    """Return the rows of base points and of those moved in one factor, and the steps (N,)."""
    block = cube.shape[1] + 2
    base, moved = slice(0, None, block), slice(1 + place, None, block)
    return base, moved, cube[moved, place] - cube[base, place]


def _effect_row(
    labels: Sequence[str],
    ends: tuple[Any, Any],
    steps: tuple[slice, slice, Floats],
    means: Floats,
) -> dict[str, Any]:
    base, moved, along = steps
    change, weight = means[moved] - means[base], float(along @ along)
    effect = float(along @ change) / weight if weight > 0 else None
    half = None
    if effect is not None and len(along) >= _LEAST_POINTS:
        left = along * (change - effect * along) / (1 - along**2 / weight)
        error = float(np.sqrt(left @ left)) / weight
        half = error * student_quantile(len(along) - 1, 0.5 + CONFIDENCE / 2)
    of, name, measure = labels
    return {
        "of": of,
        "name": name,
        "measure": measure,
        "index": "effect",
        "value": effect,
        "ci_low": None if effect is None or half is None else effect - half,
        "ci_high": None if effect is None or half is None else effect + half,
        "low": _number(ends[0]),
        "high": _number(ends[1]),
    }


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None
