"""A sweep of levers: which years it takes, and the rows of `response` made of them.

The base policy is simulated once for all levers, and every point under the same worlds,
populations and run seeds: a difference is that of a pair of runs that shared their random
numbers. After the horizon the base policy is in force again, for `run_off_days`: where a purse
was opened on 1 January it opens its own on that day, as the second of two years would.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from engine.case import Case, RunResult
from engine.cases import cases
from engine.compare import INCREMENTAL, paired
from engine.measures import catalogue
from engine.measures.run_off import CONTRIBUTION, RUN_OFF_MEASURES, with_run_off
from engine.response.points import BASE, LeverPoint, lever_points, swept_levers
from engine.spec.explain import unknown_word
from engine.spec.response import ResponseJob

_Row = dict[str, Any]

_ALWAYS = ("gmv_paid_fen", CONTRIBUTION)
"""Measures by which levers are judged, whatever else is asked for."""


def check_response(job: ResponseJob) -> None:
    """Refuse measures and levers that are not there, before anything runs.

    Raises
    ------
    InputError
        Naming what was meant.
    """
    known = [*catalogue.OUTCOMES, *RUN_OFF_MEASURES]
    for measure in job.measures:
        if measure not in known:
            raise unknown_word("measures", "is not measured", measure, known)
    _points(job)


def response_cases(job: ResponseJob) -> list[Case]:
    """List the years to simulate, the base policy's first and once."""
    policies = {point.policy.name: point.policy for point in _points(job)}
    base = policies.pop(BASE)
    return [
        replace(case, after=job.policy, run_off_days=job.run_off_days)
        for case in cases(job, [base, *policies.values()])
    ]


def response_rows(job: ResponseJob, years: Sequence[RunResult]) -> list[_Row]:
    """Return the rows of `response`: every point of every lever on every measure.

    Differences are those to the base policy, with Student's 95 % interval over the pairs; the
    base policy's own is 0 without an error.

    Parameters
    ----------
    job : what was asked.
    years : the years of `response_cases`, in any order.
    """
    missing = [name for name in _ALWAYS if name not in job.measures]
    measures = list(dict.fromkeys([*missing, *job.measures]))
    whole = [replace(year, run=with_run_off(year.run, year.run_off)) for year in years]
    found = {
        (row["policy"], row["measure"]): row
        for row in paired(whole, BASE, measures)
        if row["measure"] != INCREMENTAL
    }
    for measure in measures:
        found[BASE, measure] = _base_row(next(r for r in found.values() if r["measure"] == measure))
    return [
        _row(job, point, found[point.policy.name, measure])
        for point in _points(job)
        for measure in measures
    ]


def _points(job: ResponseJob) -> list[LeverPoint]:
    return [point for swept in swept_levers(job.levers) for point in lever_points(swept, job)]


def _base_row(other: _Row) -> _Row:
    """Return the base policy's own row, from that of a policy paired with it."""
    zero = dict.fromkeys(("difference", "standard_error", "ci_low", "ci_high"), 0.0)
    return {**other, "mean": other["baseline_mean"], **zero}


def _row(job: ResponseJob, point: LeverPoint, found: _Row) -> _Row:
    low, high = point.swept.range(job)
    copied = ("measure", "mean", "difference", "standard_error", "ci_low", "ci_high")
    return {
        "lever": point.swept.name,
        "unit": point.swept.first.unit,
        "value": point.value,
        "is_base": point.is_base,
        "is_off": point.is_off,
        "is_constant": point.is_constant,
        **{name: found[name] for name in copied},
        "pairs_count": found["pairs_count"],
        "units_count": found["units_count"],
        "range_low": float(low),
        "range_high": float(high),
    }
