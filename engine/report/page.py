"""Builds `report.html` out of the tables in a results folder."""

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from engine.report import charts
from engine.report.across import across_context
from engine.report.answer import sentences
from engine.report.calibrated import LIMITS, fit_context
from engine.report.chosen import chosen_line
from engine.report.definitions import MEASURES
from engine.report.estimates import estimates_chart
from engine.report.fitted import read_fit
from engine.report.levers import lever_table
from engine.report.moved import LIMITS as MOVED_LIMITS
from engine.report.moved import moved_context
from engine.report.sample import replications_count, small_sample
from engine.report.searched import risk_table, search_table
from engine.report.series import curves, shown_lines, target_path
from engine.report.study import Line, Study, bare_lines, read_study
from engine.report.tables import (
    COLUMNS,
    comparison_blocks,
    mechanism_blocks,
    policy_heads,
    policy_row,
)
from engine.report.words import scaled, show
from engine.results.storage import open_folder

NAME: Final = "report.html"


def build_report(folder: Path, study: Study | None = None) -> Path:
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
        "warnings": [
            said for said in (study.incomplete, small_sample(study.config, study.runs)) if said
        ],
        "answer": sentences(study),
        "frontier": _frontier(study, lines, best),
        "heads": policy_heads(study),
        "rows": [] if study.ablation else [policy_row(line, best) for line in lines],
        "has_intervals": replications_count(study.runs) > 1,
        "risks": risk_table(study.frontier),
        "search": search_table(study.rungs, study.trials),
        "levers": lever_table(study, lines),
        "differences": _differences(study),
        "over_time": _over_time(study, lines, best),
        "estimates": _estimates(lines),
        "fit": _fit(study),
        "moved": moved_context(study.sensitivity),
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
    titles = (
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
        return f"{len(names)} policies under the same luck"
    return f"A year under {', '.join(names)}"


def _facts(study: Study) -> list[tuple[str, str]]:
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
        ("Worlds", ", ".join(worlds)),
        ("Years a policy", years),
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


def _over_time(study: Study, lines: list[Line], best: Line | None) -> dict[str, Any] | None:
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
        "chart": estimates_chart(lines, measure, "GMV as paid, bn RMB"),
        "said": f"On average the search's estimate was {show(measure, abs(mean))} bn RMB {word}.",
    }


def _fit(study: Study) -> dict[str, Any] | None:
    if not study.calibration:
        return None
    found = fit_context(read_fit(study.calibration, study.config))
    return found | {"across": across_context(study.answers)}


def _differences(study: Study) -> dict[str, Any] | None:
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


def _definitions(study: Study) -> list[tuple[str, str]]:
    has_policies = not (study.ablation or study.calibration or study.sensitivity)
    names = [*COLUMNS, "budget_spent_share", "cost_fen"] if has_policies else []
    names += [row["measure"] for row in (*study.comparison, *study.ablation, *study.sensitivity)]
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
            f"{buyers:,} simulated buyers stand for {pool:,} people. Luck shrinks with a larger"
            " sample, and means and concentration shift with it too: repeat what matters at a"
            " larger scale."
        )
    if study.calibration:
        return [*said, *LIMITS]
    if study.sensitivity:
        return [*said, *MOVED_LIMITS]
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
