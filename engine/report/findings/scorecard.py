"""The scorecard of a calibration: every figure that is no input, beside two yardsticks."""

from typing import Final, NamedTuple

from engine.calibrate.observed import CHECK, FIT
from engine.calibrate.targets import FORECAST
from engine.report.formatting import NONE, number
from engine.report.read.calibration import CalibrationSummary, FigureSummary

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


def scorecard(found: CalibrationSummary) -> list[_Score]:
    """Return the figures that no input gives and some unknown moves, fitted ones first."""
    return [
        _score(one) for role in _WHO for one in found.of(role) if not one.is_input and not one.inert
    ]


def score_sentence(found: CalibrationSummary) -> str:
    """Count the hits among what the fit did not see, and how often a yardstick was closer."""
    figures = [one for one in found.of(CHECK) if not one.is_input and not one.inert]
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


def observed_text(one: FigureSummary) -> str:
    """Write what was observed, with the side on which the figure lies if that is all."""
    side = {1: "> ", -1: "< "}.get(one.bound, "")
    return f"{side}{number(one.observed)}"


def _score(one: FigureSummary) -> _Score:
    verdict = {None: NONE, True: "hit", False: "missed"}[one.is_held]
    return _Score(
        one.name,
        NONE if one.observed is None else observed_text(one),
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
    return f"{100 * (value / one.observed - 1):+.0f} %" if one.observed else NONE
