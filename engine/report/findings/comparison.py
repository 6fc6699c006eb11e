"""Which of some compared policies sells most, whether that is told, and what subsidy brings."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from engine.compare import INCREMENTAL
from engine.report.formatting import label_inside, show_change, signed
from engine.report.read.results_model import StudyResults
from engine.results.schemas import Row

_SOLD: Final = "gmv_paid_fen"
_SPENT: Final = "subsidy_fen"
_LEFT: Final = "platform_contribution_fen"

ONE_WORLD: Final = "One world was simulated: ensemble=plausible repeats this over many."
"""Said of what would change an answer."""

_TINY: Final = 0.01
"""Share of the larger subsidy of two policies below which they spend alike."""


class _SalesLead(NamedTuple):
    """What sells most of some policies, beside what it is told against.

    `other` is the baseline, or what sells second where the baseline itself sells most; `gain`,
    `low` and `high`, in fen, are by how much more, `worlds` its lowest and highest mean of a world
    where there are several. `unsure` are policies that may sell as much, those that sell most
    first.
    """

    policy: str
    other: str
    is_baseline: bool
    gain: float
    low: float | None
    high: float | None
    worlds: tuple[float, float] | None
    unsure: list[str]

    @property
    def gain_text(self) -> str:
        """Write the gain with half its interval, in bn RMB."""
        half = None if self.low is None or self.high is None else (self.high - self.low) / 2
        return show_change(_SOLD, self.gain, half)

    @property
    def title(self) -> str:
        """Return the finding in a few words."""
        if self.low is None:
            return f"In a single replication most is sold under {self.policy}"
        if not self.unsure:
            return f"Most is sold under {self.policy}"
        if len(self.unsure) == 1:
            return f"Too close to tell: most is sold under {self.policy} or {self.unsure[0]}"
        return f"Too close to tell which of {len(self.unsure) + 1} policies sells most"

    @property
    def finding(self) -> str:
        """Return the finding with the gain, as the title of a picture."""
        called = f"the baseline, {self.policy}" if self.is_baseline else self.policy
        gain = f"{self.gain_text} bn RMB of GMV as paid against {self.other}"
        if self.low is None or not self.unsure:
            return f"{self.title.removesuffix(self.policy)}{called}: {gain}"
        return f"{self.title}; {self.policy} sells {gain}"


def sales_lead(study: StudyResults) -> _SalesLead | None:
    """Return what sells most of all compared policies; None where sales were not compared.

    A policy is told apart from the baseline by its paired difference, from another policy by
    that of their runs, or by intervals that do not meet where no runs are kept.
    """
    rows = [row for row in study.comparison if row["measure"] == _SOLD]
    if not rows:
        return None
    ranked = sorted(rows, key=lambda row: -row["difference"])
    best, baseline = ranked[0], ranked[0]["baseline"]
    several = (best.get("worlds_count") or 1) > 1
    worlds = (best["lowest_world"], best["highest_world"]) if several else None
    low, high, gain = best["ci_low"], best["ci_high"], best["difference"]
    if gain <= 0:
        low, high = (None, None) if low is None else (-high, -low)
        worlds = (-worlds[1], -worlds[0]) if worlds else None
        unsure = [row["policy"] for row in ranked if (row["ci_high"] or 0.0) >= 0]
        return _SalesLead(baseline, best["policy"], True, -gain, low, high, worlds, unsure)
    unsure = [row["policy"] for row in ranked[1:] if not _sells_more(study, best, row)]
    if low is not None and low <= 0:
        unsure.append(baseline)
    return _SalesLead(best["policy"], baseline, False, gain, low, high, worlds, unsure)


def comparison_sentences(study: StudyResults) -> list[str]:
    """Say what each policy sells, spends and leaves, and what a RMB of subsidy brings.

    What sells most comes first.
    """
    rows = with_defined_returns(study.comparison)
    by_policy = {
        policy: {row["measure"]: row for row in rows if row["policy"] == policy}
        for policy in dict.fromkeys(row["policy"] for row in rows)
    }
    ranked = sorted(by_policy, key=lambda policy: -_gain(by_policy[policy].get(_SOLD)))
    said = []
    for policy in ranked:
        found = by_policy[policy]
        text = f"Against {next(iter(found.values()))['baseline']}, {policy} changes"
        names = [name for name in (_SOLD, _SPENT, _LEFT) if name in found]
        changes = [f"{label_inside(name)} by {_difference(found[name])} bn RMB" for name in names]
        said.append(f"{text} {_and(changes)}. {_per_rmb(found)}".strip())
    return said


def comparison_changes(study: StudyResults) -> list[str]:
    """Say what would change the answer of a comparison, one sentence a thing."""
    found = sales_lead(study)
    if found is None:
        return []
    said = []
    if found.low is None:
        said.append("With one replication nothing is known of noise: ask for 4 at least.")
    elif found.unsure:
        said.append(
            f"More replications may part {_and([found.policy, *found.unsure])}, which differ by "
            "no more than noise."
        )
    if found.worlds is None:
        said.append(ONE_WORLD)
    elif found.worlds[0] < 0 < found.worlds[1]:
        said.append(f"In some worlds {found.other} sells more than {found.policy}.")
    return said


def with_defined_returns(rows: Sequence[Row]) -> list[Row]:
    """Return rows of `comparison`, what a RMB of subsidy brings left out where it is undefined.

    It is the change of sales over the change of subsidy: it means something only where a policy
    spends more or less than the baseline, beyond noise and by more than a trifle, and where its
    own interval is bounded.
    """
    spent = {row["policy"]: row for row in rows if row["measure"] == _SPENT}
    none = dict.fromkeys(
        ("difference", "standard_error", "ci_low", "ci_high", "lowest_world", "highest_world")
    )
    return [
        {**row, **none}
        if row["measure"] == INCREMENTAL
        and (row["ci_low"] is None or not _spends_otherwise(spent.get(row["policy"])))
        else row
        for row in rows
    ]


def _spends_otherwise(row: Row | None) -> bool:
    """Whether a policy spends more or less subsidy than the baseline, beyond noise and a trifle."""
    if row is None or row["ci_low"] is None:
        return False
    least = _TINY * max(row["mean"], row["baseline_mean"])
    is_told: bool = row["ci_low"] > 0 or row["ci_high"] < 0
    return is_told and bool(abs(row["difference"]) > least)


def _per_rmb(found: dict[str, Row]) -> str:
    row, spent = found.get(INCREMENTAL), found.get(_SPENT)
    if row is None or spent is None:
        return ""
    if row["difference"] is None:
        if _spends_otherwise(spent) or spent["ci_low"] is None:
            return "What a RMB of subsidy more brings is not known: its interval has no limits."
        return "The two spend alike: what a RMB of subsidy more brings is not defined."
    value, *ends = (signed(row[name], 2) for name in ("difference", "ci_low", "ci_high"))
    brought = (
        f"Each RMB of subsidy more came with {value} RMB of GMV as paid"
        if spent["difference"] > 0
        else f"Each RMB of subsidy less came with {value} RMB less of GMV as paid"
    )
    said = f"{brought} (95% between {ends[0]} and {ends[1]})."
    if (row.get("worlds_count") or 1) > 1:
        lowest, highest = (signed(row[name], 2) for name in ("lowest_world", "highest_world"))
        said += f" From world to world it is {lowest} to {highest}."
    return said


def _sells_more(study: StudyResults, best: Row, other: Row) -> bool:
    """Whether a policy is told to sell more than another one."""
    found = study.paired_change(best["policy"], other["policy"], _SOLD)
    if found.value is not None:
        return found.low is not None and found.low > 0
    ends = best["ci_low"], other["ci_high"]
    return None not in ends and ends[0] > ends[1]


def _gain(row: Row | None) -> float:
    return 0.0 if row is None else float(row["difference"])


def _difference(row: Row) -> str:
    low, high = row["ci_low"], row["ci_high"]
    half = None if low is None else (high - low) / 2
    return show_change(row["measure"], row["difference"], half)


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
