"""Pictures over the days of a year: a curve a policy, the mean and the range over replications."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from markupsafe import Markup
from numpy.typing import NDArray

from engine.report.charts.svg import (
    WIDE,
    Frame,
    Size,
    both,
    tag,
)
from engine.report.formatting import scaled
from engine.report.read.lines import found_lines, spread
from engine.report.read.results_model import SHOWN, Estimate, Line, StudyResults

_MOST: Final = 6
"""Curves that stay readable in one picture."""


_COLOURS: Final = ("#2e6ebe", "#d9652b", "#3f9b78", "#9c62b8", "#c39a1f", "#c4506e")


_GIVEN: Final = ("#7c8694", "#a08a6a", "#6f9a9c")
"""Colours of policies that were found and of those that were given."""


_Curve = tuple[list[date], NDArray[np.float64]]


class _Series(NamedTuple):
    """One policy over the days: mean over replications, lowest and highest year."""

    policy: str
    colour: str
    dates: list[date]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    is_baseline: bool


def days_section(
    study: StudyResults, lines: list[Line], best: Line | None
) -> dict[str, Any] | None:
    """Return the pictures over the days; None without a table of days."""
    if study.daily is None:
        return None
    shown = _shown_lines(lines or _bare_lines(study.policies), best)
    sales = _curves(study.daily, shown, "gmv_paid_cumulative_fen", weekly=False)
    spend = _curves(study.daily, shown, "subsidy_fen", weekly=True)
    if not sales:
        return None
    target = _target_path(study.daily, shown)
    return {
        "key": [(one.policy, one.colour, one.is_baseline) for one in sales],
        "cumulative": _cumulative_chart(sales, target[1] if target else None, study.target_fen),
        "target_of": target[0] if target else None,
        "spend": _spend_chart(spend) if spend else None,
    }


def _cumulative_chart(
    series: Sequence[_Series],
    path_of_target: tuple[list[date], NDArray[np.float64]] | None,
    target_fen: float,
) -> Markup:
    """Draw cumulative GMV as paid with its range, the path steered by, and the target."""
    target = scaled("gmv_paid_fen", target_fen)

    def draw(size: Size) -> Markup:
        values = [value for one in series for value in (one.low.min(), one.high.max())]
        values += [target, *(path_of_target[1] if path_of_target else [])]
        frame = Frame.over(size, _span(series), values, zero=True)
        parts = [frame.axes("", "Cumulative GMV as paid, bn RMB", _dates(series, size))]
        parts += [_band(frame, one) for one in series]
        if target:
            parts.append(frame.target_line(frame.y(target), f"target {target:g}"))
        if path_of_target:
            points = list(zip(_days(path_of_target[0]), path_of_target[1], strict=True))
            parts.append(tag("path", d=frame.path(points), class_="target"))
        parts += [_curve(frame, one) for one in series]
        return frame.drawing("Cumulative GMV as paid against the target", parts, size.name)

    return both(draw)


def _spend_chart(series: Sequence[_Series]) -> Markup:
    """Draw own subsidy per week."""

    def draw(size: Size) -> Markup:
        values = [float(one.high.max()) for one in series]
        frame = Frame.over(size, _span(series), values, zero=True)
        parts = [frame.axes("", "Subsidy per week, bn RMB", _dates(series, size))]
        parts += [_band(frame, one) for one in series]
        parts += [_curve(frame, one) for one in series]
        return frame.drawing("Subsidy per week", parts, size.name)

    return both(draw)


def _shown_lines(lines: Sequence[Line], chosen: Line | None) -> list[Line]:
    """Choose what to draw over time: the baselines, the chosen policy, and the frontier's spread.

    Of the frontier, the cheapest and the dearest policy and some between them.
    """
    given = [line for line in lines if line.is_baseline]
    given = sorted(given, key=lambda line: line is not chosen)[: len(_GIVEN)]
    first = [line for line in lines if line is chosen and line not in given]
    rest = [line for line in found_lines(lines) if line not in first]
    return given + first + spread(rest, _MOST - len(given) - len(first))


def _curves(daily: pa.Table, lines: Sequence[Line], column: str, *, weekly: bool) -> list[_Series]:
    """Draw `column` of each policy's days, in bn RMB; `weekly` adds up weeks of seven days."""
    given, found = iter(_GIVEN), iter(_COLOURS)
    drawn = []
    for line in lines:
        dates, years = _years(daily, line.policy, column)
        if weekly and len(dates) >= 7:
            whole = len(dates) // 7 * 7
            years = years[:, :whole].reshape(len(years), -1, 7).sum(axis=2)
            dates = dates[:whole:7]
        if not len(years) or len(dates) < 2:
            continue
        tint = next(given) if line.is_baseline else next(found)
        amounts = years * scaled("gmv_paid_fen", 1)
        drawn.append(
            _Series(
                line.policy,
                tint,
                dates,
                amounts.mean(axis=0),
                amounts.min(axis=0),
                amounts.max(axis=0),
                line.is_baseline,
            )
        )
    return drawn


