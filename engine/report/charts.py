"""The report's pictures. Each is drawn twice, for a wide and for a narrow page."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final, NamedTuple

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from engine.report.chosen import found_lines, spread
from engine.report.study import Line
from engine.report.svg import (
    TEXT_WIDTH,
    Box,
    Frame,
    Scale,
    axes,
    drawing,
    join,
    number_ticks,
    path,
    place_labels,
    scale_over,
    tag,
)
from engine.report.words import scaled, show

LOW, MIDDLE, HIGH = (46, 110, 190), (150, 104, 170), (226, 112, 58)
"""Colours of a low, middling and high share of the largest anchors."""


class Size(NamedTuple):
    """A drawing's pixels and margins, and how many ticks fit along it."""

    name: str
    width: float
    height: float
    left: float
    right: float
    ticks: int


WIDE: Final = Size("wide", 998, 440, 58, 20, 8)
NARROW: Final = Size("narrow", 350, 330, 46, 10, 4)
TOP, BOTTOM = 34.0, 48.0

NAMED: Final = 6
"""Found policies that get their name beside their mark."""


class Series(NamedTuple):
    """One policy over the days: mean over replications, lowest and highest year."""

    policy: str
    colour: str
    dates: list[date]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    is_baseline: bool


def frontier_chart(lines: Sequence[Line], target_fen: float, chosen: str | None) -> Markup:
    """Draw GMV as paid against net cost, coloured by the top-10 share."""
    known = [line for line in lines if np.isfinite(_xy(line)).all()]
    shares = [line.value("top10_share") for line in known]
    colours = {line.policy: colour(line.value("top10_share"), shares) for line in known}

    def draw(size: Size) -> Markup:
        target = [scaled("gmv_paid_fen", target_fen)] if target_fen else []
        ys = [*reach(known, "gmv_paid_fen"), *target]
        frame = _frame(size, reach(known, "cost_fen"), ys)
        ticks = number_ticks(frame.x, size.ticks)
        parts = [axes(frame, "Net cost, bn RMB", "GMV as paid, bn RMB", ticks)]
        taken = []
        if target:
            y, text = frame.y(target[0]), f"target {target[0]:g}"
            taken.append((frame.x.start, y - 18, frame.x.start + len(text) * TEXT_WIDTH, y))
            parts.append(_target_line(frame, y, text))
        parts += [_bars(frame, line, colours[line.policy]) for line in known]
        parts += [_mark(frame, line, colours[line.policy], chosen) for line in known]
        parts.append(_names(frame, known, chosen, taken))
        return drawing(frame, "GMV as paid against net cost", parts, size.name)

    return both(draw)


def cumulative_chart(
    series: Sequence[Series],
    path_of_target: tuple[list[date], NDArray[np.float64]] | None,
    target_fen: float,
) -> Markup:
    """Draw cumulative GMV as paid with its range, the path steered by, and the target."""
    target = scaled("gmv_paid_fen", target_fen)

    def draw(size: Size) -> Markup:
        values = [value for one in series for value in (one.low.min(), one.high.max())]
        values += [target, *(path_of_target[1] if path_of_target else [])]
        frame = _frame(size, _span(series), values, zero=True)
        parts = [axes(frame, "", "Cumulative GMV as paid, bn RMB", _dates(series, size))]
        parts += [_band(frame, one) for one in series]
        if target:
            parts.append(_target_line(frame, frame.y(target), f"target {target:g}"))
        if path_of_target:
            points = list(zip(_days(path_of_target[0]), path_of_target[1], strict=True))
            parts.append(tag("path", d=path(points, frame), class_="target"))
        parts += [_curve(frame, one) for one in series]
        return drawing(frame, "Cumulative GMV as paid against the target", parts, size.name)

    return both(draw)


def spend_chart(series: Sequence[Series]) -> Markup:
    """Draw own subsidy per week."""

    def draw(size: Size) -> Markup:
        values = [float(one.high.max()) for one in series]
        frame = _frame(size, _span(series), values, zero=True)
        parts = [axes(frame, "", "Subsidy per week, bn RMB", _dates(series, size))]
        parts += [_band(frame, one) for one in series]
        parts += [_curve(frame, one) for one in series]
        return drawing(frame, "Subsidy per week", parts, size.name)

    return both(draw)


def colour(value: float, values: Sequence[float]) -> str:
    """Return the colour of a value among all shown, low blue to high orange."""
    low, high = min(values), max(values)
    place = (value - low) / (high - low) if high > low else 0.5
    a, b, share = (LOW, MIDDLE, 2 * place) if place < 0.5 else (MIDDLE, HIGH, 2 * place - 1)
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return f"#{red:02x}{green:02x}{blue:02x}"


