"""Builds `report.html` out of the tables in a results folder."""

from datetime import date
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from engine.report.charts.frontier import frontier_section
from engine.report.charts.over_time import days_section
from engine.report.charts.response import response_section
from engine.report.charts.rows import estimates_section, sensitivity_section
from engine.report.definitions import MEASURES
from engine.report.findings.answer import sentences, wilson
from engine.report.findings.limits import limits, replications_count, small_sample
from engine.report.findings.search import risk_table, search_table
from engine.report.formatting import label, scaled, show, unit
from engine.report.html.levers import lever_table
from engine.report.html.sections import (
    differences_section,
    elasticities_section,
    fit_section,
    price_section,
)
from engine.report.read.folder import read_study
from engine.report.read.results_model import Line, StudyResults
from engine.results.storage import open_folder

_NAME: Final = "report.html"

_FEW: Final = 3
"""Worlds that are named; of more it is said how many they are."""

_COLUMNS: Final = (
    "gmv_paid_fen",
    "target_attained",
    "subsidy_fen",
    "platform_contribution_fen",
    "top10_share",
    "brand_share",
    "dau_change_share",
)
"""Measures of a policy, the most important first."""


def build_report(folder: Path, study: StudyResults | None = None) -> Path:
    """Write one page that opens offline, and return where it is.

    Parameters
    ----------
    folder : the results folder, in which the page is written too.
    study : what was read from it, if it was read already.

    Raises
    ------
    StorageError
        If the folder holds no results or cannot be written to.
    """
    study = read_study(folder) if study is None else study
    environment = Environment(
        loader=PackageLoader("engine.report.html", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"breakable": _breakable, "tight": _tight}
    page = environment.get_template("report.html.j2").render(_context(study))
    open_folder(folder).put(_NAME, page.encode())
    return Path(folder) / _NAME


def _breakable(name: str) -> Markup:
    """Let a long name break after its underscores and dots."""
    return Markup(escape(name).replace("_", Markup("_<wbr>")).replace(".", Markup(".<wbr>")))


def _tight(sentence: str) -> str:
    """Keep a number, its interval and its unit on one line."""
    space = "\N{NO-BREAK SPACE}"
    return sentence.replace(" ± ", f"{space}±{space}").replace(" bn RMB", f"{space}bn{space}RMB")


def _context(study: StudyResults) -> dict[str, Any]:
    best = study.chosen_line() if len(study.lines) > 1 else None
    lines = sorted(study.lines, key=lambda line: line.value("cost_fen"))
    return {
        "title": _title(study),
        "facts": _facts(study),
        "warnings": [
            said for said in (study.incomplete, small_sample(study.config, study.runs)) if said
        ],
        "answer": sentences(study),
        "prices": price_section(study),
        "frontier": frontier_section(study, lines, best),
        "heads": _policy_heads(study),
        "rows": []
        if study.ablation or study.response
        else [_policy_row(line, best) for line in lines],
        "has_intervals": replications_count(study.runs) > 1,
        "risks": risk_table(study.frontier),
        "search": search_table(study.rungs, study.trials),
        "levers": lever_table(study, lines),
        "differences": differences_section(study),
        "elasticities": elasticities_section(study),
        "over_time": days_section(study, lines, best),
        "estimates": estimates_section(lines),
        "fit": fit_section(study),
        "moved": sensitivity_section(study.sensitivity),
        "response": response_section(study.response),
        "measures": _definitions(study),
        "limits": limits(study),
        "versions": study.versions,
        "config_hash": study.config_hash,
    }


def _policy_heads(study: StudyResults) -> list[tuple[str, str]]:
    """Return the columns' heads and units."""
    heads = [(label(name), unit(name) if name.endswith("_fen") else "") for name in _COLUMNS]
    if study.target_fen:
        target = f"{scaled('gmv_paid_fen', study.target_fen):g}\N{NO-BREAK SPACE}bn"
        heads[1] = (f"P(reach {target})", "")
    return heads


def _policy_row(line: Line, best: Line | None) -> dict[str, Any]:
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
    cells = [_cell(line, name) for name in _COLUMNS]
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


def _title(study: StudyResults) -> str:
    target = f"{scaled('gmv_paid_fen', study.target_fen):g} billion RMB"
    if study.prices:
        return f"What does each target cost from {_day(study.setting('decision_date'))} on?"
    if study.searched:
        return (
            f"How could {target} of GMV be reached?" if study.target_fen else "What does GMV cost?"
        )
    titles = (
        (study.response, "What each lever does alone"),
        (study.ablation, "What each mechanism does"),
        (study.sensitivity, "What moves the outcomes"),
        (study.calibration, f"How well {study.setting('scenario', 'name')} fits what was observed"),
    )
    for rows, title in titles:
        if rows:
            return title
    names = study.policies
    if not names:
        return "Incomplete results"
    if study.comparison:
        return f"{len(names)} policies under common random numbers"
    return f"A year under {', '.join(names)}"


def _day(written: Any) -> str:
    """Return a date in words; what is no date as it is written."""
    try:
        day = date.fromisoformat(str(written))
    except ValueError:
        return str(written)
    return f"{day.day} {day:%B %Y}"


def _facts(study: StudyResults) -> list[tuple[str, str]]:
    """Return what was asked, as pairs of a word and its value."""
    worlds = sorted({row["world"] for row in study.runs})
    years = study.years_a_policy
    buyers = study.setting("scale", "buyers_count")
    searched = study.setting("search", "trials_count") if study.searched else None
    known = [
        ("Scenario", study.setting("scenario", "name")),
        ("Horizon", _horizon(study)),
        ("Scale", study.setting("scale", "name")),
        ("Simulated buyers", f"{buyers:,}" if buyers else None),
        ("Worlds", ", ".join(worlds) if len(worlds) <= _FEW else str(len(worlds))),
        ("Years a policy", years),
        ("Policies searched", searched),
        ("Seed", study.seed),
        ("World seed", study.setting("world_seed")),
        ("Poquan", study.versions.get("poquan")),
        ("Config", study.config_hash[:12]),
    ]
    return [(word, str(value)) for word, value in known if value not in {None, ""}]


def _horizon(study: StudyResults) -> str | None:
    calendar = study.setting("scenario", "calendar") or {}
    start, end = calendar.get("start"), calendar.get("end")
    if not (start and end):
        return None
    return f"{start} – {end}".replace("-", "\N{NON-BREAKING HYPHEN}")


def _definitions(study: StudyResults) -> list[tuple[str, str]]:
    analyses = (study.ablation, study.calibration, study.sensitivity, study.response)
    has_policies = not any(analyses)
    names = [*_COLUMNS, "budget_spent_share", "cost_fen"] if has_policies else []
    rows = (*study.comparison, *study.ablation, *study.sensitivity, *study.response)
    names += [row["measure"] for row in rows]
    return [MEASURES[name] for name in dict.fromkeys(names) if name in MEASURES]
