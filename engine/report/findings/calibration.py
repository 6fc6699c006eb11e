"""What a calibration found: whether the model fits, and what its numbers may be used for.

Its scorecard sets every figure that is no input beside two yardsticks.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from engine.calibrate.identify import FEW
from engine.calibrate.measures import measures_of
from engine.calibrate.observed import CHECK, FIT
from engine.calibrate.posterior import COUPON
from engine.calibrate.probe import SHOWN_BY_DATE
from engine.calibrate.targets import FORECAST, PROBE, SHOWN
from engine.report.figure_names import figure_label
from engine.report.formatting import NONE, number, signed
from engine.report.read.calibration import CalibrationSummary, FigureSummary

ROLE_HEADS: Final = {
    FIT: "Fitted",
    CHECK: "Never fitted",
    SHOWN: "The other reading of a figure above",
    FORECAST: "Forecast",
    PROBE: "What a coupon of the experiments does, observed by nobody",
}

PINNED, LOOSE = 0.5, 0.8
"""Ratios of spreads below which an unknown counts as pinned down, and above which as not."""

_NAMED: Final = 6
_MOST_TELLING: Final = 4

MAY: Final = (
    "Comparing policies with one another in the plausible worlds, under common random numbers.",
    "Saying which way a lever pushes, and roughly how far, where all plausible worlds agree.",
    "Finding which published figure would tell the plausible worlds apart.",
)

MAY_NOT: Final = (
    "Statements on single anchors, sellers or buyers: they are drawn, not known.",
    "Levels of anything that no figure here was fitted to.",
    "Years, countries or platforms other than those that the figures are of.",
    "One world's answer as the answer: worlds that fit alike disagree on what a coupon returns.",
)

CALIBRATION_LIMITS: Final = (
    "Only figures to fit keep worlds: one whose source is wrong rules out worlds that are right.",
    "A forecast's interval holds the unknowns, noise, and a discrepancy of the model: a guess.",
)

HEADS: Final = (
    "Figure",
    "Observed",
    "80 % interval",
    "",
    "Off by",
    "Who saw it",
    "Seasonal line",
    "As last quarter",
)
"""Of `_Score`, in its order."""

_WHO: Final = {FIT: "the fit", CHECK: "its makers, not the fit", FORECAST: "nobody"}


class _Score(NamedTuple):
    """A line of the scorecard, written out.

    `verdict` says whether the interval holds what was observed; `off` by how much its middle is
    off; `line` and `last` what the yardsticks say and by how much these are off.
    """

    name: str
    observed: str
    interval: str
    verdict: str
    off: str
    who: str
    line: str
    last: str


def fit_sentences(found: CalibrationSummary) -> list[str]:
    """Answer whether the model fits, how it does on what it was not shown, and what is unknown."""
    said = [_plausible(found), _hits(found), _score_sentence(found), *_forecast(found)]
    return [*said, _coverage(found), *_narrowed(found), _unknowns(found), *_crowded(found)]


def not_modelled(found: CalibrationSummary) -> list[str]:
    """Name the figures that no run shows, those with one reason together."""
    by_reason: dict[str, list[str]] = {}
    for row in found.unmodelled:
        told = ", ".join(filter(None, (figure_label(row["key"]), row["period"])))
        by_reason.setdefault(row["note"], []).append(told)
    return [f"{reason}: {'; '.join(names)}" for reason, names in by_reason.items()]


def figure_cells(one: FigureSummary) -> dict[str, str]:
    """Write one figure for a table: what was observed, simulated and missed, and the verdict."""
    hit = one.is_hit
    verdict = NONE if hit is None else "hit" if hit else "missed"
    return {
        "name": one.name,
        "says": _says(one),
        "unit": one.unit,
        "observed": _observed_text(one)
        + (f" ± {number(one.tolerance)}" if one.tolerance is not None else ""),
        "simulated": number(one.simulated),
        "interval": f"{number(one.low)} … {number(one.high)}",
        "miss": NONE if one.miss is None else signed(one.miss, 1, plus=True),
        "verdict": verdict + ("*" if one.inert and one.role == FIT else ""),
    }


def scorecard(found: CalibrationSummary) -> list[_Score]:
    """Return the figures that no input gives and some unknown moves, fitted ones first."""
    return [
        _score(one) for role in _WHO for one in found.of(role) if not one.is_input and not one.inert
    ]


def _says(one: FigureSummary) -> str:
    """Return how the figure is read off a run, if this version still reads it so."""
    readings = {measure.reading: measure.says for measure in measures_of(one.key)}
    if one.key in SHOWN_BY_DATE:
        return SHOWN_BY_DATE[one.key].says
    return readings.get(one.reading, "")


def _plausible(found: CalibrationSummary) -> str:
    count = len([one for one in found.of(FIT) if not one.inert])
    start = (
        f"{found.points_count} points of the unknowns were simulated, and the"
        f" {found.confirmed_count} best again on seeds that had no say in choosing them."
    )
    if found.any_plausible:
        return (
            f"{start} {found.kept_count} of these are plausible: none of the {count} figures that"
            f" they were fitted to is missed by more than {found.cutoff:g} standard deviations."
            f" The best misses its worst by {found.worst:.1f} and its second worst by"
            f" {found.second_worst:.1f}, in the runs by which it was chosen among them."
        )
    return (
        f"{start} None is plausible: the best misses its worst figure by {found.worst:.1f}"
        f" standard deviations and its second worst by {found.second_worst:.1f}, where"
        f" {found.cutoff:g} would do. The {found.kept_count} that miss least stand in for the"
        " plausible worlds below; what is drawn from them is no better than they are."
    )


def fit_changes(found: CalibrationSummary) -> list[str]:
    """Say what would change a calibration: wider ranges, and more points where few worlds fit."""
    said = _crowded(found)
    if found.kept_count < FEW:
        said.append(f"More points may leave more worlds than {found.kept_count}: fit.points_count.")
    return said


def _hits(found: CalibrationSummary) -> str:
    figures = found.fitted
    missed = [one for one in figures if not one.is_hit]
    text = f"The best world lies within the tolerance of {len(figures) - len(missed)} of"
    text += f" {len(figures)} fitted figures"
    return f"{text}; missed: {_names(missed)}." if missed else f"{text}."


def _forecast(found: CalibrationSummary) -> list[str]:
    return [
        f"Forecast of {figure_label(one.key)}, {one.period}: {number(one.median)} {one.unit},"
        f" 80 % between {number(one.low)} and {number(one.high)}, over all points weighted by"
        " their misses."
        for one in found.of(FORECAST)
    ]


def _coverage(found: CalibrationSummary) -> str:
    """Say how often intervals made in this way held what was not fitted."""
    rates = [one.coverage for one in found.figures if one.coverage is not None]
    if not rates:
        return (
            "Whether the 80 % intervals hold what they say is not known: that takes 60 points"
            " in the first wave and a figure that is not fitted."
        )
    return (
        f"Of {found.hidden_worlds} worlds hidden among the simulated points, 80 % intervals made"
        f" in this way held {100 * sum(rates) / len(rates):.0f} % of what was not fitted"
        f" ({100 * min(rates):.0f} to {100 * max(rates):.0f} % by figure)."
    )


def _narrowed(found: CalibrationSummary) -> list[str]:
    """Say how wide the return of a coupon is, and which evidence makes it what it is."""
    dates = [one for one in found.of(PROBE) if one.key == COUPON]
    told = [one for one in found.of(FIT) if one.coupon_low is not None]
    if not dates or not told:
        return []
    middle = dates[len(dates) // 2]
    before = (middle.prior_low or 0.0, middle.prior_high or 0.0)
    most = sorted(told, key=lambda one: -_moved(one, before))[:_MOST_TELLING]
    alone = "; ".join(f"{one.name}: {_span(one.coupon_low, one.coupon_high)}" for one in most)
    text = (
        f"A RMB of a coupon on everything on {middle.period} brings {_span(*before)} RMB of GMV as"
    )
    text += f" paid over the ranges of the unknowns, and {_span(middle.low, middle.high)} given all"
    return [f"{text} fitted figures (80 %). What moves it most, each figure by itself: {alone}."]


def _span(low: float | None, high: float | None) -> str:
    return f"{signed(low or 0.0, 2)} to {signed(high or 0.0, 2)}"


def _moved(one: FigureSummary, before: tuple[float, float]) -> float:
    """How far the figure by itself moves both ends of the interval."""
    return abs((one.coupon_low or 0.0) - before[0]) + abs((one.coupon_high or 0.0) - before[1])


def _crowded(found: CalibrationSummary) -> list[str]:
    """Name the unknowns whose range binds."""
    names = [f"{one.name} ({one.crowded})" for one in found.unknowns if one.crowded]
    if not names:
        return []
    said = f"At an end of its range, which binds: {', '.join(names)}."
    return [f"{said} Widen the range, or say why nothing lies beyond it."]


def _unknowns(found: CalibrationSummary) -> str:
    if found.kept_count < FEW:
        count = f"{found.kept_count} worlds are" if found.kept_count > 1 else "One world is"
        return f"{count} left: too few to say which unknowns the figures pin down."
    pinned = [one.name for one in found.unknowns if one.ratio <= PINNED]
    loose = [one.name for one in found.unknowns if one.ratio >= LOOSE]
    return (
        f"Pinned down to less than half of their range: {', '.join(pinned) or 'no unknown'}."
        f" Hardly at all: {', '.join(loose) or 'no unknown'}."
    )


def _names(figures: Sequence[FigureSummary]) -> str:
    parts = [
        f"{one.name} ({number(one.simulated)} for {number(one.observed)})"
        for one in sorted(figures, key=lambda one: -abs(one.miss or 0.0))
    ]
    more = f" and {len(parts) - _NAMED} more" if len(parts) > _NAMED else ""
    return "; ".join(parts[:_NAMED]) + more


def _score_sentence(found: CalibrationSummary) -> str:
    """Count the hits among what the fit did not see, and how often a yardstick was closer."""
    figures = found.unseen
    if not figures:
        return "The scorecard has no figure that the fit did not see."
    missed = [one.name for one in figures if not one.is_held]
    text = f"The 80 % intervals hold {len(figures) - len(missed)} of {len(figures)} figures that"
    text += f" the fit did not see{'; missed: ' + ', '.join(missed) if missed else ''}."
    for name, said in (("seasonal line", "by_line"), ("last quarter", "as_last")):
        pairs = [(one, getattr(one, said)) for one in figures if getattr(one, said) is not None]
        closer = sum(abs(value - one.observed) < abs(one.median - one.observed)
                     for one, value in pairs if one.observed is not None)  # fmt: skip
        if pairs:
            text += f" The {name} is closer in {closer} of {len(pairs)}."
    return text


def _observed_text(one: FigureSummary) -> str:
    """Write what was observed, with the side on which the figure lies if that is all."""
    side = {1: "> ", -1: "< "}.get(one.bound, "")
    return f"{side}{number(one.observed)}"


def _score(one: FigureSummary) -> _Score:
    verdict = {None: NONE, True: "hit", False: "missed"}[one.is_held]
    return _Score(
        one.name,
        NONE if one.observed is None else _observed_text(one),
        f"{number(one.low)} … {number(one.high)}",
        verdict,
        NONE if one.bound else _off(one, one.median),
        _WHO[one.role],
        _yardstick(one, one.by_line),
        _yardstick(one, one.as_last),
    )


def _yardstick(one: FigureSummary, value: float | None) -> str:
    if value is None:
        return ""
    return number(value) if one.observed is None else f"{number(value)} ({_off(one, value)})"


def _off(one: FigureSummary, value: float) -> str:
    return f"{signed(100 * (value / one.observed - 1), 0, plus=True)} %" if one.observed else NONE
