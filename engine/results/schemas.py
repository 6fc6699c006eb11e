"""The columns of every result table, in one place.

Units are suffixes of the names (`_fen`, `_share`, `_count`, `_s`) and stand again in
each field's metadata, with a description where the name alone misleads (`DESCRIPTIONS`). `daily`,
`trials`, `frontier`, `calibration`, `weights` and `sweep` also carry columns that depend on the
study, typed by their rows:

    joined_<kind>_count  in `daily`: suppliers of each of the scenario's kinds that sell
    lever.<path>      the value of a searched lever
    override.<key>    in `sweep`: what a job has otherwise than the others
    first_day, last_day  in `sweep`: those that a job's measures are of
    <measure>_change  in `sweep`: its paired difference to the first job, with its limits
    unknown.<path>    in `calibration`: the value of an unknown of the scenario
    miss.<key>, <period>
                      in `weights`: simulated less observed, in standard deviations
    <measure>         its mean over replications and worlds (a truth value: its share)
    <measure>@<period>  the same of a part of the year that a goal or a constraint names
    <measure>_se      the standard error of that mean
    <measure>_ci_low, <measure>_ci_high     its 95 % confidence limits
    <measure>_search  in `frontier`: the mean that the search itself had seen
    <measure>_cvar, <measure>_worst_world, <measure>_regret
                      in `frontier`: what else the first goal could count
    <measure>_opportunity_cost, p_correct, choices_count
                      in `frontier`, of the recommended policy: what it is expected to lose
                      of the first goal against the best of so many feasible finalists, and
                      the probability that it is that best one
    p_feasible, p_feasible.<constraint>
                      in `frontier`: probability that all constraints hold, or one
    rung              in `trials`: the highest that was visited; figures are at the top's level
    sampler_s         in `trials`: seconds that the sampler took to propose it
    is_baseline       in `frontier`: a policy that was given, not found
    binding           names of the constraints that bind, comma-separated
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from engine.measures import catalogue
from engine.measures.periods import split_measure
from engine.units import SEGMENTS

Row = Mapping[str, Any]

_COMPARED: Final[dict[str, type]] = {
    "policy": str,
    "baseline": str,
    "measure": str,
    "mean": float,
    "baseline_mean": float,
    "difference": float,
    "standard_error": float,
    "ci_low": float,
    "ci_high": float,
    "lowest_world": float,
    "highest_world": float,
    "variance_reduction": float,
    "pairs_count": int,
    "units_count": int,
    "worlds_count": int,
}
"""Columns of a paired difference: the mean over `worlds_count` worlds with the interval that
`units_count` independent replications leave, and the means of the worlds where it is least and
most; `pairs_count` pairs of runs."""

COLUMNS: Final[dict[str, dict[str, type]]] = {
    "runs": catalogue.KEYS | catalogue.RUN,
    "daily": catalogue.KEYS | {"date": date} | catalogue.DAILY,
    "monthly": catalogue.KEYS | {"month": date} | catalogue.MONTHLY,
    "segments": catalogue.KEYS | {"date": date} | dict.fromkeys(SEGMENTS, str),
    "anchors": catalogue.KEYS | {"anchor": int},
    "trials": {"trial": int, "policy": str, "state": str},
    "frontier": {"policy": str, "trial": int},
    "rungs": {
        "rung": int,
        "population_share": float,
        "worlds_count": int,
        "replications_count": int,
        "role": str,
        "name": str,
        "measure": str,
        "rank_correlation": float,
        "reliability": float,
        "top_reliability": float,
        "corrected_correlation": float,
        "told_apart": bool,
        "shift": float,
        "shift_se": float,
        "pilot_count": int,
        "trusted": bool,
    },
    "benchmark": {
        "suite": str,
        "axis": str,
        "subject": str,
        "measure": str,
        "value": float,
        "lowest": float,
        "highest": float,
        "goal": float,
        "runs_count": int,
        "buyers_count": int,
        "anchors_count": int,
        "days_count": int,
        "threads_count": int,
        "processes_count": int,
        "machine": str,
    },
    "advice": {"about": str, "sentence": str},
    "price_of_target": {
        "target_fen": float,
        "p_reach_without": float,
        "policy": str,
        "says": str,
        "p_reach": float,
        "p_reach_se": float,
        "p_reach_ci_low": float,
        "p_reach_ci_high": float,
        "worst_world": str,
        "p_reach_worst": float,
        "net_cost_fen": float,
        "net_cost_fen_ci_low": float,
        "net_cost_fen_ci_high": float,
        "net_cost_fen_q50": float,
        "net_cost_fen_q25": float,
        "net_cost_fen_q75": float,
        "net_cost_fen_q10": float,
        "net_cost_fen_q90": float,
        "marginal_cost_share": float,
        "marginal_cost_share_q10": float,
        "marginal_cost_share_q90": float,
        "gmv_paid_fen": float,
        "subsidy_fen": float,
        "binding": str,
        "top10_share": float,
        "brand_share": float,
        "dau_change_share": float,
        "is_recommended": bool,
    },
    "learnt": {
        "policy": str,
        "lever": str,
        "value": float,
        "base_value": float,
        "measure": str,
        "difference": float,
        "ci_low": float,
        "ci_high": float,
    },
    "attribution": {
        "policy": str,
        "lever": str,
        "says": str,
        "view": str,
        "measure": str,
        "effect": float,
        "standard_error": float,
        "ci_low": float,
        "ci_high": float,
        "pairs_count": int,
    },
    "plan": {
        "month": date,
        "is_past": bool,
        "gmv_fen": float,
        "low_fen": float,
        "middle_fen": float,
        "high_fen": float,
        "target_fen": float,
        "subsidy_fen": float,
        "changes": str,
    },
    "published": {
        "month": date,
        "so_far_fen": float,
    },
    "weights": {
        "world": str,
        "weight": float,
        "without_policy": str,
        "without_is_same": bool,
        "without_reach": float,
        "without_cost_fen": float,
        "note": str,
    },
    "ablation": {
        "mechanism": str,
        "title": str,
        "is_own": bool,
        **_COMPARED,
    },
    "comparison": _COMPARED,
    "value": _COMPARED,
    "answers": {"world": str, **_COMPARED},
    "calibration": {
        "point": int,
        "wave": int,
        "key": str,
        "period": str,
        "reading": str,
        "unit": str,
        "role": str,
        "observed": float,
        "tolerance": float,
        "simulated": float,
        "standard_error": float,
        "bound": int,
        "kept_low": float,
        "kept_high": float,
        "low": float,
        "median": float,
        "high": float,
        "coverage": float,
        "hidden_worlds": int,
        "prior_low": float,
        "prior_high": float,
        "coupon_low": float,
        "coupon_high": float,
        "by_line": float,
        "as_last": float,
        "miss": float,
        "worst_miss": float,
        "second_worst_miss": float,
        "score": float,
        "confirmed": bool,
        "plausible": bool,
        "kept": bool,
        "best": bool,
        "in_ensemble": bool,
        "note": str,
    },
    "response": {
        "lever": str,
        "unit": str,
        "value": float,
        "is_base": bool,
        "is_off": bool,
        "is_constant": bool,
        "measure": str,
        "mean": float,
        "difference": float,
        "standard_error": float,
        "ci_low": float,
        "ci_high": float,
        "pairs_count": int,
        "units_count": int,
        "range_low": float,
        "range_high": float,
    },
    "sensitivity": {
        "of": str,
        "name": str,
        "measure": str,
        "index": str,
        "value": float,
        "ci_low": float,
        "ci_high": float,
        "low": float,
        "high": float,
    },
    "trial": {
        "design": str,
        "measure": str,
        "truth": float,
        "truth_se": float,
        "truth_half_width": float,
        "estimate": float,
        "bias": float,
        "spread": float,
        "standard_error": float,
        "half_width": float,
        "covered_share": float,
        "detected_share": float,
        "detectable": float,
        "cost_fen": float,
        "tests_count": int,
    },
    "sweep": {
        "job": int,
        "name": str,
        "folder": str,
        "state": str,
        "message": str,
        "policy": str,
        "runs_count": int,
    },
    "claims": {
        "claim": str,
        "says": str,
        "measure": str,
        "expect": str,
        "within": float,
        "value": float,
        "ci_low": float,
        "ci_high": float,
        "units_count": int,
        "verdict": str,
    },
    "priors": {
        "dataset": str,
        "model": str,
        "parameter": str,
        "figure": float,
        "figure_se": float,
        "estimate": float,
        "estimate_se": float,
        "difference": float,
        "reason": str,
        "households_count": int,
        "choices_count": int,
        "draws_count": int,
    },
}
"""Columns that are always there, and their types. `month` is the month's first day;
`anchor` counts from 0 by fans on the first day; where a row of `anchors` stands for several
(`stands_for_count`), the fans are of one and the amounts of all. A row of `segments` is what
one kind of goods sold on a day in one tier of cities, by way of a follow (`domain` private) or of
the public feed, to buyers who are `new`, with their first order ever, or `known`, with any later
one. A row of `benchmark` is one figure: `value` is the median of its runs, in the unit in which
the name of the measure ends, `axis` what varies among the rows that belong together, `goal` what
the value should not exceed. A row of `calibration` is one point of the unknowns and one observed
figure, both numbers in the row's `unit`; `miss` is the standardised one, `worst_miss` that of the
point over the figures to fit; between `kept_low` and `kept_high` lie 80 % of the kept points'
`simulated`, at whatever point; between `low` and `high`, 80 % of what is predicted with noise and
the model's discrepancy, which held the figure in `coverage` of the `hidden_worlds`; between
`prior_low` and `prior_high`, what the unknowns' ranges alone predict of it; between `coupon_low`
and `coupon_high`, 80 % of what a RMB of a coupon on everything brings if this figure is all that is
known; `by_line` and `as_last` are what a seasonal line and the last quarter say; `bound` is 1 where
the figure is known to lie above `observed`, -1 below, else 0; `point` is -1 where the figure is not
modelled, and `note` says why.
A row of `learnt` is what all trials of a search say together that a goal changes by if one `lever`
of `policy` moves from `base_value` to `value`: the posterior of a regression, and no run.
A row of `weights` is one world of the main job's answer: its `weight` by what is known, and the
answer without it: the cheapest policy that reaches the goal then, in words, empty if there is none,
whether that is what all worlds recommend, and how surely and at what mean net cost the latter
reaches the goal then; these are null where there is one world alone; `note` is of all of them.
A row of `answers` is a row of `comparison` in one world of the calibration's ensemble. A row of
`rungs` is one goal or constraint on one rung of the search: how well the rung ranks the policies
of the pilot, as seen and without the noise of both rungs, and by how much the top's mean lies
above its own, in the measure's unit. A row of
`response` is a lever, or a group of levers that move together, at one `value` in its `unit`, and
one measure: its `mean` and the paired `difference` to the base policy, which is the row with
`is_base`; where the base holds several values, over dates or levers, `is_constant` is false and
`value` their mean. A row of
`sensitivity` is one `index` of a measure: the `first` order or `total` index of a factor, its
`effect` in the measure's unit as it rises from `low` to `high`, its `importance` in a search, or
the share of the variance that is `noise`; of an `unfinished` search the trials that are done,
of `high` asked for. `of` says what the factors are, `levers`, `unknowns` or those of a `search`.
A row of `claims` is what a named experiment says of a measure, with its value, 95 % limits and
whether it holds. A row of `sweep` is a policy of one job of a sweep, or of
one of several folders, with the mean of every measure; `is_answer` says of a
search's whether it was given or stands in its answer. A row of
`trial` is one kind of test and a measure: the `truth` a day, with the half width of the 95 %
interval that its replications leave, what `tests_count` tests say of it on
average and how they scatter, in the measure's unit a day; `half_width` is of their 95 % intervals,
`covered_share` of these hold the truth, `detected_share` exclude nothing on its side, and
`detectable` is an effect found four times in five; `cost_fen` is what one test takes from the
contribution of the horizon. A row of
`priors` is a published `figure` and its estimate anew; `difference` is in standard errors, the
figure's or else the estimate's, and `reason` says why there is no estimate."""

VARYING: Final = frozenset(
    {"daily", "segments", "anchors", "trials", "frontier", "calibration", "weights", "sweep"}
)
"""Tables whose rows may have further columns."""

MANIFEST: Final = "manifest.json"
"""Written last: says that all tables are there."""

PARTED: Final = ("daily", "segments", "anchors")
"""Tables that are folders with one part per run."""

_UNITS: Final[dict[str, str]] = {
    "_fen": "fen",
    "_share": "share",
    "_count": "count",
    "_per_s": "1/s",
    "_per_buyer": "1/buyer",
    "_ns": "ns",
    "_s": "s",
    "_days": "days",
}
_STATISTICS: Final = (
    "_ci_low",
    "_ci_high",
    "_se",
    "_search",
    "_cvar",
    "_worst_world",
    "_regret",
    "_opportunity_cost",
    "_change",
    "_q10",
    "_q25",
    "_q50",
    "_q75",
    "_q90",
)

DESCRIPTIONS: Final[dict[str, dict[str, str]]] = {
    "trial": {
        "truth": "effect of the policy on every day of the test, in the measure's unit a day",
        "truth_se": "standard error of truth, over the independent replications of its runs",
        "truth_half_width": "of the 95 % interval of truth",
    },
    "price_of_target": {
        "p_reach": "share of runs that reach the target, worlds weighted",
        "p_reach_ci_low": "95 % limit of Wilson, of as many runs as replications; none of one",
        "p_reach_ci_high": "95 % limit of Wilson, of as many runs as replications; none of one",
        "subsidy_fen": "subsidy of the whole run, the days before the decision included, mean",
        "marginal_cost_share": "RMB of net cost per RMB of GMV more than in the row above",
        "marginal_cost_share_q10": "of the same world by world, 10 % quantile; none where some "
        "world, or the mean beyond its noise, sells no more",
        "marginal_cost_share_q90": "of the same world by world, 90 % quantile",
    },
    "plan": {
        "gmv_fen": "GMV as paid of the month, mean",
        "low_fen": "GMV as paid of the year by the month's end, 10 % quantile",
        "middle_fen": "GMV as paid of the year by the month's end, median",
        "high_fen": "GMV as paid of the year by the month's end, 90 % quantile",
        "target_fen": "GMV as paid that the target's path asks for by the month's end",
        "subsidy_fen": "subsidy of the month, mean",
    },
    "published": {"so_far_fen": "published sales of the year by the month's end"},
}
"""What columns mean, by table, where their names do not say it: in the fields' metadata too."""


def unit_of(column: str) -> str:
    """Return the unit that a column's name ends in; `1` for indices, keys and words."""
    for statistic in _STATISTICS:
        column = column.removesuffix(statistic)
    name, _ = split_measure(column)
    return next((unit for suffix, unit in _UNITS.items() if name.endswith(suffix)), "1")
