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
_OWN: Final = "platform_contribution_fen"
_TIP: Final = "{}: GMV as paid {} bn RMB, contribution {} bn RMB, top-10 share {}"


def frontier_picture(
    study: StudyResults, best: Line | None, names: Mapping[str, str]
) -> Picture | None:
    """Draw GMV as paid against contribution, coloured by the top-10 share; None without a search.

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
        x=alt.X("own:Q", title="Platform contribution, bn RMB", scale=alt.Scale(zero=False)),
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
        base.mark_rule(color="#9CA3AF").encode(x=alt.X("own_low:Q"), x2="own_high:Q"),
        base.mark_rule(color="#9CA3AF").encode(y=alt.Y("gmv_low:Q"), y2="gmv_high:Q"),
    ]
    layers = [*_goal(study.target_fen), *bars, marks]
    return picture(
        alt.layer(*layers).properties(height=HEIGHT + 60),
        _finding(study, known, best, names),
        "Up and to the right is better. Lines are 95 % intervals on fresh seeds, of those with the "
        "most runs; dashed: the goal. Worlds weigh the same here. Click a mark for the policy’s "
        "levers.",
        shows_picked=True,
    )


def _values(line: Line, names: Mapping[str, str], most: int) -> dict[str, Any]:
    own, gmv = _xy(line)
    shown = ("gmv_paid_fen", _OWN, "top10_share")
    facts = [show(name, line.estimates[name].value, line.estimates[name].half) for name in shown]
    called = names.get(line.policy, line.policy)
    return {
        "policy": line.policy,
        "own": own,
        "gmv": gmv,
        "top10": scaled("top10_share", line.value("top10_share")),
        "kind": line.policy if line.is_baseline else _BEATEN if _is_beaten(line) else _FOUND,
        "tip": _TIP.format(called, *facts),
    } | (_all_limits(line) if line.runs_count == most else {})


def _all_limits(line: Line) -> dict[str, float]:
    return _limits(line, _OWN, "own") | _limits(line, "gmv_paid_fen", "gmv")


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
    gmv, own = (show(name, most.value(name)) for name in ("gmv_paid_fen", _OWN))
    said = f"The most that was found is {gmv} bn RMB of GMV, with a contribution of {own} bn RMB"
    if study.prices:
        return f"With all worlds alike {said[0].lower()}{said[1:]}"
    if best is not None:
        own = show(_OWN, best.value(_OWN))
        said += f"; the goal is reached with {own} by {names.get(best.policy, best.policy)}"
    elif study.target_fen:
        said += "; none reaches the goal as surely as asked"
    return said


def _xy(line: Line) -> tuple[float, float]:
    own, gmv = line.value(_OWN), line.value("gmv_paid_fen")
    return scaled(_OWN, own), scaled("gmv_paid_fen", gmv)
