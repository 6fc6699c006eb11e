"""The picture of what each policy reaches and what it costs."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from engine.report.charts.svg import (
    TEXT_WIDTH,
    Frame,
    Size,
    both,
    join,
    tag,
)
from engine.report.formatting import scaled, show
from engine.report.read.lines import found_lines, spread
from engine.report.read.results_model import Line, StudyResults

_Point = tuple[float, float]

_Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

LOW, MIDDLE, HIGH = (46, 110, 190), (150, 104, 170), (226, 112, 58)
"""Colours of a low, middling and high share of the largest anchors."""


_NAMED: Final = 6
"""Found policies that get their name beside their mark."""


def frontier_section(
    study: StudyResults, lines: list[Line], best: Line | None
) -> dict[str, Any] | None:
    """Return the picture of the frontier and its key; None where nothing was searched."""
    shares = [line.value("top10_share") for line in lines]
    if not study.searched or not lines:
        return None
    ends = [show("top10_share", pick(shares)) for pick in (min, max)]
    chosen = best.policy if best else None
    return {
        "chart": _frontier_chart(lines, study.target_fen, chosen),
        "low": ends[0],
        "high": ends[1],
        "colours": [_colour(k / 2, [0, 1]) for k in range(3)],
        "has_chosen": best is not None,
    }


def _frontier_chart(lines: Sequence[Line], target_fen: float, chosen: str | None) -> Markup:
    """Draw GMV as paid against net cost, coloured by the top-10 share."""
    known = [line for line in lines if np.isfinite(_xy(line)).all()]
    shares = [line.value("top10_share") for line in known]
    colours = {line.policy: _colour(line.value("top10_share"), shares) for line in known}

    def draw(size: Size) -> Markup:
        target = [scaled("gmv_paid_fen", target_fen)] if target_fen else []
        ys = [*touched_values(known, "gmv_paid_fen"), *target]
        frame = Frame.over(size, touched_values(known, "cost_fen"), ys)
        ticks = frame.x.labelled_ticks(size.ticks)
        parts = [frame.axes("Net cost, bn RMB", "GMV as paid, bn RMB", ticks)]
        taken = []
        if target:
            y, text = frame.y(target[0]), f"target {target[0]:g}"
            taken.append((frame.x.start, y - 18, frame.x.start + len(text) * TEXT_WIDTH, y))
            parts.append(frame.target_line(y, text))
        parts += [_bars(frame, line, colours[line.policy]) for line in known]
        parts += [_mark(frame, line, colours[line.policy], chosen) for line in known]
        parts.append(_names(frame, known, chosen, taken))
        return frame.drawing("GMV as paid against net cost", parts, size.name)

    return both(draw)


def _colour(value: float, values: Sequence[float]) -> str:
    """Return the colour of a value among all shown, low blue to high orange."""
    low, high = min(values), max(values)
    place = (value - low) / (high - low) if high > low else 0.5
    a, b, share = (LOW, MIDDLE, 2 * place) if place < 0.5 else (MIDDLE, HIGH, 2 * place - 1)
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return f"#{red:02x}{green:02x}{blue:02x}"


def touched_values(lines: Sequence[Line], measure: str) -> list[float]:
    """Every number a measure's marks and bars touch."""
    return [
        scaled(measure, value)
        for line in lines
        for value in line.estimates[measure][:3]
        if value is not None
    ]


def _xy(line: Line) -> tuple[float, float]:
    cost, gmv = line.value("cost_fen"), line.value("gmv_paid_fen")
    return scaled("cost_fen", cost), scaled("gmv_paid_fen", gmv)


def _bars(frame: Frame, line: Line, stroke: str) -> Markup:
    x, y = _xy(line)
    parts = []
    for measure, horizontal in (("cost_fen", True), ("gmv_paid_fen", False)):
        found = line.estimates[measure]
        if found.low is None or found.high is None:
            continue
        low, high = scaled(measure, found.low), scaled(measure, found.high)
        ends = [(low, y), (high, y)] if horizontal else [(x, low), (x, high)]
        parts.append(tag("path", d=frame.path(ends), class_="bar", stroke=stroke))
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


def _names(
    frame: Frame, lines: Sequence[Line], chosen: str | None, taken: Sequence[_Box]
) -> Markup:
    """Name the baselines and the chosen policy, and of the frontier what fits; tips name all."""
    first = [line for line in lines if line.is_baseline or line.policy == chosen]
    found = [line for line in found_lines(lines) if line not in first]
    named = [*first, *spread(found, _NAMED)]
    ordered = [*named, *(line for line in lines if line not in named)]
    spots = [(frame.x(x), frame.y(y)) for x, y in map(_xy, ordered)]
    texts = [line.policy for line in named]
    return join(
        tag("text", text, class_="name", x=place[0], y=place[1], text_anchor=place[2])
        for place, text in zip(
            _place_labels(spots, texts, frame, taken, len(first)), texts, strict=True
        )
        if place
    )


def _place_labels(
    marks: Sequence[_Point], texts: Sequence[str], frame: Frame, full: Sequence[_Box], must: int
) -> list[tuple[float, float, str] | None]:
    """Find a place beside the first marks (pixels) that is free: x, y and the text's anchor.

    Greedy: right, left, above, below; the least overlap with `full` boxes, all marks, the
    edge and the labels placed before wins. The first `must` texts stand somewhere; each
    later one is None if it would overlap.
    """
    reach = 14
    taken = [*full, *((x - 7, y - 7, x + 7, y + 7) for x, y in marks)]
    placed: list[tuple[float, float, str] | None] = []
    for (x, y), text in zip(marks, texts, strict=False):
        width = len(text) * TEXT_WIDTH
        options = [
            (x + reach, y + 4, "start", x + reach),
            (x - reach, y + 4, "end", x - reach - width),
            (x, y - reach, "middle", x - width / 2),
            (x, y + reach + 9, "middle", x - width / 2),
        ]
        boxes = [(left, at - 11, left + width, at + 3) for _, at, _, left in options]
        costs = [
            sum(_overlap(box, other) for other in taken) + 20 * _outside(box, frame)
            for box in boxes
        ]
        best = costs.index(min(costs))
        if len(placed) >= must and costs[best] > 0:
            placed.append(None)
            continue
        taken.append(boxes[best])
        placed.append(options[best][:3])
    return placed


def _overlap(a: _Box, b: _Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0) * max(height, 0)


def _outside(box: _Box, frame: Frame) -> float:
    right = max(box[2] - frame.width, 0)
    left = max(frame.x.start - box[0], 0)
    above = max(frame.y.end - box[1], 0)
    below = max(box[3] - frame.y.start, 0)
    return right + left + above + below
