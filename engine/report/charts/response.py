"""Levers moved alone, drawn and in words: a line for each, and how measures change by its value."""

from collections.abc import Sequence
from math import inf
from typing import Any, Final, NamedTuple

from engine.measures.run_off import CONTRIBUTION
from engine.report.charts.differences import gain_bars
from engine.report.charts.grammar import AMBER, BLUE, GREY, RED, Picture, data, picture
from engine.report.findings.factor_words import factor_money, factor_words
from engine.report.formatting import NONE, label, scaled, show, show_change, unit
from engine.response import LeverAnswer, lever_answers
from engine.results.schemas import Row
from engine.spec.levers import LeverEntry

_FAR: Final = 20.0
"""Ratio of a range's ends from which it is drawn on a scale of ratios, if it begins above 0."""

_KINDS: Final = ("a value", "base policy", "best by contribution with run-off")

_SHAPES: Final = ("circle", "diamond", "square")

_MOST: Final = 12
"""Levers that are drawn, those whose best value brings most; all stand in the table."""

_DRAWN: Final = (CONTRIBUTION, "gmv_paid_fen")

MARKS_NOTE: Final = (
    "Bands and lines are 95 % intervals. A diamond stands at the base policy, a square at the "
    "value with the highest contribution with run-off, if that is distinguishable from the base."
)

_PLACES: Final = {
    "interior": "interior",
    "low end": "at the low end",
    "high end": "at the high end",
    "indistinguishable": "not distinguishable from the base",
    "moves nothing": "moves nothing within noise",
}
"""Words for where a lever is best, where there is room for them."""

HEADS: Final = (
    ("Lever", ""),
    ("Base", ""),
    ("Best", ""),
    ("Gain", "bn RMB"),
    ("GMV at best", "bn RMB"),
    ("Best is", ""),
)


class _Lever(NamedTuple):
    """One lever's part of the page."""

    title: str
    note: str
    pictures: list[Picture]


def response_section(rows: Sequence[Row]) -> dict[str, Any] | None:
    """Return what the page's template shows: a table of levers, and their pictures."""
    if not rows:
        return None
    answers = lever_answers(rows)
    cells = [lever_cells(one) for one in answers]
    return {
        "heads": HEADS,
        "rows": [
            (_words(one), f"{name}, {one.unit}", one.unit, *rest)
            for (name, *rest), one in zip(cells, answers, strict=True)
        ],
        "gains": _gains_picture(answers),
        "levers": [
            _Lever(
                _lever_title(one),
                _lever_note(one),
                _pictures([row for row in rows if row["lever"] == one.lever], one),
            )
            for one in _drawn(answers)
        ],
    }


def lever_cells(one: LeverAnswer) -> tuple[str, ...]:
    """Write one lever's line, under `HEADS`; where nothing is moved there is no best value."""
    best = (
        _lever_value_text(one.best["value"]),
        _gain(one.best),
        show("gmv_paid_fen", one.gmv["mean"]),
    )
    shown = best if one.moved else (NONE, NONE, NONE)
    return one.lever, _lever_value_text(one.base["value"]), *shown, _PLACES[one.place]


def response_sentences(rows: Sequence[Row], run_off_days: int) -> list[str]:
    """Say which levers are best inside their range, which at an end, and which move nothing."""
    answers = lever_answers(rows)
    base = answers[0].base
    whole = show(CONTRIBUTION, base["mean"])
    over = f"over the horizon and {run_off_days} days of run-off"
    said = [f"The base policy contributes {whole} bn RMB {over}. Each lever moved alone around it."]
    inside = [one for one in answers if one.place == "interior"]
    ends = [one for one in answers if one.place in {"low end", "high end"}]
    found = {"Best inside the range": inside, "Best at an end of the range": ends}
    for text, levers in sorted(found.items(), key=lambda one: -_most(one[1])):
        if levers:
            said.append(f"{text}: {', '.join(map(_with_value, levers))}.")
    for place, text in (
        ("indistinguishable", "Contribution not distinguishable from the base policy's"),
        (
            "moves nothing",
            "Moving nothing distinguishable from noise, on any measure over the whole range",
        ),
    ):
        if names := [_words(one) for one in answers if one.place == place]:
            said.append(f"{text}: {', '.join(names)}.")
    return said


def _most(answers: Sequence[LeverAnswer]) -> float:
    return max((float(one.best["difference"]) for one in answers), default=-inf)


def _drawn(answers: Sequence[LeverAnswer]) -> list[LeverAnswer]:
    """Choose the levers to draw: of those that move something, whose best value brings most."""
    moving = [one for one in answers if one.moved]
    ranked = sorted(moving, key=lambda one: (not one.is_distinguishable, -one.best["difference"]))
    return ranked[:_MOST]


def _gains_picture(answers: Sequence[LeverAnswer]) -> Picture | None:
    """Draw what the best value of each lever brings in contribution with run-off."""
    told = [one for one in answers if one.is_gain]
    return gain_bars([(_words(one), one.best) for one in told]) if told else None


def _pictures(rows: Sequence[Row], one: LeverAnswer) -> list[Picture]:
    by_measure = {name: [row for row in rows if row["measure"] == name] for name in _DRAWN}
    return [_picture(own, one) for own in by_measure.values() if own]


