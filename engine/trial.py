"""A test of a policy inside the market: what it would say, beside what the policy does.

**Arms.** Control throughout, tried throughout, and switched back and forth. What a test can turn
on and off by the day are dated levers. Those of a policy that hold for a whole term (a purse, a
target, festivals) are as in the tried policy in every arm: a test of a week cannot open a purse.

**Tests**, of an effect a day, from days of a market:

    switchback     pairs of periods, one tried and one not:  mean of tried less not tried
    before_after   the test's days under the policy less as many days before it
    markets        some markets try the policy and the others do not:
                   mean change of those less that of these, each against its own days before

The first two compare days of one market, whose buyers carry a coupon's effect from one day into
the next (stock at home, habit, follows), and whose days differ by season; the third compares
markets, which differ by their seeds. Intervals are Student's over pairs of periods, and Welch's
over periods or markets (Welch, Biometrika 34, 1947).

**Rows.** The true effect is what the market does if the policy is tried on every day of the test,
less what it does without, under the same random numbers; its interval is Student's over the
independent replications (`engine.stats.paired`), worlds averaged. A test is judged over all its
markets, those of several worlds too: how far its mean lies from the truth (bias), how far single
tests scatter (spread), in how many its interval holds the truth, and in how many it is
distinguishable from zero on the right side.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from engine.decision.inert import differences
from engine.design.draws import uniform_draws
from engine.errors import InputError
from engine.results.schemas import Row
from engine.rng import Purpose
from engine.spec.base import Dated
from engine.spec.levers import levers_of, policy_value, set_levers
from engine.spec.policy import Policy
from engine.spec.trial import TrialJob
from engine.stats.arrays import Flags, Floats, Ints
from engine.stats.intervals import CONFIDENCE, Interval, mean_interval, student_quantile
from engine.stats.paired import independent_units, means_by

_CONTROL: Final = "control"
_TRIED: Final = "tried"
_SWITCHED: Final = "switched"
"""Names of the arms."""

_SWITCHBACK: Final = "switchback"
_BEFORE_AFTER: Final = "before_after"
_MARKETS: Final = "markets"
"""Kinds of tests."""

_POWER: Final = 2.80
"""Standard errors of an effect that a test finds four times in five: 1.96 + 0.84."""

_LEAST_MARKETS: Final = 4
"""Markets of a world from which halves of them are compared."""


class _Said(NamedTuple):
    """What one test says, and the truth of the market or markets in which it was made."""

    found: Interval
    truth: float


class _World(NamedTuple):
    """Days of one world's markets, (markets, days) float64: before the test, and of each arm."""

    before: Floats
    control: Floats
    tried: Floats
    switched: Floats


def held_in_both(job: TrialJob) -> tuple[str, ...]:
    """Return the paths of what the tried policy holds otherwise and no day can switch."""
    moved = differences(job.policy, job.control, job.scenario.kinds, job.start)
    return tuple(one.path for one in moved if one.lever is None or not one.lever.dated)


def arm_policies(job: TrialJob) -> dict[str, Policy]:
    """Return the policies of the arms by name; `control` holds before and after the test.

    Raises
    ------
    InputError
        If the policies differ in no lever that can be switched by the day.
    """
    kinds = job.scenario.kinds
    paths = [path for path, lever in levers_of(kinds).items() if lever.dated]
    moved = differences(job.policy, job.control, kinds, job.start)
    switched = [one.path for one in moved if one.path in paths]
    if not switched:
        raise InputError(
            "policy",
            f"{job.policy.name!r} differs from control {job.control.name!r} in no lever that can "
            f"be switched by the day from {job.start} on",
            "a policy with another value of a dated lever, such as subsidy.rate.source",
            "name another by policy=..., or change one, as policy.subsidy.rate.source=0.1",
        )
    never = np.zeros(job.days, np.bool_)
    days = {
        _CONTROL: never,
        _TRIED: np.ones(job.days, np.bool_),
        _SWITCHED: _treated_days(job),
    }
    return {
        name: set_levers(
            job.policy,
            {path: _switched(job, path, own if path in switched else never) for path in paths},
            name,
        )
        for name, own in days.items()
    }


