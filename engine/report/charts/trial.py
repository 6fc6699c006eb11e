"""What tests of a policy would say, drawn and in words, beside what the policy does."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from engine.report.charts.grammar import (
    BLUE,
    GREEN,
    GREY,
    Picture,
    data,
    name_axis,
    picture,
    rows_height,
    wrapped,
)
from engine.report.formatting import NONE, label, label_inside, percent, scaled, show_change, unit
from engine.results.schemas import Row

_NOTE: Final = (
    "Dots are means of all tests; thick lines hold two spreads of single tests to either side, "
    "thin ones their mean 95 % interval. The green line is the true effect, the band its 95 % "
    "interval."
)

_DESIGNS: Final = {
    "switchback": "switchback",
    "before_after": "before and after",
    "markets": "half of the markets",
}
"""Kinds of tests, as they are called for people."""

HEADS: Final = (
    ("Test", ""),
    ("True effect", "± half of 95 %"),
    ("Test says", "± half of 95 %"),
    ("Bias", "a day"),
    ("Spread", "of single tests"),
    ("Holds the truth", "of intervals"),
    ("Finds it", "of tests"),
    ("Finds from", "4 times in 5"),
    ("Platform pays", "bn RMB a test"),
)
"""Heads of the table of tests, with what stands under them."""

TESTS_NOTE: Final = (
    "The true effect is that of the policy on every day of the test against none, under the same "
    "random numbers, with half of the 95 % interval that its runs leave. Bias is the mean of all "
    "tests less it; spread is their standard deviation. What the platform pays is the contribution "
    "that one test takes in one market; where it is negative, the test brings some."
)


class _TrialCells(NamedTuple):
    """A line of the table; the first of a measure heads the others."""

    measure: str
    unit: str
    is_first: bool
    texts: tuple[str, ...] = ()


def trial_pictures(rows: Sequence[Row]) -> list[Picture]:
    """Draw, a picture a measure, what each kind of test says beside the truth."""
    measures = dict.fromkeys(row["measure"] for row in rows)
    return [_picture([row for row in rows if row["measure"] == name]) for name in measures]


def trial_cells(rows: Sequence[Row]) -> Iterator[_TrialCells]:
    """Yield a head for each measure and a line for each kind of test, as `HEADS` names them."""
    for measure in dict.fromkeys(row["measure"] for row in rows):
        of = _unit_a_day(measure)
        yield _TrialCells(measure, of, is_first=True)
        for row in rows:
            if row["measure"] == measure:
                yield _TrialCells(measure, of, is_first=False, texts=tuple(_texts(row)))


def trial_sentences(
    rows: Sequence[Row], names: tuple[str, str], start: date | str, days: int
) -> list[str]:
    """Say how tests are made, what the policy does to the first measure, and what they make of it.

    Parameters
    ----------
    rows : of the table `trial`.
    names : of the policy that is tried, and of the one that it is tried against.
    start, days : first day of each test, and how many days it takes.
    """
    measure = rows[0]["measure"]
    own = [row for row in rows if row["measure"] == measure]
    truth = _true_effect(own[0])
    changes = f"{label_inside(measure)} by {truth} {_unit_a_day(measure)}"
    said = [f"Tried on every day, the policy changes {changes}."]
    for row in own:
        held, found = row["covered_share"], row["detected_share"]
        rest = (
            f": its intervals hold the truth in {percent(held)} of tests, and {percent(found)} "
            "find the effect."
            if held is not None
            else "."
        )
        said.append(
            f"A test by {_DESIGNS[row['design']]} says {show_change(measure, row['estimate'])} on "
            f"average{rest}"
        )
    best = _nearest(own)
    said.append(
        f"Nearest to the truth by bias and spread together comes {_DESIGNS[best['design']]}."
    )
    return [" ".join([_made(own, names, start, days), *said[:1], *said[-1:]]), " ".join(said[1:-1])]


def _made(rows: Sequence[Row], names: tuple[str, str], start: date | str, days: int) -> str:
    """Say of what tests are, when they are made, and how many of each kind."""
    first = date.fromisoformat(str(start))
    counts = ", ".join(f"{row['tests_count']} by {_DESIGNS[row['design']]}" for row in rows)
    last = first + timedelta(days=days - 1)
    tried, control = names
    return f"Tests of {tried} against {control}, {days} days from {first} to {last}: {counts}."


def _picture(rows: Sequence[Row]) -> Picture:
    import altair as alt

    measure = rows[0]["measure"]
    names = [_DESIGNS[row["design"]] for row in rows]
    base = alt.Chart(data([_values(row) for row in rows])).encode(y=name_axis(names))
    scatter = base.mark_rule(color=BLUE, opacity=0.35, strokeWidth=7).encode(
        x=alt.X("least:Q", title=f"{label(measure)}, {_unit_a_day(measure)}"), x2="most:Q"
    )
    limits = base.mark_rule(color=BLUE).encode(x="low:Q", x2="high:Q")
    dots = base.mark_point(color=BLUE, filled=True, size=80, opacity=1).encode(
        x="value:Q", tooltip=alt.Tooltip("tip:N")
    )
    middle, half = rows[0]["truth"], rows[0].get("truth_half_width") or 0.0
    ends = (("x", middle), ("low", middle - half), ("high", middle + half))
    truth = alt.Chart(data([{name: scaled(measure, end) for name, end in ends}]))
    zero = alt.Chart(data([{"x": 0}])).mark_rule(color=GREY, strokeDash=[3, 3]).encode(x="x:Q")
    line = truth.mark_rule(color=GREEN, strokeWidth=2.2).encode(x="x:Q")
    band = truth.mark_rect(color=GREEN, opacity=0.15).encode(x="low:Q", x2="high:Q")
    return picture(
        alt.layer(band, zero, scatter, limits, line, dots).properties(
            height=rows_height(names) + 20
        ),
        _trial_finding(rows),
        _NOTE,
    )


def _values(row: Row) -> dict[str, Any]:
    measure, value = row["measure"], row["estimate"]
    spread, half = 2 * (row["spread"] or 0.0), row["half_width"] or 0.0
    ends = {"value": value, "least": value - spread, "most": value + spread}
    ends |= {"low": value - half, "high": value + half}
    called = _DESIGNS[row["design"]]
    return {name: scaled(measure, end) for name, end in ends.items()} | {
        "name": wrapped(called),
        "tip": f"{called}: {show_change(measure, value)} {_unit_a_day(measure)}, in truth "
        f"{_true_effect(row)}",
    }


def _unit_a_day(measure: str) -> str:
    """Return the unit of an effect: that of the measure, a day."""
    return f"{unit(measure)} a day"


def _nearest(rows: Sequence[Row]) -> Row:
    """Return the test with the least mean square error: bias squared and spread squared."""
    return min(rows, key=lambda row: row["bias"] ** 2 + (row["spread"] or 0.0) ** 2)


def _trial_finding(rows: Sequence[Row]) -> str:
    """Say of one measure which test comes nearest, and how far the farthest is off."""
    measure, best = rows[0]["measure"], _nearest(rows)
    worst = max(rows, key=lambda row: abs(row["bias"]))
    return (
        f"{label(measure)}: {_true_effect(best)} {_unit_a_day(measure)} in truth; "
        f"{_DESIGNS[best['design']]} comes nearest with {show_change(measure, best['estimate'])}, "
        f"{_DESIGNS[worst['design']]} is farthest off by {show_change(measure, worst['bias'])}"
    )


def _texts(row: Row) -> Iterator[str]:
    measure = row["measure"]
    yield _DESIGNS[row["design"]]
    yield _true_effect(row)
    yield show_change(measure, row["estimate"], row["half_width"])
    yield show_change(measure, row["bias"])
    yield NONE if row["spread"] is None else _size(measure, row["spread"])
    for name in ("covered_share", "detected_share"):
        yield percent(row[name])
    yield NONE if row["detectable"] is None else _size(measure, row["detectable"])
    yield _size("cost_fen", row["cost_fen"])


def _true_effect(row: Row) -> str:
    """Write the true effect with half the interval that its runs leave, where they leave one."""
    return show_change(row["measure"], row["truth"], row.get("truth_half_width"))


def _size(measure: str, value: float) -> str:
    return show_change(measure, value).removeprefix("+")
