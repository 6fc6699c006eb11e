"""The table of all policies, and what is shown of one that is picked."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from engine.report.findings.answer import wilson
from engine.report.findings.policies import LeverChange, PolicyText
from engine.report.formatting import label, scaled, show, unit
from engine.report.html.blocks import Cell, Table, TableRow, table
from engine.report.read.results_model import Line, StudyResults

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

_NOTE: Final = (
    "± is half of a 95 % interval; below a probability stand its 95 % limits. “Binds” names what "
    "holds a policy back: a constraint at its limit or over it, or a searched lever at the end of "
    "its range. “Budget” says that the whole purse was spent."
)
_TAGS: Final = {
    "baseline": "given",
    "cheapest": "cheapest that reaches",
    "recommended": "recommended",
    "breaks": "breaks a constraint",
    "beaten": "off the frontier",
}


class _PolicyCard(NamedTuple):
    """One policy as it opens on the page: its name, what stands beside it, its levers moved."""

    policy: str
    called: str
    tags: list[str]
    binding: str
    levers: list[LeverChange]
    is_open: bool


def policy_table(study: StudyResults, best: Line | None, names: Mapping[str, str]) -> Table | None:
    """Return every policy with its main measures, cheapest first; None for other analyses."""
    if study.ablation or study.response or study.trial or not study.lines:
        return None
    lines = sorted(study.lines, key=lambda line: line.value("cost_fen"))
    rows = [
        TableRow(
            [
                Cell(names.get(line.policy, line.policy), _small(line, best), line.policy),
                *(_cell(line, name) for name in COLUMNS),
            ],
            is_chosen=line.is_recommended or (best is not None and line is best),
        )
        for line in lines
    ]
    title = "All policies, cheapest first" if len(rows) > 1 else "What the year brings"
    return table(title, [("Policy", ""), *_heads(study)], rows, _NOTE, fold=len(rows) > 4)


def policy_cards(
    study: StudyResults, texts: Mapping[str, PolicyText], best: Line | None, first: str
) -> list[_PolicyCard]:
    """Return what opens of each policy; `first` is open from the start."""
    lines = {line.policy: line for line in study.lines}
    return [
        _PolicyCard(
            name,
            text.called,
            _tags(lines[name], best) if name in lines else [],
            lines[name].binding if name in lines else "",
            text.levers,
            name == first,
        )
        for name, text in texts.items()
        if text.levers or name in study.specs
    ]


def _heads(study: StudyResults) -> list[tuple[str, str]]:
    heads = [(label(name), unit(name)) for name in COLUMNS]
    goal = f"{scaled('gmv_paid_fen', study.target_fen):g} bn RMB" if study.target_fen else ""
    return [("P(reach)", goal) if head == label("target_attained") else (head, of)
            for head, of in heads]  # fmt: skip


def _tags(line: Line, best: Line | None) -> list[str]:
    holds = {
        "baseline": line.is_baseline,
        "cheapest": best is not None and line.policy == best.policy,
        "recommended": line.is_recommended,
        "breaks": not line.feasible,
        "beaten": not (line.is_baseline or line.on_frontier),
    }
    return [_TAGS[word] for word, is_so in holds.items() if is_so]


def _small(line: Line, best: Line | None) -> str:
    binds = [f"binds: {line.binding}"] if line.binding else []
    return "; ".join([*_tags(line, best), *binds])


def _cell(line: Line, measure: str) -> Cell:
    """Return a number with its interval, and what stands in small print below it."""
    found = line.estimates[measure]
    if measure == "subsidy_fen" and line.estimates["budget_spent_share"].value is not None:
        share = round(100 * line.value("budget_spent_share"))
        return Cell(show(measure, found.value, found.half), f"{share} % of budget")
    if measure == "target_attained" and found.value is not None and line.runs_count:
        limits = wilson(found.value * line.runs_count, line.runs_count)
        return Cell(show(measure, found.value), " to ".join(show(measure, one) for one in limits))
    return Cell(show(measure, found.value, found.half))
