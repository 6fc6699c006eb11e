"""What the templates of the page show of paired differences and of a calibration."""

from collections.abc import Sequence
from math import isnan
from typing import Any

from engine.ablate import COMMON
from engine.report.charts.rows import fit_chart
from engine.report.findings.calibration import (
    MAY,
    MAY_NOT,
    PINNED,
    ROLE_HEADS,
    figure_cells,
)
from engine.report.findings.elasticities import HEADS as ELASTICITY_HEADS
from engine.report.findings.elasticities import SAID, elasticities_by_month
from engine.report.findings.limits import pairs_told
from engine.report.findings.prices import (
    PLAN_HEADS,
    PRICE_HEADS,
    PRICE_TITLE,
    VALUE_HEADS,
    WORLD_HEADS,
    letters,
    plan_cells,
    price_cells,
    value_cells,
    world_cells,
)
from engine.report.findings.scorecard import HEADS, scorecard
from engine.report.findings.world_agreement import read_answers
from engine.report.formatting import (
    NONE,
    label,
    number,
    show,
    show_change,
    show_limits,
    signed,
    split_name,
    unit,
)
from engine.report.read.calibration import Fitted, read_fit
from engine.report.read.results_model import StudyResults
from engine.results.schemas import Row


def differences_section(study: StudyResults) -> dict[str, Any] | None:
    """Return the paired differences: of mechanisms or of policies."""
    if study.ablation:
        return {
            "head": "Each mechanism off, against all on",
            "columns": ("Off", "All on"),
            "blocks": _mechanism_blocks(study),
        }
    if study.comparison:
        return {
            "head": "Differences under common random numbers",
            "columns": ("Mean", "Baseline's mean"),
            "blocks": _comparison_blocks(study),
        }
    return None


def price_section(study: StudyResults) -> dict[str, Any] | None:
    """Return the price of each target and the plan by month; None where none was asked."""
    if not study.prices:
        return None
    return {
        "title": PRICE_TITLE,
        "heads": PRICE_HEADS,
        "rows": price_cells(study.prices),
        "policies": list(letters(study.prices).items()),
        "plan_heads": PLAN_HEADS,
        "plan": plan_cells(study.plan),
        "world_heads": WORLD_HEADS,
        "worlds": world_cells(study.worlds),
        "value_heads": VALUE_HEADS,
        "value": value_cells(study.value),
    }


def elasticities_section(study: StudyResults) -> dict[str, Any] | None:
    """Return how buyers answer to prices, a block a policy; None where nothing is known of it."""
    found = elasticities_by_month(study.monthly)
    if not found or study.searched or study.ablation or study.calibration:
        return None
    return {
        "said": SAID,
        "heads": ELASTICITY_HEADS,
        "blocks": [
            (one.policy, [(month, [signed(v, 2) for v in values]) for month, values in one.months])
            for one in found
        ],
    }


def fit_section(study: StudyResults) -> dict[str, Any] | None:
    """Return what a calibration found, and how far its worlds agree; None without one."""
    if not study.calibration:
        return None
    found = _fit_context(read_fit(study.calibration, study.config))
    return found | {"across": _across_context(study.answers)}


def _comparison_blocks(study: StudyResults) -> list[dict[str, Any]]:
    """Return the paired differences, a block a policy."""
    blocks = []
    for policy in dict.fromkeys(row["policy"] for row in study.comparison):
        rows = [row for row in study.comparison if row["policy"] == policy]
        title = f"{policy} against {rows[0]['baseline']} ({pairs_told(rows[0])})"
        blocks.append({"title": title, "rows": [_comparison_row(row) for row in rows]})
    return blocks


def _mechanism_blocks(study: StudyResults) -> list[dict[str, Any]]:
    """Return what changes when a mechanism is off, a block a mechanism."""
    return [
        {"title": _mechanism_title(rows[0]), "rows": [_comparison_row(row) for row in rows]}
        for rows in _mechanism_rows(study.ablation).values()
    ]


def _mechanism_rows(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the rows to show by mechanism: GMV as paid and the mechanism's own measures."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row["is_own"] or row["measure"] == COMMON:
            found.setdefault(row["mechanism"], []).append(row)
    return {
        name: sorted(own, key=lambda row: row["measure"] != COMMON) for name, own in found.items()
    }


def _mechanism_title(row: Row) -> str:
    """Return a mechanism's number and its title, or its name where no title is known."""
    number, name = split_name(row["mechanism"])
    return f"{number}: {row.get('title') or name}"


def _comparison_row(row: Row) -> dict[str, Any]:
    measure, low, high = row["measure"], row["ci_low"], row["ci_high"]
    told = low is not None and (low > 0 or high < 0)
    gain = row["variance_reduction"]
    return {
        "measure": label(measure),
        "unit": unit(measure) if unit(measure) != "%" else "",
        "mean": show(measure, row["mean"]),
        "baseline_mean": show(measure, row["baseline_mean"]),
        "difference": show_change(measure, row["difference"]),
        "interval": show_limits(measure, low, high),
        "by_world": _by_world(row),
        "told": told,
        "gain": NONE if gain is None else f"{signed(gain, 1)} ×",
    }


def _by_world(row: Row) -> str:
    """Return the lowest and the highest mean of a world, nothing where there is one world."""
    if (row.get("worlds_count") or 1) == 1:
        return ""
    return show_limits(row["measure"], row["lowest_world"], row["highest_world"])


def _fit_context(found: Fitted) -> dict[str, Any]:
    """Return what the page's template shows."""
    drawn = [one for one in found.figures if one.observed is not None]
    return {
        "chart": fit_chart([one for role in found.roles for one in drawn if one.role == role]),
        "blocks": [
            {"title": ROLE_HEADS[role], "rows": [figure_cells(one) for one in found.of(role)]}
            for role in found.roles
            if found.of(role)
        ],
        "kept": found.kept_count,
        "any_plausible": found.any_plausible,
        "unknowns": [
            (one.name, *map(number, (one.low, one.high, one.kept_low, one.kept_high)),
             NONE if isnan(one.ratio) else f"{one.ratio:.2f}", one.ratio <= PINNED)
            for one in found.unknowns
        ],
        "pairs": [(a, b, signed(r, 2, plus=True)) for a, b, r in found.pairs],
        "unmodelled": [(row["key"], row["period"], row["role"], row["note"])
                       for row in found.unmodelled],
        "scores": scorecard(found),
        "score_heads": HEADS,
        "may": MAY,
        "may_not": MAY_NOT,
    }  # fmt: skip


def _across_context(rows: Sequence[Row]) -> dict[str, Any] | None:
    """Return what the page's template shows."""
    found = read_answers(rows)
    if not found:
        return None
    policies = list(found[0].changes)
    return {
        "baseline": rows[0]["baseline"],
        "pairs": rows[0]["pairs_count"],
        "policies": policies,
        "rows": [
            (one.world, [(one.return_text(name), one.change_text(name)) for name in policies],
             one.best or NONE)
            for one in found
        ],
    }  # fmt: skip
