"""The one number of a study, with its range and what it is."""

from typing import Final, NamedTuple

from engine.ablate import COMMON, is_distinguishable
from engine.decision.amounts import bn
from engine.report.findings.comparison import sales_lead
from engine.report.findings.factor_words import factor_money, factor_words
from engine.report.findings.sensitivity import sensitivity_blocks
from engine.report.formatting import NONE, label_inside, show_change, show_limits, split_name, unit
from engine.report.read.calibration import read_fit
from engine.report.read.results_model import Line, StudyResults
from engine.report.read.weighing import by_world
from engine.response import lever_answers
from engine.results.schemas import Row

_NO_INTERVAL: Final = "one replication: no interval"


class Headline(NamedTuple):
    """One number with its unit, its range over worlds, and what it is."""

    value: str
    span: str
    says: str


def headline(study: StudyResults) -> Headline | None:
    """Return the one number of a study and its range over worlds."""
    if study.prices:
        row = recommended_price(study)
        return _cost_headline(row, study.target_fen) if row else _reach_headline(study.prices[0])
    for rows, told in _OF_ROWS.items():
        if getattr(study, rows):
            return told(study)
    line = study.chosen_line() if study.searched else None
    if not study.lines:
        return None
    return _gmv_headline(study, line or study.lines[0])


def recommended_price(study: StudyResults) -> Row | None:
    """Return the row of the goal that the recommended policy reaches; None where none does."""
    rows = (row for row in study.prices if row["is_recommended"] and row["policy"])
    return next(rows, None)


def _reach_headline(row: Row) -> Headline:
    target = bn(row["target_fen"], row["target_fen"])
    return Headline(
        f"{row['p_reach_without']:.2f}",
        "",
        f"probability with which going on as today reaches {target} bn RMB",
    )


def _cost_headline(row: Row, market_fen: float) -> Headline:
    cost = row["net_cost_fen_q50"]
    word = "costs less" if cost < 0 else "costs more"
    low, high = row["net_cost_fen_q10"], row["net_cost_fen_q90"]
    if cost < 0:
        cost = -cost
        low, high = (None, None) if low is None else (-high, -low)
    return Headline(
        f"{bn(cost, market_fen)} bn RMB",
        span_over_worlds(low, high, market_fen),
        f"what the recommended policy {word} than going on as today",
    )


def _claim_headline(study: StudyResults) -> Headline:
    """Return what the first claim of an experiment came to."""
    row = study.claims[0]
    of, low, high = unit(row["measure"]), row["ci_low"], row["ci_high"]
    return Headline(
        f"{show_change(row['measure'], row['value'])} {of if of != '%' else ''}".strip(),
        _NO_INTERVAL if low is None else f"95 %: {_span(row['measure'], low, high)}",
        f"{label_inside(row['measure'])}: {row['says']}",
    )


def _difference_headline(study: StudyResults) -> Headline | None:
    """Return by how much more than the baseline is sold where most is sold, as the title says."""
    found = sales_lead(study)
    if found is None:
        return None
    low, high = found.worlds or (found.low, found.high)
    market = study.target_fen
    span = "" if low is None or high is None else f"{bn(low, market)} to {bn(high, market)}"
    return Headline(
        f"{bn(found.gain, market)} bn RMB",
        f"{'worlds' if found.worlds else '95 %'}: {span}" if span else _NO_INTERVAL,
        f"more GMV as paid under {found.policy} than under {found.other}",
    )


def _lever_headline(study: StudyResults) -> Headline | None:
    told = [one for one in lever_answers(study.response) if one.is_gain]
    best = max(told, key=lambda one: one.best["difference"], default=None)
    if best is None:
        return None
    row, market = best.best, study.target_fen
    low, high = row["ci_low"], row["ci_high"]
    span = f"{bn(low, market)} to {bn(high, market)}" if low is not None else ""
    return Headline(
        f"{bn(row['difference'], market)} bn RMB",
        f"95 %: {span}" if span else _NO_INTERVAL,
        f"contribution with run-off, by {factor_words(best.lever, row.get('goods', ''))} alone at "
        f"{row['value']:.4g}{factor_money(best.lever)}",
    )


