"""Pictures of a sweep: a curve along a numeric key with its interval, or a dot for each job."""

from collections.abc import Sequence
from typing import Any, Final

from engine.report.charts.grammar import (
    BLUE,
    INK,
    Picture,
    colours,
    data,
    name_axis,
    picture,
    rows_height,
    wrapped,
)
from engine.report.findings.sweep import (
    drawn_measures,
    key_word,
    series_of,
    sweep_finding,
    sweep_shape,
    told_rows,
)
from engine.report.formatting import label, scaled, show, unit
from engine.results.schemas import Row

_NOTE: Final = (
    "Means over all runs of a job. Intervals hold 95 % of the difference to the first job under "
    "common random numbers; that one has none."
)
_UNPAIRED: Final = (
    "Means over all runs of a job, with two standard errors to either side: jobs met other random "
    "numbers, so that their differences are not paired."
)

_FAR: Final = 20.0
"""Ratio of the ends of a key from which it is drawn on a scale of ratios, if it begins above 0."""


def sweep_pictures(rows: Sequence[Row]) -> list[Picture]:
    """Draw every measure that the sweep moves."""
    return [_picture(rows, measure) for measure in drawn_measures(rows)]


def _picture(rows: Sequence[Row], measure: str) -> Picture:
    along, series = sweep_shape(rows)
    told = told_rows(rows)
    paired = any(row.get(f"{measure}_change") is not None for row in told)
    values = [_values(row, rows, measure, along, paired=paired) for row in told]
    of = unit(measure)
    title = f"{label(measure)}, {of}" if of else label(measure)
    chart = _curves(values, key_word(along), series, title) if along else _dots(values, title)
    return picture(chart, sweep_finding(rows, measure), _NOTE if paired else _UNPAIRED)


def _curves(values: Sequence[Any], key: str, series: Sequence[str], title: str) -> Any:
    import altair as alt

    ends = [one["x"] for one in values]
    far = min(ends) > 0 and max(ends) / min(ends) >= _FAR
    scale = alt.Scale(type="log") if far else alt.Scale(zero=False, nice=False, padding=6)
    x = alt.X("x:Q", title=key, scale=scale)
    y = alt.Y("value:Q", title=title, scale=alt.Scale(zero=False))
    color: Any = alt.value(BLUE)
    if len(series) > 1:
        legend = alt.Legend(columns=1)
        color = alt.Color("series:N", title=None, scale=colours(series), legend=legend)
    base = alt.Chart(data(values)).encode(x=x, color=color)
    layers = [
        base.mark_area(opacity=0.15).encode(y=alt.Y("low:Q", title=title), y2="high:Q"),
        base.mark_line(strokeWidth=2.2).encode(y=y),
        base.mark_rule(opacity=0.5).encode(y="low:Q", y2="high:Q"),
        base.mark_point(filled=True, size=55, opacity=1).encode(y=y, tooltip=alt.Tooltip("tip:N")),
    ]
    return alt.layer(*layers).properties(height=220)


def _dots(values: Sequence[Any], title: str) -> Any:
    import altair as alt

    names = [one["tip_name"] for one in values]
    base = alt.Chart(data(values)).encode(y=name_axis(names))
    x = alt.X("value:Q", title=title, scale=alt.Scale(zero=False))
    limits = base.mark_rule(color=INK).encode(x=alt.X("low:Q", title=title), x2="high:Q")
    dots = base.mark_point(color=BLUE, filled=True, size=80, opacity=1).encode(
        x=x, tooltip=alt.Tooltip("tip:N")
    )
    return alt.layer(limits, dots).properties(height=rows_height(names))


def _values(
    row: Row, rows: Sequence[Row], measure: str, along: str, *, paired: bool
) -> dict[str, Any]:
    value = float(row[measure])
    low, high = _limits(row, measure, value, paired=paired)
    series = series_of(row, rows, along)
    several = len({one["policy"] for one in told_rows(rows)}) > 1
    called = f"{row['name']}, {row['policy']}" if several else row["name"]
    return {
        "x": row[along] if along else None,
        "name": wrapped(called),
        "tip_name": called,
        "series": series,
        "value": scaled(measure, value),
        "low": scaled(measure, low),
        "high": scaled(measure, high),
        "tip": f"{row['name']}: {show(measure, value)}",
    }


def _limits(row: Row, measure: str, value: float, *, paired: bool) -> tuple[float, float]:
    """Return the limits of the change to the first job, set where this job's mean is.

    Where nothing is paired, two standard errors of the mean.
    """
    change, low, high = (row.get(f"{measure}_change{end}") for end in ("", "_ci_low", "_ci_high"))
    if change is not None and low is not None and high is not None:
        return value - change + low, value - change + high
    error = row.get(f"{measure}_se")
    if not paired and error is not None:
        return value - 2 * error, value + 2 * error
    return value, value
