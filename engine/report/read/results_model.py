"""The results of a command as plain values: what was asked, and a line for every policy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import pyarrow as pa

from engine.results.schemas import Row
from engine.spec.policy import Policy

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


class Estimate(NamedTuple):
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
class StudyResults:
    """Everything the report needs, read once.

    `target_fen` is the year's goal that reaching is measured by; 0 is none. `segments` are
    means of a run's amounts by policy, kind, tier and domain. `specs` are whole policies, of those
    that are known, by their name in the tables. `command` repeats the study. `incomplete` says
    what the folder lacks, empty if its command finished.
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
    calibration: list[Row] = field(default_factory=list)
    frontier: list[Row] = field(default_factory=list)
    rungs: list[Row] = field(default_factory=list)
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
    worlds: list[Row] = field(default_factory=list)
    value: list[Row] = field(default_factory=list)
    segments: list[Row] = field(default_factory=list)
    anchors: pa.Table | None = None
    specs: dict[str, Policy] = field(default_factory=dict)
    command: str = ""
    incomplete: str = ""

    def setting(self, *path: str) -> Any:
        """Look a value up in the resolved config; None if it is not there."""
        return setting(self.config, *path)

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
        return _DEFAULT_LEVEL

    def chosen_line(self) -> Line | None:
        """Return the cheapest feasible policy that reaches the target, if there is one."""
        if not self.target_fen:
            return None
        reaching = [line for line in self.lines if line.feasible and self.reaches(line)]
        return min(reaching, key=lambda line: line.value("cost_fen"), default=None)

    def reaches(self, line: Line) -> bool:
        """Whether a policy reaches the target as often as was asked for."""
        return line.value("target_attained") >= self.level - 1e-9


def setting(tree: Any, *path: str) -> Any:
    """Follow `path` down a config; None if it ends early."""
    for key in path:
        tree = tree.get(key) if isinstance(tree, Mapping) else None
    return tree
