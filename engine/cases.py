"""Which runs a job asks for: policies x worlds x replications."""

from collections.abc import Iterable
from typing import Final

from engine.case import Case
from engine.rng import Purpose, derive_seed
from engine.spec.jobs import Job
from engine.spec.policy import Policy
from engine.spec.worlds import worlds

_BUYER_DAYS_PER_S: Final = 8e6
_ANCHOR_DAYS_PER_S: Final = 8e5
"""Rough speeds of one core, for deciding where to run; nothing depends on them but time."""


def cases(job: Job, policies: Iterable[Policy]) -> list[Case]:
    """List the runs of `policies` in the order policy, world, replication.

    Replication r has the run seed derived from (seed, r) and the population of
    `population_seed`, whatever the policy: common populations and common random numbers.

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
            world_seed=population_seed(job, world, replication),
            run_seed=derive_seed(job.seed, Purpose.REPLICATION, replication),
            world=world,
            replication=replication,
            threads=job.threads,
            history=job.history,
            decision_date=job.decision_date,
            tables=job.tables,
        )
        for policy in policies
        for world, scenario in scenarios.items()
        for replication in range(job.replications)
    ]


def population_seed(job: Job, world: str, number: int) -> int:
    """Return the world seed of the population that a replication of a world meets.

        seed = s_w + number mod n

    s_w is the world's own `world_seed` where it names one, else the job's; n is
    `populations_count`, without which every replication has a population of its own. So a
    replication is one draw of who is there and of what happens; worlds without a seed of their
    own share it, and differ in nothing but what they change. An ensemble whose worlds name seeds
    far apart meets as many populations as it has worlds even in one replication, and no two
    replications share one.

    Parameters
    ----------
    number
        Of the replication, from 0; runs that must be fresh go on counting where the others end.
    """
    first: int = job.ensemble.worlds[world].get("world_seed", job.world_seed)
    place = number if job.populations_count is None else number % job.populations_count
    return (first + place) % 2**63


def seconds_of_run(job: Job, population_share: float = 1.0, run_off_days: int = 0) -> float:
    """Guess the seconds that one run of `job`, and its run-off, take on one core."""
    buyers = job.scale.buyers_count * population_share
    days = job.scenario.calendar.days_simulated + run_off_days
    return days * (buyers / _BUYER_DAYS_PER_S + job.scale.anchors_count / _ANCHOR_DAYS_PER_S)
