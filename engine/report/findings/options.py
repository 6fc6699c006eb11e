"""Three options side by side, what they do to whom, and what would change the answer.

The cheapest that reaches the goal, the knee of the price curve, and the highest that is reached.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from engine.ablate import COMMON, indistinguishable, is_distinguishable
from engine.decision.amounts import bn
from engine.report.findings.calibration import fit_changes
from engine.report.findings.comparison import ONE_WORLD, comparison_changes
from engine.report.findings.factor_words import binding_words
from engine.report.findings.headlines import Headline, headline, recommended_price, span_over_worlds
from engine.report.findings.sensitivity import factor_changes
from engine.report.formatting import NONE, percent, show, show_change, signed
from engine.report.read.calibration import read_fit
from engine.report.read.results_model import Line, StudyResults, found_lines
from engine.report.read.weighing import by_world, weighed
from engine.results.schemas import Row

_CHEAPEST: Final = "Cheapest that reaches the goal"
_KNEE: Final = "Knee of the price curve"
_AMBITIOUS: Final = "Ambitious: the highest that is reached"

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


class _Decision(NamedTuple):
    """What there is to decide: the one number of a study, the options, what would change them."""

    headline: Headline | None
    options: list[_Option]
    changes: list[str]


def decision_told(study: StudyResults) -> _Decision:
    """Return a study's headline, its options and what would change the answer, as far as known."""
    return _Decision(headline(study), _options(study), _change_sentences(study))


def _options(study: StudyResults) -> list[_Option]:
    """Return the options of a search, cheapest first; none where nothing was searched."""
    if study.prices:
        return _priced(study)
    return _searched(study) if study.searched else []


def at_knee(reached: Sequence[Row]) -> Row | None:
    """Return the row of `price_of_target` that lies furthest below the line between the ends.

    With x the target and c the net cost, scaled to 0 at the first and 1 at the last row, the
    knee maximises x - c (Satopää and others, Finding a kneedle in a haystack, 2011). None where
    three rows are not there or no row lies below the line.
    """
    if len(reached) < 3:
        return None
    first, last = reached[0], reached[-1]
    wide = last["target_fen"] - first["target_fen"]
    dear = last["net_cost_fen_q50"] - first["net_cost_fen_q50"]
    if wide <= 0 or dear <= 0:
        return None

    def below(row: Row) -> float:
        across = (row["target_fen"] - first["target_fen"]) / wide
        return float(across - (row["net_cost_fen_q50"] - first["net_cost_fen_q50"]) / dear)

    best = max(reached[1:-1], key=below)
    return best if below(best) > 0 else None


def _change_sentences(study: StudyResults) -> list[str]:
    """Say what would change the answer, one sentence a thing."""
    if study.comparison:
        return comparison_changes(study)
    row = recommended_price(study)
    if row is None:
        told = [one["sentence"] for one in study.advice if one["about"] == "certainty"]
        return told or _wider_sentences(study)
    sure = f"{row['p_reach']:.2f}"
    said = [f"Whoever wants to be surer than {sure} needs another policy."]
    said = said if sure != "1.00" else []
    count = len(study.world_weights())
    if count > 1:
        worst = f"In the worst of the {count} worlds ({row['worst_world']})"
        said.append(f"{worst} it reaches the goal with {row['p_reach_worst']:.2f} only.")
    above = [other for other in study.prices if other["target_fen"] > row["target_fen"]]
    others = [other for other in above if other["policy"] not in {"", row["policy"]}]
    step = others[0] if others else None
    if step is not None and round(step["marginal_cost_share"] or 0.0, 2) > 0:
        more = f"{step['marginal_cost_share']:.2f} RMB"
        most = max(one["target_fen"] for one in others if one["policy"] == step["policy"])
        said.append(
            f"Where a RMB of sales is worth more than {more} beyond its "
            f"contribution, the next step, {bn(most, study.target_fen)} bn RMB, is the "
            "better choice."
        )
    ends = [part for part in (row["binding"] or "").split(", ") if " at its " in part]
    if ends:
        words = binding_words(", ".join(ends), study.goods)
        said.append(f"A wider range may hold a better policy: {words}.")
    return [*said, *(one["sentence"] for one in study.advice if one["about"] == "certainty")]


def _wider_sentences(study: StudyResults) -> list[str]:
    """Say of a study without a price of targets what more runs and other worlds may change."""
    said = []
    common = [row for row in study.ablation if row["measure"] == COMMON]
    unsure = [row for row in common if not is_distinguishable(row)]
    silent = sum(bool(row["difference"] or row["ci_low"] or row["ci_high"]) for row in unsure)
    idle = sum(not acted for acted in indistinguishable(study.ablation).values())
    if silent:
        said.append(
            f"More replications may tell {silent} of {len(common)} mechanisms from noise: so far "
            "they may do nothing."
        )
    if idle:
        said.append(
            f"No number of replications tells more of {idle} of {len(common)} mechanisms: they "
            "never acted in these runs. Another policy or scenario may."
        )
    said += factor_changes(study.sensitivity)
    if study.calibration:
        said += fit_changes(read_fit(study.calibration, study.config))
    worlds = {row["world"] for row in study.runs}
    return [*said, *([ONE_WORLD] if len(worlds) == 1 and not study.calibration else [])]


