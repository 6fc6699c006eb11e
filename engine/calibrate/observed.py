"""Observed figures: a user's CSV or Parquet, read and checked row by row.

Own sales by day or by month are figures as well, one for each month and amount: a table with a
column `date` (2020-05-14, or 2020-05 for a month) and columns named as measures that add up over
days (`gmv_fen`, `gmv_paid_fen`, `orders_count`, `returned_fen` …). Days are added up; a month in
which days are missing is left out, since its sum would say too little.
"""

import csv
import io
import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from math import isfinite
from pathlib import Path
from typing import Any, Final, NamedTuple

from engine.errors import CombinedInputError, InputError
from engine.measures.flows import FLOW_MEASURES
from engine.results.storage import open_folder
from engine.spec.accuracy import Tolerance
from engine.units import FEN_PER_BN_RMB

FIT, CHECK, UNMODELLED = "fit", "check", "unmodelled"
"""Roles of a row; the last of one that is kept beside the others, and nothing is made of it."""

_SEPARATORS: Final = (",", ";", "\t")
_NEEDED: Final = ("key", "period", "value", "unit", "role")
_BOUNDS: Final = {">": 1, "<": -1}
"""What stands before a value that is a bound: the figure lies above it, or below."""

_RANGE: Final = re.compile(r"(-?\d+(?:\.\d+)?)\s*(?:-|…|to)\s*(\d+(?:\.\d+)?)")

_ASSUMED: Final = ("placeholder", "assumed")
"""How the note of a figure begins that nobody observed."""

_DATE: Final = "date"
_FLOWS: Final = tuple(measure.name for measure in FLOW_MEASURES)
_MONTH: Final = "%Y-%m"


class ObservedFigure(NamedTuple):
    """One observed figure.

    `value` is None where the table holds words in place of a number; of a range such as
    `30-50` it is the middle, and `tolerance` at least half of the width. `bound` is 1 where all
    that is known is that the figure lies above the value, -1 where it lies below, else 0. `row`
    counts the rows of data from 1. `written` is the value as it stands in the table `address`.
    `is_assumed` where its note says that nobody observed it: a placeholder, or assumed.
    """

    row: int
    key: str
    period: str
    value: float | None
    tolerance: float
    unit: str
    role: str
    bound: int = 0
    written: str = ""
    address: str = ""
    is_assumed: bool = False


def read_figures(address: str, tolerance: Tolerance) -> list[ObservedFigure]:
    """Read a table with the columns key, period, value, unit, role, and tolerance or confidence.

    Or one of sales by day or by month; see `engine.calibrate.observed`.

    Parameters
    ----------
    address : path or `pyarrow.fs` address of a `.csv` or `.parquet` file.
    tolerance : shares of the value for rows that give a confidence and no tolerance.

    Raises
    ------
    InputError
        Listing every mistake with its row and column.
    """
    mistakes: list[InputError] = []
    figures = []
    seen: dict[tuple[str, str], int] = {}
    for number, row in enumerate(_rows(address), start=1):
        try:
            figure = _figure(_Cells(address, number, row), tolerance)
            twin = seen.setdefault((figure.key, figure.period), number)
            if twin != number:
                raise _Cells(address, number, row).mistake(
                    "key", f"{figure.key} of {figure.period} stands in row {twin} already", "once"
                )
            figures.append(figure)
        except InputError as mistake:
            mistakes.append(mistake)
    if mistakes:
        raise CombinedInputError(mistakes)
    return figures


class _Cells(NamedTuple):
    """One row, and where it stands."""

    address: str
    number: int
    row: Mapping[str, Any]

    def text(self, column: str) -> str:
        value = self.row.get(column)
        return "" if value is None else str(value).strip()

    def mistake(self, column: str, what: str, allowed: str) -> InputError:
        where = f"figures: {self.address}, row {self.number}, column {column}"
        return InputError(where, what, allowed, "correct the cell, or remove the row")


def _figure(cells: _Cells, tolerance: Tolerance) -> ObservedFigure:
    for column in ("key", "value"):
        if not cells.text(column):
            raise cells.mistake(column, "is empty", "a name" if column == "key" else "a number")
    role = cells.text("role")
    if role not in {FIT, CHECK, UNMODELLED}:
        raise cells.mistake("role", f"got {role!r}", f"{FIT}, {CHECK} or {UNMODELLED}")
    text = cells.text("value")
    bound = _BOUNDS.get(text[0], 0)
    value, half = _value(text[1:].strip() if bound else text)
    return ObservedFigure(
        row=cells.number,
        key=cells.text("key"),
        period=cells.text("period"),
        value=value,
        tolerance=_tolerance(cells, value, half, tolerance),
        unit=cells.text("unit"),
        role=role,
        bound=bound if value is not None else 0,
        written=text,
        address=cells.address,
        is_assumed=cells.text("note").lower().startswith(_ASSUMED),
    )


