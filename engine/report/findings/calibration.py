"""What a calibration found: whether the model fits, and what its numbers may be used for."""

from collections.abc import Sequence
from typing import Final

from engine.calibrate.measures import KNOWN, SHOWN_BY_DATE
from engine.calibrate.observed import CHECK, FIT
from engine.calibrate.targets import FORECAST, PROBE, SHOWN
from engine.report.formatting import NONE, number, signed
from engine.report.read.calibration import Fitted, Shown

ROLE_HEADS: Final = {
    FIT: "Fitted",
    CHECK: "Scored, never fitted",
    SHOWN: "The other reading of a figure above",
    FORECAST: "Forecast",
    PROBE: "What a coupon of the experiments does, observed by nobody",
}


PINNED, LOOSE = 0.5, 0.8
"""Ratios of spreads below which an unknown counts as pinned down, and above which as not."""


_NAMED: Final = 6


MAY: Final = (
    "Comparing policies with one another in the plausible worlds, under common luck.",
    "Saying which way a lever pushes, and roughly how far, where all plausible worlds agree.",
    "Finding which published figure would tell the plausible worlds apart.",
)


MAY_NOT: Final = (
    "Statements on single anchors, sellers or buyers: they are drawn, not known.",
    "Levels of anything that no figure below was fitted to.",
    "Years, countries or platforms other than those that the figures are of.",
    "One world's answer as the answer: worlds that fit alike disagree on what a coupon returns.",
)


CALIBRATION_LIMITS: Final = (
    "Only figures to fit keep worlds: one whose source is wrong rules out worlds that are right.",
    "A forecast's interval holds the doubt about the unknowns, not that the model is wrong.",
)


def fit_sentences(found: Fitted) -> list[str]:
    """Answer whether the model fits, how it does on what it was not shown, and what is unknown."""
    return [_plausible(found), _hits(found), _checks(found), *_forecast(found), _unknowns(found)]


def wrong_by(found: Fitted) -> list[tuple[str, str, str, str, str]]:
    """Return how wrong each check row was: name, observed, simulated, by how much, verdict."""
    return [
        (
            one.name,
            number(one.observed),
            f"{number(one.simulated)} ({number(one.low)} … {number(one.high)})",
            f"{100 * (one.simulated / one.observed - 1):+.0f} %" if one.observed else NONE,
            "hit" if one.is_hit else "missed",
        )
        for one in found.of(CHECK)
    ]


def figure_cells(one: Shown) -> dict[str, str]:
    """Write one figure for a table: what was observed, simulated and missed, and the verdict."""
    hit = one.is_hit
    verdict = NONE if hit is None else "hit" if hit else "missed"
    return {
        "name": one.name,
        "says": _says(one),
        "unit": one.unit,
        "observed": number(one.observed)
        + (f" ± {number(one.tolerance)}" if one.tolerance is not None else ""),
        "simulated": number(one.simulated),
        "interval": f"{number(one.low)} … {number(one.high)}",
        "miss": NONE if one.miss is None else signed(one.miss, 1, plus=True),
        "verdict": verdict + ("*" if one.inert and one.role == FIT else ""),
    }


def _says(one: Shown) -> str:
    """Return how the figure is read off a year, if this version still reads it so."""
    readings = {measure.reading: measure.says for measure in KNOWN.get(one.key, ())}
    if one.key in SHOWN_BY_DATE:
        return SHOWN_BY_DATE[one.key].says
    return readings.get(one.reading, "")


def _plausible(found: Fitted) -> str:
    count = len([one for one in found.of(FIT) if not one.inert])
    start = (
        f"{found.points_count} points of the unknowns were simulated, and the"
        f" {found.confirmed_count} best again on luck that had no say in choosing them."
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


def _hits(found: Fitted) -> str:
    figures = found.of(FIT)
    missed = [one for one in figures if not one.is_hit]
    text = f"The best world lies within the tolerance of {len(figures) - len(missed)} of"
    text += f" {len(figures)} figures with role fit"
    return f"{text}; missed: {_names(missed)}." if missed else f"{text}."


def _checks(found: Fitted) -> str:
    figures = found.of(CHECK)
    if not figures:
        return "No row has role check: nothing says how it does on what it was not fitted to."
    missed = [one for one in figures if not one.is_hit]
    text = f"Of {len(figures)} figures that it was never shown it hits {len(figures) - len(missed)}"
    return f"{text}; missed: {_names(missed)}." if missed else f"{text}."


def _forecast(found: Fitted) -> list[str]:
    worlds = "plausible worlds" if found.any_plausible else "worlds that miss least"
    return [
        f"Forecast of {one.key}, {one.period}: {number(one.simulated)} {one.unit}, with 80 % of"
        f" the {found.kept_count} {worlds} between {number(one.low)} and {number(one.high)}."
        for one in found.of(FORECAST)
    ]


def _unknowns(found: Fitted) -> str:
    if found.kept_count < 2:
        return "One world is left: nothing is known of which unknowns the figures pin down."
    pinned = [one.name for one in found.unknowns if one.ratio <= PINNED]
    loose = [one.name for one in found.unknowns if one.ratio >= LOOSE]
    return (
        f"Pinned down to less than half of their range: {', '.join(pinned) or 'no unknown'}."
        f" Hardly at all: {', '.join(loose) or 'no unknown'}."
    )


def _names(figures: Sequence[Shown]) -> str:
    parts = [
        f"{one.name} ({number(one.simulated)} for {number(one.observed)})"
        for one in sorted(figures, key=lambda one: -abs(one.miss or 0.0))
    ]
    more = f" and {len(parts) - _NAMED} more" if len(parts) > _NAMED else ""
    return "; ".join(parts[:_NAMED]) + more
