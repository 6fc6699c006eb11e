"""What tests of a policy say, drawn beside its true effect."""

from collections.abc import Sequence
from typing import Any, Final

from engine.report.charts.grammar import (
    BLUE,
    GREEN,
    GREY,
    Picture,
    data,
    name_axis,
    picture,
    rows_height,
    wrapped,
)
from engine.report.findings.trial import DESIGNS, trial_finding, unit_a_day
from engine.report.formatting import label, scaled, signed
from engine.results.schemas import Row

_NOTE: Final = (
    "Dots are means of all tests; thick lines hold two spreads of single tests to either side, "
    "thin ones their mean 95 % interval. The green line is the true effect."
)


def trial_pictures(rows: Sequence[Row]) -> list[Picture]:
    """Draw, a picture a measure, what each kind of test says beside the truth."""
    measures = dict.fromkeys(row["measure"] for row in rows)
    return [_picture([row for row in rows if row["measure"] == name]) for name in measures]


def _picture(rows: Sequence[Row]) -> Picture:
    import altair as alt

    measure = rows[0]["measure"]
    names = [DESIGNS[row["design"]] for row in rows]
    base = alt.Chart(data([_values(row) for row in rows])).encode(y=name_axis(names))
    scatter = base.mark_rule(color=BLUE, opacity=0.35, strokeWidth=7).encode(
        x=alt.X("least:Q", title=f"{label(measure)}, {unit_a_day(measure)}"), x2="most:Q"
    )
    limits = base.mark_rule(color=BLUE).encode(x="low:Q", x2="high:Q")
    dots = base.mark_point(color=BLUE, filled=True, size=80, opacity=1).encode(
        x="value:Q", tooltip=alt.Tooltip("tip:N")
    )
    truth = alt.Chart(data([{"x": scaled(measure, rows[0]["truth"])}]))
    zero = alt.Chart(data([{"x": 0}])).mark_rule(color=GREY, strokeDash=[3, 3]).encode(x="x:Q")
    line = truth.mark_rule(color=GREEN, strokeWidth=2.2).encode(x="x:Q")
    return picture(
        alt.layer(zero, scatter, limits, line, dots).properties(height=rows_height(names) + 20),
        trial_finding(rows),
        _NOTE,
    )


def _values(row: Row) -> dict[str, Any]:
    measure, value = row["measure"], row["estimate"]
    spread, half = 2 * (row["spread"] or 0.0), row["half_width"] or 0.0
    ends = {"value": value, "least": value - spread, "most": value + spread}
    ends |= {"low": value - half, "high": value + half}
    called = DESIGNS[row["design"]]
    said, true = (signed(scaled(measure, one), 3, plus=True) for one in (value, row["truth"]))
    return {name: scaled(measure, end) for name, end in ends.items()} | {
        "name": wrapped(called),
        "tip": f"{called}: {said}, in truth {true}",
    }
