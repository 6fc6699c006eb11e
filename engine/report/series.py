"""Days of several years as one curve a policy: the mean and the range over replications."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.report.charts import Series
from engine.report.chosen import found_lines, spread
from engine.report.study import Line
from engine.report.words import scaled

MOST: Final = 6
"""Curves that stay readable in one picture."""

COLOURS: Final = ("#2e6ebe", "#d9652b", "#3f9b78", "#9c62b8", "#c39a1f", "#c4506e")
GIVEN: Final = ("#7c8694", "#a08a6a", "#6f9a9c")
"""Colours of policies that were found and of those that were given."""

Curve = tuple[list[date], NDArray[np.float64]]


def shown_lines(lines: Sequence[Line], chosen: Line | None) -> list[Line]:
    """Choose what to draw over time: the baselines, the chosen policy, and the frontier's spread.

    Of the frontier, the cheapest and the dearest policy and some between them.
    """
    given = [line for line in lines if line.is_baseline]
    given = sorted(given, key=lambda line: line is not chosen)[: len(GIVEN)]
    first = [line for line in lines if line is chosen and line not in given]
    rest = [line for line in found_lines(lines) if line not in first]
    return given + first + spread(rest, MOST - len(given) - len(first))


def curves(daily: pa.Table, lines: Sequence[Line], column: str, *, weekly: bool) -> list[Series]:
    """Draw `column` of each policy's days, in bn RMB; `weekly` adds up weeks of seven days."""
    given, found = iter(GIVEN), iter(COLOURS)
    drawn = []
    for line in lines:
        dates, years = _years(daily, line.policy, column)
        if weekly and len(dates) >= 7:
            whole = len(dates) // 7 * 7
            years = years[:, :whole].reshape(len(years), -1, 7).sum(axis=2)
            dates = dates[:whole:7]
        if not len(years) or len(dates) < 2:
            continue
        tint = next(given) if line.is_baseline else next(found)
        amounts = years * scaled("gmv_paid_fen", 1)
        drawn.append(
            Series(
                line.policy,
                tint,
                dates,
                amounts.mean(axis=0),
                amounts.min(axis=0),
                amounts.max(axis=0),
                line.is_baseline,
            )
        )
    return drawn


def target_path(daily: pa.Table, lines: Sequence[Line]) -> tuple[str, Curve] | None:
    """Return the path of the target, in bn RMB, and who steers by it: a found policy if any."""
    for line in sorted(lines, key=lambda line: line.is_baseline):
        dates, years = _years(daily, line.policy, "target_cumulative_fen")
        if len(years) and years.max() > 0:
            return line.policy, (dates, years.mean(axis=0) * scaled("gmv_paid_fen", 1))
    return None


def _years(daily: pa.Table, policy: str, column: str) -> tuple[list[date], NDArray[np.float64]]:
    """Return one policy's dates, and its runs as rows over these days.

    Runs of another horizon than the first one's are left out.
    """
    names = ["world", "replication", "seed"]
    rows = daily.filter(pc.equal(daily["policy"], policy)).select([*names, "date", column])
    rows = rows.sort_by([(name, "ascending") for name in (*names, "date")])
    dates = sorted(set(rows["date"].to_pylist()))
    values = rows[column].to_numpy().astype(np.float64)
    if not dates or len(values) % len(dates):
        return [], np.empty((0, 0))
    return dates, values.reshape(-1, len(dates))
