"""Three options side by side, what they do to whom, and what would change the answer.

The cheapest that reaches the goal, the knee of the price curve, and the highest that is held.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from engine.decision.amounts import bn
from engine.report.formatting import NONE, percent, scaled, show, signed
from engine.report.read.results_model import Line, StudyResults, found_lines
from engine.report.read.weighing import by_world, weighed
from engine.response import lever_answers
from engine.results.schemas import Row
from engine.units import FEN_PER_RMB

_CHEAPEST: Final = "Cheapest that reaches the goal"
_KNEE: Final = "Knee of the price curve"
_AMBITIOUS: Final = "Ambitious: the highest that is held"

_BEST_OF_SEARCH: Final = "Ambitious: sells most"

_SHORT: Final = ("cheapest", "knee", "ambitious")


class _Fact(NamedTuple):
    """One line of an option: what it is, its value with unit, and what stands in small print."""

    label: str
    value: str
    note: str = ""


class _Option(NamedTuple):
    """A policy that may be decided for: by which right it stands here, and what it does."""

    roles: list[str]
    policy: str
    facts: list[_Fact]

    @property
    def short(self) -> str:
        """What the option is called in pictures, by how its roles begin."""
        found = [word for word in _SHORT for role in self.roles if role.lower().startswith(word)]
        return ", ".join(found)


class _Headline(NamedTuple):
    """One number with its unit, its range over worlds, and what it is."""

    value: str
    span: str
    says: str


class _Decision(NamedTuple):
    """What there is to decide: the one number of a study, the options, what would change them."""

    headline: _Headline | None
    options: list[_Option]
    changes: list[str]


def decision_told(study: StudyResults) -> _Decision:
    """Return a study's headline, its options and what would change the answer, as far as known."""
    return _Decision(_headline(study), _options(study), _change_sentences(study))


def _options(study: StudyResults) -> list[_Option]:
    """Return the options of a search, cheapest first; none where nothing was searched."""
    if study.prices:
        return _priced(study)
    return _searched(study) if study.searched else []


def at_knee(reached: Sequence[Row]) -> Row | None:
    """Return the row of `prices` that lies furthest below the line between the ends.

    With x the target and c the net cost, scaled to 0 at the first and 1 at the last row, the
    knee maximises x - c (Satopää and others, Finding a kneedle in a haystack, 2011). None where
    three rows are not there or no row lies below the line.
    """
    if len(reached) < 3:
        return None
    first, last = reached[0], reached[-1]
    wide = last["target_fen"] - first["target_fen"]
    dear = last["cost_median_fen"] - first["cost_median_fen"]
    if wide <= 0 or dear <= 0:
        return None

    def below(row: Row) -> float:
        across = (row["target_fen"] - first["target_fen"]) / wide
        return float(across - (row["cost_median_fen"] - first["cost_median_fen"]) / dear)

    best = max(reached[1:-1], key=below)
    return best if below(best) > 0 else None


def _headline(study: StudyResults) -> _Headline | None:
    """Return the one number of a study and its range over worlds."""
    if study.prices:
        row = _recommended(study)
        return _cost_headline(row) if row else _reach_headline(study.prices[0])
    if study.comparison:
        return _difference_headline(study)
    if study.response:
        return _lever_headline(study)
    analyses = (study.ablation, study.calibration, study.sensitivity, study.trial)
    line = study.chosen_line() if study.searched else None
    if any(analyses) or not study.lines:
        return None
    return _gmv_headline(study, line or study.lines[0])


def _change_sentences(study: StudyResults) -> list[str]:
    """Say what would change the answer of a main job, one sentence a thing."""
    row = _recommended(study)
    if row is None:
        return [one["sentence"] for one in study.advice if one["about"] == "certainty"]
    said = [f"Asked to be surer than {row['reach']:.2f}, it is not enough."]
    count = len(study.world_weights())
    if count > 1:
        worst = f"In the worst of the {count} worlds ({row['worst_world']})"
        said.append(f"{worst} it reaches the goal with {row['worst_reach']:.2f} only.")
    above = [other for other in study.prices if other["target_fen"] > row["target_fen"]]
    step = next((other for other in above if other["policy"] not in {"", row["policy"]}), None)
    if step is not None and round(step["cost_per_gmv"] or 0.0, 2) > 0:
        said.append(
            f"Where a RMB of sales is worth more than {step['cost_per_gmv']:.2f} RMB beyond its "
            f"contribution, the next step, {bn(step['target_fen'])} bn RMB, is the better choice."
        )
    ends = [part for part in (row["binding"] or "").split(", ") if " at its " in part]
    if ends:
        said.append(f"A wider range of {', '.join(ends)} may hold a better policy.")
    return [*said, *(one["sentence"] for one in study.advice if one["about"] == "certainty")]


