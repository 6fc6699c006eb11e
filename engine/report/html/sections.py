"""What the templates of the page show, section by section."""

from collections.abc import Sequence
from math import isnan
from typing import Any

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
from engine.report.findings.calibration import (
    MAY,
    MAY_NOT,
    PINNED,
    ROLE_HEADS,
    figure_cells,
    wrong_by,
)
from engine.report.findings.sensitivity import FACTOR_SETS, blocks
from engine.report.findings.world_agreement import change_text, read_answers, return_text
from engine.report.formatting import NONE, label, number, percent, show, signed
from engine.report.html.tables import comparison_blocks, mechanism_blocks
from engine.report.read.calibration import Fitted, read_fit
from engine.report.read.lines import bare_lines
from engine.report.read.results_model import Line, StudyResults
from engine.results.schemas import Row


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
            "blocks": mechanism_blocks(study),
        }
    if study.comparison:
        return {
            "head": "Differences under the same luck",
            "columns": ("Mean", "Baseline's mean"),
            "blocks": comparison_blocks(study),
        }
    return None


def fit_section(study: StudyResults) -> dict[str, Any] | None:
    """Return what a calibration found, and how far its worlds agree; None without one."""
    if not study.calibration:
        return None
    found = _fit_context(read_fit(study.calibration, study.config))
    return found | {"across": _across_context(study.answers)}


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


def moved_context(rows: Sequence[Row]) -> list[dict[str, Any]]:
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
