"""What a sweep moves, in words: its keys, its jobs, and the change against the first of them."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from engine.collection import CHANGED, FINISHED
from engine.report.formatting import (
    NONE,
    label,
    label_inside,
    show,
    show_change,
    unit,
)
from engine.results.schemas import Row

_KEY: Final = "override."

_TOLD: Final = ("gmv_paid_fen", "platform_contribution_fen", "target_attained")
"""Measures of which a sentence is said."""

NOTE: Final = (
    "Means over all runs of a job; in brackets the paired difference to the first job under common "
    "random numbers, ± half of its 95 % interval."
)


class _SweepShape(NamedTuple):
    """How a sweep is drawn: along a numeric key, or by the names of its jobs.

    `along` is a column `override.KEY`, empty where no key is numeric; rows of one `series` differ
    in nothing else.
    """

    along: str
    series: list[str]


def told_rows(rows: Sequence[Row]) -> list[Row]:
    """Return the rows that have runs."""
    return [row for row in rows if row["policy"]]


def _sweep_keys(rows: Sequence[Row]) -> list[str]:
    """Return the columns of what differs between jobs."""
    columns = dict.fromkeys(name for row in rows for name in row if name.startswith(_KEY))
    return [name for name in columns if len({row.get(name) for row in rows}) > 1]


def sweep_shape(rows: Sequence[Row]) -> _SweepShape:
    """Return the numeric key with the most values, and the series beside it."""
    told = told_rows(rows)
    numeric = [name for name in _sweep_keys(told) if all(_is_number(row[name]) for row in told)]
    along = max(numeric, key=lambda name: len({row[name] for row in told}), default="")
    return _SweepShape(along, list(dict.fromkeys(series_of(row, rows, along) for row in told)))


def series_of(row: Row, rows: Sequence[Row], along: str) -> str:
    """Name what a job has besides the key along which it is drawn; its policy where several are."""
    others = [name for name in _sweep_keys(told_rows(rows)) if name != along]
    parts = [f"{key_word(name)}={_value(row[name])}" for name in others]
    several = len({one["policy"] for one in told_rows(rows)}) > 1
    return ", ".join([*parts, *([row["policy"]] if several else [])])


def key_word(column: str) -> str:
    """Return a key without what stands before it, for people."""
    return column.removeprefix(_KEY)


def sweep_title(rows: Sequence[Row]) -> str:
    """Return what the page is called."""
    keys = [key_word(name) for name in _sweep_keys(rows)]
    return f"A sweep of {', '.join(keys)}" if keys else f"{len(rows)} jobs side by side"


def unfinished_jobs(rows: Sequence[Row]) -> str:
    """Say which jobs are not finished, and why; empty where all are."""
    left = {row["name"]: row["message"] for row in rows if row["state"] != FINISHED}
    if not left:
        return ""
    jobs = len({row["job"] for row in rows})
    first = next((one.strip().splitlines()[-1] for one in left.values() if one.strip()), "")
    because = f": {first}" if first else ""
    return f"{len(left)} of {jobs} jobs are not finished: {', '.join(left)}{because}"


def sweep_sentences(rows: Sequence[Row]) -> list[str]:
    """Say how far each main measure moves over the sweep, and whether it is more than noise."""
    told = told_rows(rows)
    if not told:
        return ["No job has finished runs."]
    return [one for one in (_sentence(told, measure) for measure in _TOLD) if one]


def sweep_finding(rows: Sequence[Row], measure: str) -> str:
    """Say between which jobs a measure is highest and lowest."""
    told = told_rows(rows)
    best = max(told, key=lambda row: row[measure])
    worst = min(told, key=lambda row: row[measure])
    if best[measure] == worst[measure]:
        return f"{label(measure)} does not move: {show(measure, best[measure])} in all jobs"
    of = unit(measure)
    in_unit = f" {of}" if of not in {"", "%"} else ""
    return (
        f"{label(measure)} is highest at {_name(best, told)}, {show(measure, best[measure])}"
        f"{in_unit}, and lowest at {_name(worst, told)}, {show(measure, worst[measure])}{in_unit}"
    )


def drawn_measures(rows: Sequence[Row]) -> list[str]:
    """Return the measures that move in the sweep and are known of all its jobs."""
    told = told_rows(rows)
    return [
        name
        for name in CHANGED
        if told
        and all(row.get(name) is not None for row in told)
        and len({float(row[name]) for row in told}) > 1
    ]


def sweep_heads(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Return the heads of the table of jobs."""
    several = len({row["policy"] for row in told_rows(rows)}) > 1
    heads = [("Job", ""), *([("Policy", "")] if several else []), ("Runs", "")]
    return [*heads, *((label(name), unit(name)) for name in CHANGED)]


def sweep_cells(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    """Yield the cells of every job and policy: means, each with its change."""
    several = len({row["policy"] for row in told_rows(rows)}) > 1
    for row in rows:
        policy = [row["policy"] or NONE] if several else []
        name = row["name"] if row["policy"] else f"{row['name']} ({row['state']})"
        yield name, *policy, str(row["runs_count"]), *(_cell(row, one) for one in CHANGED)


def _cell(row: Row, measure: str) -> str:
    change = row.get(f"{measure}_change")
    mean = show(measure, row.get(measure))
    return mean if change is None else f"{mean} ({_change(row, measure)})"


def _change(row: Row, measure: str) -> str:
    low, high = (row[f"{measure}_change_ci_{end}"] for end in ("low", "high"))
    half = None if low is None or high is None else (high - low) / 2
    return show_change(measure, row[f"{measure}_change"], half)


def _sentence(told: Sequence[Row], measure: str) -> str:
    """Say of the job with the largest change what it is, against the first."""
    moved = [row for row in told if row.get(f"{measure}_change") is not None]
    if not moved:
        return f"{sweep_finding(told, measure)}." if measure in drawn_measures(told) else ""
    most = max(moved, key=lambda row: abs(row[f"{measure}_change"]))
    if not most[f"{measure}_change"]:
        return f"{label(measure)} is the same in all jobs."
    low, high = (most[f"{measure}_change_ci_{end}"] for end in ("low", "high"))
    is_told = low is not None and high is not None and low * high > 0
    of = unit(measure)
    in_unit = f" {of}" if of not in {"", "%"} else ""
    return (
        f"Most changes {label_inside(measure)} at {_name(most, told)}: {_change(most, measure)}"
        f"{in_unit} against {_name(told[0], told)}, "
        f"{'' if is_told else 'not '}distinguishable from zero."
    )


def _name(row: Row, told: Sequence[Row]) -> str:
    several = len({one["policy"] for one in told}) > 1
    return f"{row['name']}, {row['policy']}" if several else str(row["name"])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