def _recommended(study: StudyResults) -> Row | None:
    """Return the row of the goal that the recommended policy reaches; None where none does."""
    rows = (row for row in study.prices if row["is_recommended"] and row["policy"])
    return next(rows, None)


def _reach_headline(row: Row) -> _Headline:
    return _Headline(
        f"{row['today_reach']:.2f}",
        "",
        f"probability with which going on as today reaches {bn(row['target_fen'])} bn RMB",
    )


def _cost_headline(row: Row) -> _Headline:
    cost = row["cost_median_fen"]
    word = "costs less" if cost < 0 else "costs more"
    low, high = row["cost_80_low_fen"], row["cost_80_high_fen"]
    if cost < 0:
        cost = -cost
        low, high = (None, None) if low is None else (-high, -low)
    return _Headline(
        f"{bn(cost)} bn RMB",
        _span_over_worlds(low, high),
        f"what the recommended policy {word} than going on as today",
    )


def _difference_headline(study: StudyResults) -> _Headline | None:
    row = next((row for row in study.comparison if row["measure"] == "gmv_paid_fen"), None)
    if row is None:
        return None
    several = (row.get("worlds_count") or 1) > 1
    ends = ("lowest_world", "highest_world") if several else ("ci_low", "ci_high")
    low, high = (row[end] for end in ends)
    span = "" if low is None else f"{bn(low)} to {bn(high)}"
    word = "worlds" if several else "95 %"
    return _Headline(
        f"{bn(row['difference'])} bn RMB",
        f"{word}: {span}" if span else "one replication: no interval",
        f"GMV as paid under {row['policy']} against {row['baseline']}",
    )


def _lever_headline(study: StudyResults) -> _Headline | None:
    told = [one for one in lever_answers(study.response) if one.is_distinguishable]
    best = max(told, key=lambda one: one.best["difference"], default=None)
    if best is None or best.best["is_base"]:
        return None
    row = best.best
    span = f"{bn(row['ci_low'])} to {bn(row['ci_high'])}" if row["ci_low"] is not None else ""
    return _Headline(
        f"{bn(row['difference'])} bn RMB",
        f"95 %: {span}" if span else "one replication: no interval",
        f"contribution with run-off, by {best.lever} alone at {row['value']:.4g}",
    )


def _gmv_headline(study: StudyResults, line: Line) -> _Headline:
    worlds = by_world(study, line.policy, "gmv_paid_fen")
    found = line.estimates["gmv_paid_fen"]
    span = f"worlds: {bn(min(worlds.values()))} to {bn(max(worlds.values()))}" if worlds else ""
    if len(worlds) < 2:
        known = found.low is not None and found.high is not None
        span = f"95 %: {bn(found.low or 0)} to {bn(found.high or 0)}" if known else ""
    value = f"{bn(found.value)} bn RMB" if found.value is not None else NONE
    return _Headline(value, span, f"GMV as paid under {line.policy}")


def _priced(study: StudyResults) -> list[_Option]:
    reached = [row for row in study.prices if row["says"]]
    goal = _recommended(study)
    roles = [
        (_CHEAPEST, goal),
        (_KNEE, at_knee(reached)),
        (_AMBITIOUS, reached[-1] if reached else None),
    ]
    found: dict[str, tuple[list[str], Row]] = {}
    for role, row in roles:
        if row is not None:
            found.setdefault(row["policy"], ([], row))[0].append(role)
    today = study.setting("today")
    return [
        _Option(
            own,
            policy,
            [*_price_facts(row, _sales(study, row, today)), *_effects_on(study, policy, today)],
        )
        for policy, (own, row) in found.items()
    ]


def _span_over_worlds(low: float | None, high: float | None) -> str:
    """Write the range over worlds; nothing where there is one world."""
    return "" if low is None or high is None else f"80 % of worlds: {bn(low)} to {bn(high)}"


def _sales(study: StudyResults, row: Row, today: str | None) -> _Fact:
    """Return what a policy of the price table sells, and how much more than today's."""
    found = weighed(study, row["policy"], "gmv_paid_fen", today)
    if found is None:
        return _Fact("GMV as paid", f"{bn(row['gmv_paid_fen'])} bn RMB")
    more = "" if found.change is None else f"{_signed_bn(found.change)} bn RMB against today"
    return _Fact("GMV as paid", f"{bn(found.value)} bn RMB", more)


