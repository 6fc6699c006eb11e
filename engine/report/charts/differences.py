"""Paired differences as bars with intervals: of policies, and of mechanisms."""

from collections.abc import Sequence
from typing import Any, Final

from engine.ablate import COMMON
from engine.compare import INCREMENTAL
from engine.report.charts.grammar import (
    BLUE,
    INK,
    Picture,
    colours,
    data,
    name_axis,
    picture,
    rows_height,
    wrapped,
)
from engine.report.findings.comparison import sales_lead, with_defined_returns
from engine.report.formatting import label, scaled, show_change, signed, split_name, unit
from engine.report.read.results_model import StudyResults
from engine.results.schemas import Row

_TOLD: Final = ("distinguishable from zero", "not distinguishable from zero")

_MONEY: Final = ("gmv_paid_fen", "net_gmv_fen", "subsidy_fen", "platform_contribution_fen")
"""Differences that share an axis, bn RMB."""


def difference_pictures(study: StudyResults) -> list[Picture]:
    """Draw what each mechanism does, if they were turned off; else what policies change."""
    if study.ablation:
        one = _ablation_picture(study.ablation)
        return [] if one is None else [one]
    return _comparison_pictures(study)


def gain_bars(gains: Sequence[tuple[str, Row]]) -> Picture:
    """Draw what the best value of each of some levers brings, of contribution with run-off."""
    import altair as alt

    ranked = sorted(gains, key=lambda one: -one[1]["difference"])
    names = [name for name, _ in ranked]
    base = alt.Chart(data([_values(row, name) for name, row in ranked])).encode(y=name_axis(names))
    bars = base.mark_bar(height=12, color=BLUE).encode(
        x=alt.X("value:Q", title="Gain of contribution with run-off at the best value, bn RMB"),
        tooltip=alt.Tooltip("tip:N"),
    )
    name, row = ranked[0]
    return picture(
        alt.layer(bars, _limits(base), _zero()).properties(height=rows_height(names)),
        f"{name[0].upper()}{name[1:]} brings most by itself: {_said(row)} bn RMB of contribution "
        "with run-off",
        "Levers whose best value is distinguishable from the base policy; lines are 95 % "
        "intervals. Gains of several levers do not add up.",
    )


def _comparison_pictures(study: StudyResults) -> list[Picture]:
    """Draw what each policy changes in money, and what a RMB of subsidy brings."""
    rows = with_defined_returns(study.comparison)
    money = [row for name in _MONEY for row in rows if row["measure"] == name]
    if not money:
        return []
    told = sales_lead(study)
    finding = f"What changes against {money[0]['baseline']}" if told is None else told.finding
    returns = _returns([row for row in rows if row["measure"] == INCREMENTAL])
    return [_changes(money, finding), *returns]


def _changes(rows: Sequence[Row], finding: str) -> Picture:
    import altair as alt

    names = list(dict.fromkeys(label(row["measure"]) for row in rows))
    series = list(dict.fromkeys(row["policy"] for row in rows))
    base = alt.Chart(data([_values(row, label(row["measure"])) for row in rows])).encode(
        y=name_axis(names), yOffset=alt.YOffset("policy:N", sort=series)
    )
    legend = alt.Legend(columns=1) if len(series) > 1 else None
    bars = base.mark_bar(cursor="pointer").encode(
        x=alt.X("value:Q", title=f"Change against {rows[0]['baseline']}, bn RMB"),
        color=alt.Color("policy:N", title=None, scale=colours(series), legend=legend),
        tooltip=alt.Tooltip("tip:N"),
    )
    return picture(
        alt.layer(bars, _limits(base), _zero()).properties(
            height=rows_height(names, len(series) + 1)
        ),
        finding,
        "Paired under common random numbers; lines are 95 % intervals.",
    )


