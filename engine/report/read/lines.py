"""A line for every policy, out of the rows of `frontier` and `runs`; which lines stand out."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from engine.report.read.results_model import SHOWN, VIOLATED, Estimate, Line
from engine.results.schemas import Row
from engine.stats.intervals import mean_interval
from engine.stats.paired import independent_units, means_by


def frontier_lines(
    rows: Sequence[Row], runs: Sequence[Row] = (), reaching: Collection[str] = ()
) -> list[Line]:
    """Turn rows of `frontier` into lines; what a row lacks comes from the policy's `runs`.

    A policy that only violates constraints named in `reaching` still counts as feasible:
    whether it reaches the target is said apart.
    """
    by_policy = _grouped(runs)
    return [
        Line(
            policy=row["policy"],
            is_baseline=bool(row.get("is_baseline")),
            estimates={
                name: _estimate(row, name, by_policy.get(row["policy"], [])) for name in SHOWN
            },
            binding=row.get("binding") or "",
            feasible=_is_feasible(row, reaching),
            violation=row.get("violation") or 0.0,
            on_frontier=row.get("on_frontier") is not False,
            is_recommended=row.get("is_recommended") is True,
            levers={
                name.removeprefix("lever."): value
                for name, value in row.items()
                if name.startswith("lever.") and value is not None
            },
            runs_count=int(row.get("runs_count") or len(by_policy.get(row["policy"], []))),
        )
        for row in rows
    ]


def run_lines(runs: Sequence[Row]) -> list[Line]:
    """Turn rows of `runs` into one line per policy."""
    return [
        Line(
            policy=policy,
            is_baseline=False,
            estimates={name: _from_runs(rows, name) for name in SHOWN},
            binding=_binding(rows),
            runs_count=len(rows),
        )
        for policy, rows in _grouped(runs).items()
    ]


def paired_change(runs: Sequence[Row], policy: str, baseline: str, measure: str) -> Estimate:
    """Estimate the difference of two policies over the years they share; empty if none."""
    a, b = (
        {_pair(row): float(row[measure]) for row in runs if row["policy"] == name}
        for name in (policy, baseline)
    )
    keys = sorted(a.keys() & b.keys())
    if not keys:
        return Estimate()
    return _mean(keys, [a[key] - b[key] for key in keys])


def found_lines(lines: Sequence[Line]) -> list[Line]:
    """Return what the search found: the policies on the frontier, or all if none is on it."""
    found = [line for line in lines if not line.is_baseline]
    return [line for line in found if line.on_frontier] or found


def _pair(row: Row) -> tuple[str, int, int, int]:
    """World, replication, population and run seed; older tables do not tell the population."""
    return row["world"], row["replication"], row.get("population") or 0, row["seed"]


def _grouped(runs: Sequence[Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in runs:
        groups.setdefault(row["policy"], []).append(row)
    return groups


def _is_feasible(row: Row, reaching: Collection[str]) -> bool:
    names = (row.get("binding") or "").split(", ")
    violated = [name.removesuffix(VIOLATED) for name in names if name.endswith(VIOLATED)]
    if violated:
        return all(name in reaching for name in violated)
    return row.get("feasible") is not False


def _estimate(row: Row, measure: str, runs: Sequence[Row]) -> Estimate:
    if measure == "target_attained" and _is_without_goal(row):
        return Estimate()
    if row.get(measure) is None:
        return _from_runs(runs, measure) if runs else Estimate()
    low, high = row.get(f"{measure}_ci_low"), row.get(f"{measure}_ci_high")
    return Estimate(float(row[measure]), low, high, row.get(f"{measure}_search"))


def _is_without_goal(row: Row) -> bool:
    """Only where the year has no goal has a policy attained nothing of it."""
    return row.get("attainment_share") == 0


def _from_runs(runs: Sequence[Row], measure: str) -> Estimate:
    if measure == "target_attained" and all(_is_without_goal(row) for row in runs):
        return Estimate()
    return _mean([_pair(row) for row in runs], [float(row[measure]) for row in runs])


def _mean(keys: Sequence[tuple[str, int, int, int]], values: Sequence[float]) -> Estimate:
    """Estimate a mean over replications; worlds share their seeds and are averaged first."""
    worlds, replications, populations, _ = zip(*keys, strict=True)
    found = mean_interval(
        means_by(independent_units(replications, populations), np.array(values, np.float64))
    )
    names = list(dict.fromkeys(worlds))
    places = np.array([names.index(world) for world in worlds], np.int64)
    by_world = means_by(places, np.array(values, np.float64))
    ends = (float(by_world.min()), float(by_world.max())) if len(names) > 1 else None
    return Estimate(found.value, found.low, found.high, worlds=ends)


def _binding(runs: Sequence[Mapping[str, Any]]) -> str:
    """Name what bound in half of the years or more."""
    spent = np.mean([row["budget_fen"] > 0 and row["budget_spent_share"] > 0.999 for row in runs])
    capped = np.mean([row["cap_binding_share"] > 0.01 for row in runs])
    return ", ".join(
        name for name, share in (("budget", spent), ("price cap", capped)) if share >= 0.5
    )