def rows_of_tests(job: TrialJob, daily: pa.Table, runs: Sequence[Row]) -> list[dict[str, Any]]:
    """Return a row for each kind of test and measure.

    Parameters
    ----------
    job
        What was asked.
    daily
        The days of all runs of the arms, under the same worlds, populations and seeds.
    runs
        Their rows of `runs`, which know what a test costs.
    """
    costs, units = _costs(runs), _units(runs)
    rows = []
    for measure in job.measures:
        worlds = list(_worlds(job, daily, measure))
        true = _true_effect(worlds, units)
        for design, said in _tests(job, worlds).items():
            if said:
                rows.append(_row(design, measure, said, true) | {"cost_fen": costs[design]})
    return rows


def _units(runs: Sequence[Row]) -> Ints:
    """Number the independent replications of one arm's runs, world by world: (runs,) int64."""
    own = [run for run in runs if run["policy"] == _CONTROL]
    own.sort(key=lambda run: (run["world"], run["replication"]))
    return independent_units(
        [run["replication"] for run in own], [run["population"] for run in own]
    )


def _true_effect(worlds: Sequence[_World], units: Ints) -> Interval:
    """Estimate what the policy does on every day of the test, in the measure's unit a day."""
    effects = [(world.tried - world.control).mean(axis=1) for world in worlds]
    return mean_interval(means_by(units, np.concatenate(effects)))


def _treated_days(job: TrialJob) -> Flags:
    """Return on which days of the test a switchback tries the policy, (days,) bool.

    Periods come in pairs, one of each kind, in an order drawn from the seed.
    """
    pairs = job.days // (2 * job.period_days)
    first = uniform_draws(job.seed, Purpose.TRIAL, (pairs,)) < 0.5
    by_period = np.stack([first, ~first], axis=1).ravel()
    return np.asarray(np.repeat(by_period, job.period_days))


def _switched(job: TrialJob, path: str, treated: Flags) -> Any:
    """Return a lever's value by first day: the tried policy's on treated days, else control's."""
    own, other = policy_value(job.policy, path), policy_value(job.control, path)
    assert isinstance(own, Dated)
    assert isinstance(other, Dated)
    steps: dict[date, float] = {date.min: other.steps[0][1], **dict(other.steps)}
    inside = [job.start + timedelta(days=day) for day in range(job.days)]
    steps = {day: value for day, value in steps.items() if not job.start <= day < job.end}
    for day, is_tried in zip(inside, treated, strict=True):
        steps[day] = (own if is_tried else other).on(day)
    steps.setdefault(job.end, other.on(job.end))
    return steps


def _tests(job: TrialJob, worlds: Sequence[_World]) -> dict[str, list[_Said]]:
    """Make every test in every market; tests by markets, in draws of them."""
    treated = _treated_days(job)
    found: dict[str, list[_Said]] = {name: [] for name in (_SWITCHBACK, _BEFORE_AFTER, _MARKETS)}
    for number, world in enumerate(worlds):
        truths = (world.tried - world.control).mean(axis=1)
        for k, truth in enumerate(truths):
            one = _switchback(world.switched[k], treated, job.period_days, job.washout_days)
            found[_SWITCHBACK].append(_Said(one, float(truth)))
            other = _before_after(world.before[k], world.tried[k], job.period_days)
            found[_BEFORE_AFTER].append(_Said(other, float(truth)))
        if len(truths) >= _LEAST_MARKETS:
            start = world.before.mean(axis=1)
            tried, not_tried = (own.mean(axis=1) - start for own in (world.tried, world.control))
            drawn = _markets(tried, not_tried, job.seed + number, job.draws_count)
            found[_MARKETS] += [_Said(one, float(truths.mean())) for one in drawn]
    return found


def _row(design: str, measure: str, said: Sequence[_Said], true: Interval) -> dict[str, Any]:
    values = np.array([one.found.value for one in said], np.float64)
    truth = float(np.mean([one.truth for one in said]))
    known = [one for one in said if one.found.low is not None]
    error = _mean(known, lambda one: one.found.standard_error)
    return {
        "design": design,
        "measure": measure,
        "truth": truth,
        "truth_se": true.standard_error,
        "truth_half_width": None if true.low is None else truth - true.low,
        "estimate": float(values.mean()),
        "bias": float(values.mean() - truth),
        "spread": float(values.std(ddof=1)) if len(values) > 1 else None,
        "standard_error": error,
        "half_width": _mean(known, lambda one: (one.found.high - one.found.low) / 2),
        "covered_share": _mean(known, lambda one: one.found.low <= one.truth <= one.found.high),
        "detected_share": _mean(known, lambda one: _is_found(one.found, truth)),
        "detectable": None if error is None else _POWER * error,
        "tests_count": len(said),
    }


def _mean(known: Sequence[_Said], of: Any) -> float | None:
    return float(np.mean([of(one) for one in known])) if known else None


