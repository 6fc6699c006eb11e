"""The answer of the main job, from what the search confirmed on fresh seeds.

Every finalist and given policy that was simulated with all replications is a candidate for every
target: the price table is made of them all, so none that is known and better is missed. Only those
that break a constraint, and given policies outside the limits that the searched space was given
(`inert.beyond_limits`), stand in no row, which is told; today's policy always may. Inert
levers are left out of what is said of a policy, and its name is made of the rest. Net cost is
the contribution that today's policy, carried on under the same seeds, would have brought more.
Wherever worlds are averaged or counted here they have the weights that follow from what is known
by the decision (`weights`); the search weighed them alike.

The plan of the policy goes month by month. Its expected GMV is cumulative over the calendar year,
actuals of the past included; the 10 to 90 % range is over worlds, weighted, and replications
together.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

import numpy as np

from engine.case import RunResult
from engine.compute import Runner
from engine.decision.attribution import Attribution, attributions
from engine.decision.beyond import Beyond
from engine.decision.inert import Difference, beyond_limits, differences
from engine.decision.names import lever_phrase, policy_name
from engine.decision.price_table import (
    ConfirmedPolicy,
    PriceQuestion,
    PriceRow,
    price_table,
)
from engine.decision.recommended import Recommendation
from engine.decision.robustness import WithoutWorld, certainty
from engine.decision.weights import WorldWeights
from engine.errors import PoquanError
from engine.measures.periods import amount_of
from engine.search.market import fresh_cases
from engine.spec.optimize import OptimizeJob
from engine.spec.policy import Policy
from engine.spec.worlds import worlds as scenarios_of
from engine.stats.quantiles import weighted_quantile
from engine.units import FEN_PER_BN_RMB

SHOWN = ("top10_share", "brand_share", "dau_change_share")
"""What the price table says of the ecosystem."""

_Row = dict[str, Any]

_FEW_RUNS: Final = 10
"""Runs a world below which it is told how wide a probability is."""

_FEW: Final = 2
"""Policies that reach a target, of all on fresh seeds: as few say little about its price."""


class _Month(NamedTuple):
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


class PricedAnswer(NamedTuple):
    """What a policy team asked for.

    `names` by the name that the search gave a policy; `found` is the search's name of the
    recommended policy, empty where none reaches the goal; `rows` the price of each target,
    `effects` what each difference of the recommended policy brings, `months` its plan. `weights`
    are those of the worlds, `without` is the answer with each left out, and `certainty` says so;
    `luck` what so few runs leave open of a probability, where they are few.
    `beyond` is what it leaves after the year, or the next step's policy where nothing more is
    needed.
    """

    today: str
    names: Mapping[str, str]
    found: str
    recommended: Recommendation
    rows: list[PriceRow]
    effects: list[Attribution]
    months: list[_Month]
    weights: WorldWeights
    without: list[WithoutWorld]
    certainty: tuple[str, ...]
    luck: tuple[str, ...]
    beyond: Beyond


class Confirmed(NamedTuple):
    """Policies on fresh seeds, as a search leaves them: whole policies, runs and rows by name."""

    policies: Mapping[str, Policy]
    results: Sequence[RunResult]
    frontier: Sequence[Mapping[str, Any]]


def answer(
    job: OptimizeJob, confirmed: Confirmed, pool: Runner, past: tuple[WorldWeights, tuple[str, ...]]
) -> PricedAnswer:
    """Price the targets, recommend, and say what each lever of the recommended policy does.

    Parameters
    ----------
    job
        What is asked: goal, targets, probability, today's policy.
    confirmed
        What the search found.
    pool
        Simulates what attribution needs, on the first of the fresh replications.
    past
        Weighs the worlds: see `engine.decision.weights.weighed_past`.

    Raises
    ------
    PoquanError
        If today's policy failed.
    """
    assert job.today is not None
    results: dict[str, list[RunResult]] = {}
    for result in confirmed.results:
        results.setdefault(result.labels["policy"], []).append(result)
    if job.today not in results:
        raise PoquanError(f"{job.today}: today's policy failed, so nothing can be compared with it")
    names = _names_of(confirmed.policies, list(results), job)
    binding = {row["policy"]: row["binding"] for row in confirmed.frontier}
    broken = {row["policy"] for row in confirmed.frontier if not row["feasible"]} - {job.today}
    outside = _outside(job, confirmed)
    weighed, notes = past
    weights = weighed.weights

    scenarios = scenarios_of(job.scenario, job.ensemble)

    def gmv(result: RunResult) -> float:
        start = scenarios[result.labels["world"]].calendar.start
        return amount_of(result.run, result.daily, job.reached_measure, start)

    found = {
        name: replace(
            ConfirmedPolicy.from_results(names[name], own, results[job.today], SHOWN, weights, gmv),
            binding=binding[name],
        )
        for name, own in results.items()
        if len(own) == len(results[job.today])  # the others fell out early
        and name not in broken | outside.keys()
    }
    today, others = found[job.today], [one for name, one in found.items() if name != job.today]
    worlds = tuple(job.ensemble.worlds)
    shares = np.array([weights[world] for world in worlds])
    goal = job.scenario.platform.goal_bn_rmb * FEN_PER_BN_RMB
    asked = PriceQuestion(job.reach_probability, worlds, shares, job.value_of_gmv, goal)
    targets = _targets(job, others, today, goal, asked)
    advice = Recommendation.of(others, today, goal, targets, asked)
    best = _trial_of(advice.policy, names)
    shown = best or job.today
    rows = price_table(others, today, targets, asked)
    said, who = advice.asked_beyond(names[job.today], rows, asked)
    without, sure = certainty(others, today, goal, asked, weighed)
    return PricedAnswer(
        today=job.today,
        names=names,
        found=best,
        recommended=advice,
        rows=rows,
        effects=_effects(job, confirmed.policies, shown, pool, weights),
        months=_plan_by_month(job, confirmed.policies[shown], results[shown], weights),
        weights=weighed,
        without=without,
        certainty=(
            *sure,
            *_few_notes(rows, [today, *others], asked),
            *notes,
            *_constraint_notes(len(broken), len(results)),
            *_limit_notes(outside),
        ),
        luck=tuple(_luck(found[shown], goal, asked)),
        beyond=Beyond.of(job, confirmed.policies, _trial_of(said, names), who, pool),
    )


def _luck(shown: ConfirmedPolicy, goal_fen: float, asked: PriceQuestion) -> Iterator[str]:
    """Yield what few runs leave open of the probability to reach the goal; worlds share them."""
    count, limits = shown.gmv_fen.shape[1], asked.reach_95(shown, goal_fen)
    if limits is not None and count < _FEW_RUNS:
        low, high = limits
        yield (
            f"With {count} runs a world, the probability of {asked.reach(shown, goal_fen):.2f} "
            f"may be anything from {low:.2f} to {high:.2f}."
        )


def _few_notes(
    rows: Sequence[PriceRow], everyone: Sequence[ConfirmedPolicy], asked: PriceQuestion
) -> Iterator[str]:
    """Yield that few policies reach the highest target that any does, if so: chance found them."""
    top = next((row.target_fen for row in reversed(rows) if row.policy is not None), None)
    if top is None:
        return
    count = sum(asked.is_reached(one, top) for one in everyone)
    if count <= _FEW:
        yield (
            f"{asked.bn(top)} bn RMB is reached by {count} of {len(everyone)} policies on fresh "
            "seeds: searched longer, it may cost less."
        )


def _constraint_notes(broken: int, count: int) -> Iterator[str]:
    """Yield what is left out of the table, if anything is; today's policy never is."""
    if broken:
        yield f"{broken} of {count} policies break a constraint and stand in no row."


