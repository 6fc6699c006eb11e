"""Builds `report.html` out of the tables in a results folder."""

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from engine.report import charts
from engine.report.answer import chosen_line, sentences, wilson
from engine.report.series import curves, shown_lines, target_path
from engine.report.study import Line, Study, read_study
from engine.report.words import (
    MEASURES,
    NONE,
    label,
    scaled,
    show,
    show_change,
    show_limits,
    signed,
    unit,
)
from engine.results.schemas import Row
from engine.results.storage import open_folder

NAME: Final = "report.html"

COLUMNS: Final = (
    "gmv_paid_fen",
    "target_attained",
    "subsidy_fen",
    "platform_contribution_fen",
    "top10_share",
    "brand_share",
    "dau_change_share",
)


def build_report(folder: Path) -> Path:
    """Write one page that opens offline, and return where it is.

    Raises
    ------
    StorageError
        If the folder holds no results or cannot be written to.
    """
    study = read_study(folder)
    environment = Environment(
        loader=PackageLoader("engine.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"breakable": _breakable, "tight": _tight}
    page = environment.get_template("report.html.j2").render(_context(study))
    open_folder(folder).put(NAME, page.encode())
    return Path(folder) / NAME


def _breakable(name: str) -> Markup:
    """Let a long name break after its underscores and dots."""
    return Markup(escape(name).replace("_", Markup("_<wbr>")).replace(".", Markup(".<wbr>")))


def _tight(sentence: str) -> str:
    """Keep a number, its interval and its unit on one line."""
    space = "\N{NO-BREAK SPACE}"
    return sentence.replace(" ± ", f"{space}±{space}").replace(" bn RMB", f"{space}bn{space}RMB")


def _context(study: Study) -> dict[str, Any]:
    best = chosen_line(study) if len(study.lines) > 1 else None
    lines = sorted(study.lines, key=lambda line: line.value("cost_fen"))
    return {
        "title": _title(study),
        "facts": _facts(study),
        "answer": sentences(study),
        "frontier": _frontier(study, lines, best),
        "heads": _heads(study),
        "rows": [_row(line, best) for line in lines],
        "levers": _levers(lines),
        "comparison": _comparison(study),
        "over_time": _over_time(study, lines, best),
        "estimates": _estimates(lines),
        "measures": _definitions(study),
        "limits": _limits(study),
        "versions": study.versions,
        "config_hash": study.config_hash,
    }


def _title(study: Study) -> str:
    target = f"{scaled('gmv_paid_fen', study.target_fen):g} billion RMB"
    if study.searched and study.target_fen:
        return f"How could {target} of GMV be reached?"
    if study.searched:
        return "What does GMV cost?"
    names = [line.policy for line in study.lines]
    if study.comparison:
        return f"{len(names)} policies under the same luck"
    return f"A year under {', '.join(names)}"


def _facts(study: Study) -> list[tuple[str, str]]:
    """Return what was asked, as pairs of a word and its value."""
    worlds = sorted({row["world"] for row in study.runs})
    years = min((line.runs_count for line in study.lines), default=0)
    buyers = study.setting("scale", "buyers_count")
    searched = study.setting("search", "trials_count") if study.searched else None
    known = [
        ("Scenario", study.setting("scenario", "name")),
        ("Horizon", _horizon(study)),
        ("Scale", study.setting("scale", "name")),
        ("Simulated buyers", f"{buyers:,}" if buyers else None),
        ("Worlds", ", ".join(worlds)),
        ("Years a policy", years or None),
        ("Policies searched", searched),
        ("Seed", study.seed),
        ("World seed", study.setting("world_seed")),
        ("Poquan", study.versions.get("poquan")),
        ("Config", study.config_hash[:12]),
    ]
    return [(word, str(value)) for word, value in known if value not in {None, ""}]


def _horizon(study: Study) -> str | None:
    calendar = study.setting("scenario", "calendar") or {}
    start, end = calendar.get("start"), calendar.get("end")
    if not (start and end):
        return None
    return f"{start} – {end}".replace("-", "\N{NON-BREAKING HYPHEN}")


def _frontier(study: Study, lines: list[Line], best: Line | None) -> dict[str, Any] | None:
    shares = [line.value("top10_share") for line in lines]
    if not study.searched or not lines:
        return None
    ends = [show("top10_share", pick(shares)) for pick in (min, max)]
    chosen = best.policy if best else None
    return {
        "chart": charts.frontier_chart(lines, study.target_fen, chosen),
        "low": ends[0],
        "high": ends[1],
        "colours": [charts.colour(k / 2, [0, 1]) for k in range(3)],
        "has_chosen": best is not None,
    }


def _heads(study: Study) -> list[tuple[str, str]]:
    heads = [(label(name), unit(name) if name.endswith("_fen") else "") for name in COLUMNS]
    if study.target_fen:
        target = f"{scaled('gmv_paid_fen', study.target_fen):g}\N{NO-BREAK SPACE}bn"
        heads[1] = (f"P(reach {target})", "")
    return heads


def _row(line: Line, best: Line | None) -> dict[str, Any]:
    tags = [
        word
        for word, holds in (
            ("baseline", line.is_baseline),
            ("cheapest that reaches", best is not None and line.policy == best.policy),
            ("breaks a constraint", not line.feasible),
            ("off the frontier", not (line.is_baseline or line.on_frontier)),
        )
        if holds
    ]
    cells = [_cell(line, name) for name in COLUMNS]
    return {"policy": line.policy, "tags": tags, "cells": cells, "binding": line.binding or NONE}


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


def _levers(lines: list[Line]) -> dict[str, Any] | None:
    """Return the searched levers as a table, a row a lever, a column a policy."""
    names = list(dict.fromkeys(name for line in lines for name in line.levers))
    if not names:
        return None
    rows = [
        (name, [_number(line.levers.get(name)) for line in lines if line.levers]) for name in names
    ]
    return {"policies": [line.policy for line in lines if line.levers], "rows": rows}


def _number(value: float | str | None) -> str:
    if isinstance(value, str) or value is None:
        return value or NONE
    return f"{value:.3g}".replace("-", "−") if abs(value) < 1000 else f"{value:,.0f}"


def _comparison(study: Study) -> list[dict[str, Any]]:
    """Return the paired differences, a block a policy."""
    blocks = []
    for policy in dict.fromkeys(row["policy"] for row in study.comparison):
        rows = [row for row in study.comparison if row["policy"] == policy]
        head = {"policy": policy, "baseline": rows[0]["baseline"], "pairs": rows[0]["pairs_count"]}
        blocks.append(head | {"rows": [_comparison_row(row) for row in rows]})
    return blocks


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


def _over_time(study: Study, lines: list[Line], best: Line | None) -> dict[str, Any] | None:
    if study.daily is None:
        return None
    shown = shown_lines(lines, best)
    sales = curves(study.daily, shown, "gmv_paid_cumulative_fen", weekly=False)
    spend = curves(study.daily, shown, "subsidy_fen", weekly=True)
    if not sales:
        return None
    target = target_path(study.daily, shown)
    return {
        "key": [(one.policy, one.colour, one.is_baseline) for one in sales],
        "cumulative": charts.cumulative_chart(
            sales, target[1] if target else None, study.target_fen
        ),
        "target_of": target[0] if target else None,
        "spend": charts.spend_chart(spend) if spend else None,
    }


def _estimates(lines: list[Line]) -> dict[str, Markup | str] | None:
    """Return what the search had believed beside what fresh luck says."""
    measure = "gmv_paid_fen"
    found = [line.estimates[measure] for line in lines]
    gaps = [one.search - one.value for one in found if one.search is not None and one.value]
    if not gaps:
        return None
    mean = sum(gaps) / len(gaps)
    word = "too high" if mean > 0 else "too low"
    return {
        "chart": charts.estimates_chart(lines, measure, "GMV as paid, bn RMB"),
        "said": f"On average the search's estimate was {show(measure, abs(mean))} bn RMB {word}.",
    }


def _definitions(study: Study) -> list[tuple[str, str]]:
    names = [
        *COLUMNS,
        "budget_spent_share",
        "cost_fen",
        *(row["measure"] for row in study.comparison),
    ]
    return [MEASURES[name] for name in dict.fromkeys(names) if name in MEASURES]


def _limits(study: Study) -> list[str]:
    """Return what a reader must not take from the numbers."""
    worlds = {row["world"] for row in study.runs}
    buyers, pool = (
        study.setting("scale", "buyers_count"),
        study.setting("scenario", "platform", "pool_count"),
    )
    said = ["These are numbers of a model, not of a company. Compare policies; do not forecast."]
    if buyers and pool and buyers < pool:
        said.append(
            f"{buyers:,} simulated buyers stand for {pool:,} people. A larger sample changes the"
            " means little and shrinks the noise."
        )
    if len(worlds) <= 1:
        said.append(
            "One world: how strong the rival is, whether a head anchor leaves and how quickly"
            " brands join are taken as given. The intervals do not hold that doubt."
        )
    else:
        said.append(f"Means and intervals pool {len(worlds)} worlds with equal weight.")
    if study.searched:
        said.append(
            "The search tried a limited number of policies on a smaller population: a better one"
            " may exist. What is shown was simulated again in full, on fresh luck."
        )
    return said
