"""The answer in plain sentences, drawn from the numbers and no surer than they are."""

from collections.abc import Sequence
from typing import Final

from engine.ablate import COMMON, indistinguishable, is_distinguishable
from engine.report.charts.response import response_sentences
from engine.report.charts.sweep import SweepView
from engine.report.charts.trial import trial_sentences
from engine.report.findings.calibration import fit_sentences
from engine.report.findings.claims import claim_sentence
from engine.report.findings.comparison import comparison_sentences
from engine.report.findings.prices import advice_about, effect_sentences
from engine.report.findings.search import choice
from engine.report.findings.sensitivity import moved_sentences
from engine.report.findings.world_agreement import across_sentences
from engine.report.formatting import (
    label_inside,
    percent,
    scaled,
    show,
    show_change,
    split_name,
)
from engine.report.policy_words import changed_policies
from engine.report.read.calibration import read_fit
from engine.report.read.results_model import VIOLATED, Line, StudyResults
from engine.results.schemas import Row
from engine.stats.intervals import wilson

_NO_SUBSIDY_FEN: Final = 1_000_000
"""Own coupons below 10,000 RMB a year count as none."""


_FIRST: Final = 5
"""Mechanisms that the first sentence names."""


_LEAD: Final = 2
"""Paragraphs of an analysis that stand on the first screen."""


def _sentences(study: StudyResults) -> list[str]:
    """Answer what was asked, one paragraph a string."""
    if study.advice:
        parts = [
            advice_about(about, study.advice) for about in ("answer", "luck", "beyond", "certainty")
        ]
        return [
            *filter(None, parts),
            *effect_sentences(study.effects, study.plan),
            _certainty(study),
        ]
    if study.searched:
        said = choice(study.frontier)
        return [*_searched(study), *([said] if said else []), _certainty(study)]
    if study.calibration:
        fitted = read_fit(study.calibration, study.config)
        return [*fit_sentences(fitted), *across_sentences(study.answers)]
    if study.sensitivity:
        return moved_sentences(study.sensitivity)
    if study.sweep:
        return SweepView(study.sweep).sentences()
    differences = _difference_sentences(study)
    return [*differences, _certainty(study)] if differences else _simulations(study)


def lead_sentences(study: StudyResults) -> tuple[list[str], list[str]]:
    """Return the answer's first sentences, and what stands in small print.

    The first are at most three and how few runs they rest on, or what became of each claim of an
    experiment.
    """
    if study.claims:
        look_at = study.setting("experiment", "look_at")
        rest = [f"Look at: {look_at}."] if look_at else []
        return [_capital(claim_sentence(row)) for row in study.claims], [*rest, *_sentences(study)]
    if study.advice:
        told = [row["sentence"] for row in study.advice if row["about"] == "answer"]
        luck = advice_about("luck", study.advice)
        lead = [*told[:2], *([luck] if luck else []), *told[2:][-1:]]
        beyond = advice_about("beyond", study.advice)
        rest = [
            *told[2:-1],
            *([beyond] if beyond else []),
            *effect_sentences(study.effects, study.plan),
        ]
        return lead, [*rest, _certainty(study)]
    said = _sentences(study)
    is_of_runs = not (study.searched or study.sweep or study.calibration or study.sensitivity)
    changed = changed_policies(study.command, study.config) if is_of_runs else []
    return [*changed, *said[:_LEAD]], said[_LEAD:]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _difference_sentences(study: StudyResults) -> list[str]:
    """Say what paired differences show: of tests, of levers, of mechanisms or of policies."""
    if study.trial:
        tried, control = (study.setting(key, "name") for key in ("policy", "control"))
        start, days = study.setting("start"), study.setting("days")
        return trial_sentences(study.trial, (tried, control), start, days)
    if study.response:
        return response_sentences(study.response, study.setting("run_off_days") or 0)
    if study.ablation:
        return _ablation_sentences(study.ablation)
    return comparison_sentences(study)


def _is_free(line: Line) -> bool:
    return line.value("subsidy_fen") < _NO_SUBSIDY_FEN


def _searched(study: StudyResults) -> list[str]:
    target = _bn(study.target_fen)
    if not any(line.feasible for line in study.lines):
        return [
            "No policy met every constraint, so none of those below is recommended; the table"
            " says what each ran into. " + _closest(study, target)
        ]
    if not study.target_fen:
        return [
            "No target was set. The frontier below shows how much contribution more sales cost."
        ]
    best = study.chosen_line()
    if best is None:
        return [
            f"No policy found reaches {target} bn RMB with the probability asked for"
            f" ({percent(study.level)}). " + _closest(study, target)
        ]
    does = [] if best.is_baseline else _levers(best)
    return [_way(study, best, target), *does, *_balance(study, best)]


