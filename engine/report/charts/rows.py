"""Pictures with a row for each thing: a search's estimates, a fit's misses, sensitivity indices."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, TypeVar

from markupsafe import Markup

from engine.report.charts.frontier import touched_values
from engine.report.charts.svg import (
    BOTTOM,
    TEXT_WIDTH,
    TOP,
    Frame,
    LinearScale,
    Size,
    both,
    join,
    tag,
)
from engine.report.findings.sensitivity import FACTOR_SETS, blocks
from engine.report.formatting import label, percent, scaled, show, signed
from engine.report.read.calibration import Shown
from engine.report.read.results_model import Line
from engine.results.schemas import Row

_T = TypeVar("_T")

_Bar = tuple[str, float, float | None, float | None, float | None]
"""Name, whole effect, its limits, and the effect alone."""

_ENDS: Final = 3.0
"""Tolerances at which a miss is drawn on the edge."""

_FIT_TITLE: Final = "simulated − observed, in tolerances"

_SHOWN: Final = 16
"""Factors with a bar of their own, the strongest."""

_ESTIMATE_ROW, _FIT_ROW, _BAR_ROW = 26, 22, 24
"""Pixels of a row of each picture."""


def estimates_section(lines: list[Line]) -> dict[str, Markup | str] | None:
    """Return what the search estimated beside what fresh replications say."""
    measure = "gmv_paid_fen"
    found = [line.estimates[measure] for line in lines]
    gaps = [one.search - one.value for one in found if one.search is not None and one.value]
    if not gaps:
        return None
    mean = sum(gaps) / len(gaps)
    word = "too high" if mean > 0 else "too low"
    return {
        "chart": _estimates_chart(lines, measure, "GMV as paid, bn RMB"),
        "said": f"On average the search's estimate was {show(measure, abs(mean))} bn RMB {word}.",
    }


def sensitivity_section(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return what the page's template shows: a picture for each measure and set."""
    return [
        {
            "title": f"{label(block.measure)}: {FACTOR_SETS[block.of]}",
            "chart": _bars_chart(
                [(f.name, f.whole, f.low, f.high, f.alone) for f in block.factors],
                block.noise,
                "importance" if block.of == "search" else "total index",
            ),
            "noise": None if block.noise is None else percent(block.noise),
            "searched": block.of == "search",
        }
        for block in blocks(rows)
        if block.factors
    ]


def _estimates_chart(lines: Sequence[Line], measure: str, title: str) -> Markup:
    """Draw the search's estimate beside the fresh one, a row per policy."""
    known = [line for line in lines if line.estimates[measure].search is not None]

    def draw(size: Size) -> Markup:
        values = [*touched_values(known, measure)]
        values += [scaled(measure, line.estimates[measure].search or 0.0) for line in known]
        left = _left([line.policy for line in known], size, 0.4)
        x = LinearScale.over(values, left, size.width - size.right)
        frame = _frame(size, x, _ESTIMATE_ROW * len(known))
        parts = [_ruler(frame, title, x.labelled_ticks(size.ticks - 1))]
        parts += _stacked(known, _ESTIMATE_ROW, lambda line, y: _dumbbell(frame, line, measure, y))
        return frame.drawing(title, parts, size.name)

    return both(draw)


def fit_chart(figures: Sequence[Shown]) -> Markup:
    """Draw a row per figure: the best world's miss, and 80 % of the kept worlds'."""
    ticks = [float(value) for value in range(-int(_ENDS), int(_ENDS) + 1)]
    texts = [(value, signed(value, 0, plus=True)) for value in ticks]

    def draw(size: Size) -> Markup:
        left = _left([one.name for one in figures], size, 0.45)
        x = LinearScale(-_ENDS, _ENDS, left, size.width - size.right - 8)
        frame = _frame(size, x, _FIT_ROW * len(figures))
        parts = [_ruler(frame, _FIT_TITLE, texts, dotted=(-1.0, 1.0))]
        parts += _stacked(figures, _FIT_ROW, lambda one, y: _miss(frame, one, y))
        return frame.drawing(_FIT_TITLE, parts, size.name)

    return both(draw)


def _bars_chart(bars: Sequence[_Bar], noise: float | None, title: str) -> Markup:
    """Draw the strongest factors' whole effects with intervals, and a dot for each alone."""
    shown = bars[:_SHOWN]
    most = max([1.0, *(high or whole for _, whole, _, high, _ in shown)])

    def draw(size: Size) -> Markup:
        left = _left([name for name, *_ in shown], size, 0.45)
        x = LinearScale(0.0, min(most, 1.5), left, size.width - size.right - 8)
        frame = _frame(size, x, _BAR_ROW * len(shown))
        parts = [_ruler(frame, title, x.labelled_ticks(min(size.ticks, 6)))]
        parts += _stacked(shown, _BAR_ROW, lambda bar, y: _bar(frame, bar, y))
        if noise is not None:
            at, bottom = _inside(frame, noise), frame.y.start
            parts.append(tag("line", class_="target", x1=at, x2=at, y1=TOP, y2=bottom))
            parts.append(tag("text", "noise", class_="tick", x=at, y=TOP - 6, text_anchor="middle"))
        return frame.drawing(title, parts, size.name)

    return both(draw)