def _picture(rows: Sequence[Row], one: LeverAnswer) -> Picture:
    """Draw the change of one measure with its band; mark the base policy and, if told, the best."""
    import altair as alt

    measure = rows[0]["measure"]
    title = f"{label(measure)}, {'pp' if unit(measure) == '%' else unit(measure)}".rstrip(", ")
    values = [_values(row, one) for row in rows]
    across = alt.X("x:Q", title=one.unit, scale=_scale([row["value"] for row in rows]))
    curve = alt.Chart(data([v for v, row in zip(values, rows, strict=True) if row["is_constant"]]))
    band = curve.mark_area(color=BLUE, opacity=0.16).encode(x=across, y="low:Q", y2="high:Q")
    line = curve.mark_line(color=BLUE).encode(x=across, y=alt.Y("value:Q", title=title))
    points = alt.Chart(data(values))
    own = [v for v, row in zip(values, rows, strict=True) if not row["is_constant"]]
    bars = alt.Chart(data(own)).mark_rule(color=GREY).encode(x=across, y="low:Q", y2="high:Q")
    kinds = list(_KINDS)
    marks = points.mark_point(filled=True, opacity=1, size=55).encode(
        x=across,
        y=alt.Y("value:Q", title=title),
        color=alt.Color(
            "kind:N", legend=None, scale=alt.Scale(domain=kinds, range=[BLUE, AMBER, RED])
        ),
        shape=alt.Shape("kind:N", legend=None, scale=alt.Scale(domain=kinds, range=list(_SHAPES))),
        tooltip=alt.Tooltip("tip:N"),
    )
    zero = alt.Chart(data([{"y": 0}])).mark_rule(color=GREY, strokeDash=[3, 3]).encode(y="y:Q")
    layers = [zero, band, line, *([bars] if own else []), marks]
    return picture(alt.layer(*layers).properties(height=170), _picture_finding(measure, one))


def _picture_finding(measure: str, one: LeverAnswer) -> str:
    """Say what a measure changes by at the value that is best by contribution with run-off."""
    if not one.is_distinguishable:
        return f"{label(measure)}: no value is distinguishable from the base"
    if one.best["is_base"]:
        return f"{label(measure)}: the base is best"
    row = one.best if measure == CONTRIBUTION else one.gmv
    return f"{label(measure)}: {_change(row)} bn RMB at {_with_money(one, one.best)}"


def _scale(values: Sequence[float]) -> Any:
    import altair as alt

    low, high = min(values), max(values)
    if low > 0 and high / low >= _FAR:
        return alt.Scale(type="log")
    return alt.Scale(zero=False, nice=False, padding=6)


def _values(row: Row, one: LeverAnswer) -> dict[str, Any]:
    measure = row["measure"]
    names = ("difference", "ci_low", "ci_high")
    ends = [row["difference"] if row[name] is None else row[name] for name in names]
    value, low, high = (scaled(measure, end) for end in ends)
    texts = [show_change(measure, end).removesuffix(" pp") for end in ends]
    of = "pp" if unit(measure) == "%" else unit(measure)
    return {
        "x": row["value"],
        "value": value,
        "low": low,
        "high": high,
        "kind": _KINDS[_kind(row, one)],
        "tip": f"{_lever_value_text(row['value'])}{factor_money(row['lever'])}: {texts[0]} {of} "
        f"({texts[1]} to {texts[2]})"
        + (", the base policy" if row["is_base"] else "")
        + (", off" if row["is_off"] else ""),
    }


def _kind(row: Row, one: LeverAnswer) -> int:
    """Return the place in `_KINDS` of a point's mark."""
    is_best = row["value"] == one.best["value"] and row["is_base"] == one.best["is_base"]
    is_sure = one.is_gain or (one.is_distinguishable and row["is_base"])
    return 2 if is_sure and is_best else 1 if row["is_base"] else 0


def _lever_title(one: LeverAnswer) -> str:
    """Say in one line what was found of a lever."""
    value = _with_money(one, one.best)
    said = {
        "interior": f"contribution with run-off is best near {value}",
        "low end": f"contribution with run-off is best at the low end, {value}",
        "high end": f"contribution with run-off is best at the high end, {value}",
        "indistinguishable": (
            "contribution with run-off is not distinguishable from the base policy's"
        ),
        "moves nothing": "nothing is distinguishable from noise",
    }[one.place]
    words = _words(one)
    return f"{words[0].upper()}{words[1:]}: {said}"


def _lever_note(one: LeverAnswer) -> str:
    """Say what a lever is, and what its best value brings."""
    words = [_meaning(one)]
    own = _with_money(one, one.base)
    words.append(f"The base policy has {own}" + ("" if one.base["is_constant"] else " on average"))
    if not one.best["is_base"] and one.is_distinguishable:
        words.append(
            f"At the best value contribution with run-off changes by {_gain(one.best)} bn RMB and"
            f" GMV as paid by {_change(one.gmv)} bn RMB"
        )
    return ". ".join(words) + "."


def _lever_value_text(value: float) -> str:
    """Write a lever's value with four figures, from a thousand on in full."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}".replace("-", "−")


def _with_value(one: LeverAnswer) -> str:
    words, value = _words(one), _with_money(one, one.best)
    if one.best["is_base"]:
        return f"{words} (as it is, {value})"
    return f"{words} (at {value}, {_gain(one.best)} bn RMB)"


def _words(one: LeverAnswer) -> str:
    return factor_words(one.lever, one.best.get("goods", ""))


def _with_money(one: LeverAnswer, row: Row) -> str:
    return f"{_lever_value_text(row['value'])}{factor_money(one.lever)}"


def _meaning(one: LeverAnswer) -> str:
    """Return the unit of a lever and what it does."""
    lever = LeverEntry.at(one.lever)
    doc = lever.doc if lever else ""
    return f"{one.unit[:1].upper()}{one.unit[1:]}: {doc}" if doc else one.unit


def _gain(row: Row) -> str:
    return "0" if row["is_base"] else _change(row)


def _change(row: Row) -> str:
    low, high = row["ci_low"], row["ci_high"]
    half = None if low is None else (high - low) / 2
    return show_change(row["measure"], row["difference"], half)