def _target_path(daily: pa.Table, lines: Sequence[Line]) -> tuple[str, _Curve] | None:
    """Return the path of the target, in bn RMB, and who steers by it: a found policy if any."""
    for line in sorted(lines, key=lambda line: line.is_baseline):
        dates, years = _years(daily, line.policy, "target_cumulative_fen")
        if len(years) and years.max() > 0:
            return line.policy, (dates, years.mean(axis=0) * scaled("gmv_paid_fen", 1))
    return None


def _bare_lines(policies: Sequence[str]) -> list[Line]:
    """Make a line without any estimate for each policy, e.g. where only its days are known."""
    nothing = {name: Estimate() for name in SHOWN}
    return [Line(policy=policy, is_baseline=False, estimates=nothing) for policy in policies]


def _years(daily: pa.Table, policy: str, column: str) -> tuple[list[date], NDArray[np.float64]]:
    """Return one policy's dates, and its runs as rows over these days.

    Runs of another horizon than the first one's are left out.
    """
    names = ["world", "replication", "seed"]
    rows = daily.filter(pc.equal(daily["policy"], policy)).select([*names, "date", column])
    rows = rows.sort_by([(name, "ascending") for name in (*names, "date")])
    dates = sorted(set(rows["date"].to_pylist()))
    values = rows[column].to_numpy().astype(np.float64)
    if not dates or len(values) % len(dates):
        return [], np.empty((0, 0))
    return dates, values.reshape(-1, len(dates))


def _days(dates: Sequence[date]) -> list[float]:
    return [float(day.toordinal()) for day in dates]


def _span(series: Sequence[_Series]) -> list[float]:
    return [day for one in series for day in _days([one.dates[0], one.dates[-1]])]


def _dates(series: Sequence[_Series], size: Size) -> list[tuple[float, str]]:
    """Label the first of every month, or of as many as fit; days if months are too few."""
    first, last = (date.fromordinal(int(pick(_span(series)))) for pick in (min, max))
    fits = 12 if size is WIDE else 5
    if (last - first).days < 70:
        days = range(first.toordinal(), last.toordinal() + 1)
        shown = [date.fromordinal(day) for day in days[:: -(-len(days) // fits)]]
        return [(float(day.toordinal()), f"{day.day} {day:%b}") for day in shown]
    count = 12 * (last.year - first.year) + last.month - first.month + 1
    starts = [
        date(first.year + (first.month - 1 + k) // 12, (first.month - 1 + k) % 12 + 1, 1)
        for k in range(count)
    ]
    inside = [day for day in starts if first <= day]
    return [(float(day.toordinal()), f"{day:%b}") for day in inside[:: -(-len(inside) // fits)]]


def _band(frame: Frame, one: _Series) -> Markup:
    days = _days(one.dates)
    there = list(zip(days, one.low, strict=True))
    back = list(zip(days, one.high, strict=True))[::-1]
    return tag("path", d=frame.path(there + back) + "z", class_="band", fill=one.colour)


def _curve(frame: Frame, one: _Series) -> Markup:
    points = list(zip(_days(one.dates), one.mean, strict=True))
    kind = "curve given" if one.is_baseline else "curve"
    return tag(
        "path", tag("title", one.policy), d=frame.path(points), class_=kind, stroke=one.colour
    )
