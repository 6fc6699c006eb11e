"""The picture of what a search believed, beside what fresh luck says."""

from collections.abc import Sequence

from markupsafe import Markup

from engine.report.charts import BOTTOM, TOP, Size, both, reach
from engine.report.study import Line
from engine.report.svg import TEXT_WIDTH, Frame, Scale, drawing, join, number_ticks, scale_over, tag
from engine.report.words import scaled


def estimates_chart(lines: Sequence[Line], measure: str, title: str) -> Markup:
    """Draw the search's estimate beside the fresh one, a row per policy."""
    known = [line for line in lines if line.estimates[measure].search is not None]

    def draw(size: Size) -> Markup:
        values = [*reach(known, measure)]
        values += [scaled(measure, line.estimates[measure].search or 0.0) for line in known]
        longest = max(len(line.policy) for line in known)
        left = min(16 + TEXT_WIDTH * longest, size.width * 0.4)
        height = TOP + 26 * len(known) + BOTTOM
        x = scale_over(values, left, size.width - size.right)
        frame = Frame(size.width, height, x, Scale(0, 1, height - BOTTOM, TOP))
        parts = [_ruler(frame, title, number_ticks(x, size.ticks - 1))]
        parts += [
            _dumbbell(frame, line, measure, TOP + 13 + 26 * k) for k, line in enumerate(known)
        ]
        return drawing(frame, title, parts, size.name)

    return both(draw)


def _ruler(frame: Frame, title: str, ticks: Sequence[tuple[float, str]]) -> Markup:
    top, bottom = frame.y.end, frame.y.start
    parts = []
    for value, text in ticks:
        x = frame.x(value)
        parts.append(tag("line", class_="grid", x1=x, x2=x, y1=top, y2=bottom))
        parts.append(tag("text", text, class_="tick", x=x, y=bottom + 19, text_anchor="middle"))
    end = frame.x.end
    parts.append(tag("text", title, class_="title", x=end, y=bottom + 38, text_anchor="end"))
    return join(parts)


def _dumbbell(frame: Frame, line: Line, measure: str, y: float) -> Markup:
    found = line.estimates[measure]
    fresh = frame.x(scaled(measure, line.value(measure)))
    seen = frame.x(scaled(measure, found.search or 0.0))
    room = int((frame.x.start - 16) / TEXT_WIDTH)
    name = line.policy if len(line.policy) <= room else line.policy[: room - 1] + "…"
    parts = [
        tag("text", name, class_="name", x=frame.x.start - 10, y=y + 4, text_anchor="end"),
        tag("line", class_="link", x1=seen, x2=fresh, y1=y, y2=y),
    ]
    if found.low is not None and found.high is not None:
        low, high = (frame.x(scaled(measure, limit)) for limit in (found.low, found.high))
        parts.append(tag("line", class_="bar fresh", x1=low, x2=high, y1=y, y2=y))
    parts.append(tag("circle", class_="seen", cx=seen, cy=y, r=5.0))
    parts.append(tag("circle", class_="fresh", cx=fresh, cy=y, r=5.0))
    return join(parts)
