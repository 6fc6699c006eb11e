"""What policies do to anchors, sellers, brands and users."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from engine.report.charts.grammar import (
    BLUE,
    GREY,
    HEIGHT,
    INK,
    Picture,
    colours,
    data,
    name_axis,
    picture,
    rows_height,
    wrapped,
)
from engine.report.formatting import percent, show, signed
from engine.report.read.results_model import StudyResults
from engine.report.read.weighing import run_shares, weighed
from engine.stats.intervals import mean_interval

_TOUCHED: Final = {
    "top10_share": "Share of the ten largest anchors",
    "new_heads_count": "New heads among the largest 20",
    "small_anchor_income_fen": "Income of a small anchor",
    "supplier_income_fen": "Income of suppliers",
    "brand_share": "Brands’ share of sales",
    "dau_mean_count": "Daily users",
}


def ecosystem_pictures(
    study: StudyResults,
    others: Mapping[str, str],
    base: str | None,
    called_base: str,
    pair: Mapping[str, str],
) -> list[Picture | None]:
    """Draw who gains and who loses, how unequal sales are, and the share of the largest anchors.

    Parameters
    ----------
    study : of which it is drawn.
    others : policies that are compared with the base, by name as they are called.
    base, called_base : the policy that they are compared with, if any, and what it is called.
    pair : policies whose sales by anchor are drawn; the shares by month are those of the first.
    """
    first = next(iter(pair), "")
    return [
        _touched_picture(study, others, base, called_base),
        _lorenz_picture(study, pair),
        _top_picture(study, first, pair.get(first, first)),
    ]


def _touched_picture(
    study: StudyResults, policies: Mapping[str, str], base: str | None, called_base: str
) -> Picture | None:
    """Draw in per cent of the base policy's what others change for anchors, sellers and users."""
    if base is None:
        return None
    values, said = [], []
    for policy, called in policies.items():
        for measure, name in _TOUCHED.items():
            found = weighed(study, policy, measure, base)
            if found is None or found.change is None or not found.base:
                continue
            change = 100 * found.change / found.base
            said.append((abs(change), name, called, change))
            values.append(
                {
                    "name": wrapped(name),
                    "series": called,
                    "policy": policy,
                    "value": round(change, 3),
                    "tip": f"{name}, {called}: {signed(change, 1, plus=True)} %",
                }
            )
    if not values:
        return None
    return picture(
        _grouped_bars(values, f"Change against {called_base}, %"),
        _touched_finding(said),
        "Means over worlds, weighted, under the same seeds. A head is one of the largest anchors; "
        "a small anchor belongs to the tail.",
    )


def _touched_finding(said: Sequence[tuple[float, str, str, float]]) -> str:
    _, name, called, change = max(said)
    return f"{name} moves most: {signed(change, 1, plus=True)} % under “{called}”"


def _grouped_bars(values: Sequence[Mapping[str, Any]], title: str) -> Any:
    import altair as alt

    names = list(dict.fromkeys(str(one["name"]).replace("|", " ") for one in values))
    series = list(dict.fromkeys(str(one["series"]) for one in values))
    legend = alt.Legend(columns=1) if len(series) > 1 else None
    bars = (
        alt.Chart(data(values))
        .mark_bar(cursor="pointer")
        .encode(
            x=alt.X("value:Q", title=title),
            y=name_axis(names),
            yOffset=alt.YOffset("series:N", sort=series),
            color=alt.Color("series:N", title=None, scale=colours(series), legend=legend),
            tooltip=alt.Tooltip("tip:N"),
        )
    )
    zero = alt.Chart(data([{"x": 0}])).mark_rule(color=INK).encode(x="x:Q")
    return alt.layer(bars, zero).properties(height=rows_height(names, len(series) + 1))


def _lorenz_picture(study: StudyResults, policies: Mapping[str, str]) -> Picture | None:
    """Draw which share of sales the smallest anchors have, a curve a policy, from `anchors`."""
    known = {"stands_for_count", "expected_gmv_fen"}
    if study.anchors is None or not known <= set(study.anchors.column_names):
        return None
    import altair as alt

    curves = _lorenz_curves(study, policies)
    if not curves:
        return None
    rows, said = [], []
    for policy, (anchors, sales) in curves.items():
        for k in np.unique(np.linspace(0, len(anchors) - 1, 80).round().astype(int)):
            point = {"anchors": anchors[k] / anchors[-1], "sales": sales[k] / sales[-1]}
            rows.append(
                {name: round(100 * share, 3) for name, share in point.items()}
                | {"series": policies[policy], "policy": policy}
            )
        small = float(np.interp(0.9 * anchors[-1], anchors, sales) / sales[-1])
        gini = weighed(study, policy, "gini", None)
        index = f" (Gini index {gini.value:.2f})" if gini else ""
        under = f" under “{policies[policy]}”" if len(curves) > 1 else ""
        said.append(f"{percent(1 - small)}{index}{under}")
    series = [policies[policy] for policy in curves]
    color: Any = alt.value(BLUE)
    if len(series) > 1:
        color = alt.Color("series:N", title=None, scale=colours(series))
    curve = alt.Chart(data(rows)).encode(
        x=alt.X("anchors:Q", title="Anchors, smallest first, %"),
        y=alt.Y("sales:Q", title="Share of sales, %"),
        color=color,
    )
    even = alt.Chart(data([{"x": 0, "y": 0}, {"x": 100, "y": 100}]))
    layers = [
        curve.mark_line(strokeWidth=2.2),
        even.mark_line(color=GREY, strokeDash=[4, 4]).encode(x="x:Q", y="y:Q"),
    ]
    return picture(
        alt.layer(*layers).properties(height=HEIGHT),
        f"The largest tenth of the anchors sells {', '.join(said)}",
        "Lorenz curve of expected GMV over all anchors of all runs. Dashed: if all sold alike.",
    )