def _way(study: StudyResults, best: Line, target: str) -> str:
    free = [line for line in study.lines if _is_free(line) and study.reaches(line)]
    if _is_free(best):
        start = f"{target} bn RMB is reached without any subsidy: under {best.policy}"
    elif free:
        start = (
            f"{target} bn RMB is reached even without any subsidy: under {free[0].policy} the"
            f" year ends at {_amount(free[0], 'gmv_paid_fen')} bn. The cheapest policy found is"
            f" {best.policy}: with it"
        )
    else:
        start = f"{target} bn RMB can be reached. The cheapest way found is {best.policy}: with it"
    text = (
        f"{start} the year ends at {_amount(best, 'gmv_paid_fen')} bn RMB of GMV as paid, and"
        f" {_part(best)} of the simulated runs reach the target. "
    )
    if not _is_free(best):
        text += (
            f"It spends {_amount(best, 'subsidy_fen')} bn RMB of the platform's own subsidy"
            f" ({percent(best.value('budget_spent_share'))} of the budget), and contributes"
            f" {_own(best)} bn RMB. "
        )
    others = [line for line in study.lines if line.is_baseline and line is not best]
    return text + _baselines(study, others)


def _own(line: Line) -> str:
    return _amount(line, "platform_contribution_fen")


def _levers(best: Line) -> list[str]:
    """Say in words what the best policy does; the table of levers holds the rest."""
    values = {name: value for name, value in best.levers.items() if not isinstance(value, str)}
    parts = []
    rates = {
        name.rsplit(".", 1)[1].replace("_", " "): value
        for name, value in values.items()
        if name.startswith("subsidy.rate.")
    }
    if rates:
        ends = [f"{percent(rates[kind])} ({kind})" for kind in sorted(rates, key=rates.__getitem__)]
        parts.append(f"coupons of {' to '.join(dict.fromkeys([ends[0], ends[-1]]))} of the price")
    if "subsidy.cap_rmb" in values:
        parts.append(f"at most {values['subsidy.cap_rmb']:.0f} RMB of coupon an order")
    if "price.cap" in values:
        cap = percent(values["price.cap"])
        parts.append(f"prices on plan days capped at {cap} of the price elsewhere")
    if "target.year_end_bn_rmb" in values:
        parts.append(f"a target of {values['target.year_end_bn_rmb']:.0f} bn RMB to steer by")
    return [f"What it does: {_and(parts)}."] if parts else []


def _baselines(study: StudyResults, lines: Sequence[Line]) -> str:
    """Say which of the given policies reach the target and which do not."""
    if not lines:
        return ""
    reach = [line for line in lines if study.reaches(line)]
    miss = [line for line in lines if line not in reach]
    parts = []
    if reach:
        named = _and([f"{line.policy} (contribution {_own(line)})" for line in reach])
        parts.append(f"{named} would reach it too")
    if miss:
        ends = _and([f"{line.policy} ({_amount(line, 'gmv_paid_fen')})" for line in miss])
        parts.append(f"{ends} would not reach it")
    return f"Of the baselines, {'; '.join(parts)}."


def _balance(study: StudyResults, best: Line) -> list[str]:
    """Say what the best policy does to the ecosystem, against the least subsidised baseline."""
    others = [line for line in study.lines if line.is_baseline and line is not best]
    if not others:
        return []
    base = min(others, key=lambda line: line.value("subsidy_fen"))
    changes = [_change(study, best, base, name) for name in ("top10_share", "brand_share")]
    dau = show("dau_change_share", best.estimates["dau_change_share"].value)
    text = f"Balance, against {base.policy}: {changes[0]}; {changes[1]}."
    return [f"{text} Daily active users stand at {dau} against their published path."]


def _change(study: StudyResults, line: Line, base: Line, measure: str) -> str:
    now, before = (show(measure, one.estimates[measure].value) for one in (line, base))
    found = study.paired_change(line.policy, base.policy, measure)
    text = f"the {label_inside(measure)} is {now} in place of {before}"
    if found.value is None or found.half is None:
        return text
    told = "" if abs(found.value) > found.half else ", not distinguishable from no change"
    return f"{text} ({show_change(measure, found.value, found.half)}{told})"


def _closest(study: StudyResults, target: str) -> str:
    """Name the policy that violates least, and what it breaks."""
    best = _nearest_line(study.lines)
    names = [name.removesuffix(VIOLATED) for name in best.binding.split(", ") if VIOLATED in name]
    breaks = f", which breaks {_and(names)}" if names else ""
    text = (
        f"The nearest is {best.policy}{breaks}; it ends at"
        f" {_amount(best, 'gmv_paid_fen')} bn RMB of GMV as paid"
    )
    if study.target_fen:
        text += f" against {target}, reached in {_part(best)} of the runs,"
    return f"{text} for {_amount(best, 'subsidy_fen')} bn RMB of subsidy."