def _outside(job: OptimizeJob, confirmed: Confirmed) -> dict[str, tuple[Difference, ...]]:
    """Return the given policies outside the limits of the space, with the levers that are.

    Those of an earlier search (`warm_start`) were asked for beside the space, and stay.
    """
    today, kinds = confirmed.policies[str(job.today)], job.scenario.kinds
    given = [name for name in job.baselines if name in confirmed.policies]
    found = {
        name: beyond_limits(confirmed.policies[name], today, job.space, kinds, job.decision_date)
        for name in given
        if name != job.today
    }
    return {name: levers for name, levers in found.items() if levers}


def _limit_notes(outside: Mapping[str, Sequence[Difference]]) -> Iterator[str]:
    """Yield which given policies the answer leaves out, and by which levers."""
    for name, levers in outside.items():
        said = ", ".join(map(lever_phrase, levers))
        yield f"{name} is outside the limits of the search ({said}) and stands in no row."


def _trial_of(said: str | None, names: Mapping[str, str]) -> str:
    """Return the search's name of a policy, empty where there is none."""
    return next((name for name, words in names.items() if words == said), "")


def _names_of(
    policies: Mapping[str, Policy], shown: Sequence[str], job: OptimizeJob
) -> dict[str, str]:
    """Name every policy by what it does; of two that do the same in words, by its trial too.

    Policies that were given keep their names, with what they do.
    """
    today = policies[str(job.today)]
    said = {
        name: policy_name(differences(policies[name], today, job.scenario.kinds, job.decision_date))
        for name in shown
    }
    said[str(job.today)] = "as today"
    twice = Counter(said.values())
    given = {name for name in job.baselines if name != job.today}
    return {
        name: f"{name} ({words})"
        if name in given
        else f"{words} ({name})"
        if twice[words] > 1 and name != job.today
        else words
        for name, words in said.items()
    }


