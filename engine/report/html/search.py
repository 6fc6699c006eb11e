"""The sections of a search: prices, plan, subsidy, levers, ecosystem, worlds, how sure."""

from collections.abc import Mapping
from typing import Final

from engine.report.charts.ecosystem import ecosystem_pictures
from engine.report.charts.frontier import frontier_picture
from engine.report.charts.learnt import Learnt
from engine.report.charts.over_time import days_pictures
from engine.report.charts.prices import effect_pictures, plan_pictures, price_picture
from engine.report.charts.rows import estimates_picture
from engine.report.charts.subsidy import BROUGHT_HEADS, CELLS_TITLE, option_spending
from engine.report.charts.worlds import miss_picture, world_picture
from engine.report.findings.prices import AS, PLAN, PRICES, VALUE, WORLDS, few_pairs
from engine.report.findings.search import SearchTold, risk_table
from engine.report.formatting import NONE
from engine.report.html.blocks import (
    Cell,
    Section,
    Table,
    TableRow,
    plain_rows,
    section,
    table,
)
from engine.report.read.results_model import StudyResults

_PRICE_UNITS: Final = {
    "Target": "bn RMB",
    "Net cost": "bn RMB",
    "80 % of worlds": "bn RMB",
    "RMB per RMB": "of GMV",
    "Whole subsidy": "bn RMB",
}
_UNDER: Final = {"RMB per RMB": "RMB per RMB, 80 %", "P reach": "P reach, 95 %"}
"""Columns of prices whose range stands in small print below, where a terminal has a column."""

_PLAN_UNITS: Final = dict.fromkeys(PLAN.heads[1:], "bn RMB")
_VALUE_UNITS: Final = {"Days after": "days"} | dict.fromkeys(VALUE.heads[1:], "bn RMB")

_RISK_NOTE: Final = (
    "The first goal on fresh seeds, by what of the runs could count. “All hold” is the "
    "probability that every constraint does; below it stands the constraint that is least sure."
)
_RUNG_NOTE: Final = (
    "A trial climbs from a small sample of buyers and few runs to the top rung. A pilot went up "
    "whatever it showed: its rank correlations with the top, corrected for the noise of both, say "
    "how far a rung can be trusted."
)
_VALUE_NOTE: Final = (
    "Contribution against going on as today throughout, discounted to the decision; today’s "
    "policy follows both after the year. “Pulled forward” is what the first days after the year "
    "lose, “left behind” what comes later. They rest on {}, prices on all runs: figures of one "
    "effect may differ."
)
_CELLS_NOTE: Final = (
    "Own coupons and the partner’s in the run; refunded are own coupons that come back with "
    "returned goods; “more” is against the policy that goes on as today, or the least subsidised."
)
_WORLD_NOTE: Final = (
    "The weight of a world is by how far its past lies from the actuals; without any, all weigh "
    "the same. “Without it” is the answer of all other worlds."
)
_NOT_LEARNT: Final = (
    "The {} trials of this search do not tell what each lever does alone: they are too few, or no "
    "policy of the answer lies in the space that was searched. A longer search may tell it "
    "(effort=laptop); experiments.response simulates each lever by itself."
)
_PRICE_NOTE: Final = (
    "Net cost, a median over worlds, is the contribution that going on as today would have "
    "brought more, under the same seeds. RMB per RMB is what one more RMB of GMV costs against the "
    "row above; below it the same for 80 % of the worlds, unless some world sells no more or luck "
    "may have brought what all sell more. P reach is the share of runs that reach the target; "
    "below it the 95 % limits that so few runs leave. Whole subsidy counts the days before the "
    "decision too; the plan has it by month. “None”: no policy that was tried reaches the target "
    "as surely as asked."
)


def search_sections(
    study: StudyResults, options: Mapping[str, str], names: Mapping[str, str]
) -> list[Section | None]:
    """Return the sections of a search, in the order of the argument; none without one.

    Parameters
    ----------
    study : whose search it is.
    options : what the policies that may be decided for are called in pictures.
    names : what every policy is called in tables.
    """
    if not study.searched:
        return []
    shown = _short_names(study, options)
    first = next(iter(shown), "")
    pair = {policy: shown[policy] for policy in shown if policy in {first, _today(study)}}
    best = study.chosen_line()
    goal = study.target_fen
    over = days_pictures(study, list(shown), shown)
    return [
        section("What each target costs", [price_picture(study.prices)], _price_tables(study)),
        section(
            "GMV on its way to the target",
            [
                *plan_pictures(study.plan, goal, study.published),
                *(over[1:] if study.plan else over),
            ],
            [_plan_table(study)],
        ),
        section(
            "What each policy reaches, and what it costs", [frontier_picture(study, best, names)]
        ),
        _subsidy_section(study, shown),
        section("What each lever brings", effect_pictures(study.effects, goal)),
        _learnt_section(study, shown),
        section(
            "Who gains and who loses",
            ecosystem_pictures(
                study,
                _others(study, shown),
                _base(study),
                "today" if _today(study) else _base(study) or "",
                pair,
            ),
        ),
        section(
            "Worlds side by side", [world_picture(study, pair or shown)], [_world_table(study)]
        ),
        section(
            "How sure",
            [miss_picture(study.worlds)],
            [_value_table(study), _risk_table(study, names)],
        ),
        section(
            "What the search believed, and what fresh seeds say",
            [estimates_picture(study.lines, dict(names))],
            [_rung_table(study)],
        ),
    ]


