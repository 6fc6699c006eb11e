"""Pictures over the weeks of a year: a curve a policy, the mean and the range over its runs."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.decision.amounts import bn
from engine.report.charts.grammar import (
    AMBER,
    GREY,
    HEIGHT,
    INK,
    RED,
    Picture,
    colours,
    data,
    picture,
)
from engine.report.formatting import scaled, signed
from engine.report.read.results_model import StudyResults
from engine.results.schemas import Row
from engine.units import FEN_PER_BN_RMB

_WEEK: Final = 7
_CUMULATIVE: Final = "gmv_paid_cumulative_fen"


class _Series(NamedTuple):
    """One policy over weeks: their last days; mean, lowest and highest year, bn RMB."""

    policy: str
    dates: list[date]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def days_pictures(
    study: StudyResults, policies: Sequence[str], names: Mapping[str, str]
) -> list[Picture]:
    """Draw the year so far and the weekly subsidy of some policies; none without their days.

    Parameters
    ----------
    study : whose days are drawn.
    policies : by their name in the tables, the first is described in words.
    names : what each is called.
    """
    if study.daily is None:
        return []
    weights = study.world_weights()
    sales = _curves(study.daily, policies, _CUMULATIVE, weights)
    if not sales:
        return []
    spend = _curves(study.daily, policies, "subsidy_fen", weights)
    target = _target_path(study.daily, policies, weights)
    found = [_cumulative(sales, target, study, names)]
    if spend:
        found.append(_spend(spend, names, study))
    return found


def _cumulative(
    series: Sequence[_Series], target: _Series | None, study: StudyResults, names: Mapping[str, str]
) -> Picture:
    import altair as alt

    goal_fen = study.target_fen
    layers = _bands_and_lines(series, names, "Year so far, GMV as paid, bn RMB")
    if target is not None:
        rows = [
            {"date": str(day), "value": float(value)}
            for day, value in zip(target.dates, target.mean, strict=True)
        ]
        path = alt.Chart(data(rows)).mark_line(color=GREY, strokeDash=[2, 3], strokeWidth=2)
        layers.append(path.encode(x=_time(), y="value:Q"))
    if goal_fen:
        goal = alt.Chart(data([{"goal": scaled("gmv_paid_fen", goal_fen)}]))
        layers.append(goal.mark_rule(color=RED, strokeDash=[6, 4]).encode(y="goal:Q"))
    first = series[0]
    marks = _published(study.published, first, goal_fen)
    if marks:
        layers.append(_diamonds(marks))
    low, high, mean = (float(values[-1]) for values in (first.low, first.high, first.mean))
    called = names.get(first.policy, first.policy)
    began, ended = first.dates[0], first.dates[-1]
    is_whole = (ended.month, ended.day) == (12, 31)
    upto = "ends" if is_whole else f"stands on {ended}"
    low_said, high_said, sold = (_bn(value, goal_fen) for value in (low, high, mean))
    said = f"Under “{called}” the year {upto} at {sold} bn RMB, between {low_said}"
    goal_said = (
        f", for a goal of {bn(goal_fen, goal_fen)}" if goal_fen and began.year == ended.year else ""
    )
    return picture(
        alt.layer(*layers).properties(height=HEIGHT),
        f"{said} and {high_said}{goal_said}",
        "Mean of the simulated runs; the band spans the lowest and the highest of them. Dashed: "
        f"the goal; dotted: the path that is steered by, if any.{_published_note(marks)}",
    )


def _published(rows: Sequence[Row], series: _Series, market_fen: float) -> list[dict[str, Any]]:
    """Return what is published of the year so far, bn RMB, beside what a policy simulates."""
    marks = []
    for row in rows:
        month = row["month"]
        last = month.replace(day=monthrange(month.year, month.month)[1])
        if not series.dates[0] <= last <= series.dates[-1]:
            continue
        days = [day.toordinal() for day in series.dates]
        mean = float(np.interp(last.toordinal(), days, series.mean))
        told = scaled("gmv_paid_fen", row["so_far_fen"])
        marks.append(
            {
                "date": str(last),
                "value": round(told, 4),
                "apart": 100 * (mean / told - 1),
                "tip": f"{last:%Y-%m}: published {_bn(told, market_fen)} bn RMB, "
                f"simulated {_bn(mean, market_fen)} bn RMB",
            }
        )
    return marks


def _diamonds(marks: Sequence[Mapping[str, Any]]) -> Any:
    import altair as alt

    chart = alt.Chart(data(marks)).mark_point(
        shape="diamond", filled=True, size=150, color=AMBER, stroke=INK, opacity=1
    )
    return chart.encode(x=_time(), y="value:Q", tooltip=alt.Tooltip("tip:N"))


def _published_note(marks: Sequence[Mapping[str, Any]]) -> str:
    if not marks:
        return ""
    last = marks[-1]
    return (
        " Diamonds: published GMV, at list price, before coupons; at the last, "
        f"{last['date'][:7]}, the simulated mean stands {signed(last['apart'], 1, plus=True)} % "
        "from it."
    )


def decision_day(study: StudyResults) -> date | None:
    """Return the day from which policies differ; None where nothing is decided within the run."""
    day = study.setting("decision_date")
    return date.fromisoformat(day) if isinstance(day, str) else day


def _spend(
    series: Sequence[_Series],
    names: Mapping[str, str],
    study: StudyResults,
) -> Picture:
    import altair as alt

    finding = _spend_finding(series, names, decision_day(study), study.target_fen)
    layers = _bands_and_lines(series, names, "Own coupons in the week, bn RMB")
    return picture(
        alt.layer(*layers).properties(height=200),
        finding,
        "Mean over worlds, weighted, and range of the simulated runs, whole weeks."
        if study.worlds
        else "Mean and range of the simulated runs, whole weeks.",
    )


def _spend_finding(
    series: Sequence[_Series],
    names: Mapping[str, str],
    decided: date | None,
    market_fen: float,
) -> str:
    """Say what is spent under the policy that spends most, from the decision on."""
    begins = next((k for k, day in enumerate(series[0].dates) if not decided or day > decided), 0)
    sums = [float(one.mean[begins:].sum()) for one in series]
    place = int(np.argmax(sums))
    most, whole = series[place], sums[place]
    since = " from the decision on" if decided else ""
    called = names.get(most.policy, most.policy)
    if whole <= 0:
        under = f"under “{called}”" if len(series) == 1 else "under any policy here"
        return f"No own coupons are spent{since} {under}"
    week = most.dates[begins + int(np.argmax(most.mean[begins:]))]
    told = f"{_bn(whole, market_fen)} bn RMB, most in the week to {week:%Y-%m-%d}"
    if len(series) == 1:
        return f"Own coupons under “{called}” come to {told}"
    return f"Most own coupons{since} are spent under “{called}”: {told}"


def _bn(value: float, market_fen: float) -> str:
    return bn(value * FEN_PER_BN_RMB, market_fen)


def _bands_and_lines(series: Sequence[_Series], names: Mapping[str, str], title: str) -> list[Any]:
    import altair as alt

    called = [names.get(one.policy, one.policy) for one in series]
    rows = [
        {
            "date": str(day),
            "mean": round(float(mean), 4),
            "low": round(float(low), 4),
            "high": round(float(high), 4),
            "series": name,
            "policy": one.policy,
        }
        for one, name in zip(series, called, strict=True)
        for day, mean, low, high in zip(one.dates, one.mean, one.low, one.high, strict=True)
    ]
    legend = alt.Legend(columns=1) if len(called) > 1 else None
    colour = alt.Color("series:N", title=None, scale=colours(called), legend=legend)
    base = alt.Chart(data(rows)).encode(x=_time(), color=colour)
    band = base.mark_area(opacity=0.16).encode(y=alt.Y("low:Q", title=title), y2="high:Q")
    line = base.mark_line(strokeWidth=2.2).encode(y=alt.Y("mean:Q", title=title))
    return [band, line]


def _time() -> Any:
    import altair as alt

    axis = alt.Axis(format="%d %b", tickCount=6, labelAngle=0)
    return alt.X("date:T", title=None, scale=alt.Scale(type="utc"), axis=axis)


def _curves(
    daily: pa.Table, policies: Sequence[str], column: str, weights: Mapping[str, float]
) -> list[_Series]:
    """Take `column` of each policy at the end of its weeks; what is no sum so far is added up.

    Worlds count by their weights, runs of one world alike.
    """
    drawn = []
    for policy in policies:
        dates, runs, worlds = _runs(daily, policy, column)
        if not len(runs) or len(dates) < 2:
            continue
        if len(dates) > 4 * _WEEK:
            dates, runs = _weeks(dates, runs, adds_up="cumulative" not in column)
        amounts = runs * scaled("gmv_paid_fen", 1)
        low, high = amounts.min(axis=0), amounts.max(axis=0)
        shares = np.array([weights.get(one, 0.0) / worlds.count(one) for one in worlds])
        mean = np.average(amounts, axis=0, weights=shares if shares.sum() > 0 else None)
        drawn.append(_Series(policy, dates, mean, low, high))
    return drawn


def _weeks(
    dates: list[date], runs: NDArray[np.float64], *, adds_up: bool
) -> tuple[list[date], NDArray[np.float64]]:
    """Return the last days of whole weeks with what they sum to, or what stands on these days."""
    whole = len(dates) // _WEEK * _WEEK
    if adds_up:
        return dates[_WEEK - 1 : whole : _WEEK], runs[:, :whole].reshape(len(runs), -1, _WEEK).sum(
            axis=2
        )
    places = sorted({*range(0, len(dates), _WEEK), len(dates) - 1})
    return [dates[place] for place in places], runs[:, places]


def _target_path(
    daily: pa.Table, policies: Sequence[str], weights: Mapping[str, float]
) -> _Series | None:
    """Return the path of the target that the first policy with one steers by, bn RMB."""
    for policy in policies:
        found = _curves(daily, [policy], "target_cumulative_fen", weights)
        if found and found[0].mean.max() > 0:
            return found[0]
    return None


def _runs(
    daily: pa.Table, policy: str, column: str
) -> tuple[list[date], NDArray[np.float64], list[str]]:
    """Return one policy's dates, its runs as rows over these days, and the world of each.

    Runs of another horizon than the first one's are left out.
    """
    names = ["world", "replication", "seed"]
    rows = daily.filter(pc.equal(daily["policy"], policy)).select([*names, "date", column])
    rows = rows.sort_by([(name, "ascending") for name in (*names, "date")])
    dates = sorted(set(rows["date"].to_pylist()))
    values = rows[column].to_numpy().astype(np.float64)
    if not dates or len(values) % len(dates):
        return [], np.empty((0, 0)), []
    worlds = rows["world"].take(list(range(0, len(values), len(dates)))).to_pylist()
    return dates, values.reshape(-1, len(dates)), worlds
