"""What anybody could have said of a quarter's sales without a model.

seasonal line:  s_q (a + b q),  through the first two quarters that the fit saw,
s_q the quarter's share of a year in the whole market, times four
as last:        the last quarter that the fit saw before it
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from engine.calibrate.observed import FIT
from engine.calibrate.run_reader import Span, spans
from engine.errors import InputError
from engine.results.storage import open_folder

_SALES: Final = "gmv"
_MONTHS: Final = 12
_COLUMN: Final = "share_of_year_percent"


def read_seasons(address: str) -> tuple[float, ...]:
    """Return the share of a year's sales in each month, twelve of them.

    Parameters
    ----------
    address
        Path or `pyarrow.fs` address of a CSV with `month` (1 … 12, or several as 1-2) and
        `share_of_year_percent`.

    Raises
    ------
    InputError
        If a month is missing or a cell is no number.
    """
    parent, _, name = address.rpartition("/")
    folder = open_folder(parent or ".")
    if not name or not folder.exists(name):
        raise _refused(address, "there is no such file")
    found: dict[int, float] = {}
    try:
        for row in csv.DictReader(io.StringIO(folder.get(name).decode("utf-8-sig"), newline="")):
            first, _, last = row["month"].partition("-")
            months = range(int(first), int(last or first) + 1)
            found |= {month: float(row[_COLUMN]) / 100 / len(months) for month in months}
    except (KeyError, TypeError, ValueError, UnicodeDecodeError) as error:
        raise _refused(address, f"cannot be read ({error})") from None
    if sorted(found) != list(range(1, _MONTHS + 1)):
        raise _refused(address, f"holds the months {sorted(found)}")
    return tuple(found[month] for month in range(1, _MONTHS + 1))


def with_yardsticks(
    rows: Iterable[Mapping[str, Any]], seasons: Sequence[float]
) -> list[dict[str, Any]]:
    """Return the rows of `calibration` with what a line and the last quarter would have said.

    `by_line` and `as_last` are None for all but quarters' sales after those the line goes through.

    Parameters
    ----------
    rows
        As `calibration_rows` gives them.
    seasons
        Twelve shares of a year.
    """
    table = [dict(row) for row in rows]
    seen = {
        _quarter(row["period"]): float(row["observed"])
        for row in table
        if row["key"] == _SALES and row["role"] == FIT and row["simulated"] is not None
    }
    known = {quarter: value for quarter, value in seen.items() if quarter is not None}
    said = {
        row["period"]: _said(_quarter(row["period"]), known, seasons)
        for row in table
        if row["key"] == _SALES
    }
    nothing: dict[str, float | None] = {"by_line": None, "as_last": None}
    return [row | (said[row["period"]] if row["key"] == _SALES else nothing) for row in table]


def _said(
    quarter: int | None, known: Mapping[int, float], seasons: Sequence[float]
) -> dict[str, float | None]:
    first = sorted(known)[:2]
    if quarter is None or len(first) < 2 or quarter <= first[1]:
        return {"by_line": None, "as_last": None}
    levels = [known[one] / _season(one, seasons) for one in first]
    slope = (levels[1] - levels[0]) / (first[1] - first[0])
    line = (levels[1] + slope * (quarter - first[1])) * _season(quarter, seasons)
    return {"by_line": line, "as_last": known[max(one for one in known if one < quarter)]}


def _season(quarter: int, seasons: Sequence[float]) -> float:
    first = 3 * (quarter % 4)
    return 4.0 * sum(seasons[first : first + 3])


def _quarter(period: str) -> int | None:
    """Quarters since year 0 where a period is one, else None."""
    try:
        found = spans(period)
    except ValueError:
        return None
    return _of(found[0]) if len(found) == 1 else None


def _of(span: Span) -> int | None:
    first, last = span
    whole = first.day == 1 and first.year == last.year and last.month - first.month == 2
    return 4 * first.year + (first.month - 1) // 3 if whole and first.month % 3 == 1 else None


def _refused(address: str, what: str) -> InputError:
    return InputError(
        f"seasons: {address}",
        what,
        f"a CSV with month, 1 to 12 or several as 1-2, and {_COLUMN}",
        "correct the table",
    )
