"""What the trials of a search say together of each lever, drawn: a small picture a lever."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from engine.report.charts.grammar import AMBER, BLUE, GREY, RED, Picture, data, picture
from engine.report.findings.factor_words import factor_money, factor_words
from engine.report.formatting import label, scaled, show_change, unit
from engine.results.schemas import Row
from engine.spec.levers import LeverEntry

_MOST: Final = 6
"""Levers that are drawn, those that move the first goal most beyond doubt."""

_COLOURS: Final = (BLUE, RED)

_NOTE: Final = (
    "Each lever moved alone around {policy}; the diamond stands at its value there. Curves are "
    "what all trials say together (a Gaussian process), no runs of their own; bands are 95 % "
    "intervals, and wide where few trials lie."
)


class Learnt(NamedTuple):
    """What the page says of a search's levers.

    Pictures of those that surely move the first goal, the strongest first; how they are read; and
    in a sentence those that may not move it, if there are any.
    """

    pictures: list[Picture]
    note: str
    items: list[str]

    @classmethod
    def of(cls, rows: Sequence[Row], called: str) -> "Learnt":
        """Return the part of the page.

        Parameters
        ----------
        rows : of the table `learnt`; without any there is nothing.
        called : what the policy is called around which levers move.
        """
        if not rows:
            return cls([], "", [])
        return cls(_pictures(rows), _NOTE.format(policy=called), _doubtful(rows))


def _pictures(rows: Sequence[Row]) -> list[Picture]:
    """Draw the strongest levers."""
    first = rows[0]["measure"]
    shown = _drawn_together(rows)
    gains = {lever: _gain(rows, lever, first) for lever in dict.fromkeys(r["lever"] for r in rows)}
    strongest = sorted((-gain, lever) for lever, gain in gains.items() if gain > 0)[:_MOST]
    return [
        _picture([row for row in rows if row["lever"] == lever and row["measure"] in shown], shown)
        for _, lever in strongest
    ]


def _doubtful(rows: Sequence[Row]) -> list[str]:
    """Name the levers that may not move the first goal at all, in a sentence."""
    names = [
        factor_words(lever, goods)
        for lever, goods in {row["lever"]: row.get("goods", "") for row in rows}.items()
        if _gain(rows, lever, rows[0]["measure"]) == 0
    ]
    said = f"By these trials not distinguishable from no effect: {', '.join(names)}."
    return [said] if names else []


def _drawn_together(rows: Sequence[Row]) -> list[str]:
    """Return the first goal, and the second if it has the same unit."""
    goals = list(dict.fromkeys(row["measure"] for row in rows))
    return [goal for goal in goals[:2] if unit(goal) == unit(goals[0])]


def _gain(rows: Sequence[Row], lever: str, measure: str) -> float:
    """Return what a lever surely changes a goal by, at the value where that is most; or 0."""
    own = [row for row in rows if row["lever"] == lever and row["measure"] == measure]
    return max(max(float(row["ci_low"]), -float(row["ci_high"]), 0.0) for row in own)


def _picture(rows: Sequence[Row], shown: Sequence[str]) -> Picture:
    """Draw a lever's curves with their bands."""
    import altair as alt

    names = [label(measure) for measure in shown]
    values = [_values(row) for row in rows]
    lever = LeverEntry.at(rows[0]["lever"].partition("@")[0])
    of = lever.unit if lever else None
    across = alt.X("x:Q", title=of, scale=alt.Scale(zero=False, nice=False, padding=6))
    colour = alt.Color(
        "series:N",
        title=None,
        scale=alt.Scale(domain=names, range=list(_COLOURS[: len(names)])),
        legend=alt.Legend(orient="top") if len(names) > 1 else None,
    )
    chart = alt.Chart(data(values)).encode(x=across, color=colour)
    title = f"Change, {'pp' if unit(shown[0]) == '%' else unit(shown[0])}".rstrip(", ")
    band = chart.mark_area(opacity=0.16).encode(y="low:Q", y2="high:Q")
    line = chart.mark_line().encode(y=alt.Y("value:Q", title=title))
    marks = chart.mark_point(size=90, opacity=0).encode(y="value:Q", tooltip=alt.Tooltip("tip:N"))
    start = alt.Chart(data([{"x": rows[0]["base_value"], "y": 0}]))
    base = start.mark_point(shape="diamond", filled=True, opacity=1, size=70, color=AMBER)
    zero = alt.Chart(data([{"y": 0}])).mark_rule(color=GREY, strokeDash=[3, 3]).encode(y="y:Q")
    layers = alt.layer(zero, band, line, base.encode(x="x:Q", y="y:Q"), marks)
    return picture(layers.properties(height=170), _finding(rows, shown[0]))


def _values(row: Row) -> dict[str, Any]:
    ends = {
        name: scaled(row["measure"], row[end])
        for name, end in (("value", "difference"), ("low", "ci_low"), ("high", "ci_high"))
    }
    said = [
        show_change(row["measure"], row[end]).removesuffix(" pp")
        for end in ("difference", "ci_low", "ci_high")
    ]
    goal, of = label(row["measure"]), unit(row["measure"])
    of = "pp" if of == "%" else of
    return ends | {
        "x": row["value"],
        "series": goal,
        "tip": f"{row['value']:.4g}{factor_money(row['lever'])}: {goal} {said[0]} {of} ({said[1]} "
        f"to {said[2]})",
    }


def _finding(rows: Sequence[Row], measure: str) -> str:
    """Say where a lever surely moves the goal most, and by how much."""
    own = [row for row in rows if row["measure"] == measure]
    best = max(own, key=lambda row: max(row["ci_low"], -row["ci_high"]))
    half = (best["ci_high"] - best["ci_low"]) / 2
    change = show_change(measure, best["difference"], half)
    of = f" {unit(measure)}" if unit(measure) not in {"", "%"} else ""
    moved = f"{best['base_value']:.3g} to {best['value']:.3g}{factor_money(best['lever'])}"
    words = factor_words(best["lever"], best.get("goods", ""))
    return f"{label(measure)} changes by {change}{of} as {words} goes from {moved}"