def _signed_bn(fen: float) -> str:
    return f"+{bn(fen)}" if fen > 0 else bn(fen)


def _price_facts(row: Row, sales: _Fact) -> list[_Fact]:
    cost, per = row["cost_median_fen"], row["cost_per_gmv"]
    span = _span_over_worlds(row["cost_80_low_fen"], row["cost_80_high_fen"])
    return [
        _Fact("Target held", f"{bn(row['target_fen'])} bn RMB"),
        sales,
        _Fact("Net cost against today", f"{bn(cost)} bn RMB", span),
        _Fact("RMB per further RMB of GMV", NONE if per is None else signed(per, 2),
             "" if per is None else "from the target below"),
        _Fact("P(reach the target)", f"{row['reach']:.2f}",
             f"worst world: {row['worst_reach']:.2f}"),
        _Fact("Own subsidy", f"{bn(row['subsidy_fen'])} bn RMB"),
    ]  # fmt: skip


def _searched(study: StudyResults) -> list[_Option]:
    """Options of a frontier of sales and cost."""
    chosen = study.chosen_line()
    found = [line for line in found_lines(study.lines) if line.feasible]
    most = max(found, key=lambda line: line.value("gmv_paid_fen"), default=None)
    knee = _line_at_knee(sorted(found, key=lambda line: line.value("cost_fen")))
    picked: dict[str, tuple[list[str], Line]] = {}
    for role, line in ((_CHEAPEST, chosen), (_KNEE, knee), (_BEST_OF_SEARCH, most)):
        if line is not None:
            picked.setdefault(line.policy, ([], line))[0].append(role)
    given = [line for line in study.lines if line.is_baseline]
    least = min(given, key=lambda line: line.value("subsidy_fen"), default=None)
    base = least.policy if least else None
    return [
        _Option(
            roles,
            policy,
            [*_line_facts(study, line), *_effects_on(study, policy, base)],
        )
        for policy, (roles, line) in picked.items()
    ]


def _line_at_knee(ordered: Sequence[Line]) -> Line | None:
    rows = [
        {
            "target_fen": line.value("gmv_paid_fen"),
            "cost_median_fen": line.value("cost_fen"),
            "policy": line.policy,
        }
        for line in ordered
    ]
    row = at_knee(rows)
    return next((line for line in ordered if row and line.policy == row["policy"]), None)


def _line_facts(study: StudyResults, line: Line) -> list[_Fact]:
    reach = by_world(study, line.policy, "target_attained")
    worst = f"worst world: {percent(min(reach.values()))}" if len(reach) > 1 else ""
    gmv, cost = line.estimates["gmv_paid_fen"], line.estimates["cost_fen"]
    facts = [
        _Fact("GMV as paid", f"{show('gmv_paid_fen', gmv.value, gmv.half)} bn RMB"),
        _Fact("Net cost", f"{show('cost_fen', cost.value, cost.half)} bn RMB"),
        _Fact("Own subsidy", f"{show('subsidy_fen', line.estimates['subsidy_fen'].value)} bn RMB"),
    ]
    if study.target_fen:
        facts.insert(2, _Fact("P(reach the target)", percent(line.value("target_attained")), worst))
    return facts


_ON: Final[Mapping[str, str]] = {
    "top10_share": "Heads: share of the ten largest",
    "small_anchor_income_fen": "One simulated small anchor: income a year",
    "supplier_income_fen": "Suppliers: income",
    "brand_share": "Brands: share of sales",
    "dau_change_share": "Users: DAU against the path",
}
"""Whom a policy touches, by the measure that says how."""


def _effects_on(study: StudyResults, policy: str, base: str | None) -> list[_Fact]:
    called = "today" if base == study.setting("today") else base or ""
    found = ((name, weighed(study, policy, name, base)) for name in _ON)
    return [
        _Fact(_ON[name], _amount(name, one.value), _against(name, one.change, one.base, called))
        for name, one in found
        if one is not None
    ]


def _amount(measure: str, value: float) -> str:
    if measure == "small_anchor_income_fen":
        return f"{value / FEN_PER_RMB / 1e6:,.2f} million RMB"
    text = show(measure, value)
    return f"{text} bn RMB" if measure.endswith("_fen") else text


def _against(measure: str, change: float | None, was: float | None, base: str) -> str:
    if change is None or was is None:
        return ""
    if measure.endswith("_share"):
        return f"{signed(scaled(measure, change), 1, plus=True)} pp against {base}"
    if not was:
        return ""
    return f"{signed(100 * change / was, 1, plus=True)} % against {base}"
