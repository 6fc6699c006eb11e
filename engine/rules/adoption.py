"""Suppliers join and leave on their belief and on each other's example (M3, M4, M15).

    hazard of joining = base * (1 + imitation * F) * belief^gamma * recruiting * (1 + plan share)
    hazard of leaving = base * belief^-gamma

Exclusivity: an open library, in which anybody may sell a seller's goods, divides the hazard of
joining and multiplies that of leaving by 1 + response * openness (M5).

F is the share of its kind that has joined: with belief and plan at rest, innovation p = base
and imitation q = base * imitation of Bass, Management Science 15, 1969.

Recruiting: a supplier won by a factor on the hazard costs cost * factor^power, since each
further one is harder to win; 1 - 1 / factor of those who join were won by it. Who joins late
is the worse (adverse selection): quality falls by a share of the quantile of the threshold
beyond those there on the first day. Convex cost of adjustment: Lucas, Journal of Political
Economy 75, 1967; selection of the marginal seller: Akerlof, QJE 84, 1970.

One exponential threshold per supplier against its cumulative hazard: who joins is
monotone in the policy and free of the order of days.
"""

from engine.jit import rule

_LOWEST_BELIEF = 0.2
_HIGHEST_BELIEF = 5.0


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
def exclusivity(open_share, response):
    """Factor by which an open library speeds leaving and slows joining; `open_share` in [0, 1]."""
    return 1.0 + response * open_share


@rule
def recruits_cost(joined, factor, unit_cost, power):
    """What recruiting costs today, in the unit of `unit_cost` (of one more at factor 1).

    `joined` today, at `factor` times the hazard of a platform that recruits nobody; up to 1 it
    costs nothing.
    """
    brought = 1.0 - 1.0 / factor if factor > 1.0 else 0.0
    return joined * brought * unit_cost * factor**power


@rule
def updated_belief(belief, sales_ratio, speed):
    """Belief moves towards what sold over what was expected (M15), within its bounds."""
    moved = belief + speed * (sales_ratio - belief)
    return min(max(moved, _LOWEST_BELIEF), _HIGHEST_BELIEF)
