"""What a sweep moves, in words: beyond noise or not, at which job, against the first of them."""

from collections.abc import Sequence
from typing import Final

from engine.collection import CHANGED
from engine.measures.catalogue import FLOWS
from engine.report.formatting import label, show, show_change, unit
from engine.results.schemas import Row

SUMMED: Final = FLOWS.keys() | {"target_attained"}
"""Measures that longer horizons have more of: sums, and whether sales reach their target."""


def told_jobs(rows: Sequence[Row]) -> list[Row]:
    """Return the rows that have runs."""
    return [row for row in rows if row["policy"]]


def _of_different_days(told: Sequence[Row]) -> bool:
    return len({(row.get("first_day"), row.get("last_day")) for row in told}) > 1


def moved_measures(rows: Sequence[Row]) -> list[str]:
    """Return the measures that move in the sweep and are known of all its jobs.

    No sums where jobs report different days: longer ones sum up more of them.
    """
    told = told_jobs(rows)
    is_apart = _of_different_days(told)
    return [
        name
        for name in CHANGED
        if told
        and not (is_apart and name in SUMMED)
        and all(row.get(name) is not None for row in told)
        and len({float(row[name]) for row in told}) > 1
    ]


def sweep_finding(rows: Sequence[Row], measure: str) -> str:
    """Say between which jobs a measure is highest and lowest."""
    told = told_jobs(rows)
    best = max(told, key=lambda row: row[measure])
    worst = min(told, key=lambda row: row[measure])
    high, low = (show(measure, row[measure]) for row in (best, worst))
    of = unit(measure)
    in_unit = f" {of}" if of not in {"", "%"} else ""
    if high == low:
        return f"{label(measure)} does not move: {high}{in_unit} in all jobs"
    if not _moves(told, measure):
        return f"{label(measure)} does not move beyond noise: {low} to {high}{in_unit}"
    return (
        f"{label(measure)} is highest at {_name(best, told)}, {high}"
        f"{in_unit}, and lowest at {_name(worst, told)}, {low}{in_unit}"
    )


def sweep_sentence(told: Sequence[Row], measure: str) -> str:
    """Say of the job with the largest change what it is, against the first.

    Nothing of a sum where jobs report different days: longer ones sum up more of them.
    """
    if measure in SUMMED and _of_different_days(told):
        return ""
    moved = [row for row in told if row.get(f"{measure}_change") is not None]
    if not moved:
        return f"{sweep_finding(told, measure)}." if measure in moved_measures(told) else ""
    beyond = [row for row in moved if _is_told(row, measure)]
    most = max(beyond or moved, key=lambda row: abs(row[f"{measure}_change"]))
    if not most[f"{measure}_change"]:
        return f"{label(measure)} is the same in all jobs."
    if not beyond and _is_told(most, measure) is not None:
        return f"{label(measure)} does not move beyond noise in any job."
    of = unit(measure)
    in_unit = f" {of}" if of not in {"", "%"} else ""
    is_told = _is_told(most, measure)
    sure = "" if is_told is None else f", {'' if is_told else 'not '}distinguishable from zero"
    return (
        f"{label(measure)} changes most at {_name(most, told)}: {job_change(most, measure)}"
        f"{in_unit} against {told[0]['name']}{sure}."
    )


def job_change(row: Row, measure: str) -> str:
    """Write a job's change against the first, with half its interval."""
    low, high = (row[f"{measure}_change_ci_{end}"] for end in ("low", "high"))
    half = None if low is None or high is None else (high - low) / 2
    return show_change(measure, row[f"{measure}_change"], half)


def _moves(told: Sequence[Row], measure: str) -> bool:
    """Whether jobs differ in a measure by more than noise, as far as that is known.

    By the paired changes to the first job; where nothing is paired by whether the highest and the
    lowest mean lie two standard errors of each apart; without any of these it is taken as it is.
    """
    if len({row["policy"] for row in told}) > 1:
        return True  # policies are not jobs
    changed = [row for row in told if row.get(f"{measure}_change") is not None]
    if changed:
        return any(_is_told(row, measure) is not False for row in changed)
    best, worst = (end(told, key=lambda row: row[measure]) for end in (max, min))
    error, other = (row.get(f"{measure}_se") for row in (best, worst))
    if error is None or other is None:
        return True
    return bool(best[measure] - worst[measure] > 2 * (error + other))


def _is_told(row: Row, measure: str) -> bool | None:
    """Whether the interval of a change leaves out zero; None where there is none."""
    low, high = (row[f"{measure}_change_ci_{end}"] for end in ("low", "high"))
    return None if low is None or high is None else bool(low * high > 0)


def _name(row: Row, told: Sequence[Row]) -> str:
    several = len({one["policy"] for one in told}) > 1
    called = f"“{row['says']}”" if row.get("says") else row["policy"]
    return f"{row['name']}, {called}" if several else str(row["name"])
