"""Axes and marks as inline SVG: numbers in, markup out, every text escaped.

Each picture is drawn twice, for a wide and for a narrow page.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple, Self

from markupsafe import Markup, escape

from engine.report.formatting import signed

_Point = tuple[float, float]


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

    @classmethod
    def over(cls, values: Iterable[float], start: float, end: float, *, zero: bool = False) -> Self:
        """Build a scale over all finite values with a margin of 7 %; `zero` includes 0.

        `start` and `end` are pixels.
        """
        known = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
        low, high = min(known), max(known)
        if zero:
            low, high = min(low, 0.0), max(high, 0.0)
        air = (high - low or abs(high) or 1.0) * 0.07
        return cls(low if zero and low == 0 else low - air, high + air, start, end)

    def labelled_ticks(self, count: int) -> list[tuple[float, str]]:
        """Return about `count` round values with their labels."""
        values = self.ticks(count)
        decimals = _decimals_of(values)
        return [(value, signed(value, decimals)) for value in values]


class Frame(NamedTuple):
    """A drawing's size and its two scales."""

    width: float
    height: float
    x: LinearScale
    y: LinearScale

    @classmethod
    def over(
        cls, size: Size, xs: Sequence[float], ys: Sequence[float], *, zero: bool = False
    ) -> Self:
        """Fit a frame of `size` over data; `zero` is for time, which has no margin at its sides."""
        x = LinearScale.over(xs, size.left, size.width - size.right)
        if zero:  # time: no margin at the sides
            x = LinearScale(min(xs), max(xs), size.left, size.width - size.right)
        y = LinearScale.over(ys, size.height - BOTTOM, TOP, zero=zero)
        return cls(size.width, size.height, x, y)

    def drawing(self, title: str, parts: Iterable[Markup], size: str) -> Markup:
        """Wrap marks as a picture that grows with the page; `size` is its CSS class."""
        return tag(
            "svg",
            join(parts),
            viewBox=f"0 0 {self.width:g} {self.height:g}",
            class_=f"chart {size}",
            role="img",
            aria_label=title,
        )

    def axes(self, x_title: str, y_title: str, x_ticks: Sequence[tuple[float, str]]) -> Markup:
        """Draw grid lines, tick labels and titles; the vertical scale labels itself."""
        left, right, top, bottom = self.x.start, self.x.end, self.y.end, self.y.start
        y_ticks = self.y.ticks(6)
        decimals = _decimals_of(y_ticks)
        parts = []
        for value in y_ticks:
            y = self.y(value)
            parts.append(tag("line", class_="grid", x1=left, x2=right, y1=y, y2=y))
            text = signed(value, decimals)
            parts.append(tag("text", text, class_="tick", x=left - 8, y=y + 4, text_anchor="end"))
        for value, text in x_ticks:
            x = self.x(value)
            parts.append(tag("line", class_="axis", x1=x, x2=x, y1=bottom, y2=bottom + 5))
            parts.append(tag("text", text, class_="tick", x=x, y=bottom + 19, text_anchor="middle"))
        parts.append(tag("line", class_="axis", x1=left, x2=right, y1=bottom, y2=bottom))
        parts.append(
            tag("text", x_title, class_="title", x=right, y=bottom + 38, text_anchor="end")
        )
        parts.append(tag("text", y_title, class_="title", x=4, y=top - 12))
        return join(parts)

    def path(self, points: Sequence[_Point]) -> str:
        """Write the path through points given in data units."""
        steps = (f"{self.x(x):.1f} {self.y(y):.1f}" for x, y in points)
        return "M" + " L".join(steps)

    def target_line(self, y: float, text: str) -> Markup:
        """Draw a dotted line across at height `y`, in pixels, with its text at the left."""
        line = tag("line", class_="target", x1=self.x.start, x2=self.x.end, y1=y, y2=y)
        return line + tag("text", text, class_="tick", x=self.x.start + 2, y=y - 6)


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


def _decimals_of(values: Sequence[float]) -> int:
    """Return how many decimals distinguish neighbouring ticks."""
    gaps = [b - a for a, b in pairwise(values)]
    if not gaps:
        return 1
    return next((d for d in range(6) if abs(round(gaps[0], d) - gaps[0]) < 1e-9), 6)


def _round_step(step: float) -> float:
    """Return the least of 1, 2, 2.5, 5 times a power of ten that is not below `step`."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(k * power for k in (1, 2, 2.5, 5, 10) if k * power >= step * (1 - 1e-9))
