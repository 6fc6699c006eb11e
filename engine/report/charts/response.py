"""Small pictures of a sweep: one a lever and measure, the change by the lever's value."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from engine.measures.run_off import CONTRIBUTION
from engine.report.charts.differences import gain_bars
from engine.report.charts.grammar import AMBER, BLUE, GREY, RED, Picture, data, picture
from engine.report.findings.response import (
    HEADS,
    lever_cells,
    lever_note,
    lever_title,
    lever_value_text,
)
from engine.report.formatting import label, scaled, signed, unit
from engine.response import LeverAnswer, lever_answers
from engine.results.schemas import Row

_FAR: Final = 20.0
"""Ratio of a range's ends from which it is drawn on a scale of ratios, if it begins above 0."""

_KINDS: Final = ("a value", "base policy", "best by contribution with run-off")


_SHAPES: Final = ("circle", "diamond", "square")

_MOST: Final = 12
"""Levers that are drawn, those whose best value brings most; all stand in the table."""

_DRAWN: Final = (CONTRIBUTION, "gmv_paid_fen")

MARKS_NOTE: Final = (
    "Bands and lines are 95 % intervals. A diamond stands at the base policy, a square at the "
    "value with the highest contribution with run-off, if that is distinguishable from the base."
)


class _Lever(NamedTuple):
    """One lever's part of the page."""

    title: str
    note: str
    pictures: list[Picture]


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
        "gains": _gains_picture(answers),
        "levers": [
            _Lever(
                lever_title(one),
                lever_note(one),
                _pictures([row for row in rows if row["lever"] == one.lever], one),
            )
            for one in _drawn(answers)
        ],
    }


def _drawn(answers: Sequence[LeverAnswer]) -> list[LeverAnswer]:
    """Choose the levers to draw: of those that move something, whose best value brings most."""
    moving = [one for one in answers if one.moved]
    ranked = sorted(moving, key=lambda one: (not one.is_distinguishable, -one.best["difference"]))
    return ranked[:_MOST]


def _gains_picture(answers: Sequence[LeverAnswer]) -> Picture | None:
    """Draw what the best value of each lever brings in contribution with run-off."""
    told = [one for one in answers if one.is_distinguishable and not one.best["is_base"]]
    return gain_bars([(one.lever, one.best) for one in told]) if told else None


def _pictures(rows: Sequence[Row], one: LeverAnswer) -> list[Picture]:
    by_measure = {name: [row for row in rows if row["measure"] == name] for name in _DRAWN}
    return [_picture(own, one) for own in by_measure.values() if own]


def _picture(rows: Sequence[Row], one: LeverAnswer) -> Picture:
    """Draw the change of one measure with its band; mark the base policy and, if told, the best."""
    import altair as alt

    measure = rows[0]["measure"]
    title = f"{label(measure)}, {'pp' if unit(measure) == '%' else unit(measure)}".rstrip(", ")
    values = [_values(row, one) for row in rows]
    across = alt.X("x:Q", title=one.unit, scale=_scale([row["value"] for row in rows]))
    curve = alt.Chart(data([v for v, row in zip(values, rows, strict=True) if row["is_constant"]]))
    band = curve.mark_area(color=BLUE, opacity=0.16).encode(x=across, y="low:Q", y2="high:Q")
    line = curve.mark_line(color=BLUE).encode(x=across, y=alt.Y("value:Q", title=title))
    points = alt.Chart(data(values))
    own = [v for v, row in zip(values, rows, strict=True) if not row["is_constant"]]
    bars = alt.Chart(data(own)).mark_rule(color=GREY).encode(x=across, y="low:Q", y2="high:Q")
    kinds = list(_KINDS)
    marks = points.mark_point(filled=True, opacity=1, size=55).encode(
        x=across,
        y=alt.Y("value:Q", title=title),
        color=alt.Color(
            "kind:N", legend=None, scale=alt.Scale(domain=kinds, range=[BLUE, AMBER, RED])
        ),
        shape=alt.Shape("kind:N", legend=None, scale=alt.Scale(domain=kinds, range=list(_SHAPES))),
        tooltip=alt.Tooltip("tip:N"),
    )
    zero = alt.Chart(data([{"y": 0}])).mark_rule(color=GREY, strokeDash=[3, 3]).encode(y="y:Q")
    layers = [zero, band, line, *([bars] if own else []), marks]
    return picture(alt.layer(*layers).properties(height=170), f"{one.lever}: {label(measure)}")


def _scale(values: Sequence[float]) -> Any:
    import altair as alt

    low, high = min(values), max(values)
    if low > 0 and high / low >= _FAR:
        return alt.Scale(type="log")
    return alt.Scale(zero=False, nice=False, padding=6)


def _values(row: Row, one: LeverAnswer) -> dict[str, Any]:
    measure = row["measure"]
    value = scaled(measure, row["difference"])
    low, high = (
        value if row[end] is None else scaled(measure, row[end]) for end in ("ci_low", "ci_high")
    )
    texts = [signed(number, 3, plus=True) for number in (value, low, high)]
    return {
        "x": row["value"],
        "value": value,
        "low": low,
        "high": high,
        "kind": _KINDS[_kind(row, one)],
        "tip": f"{lever_value_text(row['value'])}: {texts[0]} ({texts[1]} to {texts[2]})"
        + (", the base policy" if row["is_base"] else "")
        + (", off" if row["is_off"] else ""),
    }


def _kind(row: Row, one: LeverAnswer) -> int:
    """Return the place in `_KINDS` of a point's mark."""
    is_best = row["value"] == one.best["value"] and row["is_base"] == one.best["is_base"]
    return 2 if one.is_distinguishable and is_best else 1 if row["is_base"] else 0
