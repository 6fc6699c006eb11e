"""Axes and marks as inline SVG: numbers in, markup out, every text escaped.

Each picture is drawn twice, for a wide and for a narrow page.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from markupsafe import Markup, escape

from engine.report.formatting import signed

_Point = tuple[float, float]


Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


TEXT_WIDTH = 6.6
"""Pixels of an average character at the charts' font size."""


class Size(NamedTuple):
    """A drawing's pixels and margins, and how many ticks fit along it."""

    name: str
    width: float
    height: float
    left: float
    right: float
    ticks: int


WIDE: Final = Size("wide", 998, 440, 58, 20, 8)


_NARROW: Final = Size("narrow", 350, 330, 46, 10, 4)


TOP, BOTTOM = 34.0, 48.0


@dataclass(frozen=True)
class LinearScale:
    """Maps values between `low` and `high` to pixels between `start` and `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self, count: int) -> list[float]:
        """Return about `count` round values within the scale."""
        step = _round_step((self.high - self.low) / max(count, 1))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(k * step, 10) for k in range(first, last + 1)]


class Frame(NamedTuple):
    """A drawing's size and its two scales."""

    width: float
    height: float
    x: LinearScale
    y: LinearScale


def scale_over(
    values: Iterable[float], start: float, end: float, *, zero: bool = False
) -> LinearScale:
    """Build a scale over all finite values with some air; `zero` puts its foot at nought."""
    known = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(known), max(known)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    air = (high - low or abs(high) or 1.0) * 0.07
    return LinearScale(low if zero and low == 0 else low - air, high + air, start, end)


def frame_over(
    size: Size, xs: Sequence[float], ys: Sequence[float], *, zero: bool = False
) -> Frame:
    """Fit a frame of `size` over numbers; `zero` is for time, which has no air at its sides."""
    x = scale_over(xs, size.left, size.width - size.right)
    if zero:  # time: no air at the sides
        x = LinearScale(min(xs), max(xs), size.left, size.width - size.right)
    y = scale_over(ys, size.height - BOTTOM, TOP, zero=zero)
    return Frame(size.width, size.height, x, y)


def both(draw: Callable[[Size], Markup]) -> Markup:
    """Draw a picture for a wide and for a narrow page."""
    return join([draw(WIDE), draw(_NARROW)])


def tag(name: str, content: str | Markup = "", **attributes: object) -> Markup:
    """Write one element; `_` in an attribute's name stands for `-`, a last one is dropped."""
    pairs = (
        (key.rstrip("_").replace("_", "-"), f"{value:.1f}" if isinstance(value, float) else value)
        for key, value in attributes.items()
    )
    inside = Markup("").join(Markup(' {}="{}"').format(key, value) for key, value in pairs)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), inside, escape(content))


def join(parts: Iterable[Markup]) -> Markup:
    """Put elements one after the other."""
    return Markup("").join(parts)


def drawing(frame: Frame, title: str, parts: Iterable[Markup], size: str) -> Markup:
    """Wrap marks as a picture that grows with the page; `size` is its CSS class."""
    return tag(
        "svg",
        join(parts),
        viewBox=f"0 0 {frame.width:g} {frame.height:g}",
        class_=f"chart {size}",
        role="img",
        aria_label=title,
    )


def axes(frame: Frame, x_title: str, y_title: str, x_ticks: Sequence[tuple[float, str]]) -> Markup:
    """Draw grid lines, tick labels and titles; the vertical scale labels itself."""
    left, right, top, bottom = frame.x.start, frame.x.end, frame.y.end, frame.y.start
    y_ticks = frame.y.ticks(6)
    decimals = _decimals_of(y_ticks)
    parts = []
    for value in y_ticks:
        y = frame.y(value)
        parts.append(tag("line", class_="grid", x1=left, x2=right, y1=y, y2=y))
        text = signed(value, decimals)
        parts.append(tag("text", text, class_="tick", x=left - 8, y=y + 4, text_anchor="end"))
    for value, text in x_ticks:
        x = frame.x(value)
        parts.append(tag("line", class_="axis", x1=x, x2=x, y1=bottom, y2=bottom + 5))
        parts.append(tag("text", text, class_="tick", x=x, y=bottom + 19, text_anchor="middle"))
    parts.append(tag("line", class_="axis", x1=left, x2=right, y1=bottom, y2=bottom))
    parts.append(tag("text", x_title, class_="title", x=right, y=bottom + 38, text_anchor="end"))
    parts.append(tag("text", y_title, class_="title", x=4, y=top - 12))
    return join(parts)


def number_ticks(scale: LinearScale, count: int) -> list[tuple[float, str]]:
    """Return round values and their labels."""
    values = scale.ticks(count)
    decimals = _decimals_of(values)
    return [(value, signed(value, decimals)) for value in values]


def path(points: Sequence[_Point], frame: Frame) -> str:
    """Write the path through points given in data units."""
    steps = (f"{frame.x(x):.1f} {frame.y(y):.1f}" for x, y in points)
    return "M" + " L".join(steps)


def target_line(frame: Frame, y: float, text: str) -> Markup:
    """Draw a dotted line across at height `y`, with its text at the left."""
    line = tag("line", class_="target", x1=frame.x.start, x2=frame.x.end, y1=y, y2=y)
    return line + tag("text", text, class_="tick", x=frame.x.start + 2, y=y - 6)


def place_labels(
    marks: Sequence[_Point], texts: Sequence[str], frame: Frame, full: Sequence[Box], must: int
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


def _decimals_of(values: Sequence[float]) -> int:
    """Return how many decimals tell neighbouring ticks apart."""
    gaps = [b - a for a, b in pairwise(values)]
    if not gaps:
        return 1
    return next((d for d in range(6) if abs(round(gaps[0], d) - gaps[0]) < 1e-9), 6)


def _overlap(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0) * max(height, 0)


def _outside(box: Box, frame: Frame) -> float:
    right = max(box[2] - frame.width, 0)
    left = max(frame.x.start - box[0], 0)
    above = max(frame.y.end - box[1], 0)
    below = max(box[3] - frame.y.start, 0)
    return right + left + above + below


def _round_step(step: float) -> float:
    """Return the least of 1, 2, 2.5, 5 times a power of ten that is not below `step`."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(k * power for k in (1, 2, 2.5, 5, 10) if k * power >= step * (1 - 1e-9))
