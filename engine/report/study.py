"""A results folder as plain values: what was asked, and a line for every policy."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from engine.errors import StorageError
from engine.results import list_tables, provenance_of, read_table
from engine.results.schemas import Row
from engine.stats.intervals import mean_interval

SHOWN: Final = (
    "gmv_paid_fen",
    "target_attained",
    "subsidy_fen",
    "budget_spent_share",
    "platform_contribution_fen",
    "cost_fen",
    "top10_share",
    "brand_share",
    "dau_change_share",
)
"""Measures that every table and chart of policies draws on."""

VIOLATED: Final = " violated"
"""Follows a constraint's name in `binding` where its limit is broken."""

DEFAULT_LEVEL: Final = 0.5
"""P(reach target) that counts as reaching, where the study asked for none."""


class Estimate(NamedTuple):
    """A mean, its 95 % limits, and what the search had seen."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    search: float | None = None

    @property
    def half(self) -> float | None:
        """Half the width of the interval."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


@dataclass(frozen=True)
class Line:
    """One policy in the tables: estimates by measure.

    `violation` is the sum of the relative excesses over the constraints' limits.
    """

    policy: str
    is_baseline: bool
    estimates: dict[str, Estimate]
    binding: str = ""
    feasible: bool = True
    violation: float = 0.0
    on_frontier: bool = True
    is_recommended: bool = False
    levers: dict[str, float | str] = field(default_factory=dict)
    runs_count: int = 0

    def value(self, measure: str) -> float:
        """Return the mean of a measure, not-a-number if it is not known."""
        found = self.estimates[measure].value
        return float("nan") if found is None else found


@dataclass(frozen=True)
class Study:
    """Everything the report needs, read once.

    `target_fen` is the year's goal that reaching is measured by; 0 is none.
    """

    config: dict[str, Any]
    config_hash: str
    seed: int
    versions: dict[str, str]
    target_fen: float
    lines: list[Line]
    runs: list[Row]
    comparison: list[Row]
    ablation: list[Row]
    daily: pa.Table | None
    searched: bool
    calibration: list[Row] = field(default_factory=list)
    frontier: list[Row] = field(default_factory=list)
    rungs: list[Row] = field(default_factory=list)
    trials: list[Row] = field(default_factory=list)
    sensitivity: list[Row] = field(default_factory=list)
    answers: list[Row] = field(default_factory=list)

    def setting(self, *path: str) -> Any:
        """Look a value up in the resolved config; None if it is not there."""
        return setting(self.config, *path)

    @property
    def years_a_policy(self) -> str:
        """How many years each policy was simulated: one number, or the least and the most."""
        counts = {line.runs_count for line in self.lines if line.runs_count}
        return (
            " to ".join(str(count) for count in sorted({min(counts), max(counts)}))
            if counts
            else ""
        )

    @property
    def level(self) -> float:
        """The P(reach target) that counts as reaching it."""
        constraints = self.setting("objective", "constraints") or {}
        for constraint in constraints.values():
            asked = constraint.get("at_least")
            if constraint.get("measure") == "target_attained" and asked is not None:
                return float(asked)
        return DEFAULT_LEVEL


def setting(tree: Any, *path: str) -> Any:
    """Follow `path` down a config; None if it ends early."""
    for key in path:
        tree = tree.get(key) if isinstance(tree, Mapping) else None
    return tree


def read_study(folder: Path) -> Study:
    """Read the tables that a finished command left in `folder`.

    Raises
    ------
    StorageError
        If there is none to report on, or one cannot be read.
    """
    found = list_tables(folder)
    if not set(_READ) & set(found):
        raise StorageError(
            f"{folder}: there are no results to report on\n"
            f"  found:   {', '.join(found) or 'no tables'}\n"
            "  remedy:  give the output folder of a finished command"
        )
    tables = {name: read_table(folder, name) for name in found if name in _READ}
    runs, frontier = _rows(tables, "runs"), _rows(tables, "frontier")
    known = provenance_of(next(iter(tables.values())))
    lines = run_lines(runs)
    if frontier:
        lines = frontier_lines(frontier, runs, reaching=_target_constraints(known["config"]))
    return Study(
        **known,
        target_fen=max((row["target_fen"] for row in runs), default=0.0),
        lines=lines,
        runs=runs,
        comparison=_rows(tables, "comparison"),
        ablation=_rows(tables, "ablation"),
        daily=tables.get("daily"),
        searched="frontier" in tables,
        calibration=_rows(tables, "calibration"),
        frontier=frontier,
        rungs=_rows(tables, "rungs"),
        trials=_rows(tables, "trials"),
        sensitivity=_rows(tables, "sensitivity"),
        answers=_rows(tables, "answers"),
    )


_READ: Final = (
    "runs",
    "daily",
    "frontier",
    "comparison",
    "ablation",
    "calibration",
    "rungs",
    "trials",
    "sensitivity",
    "answers",
)


def _rows(tables: Mapping[str, pa.Table], name: str) -> list[Row]:
    return tables[name].to_pylist() if name in tables else []


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
    return _mean([(key[1], a[key] - b[key]) for key in keys])


def _pair(row: Row) -> tuple[Any, ...]:
    return row["world"], row["replication"], row["seed"]


def _grouped(runs: Sequence[Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in runs:
        groups.setdefault(row["policy"], []).append(row)
    return groups


def _target_constraints(config: Mapping[str, Any]) -> list[str]:
    """Name the constraints on reaching the target."""
    constraints = setting(config, "objective", "constraints") or {}
    return [
        name for name, limit in constraints.items() if limit.get("measure") == "target_attained"
    ]


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
    return _mean([(row["replication"], float(row[measure])) for row in runs])


def _mean(values: Sequence[tuple[int, float]]) -> Estimate:
    """Estimate a mean over replications; worlds share their luck and are averaged first."""
    by_replication: dict[int, list[float]] = {}
    for replication, value in values:
        by_replication.setdefault(replication, []).append(value)
    found = mean_interval(np.array([np.mean(shared) for shared in by_replication.values()]))
    return Estimate(found.value, found.low, found.high)


def _binding(runs: Sequence[Mapping[str, Any]]) -> str:
    """Name what bound in half of the years or more."""
    spent = np.mean([row["budget_fen"] > 0 and row["budget_spent_share"] > 0.999 for row in runs])
    capped = np.mean([row["cap_binding_share"] > 0.01 for row in runs])
    return ", ".join(
        name for name, share in (("budget", spent), ("price cap", capped)) if share >= 0.5
    )