def _nearest_line(lines: Sequence[Line]) -> Line:
    """Return the policy with the least total violation on fresh runs; of equals, what sells most.

    A violation is the excess over a constraint's limit as a share of that limit.
    """
    return min(lines, key=lambda line: (line.violation, -line.value("gmv_paid_fen")))


def _simulations(study: StudyResults) -> list[str]:
    if not study.lines:
        return ["No figures of whole runs are here: they are written when a command finishes."]
    return [*(_simulated(study, line) for line in study.lines), _certainty(study)]


def _simulated(study: StudyResults, line: Line) -> str:
    text = (
        f"Under {line.policy} GMV as paid ends at {_amount(line, 'gmv_paid_fen')} bn RMB, for"
        f" {_amount(line, 'subsidy_fen')} bn RMB of subsidy and a contribution of"
        f" {_amount(line, 'platform_contribution_fen')} bn RMB. "
    )
    if study.target_fen:
        text += f"{_goal_sentence(study, line)} "
    top, brand = (show(name, line.estimates[name].value) for name in ("top10_share", "brand_share"))
    return text + f"The ten largest anchors sell {top}, brands {brand}."


def _goal_sentence(study: StudyResults, line: Line) -> str:
    """Say how often the target is reached, and what it is held against if not the shown GMV."""
    target, reached = f"The target of {_bn(study.target_fen)} bn RMB", f"reached in {_part(line)}"
    span = study.goal_span()
    sold = [
        row["attainment_share"] * row["target_fen"]
        for row in study.runs
        if row["policy"] == line.policy and row.get("attainment_share") is not None
    ]
    if not (span and sold):
        return f"{target} is {reached} of the runs."
    amount = show("gmv_paid_fen", sum(sold) / len(sold))
    return (
        f"{target} is held against the sales of {span}, {amount} bn RMB, and {reached} of the runs."
    )


def _ablation_sentences(rows: Sequence[Row]) -> list[str]:
    """Say which mechanisms matter most for GMV as paid, and which effects may be zero."""
    common = [row for row in rows if row["measure"] == COMMON]
    told = sorted((row for row in common if is_distinguishable(row)), key=_size)
    said = []
    if told:
        whole = show(COMMON, told[0]["baseline_mean"])
        parts = [f"{_called(row['mechanism'])} ({_difference(row)})" for row in told[:_FIRST]]
        said.append(
            f"With every mechanism on, GMV as paid is {whole} bn RMB. Turned off one at a time,"
            f" these change it most (bn RMB): {'; '.join(parts)}."
        )
    without = indistinguishable(rows)
    idle = [_called(name) for name, acted in without.items() if not acted]
    silent = [_called(name) for name, acted in without.items() if acted]
    names = [_called(row["mechanism"]) for row in common if row not in told]
    still = [name for name in names if name not in idle]
    if still:
        said.append(f"On GMV as paid, not distinguishable from zero: {', '.join(still)}.")
    if silent:
        said.append(
            f"Not distinguishable from zero on any of their own measures: {', '.join(silent)}."
        )
    if idle:
        said.append(f"Never acted in these runs, the same without them: {', '.join(idle)}.")
    return said


def _called(mechanism: str) -> str:
    return " ".join(split_name(mechanism))


def _size(row: Row) -> float:
    return -abs(float(row["difference"]))


def _difference(row: Row) -> str:
    low, high = row["ci_low"], row["ci_high"]
    half = None if low is None else (high - low) / 2
    return show_change(row["measure"], row["difference"], half)


def _certainty(study: StudyResults) -> str:
    """Say how far the numbers can be trusted."""
    counts = [line.runs_count for line in study.lines if line.runs_count]
    if not counts:
        return "Intervals (±) are 95%."
    count = min(counts)
    if count < 2:
        return "One simulated run a policy: nothing is known of the noise in these numbers."
    best = None if study.ablation or study.response else study.chosen_line()
    text = f"Intervals (±) are 95% over {study.runs_per_policy} simulated runs a policy. "
    if best is not None and not advice_about("luck", study.advice):
        runs = max((best.runs_count or count) // study.worlds_count, 1)
        low, high = wilson(best.value("target_attained") * runs, runs)
        text += (
            f"With {runs} independent ones, a probability of"
            f" {percent(best.value('target_attained'))} may be anything from {percent(low)} to"
            f" {percent(high)}. "
        )
    return text + "They hold noise and the populations simulated, not doubt about the model itself."


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _amount(line: Line, measure: str) -> str:
    found = line.estimates[measure]
    return show(measure, found.value, found.half)


def _part(line: Line) -> str:
    share = line.value("target_attained")
    return {0.0: "none", 1.0: "all"}.get(share, percent(share))


def _bn(fen: float) -> str:
    return f"{scaled('gmv_paid_fen', fen):g}"
