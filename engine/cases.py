"""Which years a job asks for: policies x worlds x replications."""

from collections.abc import Iterable
from typing import Final

from engine.case import Case
from engine.rng import Purpose, derive_seed
from engine.spec.jobs import Job
from engine.spec.policy import Policy
from engine.spec.worlds import worlds

BUYER_DAYS_PER_S: Final = 8e6
ANCHOR_DAYS_PER_S: Final = 8e5
"""Rough speeds of one core, for deciding where to run; nothing depends on them but time."""


def cases(job: Job, policies: Iterable[Policy]) -> list[Case]:
    """List the years of `policies` in the order policy, world, replication.

    Replication r has the run seed derived from (seed, r), whatever the policy and the
    world: common random numbers.

    Raises
    ------
    InputError
        If a world of the ensemble is no valid scenario.
    """
    scenarios = worlds(job.scenario, job.ensemble)
    return [
        Case(
            scenario=scenario,
            policy=policy,
            scale=job.scale,
            world_seed=job.world_seed,
            run_seed=derive_seed(job.seed, Purpose.REPLICATION, replication),
            world=world,
            replication=replication,
            threads=job.threads,
            history=job.history,
        )
        for policy in policies
        for world, scenario in scenarios.items()
        for replication in range(job.replications)
    ]


def seconds_of_run(job: Job, population_share: float = 1.0, run_off_days: int = 0) -> float:
    """Guess the seconds that one year of `job`, and its run-off, take on one core."""
    buyers = job.scale.buyers_count * population_share
    days = job.scenario.calendar.days_simulated + run_off_days
    return days * (buyers / BUYER_DAYS_PER_S + job.scale.anchors_count / ANCHOR_DAYS_PER_S)
