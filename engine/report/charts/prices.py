"""Pictures of the main job: prices of targets, the plan, what levers bring."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from engine.decision.amounts import bn
from engine.report.charts.grammar import (
    AMBER,
    BLUE,
    GREY,
    HEIGHT,
    INK,
    PICKED,
    RED,
    Picture,
    bn_value,
    data,
    name_axis,
    picture,
    rows_height,
    wrapped,
)
from engine.report.findings.options import at_knee
from engine.report.findings.prices import few_pairs, is_told, letters, of_first_year
from engine.report.formatting import signed
from engine.results.schemas import Row

_GMV: Final = "gmv_paid_fen"
_TOLD: Final = ("differs from zero", "may be zero")
"""Of a difference, by its 95 % interval; short, since names leave a narrow page little room."""


def price_picture(prices: Sequence[Row]) -> Picture | None:
    """Draw what each target costs, with 50 and 80 % of the worlds."""
    reached = [row for row in prices if row["says"]]
    if len(reached) < 2:
        return None
    import altair as alt

    lettered = {said: letter for letter, said in letters(prices).items()}
    market = max(row["target_fen"] for row in prices)
    values = [_price_values(row, lettered[row["says"]], market) for row in reached]
    base = alt.Chart(data(values)).encode(
        x=alt.X(
            "target:Q",
            title="Target for the year, bn RMB",
            scale=alt.Scale(zero=False, nice=False, padding=20),
        )
    )
    bands = [
        base.mark_area(opacity=opacity, color=BLUE).encode(y=f"low{share}:Q", y2=f"high{share}:Q")
        for share, opacity in ((80, 0.16), (50, 0.28))
    ]
    cost = alt.Y("cost:Q", title="Net cost against today, bn RMB")
    line = base.mark_line(color=BLUE, strokeWidth=2).encode(y=cost)
    marks = base.mark_circle(size=130, color=BLUE, opacity=1, cursor="pointer").encode(
        y=cost, tooltip=alt.Tooltip("tip:N"), stroke=_picked_stroke(), strokeWidth=alt.value(3)
    )
    names = base.mark_text(dy=-15, fontWeight="bold", fontSize=13, color=INK).encode(
        y=cost, text="letter:N"
    )
    zero = alt.Chart(data([{"y": 0}])).mark_rule(color=GREY).encode(y="y:Q")
    chart = alt.layer(*bands, zero, *_out_of_reach(prices), line, marks, names)
    return picture(
        chart.properties(height=HEIGHT),
        _price_finding(prices, reached),
        "Median over worlds, with 50 and 80 % of them. A dashed line stands at the first target "
        "that no policy tried holds. The letters are those of the table below; point at a mark "
        "for its numbers, click it for its levers.",
        shows_picked=True,
    )


def _price_values(row: Row, letter: str, market_fen: float) -> dict[str, Any]:
    ends = {"low80": "q10", "low50": "q25", "high50": "q75", "high80": "q90"}
    return {end: bn_value(row[f"net_cost_fen_{name}"]) for end, name in ends.items()} | {
        "target": bn_value(row["target_fen"]),
        "cost": bn_value(row["net_cost_fen_q50"]),
        "letter": letter,
        "policy": row["policy"],
        "tip": f"{_costs(row, market_fen)}: {row['says']}",
    }


def _picked_stroke() -> Any:
    import altair as alt

    return alt.when(f"datum.policy === {PICKED}").then(alt.value(AMBER)).otherwise(alt.value(None))


def _out_of_reach(prices: Sequence[Row]) -> list[Any]:
    """Draw a dashed line at the first target above all that are reached."""
    import altair as alt

    above = [row for row in prices if not row["says"]]
    if not above:
        return []
    first = alt.Chart(data([{"target": bn_value(above[0]["target_fen"])}]))
    return [first.mark_rule(color=RED, strokeDash=[5, 4]).encode(x="target:Q")]


def _price_finding(prices: Sequence[Row], reached: Sequence[Row]) -> str:
    knee, top = at_knee(reached), reached[-1]
    market = max(row["target_fen"] for row in prices)
    said = _costs(top, market)
    if knee is not None and knee is not top:
        said = f"{_costs(knee, market).removesuffix(' more than today')}, {said}"
    above = [row for row in prices if not row["says"]]
    return f"{said}; no policy tried holds {bn(above[0]['target_fen'], market)}" if above else said


def _costs(row: Row, market_fen: float) -> str:
    """Say what a target costs or saves, without a sign."""
    cost, target = row["net_cost_fen_q50"], bn(row["target_fen"], market_fen)
    if not cost:
        return f"{target} bn RMB costs the same as today"
    if cost < 0:
        return f"{target} bn RMB saves {bn(-cost, market_fen)} bn RMB against today"
    return f"{target} bn RMB costs {bn(cost, market_fen)} bn RMB more than today"


def plan_pictures(
    plan: Sequence[Row], goal_fen: float, published: Sequence[Row] = ()
) -> list[Picture]:
    """Draw GMV by month, and the year so far with its fan against goal and published figures."""
    ahead = [row for row in plan if not row["is_past"]]
    if not ahead:
        return []
    last = of_first_year(ahead)[-1]
    in_year = [row for row in plan if row["month"].year == last["month"].year]
    told = {row["month"]: row["so_far_fen"] for row in published}
    known = [
        {**row, "published_fen": told[row["month"]]} for row in in_year if row["month"] in told
    ]
    return [_fan(in_year, goal_fen, known), _months(plan, goal_fen)]


def _fan(plan: Sequence[Row], goal_fen: float, published: Sequence[Row]) -> Picture:
    import altair as alt

    names = ("low_fen", "middle_fen", "high_fen", "target_fen")
    values = [
        {name.removesuffix("_fen"): bn_value(row[name]) for name in names}
        | {"month": _month(row), "part": _part(row)}
        for row in plan
    ]
    base = alt.Chart(data(values)).encode(x=_month_axis(values))
    total = alt.Y("middle:Q", title="Year so far, bn RMB")
    fan = base.mark_area(opacity=0.2, color=BLUE).encode(y="low:Q", y2="high:Q")
    line = base.mark_line(color=BLUE, strokeWidth=2.5).encode(y=total)
    marks = base.mark_point(filled=True, size=60, opacity=1).encode(y=total, color=_part_colour())
    layers = [fan, line, marks]
    if plan[-1]["target_fen"] > 0:
        path = base.mark_line(color=GREY, strokeDash=[2, 3], strokeWidth=2)
        layers.append(path.encode(y="target:Q"))
    if goal_fen:
        goal = alt.Chart(data([{"goal": bn_value(goal_fen)}]))
        layers.append(goal.mark_rule(color=RED, strokeDash=[6, 4]).encode(y="goal:Q"))
    if published:
        layers.append(_published(published, values, goal_fen))
    last = plan[-1]
    ends = f"{bn(last['low_fen'], goal_fen)} and {bn(last['high_fen'], goal_fen)}"
    side = _side(last, goal_fen)
    return picture(
        alt.layer(*layers).properties(height=HEIGHT),
        f"The year ends at {bn(last['middle_fen'], goal_fen)} bn RMB, 80 % between {ends}{side}",
        "Median of worlds and seeds together under the recommended policy, with 10 to 90 %. "
        "Dashed: the goal; dotted: the path that "
        f"is steered by, if any. {_past_note(published)}",
    )


def _published(rows: Sequence[Row], values: Sequence[Mapping[str, Any]], market_fen: float) -> Any:
    """Draw what is published of the year so far as diamonds."""
    import altair as alt

    marks = [
        {
            "month": _month(row),
            "value": bn_value(row["published_fen"]),
            "tip": f"{row['month']:%Y-%m}: published {bn(row['published_fen'], market_fen)} bn "
            f"RMB, simulated {bn(row['middle_fen'], market_fen)} bn RMB",
        }
        for row in rows
    ]
    chart = alt.Chart(data(marks)).mark_point(
        shape="diamond", filled=True, size=150, color=AMBER, stroke=INK, opacity=1
    )
    return chart.encode(x=_month_axis(values), y="value:Q", tooltip=alt.Tooltip("tip:N"))


def _past_note(published: Sequence[Row]) -> str:
    if not published:
        return (
            "The past is what the worlds simulate of it, not the actuals; how far these lie apart "
            "stands among the worlds."
        )
    last = published[-1]
    apart = 100 * (last["middle_fen"] / last["published_fen"] - 1)
    return (
        "The past is what the worlds simulate of it. Diamonds: GMV published by the decision, "
        f"at list price, before coupons; at the last, {last['month']:%Y-%m}, the simulated median "
        f"stands {signed(apart, 1, plus=True)} % from it."
    )


def _side(last: Row, goal_fen: float) -> str:
    if not goal_fen:
        return ""
    where = (
        "above" if last["low_fen"] > goal_fen else "below" if last["high_fen"] < goal_fen else ""
    )
    goal = f"the goal of {bn(goal_fen, goal_fen)}"
    return f", a range {where} {goal}" if where else f", around {goal}"


def _months(plan: Sequence[Row], market_fen: float) -> Picture:
    import altair as alt

    values = [
        {
            "month": _month(row),
            "gmv": bn_value(row["gmv_fen"]),
            "part": _part(row),
            "tip": f"{row['month']:%Y-%m}: {bn(row['gmv_fen'], market_fen)} bn RMB, "
            f"coupons {bn(row['subsidy_fen'], market_fen)} bn RMB",
        }
        for row in plan
    ]
    bars = (
        alt.Chart(data(values))
        .mark_bar()
        .encode(
            x=_month_axis(values),
            y=alt.Y("gmv:Q", title="GMV as paid in the month, bn RMB"),
            color=_part_colour(),
            tooltip=alt.Tooltip("tip:N"),
        )
    )
    most = max((row for row in plan if not row["is_past"]), key=lambda row: row["gmv_fen"])
    coupons = sum(row["subsidy_fen"] for row in plan if not row["is_past"])
    return picture(
        bars.properties(height=220),
        f"The largest month to come is {most['month']:%Y-%m} with "
        f"{bn(most['gmv_fen'], market_fen)} bn RMB; "
        f"coupons to come: {bn(coupons, market_fen)} bn RMB",
        "Mean over worlds, weighted, of the recommended policy.",
    )


def _month(row: Row) -> str:
    return f"{row['month']:%Y-%m}"


def _part(row: Row) -> str:
    return "before the decision" if row["is_past"] else "to come"


def _month_axis(values: Sequence[Mapping[str, Any]]) -> Any:
    import altair as alt

    first, last = values[0]["month"][:4], values[-1]["month"][:4]
    axis = alt.Axis(labelAngle=0, labelExpr="substring(datum.label, 5, 7)")
    return alt.X("month:O", title=f"Month of {first}{f' to {last}' * (first < last)}", axis=axis)


def _part_colour() -> Any:
    import altair as alt

    scale = alt.Scale(domain=["before the decision", "to come"], range=[GREY, BLUE])
    return alt.Color("part:N", title=None, scale=scale)


def effect_pictures(effects: Sequence[Row], market_fen: float = 0.0) -> list[Picture]:
    """Draw what each difference from today brings, of GMV and of contribution."""
    found = []
    for measure, word in ((_GMV, "GMV as paid"), ("platform_contribution_fen", "contribution")):
        rows = [
            row
            for row in effects
            if row["measure"] == measure and row["view"] == "leave_one_out" and row["lever"]
        ]
        acting = [row for row in rows if row["effect"] or row["standard_error"]]
        if acting:
            found.append(_effects(acting, word, market_fen))
    return found


def _effects(rows: Sequence[Row], word: str, market_fen: float) -> Picture:
    import altair as alt

    ranked = sorted(rows, key=lambda row: -abs(row["effect"]))
    values = [_effect_values(row, market_fen) for row in ranked]
    names = [row["says"] for row in ranked]
    base = alt.Chart(data(values)).encode(y=name_axis(names))
    told = alt.Scale(
        domain=[*_TOLD],
        range=[BLUE, "#A9B4C2"],
    )
    bars = base.mark_bar(height=12).encode(
        x=alt.X("value:Q", title=f"Change of {word}, bn RMB"),
        color=alt.Color("told:N", title=None, scale=told),
        tooltip=alt.Tooltip("tip:N"),
    )
    limits = base.mark_rule(color=INK).encode(x="low:Q", x2="high:Q")
    zero = alt.Chart(data([{"x": 0}])).mark_rule(color=INK).encode(x="x:Q")
    return picture(
        alt.layer(bars, limits, zero).properties(height=rows_height(names)),
        _effect_finding(ranked, word, market_fen),
        "What the recommended policy loses if one of its differences from today is left out; "
        "lines are 95 % intervals. What changes nothing at all has no bar. They rest on "
        f"{few_pairs(rows)}, prices on all runs: figures of one effect may differ.",
    )


def _effect_values(row: Row, market_fen: float) -> dict[str, Any]:
    low, high = row["ci_low"], row["ci_high"]
    return {
        "name": wrapped(row["says"]),
        "value": bn_value(row["effect"]),
        "low": bn_value(low),
        "high": bn_value(high),
        "told": _TOLD[0] if is_told(row) else _TOLD[1],
        "tip": f"{row['says']}: {bn(row['effect'], market_fen)} bn RMB"
        + ("" if low is None else f" ({bn(low, market_fen)} to {bn(high, market_fen)})"),
    }


def _effect_finding(ranked: Sequence[Row], word: str, market_fen: float) -> str:
    told = [row for row in ranked if is_told(row)]
    if not told:
        return f"No single difference from today moves {word} beyond noise"
    most = told[0]
    return f"Most of {word} is moved by “{most['says']}”: {bn(most['effect'], market_fen)} bn RMB"
