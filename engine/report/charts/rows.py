"""Pictures with a row a thing: a policy's two estimates, a figure's miss."""

from collections.abc import Sequence
from typing import Any, Final

from engine.report.charts.grammar import (
    BLUE,
    GREY,
    INK,
    RED,
    Picture,
    data,
    name_axis,
    picture,
    rows_height,
    wrapped,
)
from engine.report.formatting import number, scaled, show
from engine.report.read.calibration import FigureSummary
from engine.report.read.results_model import Line

_ENDS: Final = 3.0
"""Tolerances at which a miss is drawn at most."""

_MOST: Final = 8
"""Policies whose two estimates are drawn, those with the most runs; all of them are counted."""

_ROLES: Final = ("fitted", "not fitted", "an input: no proof")


def estimates_picture(lines: Sequence[Line], names: dict[str, str]) -> Picture | None:
    """Draw what the search estimated beside what fresh replications say."""
    measure = "gmv_paid_fen"
    known = [line for line in lines if line.estimates[measure].search is not None]
    if not known:
        return None
    import altair as alt

    order = ["as the search saw it", "on fresh seeds"]
    values: list[dict[str, Any]] = []
    drawn = sorted(known, key=lambda line: -line.runs_count)[:_MOST]
    for line in drawn:
        found, called = line.estimates[measure], names.get(line.policy, line.policy)
        for series, value in zip(order, (found.search, found.value), strict=True):
            values.append(
                {
                    "name": wrapped(called),
                    "policy": line.policy,
                    "series": series,
                    "value": scaled(measure, value or 0.0),
                    "low": _scaled(measure, found.low) if series == order[1] else None,
                    "high": _scaled(measure, found.high) if series == order[1] else None,
                    "tip": f"{called}, {series}: {show(measure, value)} bn RMB",
                }
            )
    shown = [names.get(line.policy, line.policy) for line in drawn]
    x = alt.X("value:Q", title="GMV as paid, bn RMB", scale=alt.Scale(zero=False))
    base = alt.Chart(data(values)).encode(y=name_axis(shown))
    links = base.mark_line(color=GREY).encode(x=x, detail="name:N")
    limits = base.mark_rule(color=BLUE, opacity=0.5).encode(x=alt.X("low:Q"), x2="high:Q")
    marks = base.mark_point(filled=True, size=80, opacity=1, cursor="pointer").encode(
        x=x,
        color=alt.Color("series:N", title=None, scale=alt.Scale(domain=order, range=[RED, BLUE])),
        shape=alt.Shape("series:N", title=None, scale=alt.Scale(domain=order)),
        tooltip=alt.Tooltip("tip:N"),
    )
    return picture(
        alt.layer(links, limits, marks).properties(height=rows_height(shown)),
        *_surplus_finding(known, measure),
    )


def _surplus_finding(known: Sequence[Line], measure: str) -> tuple[str, str]:
    """Title and note: by how much more than the given policies, found ones were overestimated.

    All policies share the search's seeds, whose mean need not be that of fresh ones. Nobody chose
    the given policies by what they showed: what they are off by is the seeds', and what those that
    were found are off by beyond that is the luck for which a search keeps them.
    """
    gaps = {
        is_given: [
            (line.estimates[measure].search or 0.0) - (line.estimates[measure].value or 0.0)
            for line in known
            if line.is_baseline is is_given
        ]
        for is_given in (True, False)
    }
    note = (
        "A search keeps policies that were lucky; all else on this page uses fresh seeds only. "
        "Lines are 95 % intervals."
    )
    means = {is_given: sum(some) / len(some) for is_given, some in gaps.items() if some}
    if len(means) == 1:
        (mean,) = means.values()
        return f"On average the search’s estimate was {_too_much(measure, mean)}", note
    found = _too_much(measure, means[False] - means[True])
    return f"Against given policies, what the search found was seen {found}", (
        f"Given policies, which nobody chose by their sales, are seen "
        f"{_too_much(measure, means[True])}: all share the search’s seeds. {note}"
    )


def _too_much(measure: str, gap: float) -> str:
    return f"{show(measure, abs(gap))} bn RMB too {'high' if gap > 0 else 'low'}"


def _scaled(measure: str, value: float | None) -> float | None:
    return None if value is None else scaled(measure, value)


def fit_picture(figures: Sequence[FigureSummary]) -> Picture | None:
    """Draw a row per figure: the best world's miss, and 80 % of what is predicted."""
    drawn = [one for one in figures if one.observed is not None and one.tolerance]
    if not drawn:
        return None
    import altair as alt

    names = [one.name for one in drawn]
    base = alt.Chart(data([_miss(one) for one in drawn])).encode(y=name_axis(names))
    scale = alt.Scale(domain=[-_ENDS, _ENDS])
    title = "Simulated less observed, in tolerances"
    bars = base.mark_rule(color=GREY, strokeWidth=3).encode(
        x=alt.X("low:Q", title=title, scale=scale), x2="high:Q"
    )
    role = alt.Scale(domain=list(_ROLES), range=[BLUE, RED, GREY])
    marks = base.mark_point(filled=True, size=80, opacity=1).encode(
        x=alt.X("value:Q", title=title, scale=scale),
        color=alt.Color("series:N", title=None, scale=role),
        shape=alt.Shape("series:N", title=None, scale=alt.Scale(domain=list(_ROLES))),
        tooltip=alt.Tooltip("tip:N"),
    )
    within = alt.Chart(data([{"x": -1}, {"x": 1}])).mark_rule(color=INK, strokeDash=[3, 3])
    unseen = [one for one in drawn if not one.is_input and one.role != "fit"]
    fitted = [one for one in drawn if not one.is_input and one.role == "fit"]
    hits = [sum(bool(one.is_hit) for one in group) for group in (fitted, unseen)]
    return picture(
        alt.layer(bars, within.encode(x="x:Q"), marks).properties(height=rows_height(names)),
        f"{hits[0]} of {len(fitted)} fitted figures and {hits[1]} of {len(unseen)} that were not "
        "fitted lie within their tolerance",
        "The mark is the best world; the bar holds 80 % of what is predicted over all points. What "
        "misses by more than three tolerances stands at the edge. Inputs are no hits.",
    )


def _miss(one: FigureSummary) -> dict[str, Any]:
    value, low, high = (
        min(max((amount - (one.observed or 0.0)) / (one.tolerance or 1.0), -_ENDS), _ENDS)
        for amount in (one.simulated, one.low, one.high)
    )
    return {
        "name": wrapped(one.name),
        "value": value,
        "low": low,
        "high": high,
        "series": _ROLES[2 if one.is_input else 0 if one.role == "fit" else 1],
        "tip": f"{one.name}: {number(one.simulated)} for {number(one.observed)} {one.unit}",
    }
