"""Paired differences in words: of policies, and of mechanisms that are switched off."""

from collections.abc import Sequence
from typing import Final

from engine.ablate import COMMON, is_told, untold
from engine.compare import INCREMENTAL
from engine.report.formatting import label_inside, show, show_change, signed, split_name
from engine.results.schemas import Row

_FIRST: Final = 5
"""Mechanisms that the first sentence names."""


def mechanism_rows(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the rows to show by mechanism: GMV as paid and the mechanism's own measures."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row["is_own"] or row["measure"] == COMMON:
            found.setdefault(row["mechanism"], []).append(row)
    return {
        name: sorted(own, key=lambda row: row["measure"] != COMMON) for name, own in found.items()
    }


def mechanism_title(row: Row) -> str:
    """Return a mechanism's number and its title, or its name where no title is known."""
    number, name = split_name(row["mechanism"])
    return f"{number}: {row.get('title') or name}"


def ablation_sentences(rows: Sequence[Row]) -> list[str]:
    """Say which mechanisms matter most for GMV as paid, and which effects may be zero."""
    common = [row for row in rows if row["measure"] == COMMON]
    told = sorted((row for row in common if is_told(dict(row))), key=_size)
    said = []
    if told:
        whole = show(COMMON, told[0]["baseline_mean"])
        parts = [f"{_called(row['mechanism'])} ({_difference(row)})" for row in told[:_FIRST]]
        said.append(
            f"With every mechanism on, GMV as paid is {whole} bn RMB. Turned off one at a time,"
            f" these change it most (bn RMB): {'; '.join(parts)}."
        )
    still = [_called(row["mechanism"]) for row in common if row not in told]
    if still:
        said.append(f"On GMV as paid, not told from zero: {', '.join(still)}.")
    silent = [_called(name) for name in untold([dict(row) for row in rows])]
    if silent:
        said.append(f"Not told from zero on any of their own measures: {', '.join(silent)}.")
    return said


def comparison_sentences(rows: Sequence[Row]) -> list[str]:
    """Say what each policy changes against the baseline, and what a RMB of subsidy brings."""
    said = []
    for policy in dict.fromkeys(row["policy"] for row in rows):
        found = {row["measure"]: row for row in rows if row["policy"] == policy}
        baseline = next(iter(found.values()))["baseline"]
        text = f"Against {baseline}, {policy} changes"
        names = [name for name in ("gmv_paid_fen", "subsidy_fen") if name in found]
        changes = [f"{label_inside(name)} by {_difference(found[name])} bn RMB" for name in names]
        said.append(f"{text} {' and '.join(changes)}. {_per_rmb(found.get(INCREMENTAL))}".strip())
    return said


def _called(mechanism: str) -> str:
    return " ".join(split_name(mechanism))


def _size(row: Row) -> float:
    return -abs(float(row["difference"]))


def _difference(row: Row) -> str:
    low, high = row["ci_low"], row["ci_high"]
    half = None if low is None else (high - low) / 2
    return show_change(row["measure"], row["difference"], half)


def _per_rmb(row: Row | None) -> str:
    if row is None or row["difference"] is None:
        return "The two spend the same subsidy."
    text = f"Each RMB of subsidy more came with {signed(row['difference'], 2)} RMB of GMV as paid"
    if row["ci_low"] is None:
        return f"{text}, with limits too wide to say."
    return f"{text} (95% between {signed(row['ci_low'], 2)} and {signed(row['ci_high'], 2)})."
