"""Pictures of the worlds behind the main job: the year in each, and how near its past lies."""

from collections.abc import Mapping, Sequence
from typing import Final

from engine.decision.amounts import bn
from engine.report.charts.grammar import (
    BLUE,
    INK,
    RED,
    Picture,
    bn_value,
    colours,
    data,
    name_axis,
    picture,
    rows_height,
    wrapped,
)
from engine.report.figure_names import figure_in_words
from engine.report.formatting import signed
from engine.report.read.results_model import StudyResults
from engine.report.read.weighing import by_world
from engine.results.schemas import Row

_GMV: Final = "gmv_paid_fen"
_MISS: Final = "miss."
_NARROW: Final = 20
"""Characters of a figure's name in a line, where columns need room."""


def world_picture(study: StudyResults, policies: Mapping[str, str]) -> Picture | None:
    """Draw the year's GMV in each world under a few policies, by name as they are called."""
    goal = study.target_fen
    means = {name: by_world(study, name, _GMV) for name in policies}
    worlds = study.world_weights()
    if len(worlds) < 2 or not all(means.values()):
        return None
    import altair as alt

    worlds = dict(sorted(worlds.items(), key=lambda item: -item[1]))
    alike = len(set(worlds.values())) == 1
    names = [
        world if alike else f"{world} (weight {weight:.2f})" for world, weight in worlds.items()
    ]
    values = [
        {
            "name": wrapped(name),
            "gmv": bn_value(means[policy][world]),
            "series": said,
            "policy": policy,
            "tip": f"{world}, {said}: {bn(means[policy][world], goal)} bn RMB",
        }
        for world, name in zip(worlds, names, strict=True)
        for policy, said in policies.items()
        if world in means[policy]
    ]
    order = list(policies.values())
    shapes = ["circle", "square", "triangle-up", "diamond"][: len(order)]
    legend = alt.Legend(columns=1)
    marks = (
        alt.Chart(data(values))
        .mark_point(filled=True, size=90, opacity=0.9, cursor="pointer")
        .encode(
            x=alt.X("gmv:Q", title="GMV as paid, bn RMB", scale=alt.Scale(zero=False)),
            y=name_axis(names),
            color=alt.Color("series:N", title=None, scale=colours(order), legend=legend),
            shape=alt.Shape("series:N", title=None, scale=alt.Scale(domain=order, range=shapes)),
            tooltip=alt.Tooltip("tip:N"),
        )
    )
    layers = [marks]
    if goal:
        rule = alt.Chart(data([{"x": bn_value(goal)}])).mark_rule(color=RED, strokeDash=[6, 4])
        layers.insert(0, rule.encode(x="x:Q"))
    first = next(iter(policies))
    return picture(
        alt.layer(*layers).properties(height=rows_height(names)),
        _world_finding(means[first], by_world(study, first, "target_attained"), goal),
        "Mean of each world’s simulated runs. Dashed: the goal."
        + ("" if alike else " The weight says how near a world’s past lies to what is known."),
    )


def _world_finding(means: Mapping[str, float], reach: Mapping[str, float], goal: float) -> str:
    low, high = min(means.values()), max(means.values())
    span = f"from {bn(low, goal)} to {bn(high, goal)} bn RMB"
    if not goal:
        return f"Under the first policy the worlds span {span}"
    least, most = (f"{end(reach.values()):.2f}" for end in (min, max))
    chance = f"probability {least}" + (f" to {most}" if most != least else "")
    return (
        f"{bn(goal, goal)} bn RMB is reached with {chance}, by world; their mean years span {span}"
    )


def _count(things: Sequence[object], word: str) -> str:
    return f"{len(things)} {word}{'s' if len(things) > 1 else ''}"


def miss_picture(worlds: Sequence[Row]) -> Picture | None:
    """Draw how far each world's past lies from each known figure, in standard deviations."""
    figures = [name for name in (worlds[0] if worlds else ()) if name.startswith(_MISS)]
    if not figures:
        return None
    import altair as alt

    names = [figure_in_words(name.removeprefix(_MISS)) for name in figures]
    values = [
        {
            "name": wrapped(figure_in_words(name.removeprefix(_MISS)), _NARROW),
            "world": row["world"],
            "miss": row[name],
            "size": abs(row[name]),
            "text": signed(row[name], 0, plus=True),
            "tip": f"{figure_in_words(name.removeprefix(_MISS))} in {row['world']}: "
            f"{signed(row[name], 1, plus=True)}",
        }
        for row in worlds
        for name in figures
    ]
    axis = alt.Axis(labelAngle=-90, labelOverlap=False, orient="top")
    base = alt.Chart(data(values)).encode(
        x=alt.X("world:N", title="World", axis=axis, sort=None),
        y=name_axis(names, _NARROW),
        tooltip=alt.Tooltip("tip:N"),
    )
    scale = alt.Scale(
        domain=[-3, 0, 3], range=[BLUE, "#F3F4F6", RED], clamp=True, interpolate="rgb"
    )
    boxes = base.mark_rect(stroke="white").encode(
        color=alt.Color("miss:Q", scale=scale, title="standard deviations", legend=None)
    )
    texts = base.mark_text(fontSize=11).encode(
        text="text:N",
        color=alt.condition("datum.size > 2", alt.value("white"), alt.value(INK)),
    )
    worst = max(values, key=lambda one: one["size"])
    within = sum(one["size"] <= 2 for one in values)
    return picture(
        alt.layer(boxes, texts).properties(height=rows_height(names, width=_NARROW)),
        f"{within} of {len(values)} misses, of {_count(figures, 'known figure')} in "
        f"{_count(worlds, 'world')}, are two standard deviations at most; the largest is "
        f"{abs(worst['miss']):.1f} in {worst['world']}",
        "Simulated less observed, in standard deviations. Blue: too small; orange: too large.",
    )