def _left(names: Sequence[str], size: Size, most: float) -> float:
    """Return where the rows begin: right of the longest name, at most at a share of the width."""
    longest = max((len(name) for name in names), default=0)
    return min(16 + TEXT_WIDTH * longest, size.width * most)


def _frame(size: Size, x: LinearScale, rows_height: float) -> Frame:
    bottom = TOP + rows_height
    return Frame(size.width, bottom + BOTTOM, x, LinearScale(0, 1, bottom, TOP))


def _stacked(
    things: Sequence[_T], height: float, draw: Callable[[_T, float], Markup]
) -> list[Markup]:
    """Draw one thing a row, each at the middle of its row."""
    return [draw(one, TOP + height * (k + 0.5)) for k, one in enumerate(things)]


def _ruler(
    frame: Frame,
    title: str,
    ticks: Sequence[tuple[float, str]],
    dotted: Collection[float] = (),
) -> Markup:
    """Draw the vertical lines, their labels below, and the title; some lines stand out."""
    top, bottom = frame.y.end, frame.y.start
    parts = []
    for value, text in ticks:
        x, kind = frame.x(value), "target" if value in dotted else "grid"
        parts.append(tag("line", class_=kind, x1=x, x2=x, y1=top, y2=bottom))
        parts.append(tag("text", text, class_="tick", x=x, y=bottom + 19, text_anchor="middle"))
    end = frame.x.end
    parts.append(tag("text", title, class_="title", x=end, y=bottom + 38, text_anchor="end"))
    return join(parts)


def _row_name(frame: Frame, name: str, y: float, *, keep_end: bool = False) -> Markup:
    """Write a row's name at its left, cut to what fits."""
    room = int((frame.x.start - 16) / TEXT_WIDTH)
    if len(name) > room:
        name = "…" + name[1 - room :] if keep_end else name[: room - 1] + "…"
    return tag("text", name, class_="name", x=frame.x.start - 10, y=y + 4, text_anchor="end")


def _dumbbell(frame: Frame, line: Line, measure: str, y: float) -> Markup:
    found = line.estimates[measure]
    fresh = frame.x(scaled(measure, line.value(measure)))
    seen = frame.x(scaled(measure, found.search or 0.0))
    parts = [
        _row_name(frame, line.policy, y),
        tag("line", class_="link", x1=seen, x2=fresh, y1=y, y2=y),
    ]
    if found.low is not None and found.high is not None:
        low, high = (frame.x(scaled(measure, limit)) for limit in (found.low, found.high))
        parts.append(tag("line", class_="bar fresh", x1=low, x2=high, y1=y, y2=y))
    parts.append(tag("circle", class_="seen", cx=seen, cy=y, r=5.0))
    parts.append(tag("circle", class_="fresh", cx=fresh, cy=y, r=5.0))
    return join(parts)


def _miss(frame: Frame, one: Shown, y: float) -> Markup:
    tolerances = (
        (value - (one.observed or 0.0)) / (one.tolerance or 1.0)
        for value in (one.simulated, one.low, one.high)
    )
    best, low, high = (_inside(frame, value) for value in tolerances)
    kind = "fresh" if one.role == "fit" else "seen"
    return join(
        [
            _row_name(frame, one.name, y),
            tag("line", class_="bar fresh", x1=low, x2=high, y1=y, y2=y),
            tag("circle", tag("title", one.name), class_=kind, cx=best, cy=y, r=5.0),
        ]
    )


def _bar(frame: Frame, bar: _Bar, y: float) -> Markup:
    name, whole, low, high, alone = bar
    start, end = frame.x(0.0), _inside(frame, whole)
    tip = tag("title", f"{name}: {whole:.2f}")
    parts = [
        _row_name(frame, name, y, keep_end=True),
        tag("rect", tip, class_="share", x=start, y=y - 7, width=end - start, height=14.0),
    ]
    if low is not None and high is not None:
        ends = [_inside(frame, limit) for limit in (low, high)]
        parts.append(tag("line", class_="bar limit", x1=ends[0], x2=ends[1], y1=y, y2=y))
    if alone is not None:
        place = _inside(frame, alone)
        parts.append(tag("circle", tip, class_="seen", cx=place, cy=y, r=4.0))
    return join(parts)


def _inside(frame: Frame, value: float) -> float:
    """Return the pixel of a value; one outside of the scale stands on its edge."""
    return frame.x(min(max(value, frame.x.low), frame.x.high))
