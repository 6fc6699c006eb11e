"""Suppliers join and leave on their belief (M3, M4, M15).

    hazard of joining = base * belief^gamma * recruiting * (1 + share of its kind in the plan)
    hazard of leaving = base * belief^-gamma

One exponential threshold per supplier against its cumulative hazard: who joins is
monotone in the policy and free of the order of days.
"""

from engine.jit import rule

LOWEST_BELIEF = 0.2
HIGHEST_BELIEF = 5.0


@rule
def adoption_hazard(base, belief, response, recruiting, plan_share):
    """Hazard of one day; `plan_share` in [0, 1] is the share of its kind in the plan (M12)."""
    return base * belief**response * recruiting * (1.0 + plan_share)


@rule
def exit_hazard(base, belief, response):
    """Hazard of leaving on one day: a poor belief drives suppliers off."""
    return base * belief ** (-response)


@rule
def updated_belief(belief, sales_ratio, speed):
    """Belief moves towards what sold over what was expected (M15), within its bounds."""
    moved = belief + speed * (sales_ratio - belief)
    return min(max(moved, LOWEST_BELIEF), HIGHEST_BELIEF)
