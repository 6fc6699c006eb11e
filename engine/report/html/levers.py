"""The table of levers: what each policy holds, with the dates on which it changes."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Final

from markupsafe import Markup

from engine.report.charts.svg import join, tag
from engine.report.formatting import NONE
from engine.report.read.results_model import Line, StudyResults

_KNOTS: Final = "target.knots"
"""Path of the target's shape; a row of `frontier` has one column a knot."""


_TARGET: Final = "target.year_end_bn_rmb"


_Steps = list[tuple[date, float]]


def lever_table(study: StudyResults, lines: Sequence[Line]) -> dict[str, Any] | None:
    """Return the searched levers as a table, a row a lever, a column a policy."""
    shown = [line for line in lines if line.levers]
    if not shown:
        return None
    columns = dict.fromkeys(name for line in shown for name in line.levers)
    names = list(dict.fromkeys(_KNOTS if _is_knot(name) else name for name in columns))
    rows = [(name, [_cell(study, line, name) for line in shown]) for name in names]
    return {"policies": [line.policy for line in shown], "rows": rows}


def _is_knot(name: str) -> bool:
    return name.startswith(f"{_KNOTS}.")


def _cell(study: StudyResults, line: Line, name: str) -> str | Markup:
    if name == _KNOTS:
        return _shape(line)
    start = _day(study.setting("scenario", "calendar", "start")) or date.min
    given = _given(study, line)
    steps = _steps(given, name, line.levers.get(name), start)
    if name == _TARGET:
        steps += _revisions(given)
    return _write_steps(steps, start)


def _given(study: StudyResults, line: Line) -> Any:
    """Return the config that a policy comes from: its own, or that of the search's start."""
    if line.is_baseline:
        return study.setting("baselines", line.policy)
    return study.setting("policy")


def _steps(given: Any, name: str, value: float | str | None, start: date) -> _Steps:
    """Return the lever's values by day; a searched one is the number in the table."""
    if value is not None and not isinstance(value, str):
        return [(start, value)]
    for key in name.split("."):
        given = given.get(key) if isinstance(given, Mapping) else None
    if not isinstance(given, Mapping):
        return []
    dated = sorted((_day(day) or start, float(value)) for day, value in given.items())
    before = [step for step in dated if step[0] <= start]
    first = before[-1][1] if before else dated[0][1]
    return [(start, first), *(step for step in dated if step[0] > start)]


def _revisions(given: Any) -> _Steps:
    target = given.get("target") if isinstance(given, Mapping) else None
    found = (target.get("revisions") if isinstance(target, Mapping) else None) or []
    dated = ((_day(one["day"]), float(one["year_end_bn_rmb"])) for one in found)
    return [(day, value) for day, value in dated if day is not None]


def _write_steps(steps: _Steps, start: date) -> str:
    """Write values in order of time, e.g. `0.02 → 0.06 (1 Jun)`; a number alone stays one."""
    if not steps:
        return NONE
    space = "\N{NO-BREAK SPACE}"
    parts = [_number(steps[0][1])]
    for (_, before), (day, value) in pairwise(steps):
        if value != before:
            year = f"{space}{day.year}" if day.year != start.year else ""
            parts.append(f"{_number(value)}{space}({day.day}{space}{day:%b}{year})")
    return " → ".join(parts)


def _number(value: float) -> str:
    """Write a lever's value with three figures, from a thousand on in full."""
    return f"{value:.3g}".replace("-", "−") if abs(value) < 1000 else f"{value:,.0f}"


def _shape(line: Line) -> str | Markup:
    """Draw the target's path, with its shares at the ends of the first three quarters."""
    found = (value for name, value in line.levers.items() if _is_knot(name))
    knots = [value for value in found if not isinstance(value, str)]
    if not knots or line.levers.get(_TARGET) == 0:
        return NONE
    last = len(knots)
    quarters = [knots[max(round(last * k / 4), 1) - 1] for k in (1, 2, 3)]
    text = " ".join(f"{100 * value:.0f}" for value in quarters) + "%"
    return join([_spark(knots), tag("span", text, class_="tag")])


def _spark(knots: Sequence[float]) -> Markup:
    width, height = 56.0, 20.0
    values = [0.0, *knots]
    points = (
        f"{1 + (width - 2) * k / (len(values) - 1):.1f},{height - 1 - (height - 2) * value:.1f}"
        for k, value in enumerate(values)
    )
    line = tag("polyline", points=" ".join(points))
    return tag("svg", line, viewBox=f"0 0 {width:g} {height:g}", class_="spark", role="img")


def _day(text: Any) -> date | None:
    """Read a day as a config writes it."""
    if isinstance(text, date) or text is None:
        return text
    return date.fromisoformat(str(text))
