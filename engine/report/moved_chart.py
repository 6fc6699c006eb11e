"""The picture of sensitivity indices: a bar for each factor."""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from engine.report.charts import BOTTOM, TOP, Size, both
from engine.report.svg import TEXT_WIDTH, Frame, Scale, drawing, join, number_ticks, tag

Bar = tuple[str, float, float | None, float | None, float | None]
"""Name, whole effect, its limits, and the effect alone."""

SHOWN: Final = 16
"""Factors with a bar of their own, the strongest."""

_ROW: Final = 24.0


def bars_chart(bars: Sequence[Bar], luck: float | None, title: str) -> Markup:
    """Draw the strongest factors' whole effects with intervals, and a dot for each alone."""
    shown = bars[:SHOWN]
    most = max([1.0, *(high or whole for _, whole, _, high, _ in shown)])
    ends = Scale(0.0, min(most, 1.5), 0, 1)

    def draw(size: Size) -> Markup:
        longest = max(len(name) for name, *_ in shown)
        left = min(16 + TEXT_WIDTH * longest, size.width * 0.45)
        bottom = TOP + _ROW * len(shown)
        x = Scale(ends.low, ends.high, left, size.width - size.right - 8)
        frame = Frame(size.width, bottom + BOTTOM, x, Scale(0, 1, bottom, TOP))
        parts = [_ruler(frame, size, title)]
        parts += [_row(frame, bar, TOP + _ROW * (k + 0.5)) for k, bar in enumerate(shown)]
        if luck is not None:
            at = _inside(frame, luck)
            parts.append(tag("line", class_="target", x1=at, x2=at, y1=TOP, y2=bottom))
            parts.append(tag("text", "luck", class_="tick", x=at, y=TOP - 6, text_anchor="middle"))
        return drawing(frame, title, parts, size.name)

    return both(draw)


def _ruler(frame: Frame, size: Size, title: str) -> Markup:
    top, bottom = frame.y.end, frame.y.start
    parts = []
    for value, text in number_ticks(frame.x, min(size.ticks, 6)):
        x = frame.x(value)
        parts.append(tag("line", class_="grid", x1=x, x2=x, y1=top, y2=bottom))
        parts.append(tag("text", text, class_="tick", x=x, y=bottom + 19, text_anchor="middle"))
    end = frame.x.end
    parts.append(tag("text", title, class_="title", x=end, y=bottom + 38, text_anchor="end"))
    return join(parts)


def _row(frame: Frame, bar: Bar, y: float) -> Markup:
    name, whole, low, high, alone = bar
    room = int((frame.x.start - 16) / TEXT_WIDTH)
    short = name if len(name) <= room else "…" + name[1 - room :]
    start, end = frame.x(0.0), _inside(frame, whole)
    tip = tag("title", f"{name}: {whole:.2f}")
    parts = [
        tag("text", short, class_="name", x=frame.x.start - 10, y=y + 4, text_anchor="end"),
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
    return frame.x(min(max(value, frame.x.low), frame.x.high))
