"""What of a year's sales is published, as amounts of the year so far."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from engine.calibrate.observed import read_figures
from engine.calibrate.targets import CalibrationTarget, match_figures
from engine.errors import InputError
from engine.spec.accuracy import Accuracy
from engine.spec.scenario import Scenario
from engine.units import FEN_PER_BN_RMB

_SALES: Final = frozenset({"gmv", "gmv_fen", "gmv_paid_fen"})
"""Keys of figures that are sales of a period, bn of the currency."""


_ANY: Final = Accuracy.model_validate(
    {
        "tolerance": dict.fromkeys(("high", "medium", "low"), 1),
        "discrepancy": dict.fromkeys(("level", "growth", "share", "elasticity", "elsewhere"), 0),
        "repeat_reading": "twice",
    }
)
"""How accurate figures are does not matter where they are only drawn."""


def published_rows(known: Sequence[CalibrationTarget]) -> list[dict[str, date | float]]:
    """Return the rows of `published`: what was sold in the year until the end of a month."""
    return [
        {"month": month, "so_far_fen": so_far} for month, so_far in published_so_far(known).items()
    ]


def published_sales(address: str, scenario: Scenario) -> list[CalibrationTarget]:
    """Return the sales in a table of figures that lie within a scenario's calendar.

    Empty where the table cannot be read or has none: what is drawn beside a run stops no run.
    """
    try:
        figures = read_figures(address, _ANY.tolerance)
        sales = [one for one in figures if one.key.partition("@")[0] in _SALES]
        return match_figures(sales, scenario.calendar, _ANY, currency=scenario.currency)[0]
    except InputError:
        return []


def published_so_far(known: Sequence[CalibrationTarget]) -> dict[date, float]:
    """Return what was sold from 1 January to the end of a month, fen, by the month's first day.

        so far(m) = sum of the figures whose periods follow one another from 1 January to m's end

    Where several do, as a half-year and its quarters, the longest figure counts. A month to whose
    end no periods lead is left out.

    Parameters
    ----------
    known
        Figures, from `engine.decision.weights.known_actuals`.
    """
    found: dict[date, float] = {}
    sales = [one for one in known if one.key in _SALES and len(one.days) == 1 and not one.bound]
    for one in sorted(sales, key=lambda one: (one.days[0].last, one.days[0].first)):
        (span,) = one.days
        before = span.first - timedelta(days=1)
        is_first = (span.first.month, span.first.day) == (1, 1)
        is_month_s_end = (span.last + timedelta(days=1)).day == 1
        if one.observed is None or not is_month_s_end or not (is_first or before in found):
            continue
        so_far = (0.0 if is_first else found[before]) + one.observed * FEN_PER_BN_RMB
        found.setdefault(span.last, so_far)
    return {last.replace(day=1): so_far for last, so_far in found.items()}
