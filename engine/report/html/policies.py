"""The policies of a page: what each does against what it is measured by, the table, the cards."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Final, NamedTuple

from engine.decision.inert import Difference, differences
from engine.decision.names import lever_phrase, policy_name
from engine.report.findings.factor_words import binding_words
from engine.report.formatting import NONE, label, scaled, show, unit
from engine.report.html.blocks import Cell, Table, TableRow, table
from engine.report.read.results_model import Line, StudyResults
from engine.spec.base import Dated
from engine.spec.levers import levers_of, set_levers
from engine.spec.policy import Policy
from engine.stats.intervals import wilson

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
    "its range. “Budget” says that the whole purse was spent, “price cap” on which share of orders "
    "it lowered the price, from 1 % on."
)
_TAGS: Final = {
    "baseline": "given",
    "cheapest": "cheapest that reaches",
    "recommended": "recommended",
    "breaks": "breaks a constraint",
    "beaten": "off the frontier",
}

_SPACE: Final = "\N{NO-BREAK SPACE}"

_OFF: Final = "all levers off"


class _LeverChange(NamedTuple):
    """One lever that a policy holds elsewhere than the other: its words, path, unit and values."""

    words: str
    path: str
    unit: str
    was: str
    own: str


class _PolicyText(NamedTuple):
    """A policy for people: its name there, what it does in a sentence, and its levers moved."""

    policy: str
    called: str
    levers: list[_LeverChange]


class _PolicyCard(NamedTuple):
    """One policy as it opens on the page: its name, what stands beside it, its levers moved."""

    policy: str
    called: str
    tags: list[str]
    binding: str
    levers: list[_LeverChange]
    is_open: bool


class _PoliciesShown(NamedTuple):
    """What a page shows of policies: what they are called, their table, their cards.

    `reference` is the policy that levers are compared with.
    """

    names: dict[str, str]
    reference: str
    table: Table | None
    cards: list[_PolicyCard]


def policies_shown(study: StudyResults, options: Sequence[str]) -> _PoliciesShown:
    """Return what the page shows of every policy; the first of the options is open."""
    best = study.chosen_line() if len(study.lines) > 1 else None
    texts = _policy_texts(study)
    names = {name: text.called for name, text in texts.items()}
    first = next(iter(options or texts), "")
    return _PoliciesShown(
        names,
        _reference_name(study),
        _policy_table(study, best, names),
        _policy_cards(study, texts, best, first),
    )


def _reference_name(study: StudyResults) -> str:
    """Return what policies are compared with: today's, the baseline, or all levers off."""
    today = study.setting("today")
    if isinstance(today, str) and today in study.specs:
        return today
    baseline = study.comparison[0]["baseline"] if study.comparison else None
    return baseline if baseline in study.specs else _OFF


def _policy_texts(study: StudyResults) -> dict[str, _PolicyText]:
    """Tell every policy of the tables, by its name in them, in their order."""
    reference = study.specs.get(_reference_name(study))
    said = {row["policy"]: row["says"] for row in study.prices if row["says"]}
    found = {}
    for name in study.policies:
        own = study.specs.get(name)
        moved = () if own is None else _moved(study, own, reference)
        words = said.get(name) or _called(study, name, own, moved)
        found[name] = _PolicyText(name, words, list(_lines(moved, _first_day(study))))
    twice = Counter(text.called for text in found.values())
    return {
        name: text._replace(called=f"{text.called} ({name})") if twice[text.called] > 1 else text
        for name, text in found.items()
    }


def _policy_table(study: StudyResults, best: Line | None, names: Mapping[str, str]) -> Table | None:
    """Return every policy with its main measures, cheapest first; None for other analyses."""
    if study.ablation or study.response or study.trial or not study.lines:
        return None
    lines = sorted(study.lines, key=lambda line: line.value("cost_fen"))
    rows = [
        TableRow(
            [
                _named(study, line, best, names.get(line.policy, line.policy)),
                *(_cell(line, name, study.worlds_count) for name in COLUMNS),
            ],
            is_chosen=line.is_recommended or (best is not None and line is best),
        )
        for line in lines
    ]
    title = "All policies, cheapest first" if len(rows) > 1 else "What the run brings"
    return table(title, [("Policy", ""), *_heads(study)], rows, _NOTE, fold=len(rows) > 4)


