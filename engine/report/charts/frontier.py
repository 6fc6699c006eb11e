"""The picture of what each policy reaches and what it costs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from engine.report.charts.grammar import (
    AMBER,
    HEIGHT,
    INK,
    PICKED,
    RED,
    Picture,
    data,
    picture,
)
from engine.report.formatting import scaled, show
from engine.report.read.results_model import Line, StudyResults, found_lines

_FOUND: Final = "found by the search"
_BEATEN: Final = "off the frontier"
_SHAPES: Final = ("diamond", "square", "triangle-up", "triangle-down", "cross")
_TIP: Final = "{}: GMV as paid {} bn RMB, contribution {} bn RMB, top-10 share {}"


_COST_NOTE: Final = (
    "Further to the right a policy contributes less: the axis is its own contribution with its "
    "sign turned, not the net cost against today. "
)


def frontier_picture(
    study: StudyResults, best: Line | None, names: Mapping[str, str]
) -> Picture | None:
    """Draw GMV as paid against net cost, coloured by the top-10 share; None without a search.

    Parameters
    ----------
    study : of which the lines are drawn.
    best : the cheapest policy that reaches the target, if one does.
    names : what each policy is called.
    """
    known = [line for line in study.lines if np.isfinite(_xy(line)).all()]
    if not study.searched or not known:
        return None
    import altair as alt

    most = max(line.runs_count for line in known)
    given = [line.policy for line in known if line.is_baseline]
    kinds = [*given, _FOUND, *([_BEATEN] if any(map(_is_beaten, known)) else [])]
    base = alt.Chart(data([_values(line, names, most) for line in known])).encode(
        x=alt.X("cost:Q", title=_cost_title(study), scale=alt.Scale(zero=False)),
        y=alt.Y("gmv:Q", title="GMV as paid, bn RMB", scale=alt.Scale(zero=False)),
    )
    marks = base.mark_point(filled=True, size=130, opacity=1, cursor="pointer").encode(
        color=alt.Color(
            "top10:Q",
            title="Top-10 share, %",
            scale=alt.Scale(scheme="viridis", reverse=True),
            legend=alt.Legend(orient="bottom", direction="horizontal", gradientLength=140),
        ),
        shape=alt.Shape("kind:N", title=None, scale=_shapes(kinds), legend=alt.Legend(columns=1)),
        stroke=alt.when(f"datum.policy === {PICKED}")
        .then(alt.value(AMBER))
        .otherwise(alt.value(INK)),
        strokeWidth=alt.when(f"datum.policy === {PICKED}")
        .then(alt.value(4))
        .otherwise(alt.value(0.5)),
        tooltip=alt.Tooltip("tip:N"),
    )
    bars = [
        base.mark_rule(color="#9CA3AF").encode(x=alt.X("cost_low:Q"), x2="cost_high:Q"),
        base.mark_rule(color="#9CA3AF").encode(y=alt.Y("gmv_low:Q"), y2="gmv_high:Q"),
    ]
    layers = [*_goal(study.target_fen), *bars, marks]
    return picture(
        alt.layer(*layers).properties(height=HEIGHT + 60),
        _finding(study, known, best, names),
        "Up and to the left is better. Lines are 95 % intervals on fresh seeds, of those with the "
        f"most runs; dashed: the goal. {_COST_NOTE if study.prices else ''}Worlds weigh the same "
        "here. Click a mark for the policy’s levers.",
        shows_picked=True,
    )


def _cost_title(study: StudyResults) -> str:
    """Where net cost is counted against today's elsewhere on the page, its own has no such name."""
    return "Contribution with its sign turned, bn RMB" if study.prices else "Net cost, bn RMB"


def _values(line: Line, names: Mapping[str, str], most: int) -> dict[str, Any]:
    cost, gmv = _xy(line)
    shown = ("gmv_paid_fen", "platform_contribution_fen", "top10_share")
    facts = [show(name, line.estimates[name].value, line.estimates[name].half) for name in shown]
    called = names.get(line.policy, line.policy)
    return {
        "policy": line.policy,
        "cost": cost,
        "gmv": gmv,
        "top10": scaled("top10_share", line.value("top10_share")),
        "kind": line.policy if line.is_baseline else _BEATEN if _is_beaten(line) else _FOUND,
        "tip": _TIP.format(called, *facts),
    } | (_all_limits(line) if line.runs_count == most else {})


def _all_limits(line: Line) -> dict[str, float]:
    return _limits(line, "cost_fen", "cost") | _limits(line, "gmv_paid_fen", "gmv")


def _is_beaten(line: Line) -> bool:
    return not (line.is_baseline or line.on_frontier)


def _limits(line: Line, measure: str, word: str) -> dict[str, float]:
    found = line.estimates[measure]
    if found.low is None or found.high is None:
        return {}
    return {
        f"{word}_low": scaled(measure, found.low),
        f"{word}_high": scaled(measure, found.high),
    }


def _shapes(kinds: Sequence[str]) -> Any:
    import altair as alt

    given = iter(_SHAPES * (1 + len(kinds) // len(_SHAPES)))
    own = {_FOUND: "circle", _BEATEN: "triangle-right"}
    return alt.Scale(domain=list(kinds), range=[own.get(kind) or next(given) for kind in kinds])


def _goal(target_fen: float) -> list[Any]:
    if not target_fen:
        return []
    import altair as alt

    rows = data([{"goal": round(scaled("gmv_paid_fen", target_fen), 4)}])
    return [alt.Chart(rows).mark_rule(color=RED, strokeDash=[6, 4]).encode(y="goal:Q")]


def _finding(
    study: StudyResults, known: Sequence[Line], best: Line | None, names: Mapping[str, str]
) -> str:
    found = [line for line in found_lines(known) if line.feasible] or list(known)
    most = max(found, key=lambda line: line.value("gmv_paid_fen"))
    gmv, cost = (show(name, most.value(name)) for name in ("gmv_paid_fen", "cost_fen"))
    said = f"The most that was found is {gmv} bn RMB of GMV"
    if study.prices:
        said = f"With all worlds alike {said[0].lower()}{said[1:]}"
        own = show("platform_contribution_fen", most.value("platform_contribution_fen"))
        return f"{said}, with a contribution of {own} bn RMB"
    said += f" for a net cost of {cost} bn RMB"
    if best is not None:
        own = show("cost_fen", best.value("cost_fen"))
        said += f"; the goal is reached for {own} by {names.get(best.policy, best.policy)}"
    elif study.target_fen:
        said += "; none reaches the goal as surely as asked"
    return said


def _xy(line: Line) -> tuple[float, float]:
    cost, gmv = line.value("cost_fen"), line.value("gmv_paid_fen")
    return scaled("cost_fen", cost), scaled("gmv_paid_fen", gmv)