_Curve = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


def _lorenz_curves(study: StudyResults, policies: Mapping[str, str]) -> dict[str, _Curve]:
    """Return the curves of the policies with sales; a world's anchors count by its weight."""
    import pyarrow.compute as pc

    assert study.anchors is not None
    found = {}
    for policy in policies:
        own = study.anchors.filter(pc.equal(study.anchors["policy"], policy))
        if not own.num_rows:
            continue
        keys = ["policy", "world", "replication", "seed"]
        runs = own.group_by(keys, use_threads=False).aggregate([]).to_pylist()
        shares = run_shares(runs, study.worlds)
        by_world = {world: share for (_, world), share in shares.items()}
        weight = np.array([by_world[world] for world in own["world"].to_pylist()])
        anchors, sales = _lorenz(own, weight)
        if sales[-1]:
            found[policy] = anchors, sales
    return found


def _lorenz(anchors: pa.Table, weight: np.ndarray[Any, Any]) -> _Curve:
    """Return cumulative anchors and sales, smallest first; a row may stand for several anchors."""
    count = anchors["stands_for_count"].to_numpy().astype(np.float64)
    sales = anchors["expected_gmv_fen"].to_numpy().astype(np.float64)
    order = np.argsort(sales / np.maximum(count, 1), kind="stable")
    zero = np.zeros(1)
    return (
        np.concatenate([zero, np.cumsum((weight * count)[order])]),
        np.concatenate([zero, np.cumsum((weight * sales)[order])]),
    )


_TOPS: Final = {
    "top1_share": "largest anchor",
    "top10_share": "largest ten",
    "top100_share": "largest hundred",
}


def _top_picture(study: StudyResults, policy: str, called: str) -> Picture | None:
    """Draw the largest anchors' shares of sales month by month under one policy."""
    if study.monthly is None or not set(_TOPS) <= set(study.monthly.column_names):
        return None
    rows = [row for row in study.monthly.to_pylist() if row["policy"] == policy]
    months = sorted({row["month"] for row in rows})
    if len(months) < 2:
        return None
    import altair as alt

    values = [
        {
            "month": f"{month:%Y-%m}",
            "series": said,
            "value": 100 * float(np.mean([r[name] for r in rows if r["month"] == month])),
        }
        for name, said in _TOPS.items()
        for month in months
    ]
    order = list(_TOPS.values())
    axis = alt.Axis(labelAngle=0, labelExpr="substring(datum.label, 5, 7)")
    if months[0].year != months[-1].year:
        axis = alt.Axis(labelAngle=-40)
    chart = (
        alt.Chart(data(values))
        .mark_line(point=True)
        .encode(
            x=alt.X("month:O", title=f"Month of {months[0]:%Y}", axis=axis),
            y=alt.Y("value:Q", title="Share of the month’s sales, %"),
            color=alt.Color("series:N", title=None, scale=colours(order)),
        )
    )
    return picture(
        chart.properties(height=220), _top_finding(rows, called), "Mean of the simulated runs."
    )


def _top_finding(rows: Sequence[Mapping[str, Any]], called: str) -> str:
    """Say how the share of the ten largest anchors moves, run by run, from first to last month."""
    ends = [end(row["month"] for row in rows) for end in (min, max)]
    by_run = [
        {_run(row): row["top10_share"] for row in rows if row["month"] == month} for month in ends
    ]
    first, last = (show("top10_share", float(np.mean([*own.values()]))) for own in by_run)
    if first == last:
        return (
            f"The ten largest anchors sell as much in the last month as in the first under "
            f"{called}: {first}"
        )
    runs = sorted(by_run[0].keys() & by_run[1].keys())
    found = mean_interval(np.array([by_run[1][run] - by_run[0][run] for run in runs]))
    if found.low is not None and found.high is not None and found.low <= 0 <= found.high:
        return (
            f"The share of the ten largest anchors does not move beyond noise: {first} in the "
            f"first month, {last} in the last under {called}"
        )
    return (
        f"The ten largest anchors sell {first} in the first month and {last} in the last under "
        f"{called}"
    )


def _run(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row.get(key) for key in ("world", "replication", "seed", "population"))