def both(draw: Callable[[Size], Markup]) -> Markup:
    """Draw a picture for a wide and for a narrow page."""
    return join([draw(WIDE), draw(NARROW)])


def _frame(size: Size, xs: Sequence[float], ys: Sequence[float], *, zero: bool = False) -> Frame:
    x = scale_over(xs, size.left, size.width - size.right)
    if zero:  # time: no air at the sides
        x = Scale(min(xs), max(xs), size.left, size.width - size.right)
    y = scale_over(ys, size.height - BOTTOM, TOP, zero=zero)
    return Frame(size.width, size.height, x, y)


def _xy(line: Line) -> tuple[float, float]:
    cost, gmv = line.value("cost_fen"), line.value("gmv_paid_fen")
    return scaled("cost_fen", cost), scaled("gmv_paid_fen", gmv)


def reach(lines: Sequence[Line], measure: str) -> list[float]:
    """Every number a measure's marks and bars touch."""
    return [
        scaled(measure, value)
        for line in lines
        for value in line.estimates[measure][:3]
        if value is not None
    ]


def _target_line(frame: Frame, y: float, text: str) -> Markup:
    line = tag("line", class_="target", x1=frame.x.start, x2=frame.x.end, y1=y, y2=y)
    return line + tag("text", text, class_="tick", x=frame.x.start + 2, y=y - 6)


def _bars(frame: Frame, line: Line, stroke: str) -> Markup:
    x, y = _xy(line)
    parts = []
    for measure, horizontal in (("cost_fen", True), ("gmv_paid_fen", False)):
        found = line.estimates[measure]
        if found.low is None or found.high is None:
            continue
        low, high = scaled(measure, found.low), scaled(measure, found.high)
        ends = [(low, y), (high, y)] if horizontal else [(x, low), (x, high)]
        parts.append(tag("path", d=path(ends, frame), class_="bar", stroke=stroke))
    return join(parts)


def _mark(frame: Frame, line: Line, fill: str, chosen: str | None) -> Markup:
    x, y = (scale(value) for scale, value in zip((frame.x, frame.y), _xy(line), strict=True))
    shown = ("gmv_paid_fen", "cost_fen", "top10_share")
    facts = [show(name, line.estimates[name].value, line.estimates[name].half) for name in shown]
    tip = "{}: GMV as paid {} bn RMB, net cost {} bn RMB, top-10 {}".format(line.policy, *facts)
    inside = tag("title", tip)
    ring = tag("circle", cx=x, cy=y, r=11.0, class_="ring") if line.policy == chosen else Markup("")
    if line.is_baseline:
        d = f"M{x:.1f} {y - 8:.1f}l8 8l-8 8l-8 -8z"
        return ring + tag("path", inside, d=d, class_="baseline", fill=fill)
    kind = "mark" if line.on_frontier else "mark beaten"
    return ring + tag("circle", inside, cx=x, cy=y, r=6.0, class_=kind, fill=fill)


def _names(frame: Frame, lines: Sequence[Line], chosen: str | None, taken: Sequence[Box]) -> Markup:
    """Name the baselines and the chosen policy, and of the frontier what fits; tips name all."""
    first = [line for line in lines if line.is_baseline or line.policy == chosen]
    found = [line for line in found_lines(lines) if line not in first]
    named = [*first, *spread(found, NAMED)]
    ordered = [*named, *(line for line in lines if line not in named)]
    spots = [(frame.x(x), frame.y(y)) for x, y in map(_xy, ordered)]
    texts = [line.policy for line in named]
    return join(
        tag("text", text, class_="name", x=place[0], y=place[1], text_anchor=place[2])
        for place, text in zip(
            place_labels(spots, texts, frame, taken, len(first)), texts, strict=True
        )
        if place
    )


def _days(dates: Sequence[date]) -> list[float]:
    return [float(day.toordinal()) for day in dates]


def _span(series: Sequence[Series]) -> list[float]:
    return [day for one in series for day in _days([one.dates[0], one.dates[-1]])]


def _dates(series: Sequence[Series], size: Size) -> list[tuple[float, str]]:
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


def _band(frame: Frame, one: Series) -> Markup:
    days = _days(one.dates)
    there = list(zip(days, one.low, strict=True))
    back = list(zip(days, one.high, strict=True))[::-1]
    return tag("path", d=path(there + back, frame) + "z", class_="band", fill=one.colour)


def _curve(frame: Frame, one: Series) -> Markup:
    points = list(zip(_days(one.dates), one.mean, strict=True))
    kind = "curve given" if one.is_baseline else "curve"
    return tag(
        "path", tag("title", one.policy), d=path(points, frame), class_=kind, stroke=one.colour
    )