def _mechanism_headline(study: StudyResults) -> Headline | None:
    """Return what GMV as paid changes by without the mechanism that matters most."""
    common = (
        row for row in study.ablation if row["measure"] == COMMON and is_distinguishable(dict(row))
    )
    row = max(common, key=lambda one: abs(one["difference"]), default=None)
    if row is None:
        return None
    low, high, market = row["ci_low"], row["ci_high"], study.target_fen
    return Headline(
        f"{bn(row['difference'], market)} bn RMB",
        _NO_INTERVAL if low is None else f"95 %: {bn(low, market)} to {bn(high, market)}",
        f"change of GMV as paid without {' '.join(split_name(row['mechanism']))}",
    )


def _trial_headline(study: StudyResults) -> Headline:
    """Return the true effect on the first measure, beside what kinds of tests say of it."""
    rows = study.trial
    measure, half = rows[0]["measure"], rows[0].get("truth_half_width")
    said = [row["estimate"] for row in rows if row["measure"] == measure]
    return Headline(
        f"{show_change(measure, rows[0]['truth'], half)} {unit(measure)} a day",
        f"tests say: {_span(measure, min(said), max(said))}",
        f"true effect of the policy on {label_inside(measure)}",
    )


def _factor_headline(study: StudyResults) -> Headline | None:
    """Return the largest effect that is told on the first measure that has one."""
    for block in sensitivity_blocks(study.sensitivity):
        factor = block.moving[0] if block.moving else None
        if factor is not None and factor.effect is not None:
            row = factor.effect
            return Headline(
                f"{show_change(block.measure, row['value'])} {block.unit}".strip(),
                f"95 %: {_span(block.measure, row['ci_low'], row['ci_high'])}",
                f"change of {label_inside(block.measure)} by {factor.words}, "
                f"from {factor.range_text}",
            )
    return None


def _fit_headline(study: StudyResults) -> Headline:
    """Return how many figures the best world shows, of those that it was fitted to."""
    found = read_fit(study.calibration, study.config)
    figures, others = found.fitted, found.unseen
    held = sum(bool(one.is_held) for one in others)
    return Headline(
        f"{sum(bool(one.is_hit) for one in figures)} of {len(figures)}",
        f"80 % intervals hold {held} of {len(others)} not fitted" if others else "",
        "fitted figures that the best world shows within their tolerance",
    )


def _gmv_headline(study: StudyResults, line: Line) -> Headline:
    worlds = by_world(study, line.policy, "gmv_paid_fen")
    found = line.estimates["gmv_paid_fen"]
    low, high = (bn(end(worlds.values(), default=0.0), study.target_fen) for end in (min, max))
    span = f"worlds: {low} to {high}" if worlds else ""
    if len(worlds) < 2:
        known = found.low is not None and found.high is not None
        low, high = (bn(end or 0, study.target_fen) for end in (found.low, found.high))
        span = f"95 %: {low} to {high}" if known else ""
    value = f"{bn(found.value, study.target_fen)} bn RMB" if found.value is not None else NONE
    return Headline(value, span, f"GMV as paid under {line.policy}")


def span_over_worlds(low: float | None, high: float | None, market_fen: float) -> str:
    """Write the range over worlds; nothing where there is one world."""
    if low is None or high is None:
        return ""
    return f"80 % of worlds: {bn(low, market_fen)} to {bn(high, market_fen)}"


_OF_ROWS: Final = {
    "claims": _claim_headline,
    "comparison": _difference_headline,
    "response": _lever_headline,
    "ablation": _mechanism_headline,
    "calibration": _fit_headline,
    "trial": _trial_headline,
    "sensitivity": _factor_headline,
}
"""Which number is told of a study, by the table that it has."""


def _span(measure: str, low: float, high: float) -> str:
    """Write from where to where a difference may be, with as many decimals each."""
    of = " pp" if unit(measure) == "%" else ""
    return " to ".join(f"{end}{of}" for end in show_limits(measure, low, high).split(" … "))
