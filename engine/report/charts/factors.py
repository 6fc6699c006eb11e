"""What factors bring of a measure's variance, and which way and how far they move it."""

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
from engine.report.findings.sensitivity import (
    CHANGES_NOTE,
    NOT_ENOUGH,
    SHARES_NOTE,
    sensitivity_blocks,
)
from engine.report.formatting import NONE, label, percent, scaled
from engine.results.schemas import Row

_SHOWN: Final = 16
"""Factors with a row of their own in a picture, the strongest."""

FACTOR_HEADS: Final = (
    ("Lever or unknown", ""),
    ("Moved", "from low to high"),
    ("Raising it", ""),
    ("Changes it by", "in its unit, ± half of 95 %"),
    ("Share of the variance", "of 1, or importance"),
    ("Alone", "of 1"),
)
"""Heads of the table of factors, with what stands under them."""

FACTORS_NOTE: Final = (
    f"{CHANGES_NOTE}It is that of a straight line; ± is half of a 95 % interval. {SHARES_NOTE}"
)


def sensitivity_pictures(rows: Sequence[Row]) -> list[Picture]:
    """Draw the strongest factors of each measure and what raising them does, with intervals."""
    found = [block for block in sensitivity_blocks(rows) if block.factors and block.is_known]
    return [one for block in found for one in (_shares(block), *_effects(block))]


def factor_cells(rows: Sequence[Row]) -> list[tuple[str, list[tuple[str, ...]]]]:
    """Return a title for each measure, and of its factors the name, its key and other cells."""
    return [
        (
            block.title,
            [
                (
                    one.words,
                    one.name if one.words != one.name else "",
                    one.range_text or NONE,
                    one.raising_text or NONE,
                    *(text or NONE for text in one.texts),
                )
                for one in block.factors
            ],
        )
        for block in sensitivity_blocks(rows)
        if block.factors
    ]


def _shares(block: Any) -> Picture:
    """Draw a bar a factor; of what there are too few runs, that."""
    import altair as alt

    shown = sorted(block.factors[:_SHOWN], key=lambda one: not one.is_known)
    names = [one.words for one in shown]
    values = [
        {"name": wrapped(one.words), "value": one.whole, "low": one.low, "high": one.high}
        | {"alone": one.alone if one.alone_text != NOT_ENOUGH else None}
        | {"tip": f"{one.words}: {one.whole_text}"}
        for one in shown
        if one.is_known
    ]
    searched = block.of == "search"
    top = max([1.0, *(min(one["high"] or one["value"], 1.5) for one in values)])
    scale = alt.Scale(domain=[0, top], clamp=True)
    title = "Importance in the search" if searched else "Share of the variance (total index)"
    base = alt.Chart(data(values)).encode(y=name_axis(names))
    bars = base.mark_bar(height=12, color=BLUE).encode(
        x=alt.X("value:Q", title=title, scale=scale), tooltip=alt.Tooltip("tip:N")
    )
    limits = base.mark_rule(color=INK).encode(x=alt.X("low:Q", scale=scale), x2="high:Q")
    alone = base.mark_point(color=RED, filled=True, size=50).encode(x=alt.X("alone:Q", scale=scale))
    layers = [bars, limits, alone, *_unknown([one for one in shown if not one.is_known], names)]
    if block.noise is not None:
        line = alt.Chart(data([{"x": block.noise}])).mark_rule(color=RED, strokeDash=[5, 4])
        layers.append(line.encode(x="x:Q"))
    return picture(
        alt.layer(*layers).properties(height=rows_height(names)),
        block.finding,
        _factor_note(block),
    )


def _effects(block: Any) -> list[Picture]:
    """Draw by how much raising each factor changes the measure; none where that is not known."""
    import altair as alt

    with_effect = [one for one in block.factors if one.effect_text != NONE][:_SHOWN]
    known = [one for one in with_effect if one.effect_text != NOT_ENOUGH]
    if not known:
        return []
    known.sort(key=lambda one: -abs(one.effect["value"]))
    few = [one for one in with_effect if one not in known]
    names = [one.words for one in (*known, *few)]
    values = [
        {"name": wrapped(one.words), "tip": f"{one.words}: {one.effect_text} {block.unit}".strip()}
        | {
            column: scaled(block.measure, one.effect[end])
            for column, end in (("value", "value"), ("low", "ci_low"), ("high", "ci_high"))
        }
        for one in known
    ]
    of = block.unit or ("points of a per cent" if "share" in block.measure else "")
    base = alt.Chart(data(values)).encode(y=name_axis(names))
    bars = base.mark_bar(height=12, color=BLUE).encode(
        x=alt.X("value:Q", title=f"Change of {label(block.measure)}{f', {of}' if of else ''}"),
        tooltip=alt.Tooltip("tip:N"),
    )
    limits = base.mark_rule(color=INK).encode(x="low:Q", x2="high:Q")
    zero = alt.Chart(data([{"x": 0}])).mark_rule(color=INK).encode(x="x:Q")
    return [
        picture(
            alt.layer(bars, limits, zero, *_unknown(few, names)).properties(
                height=rows_height(names)
            ),
            block.effect_finding,
            "A bar is the change from the low to the high end of a factor, along a straight line; "
            "lines are 95 % intervals.",
        )
    ]


def _unknown(factors: Sequence[Any], names: Sequence[str]) -> list[Any]:
    """Write into the rows of factors that there are too few runs."""
    import altair as alt

    if not factors:
        return []
    rows = [{"name": wrapped(one.words), "told": NOT_ENOUGH, "zero": 0} for one in factors]
    base = alt.Chart(data(rows)).encode(y=name_axis(names))
    return [base.mark_text(align="left", dx=5, color=GREY).encode(x="zero:Q", text="told:N")]


def _factor_note(block: Any) -> str:
    if block.of == "search":
        return (
            "How far a lever’s values among the best trials differ from those among all; lines are "
            "95 % intervals over trials drawn anew from those of the search."
        )
    noise = (
        f" Noise brings {percent(block.noise)}: what ends left of the dashed line is not "
        "distinguishable from it."
        if block.noise is not None
        else ""
    )
    return (
        "A bar is what a factor brings alone and with all others, the mark its part alone; lines "
        f"are 95 % intervals.{noise}"
    )
