"""Simulates policies under common luck and sums their years up."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Self

from engine.compare import mean_interval
from engine.compute import Failure, Pool
from engine.rng import Purpose, derive_seed
from engine.search.measures import MEASURES, column, number
from engine.spec.policy import Policy
from engine.spec.scenario import Scenario
from engine.spec.study import OptimizeJob, Scale
from engine.year import Case, Year


@dataclass(frozen=True)
class Evaluation:
    """What the search has seen of one policy; `reason` says why there is nothing."""

    means: dict[str, float]
    errors: dict[str, float | None]
    sessions_count: int
    wall_s: float
    reason: str | None = None

    def as_tree(self) -> dict[str, Any]:
        """Return it as plain values for the journal."""
        return dict(vars(self))

    @classmethod
    def from_tree(cls, tree: Mapping[str, Any]) -> Self:
        """Read what `as_tree` wrote."""
        return cls(**tree)


@dataclass(frozen=True)
class Trials:
    """How a policy is tried: sample, worlds, replications, seeds.

    Replication r has the luck seed derived from (seed, `purpose`, r), the same for every
    policy and world: common random numbers.
    """

    job: OptimizeJob
    scenarios: Mapping[str, Scenario]
    scale: Scale
    replications: int
    purpose: Purpose

    @property
    def years_count(self) -> int:
        """Years of one policy."""
        return len(self.scenarios) * self.replications

    def cases(self, policy: Policy, trial: int) -> list[Case]:
        """Return the years of one policy, world by world."""
        return [
            Case(
                scenario=scenario,
                policy=policy,
                scale=self.scale,
                world_seed=self.job.world_seed,
                luck_seed=derive_seed(self.job.seed, self.purpose, replication),
                trial=trial,
                world=world,
                replication=replication,
                threads=self.job.threads,
            )
            for world, scenario in self.scenarios.items()
            for replication in range(self.replications)
        ]

    def outcomes(
        self, pool: Pool, policies: Sequence[tuple[Policy, int]]
    ) -> Iterator[list[Year | Failure]]:
        """Yield the years of each (policy, trial), in order."""
        cases = [case for policy, trial in policies for case in self.cases(policy, trial)]
        found = pool.outcomes(cases)
        for _ in policies:
            outcomes = list(islice(found, self.years_count))
            for outcome in outcomes:
                if isinstance(outcome, Failure):
                    outcome.raise_refusal()  # input to mend, not a bad policy to leave out
            yield outcomes


def cheap_trials(job: OptimizeJob, scenarios: Mapping[str, Scenario]) -> Trials:
    """Return how the search tries a policy: fewer buyers, never fewer days."""
    buyers = max(1, round(job.scale.buyers_count * job.search.population_share))
    scale = job.scale.model_copy(update={"buyers_count": buyers})
    return Trials(job, scenarios, scale, job.search.replications, Purpose.REPLICATION)


def final_trials(job: OptimizeJob, scenarios: Mapping[str, Scenario]) -> Trials:
    """Return how finalists are tried: all buyers, luck that no trial has met."""
    return Trials(job, scenarios, job.scale, job.search.final_replications, Purpose.FRESH)


def evaluation(
    outcomes: Sequence[Year | Failure], trials: Trials, needed: Sequence[str]
) -> Evaluation:
    """Sum the years of one policy up.

    Parameters
    ----------
    needed
        Measures without which there is no judging: not a number in one is a failure.
    """
    years = [outcome for outcome in outcomes if isinstance(outcome, Year)]
    runs = [year.run for year in years]
    sessions, wall_s = _sessions(years, trials), math.fsum(run["wall_s"] for run in runs)
    for outcome in outcomes:
        if isinstance(outcome, Failure):
            reason = f"{outcome.case}: {outcome.reason}"
            return Evaluation({}, {}, sessions, wall_s, reason)
    found = {name: mean_interval(column(runs, name, len(trials.scenarios))) for name in MEASURES}
    means = {name: number(interval) for name, interval in found.items()}
    for name in needed:
        if not math.isfinite(means[name]):
            return Evaluation({}, {}, sessions, wall_s, f"{name} is {means[name]}, not a number")
    errors = {name: interval.standard_error for name, interval in found.items()}
    return Evaluation(means, errors, sessions, wall_s)


def without_details(year: Year) -> Year:
    """Return a year without what the search never shows: gigabytes for many finalists."""
    return replace(year, segments={}, anchors={})


def _sessions(years: Sequence[Year], trials: Trials) -> int:
    """Return the sessions really simulated; the measure counts those of the whole pool."""
    return sum(
        round(
            year.run["sessions_count"]
            * trials.scale.buyers_count
            / trials.scenarios[year.labels["world"]].platform.pool_count
        )
        for year in years
    )
