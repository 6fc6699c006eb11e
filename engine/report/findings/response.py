"""What a sweep of levers found: a line for each lever, and sentences on all of them."""

from collections.abc import Sequence
from typing import Final

from engine.measures.run_off import CONTRIBUTION
from engine.report.formatting import NONE, show, show_change
from engine.response import LeverAnswer, lever_answers
from engine.results.schemas import Row
from engine.spec.levers import LEVERS

RESPONSE_LIMITS: Final = (
    "Each lever moved alone: several together may do more or less than the sum of each.",
    "A lever stayed at one value throughout: a path over the year may do better than any.",
    "The best of several points looks better than it is: repeat it on other seeds.",
    "What comes after the days of run-off is not counted.",
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


def lever_cells(one: LeverAnswer) -> tuple[str, ...]:
    """Write one lever's line, under `HEADS`; where nothing is moved there is no best value."""
    best = (
        lever_value_text(one.best["value"]),
        _gain(one.best),
        show("gmv_paid_fen", one.gmv["mean"]),
    )
    shown = best if one.moved else (NONE, NONE, NONE)
    return one.lever, lever_value_text(one.base["value"]), *shown, _PLACES[one.place]


def lever_title(one: LeverAnswer) -> str:
    """Say in one line what was found of a lever."""
    value = lever_value_text(one.best["value"])
    said = {
        "interior": f"contribution with run-off is best near {value}",
        "low end": f"contribution with run-off is best at the low end, {value}",
        "high end": f"contribution with run-off is best at the high end, {value}",
        "indistinguishable": (
            "contribution with run-off is not distinguishable from the base policy's"
        ),
        "moves nothing": "nothing is distinguishable from noise",
    }[one.place]
    return f"{one.lever}: {said}"


def lever_note(one: LeverAnswer) -> str:
    """Say what a lever is, and what its best value brings."""
    words = [_meaning(one)]
    own = lever_value_text(one.base["value"])
    words.append(f"The base policy has {own}" + ("" if one.base["is_constant"] else " on average"))
    if not one.best["is_base"] and one.is_distinguishable:
        words.append(
            f"At the best value contribution with run-off changes by {_gain(one.best)} bn RMB and"
            f" GMV as paid by {_change(one.gmv)} bn RMB"
        )
    return ". ".join(words) + "."


def response_sentences(rows: Sequence[Row], run_off_days: int) -> list[str]:
    """Say which levers are best inside their range, which at an end, and which move nothing."""
    answers = lever_answers(rows)
    base = answers[0].base
    whole = show(CONTRIBUTION, base["mean"])
    over = f"over the horizon and {run_off_days} days of run-off"
    said = [f"The base policy contributes {whole} bn RMB {over}. Each lever moved alone around it."]
    inside = [one for one in answers if one.place == "interior"]
    ends = [one for one in answers if one.place in {"low end", "high end"}]
    if inside:
        said.append(f"Best inside the range: {', '.join(map(_with_value, inside))}.")
    if ends:
        said.append(f"Best at an end of the range: {', '.join(map(_with_value, ends))}.")
    for place, text in (
        ("indistinguishable", "Contribution not distinguishable from the base policy's"),
        (
            "moves nothing",
            "Moving nothing distinguishable from noise, on any measure over the whole range",
        ),
    ):
        if names := [one.lever for one in answers if one.place == place]:
            said.append(f"{text}: {', '.join(names)}.")
    return said


def lever_value_text(value: float) -> str:
    """Write a lever's value with four figures, from a thousand on in full."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}".replace("-", "−")


def _with_value(one: LeverAnswer) -> str:
    if one.best["is_base"]:
        return f"{one.lever} (as it is, {lever_value_text(one.best['value'])})"
    return f"{one.lever} ({lever_value_text(one.best['value'])}: {_gain(one.best)})"


def _meaning(one: LeverAnswer) -> str:
    """Return the unit of a lever and what it does."""
    of = (lever for path, lever in LEVERS.items() if one.lever in {path, lever.group})
    doc = next((lever.doc for lever in of), "")
    return f"{one.unit[:1].upper()}{one.unit[1:]}: {doc}" if doc else one.unit


def _gain(row: Row) -> str:
    return "0" if row["is_base"] else _change(row)


def _change(row: Row) -> str:
    low, high = row["ci_low"], row["ci_high"]
    half = None if low is None else (high - low) / 2
    return show_change(row["measure"], row["difference"], half)