def _subsidy_section(study: StudyResults, shown: Mapping[str, str]) -> Section | None:
    """Return where the coupons went and what they brought: of the first option that gives any."""
    base = _base(study) or ""
    found = option_spending(study, shown, base, "today" if _today(study) else base)
    title = f"{CELLS_TITLE}: {found.called}"
    cells = table(title, BROUGHT_HEADS, plain_rows(found.cells), _CELLS_NOTE, fold=True)
    return section("Where the subsidy went", found.pictures, [cells])


def _learnt_section(study: StudyResults, shown: Mapping[str, str]) -> Section | None:
    """Return how goals answer to each lever alone, by what the trials say."""
    heading = "Levers and their response"
    if not study.learnt:
        count = sum(row["state"] == "complete" for row in study.trials)
        return section(heading, items=[_NOT_LEARNT.format(count)] if count else ())
    around = study.learnt[0]["policy"]
    called = "today’s policy" if around == _today(study) else f"“{shown.get(around, around)}”"
    found = Learnt.of(study.learnt, called)
    return section(heading, found.pictures, note=found.note, items=found.items)


def _short_names(study: StudyResults, options: Mapping[str, str]) -> dict[str, str]:
    """Return what the options and today's policy are called in pictures, in their order."""
    shown = dict(options)
    today = _today(study)
    if today in shown:
        shown[today] += " (as today)"
    elif today:
        shown[today] = "as today"
    if not study.prices:
        given = [line.policy for line in study.lines if line.is_baseline]
        shown |= {name: name for name in given if name not in shown}
    return shown


def _today(study: StudyResults) -> str:
    today = study.setting("today")
    return today if isinstance(today, str) and today in study.policies else ""


def _base(study: StudyResults) -> str | None:
    """Return whom options are compared with: today's, or the least subsidised that was given."""
    given = [line for line in study.lines if line.is_baseline]
    least = min(given, key=lambda line: line.value("subsidy_fen"), default=None)
    return _today(study) or (least.policy if least else None)


def _others(study: StudyResults, shown: Mapping[str, str]) -> dict[str, str]:
    return {policy: called for policy, called in shown.items() if policy != _base(study)}


def _heads(heads: tuple[str, ...], units: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(head, units.get(head, "")) for head in heads]


def _price_tables(study: StudyResults) -> list[Table]:
    heads = tuple(head for head in PRICES.heads if head not in _UNDER.values())
    rows = []
    for cells, row in zip(PRICES.cells(study.prices), study.prices, strict=True):
        told = dict(zip(PRICES.heads, cells, strict=True))
        small = {head: told[under] for head, under in _UNDER.items() if told[under] != NONE}
        line = {head: Cell(told[head], small.get(head, "")) for head in heads}
        again = told["Policy"].startswith(AS)
        line["Policy"] = Cell(told["Policy"], "" if again else row["says"], row["policy"])
        is_chosen = bool(row["is_recommended"] and row["policy"])
        rows.append(TableRow([*line.values()], is_chosen=is_chosen))
    return [
        table(
            "The cheapest way to each target",
            _heads(heads, _PRICE_UNITS),
            rows,
            _PRICE_NOTE,
            fold=False,
        )
    ]


def _plan_table(study: StudyResults) -> Table | None:
    if not study.plan:
        return None
    return table(
        "The plan by month",
        _heads(PLAN.heads, _PLAN_UNITS),
        plain_rows(PLAN.cells(study.plan)),
        fold=True,
    )


def _world_table(study: StudyResults) -> Table | None:
    rows = plain_rows(WORLDS.cells(study.worlds, study.target_fen))
    return table("The answer without each world", WORLDS.heads, rows, _WORLD_NOTE, fold=True)


def _value_table(study: StudyResults) -> Table | None:
    rows = plain_rows(VALUE.cells(study.value))
    return table(
        "Beyond the year",
        _heads(VALUE.heads, _VALUE_UNITS),
        rows,
        _VALUE_NOTE.format(few_pairs(study.value)) if study.value else "",
        fold=False,
    )


def _risk_table(study: StudyResults, names: Mapping[str, str]) -> Table | None:
    found = risk_table(study.frontier)
    if found is None:
        return None
    rows = [
        TableRow(
            [
                Cell(names.get(name, name), "recommended" if chosen else "", name),
                *(Cell(text, unit=found["heads"][0]) for text in cells[:-2]),
                Cell(cells[-2]),
                Cell(cells[-1], weakest),
            ],
            is_chosen=chosen,
        )
        for name, chosen, cells, weakest in found["rows"]
    ]
    return table(
        "What the choice of risk costs", ["Policy", *found["heads"]], rows, _RISK_NOTE, fold=True
    )


def _rung_table(study: StudyResults) -> Table | None:
    told = SearchTold(study.rungs, study.trials)
    heads, lines = told.details()
    if not lines:
        return None
    note = f"{_RUNG_NOTE} {told.sampling()}"
    return table("How the search looked at policies", heads, plain_rows(lines), note, fold=True)