def _priced(study: StudyResults) -> list[_Option]:
    reached = [row for row in study.prices if row["says"]]
    goal = recommended_price(study)
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
            [
                *_price_facts(
                    row, _first_of(reached, policy), _sales(study, row, today), study.target_fen
                ),
                *_effects_on(study, policy, today),
            ],
        )
        for policy, (own, row) in found.items()
    ]


def _first_of(reached: Sequence[Row], policy: str) -> Row:
    """Return the first target that a policy is cheapest for: others say no price at the margin."""
    return next(row for row in reached if row["policy"] == policy)


def _sales(study: StudyResults, row: Row, today: str | None) -> _Fact:
    """Return what a policy of the price table sells, and how much more than today's."""
    found = weighed(study, row["policy"], "gmv_paid_fen", today)
    if found is None:
        return _Fact("GMV as paid", f"{bn(row['gmv_paid_fen'], study.target_fen)} bn RMB")
    more = "" if found.change is None else f"{_signed_bn(found.change, study)} bn RMB against today"
    return _Fact("GMV as paid", f"{bn(found.value, study.target_fen)} bn RMB", more)


def _signed_bn(fen: float, study: StudyResults) -> str:
    text = bn(fen, study.target_fen)
    return f"+{text}" if fen > 0 else text


def _price_facts(row: Row, first: Row, sales: _Fact, market_fen: float) -> list[_Fact]:
    """Tell a row of the price table; `first` is the first one of its policy."""
    cost, per = row["net_cost_fen_q50"], first["marginal_cost_share"]
    ends = first["marginal_cost_share_q10"], first["marginal_cost_share_q90"]
    worlds = "" if None in ends else f"80 % of worlds: {signed(ends[0], 2)} to {signed(ends[1], 2)}"
    least, most = row["p_reach_ci_low"], row["p_reach_ci_high"]
    limits = "" if least is None or most is None else f"95 %: {least:.2f} to {most:.2f}; "
    span = span_over_worlds(row["net_cost_fen_q10"], row["net_cost_fen_q90"], market_fen)
    return [
        _Fact("Target reached", f"{bn(row['target_fen'], market_fen)} bn RMB"),
        sales,
        _Fact("Net cost against today", f"{bn(cost, market_fen)} bn RMB", span),
        _Fact("RMB per further RMB of GMV", NONE if per is None else signed(per, 2),
             "the least target here" if per is None else worlds or "from the target below"),
        _Fact("P(reach the target)", f"{row['p_reach']:.2f}",
             f"{limits}worst world: {row['p_reach_worst']:.2f}"),
        _Fact("Own subsidy", f"{bn(row['subsidy_fen'], market_fen)} bn RMB", "of the whole run"),
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
            "net_cost_fen_q50": line.value("cost_fen"),
            "policy": line.policy,
        }
        for line in ordered
    ]
    row = at_knee(rows)
    return next((line for line in ordered if row and line.policy == row["policy"]), None)


def _line_facts(study: StudyResults, line: Line) -> list[_Fact]:
    reach = by_world(study, line.policy, "target_attained")
    worst = f"worst world: {percent(min(reach.values()))}" if len(reach) > 1 else ""
    gmv, own = line.estimates["gmv_paid_fen"], line.estimates["platform_contribution_fen"]
    facts = [
        _Fact("GMV as paid", f"{show('gmv_paid_fen', gmv.value, gmv.half)} bn RMB"),
        _Fact("Contribution", f"{show('platform_contribution_fen', own.value, own.half)} bn RMB"),
        _Fact("Own subsidy", f"{show('subsidy_fen', line.estimates['subsidy_fen'].value)} bn RMB"),
    ]
    if study.target_fen:
        facts.insert(2, _Fact("P(reach the target)", percent(line.value("target_attained")), worst))
    return facts


_SMALL: Final = "small_anchor_income_fen"
"""One simulated anchor stands for several: its income is told by how it changes alone."""

_ON: Final[Mapping[str, str]] = {
    "top10_share": "Heads: share of the ten largest",
    _SMALL: "Small anchors: income",
    "supplier_income_fen": "Suppliers: income",
    "brand_share": "Brands: share of sales",
    "dau_change_share": "Users: DAU against the path",
}
"""Whom a policy touches, by the measure that says how."""


def _effects_on(study: StudyResults, policy: str, base: str | None) -> list[_Fact]:
    called = "today" if base == study.setting("today") else base or ""
    facts = []
    for name, text in _ON.items():
        one = weighed(study, policy, name, base)
        if one is None:
            continue
        against = _against(name, one.change, one.base, called)
        if name != _SMALL:
            facts.append(_Fact(text, _amount(name, one.value), against))
        elif against:
            change, _, rest = against.partition(" against ")
            facts.append(_Fact(text, change, f"against {rest}"))
        else:
            facts.append(_Fact(text, f"as {called}" if policy == base else NONE))
    return facts


def _amount(measure: str, value: float) -> str:
    text = show(measure, value)
    return f"{text} bn RMB" if measure.endswith("_fen") else text


def _against(measure: str, change: float | None, was: float | None, base: str) -> str:
    if change is None or was is None:
        return ""
    if measure.endswith("_share"):
        return f"{show_change(measure, change)} against {base}"
    if not was:
        return ""
    return f"{signed(100 * change / was, 1, plus=True)} % against {base}"
