"""What of a year's sales is published by the decision, as amounts of the year so far."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from engine.calibrate.targets import CalibrationTarget
from engine.units import FEN_PER_BN_RMB

_SALES: Final = frozenset({"gmv", "gmv_fen", "gmv_paid_fen"})
"""Keys of figures that are sales of a period, bn of the currency."""


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
