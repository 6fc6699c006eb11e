"""What all pictures share: colours, type, and how a chart becomes a specification.

Pictures are Vega-Lite, written through Altair, which is imported only where one is drawn. Each is
as wide as its place; the text of long names is wrapped, so that no label runs over another.
"""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from engine.report.formatting import scaled

_Rows = Sequence[Mapping[str, Any]]

BLUE: Final = "#0072B2"
RED: Final = "#D55E00"
GREEN: Final = "#009E73"
_PURPLE: Final = "#AA4499"
AMBER: Final = "#B87F00"
_SKY: Final = "#3A9BD9"
GREY: Final = "#6B7280"
INK: Final = "#1F2933"

_SERIES: Final = (BLUE, RED, GREEN, _PURPLE, AMBER, _SKY)
"""Distinguishable without red-green vision (Okabe and Ito, 2008); two of them are darker."""

HEIGHT: Final = 300
_STEP, _LINE = 26, 12
"""Pixels of a row, and of each further line of its name."""

_LEADING: Final = 14
"""Pixels from one line of a name to the next."""

_MOST_LINES: Final = 8
_WIDE_NAME: Final = 28
"""Characters of a row's name before it goes on in the next line."""

_BREAK: Final = "|"
"""Stands between the lines of a name."""

PICKED: Final = "picked"
"""Parameter that holds the policy a reader has picked."""

CONFIG: Final[dict[str, Any]] = {
    "font": "Arial, Helvetica, 'Liberation Sans', 'Noto Sans SC', 'PingFang SC', sans-serif",
    "background": None,
    "view": {"stroke": None},
    "axis": {
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelColor": INK,
        "titleColor": "#4B5563",
        "gridColor": "#E5E7EB",
        "domainColor": "#9CA3AF",
        "tickColor": "#9CA3AF",
        "labelOverlap": "greedy",
        "labelSeparation": 6,
        "titlePadding": 8,
    },
    "axisX": {"titleAnchor": "end"},  # a long title has room to the left, below the names
    "axisY": {"labelLimit": 320, "titleAnchor": "middle"},
    "axisQuantitative": {"tickCount": 6},
    "legend": {
        "orient": "top",
        "direction": "vertical",
        "labelFontSize": 12,
        "labelColor": INK,
        "labelLimit": 290,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titleColor": "#4B5563",
        "symbolStrokeWidth": 2,
        "symbolOpacity": 1,
        "rowPadding": 3,
    },
}
"""The look of every picture, beside its specification."""


class Picture(NamedTuple):
    """A chart with what it shows in a sentence, how it is read, and its specification."""

    finding: str
    note: str
    spec: dict[str, Any]


def picture(chart: Any, finding: str, note: str = "", *, shows_picked: bool = False) -> Picture:
    """Turn an Altair chart into a picture that is as wide as its place; tests check it.

    `shows_picked`: a parameter of the chart, `PICKED`, is what the page tells that is picked.
    """
    import altair as alt

    if shows_picked:
        chart = chart.add_params(alt.param(name=PICKED, value=""))
    whole = chart.properties(width="container").to_dict(validate=False)
    whole["autosize"] = {"type": "fit-x", "contains": "padding"}
    return Picture(
        finding, note, {k: v for k, v in whole.items() if k not in {"config", "$schema"}}
    )


def data(rows: _Rows) -> Any:
    """Return rows as the data of a chart."""
    import altair as alt

    return alt.InlineData(values=[dict(row) for row in rows])


def name_axis(names: Sequence[str], width: int = _WIDE_NAME) -> Any:
    """Return the axis of rows by their names, long ones on several lines, as the rows come."""
    import altair as alt

    lines = f"split(datum.label, '{_BREAK}')"
    # The middle of a name stands at its row, and not its first line.
    middle = [
        {"test": f"length({lines}) === {count}", "value": -(count - 1) * _LEADING / 2}
        for count in range(2, _MOST_LINES + 1)
    ]
    axis = alt.Axis(
        title=None,
        labelExpr=lines,
        labelOffset={"condition": middle, "value": 0},
        labelOverlap=False,
        ticks=False,
    )
    return alt.Y("name:N", sort=[wrapped(name, width) for name in names], axis=axis)


def wrapped(name: str, width: int = _WIDE_NAME) -> str:
    """Break a name into lines of about `width` characters, for an axis of `name_axis`."""
    return _BREAK.join(textwrap.wrap(name.replace(_BREAK, "/"), width)) or name


def rows_height(names: Sequence[str], series: int = 1, width: int = _WIDE_NAME) -> int:
    """Return the pixels that rows of these names take, with so many marks in each."""
    lines = max((wrapped(name, width).count(_BREAK) for name in names), default=0)
    return max(len(names), 1) * (_STEP + _LINE * max(lines, series - 1))


def colours(names: Sequence[str], grey: str | None = None) -> Any:
    """Return the scale that gives each name a colour; one of them may be grey."""
    import altair as alt

    rest = iter(_SERIES * (1 + len(names) // len(_SERIES)))
    return alt.Scale(
        domain=list(names), range=[GREY if name == grey else next(rest) for name in names]
    )


def bn_value(fen: float | None) -> float | None:
    """Return an amount in bn RMB, as a value of a chart; None stays None."""
    return None if fen is None else round(scaled("gmv_paid_fen", fen), 4)