def _is_found(one: Interval, truth: float) -> bool:
    """Whether an interval excludes nothing on the side of the truth."""
    assert one.low is not None
    assert one.high is not None
    return one.low > 0 if truth > 0 else one.high < 0


def _costs(runs: Sequence[Row]) -> dict[str, float]:
    """Return what each test takes from the run's contribution in one market, fen; negative: adds.

    Half the markets of a test by markets try the policy.
    """
    mean = {
        arm: float(
            np.mean([run["platform_contribution_fen"] for run in runs if run["policy"] == arm])
        )
        for arm in (_CONTROL, _TRIED, _SWITCHED)
    }
    whole = mean[_CONTROL] - mean[_TRIED]
    return {
        _SWITCHBACK: mean[_CONTROL] - mean[_SWITCHED],
        _BEFORE_AFTER: whole,
        _MARKETS: whole / 2,
    }


def _worlds(job: TrialJob, daily: pa.Table, measure: str) -> Iterator[_World]:
    """Yield the days of each world's markets, in the order of their replications."""
    columns = ["policy", "world", "replication", "date", measure]
    rows = daily.select(columns).sort_by([(name, "ascending") for name in columns[:4]])
    table = {name: np.array(rows[name].to_pylist()) for name in columns}
    first, last = np.datetime64(job.start), np.datetime64(job.end)
    days = table["date"].astype("datetime64[D]")
    inside = (days >= first) & (days < last)
    earlier = (days < first) & (days >= first - job.days)

    def of(arm: str, world: str, when: Any) -> Floats:
        mine = (table["policy"] == arm) & (table["world"] == world) & when
        return np.asarray(table[measure][mine].astype(np.float64).reshape(-1, job.days))

    for world in dict.fromkeys(table["world"].tolist()):
        yield _World(
            of(_CONTROL, world, earlier),
            *(of(arm, world, inside) for arm in (_CONTROL, _TRIED, _SWITCHED)),
        )


def _switchback(days: Floats, treated: Flags, period_days: int, washout_days: int) -> Interval:
    """Estimate by pairs of periods.

    Parameters
    ----------
    days
        (n,) float64, the measure by day of the test, in its unit.
    treated
        (n,) bool, whether the policy was tried, period by period.
    period_days, washout_days
        Of a period, and of its beginning that does not count.
    """
    means = _period_means(days, period_days, washout_days)
    signs = np.where(treated[::period_days], 1.0, -1.0)
    return mean_interval((means * signs).reshape(-1, 2).sum(axis=1))


def _before_after(before: Floats, days: Floats, period_days: int) -> Interval:
    """Estimate by the days of the test less those before it, both (n,) float64."""
    return _welch(_period_means(days, period_days), _period_means(before, period_days))


def _markets(
    changes_tried: Floats, changes_not: Floats, seed: int, draws: int
) -> Iterator[Interval]:
    """Estimate by two halves of the markets, drawn anew for each of `draws` tests.

    Parameters
    ----------
    changes_tried, changes_not
        (markets,) float64, each market's mean of the test's days less that of the days before, if
        it tries the policy and if it does not.
    seed
        Names the draws.
    """
    count = len(changes_tried)
    ranks = np.argsort(uniform_draws(seed, Purpose.TRIAL, (draws, count), 1), axis=1)
    for order in ranks:
        tried, others = order[: count // 2], order[count // 2 :]
        yield _welch(changes_tried[tried], changes_not[others])


def _period_means(days: Floats, period_days: int, washout_days: int = 0) -> Floats:
    """Return the mean of each whole period's days that count, (periods,) float64."""
    whole = len(days) // period_days * period_days
    return np.asarray(days[:whole].reshape(-1, period_days)[:, washout_days:].mean(axis=1))


def _welch(a: Floats, b: Floats) -> Interval:
    """Estimate the difference of two means with Welch's interval; two of each at least."""
    value = float(a.mean() - b.mean())
    if min(len(a), len(b)) < 2:
        return Interval(value, None, None, None)
    parts = np.array([own.var(ddof=1) / len(own) for own in (a, b)])
    error = float(parts.sum() ** 0.5)
    if error == 0:
        return Interval(value, 0.0, value, value)
    freedom = float(parts.sum() ** 2 / (parts**2 / [len(a) - 1, len(b) - 1]).sum())
    half = student_quantile(freedom, 0.5 + CONFIDENCE / 2) * error
    return Interval(value, error, value - half, value + half)