def _policy_cards(
    study: StudyResults, texts: Mapping[str, _PolicyText], best: Line | None, first: str
) -> list[_PolicyCard]:
    """Return what opens of each policy; `first` is open from the start."""
    lines = {line.policy: line for line in study.lines}
    return [
        _PolicyCard(
            name,
            text.called,
            _tags(lines[name], best, text.called) if name in lines else [],
            binding_words(lines[name].binding, study.goods) if name in lines else "",
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


def _tags(line: Line, best: Line | None, called: str) -> list[str]:
    """Return what stands beside a policy; one called by what it does also has its file named."""
    file = [] if line.policy in called else [f"policy={line.policy}"]
    holds = {
        "baseline": line.is_baseline,
        "cheapest": best is not None and line.policy == best.policy,
        "recommended": line.is_recommended,
        "breaks": not line.feasible,
        "beaten": not (line.is_baseline or line.on_frontier),
    }
    return [*file, *(_TAGS[word] for word, is_so in holds.items() if is_so)]


def _named(study: StudyResults, line: Line, best: Line | None, called: str) -> Cell:
    words = binding_words(line.binding, study.goods)
    binds = [f"binds: {words}"] if words else []
    return Cell(called, "; ".join([*_tags(line, best, called), *binds]), line.policy)


def _cell(line: Line, measure: str, worlds: int) -> Cell:
    """Return a number with its interval, and what stands in small print below it.

    Parameters
    ----------
    worlds : in how many worlds each run was repeated: they are no independent runs.
    """
    found = line.estimates[measure]
    if measure == "subsidy_fen" and line.estimates["budget_spent_share"].value is not None:
        share = round(100 * line.value("budget_spent_share"))
        return Cell(show(measure, found.value, found.half), f"{share} % of budget")
    if measure == "target_attained" and found.value is not None and line.runs_count:
        runs = max(line.runs_count // worlds, 1)
        limits = wilson(found.value * runs, runs)
        return Cell(show(measure, found.value), " to ".join(show(measure, one) for one in limits))
    return Cell(show(measure, found.value, found.half))


def _moved(study: StudyResults, own: Policy, reference: Policy | None) -> tuple[Difference, ...]:
    decided = _date(study.setting("decision_date"))
    return differences(own, reference or _all_off(study, own), study.kinds, decided)


def _called(study: StudyResults, name: str, own: Policy | None, moved: Sequence[Difference]) -> str:
    """A found policy is called by what it does, a given one by its name."""
    given = {line.policy for line in study.lines if line.is_baseline}
    if own is None or not study.searched or name in given:
        return name
    return policy_name(moved)


def _all_off(study: StudyResults, policy: Policy) -> Policy:
    """The policy with every lever off that can be."""
    known = levers_of(study.kinds)
    off = {path: lever.off for path, lever in known.items() if lever.off is not None}
    return set_levers(policy, off, policy.name)


def _lines(moved: Sequence[Difference], start: date) -> Iterator[_LeverChange]:
    for one in moved:
        yield _LeverChange(
            lever_phrase(one),
            one.path,
            one.lever.unit if one.lever else "",
            _lever_text(one.was, start),
            _lever_text(one.own, start),
        )


def _lever_text(value: Any, start: date) -> str:
    """Write a lever's value: a number, a choice, or steps as `0.02 → 0.06 (1 Jun)`.

    Parameters
    ----------
    value : a number, a word, a `Dated` value, or the target's knots.
    start : first day of the horizon; only dates of other years name theirs.
    """
    if isinstance(value, Dated):
        return _steps(value.steps, start)
    if isinstance(value, (tuple, list)):
        return _shape([float(knot) for knot in value])
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return NONE if value is None else str(value)
    return _number(float(value))


def _steps(steps: Sequence[tuple[date, float]], start: date) -> str:
    parts = [_number(steps[0][1])]
    for (_, before), (day, value) in pairwise(steps):
        if value != before:
            year = f"{_SPACE}{day.year}" if day.year != start.year else ""
            parts.append(f"{_number(value)}{_SPACE}({day.day}{_SPACE}{day:%b}{year})")
    return " → ".join(parts)


def _shape(knots: Sequence[float]) -> str:
    """Write the target's path by its per cents after each quarter of its days but the last."""
    if not knots:
        return NONE
    last = len(knots)
    shares = [knots[max(round(last * k / 4), 1) - 1] for k in (1, 2, 3)]
    return (
        ", ".join(f"{100 * share:.0f}" for share in shares) + " % after 1/4, 1/2, 3/4 of its days"
    )


def _number(value: float) -> str:
    """Write a lever's value with three figures, from a thousand on in full."""
    return f"{value:.3g}".replace("-", "−") if abs(value) < 1000 else f"{value:,.0f}"


def _first_day(study: StudyResults) -> date:
    return _date(study.setting("scenario", "calendar", "start")) or date.min


def _date(text: Any) -> date | None:
    """Read a day as a config writes it."""
    if isinstance(text, date) or text is None:
        return text
    return date.fromisoformat(str(text))
