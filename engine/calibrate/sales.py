"""Own sales by day or by month as observed figures: one for each month and amount.

A table with a column `date` (2020-05-14, or 2020-05 for a month) and columns named as measures
that add up over days (`gmv_fen`, `gmv_paid_fen`, `orders_count`, `returned_fen` …). Days are added
up; a month in which days are missing is left out, since its sum would say too little.
"""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from engine.errors import InputError
from engine.measures.flows import FLOW_MEASURES
from engine.units import FEN_PER_BN_RMB

_DATE: Final = "date"
_FLOWS: Final = tuple(measure.name for measure in FLOW_MEASURES)
_MONTH: Final = "%Y-%m"


class _Cell(NamedTuple):
    """Where a value stands."""

    address: str
    row: int
    column: str

    def mistake(self, got: Any, allowed: str) -> InputError:
        where = f"figures: {self.address}, row {self.row}, column {self.column}"
        return InputError(where, f"got {got!r}", allowed, "correct the cell, or remove the row")


def is_sales(columns: Sequence[str]) -> bool:
    """Tell whether a table with such columns holds sales by date."""
    return _DATE in columns and "key" not in columns


def figures_of_sales(
    address: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str], currency: str = "RMB"
) -> list[dict[str, str]]:
    """Return rows of observed figures, as `observed.read_figures` knows them.

    Parameters
    ----------
    address : of the table, for messages.
    rows, columns : of the table, as texts or as Parquet has them.
    currency : in which amounts are given.

    Raises
    ------
    InputError
        Naming the first cell that cannot be, a day or month that stands twice, a column that is
        no measure, or a table without a whole month.
    """
    measures = [column for column in columns if column != _DATE]
    for column in measures:
        if column not in _FLOWS:
            raise _Cell(address, 0, column).mistake(column, ", ".join((_DATE, *_FLOWS)))
    days: dict[str, set[int]] = {}
    sums: dict[tuple[str, str], int] = {}
    for number, row in enumerate(rows, start=1):
        at = _Cell(address, number, _DATE)
        month, day = _month_and_day(row.get(_DATE), at)
        seen = days.setdefault(month, set())
        if day in seen or 0 in seen or (day == 0 and seen):
            raise at.mistake(row.get(_DATE), "each day or each month once")
        seen.add(day)
        for column in measures:
            amount = _amount(row.get(column), _Cell(address, number, column))
            sums[month, column] = sums.get((month, column), 0) + amount
    whole = [month for month in sorted(days) if _is_whole(month, days[month])]
    if not whole or not measures:
        raise InputError(
            f"figures: {address}",
            "has no month of which every day is told",
            "a whole month of days, or rows such as 2020-05",
            "add the days that are missing",
        )
    return [
        _figure(month, column, sums[month, column], currency)
        for month in whole
        for column in measures
    ]


def _month_and_day(written: Any, at: _Cell) -> tuple[str, int]:
    """The month, and the day in it, 0 for all of the month."""
    if isinstance(written, date):
        return written.strftime(_MONTH), written.day
    text = str(written or "").strip()
    try:
        if len(text) == len("2020-05"):
            return datetime.strptime(text, _MONTH).strftime(_MONTH), 0  # noqa: DTZ007 - a month
        day = date.fromisoformat(text)
    except ValueError:
        raise at.mistake(written, "a day like 2020-05-14, or a month like 2020-05") from None
    return day.strftime(_MONTH), day.day


def _amount(written: Any, at: _Cell) -> int:
    allowed = "a whole number, at least 0"
    try:
        amount = float(written)
    except (TypeError, ValueError):
        raise at.mistake(written, allowed) from None
    if not (amount >= 0 and amount.is_integer()):
        raise at.mistake(written, allowed)
    return int(amount)


def _is_whole(month: str, days: set[int]) -> bool:
    year, number = map(int, month.split("-"))
    return days == {0} or len(days) == monthrange(year, number)[1]


def _figure(month: str, column: str, amount: int, currency: str) -> dict[str, str]:
    is_money = column.endswith("_fen")
    value = amount / (FEN_PER_BN_RMB if is_money else 1e6)
    return {
        "role": "fit",
        "key": column,
        "period": month,
        "value": repr(value),
        "unit": f"bn {currency}" if is_money else "million",
        "confidence": "high",
    }
