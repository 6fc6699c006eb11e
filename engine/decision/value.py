"""What a policy is worth with what it leaves behind, against another one throughout.

Both runs are followed by the same policy π0, under common populations and random numbers, the
rival reacting; t counts days from the decision, δ = (1 + discount a year)^(-1/365):

    V(π; H) = E sum over t <= T + H of δ^t [contribution_t(π, then π0) - contribution_t(π0)]

in three terms: of the horizon; pulled forward, what the first days after it lose, up to the day
on which the mean loss is deepest; left behind, all that comes later: habits and follows, net of
remembered discounts. The split is one of time and not of causes: a loss that never stops is all
taken for pulled forward. GMV as paid is reported likewise. A value has run off where the last 30
days of H bring less than 2 % of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from engine.case import Case, RunResult
from engine.cases import cases
from engine.compare import INCREMENTAL, paired
from engine.measures.run_off import TERMS, VALUED, discounts, value_measure
from engine.spec.jobs import CompareJob
from engine.spec.optimize import OptimizeJob
from engine.spec.policy import Policy
from engine.stats.arrays import Floats

LAST_DAYS: Final = 30
ADDS_LITTLE: Final = 0.02
"""Share of a value that its last days may bring where it has run off."""

_Row = dict[str, Any]

_ValuedJob = CompareJob | OptimizeJob


def value_cases(job: CompareJob) -> list[Case]:
    """List the runs of a comparison, each followed by the baseline where values are asked for."""
    compared = job.compared()
    return followed(job, cases(job, compared.values()), compared[job.baseline])


def followed(job: _ValuedJob, todo: Sequence[Case], after: Policy) -> list[Case]:
    """Return the runs with the days of run-off that are asked for, under the policy `after`."""
    if not job.run_off:
        return list(todo)
    return [replace(case, after=after, run_off_days=_days_after(job)) for case in todo]


def value_rows(job: _ValuedJob, baseline: str, results: Sequence[RunResult]) -> list[_Row]:
    """Return the values of all policies against the baseline: rows of `comparison`.

    Parameters
    ----------
    job
        What was asked.
    baseline
        Name of the policy that follows every horizon.
    results
        The runs of `followed`, in any order.
    """
    rows: list[_Row] = []
    if not job.run_off:
        return rows
    weights = _discounts(job)
    base = [result for result in results if result.labels["policy"] == baseline]
    for policy in dict.fromkeys(result.labels["policy"] for result in results):
        if policy == baseline:
            continue
        own = [result for result in results if result.labels["policy"] == policy]
        ends = _ends(job, own, base, weights)
        sums = [replace(result, run={**result.run, **_sums(result, ends, weights)})
                for result in (*own, *base)]  # fmt: skip
        found = paired(sums, baseline, list(ends))
        rows += [row for row in found if row["measure"] != INCREMENTAL]
    return rows


def pays_from(job: _ValuedJob, baseline: str, results: Sequence[RunResult]) -> int | None:
    """Return the days of run-off from which on a policy's mean value stays above 0.

    Up to the longest run-off that was asked for; None where it is 0 or less at that.

    Parameters
    ----------
    job, baseline
        See `value_rows`.
    results
        The runs of the baseline and of one other policy.
    """
    own, base = (
        [result for result in results if (result.labels["policy"] == baseline) is is_base]
        for is_base in (False, True)
    )
    change = _mean_days(own, VALUED[0]) - _mean_days(base, VALUED[0])
    horizon = job.scenario.calendar.n_days
    values = np.cumsum(_discounts(job) * change)[horizon - 1 : horizon + max(job.run_off)]
    losses = np.flatnonzero(values <= 0)
    first = int(losses[-1]) + 1 if losses.size else 0
    return first if first < values.size else None


def late_share(rows: Sequence[_Row], policy: str, days: int) -> float:
    """Return what the last 30 of so many days bring, as a share of the value; inf of none."""
    found = {row["measure"]: row["difference"] for row in rows if row["policy"] == policy}
    late, whole = (
        abs(found[value_measure(VALUED[0], days, term)]) for term in ("last_30_days", "whole")
    )
    return float(late / whole) if whole else float("inf")


def shown_values(rows: Sequence[_Row]) -> list[_Row]:
    """Return the rows that a terminal has room for: no last days, and of GMV the whole alone."""

    def is_shown(measure: str) -> bool:
        if measure.endswith("_last_30_days_fen"):
            return False
        return measure.startswith(VALUED[0].removesuffix("_fen")) or measure.endswith("_whole_fen")

    return [row for row in rows if is_shown(row["measure"])]


def run_off_notes(rows: Sequence[_Row]) -> Iterator[str]:
    """Yield which values have not run off, from the rows of `value_rows`."""
    for row in rows:
        last = _days_of(row["measure"], VALUED[0], "last_30_days")
        if last is not None and late_share(rows, row["policy"], last) >= ADDS_LITTLE:
            yield (
                f"{row['policy']}: {last} days after the horizon what it is worth has not run off: "
                f"the last {LAST_DAYS} still bring {ADDS_LITTLE:.0%} of it or more"
            )


def _days_of(measure: str, flow: str, term: str) -> int | None:
    """The days of run-off in a measure's name, if it is that term of the flow."""
    head, tail = f"{flow.removesuffix('_fen')}_", f"d_{term}_fen"
    inside = measure.removeprefix(head).removesuffix(tail)
    return int(inside) if measure == f"{head}{inside}{tail}" and inside.isdecimal() else None


def _days_after(job: _ValuedJob) -> int:
    """Days to simulate after the horizon: at least one, as days are valued where there are any."""
    return max(1, *job.run_off)


def _discounts(job: _ValuedJob) -> Floats:
    """δ^t of the days of the horizon and after it; t is 0 until the decision."""
    calendar = job.scenario.calendar
    decided = ((job.decision_date or calendar.start) - calendar.start).days
    return discounts(calendar.n_days + _days_after(job), decided, job.discount_per_year)


_Ends = dict[str, tuple[str, int, int]]
"""By measure: its flow, and the first day of its sum and the one after the last."""


def _ends(
    job: _ValuedJob, own: Sequence[RunResult], base: Sequence[RunResult], weights: Floats
) -> _Ends:
    """Say which days each measure sums over; those pulled forward are the policy's own."""
    horizon, found = job.scenario.calendar.n_days, _Ends()
    for flow in VALUED:
        change = weights * (_mean_days(own, flow) - _mean_days(base, flow))
        found[value_measure(flow, 0, "in_the_year")] = (flow, 0, horizon)
        for days in sorted(set(job.run_off) - {0}):
            end = horizon + days
            path = np.concatenate(([0.0], np.cumsum(change[horizon:end])))
            turn = horizon + int(np.argmin(path))
            spans = {
                "whole": (0, end),
                "pulled_forward": (horizon, turn),
                "left_behind": (turn, end),
                "last_30_days": (max(end - LAST_DAYS, horizon), end),
            }
            assert spans.keys() <= TERMS.keys()
            for term, (first, last) in spans.items():
                found[value_measure(flow, days, term)] = (flow, first, last)
    return found


def _mean_days(results: Sequence[RunResult], flow: str) -> Floats:
    return np.asarray(np.mean([result.valued_days[flow] for result in results], axis=0))


def _sums(result: RunResult, ends: _Ends, weights: Floats) -> Mapping[str, float]:
    """The discounted sums of a run, fen of the decision's day."""
    return {
        measure: float(weights[first:last] @ result.valued_days[flow][first:last])
        for measure, (flow, first, last) in ends.items()
    }