def _targets(
    job: OptimizeJob,
    others: Sequence[ConfirmedPolicy],
    today: ConfirmedPolicy,
    goal: float,
    asked: PriceQuestion,
) -> list[float]:
    if job.targets_bn_rmb is None:
        return asked.default_targets(others, today, goal)
    return [target * FEN_PER_BN_RMB for target in job.targets_bn_rmb]


def _effects(
    job: OptimizeJob,
    policies: Mapping[str, Policy],
    name: str,
    pool: Runner,
    weights: Mapping[str, float],
) -> list[Attribution]:
    """What each difference from today's policy brings; nothing where there is none."""
    policy, today = policies[name], policies[str(job.today)]
    if not differences(policy, today, job.scenario.kinds, job.decision_date):
        return []
    most = job.search.attribution_worlds_count
    heaviest = sorted(weights, key=lambda world: -weights[world])[:most]
    every = fresh_cases(job, today, range(job.attribution_replications))
    like = [case for case in every if case.world in heaviest]
    return attributions(like, policy, today, job.decision_date, pool, weights)


def _plan_by_month(
    job: OptimizeJob, policy: Policy, results: Sequence[RunResult], weights: Mapping[str, float]
) -> list[_Month]:
    """Lay a policy's runs out by month.

    Parameters
    ----------
    job
        Names the decision's date and the horizon.
    policy
        The one that was simulated.
    results
        Its runs, with their days.
    weights
        How much each world counts, adding up to 1; the runs of a world share its weight.
    """
    calendar = job.scenario.calendar
    days = [calendar.start + timedelta(days=k) for k in range(calendar.n_days)]
    firsts = [k for k, day in enumerate(days) if k == 0 or day.day == 1]
    decided = job.decision_date or calendar.start
    worlds = [result.labels["world"] for result in results]
    counts = Counter(worlds)
    shares = np.array([weights[world] / counts[world] for world in worlds], np.float64)
    gmv = np.array([result.daily["gmv_paid_fen"] for result in results], np.float64)
    so_far = np.array([result.daily["gmv_paid_cumulative_fen"] for result in results], np.float64)
    spent = np.array([result.daily["subsidy_fen"] for result in results], np.float64)
    target = np.array([result.daily["target_cumulative_fen"] for result in results], np.float64)
    found = []
    for first, last in zip(firsts, [*firsts[1:], len(days)], strict=True):
        cumulative = so_far[:, last - 1]
        low, middle, high = (weighted_quantile(cumulative, shares, p) for p in (0.1, 0.5, 0.9))
        found.append(
            _Month(
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
    moved = differences(policy, job.baselines[str(job.today)], job.scenario.kinds, decided)
    return ", ".join(lever_phrase(one) for one in moved)