def _returns(rows: Sequence[Row]) -> list[Picture]:
    known = [row for row in rows if row["difference"] is not None]
    if not known:
        return []
    import altair as alt

    names = [row["policy"] for row in known]
    base = alt.Chart(data([_values(row, row["policy"]) for row in known])).encode(
        y=name_axis(names)
    )
    marks = base.mark_point(filled=True, size=90, color=BLUE, cursor="pointer").encode(
        x=alt.X("value:Q", title="GMV as paid, RMB per RMB of own subsidy"),
        tooltip=alt.Tooltip("tip:N"),
    )
    return [
        picture(
            alt.layer(_limits(base), marks, _zero()).properties(height=rows_height(names)),
            _returns_finding(known),
            "Change of GMV as paid over change of subsidy, of policies that clearly spend more "
            "or less than the baseline; lines are 95 % intervals. It is the subsidy’s own only "
            "where the policies differ in nothing else.",
        )
    ]


def _returns_finding(rows: Sequence[Row]) -> str:
    """Say what a RMB of subsidy more brings, without a winner: intervals are wide."""
    if len(rows) == 1:
        value, low, high = (signed(rows[0][k], 2) for k in ("difference", "ci_low", "ci_high"))
        return (
            f"A RMB of own subsidy more brings {value} RMB of GMV as paid ({low} to {high}) under "
            f"{rows[0]['policy']}"
        )
    ends = [row["difference"] for row in rows]
    return (
        f"A RMB of own subsidy more brings {signed(min(ends), 2)} to {signed(max(ends), 2)} RMB of "
        "GMV as paid, by policy"
    )


def _ablation_picture(rows: Sequence[Row]) -> Picture | None:
    """Draw what GMV as paid loses or gains when each mechanism is off."""
    common = [row for row in rows if row["measure"] == COMMON]
    if not common:
        return None
    import altair as alt

    ranked = sorted(common, key=lambda row: -abs(row["difference"]))
    names = [_called(row) for row in ranked]
    values = [
        _values(row, name) | {"told": _TOLD[0 if _is_distinguishable(row) else 1]}
        for row, name in zip(ranked, names, strict=True)
    ]
    base = alt.Chart(data(values)).encode(y=name_axis(names))
    scale = alt.Scale(domain=list(_TOLD), range=[BLUE, "#A9B4C2"])
    bars = base.mark_bar(height=12).encode(
        x=alt.X("value:Q", title="Change of GMV as paid when it is off, bn RMB"),
        color=alt.Color("told:N", title=None, scale=scale),
        tooltip=alt.Tooltip("tip:N"),
    )
    told = [row for row in ranked if _is_distinguishable(row)]
    finding = (
        f"{_called(told[0])} matters most: without it GMV as paid changes by "
        f"{_said(told[0])} bn RMB; {len(told)} of {len(ranked)} mechanisms are "
        "distinguishable from noise"
        if told
        else "No mechanism’s effect on GMV as paid is distinguishable from noise"
    )
    return picture(
        alt.layer(bars, _limits(base), _zero()).properties(height=rows_height(names)),
        finding,
        "Each mechanism off, paired against all on; lines are 95 % intervals.",
    )


def _called(row: Row) -> str:
    number, words = split_name(row["mechanism"])
    return f"{number} {words}"


def _is_distinguishable(row: Row) -> bool:
    return row["ci_low"] is not None and (row["ci_low"] > 0 or row["ci_high"] < 0)


def _said(row: Row) -> str:
    low, high = row["ci_low"], row["ci_high"]
    half = None if low is None or high is None else (high - low) / 2
    return show_change(row["measure"], row["difference"], half)


def _values(row: Row, name: str) -> dict[str, Any]:
    measure = row["measure"]
    low, high = row["ci_low"], row["ci_high"]
    of = row.get("policy") or ""
    called = name if of in {"", name} else f"{of}, {name}"
    words = unit(measure) if unit(measure) != "%" else ""
    return {
        "name": wrapped(name),
        "policy": of,
        "value": scaled(measure, row["difference"]),
        "low": None if low is None else scaled(measure, low),
        "high": None if high is None else scaled(measure, high),
        "tip": f"{called}: {_said(row)} {words}".strip(),
    }


def _limits(base: Any) -> Any:
    return base.mark_rule(color=INK).encode(x="low:Q", x2="high:Q")


def _zero() -> Any:
    import altair as alt

    return alt.Chart(data([{"x": 0}])).mark_rule(color=INK).encode(x="x:Q")
