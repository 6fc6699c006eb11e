"""A plan month by month: what is expected, how sure that is, what is spent, what changes.

Expected GMV is cumulative over the calendar year, actuals of the past included; its 10 to 90 %
range is over worlds, weighted, and replications together.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from engine.case import RunResult
from engine.decision.inert import differences
from engine.decision.names import lever_phrase
from engine.spec.optimize import OptimizeJob
from engine.spec.policy import Policy
from engine.stats.quantiles import weighted_quantile


class Month(NamedTuple):
    """One month of a plan, fen.

    `gmv` of the month; `low`, `middle` and `high` the 10 %, 50 % and 90 % quantiles of what has
    been sold in the year by its end, `target` what should have been by then; `subsidy` of the
    month; `changes` the levers that move on a day of it, in words.
    """

    month: date
    is_past: bool
    gmv_fen: float
    low_fen: float
    middle_fen: float
    high_fen: float
    target_fen: float
    subsidy_fen: float
    changes: str


def plan_by_month(
    job: OptimizeJob, policy: Policy, years: Sequence[RunResult], weights: Mapping[str, float]
) -> list[Month]:
    """Lay a policy's years out by month.

    Parameters
    ----------
    job
        Names the decision's date and the horizon.
    policy
        The one that was simulated.
    years
        Its years, with their days.
    weights
        How much each world counts, adding up to 1; the years of a world share its weight.
    """
    calendar = job.scenario.calendar
    days = [calendar.start + timedelta(days=k) for k in range(calendar.n_days)]
    firsts = [k for k, day in enumerate(days) if k == 0 or day.day == 1]
    decided = job.decision_date or calendar.start
    worlds = [year.labels["world"] for year in years]
    counts = Counter(worlds)
    shares = np.array([weights[world] / counts[world] for world in worlds], np.float64)
    gmv = np.array([year.daily["gmv_paid_fen"] for year in years], np.float64)
    spent = np.array([year.daily["subsidy_fen"] for year in years], np.float64)
    target = np.array([year.daily["target_cumulative_fen"] for year in years], np.float64)
    found = []
    for first, last in zip(firsts, [*firsts[1:], len(days)], strict=True):
        cumulative = gmv[:, :last].sum(axis=1)
        low, middle, high = (weighted_quantile(cumulative, shares, p) for p in (0.1, 0.5, 0.9))
        found.append(
            Month(
                month=days[first].replace(day=1),
                is_past=days[last - 1] < decided,
                gmv_fen=float(shares @ gmv[:, first:last].sum(axis=1)),
                low_fen=low,
                middle_fen=middle,
                high_fen=high,
                target_fen=float(shares @ target[:, last - 1]),
                subsidy_fen=float(shares @ spent[:, first:last].sum(axis=1)),
                changes=_changes(job, policy, days[first], days[last - 1]),
            )
        )
    return found


def _changes(job: OptimizeJob, policy: Policy, first: date, last: date) -> str:
    """What is done otherwise than before, from some day of a month on."""
    decided = job.decision_date or job.scenario.calendar.start
    if not first <= decided <= last:
        return ""
    moved = differences(policy, job.baselines[str(job.today)], decided)
    return ", ".join(lever_phrase(one) for one in moved)
