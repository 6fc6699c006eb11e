"""What a job names that lies outside the days it simulates, as notes."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from pydantic import BaseModel

from engine.population.anchors import ARRIVAL_DAYS
from engine.spec.base import Dated
from engine.spec.calendar import Calendar
from engine.spec.jobs import Job
from engine.spec.optimize import OptimizeJob
from engine.spec.policy import Policy
from engine.spec.scenario import Scenario

_SHOWN = 8
"""Names shown of a list."""


def horizon_notes(job: Job) -> list[str]:
    """Name the events, dates and goals of a job that its horizon does not reach.

    Returns
    -------
    Sentences without a full stop; none where everything lies inside.
    """
    calendar = job.scenario.calendar
    notes = []
    if outside := [*_events(job.scenario)]:
        notes.append(f"outside the days simulated ({_days(calendar)}): {_listed(outside)}")
    for key, policy in job.all_policies().items():
        if late := [*_late_dates(policy, key, calendar)]:
            notes.append(f"after the last day, {calendar.end}, and without effect: {_listed(late)}")
    if job.decision_date and job.history:
        notes.append(
            f"policies take over on {job.decision_date}, with a purse and a target path from that "
            f"day on; until then {job.history.name!r} is in force, and counts in what is reported"
        )
    elif calendar.start > calendar.origin:
        held = f"policy {job.history.name!r} is" if job.history else "the policy itself is"
        notes.append(
            f"the horizon begins on {calendar.start}: from {calendar.origin} until then "
            f"{held} in force, and its days are simulated but not reported"
        )
    elif job.history is not None:
        notes.append(
            f"history={job.history.name!r} has no day: the horizon begins on the scenario's first"
        )
    return [*notes, *_held_still(calendar), *_goals(job)]


def _held_still(calendar: Calendar) -> Iterator[str]:
    """Yield what has no further course once a year after the first day has passed."""
    if calendar.end > calendar.origin + timedelta(days=ARRIVAL_DAYS):
        yield (
            f"a year after {calendar.origin} no more buyers and anchors arrive, and the "
            "load and the users' path stay where they are: nothing was published of later years"
        )


def _events(scenario: Scenario) -> Iterator[str]:
    """Yield what the scenario dates outside the days that are simulated."""
    calendar = scenario.calendar
    first, last = calendar.origin, calendar.end
    for period in (*calendar.festivals, *calendar.rival_campaigns):
        years = range(first.year, last.year + 1)
        spans = [span for year in years for span in period.spans(year)]
        if not any(start <= last and end >= first for start, end in spans):
            yield f"{period.name} ({period.start})"
    for absence in calendar.absences:
        if absence.leaves > last or (absence.returns is not None and absence.returns <= first):
            yield f"the exit of anchor {absence.rank} ({absence.leaves})"
        elif absence.returns is not None and absence.returns > last:
            yield f"the return of anchor {absence.rank} ({absence.returns})"
    for trial in calendar.trial_streams:
        if not first <= trial.day <= last:
            yield f"{trial.name} ({trial.day})"
    partner = scenario.suppliers.partner_date
    if partner is not None and partner > last:
        yield f"the retail partner ({partner})"


def _late_dates(policy: Policy, key: str, calendar: Calendar) -> Iterator[str]:
    """Yield the dates of a policy that come after the last day."""
    for path, dated in _dated(policy, key):
        if days := [day for day, _ in dated.steps if day > calendar.end]:
            yield f"{path} of {days[0]}"
    for revision in policy.target.revisions:
        if revision.day > calendar.end:
            yield f"{key}.target.revisions of {revision.day}"


def _dated(spec: BaseModel, above: str) -> Iterator[tuple[str, Dated]]:
    for name, value in spec:
        if isinstance(value, Dated):
            yield f"{above}.{name}", value
        elif isinstance(value, BaseModel):
            yield from _dated(value, f"{above}.{name}")


def _goals(job: Job) -> Iterator[str]:
    """Yield the goals of calendar years that the horizon does not end with."""
    calendar, goal = job.scenario.calendar, job.scenario.platform.goal_bn_rmb
    year = calendar.origin.year
    if goal and calendar.start.year > year:
        yield (
            f"the goal of {goal:g} bn RMB is that of {year}: no day of the horizon counts for it"
        )
    elif goal:
        yield from _of_another_span(job, f"the goal of {goal:g} bn RMB is that of {year}", year)
    if isinstance(job, OptimizeJob) and job.today and calendar.end.year > job.target_year:
        yield (
            f"targets are priced for {job.target_year}: GMV until its end, costs over all days "
            f"to {calendar.end}"
        )
    if goal and isinstance(job, OptimizeJob) and job.today and job.target_year != year:
        yield f"the goal of {goal:g} bn RMB is that of {year}; it is asked of {job.target_year}"
    aims = any(policy.target.year_end_bn_rmb for policy in job.all_policies().values())
    if aims and calendar.end < date(calendar.end.year, 12, 31):
        yield (
            f"targets are for 31 December, and the horizon ends on {calendar.end}: "
            "purses and targets are paced to the year's end"
        )


def _of_another_span(job: Job, of: str, year: int) -> Iterator[str]:
    """Yield where the sales that the goal is measured against are not those of the horizon."""
    calendar = job.scenario.calendar
    if calendar.end < date(year, 12, 31):
        yield (
            f"{of}, and the horizon ends on {calendar.end}: it is measured against a part of the "
            "year"
        )
    if calendar.start > calendar.origin:
        yield (
            f"{of}: it is measured against that year's sales, those before {calendar.start} "
            "included, which the GMV that is reported leaves out"
        )
    is_priced = isinstance(job, OptimizeJob) and job.today  # its targets say the same
    if calendar.end.year > year and not is_priced:
        yield f"{of}: it is measured against that year's sales alone, not against all of the GMV"


def _days(calendar: Calendar) -> str:
    return f"{calendar.origin} to {calendar.end}"


def _listed(names: Iterable[str]) -> str:
    found = list(dict.fromkeys(names))
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more
