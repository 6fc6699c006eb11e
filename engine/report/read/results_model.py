"""The results of a command as plain values: what was asked, and a line for every policy.

Lines come out of the rows of `frontier` and `runs`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from engine.results.schemas import Row
from engine.spec.kinds import Kind
from engine.spec.policy import Policy
from engine.stats.intervals import mean_interval
from engine.stats.paired import independent_units, means_by

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

_DEFAULT_LEVEL: Final = 0.5
"""P(reach target) that counts as reaching, where the study asked for none."""


class _Estimate(NamedTuple):
    """A mean, its 95 % limits, what the search had seen, the lowest and the highest world."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    search: float | None = None
    worlds: tuple[float, float] | None = None

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
    estimates: dict[str, _Estimate]
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
class StudyResults:
    """Everything the report needs, read once.

    `target_fen` is the year's goal that reaching is measured by; 0 is none. `segments` are
    means of a run's amounts by policy and segment. `specs` are whole policies, of those
    that are known, by their name in the tables; `kinds` those of the scenario. `command` repeats
    the study, `as_found` are the words that simulate a policy as the search did. `incomplete`
    says what the folder lacks, empty if its command finished.
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
    monthly: pa.Table | None
    searched: bool
    claims: list[Row] = field(default_factory=list)
    calibration: list[Row] = field(default_factory=list)
    frontier: list[Row] = field(default_factory=list)
    rungs: list[Row] = field(default_factory=list)
    learnt: list[Row] = field(default_factory=list)
    trials: list[Row] = field(default_factory=list)
    sensitivity: list[Row] = field(default_factory=list)
    response: list[Row] = field(default_factory=list)
    trial: list[Row] = field(default_factory=list)
    sweep: list[Row] = field(default_factory=list)
    answers: list[Row] = field(default_factory=list)
    advice: list[Row] = field(default_factory=list)
    prices: list[Row] = field(default_factory=list)
    effects: list[Row] = field(default_factory=list)
    plan: list[Row] = field(default_factory=list)
    published: list[Row] = field(default_factory=list)
    worlds: list[Row] = field(default_factory=list)
    value: list[Row] = field(default_factory=list)
    segments: list[Row] = field(default_factory=list)
    anchors: pa.Table | None = None
    specs: dict[str, Policy] = field(default_factory=dict)
    kinds: tuple[Kind, ...] = ()
    command: str = ""
    as_found: str = ""
    incomplete: str = ""

    def setting(self, *path: str) -> Any:
        """Look a value up in the resolved config; None if it is not there."""
        return setting(self.config, *path)

    @cached_property
    def goods(self) -> dict[str, str]:
        """What the goods of each kind are called on a page."""
        return {kind.name: kind.goods.replace("'", "’") for kind in self.kinds}

    @property
    def policies(self) -> list[str]:
        """Names of all policies of which something is known, in the order of the tables."""
        if self.lines:
            return [line.policy for line in self.lines]
        if self.comparison:
            pairs = ((row["baseline"], row["policy"]) for row in self.comparison)
            return list(dict.fromkeys(name for pair in pairs for name in pair))
        return self.daily["policy"].unique().to_pylist() if self.daily is not None else []

    @property
    def runs_per_policy(self) -> str:
        """How many runs each policy was simulated: one number, or the least and the most."""
        counts = {line.runs_count for line in self.lines if line.runs_count}
        return (
            " to ".join(str(count) for count in sorted({min(counts), max(counts)}))
            if counts
            else ""
        )

    @property
    def worlds_count(self) -> int:
        """In how many worlds a policy was simulated; runs of one replication share their luck."""
        return len({row["world"] for row in self.runs}) or 1

    @property
    def level(self) -> float:
        """The P(reach target) that counts as reaching it."""
        constraints = self.setting("objective", "constraints") or {}
        for constraint in constraints.values():
            asked = constraint.get("at_least")
            if constraint.get("measure") == "target_attained" and asked is not None:
                return float(asked)
        return _DEFAULT_LEVEL

    def goal_span(self) -> str:
        """Return the days whose sales the goal is held against; empty where they are the shown."""
        calendar = self.setting("scenario", "calendar") or {}
        start, end = (str(calendar.get(name) or "") for name in ("start", "end"))
        first = str(calendar.get("first_day") or start)
        year = first[:4]
        before = f", those before {start} included" if first < start else ""
        after = " alone" if end[:4] > year else ""
        return f"{year}{after}{before}" if before or after else ""

    def chosen_line(self) -> Line | None:
        """Return the cheapest feasible policy that reaches the target, if there is one."""
        if not self.target_fen:
            return None
        reaching = [line for line in self.lines if line.feasible and self.reaches(line)]
        return min(reaching, key=lambda line: line.value("cost_fen"), default=None)

    def world_weights(self) -> dict[str, float]:
        """Return how much each world counts, adding up to 1; all alike where none are given."""
        if self.worlds:
            return {row["world"]: row["weight"] for row in self.worlds}
        names = sorted({row["world"] for row in self.runs})
        return {name: 1 / len(names) for name in names}

    def paired_change(self, policy: str, baseline: str, measure: str) -> _Estimate:
        """Estimate the difference of two policies over the runs they share; empty if none."""
        a, b = (
            {_pair(row): float(row[measure]) for row in self.runs if row["policy"] == name}
            for name in (policy, baseline)
        )
        keys = sorted(a.keys() & b.keys())
        return _mean(keys, [a[key] - b[key] for key in keys]) if keys else _Estimate()

    def reaches(self, line: Line) -> bool:
        """Whether a policy reaches the target as often as was asked for."""
        return line.value("target_attained") >= self.level - 1e-9


def setting(tree: Any, *path: str) -> Any:
    """Follow `path` down a config; None if it ends early."""
    for key in path:
        tree = tree.get(key) if isinstance(tree, Mapping) else None
    return tree


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


def _estimate(row: Row, measure: str, runs: Sequence[Row]) -> _Estimate:
    if measure == "target_attained" and _is_without_goal(row):
        return _Estimate()
    if row.get(measure) is None:
        return _from_runs(runs, measure) if runs else _Estimate()
    low, high = row.get(f"{measure}_ci_low"), row.get(f"{measure}_ci_high")
    return _Estimate(float(row[measure]), low, high, row.get(f"{measure}_search"))


def _is_without_goal(row: Row) -> bool:
    """Only where the year has no goal has a policy attained nothing of it."""
    return row.get("attainment_share") == 0


def _from_runs(runs: Sequence[Row], measure: str) -> _Estimate:
    if measure == "target_attained" and all(_is_without_goal(row) for row in runs):
        return _Estimate()
    return _mean([_pair(row) for row in runs], [float(row[measure]) for row in runs])


def _mean(keys: Sequence[tuple[str, int, int, int]], values: Sequence[float]) -> _Estimate:
    """Estimate a mean over replications; worlds share their seeds and are averaged first."""
    worlds, replications, populations, _ = zip(*keys, strict=True)
    found = mean_interval(
        means_by(independent_units(replications, populations), np.array(values, np.float64))
    )
    names = list(dict.fromkeys(worlds))
    places = np.array([names.index(world) for world in worlds], np.int64)
    by_world = means_by(places, np.array(values, np.float64))
    ends = (float(by_world.min()), float(by_world.max())) if len(names) > 1 else None
    return _Estimate(found.value, found.low, found.high, worlds=ends)


def _binding(runs: Sequence[Mapping[str, Any]]) -> str:
    """Name what bound in half of the runs or more; of a budget, all that rounds to 100 %.

    A price cap, of plan days alone, is named from 1 % of the run's orders on, with their share.
    """
    spent = np.mean([row["budget_fen"] > 0 and row["budget_spent_share"] > 0.995 for row in runs])
    lowered = [float(row["cap_binding_share"]) for row in runs]
    capped = np.mean([share > 0.01 for share in lowered])
    cap = f"price cap on {100 * np.mean(lowered):.0f} % of orders"
    return ", ".join(name for name, share in (("budget", spent), (cap, capped)) if share >= 0.5)
