"""What goals and constraints read off a simulated year: a measure of it, of a part, or its value.

    of the year        its column of `runs`
    of a period        the sum over the period's days (`engine.measures.periods`)
    present value      sum over t < T + H of δ^max(t - d, 0) contribution_t

T days of the horizon, H = `objective.horizon_days` after it, under today's policy, and d the day
of the decision, from which on δ = (1 + discount a year)^(-1/365) discounts.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from engine.case import Case, RunResult
from engine.errors import InputError
from engine.measures.periods import period_of, split_measure, sum_of_period
from engine.measures.run_off import NET_PRESENT_VALUE, VALUED, discounts
from engine.spec.optimize import OptimizeJob
from engine.spec.run_off import days_left
from engine.spec.scenario import Scenario
from engine.stats.arrays import Floats

_CONTRIBUTION = VALUED[0]


class MeasureReader:
    """Reads measures off the years of a search.

    Parameters
    ----------
    job
        Names the measures, and what is discounted over how many days.
    scenarios
        Of the worlds, by name.
    """

    def __init__(self, job: OptimizeJob, scenarios: Mapping[str, Scenario]) -> None:
        self._job, self._scenarios = job, scenarios
        named = job.objective.measures
        days_beyond = job.objective.horizon_days
        self.needs_days = any(split_measure(name)[1] for name in named) or (
            NET_PRESENT_VALUE.name in named and not days_beyond
        )
        """Whether the days of a year are read, and not the year alone."""

    def of(self, year: RunResult, measure: str) -> float:
        """Return a measure of a year, in its unit."""
        if measure == NET_PRESENT_VALUE.name:
            return self._present_value(year)
        if split_measure(measure)[1]:
            start = self._scenarios[year.labels["world"]].calendar.start
            return sum_of_period(year.daily, measure, start)
        found: float = year.run[measure]
        return found

    def followed(self, case: Case) -> Case:
        """Return a year with the days after it that the objective counts, under today's policy."""
        job = self._job
        if not job.objective.horizon_days:
            return case
        after = job.baselines[job.today] if job.today is not None else None
        return replace(case, after=after, run_off_days=job.objective.horizon_days)

    def _present_value(self, year: RunResult) -> float:
        days = year.valued_days if self._job.objective.horizon_days else year.daily
        amounts = np.asarray(days[_CONTRIBUTION], np.float64)
        return float(self._weights(year, amounts.size) @ amounts)

    def _weights(self, year: RunResult, days_count: int) -> Floats:
        start = self._scenarios[year.labels["world"]].calendar.start
        decided = ((self._job.decision_date or start) - start).days
        return discounts(days_count, decided, self._job.discount_per_year)


def check_measures(job: OptimizeJob, scenarios: Mapping[str, Scenario]) -> None:
    """Refuse measures that the days which are simulated do not hold.

    Raises
    ------
    InputError
        For a period beyond the horizon of some world, and for days after it that nothing counts,
        that no policy is named for, or that lie too far ahead.
    """
    for measure in job.objective.measures:
        for world, scenario in scenarios.items():
            _check_period(measure, world, scenario)
    if job.objective.horizon_days:
        _check_days_after(job, scenarios)


def _check_period(measure: str, world: str, scenario: Scenario) -> None:
    period, calendar = period_of(measure), scenario.calendar
    if period is None or calendar.start <= period.first <= period.last <= calendar.end:
        return
    raise InputError(
        "objective",
        f"{measure} needs the days from {period.first} to {period.last}, and the horizon of the "
        f"world {world} is {calendar.start} to {calendar.end}",
        "a period within the horizon of every world",
        "name another period, or move scenario.calendar.start or scenario.calendar.end",
    )


def _check_days_after(job: OptimizeJob, scenarios: Mapping[str, Scenario]) -> None:
    where, days = "objective.horizon_days", job.objective.horizon_days
    if NET_PRESENT_VALUE.name not in job.objective.measures:
        raise InputError(
            where,
            f"{days} days after the horizon, and no goal or constraint counts them",
            f"0, or {NET_PRESENT_VALUE.name} among goals or constraints",
            f"set {where}=0, or name {NET_PRESENT_VALUE.name}",
        )
    if job.today is None:
        raise InputError(
            where,
            f"{days} days after the horizon, and today names no policy that is in force then",
            "a baseline",
            f"name one: today=...; or set {where}=0",
        )
    left = min(days_left(scenario.calendar) for scenario in scenarios.values())
    if days > left:
        raise InputError(
            where,
            f"{days} days beyond the horizon end more than ten years after the scenario's first",
            f"at most {left} days",
            f"set {where}={left}",
        )
