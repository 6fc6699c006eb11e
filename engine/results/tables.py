"""From simulated years to Arrow tables."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine import metrics
from engine.results.schemas import schema
from engine.units import DOMAINS, KINDS, TIERS
from engine.year import Year


def first_day(config: Mapping[str, Any], world: str) -> date:
    """Return the first day of the horizon: the scenario's, unless the world changes it."""
    start = config["scenario"]["calendar"]["start"]
    worlds = (config.get("ensemble") or {}).get("worlds") or {}
    change = ((worlds.get(world) or {}).get("calendar") or {}).get("start")
    start = change or start
    return start if isinstance(start, date) else date.fromisoformat(str(start))


def part_name(labels: Mapping[str, Any]) -> str:
    """Name the file of one run: its keys, quoted, so that no two runs share a name."""
    keys = ",".join(quote(str(labels[name]), safe="") for name in metrics.KEYS)
    return f"run,{keys}.parquet"  # the first word keeps names from starting with a dot


def run_row(year: Year) -> dict[str, Any]:
    """Build the row of `runs`."""
    return {**year.labels, **year.run}


def daily_table(year: Year, start: date) -> pa.Table:
    """Build the rows of `daily`, one per day."""
    days = len(year.daily["gmv_fen"])
    dates = [start + timedelta(days=day) for day in range(days)]
    return _table("daily", year, {"date": dates, **year.daily}, days)


def monthly_table(year: Year, start: date) -> pa.Table:
    """Build the rows of `monthly`, one per calendar month."""
    count = len(year.monthly["paying_buyers_count"])
    months = [_month_after(start, month) for month in range(count)]
    return _table("monthly", year, {"month": months, **year.monthly}, count)


def segments_table(year: Year, start: date) -> pa.Table:
    """Build the rows of `segments`: day by kind by tier by domain, the last the fastest."""
    shape = next(iter(year.segments.values())).shape
    day, kind, tier, domain = (axis.ravel() for axis in np.indices(shape))
    columns = {
        "date": np.datetime64(start, "D") + day,
        "kind": np.array(KINDS)[kind],
        "tier": np.array(TIERS)[tier],
        "domain": np.array(DOMAINS)[domain],
        **{name: values.ravel() for name, values in year.segments.items()},
    }
    return _table("segments", year, columns, day.size)


def anchors_table(year: Year) -> pa.Table:
    """Build the rows of `anchors`, one per anchor."""
    count = len(next(iter(year.anchors.values())))
    return _table("anchors", year, {"anchor": np.arange(count), **year.anchors}, count)


def _table(
    name: str, year: Year, columns: Mapping[str, Sequence[Any] | NDArray[Any]], rows: int
) -> pa.Table:
    """Put `columns` beside the run's labels, in the order and types of the schema."""
    labels = {key: pa.repeat(pa.scalar(year.labels[key]), rows) for key in metrics.KEYS}
    known = schema(name)
    extra = {
        column: _kind(values) for column, values in columns.items() if column not in known.names
    }
    shape = schema(name, extra)
    ordered = pa.schema([shape.field(column) for column in [*known.names, *extra]])
    return pa.table({**labels, **columns}, schema=ordered)


def _kind(values: Any) -> type:
    """Return the plain type of an array's values."""
    kind = np.asarray(values).dtype.kind
    return {"i": int, "u": int, "f": float, "b": bool, "U": str}[kind]


def _month_after(start: date, months: int) -> date:
    year, month = divmod(start.month - 1 + months, 12)
    return date(start.year + year, month + 1, 1)