def _value(text: str) -> tuple[float | None, float]:
    """Return a number and half the width of its range; no number if there is none."""
    found = _RANGE.fullmatch(text)
    if found:
        low, high = float(found[1]), float(found[2])
        return (low + high) / 2, abs(high - low) / 2
    try:
        number = float(text)
    except ValueError:
        return None, 0.0
    return (number, 0.0) if isfinite(number) else (None, 0.0)


def _tolerance(cells: _Cells, value: float | None, half: float, tolerance: Tolerance) -> float:
    given = cells.text("tolerance")
    if given:
        number = _value(given)[0]
        if number is None or number <= 0:
            raise cells.mistake("tolerance", f"got {given!r}", "a number above 0, in the unit")
        return number
    word, known = cells.text("confidence"), dict(tolerance)
    if word not in known:
        allowed = f"{', '.join(known)}; or a number in the column tolerance"
        raise cells.mistake("confidence", f"got {word!r}", allowed)
    share = float(known[word]) * abs(value or 0.0)
    if value is not None and max(share, half) == 0:
        raise cells.mistake("value", "is 0: no share of it is a tolerance", "a tolerance beside it")
    return max(share, half)


def _rows(address: str) -> Sequence[Mapping[str, Any]]:
    """Read the file's rows as mappings; refuse a file without the columns."""
    parent, _, name = address.rpartition("/")
    folder = open_folder(parent or ("/" if address.startswith("/") else "."))
    if not name or not folder.exists(name) or ("://" not in address and Path(address).is_dir()):
        raise _refused(address, "there is no such file", "correct the path")
    data = folder.get(name)
    rows, columns = _parquet(address, data) if name.endswith(".parquet") else _csv(address, data)
    if _is_sales(columns):
        return _figures_of_sales(address, rows, columns)
    missing = [column for column in _NEEDED if column not in columns]
    if not {"tolerance", "confidence"} & set(columns):
        missing.append("tolerance (or confidence)")
    if missing:
        raise _refused(address, f"lacks the columns {', '.join(missing)}", "add them")
    if not rows:
        raise _refused(address, "has no rows", "add some")
    return rows


def _csv(address: str, data: bytes) -> tuple[list[dict[str, Any]], list[str]]:
    try:
        text = data.decode("utf-8-sig")
        head = text.partition("\n")[0]
        # Where a comma marks decimals, programs put semicolons between cells.
        mark = max(_SEPARATORS, key=head.count)
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True, delimiter=mark)
        return list(reader), list(reader.fieldnames or [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise _refused(address, f"is no CSV in UTF-8 ({error})", "save it again") from None


def _parquet(address: str, data: bytes) -> tuple[list[dict[str, Any]], list[str]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(data), use_threads=False, pre_buffer=False)
    except (pa.ArrowException, OSError, ValueError) as error:  # OSError: damaged, e.g. its footer
        raise _refused(address, f"is no Parquet table ({error})", "save it again") from None
    return table.to_pylist(), table.column_names


def _refused(address: str, what: str, remedy: str) -> InputError:
    allowed = f"CSV or Parquet with the columns {', '.join(_NEEDED)}, and tolerance or confidence"
    return InputError(f"figures: {address}", what, allowed, remedy)


class _SalesCell(NamedTuple):
    """Where a value stands."""

    address: str
    row: int
    column: str

    def mistake(self, got: Any, allowed: str) -> InputError:
        where = f"figures: {self.address}, row {self.row}, column {self.column}"
        return InputError(where, f"got {got!r}", allowed, "correct the cell, or remove the row")


def _is_sales(columns: Sequence[str]) -> bool:
    """Tell whether a table with such columns holds sales by date."""
    return _DATE in columns and "key" not in columns


def _figures_of_sales(
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
            raise _SalesCell(address, 0, column).mistake(column, ", ".join((_DATE, *_FLOWS)))
    days: dict[str, set[int]] = {}
    sums: dict[tuple[str, str], int] = {}
    for number, row in enumerate(rows, start=1):
        at = _SalesCell(address, number, _DATE)
        month, day = _month_and_day(row.get(_DATE), at)
        seen = days.setdefault(month, set())
        if day in seen or 0 in seen or (day == 0 and seen):
            raise at.mistake(row.get(_DATE), "each day or each month once")
        seen.add(day)
        for column in measures:
            amount = _sales_amount(row.get(column), _SalesCell(address, number, column))
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
        _month_figure(month, column, sums[month, column], currency)
        for month in whole
        for column in measures
    ]


def _month_and_day(written: Any, at: _SalesCell) -> tuple[str, int]:
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


def _sales_amount(written: Any, at: _SalesCell) -> int:
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


def _month_figure(month: str, column: str, amount: int, currency: str) -> dict[str, str]:
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
