"""Observed figures matched with what a simulated run can show of them.

Units are taken as people write them: `bn USD`, `USD bn` and `1.5` of `million USD` are one unit
each with its size; the currency is the scenario's. Words after the unit, as `per order`, are passed
over.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from engine.calibrate.measures import KNOWN, measures_of
from engine.calibrate.observed import FIT, UNMODELLED, ObservedFigure
from engine.calibrate.probe import SHOWN_BY_DATE
from engine.calibrate.run_reader import FORMS, FigureMeasure, Span, spans
from engine.errors import CombinedInputError, InputError
from engine.measures.flows import FLOW_MEASURES
from engine.spec.accuracy import Accuracy
from engine.spec.calendar import Calendar
from engine.spec.calibration import NO_PROBES, Probes
from engine.spec.explain import nearest

SHOWN: Final = "shown"
"""Role of a reading that the job did not choose: neither fitted nor a check."""

PROBE: Final = "probe"
"""Role of what an experiment shows and nobody has observed."""

FORECAST: Final = "forecast"
"""Role of a figure that has not been observed."""

_FORECASTS: Final = (("gmv", "Q4"),)
"""Keys and parts of each year that are forecast where the horizon holds them and no row does."""

_WHY_NOT: Final[dict[str, str]] = {
    "mega_influencer_exit": "a sign without a size, of another platform",
    "live_carryover_days": "the model has no memory of a single stream by day",
    "conv_big_show_orders_per_viewer": "of another platform, whose guests are not simulated",
    "cps_by_category": "a range by category, of unknown source",
}
"""Why a figure that the model seems to be about is not among its measures."""

_NO_MEASURE: Final = "the model has no such measure"

_Z_OF_TOLERANCE: Final = 3.0
"""Standard deviations in a tolerance: any single-peaked law keeps 95 % within three
(Pukelsheim, The American Statistician 48, 1994)."""

_CURRENCY: Final = "¤"
"""Stands in a measure's unit for the scenario's currency."""

_SIZES: Final = {"thousand": 1e3, "million": 1e6, "bn": 1e9}


class CalibrationTarget(NamedTuple):
    """A figure that is read off every simulated run.

    `observed` is None for a forecast; `sd` is the tolerance / `_Z_OF_TOLERANCE`; `discrepancy` the
    share of the figure by which a model that is right in the main is off it, one standard
    deviation. With `bound` 1 (-1) the figure is known to lie above (below) `observed`, no more;
    `is_assumed` where nobody observed it.
    """

    key: str
    period: str
    unit: str
    role: str
    observed: float | None
    tolerance: float
    measure: FigureMeasure
    days: tuple[Span, ...]
    discrepancy: float = 0.0
    bound: int = 0
    is_assumed: bool = False

    @property
    def sd(self) -> float:
        """Standard deviation of what was observed around what a true model would show."""
        return self.tolerance / _Z_OF_TOLERANCE


class _Asked(NamedTuple):
    """What figures are matched by."""

    calendar: Calendar
    accuracy: Accuracy
    probes: Probes
    currency: str


def match_figures(
    figures: Sequence[ObservedFigure],
    calendar: Calendar,
    accuracy: Accuracy,
    probes: Probes = NO_PROBES,
    currency: str = "RMB",
) -> tuple[list[CalibrationTarget], list[tuple[ObservedFigure, str]]]:
    """Split figures into targets, forecasts added, and those that are not modelled, with why.

    Parameters
    ----------
    figures
        What was observed.
    calendar
        The days that are simulated.
    accuracy
        Which of two readings of a repeat rate is fitted, and how far a right model is off.
    probes
        The experiments that are made, on days of the calendar.
    currency
        In which amounts are.

    Raises
    ------
    InputError
        If a figure to fit or to check has a key that is not known, no number, another unit or a
        period that cannot be read, or none of those to fit is modelled.
    """
    asked = _Asked(calendar, accuracy, probes, currency)
    targets: list[CalibrationTarget] = []
    unmodelled: list[tuple[ObservedFigure, str]] = []
    mistakes: list[InputError] = []
    for figure in figures:
        try:
            found = _targets(_with_period(figure), asked)
        except InputError as mistake:
            mistakes.append(mistake)
            continue
        if isinstance(found, str):
            unmodelled.append((figure, found))
        else:
            targets += found
    if mistakes:
        raise CombinedInputError(mistakes)
    if not any(target.role == FIT for target in targets):
        raise InputError(
            "figures",
            "no row with role fit is modelled",
            f"at least one of the keys {', '.join(KNOWN)}, within the scenario's calendar",
            "add rows, or correct their keys and periods",
        )
    return [*targets, *_forecasts(targets, asked), *_probed(asked)], unmodelled


def _with_period(figure: ObservedFigure) -> ObservedFigure:
    """Take the period out of a name such as `gmv_paid_fen@2020-H2`."""
    name, at, period = figure.key.partition("@")
    if at and figure.period and figure.period != period:
        raise _mistake(figure, "period", f"got {figure.period!r} beside {figure.key}", "one period")
    return figure._replace(key=name, period=period) if at else figure


def _targets(figure: ObservedFigure, asked: _Asked) -> list[CalibrationTarget] | str:
    calendar, accuracy, probes, currency = asked
    measures = measures_of(figure.key)
    if figure.role == UNMODELLED:
        return "left out by its role" if measures else _WHY_NOT.get(figure.key, _NO_MEASURE)
    if not measures:
        raise _unknown(figure)
    if not _is_probed(measures[0], probes):
        return "no experiment on a day of the calendar shows it: see probes"
    if figure.value is None:
        what = f"{figure.written!r} is no number"
        raise _mistake(figure, "value", what, "a number, or a range such as 30-50")
    figure = _in_unit(figure, measures[0].unit, currency)
    days = _days(figure, measures[0].spans_count)
    if any(day < calendar.start or day > calendar.end for span in days for day in span):
        return f"outside the calendar, {calendar.start} to {calendar.end}"
    return [_target(figure, measure, days, accuracy) for measure in measures]


def _in_unit(figure: ObservedFigure, unit: str, currency: str) -> ObservedFigure:
    """Return the figure in the unit that its measure is read in."""
    factor = _factor_of(figure.unit, unit, currency)
    if factor is None:
        wanted = _shown_unit(unit, currency)
        other = ", the scenario's currency" if wanted != unit else ""
        raise _mistake(figure, "unit", f"got {figure.unit!r}", f"{wanted}{other}, …")
    if factor == 1.0 or figure.value is None:
        return figure
    return figure._replace(
        value=factor * figure.value,
        tolerance=factor * figure.tolerance,
        unit=_shown_unit(unit, currency),
    )


def _target(
    figure: ObservedFigure, measure: FigureMeasure, days: tuple[Span, ...], accuracy: Accuracy
) -> CalibrationTarget:
    chosen = measure.reading in {"", accuracy.repeat_reading}
    return CalibrationTarget(
        key=figure.key,
        period=figure.period,
        unit=figure.unit,
        role=figure.role if chosen else SHOWN,
        observed=figure.value,
        tolerance=figure.tolerance,
        measure=measure,
        days=days,
        discrepancy=accuracy.discrepancy.of(measure.kind),
        bound=figure.bound,
        is_assumed=figure.is_assumed,
    )


def _days(figure: ObservedFigure, count: int) -> tuple[Span, ...]:
    if count == 0:
        return ()
    try:
        days = spans(figure.period)
    except ValueError as error:
        raise _mistake(figure, "period", str(error), FORMS) from None
    if len(days) != count:
        form = "two periods, as Aug 2020 vs Jan 2020" if count == 2 else f"one of {FORMS}"
        raise _mistake(figure, "period", f"got {figure.period!r}", form)
    return days


def _forecasts(told: Sequence[CalibrationTarget], asked: _Asked) -> list[CalibrationTarget]:
    calendar, accuracy = asked.calendar, asked.accuracy
    known = {(target.key, target.period) for target in told}
    years = range(calendar.start.year, calendar.end.year + 1)
    found = []
    for key, period in ((key, f"{part} {year}") for key, part in _FORECASTS for year in years):
        days = spans(period)
        inside = calendar.start <= days[0].first and days[0].last <= calendar.end
        if inside and (key, period) not in known:
            measure = KNOWN[key][0]
            off = accuracy.discrepancy.of(measure.kind)
            found.append(
                CalibrationTarget(
                    key,
                    period,
                    _shown_unit(measure.unit, asked.currency),
                    FORECAST,
                    None,
                    0.0,
                    measure,
                    days,
                    off,
                )
            )
    return found


def _is_probed(measure: FigureMeasure, probes: Probes) -> bool:
    made = {"dates": bool(probes.dates), "voucher": probes.voucher_date is not None}
    return made.get(measure.probe, True)


def _probed(asked: _Asked) -> list[CalibrationTarget]:
    """What the experiments show at each date, beside the figures."""
    return [
        CalibrationTarget(
            key,
            str(day),
            _shown_unit(measure.unit, asked.currency),
            PROBE,
            None,
            0.0,
            measure,
            (Span(day, day),),
        )
        for key, measure in SHOWN_BY_DATE.items()
        for day in asked.probes.dates
    ]


def _unknown(figure: ObservedFigure) -> InputError:
    """Refuse a key of which the model has no measure, where the row is to be fitted or checked."""
    flows = [measure.name for measure in FLOW_MEASURES]
    match = nearest(figure.key, [*KNOWN, *flows])
    return InputError(
        _mistake(figure, "key", "", "").where,
        f"{figure.key!r} is no figure that the model has",
        f"{', '.join(KNOWN)}, and amounts of a day as gmv_paid_fen; any with role {UNMODELLED}",
        (f"did you mean {match}? else " if match else "correct the cell, or ")
        + f"write {UNMODELLED} for its role {figure.role}",
    )


def _mistake(figure: ObservedFigure, column: str, what: str, allowed: str) -> InputError:
    where = f"figures: {figure.address}, row {figure.row} ({figure.key}), column {column}"
    return InputError(where, what, allowed, "correct the cell, or remove the row")


def _factor_of(written: str, unit: str, currency: str) -> float | None:
    """Return by what a figure in a written unit is multiplied to be in `unit`; None if it has none.

    Parameters
    ----------
    written : the unit of an observed figure.
    unit : of its measure, see `engine.calibrate.measures.FigureMeasure`.
    currency : of the scenario.
    """
    wanted = unit.replace(_CURRENCY, currency)
    if written.startswith((wanted, _turned(wanted, currency))):
        return 1.0
    size, _, rest = wanted.partition(" ")
    if size not in _SIZES or (rest and rest != currency):
        return None
    own, others = _size(written, currency)
    return own / _SIZES[size] if own is not None and (not rest or others) else None


def _shown_unit(unit: str, currency: str) -> str:
    """Return a measure's unit with the currency in it."""
    return unit.replace(_CURRENCY, currency)


def _turned(wanted: str, currency: str) -> str:
    """`bn RMB` as `RMB bn`."""
    size, _, rest = wanted.partition(" ")
    return f"{currency} {size}" if rest == currency else wanted


def _size(written: str, currency: str) -> tuple[float | None, bool]:
    """Return the size word of a unit as a number, and whether the currency stands beside it."""
    has_currency = f" {currency} " in f" {written} "
    words = written.replace(currency, " ").split() if has_currency else written.split()
    if not words or words[0] not in _SIZES:
        return (1.0, True) if has_currency else (None, False)
    return _SIZES[words[0]], has_currency
