"""What the templates of the page show, section by section: pictures, and tables of plain text."""

from collections.abc import Sequence
from math import isnan
from typing import Any, Final

from markupsafe import Markup

from engine.report.charts.frontier import colour, frontier_chart
from engine.report.charts.over_time import (
    cumulative_chart,
    curves,
    shown_lines,
    spend_chart,
    target_path,
)
from engine.report.charts.rows import bars_chart, estimates_chart, fit_chart
from engine.report.findings.answer import wilson
from engine.report.findings.calibration import (
    MAY,
    MAY_NOT,
    PINNED,
    ROLE_HEADS,
    figure_cells,
    wrong_by,
)
from engine.report.findings.comparison import mechanism_rows, mechanism_title
from engine.report.findings.sensitivity import FACTOR_SETS, blocks
from engine.report.findings.world_agreement import change_text, read_answers, return_text
from engine.report.formatting import (
    NONE,
    label,
    number,
    percent,
    scaled,
    show,
    show_change,
    show_limits,
    signed,
    unit,
)
from engine.report.read.calibration import Fitted, read_fit
from engine.report.read.lines import bare_lines
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


def frontier_section(
    study: StudyResults, lines: list[Line], best: Line | None
) -> dict[str, Any] | None:
    """Return the picture of the frontier and its key; None where nothing was searched."""
    shares = [line.value("top10_share") for line in lines]
    if not study.searched or not lines:
        return None
    ends = [show("top10_share", pick(shares)) for pick in (min, max)]
    chosen = best.policy if best else None
    return {
        "chart": frontier_chart(lines, study.target_fen, chosen),
        "low": ends[0],
        "high": ends[1],
        "colours": [colour(k / 2, [0, 1]) for k in range(3)],
        "has_chosen": best is not None,
    }


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


def days_section(
    study: StudyResults, lines: list[Line], best: Line | None
) -> dict[str, Any] | None:
    """Return the pictures over the days; None without a table of days."""
    if study.daily is None:
        return None
    shown = shown_lines(lines or bare_lines(study.policies), best)
    sales = curves(study.daily, shown, "gmv_paid_cumulative_fen", weekly=False)
    spend = curves(study.daily, shown, "subsidy_fen", weekly=True)
    if not sales:
        return None
    target = target_path(study.daily, shown)
    return {
        "key": [(one.policy, one.colour, one.is_baseline) for one in sales],
        "cumulative": cumulative_chart(sales, target[1] if target else None, study.target_fen),
        "target_of": target[0] if target else None,
        "spend": spend_chart(spend) if spend else None,
    }


def estimates_section(lines: list[Line]) -> dict[str, Markup | str] | None:
    """Return what the search estimated beside what fresh replications say."""
    measure = "gmv_paid_fen"
    found = [line.estimates[measure] for line in lines]
    gaps = [one.search - one.value for one in found if one.search is not None and one.value]
    if not gaps:
        return None
    mean = sum(gaps) / len(gaps)
    word = "too high" if mean > 0 else "too low"
    return {
        "chart": estimates_chart(lines, measure, "GMV as paid, bn RMB"),
        "said": f"On average the search's estimate was {show(measure, abs(mean))} bn RMB {word}.",
    }


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
            "head": "Differences under the same luck",
            "columns": ("Mean", "Baseline's mean"),
            "blocks": _comparison_blocks(study),
        }
    return None


def fit_section(study: StudyResults) -> dict[str, Any] | None:
    """Return what a calibration found, and how far its worlds agree; None without one."""
    if not study.calibration:
        return None
    found = _fit_context(read_fit(study.calibration, study.config))
    return found | {"across": _across_context(study.answers)}


def sensitivity_section(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return what the page's template shows: a picture for each measure and set."""
    return [
        {
            "title": f"{label(block.measure)}: {FACTOR_SETS[block.of]}",
            "chart": bars_chart(
                [(f.name, f.whole, f.low, f.high, f.alone) for f in block.factors],
                block.luck,
                "importance" if block.of == "search" else "total index",
            ),
            "luck": None if block.luck is None else percent(block.luck),
            "searched": block.of == "search",
        }
        for block in blocks(rows)
        if block.factors
    ]


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


def _comparison_blocks(study: StudyResults) -> list[dict[str, Any]]:
    """Return the paired differences, a block a policy."""
    blocks = []
    for policy in dict.fromkeys(row["policy"] for row in study.comparison):
        rows = [row for row in study.comparison if row["policy"] == policy]
        title = f"{policy} against {rows[0]['baseline']} ({rows[0]['pairs_count']} pairs)"
        blocks.append({"title": title, "rows": [_comparison_row(row) for row in rows]})
    return blocks


def _mechanism_blocks(study: StudyResults) -> list[dict[str, Any]]:
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
        "wrong": wrong_by(found),
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
            (one.world, [(return_text(one, name), change_text(one, name)) for name in policies],
             one.best or NONE)
            for one in found
        ],
    }  # fmt: skip
