"""The picture of a fit: each figure's miss in parts of its tolerance."""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from engine.report.charts import BOTTOM, TOP, Size, both
from engine.report.fitted import Shown
from engine.report.svg import TEXT_WIDTH, Frame, Scale, drawing, join, tag
from engine.report.words import signed

ENDS: Final = 3.0
"""Tolerances at which a miss is drawn on the edge."""

TITLE: Final = "simulated − observed, in tolerances"


def fit_chart(figures: Sequence[Shown]) -> Markup:
    """Draw a row per figure: the best world's miss, and 80 % of the kept worlds'."""

    def draw(size: Size) -> Markup:
        longest = max((len(one.name) for one in figures), default=0)
        left = min(16 + TEXT_WIDTH * longest, size.width * 0.45)
        height = TOP + 22 * len(figures) + BOTTOM
        x = Scale(-ENDS, ENDS, left, size.width - size.right - 8)
        frame = Frame(size.width, height, x, Scale(0, 1, height - BOTTOM, TOP))
        parts = [_ruler(frame)]
        parts += [_row(frame, one, TOP + 11 + 22 * k) for k, one in enumerate(figures)]
        return drawing(frame, TITLE, parts, size.name)

    return both(draw)


def _ruler(frame: Frame) -> Markup:
    top, bottom = frame.y.end, frame.y.start
    parts = []
    for value in range(-int(ENDS), int(ENDS) + 1):
        x, kind = frame.x(value), "target" if abs(value) == 1 else "grid"
        parts.append(tag("line", class_=kind, x1=x, x2=x, y1=top, y2=bottom))
        text = signed(value, 0, plus=True)
        parts.append(tag("text", text, class_="tick", x=x, y=bottom + 19, text_anchor="middle"))
    end = frame.x.end
    parts.append(tag("text", TITLE, class_="title", x=end, y=bottom + 38, text_anchor="end"))
    return join(parts)


def _row(frame: Frame, one: Shown, y: float) -> Markup:
    best, low, high = (_place(frame, one, value) for value in (one.simulated, one.low, one.high))
    room = int((frame.x.start - 16) / TEXT_WIDTH)
    name = one.name if len(one.name) <= room else one.name[: room - 1] + "…"
    kind = "fresh" if one.role == "fit" else "seen"
    return join(
        [
            tag("text", name, class_="name", x=frame.x.start - 10, y=y + 4, text_anchor="end"),
            tag("line", class_="bar fresh", x1=low, x2=high, y1=y, y2=y),
            tag("circle", tag("title", one.name), class_=kind, cx=best, cy=y, r=5.0),
        ]
    )


def _place(frame: Frame, one: Shown, value: float) -> float:
    parts = (value - (one.observed or 0.0)) / (one.tolerance or 1.0)
    return frame.x(min(max(parts, -ENDS), ENDS))
