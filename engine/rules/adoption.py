"""Suppliers join and leave on their belief and on each other's example (M3, M4, M15).

    hazard of joining = base * (1 + imitation * F) * belief^gamma * recruiting * (1 + plan share)
    hazard of leaving = base * belief^-gamma

F is the share of its kind that has joined: with belief and plan at rest, innovation p = base
and imitation q = base * imitation of Bass, Management Science 15, 1969.

One exponential threshold per supplier against its cumulative hazard: who joins is
monotone in the policy and free of the order of days.
"""

from engine.jit import rule

LOWEST_BELIEF = 0.2
HIGHEST_BELIEF = 5.0


@rule
def adoption_hazard(base, imitation, joined_share, belief, response, recruiting, plan_share):
    """Hazard of one day; of its kind `joined_share` has joined, `plan_share` is in the plan."""
    example = 1.0 + imitation * joined_share
    return base * example * belief**response * recruiting * (1.0 + plan_share)


@rule
def exit_hazard(base, belief, response):
    """Hazard of leaving on one day: a poor belief drives suppliers off."""
    return base * belief ** (-response)


@rule
def updated_belief(belief, sales_ratio, speed):
    """Belief moves towards what sold over what was expected (M15), within its bounds."""
    moved = belief + speed * (sales_ratio - belief)
    return min(max(moved, LOWEST_BELIEF), HIGHEST_BELIEF)
