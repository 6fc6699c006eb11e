"""Small pictures of a sweep: one a lever and measure, the change by the lever's value."""

import math
from collections.abc import Sequence
from typing import Any, Final

from markupsafe import Markup

from engine.report.charts.svg import Frame, LinearScale, Size, join, tag
from engine.report.findings.response import (
    HEADS,
    lever_cells,
    lever_note,
    lever_title,
    lever_value_text,
)
from engine.report.formatting import label, scaled, unit
from engine.response import LeverAnswer, lever_answers
from engine.results.schemas import Row

_SMALL: Final = Size("small", 360, 224, 54, 14, 4)

_FAR: Final = 20.0
"""Ratio of a range's ends from which it is drawn on a scale of ratios, if it begins above 0."""


def response_section(rows: Sequence[Row]) -> dict[str, Any] | None:
    """Return what the page's template shows: a table of levers, and their pictures."""
    if not rows:
        return None
    answers = lever_answers(rows)
    cells = [lever_cells(one) for one in answers]
    return {
        "heads": HEADS,
        "rows": [
            (name, one.unit, *rest) for (name, *rest), one in zip(cells, answers, strict=True)
        ],
        "levers": [
            {
                "title": lever_title(one),
                "note": lever_note(one),
                "charts": _charts([row for row in rows if row["lever"] == one.lever], one),
            }
            for one in answers
        ],
    }


def _charts(rows: Sequence[Row], one: LeverAnswer) -> list[Markup]:
    """Draw one lever's pictures, in the order of the measures."""
    measures = dict.fromkeys(row["measure"] for row in rows)
    return [_chart([row for row in rows if row["measure"] == name], one) for name in measures]


def _chart(rows: Sequence[Row], one: LeverAnswer) -> Markup:
    """Draw the change of one measure with its band; mark the base policy and, if told, the best."""
    measure = rows[0]["measure"]
    place, ticks = _across([row["value"] for row in rows])
    heights = [scaled(measure, limit) for row in rows for limit in _limits(row)]
    frame = Frame.over(_SMALL, [place(row["value"]) for row in rows], [*heights, 0.0])
    curve = [row for row in rows if row["is_constant"]]
    title = f"{label(measure)}, {'pp' if unit(measure) == '%' else unit(measure)}".rstrip(", ")
    parts = [frame.axes(one.unit, title, ticks), frame.target_line(frame.y(0.0), "")]
    parts.append(_band(frame, [(place(row["value"]), *_scaled_limits(row)) for row in curve]))
    points = [(place(row["value"]), scaled(measure, row["difference"])) for row in curve]
    parts.append(tag("path", d=frame.path(points), class_="curve lever"))
    parts += [_mark(frame, row, place(row["value"]), _kind(row, one)) for row in rows]
    return frame.drawing(f"{one.lever}: {label(measure)}", parts, _SMALL.name)


def _across(values: Sequence[float]) -> tuple[Any, list[tuple[float, str]]]:
    """Return where a value stands along the picture, and the ticks: by ratio over a wide range."""
    low, high = min(values), max(values)
    if low > 0 and high / low >= _FAR:
        ends = [10.0**k for k in range(math.ceil(math.log10(low)), 1 + int(math.log10(high)))]
        return math.log10, [(math.log10(value), lever_value_text(value)) for value in ends]
    scale = LinearScale(low, high, 0.0, 1.0)
    return float, scale.labelled_ticks(_SMALL.ticks)


def _limits(row: Row) -> tuple[float, float]:
    """Return the limits of a difference; without any, itself."""
    if row["ci_low"] is None:
        return row["difference"], row["difference"]
    return row["ci_low"], row["ci_high"]


def _scaled_limits(row: Row) -> tuple[float, float]:
    low, high = (scaled(row["measure"], limit) for limit in _limits(row))
    return low, high


def _band(frame: Frame, limits: Sequence[tuple[float, float, float]]) -> Markup:
    """Draw the area between limits: (place, low, high) in order of place."""
    there = [(x, low) for x, low, _ in limits]
    back = [(x, high) for x, _, high in limits][::-1]
    return tag("path", d=frame.path(there + back) + "z", class_="band lever")


def _kind(row: Row, one: LeverAnswer) -> str:
    """Return the class of a point's mark."""
    if one.is_told and row["value"] == one.best["value"] and row["is_base"] == one.best["is_base"]:
        return "base best" if row["is_base"] else "best"
    return "base" if row["is_base"] else "point"


def _mark(frame: Frame, row: Row, x: float, kind: str) -> Markup:
    low, high = _scaled_limits(row)
    difference = scaled(row["measure"], row["difference"])
    tip = tag(
        "title",
        f"{lever_value_text(row['value'])}: {difference:+.3g} ({low:+.3g} to {high:+.3g})"
        + (", the base policy" if row["is_base"] else "")
        + (", off" if row["is_off"] else ""),
    )
    across, y = frame.x(x), frame.y(difference)
    parts = []
    if not row["is_constant"]:
        ends = [frame.y(limit) for limit in (low, high)]
        parts.append(tag("line", class_="bar limit", x1=across, x2=across, y1=ends[0], y2=ends[1]))
    parts.append(
        tag("circle", tip, class_=kind, cx=across, cy=y, r=2.5 if kind == "point" else 4.5)
    )
    return join(parts)
