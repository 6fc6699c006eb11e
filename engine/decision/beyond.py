"""What a policy leaves beyond the year, and what the shape of its target path brings.

Asked of the policy that is recommended, or of the next step's where nothing more is needed, on a
few of the fresh replications in every world: its years and today's, followed by today's policy
(`value`), and its years with a straight path (`path_shape`).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from engine.case import RunResult
from engine.compute import Runner
from engine.decision.amounts import bn, bn_with_limits
from engine.decision.inert import differences
from engine.decision.path_shape import path_cases, path_rows, path_sentence
from engine.decision.value import (
    ADDS_LITTLE,
    LAST_DAYS,
    followed,
    late_share,
    pays_from,
    value_rows,
)
from engine.measures.run_off import VALUED, value_measure
from engine.search.market import fresh_cases
from engine.spec.optimize import OptimizeJob
from engine.spec.policy import Policy
from engine.stats.intervals import Interval

_Row = dict[str, Any]

_CONTRIBUTION = VALUED[0]


class Beyond(NamedTuple):
    """Rows as of `comparison`: values against today's policy, and the shape of the path.

    `policy` is the search's name of the policy, empty where there is none to ask about.
    """

    policy: str
    values: list[_Row]
    path: list[_Row]
    sentences: tuple[str, ...]


def beyond_the_year(
    job: OptimizeJob, policies: Mapping[str, Policy], name: str, who: str, pool: Runner
) -> Beyond:
    """Simulate and say what a policy leaves behind, and what its target path's shape brings.

    Parameters
    ----------
    job
        Names today's policy, the days of run-off, the discount and the replications.
    policies
        By the search's name, today's among them.
    name
        The policy that is asked about; empty or today's: nothing is.
    who
        What sentences call it.
    pool
        Simulates the years.
    """
    today_name = str(job.today)
    if not name or not differences(policies[name], policies[today_name], job.decision_date):
        return Beyond("", [], [], ())
    policy, today = (policies[one].model_copy(update={"name": one}) for one in (name, today_name))
    like = list(fresh_cases(job, policy, range(job.attribution_replications)))
    straight = path_cases(like, policy)
    own = followed(job, like, today) if job.run_off or straight else []
    base = fresh_cases(job, today, range(job.attribution_replications)) if job.run_off else ()
    years = list(pool.run([*own, *followed(job, list(base), today), *straight]))
    kept = [year for year in years if year.labels["policy"] in {name, today_name}]
    values = value_rows(job, today_name, kept)
    path = path_rows([year for year in years if year.labels["policy"] != today_name])
    return Beyond(
        policy=name,
        values=values,
        path=path,
        sentences=(*_value_sentences(job, who, kept, values), path_sentence(policy, path)),
    )


def _value_sentences(
    job: OptimizeJob, who: str, years: Sequence[RunResult], rows: Sequence[_Row]
) -> Iterator[str]:
    """Say what a policy is worth at each length of run-off, from when it pays, and what is left."""
    if not rows:
        return
    found = {row["measure"]: row for row in rows}
    first = found[value_measure(_CONTRIBUTION, 0, "in_the_year")]
    last = max(job.run_off)
    later = "; ".join(_with_run_off(found, days) for days in sorted(set(job.run_off) - {0}))
    discount = f" A RMB that comes a year later counts {job.discount_per_year:.0%} less."
    yield (
        f"What {who} is worth against going on as today, contribution in bn RMB (95 %): "
        f"{_amount(first)} in the year" + (f"; {later}.{discount}" if later else ".")
    )
    if not last:
        return
    paid = pays_from(job, str(job.today), years)
    if paid is None:
        pays = f"It does not pay within {last} days after the year"
    else:
        pays = f"It pays from {paid} days after the year on" if paid else "It pays within the year"
    share = late_share(rows, first["policy"], last)
    by_then = (
        f"has run off by then: the last {LAST_DAYS} days add {share:.1%} of it"
        if share < ADDS_LITTLE
        else f"has not run off after {last}: the last {LAST_DAYS} still bring {ADDS_LITTLE:.0%} of"
        " it or more"
    )
    yield f"{pays}, and what it is worth {by_then}."


def _with_run_off(found: Mapping[str, _Row], days: int) -> str:
    whole, pulled, left = (
        found[value_measure(_CONTRIBUTION, days, term)]
        for term in ("whole", "pulled_forward", "left_behind")
    )
    return (
        f"{_amount(whole)} with {days} days after it (pulled forward {bn(pulled['difference'])}, "
        f"left behind {bn(left['difference'])})"
    )


def _amount(row: _Row) -> str:
    found = (row[name] for name in ("difference", "standard_error", "ci_low", "ci_high"))
    return bn_with_limits(Interval(*found))
