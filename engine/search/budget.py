"""How many years a search will simulate, about: who goes up is not known before."""

from engine.search.racing import room
from engine.search.selection import planned, rounds
from engine.spec.study import OptimizeJob


def planned_years(job: OptimizeJob) -> list[tuple[float, int]]:
    """Return (share of the buyers, years) of each rung and of the finalists, at the most.

    As if every rung were trusted and as many went up as may.
    """
    search, given = job.search, len(job.baselines)
    pilot = min(given + search.batch_count, search.trials_count)
    plan, climbing, shown = [], search.trials_count - pilot, (0.0, 0)
    for rung in search.rungs:
        reused = shown[1] if shown[0] == rung.population_share else 0
        plan.append((rung.population_share, (pilot + climbing) * (rung.replications - reused)))
        climbing = room(climbing, search.reduction)
        shown = rung.population_share, rung.replications
    counts = rounds(search.first_replications, search.final_replications)
    plan.append((1.0, planned(given, search.finalists_count, counts)))
    return [(share, years * len(job.ensemble.worlds)) for share, years in plan]
