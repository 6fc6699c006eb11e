"""The rows of `trial`: what each kind of test says, market by market, beside the true effect.

The true effect is what the market does if the policy is tried on every day of the test, less what
it does without, under the same random numbers. A test is judged over all its markets, those of
several worlds too: how far its mean lies from the truth (bias), how far single tests scatter
(spread), in how many its interval holds the truth, and in how many it is distinguishable from zero
on the right side.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from engine.results.schemas import Row
from engine.spec.trial import TrialJob
from engine.stats.arrays import Floats
from engine.stats.intervals import Interval
from engine.trial.arms import CONTROL, SWITCHED, TRIED, treated_days
from engine.trial.designs import before_after, markets, switchback

SWITCHBACK: Final = "switchback"
BEFORE_AFTER: Final = "before_after"
MARKETS: Final = "markets"
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


def rows_of_tests(job: TrialJob, daily: pa.Table, runs: Sequence[Row]) -> list[dict[str, Any]]:
    """Return a row for each kind of test and measure.

    Parameters
    ----------
    job
        What was asked.
    daily
        The days of all years of `trial_cases`.
    runs
        Their rows of `runs`, which know what a test costs.
    """
    costs = _costs(runs)
    rows = []
    for measure in job.measures:
        worlds = list(_worlds(job, daily, measure))
        for design, said in _tests(job, worlds).items():
            if said:
                rows.append(_row(design, measure, said, costs[design]))
    return rows


def _tests(job: TrialJob, worlds: Sequence[_World]) -> dict[str, list[_Said]]:
    """Make every test in every market; tests by markets, in draws of them."""
    treated = treated_days(job)
    found: dict[str, list[_Said]] = {name: [] for name in (SWITCHBACK, BEFORE_AFTER, MARKETS)}
    for number, world in enumerate(worlds):
        truths = (world.tried - world.control).mean(axis=1)
        for k, truth in enumerate(truths):
            one = switchback(world.switched[k], treated, job.period_days, job.washout_days)
            found[SWITCHBACK].append(_Said(one, float(truth)))
            other = before_after(world.before[k], world.tried[k], job.period_days)
            found[BEFORE_AFTER].append(_Said(other, float(truth)))
        if len(truths) >= _LEAST_MARKETS:
            start = world.before.mean(axis=1)
            tried, not_tried = (own.mean(axis=1) - start for own in (world.tried, world.control))
            drawn = markets(tried, not_tried, job.seed + number, job.draws_count)
            found[MARKETS] += [_Said(one, float(truths.mean())) for one in drawn]
    return found


def _row(design: str, measure: str, said: Sequence[_Said], cost_fen: float) -> dict[str, Any]:
    values = np.array([one.found.value for one in said], np.float64)
    truth = float(np.mean([one.truth for one in said]))
    known = [one for one in said if one.found.low is not None]
    error = _mean(known, lambda one: one.found.standard_error)
    return {
        "design": design,
        "measure": measure,
        "truth": truth,
        "estimate": float(values.mean()),
        "bias": float(values.mean() - truth),
        "spread": float(values.std(ddof=1)) if len(values) > 1 else None,
        "standard_error": error,
        "half_width": _mean(known, lambda one: (one.found.high - one.found.low) / 2),
        "covered_share": _mean(known, lambda one: one.found.low <= one.truth <= one.found.high),
        "detected_share": _mean(known, lambda one: _is_found(one.found, truth)),
        "detectable": None if error is None else _POWER * error,
        "cost_fen": cost_fen,
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
    """Return what each test takes from the year's contribution in one market, fen; negative: adds.

    Half the markets of a test by markets try the policy.
    """
    mean = {
        arm: float(
            np.mean([run["platform_contribution_fen"] for run in runs if run["policy"] == arm])
        )
        for arm in (CONTROL, TRIED, SWITCHED)
    }
    whole = mean[CONTROL] - mean[TRIED]
    return {
        SWITCHBACK: mean[CONTROL] - mean[SWITCHED],
        BEFORE_AFTER: whole,
        MARKETS: whole / 2,
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
            of(CONTROL, world, earlier),
            *(of(arm, world, inside) for arm in (CONTROL, TRIED, SWITCHED)),
        )
