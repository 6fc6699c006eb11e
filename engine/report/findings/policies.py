"""What each policy does, in words and lever by lever, against the policy it is measured by."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Final, NamedTuple

from engine.decision.inert import Difference, differences
from engine.decision.names import lever_phrase, policy_name
from engine.report.formatting import NONE
from engine.report.read.results_model import StudyResults
from engine.spec.base import Dated
from engine.spec.levers import LEVERS, set_levers
from engine.spec.policy import Policy

_SPACE: Final = "\N{NO-BREAK SPACE}"

_OFF: Final = "all levers off"


class LeverChange(NamedTuple):
    """One lever that a policy holds elsewhere than the other: its words, path, unit and values."""

    words: str
    path: str
    unit: str
    was: str
    own: str


class PolicyText(NamedTuple):
    """A policy for people: its name there, what it does in a sentence, and its levers moved."""

    policy: str
    called: str
    levers: list[LeverChange]


def reference_name(study: StudyResults) -> str:
    """Return what policies are compared with: today's, the baseline, or all levers off."""
    today = study.setting("today")
    if isinstance(today, str) and today in study.specs:
        return today
    baseline = study.comparison[0]["baseline"] if study.comparison else None
    return baseline if baseline in study.specs else _OFF


def policy_texts(study: StudyResults) -> dict[str, PolicyText]:
    """Tell every policy of the tables, by its name in them, in their order."""
    reference = study.specs.get(reference_name(study))
    said = {row["policy"]: row["says"] for row in study.prices if row["says"]}
    found = {}
    for name in study.policies:
        own = study.specs.get(name)
        moved = () if own is None else _moved(study, own, reference)
        words = said.get(name) or _called(study, name, own, moved)
        found[name] = PolicyText(name, words, list(_lines(moved, _first_day(study))))
    return found


def _moved(study: StudyResults, own: Policy, reference: Policy | None) -> tuple[Difference, ...]:
    decided = _date(study.setting("decision_date"))
    return differences(own, reference or _all_off(own), decided)


def _called(study: StudyResults, name: str, own: Policy | None, moved: Sequence[Difference]) -> str:
    """A found policy is called by what it does, a given one by its name."""
    given = {line.policy for line in study.lines if line.is_baseline}
    if own is None or not study.searched or name in given:
        return name
    return f"{policy_name(moved)} ({name})"


def _all_off(policy: Policy) -> Policy:
    """The policy with every lever off that can be."""
    off = {path: lever.off for path, lever in LEVERS.items() if lever.off is not None}
    return set_levers(policy, off, policy.name)


def _lines(moved: Sequence[Difference], start: date) -> Iterator[LeverChange]:
    for one in moved:
        lever = LEVERS.get(one.path)
        yield LeverChange(
            lever_phrase(one),
            one.path,
            lever.unit if lever else "",
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
    """Write the target's path by its per cents after three, six and nine twelfths."""
    if not knots:
        return NONE
    last = len(knots)
    shares = [knots[max(round(last * k / 4), 1) - 1] for k in (1, 2, 3)]
    return ", ".join(f"{100 * share:.0f}" for share in shares) + " % by 3, 6, 9 twelfths"


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
