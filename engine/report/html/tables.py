"""The page's tables as plain text: of policies, of differences, of mechanisms."""

from typing import Any, Final

from engine.report.findings.answer import wilson
from engine.report.findings.comparison import mechanism_rows, mechanism_title
from engine.report.formatting import (
    NONE,
    label,
    scaled,
    show,
    show_change,
    show_limits,
    signed,
    unit,
)
from engine.report.read.results_model import Line, StudyResults
from engine.results.schemas import Row

COLUMNS: Final = (
    "gmv_paid_fen",
    "target_attained",
    "subsidy_fen",
    "platform_contribution_fen",
    "top10_share",
    "brand_share",
    "dau_change_share",
)
"""Measures of a policy, the most important first."""


def policy_heads(study: StudyResults) -> list[tuple[str, str]]:
    """Return the columns' heads and units."""
    heads = [(label(name), unit(name) if name.endswith("_fen") else "") for name in COLUMNS]
    if study.target_fen:
        target = f"{scaled('gmv_paid_fen', study.target_fen):g}\N{NO-BREAK SPACE}bn"
        heads[1] = (f"P(reach {target})", "")
    return heads


def policy_row(line: Line, best: Line | None) -> dict[str, Any]:
    """Return a policy's line: its tags, what binds it, and a cell a measure."""
    tags = [
        word
        for word, holds in (
            ("baseline", line.is_baseline),
            ("cheapest that reaches", best is not None and line.policy == best.policy),
            ("recommended", line.is_recommended),
            ("breaks a constraint", not line.feasible),
            ("off the frontier", not (line.is_baseline or line.on_frontier)),
        )
        if holds
    ]
    cells = [_cell(line, name) for name in COLUMNS]
    return {"policy": line.policy, "tags": tags, "cells": cells, "binding": line.binding}


def _cell(line: Line, measure: str) -> tuple[str, str]:
    """Return a number with its interval, and what stands in small print below it."""
    found = line.estimates[measure]
    if measure == "subsidy_fen" and line.estimates["budget_spent_share"].value is not None:
        share = round(100 * line.value("budget_spent_share"))
        return show(measure, found.value, found.half), f"{share}% of budget"
    if measure == "target_attained" and found.value is not None and line.runs_count:
        limits = wilson(found.value * line.runs_count, line.runs_count)
        return show(measure, found.value), " to ".join(show(measure, one) for one in limits)
    return show(measure, found.value, found.half), ""


def comparison_blocks(study: StudyResults) -> list[dict[str, Any]]:
    """Return the paired differences, a block a policy."""
    blocks = []
    for policy in dict.fromkeys(row["policy"] for row in study.comparison):
        rows = [row for row in study.comparison if row["policy"] == policy]
        title = f"{policy} against {rows[0]['baseline']} ({rows[0]['pairs_count']} pairs)"
        blocks.append({"title": title, "rows": [_comparison_row(row) for row in rows]})
    return blocks


def mechanism_blocks(study: StudyResults) -> list[dict[str, Any]]:
    """Return what changes when a mechanism is off, a block a mechanism."""
    return [
        {"title": mechanism_title(rows[0]), "rows": [_comparison_row(row) for row in rows]}
        for rows in mechanism_rows(study.ablation).values()
    ]


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
        "told": told,
        "gain": NONE if gain is None else f"{signed(gain, 1)} ×",
    }
