"""Measures of a part of the horizon: `gmv_paid_fen@2020-H2` is what the half year adds up to.

    Y@P = sum over the days t of the period P of y_t

Only amounts that add up over days have a period: the flows of the daily table, the net cost,
which is minus one of them, and GMV as paid since the year's first day, of which a year has what
stands at its end. Of a share, a stock or a truth value of the year no day knows a part.
A period is a calendar year, half year, quarter or month: 2020, 2020-H2, 2020-Q3, 2020-06.
"""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from numpy.typing import NDArray

from engine.measures.flows import FLOW_MEASURES

_AT: Final = "@"
_PERIOD: Final = re.compile(r"(\d{4})(?:-(?:H([12])|Q([1-4])|(0[1-9]|1[0-2])))?")

_NEGATED: Final = {"cost_fen": "platform_contribution_fen"}
"""Measures that are minus a flow."""

_RUNNING: Final = ("gmv_paid_cumulative_fen",)
"""Measures of a day that add up since the first of January."""

ADDED_UP: Final = (*(measure.name for measure in FLOW_MEASURES), *_NEGATED, *_RUNNING)
"""Measures that may have a period."""


class _MeasurePeriod(NamedTuple):
    """Days from the first to the last, both included."""

    first: date
    last: date


def split_measure(measure: str) -> tuple[str, str]:
    """Return a measure's name without its period, and the period as it is written, or nothing."""
    name, _, period = measure.partition(_AT)
    return name, period


def period_of(measure: str) -> _MeasurePeriod | None:
    """Return the period of a measure's name; None where it has none.

    Raises
    ------
    ValueError
        If what follows the @ is no period, or the measure does not add up over days; the message
        says `what; allowed; remedy`.
    """
    name, words = split_measure(measure)
    if _AT not in measure:
        return None
    found = _PERIOD.fullmatch(words)
    if found is None:
        raise ValueError(
            f"{words!r} is no period; a year, half year, quarter or month, as 2020, 2020-H2, "
            f"2020-Q3 or 2020-06; write {name}@2020-H2, or leave the period out"
        )
    if name not in ADDED_UP:
        raise ValueError(
            f"{name} does not add up over days, so that it has no part of a year; "
            f"{', '.join(ADDED_UP)}; name one of them, or leave the period out"
        )
    if name in _RUNNING and words != found[1]:
        raise ValueError(
            f"{name} adds up since 1 January, and {words} is a part of a year; a year; write "
            f"{name}@{found[1]}, or gmv_paid_fen@{words} for what the part adds up to"
        )
    year, half, quarter, month = int(found[1]), *(int(part or 0) for part in found.groups()[1:])
    first, count = 1, 12
    if half:
        first, count = 6 * half - 5, 6
    elif quarter:
        first, count = 3 * quarter - 2, 3
    elif month:
        first, count = month, 1
    after = date(year + (first + count) // 13, (first + count - 1) % 12 + 1, 1)
    return _MeasurePeriod(date(year, first, 1), after - timedelta(days=1))


def sum_of_period(daily: Mapping[str, NDArray[Any]], measure: str, start: date) -> float:
    """Return what a measure adds up to over its period, in its unit.

    Parameters
    ----------
    daily
        Columns of the reported days, (days,) each.
    measure
        With a period, from `ADDED_UP`.
    start
        Day of the first row; days of the period that are not there count nothing.
    """
    period, name = period_of(measure), split_measure(measure)[0]
    assert period is not None
    first = max((period.first - start).days, 0)
    last = max((period.last - start).days + 1, 0)
    if name in _RUNNING:
        stood = daily[name][first:last]
        return float(stood[-1]) if stood.size else 0.0
    flow = daily[_NEGATED.get(name, name)][first:last]
    total = flow.sum().item()
    return float(-total if name in _NEGATED else total)


def amount_of(
    run: Mapping[str, Any], daily: Mapping[str, NDArray[Any]], measure: str, start: date
) -> float:
    """Return a measure of a run or of a period of it, in its unit.

    Parameters
    ----------
    run
        What the whole run came to, by measure.
    daily, measure, start
        As `sum_of_period` takes them; the measure may be without a period.
    """
    if split_measure(measure)[1]:
        return sum_of_period(daily, measure, start)
    found: float = run[measure]
    return found
