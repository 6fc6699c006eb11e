"""Whether the answer hangs on a single world: each is left out in turn.

With world k left out the others keep their proportions,

    w_j(k) = w_j / (1 - w_k) for j != k,    0 for j = k,

and the cheapest policy that reaches the goal is chosen anew among the same policies. If this
policy, or what the recommended one costs, changes with most worlds, there are too few of them to
know; if nothing changes, more worlds like these would change little. It says nothing of worlds
that are unlike all of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from engine.decision.amounts import bn
from engine.decision.price_table import ConfirmedPolicy, PriceQuestion
from engine.decision.weights import WorldWeights
from engine.stats.arrays import Floats
from engine.stats.reach import ROUNDING

_MOST_DECIMALS = 6
"""That a probability is told with."""

_ALONE = 1e-12
"""Weight of all other worlds together below which one world has it all."""


class WithoutWorld(NamedTuple):
    """The answer without one world.

    `policy` is the cheapest then that reaches the goal, None where none does, and `is_same` whether
    it is what all worlds recommend. `reach` and `cost_fen` are of what all worlds recommend: the
    probability to reach the goal, and the mean net cost beyond today's policy, fen; None where
    they recommend nothing.
    """

    world: str
    policy: str | None
    is_same: bool
    reach: float | None
    cost_fen: float | None


def certainty(
    policies: Sequence[ConfirmedPolicy],
    today: ConfirmedPolicy,
    goal_fen: float,
    asked: PriceQuestion,
    weights: WorldWeights,
) -> tuple[list[WithoutWorld], tuple[str, ...]]:
    """Return the answer without each world, and in sentences how sure the answer is.

    Parameters
    ----------
    policies, today, asked
        See `price_table`.
    goal_fen
        GMV as paid that the year should reach.
    weights
        Of the worlds, by what is known.
    """
    everyone = [today, *(one for one in policies if one is not today)]
    found = asked.cheapest(everyone, today, goal_fen)
    answers = _without_each_world(policies, today, goal_fen, asked)
    sure = _sentences(weights, answers, None if found is None else found.name, asked.market_fen)
    return answers, (*sure[:1], *_missed(answers, asked), *sure[1:])


def _without_each_world(
    policies: Sequence[ConfirmedPolicy],
    today: ConfirmedPolicy,
    goal_fen: float,
    asked: PriceQuestion,
) -> list[WithoutWorld]:
    """Answer with each world left out in turn, in the order of the worlds.

    Parameters
    ----------
    policies, today, asked
        See `price_table`.
    goal_fen
        GMV as paid that the year should reach.

    Returns
    -------
    One answer for each world; none where there is one world alone.
    """
    if len(asked.worlds) < 2:
        return []
    everyone = [today, *(one for one in policies if one is not today)]
    found = asked.cheapest(everyone, today, goal_fen)
    answers = []
    for place, world in enumerate(asked.worlds):
        own = replace(asked, weights=_weights_without(asked.weights, place))
        again = own.cheapest(everyone, today, goal_fen)
        answers.append(
            WithoutWorld(
                world=world,
                policy=None if again is None else again.name,
                is_same=again is found,
                reach=None if found is None else own.reach(found, goal_fen),
                cost_fen=None if found is None else own.median_cost_fen(found),
            )
        )
    return answers


def _sentences(
    weights: WorldWeights,
    answers: Sequence[WithoutWorld],
    recommended: str | None,
    market_fen: float = 0.0,
) -> tuple[str, ...]:
    """Say how sure the answer is: how many worlds it rests on, and what it is without each.

    Parameters
    ----------
    weights
        Of the worlds, by what is known.
    answers
        From `_without_each_world`.
    recommended
        Name of the policy that all worlds recommend; None if none reaches the goal.
    market_fen
        What the year should sell, by which amounts have their digits.
    """
    count = len(weights.weights)
    known = len(weights.figures)
    if count == 1:
        first = "How sure: one world alone is asked, which does not say what others would show."
        return (first,)
    figures = f"{known} figure{'s' if known > 1 else ''} known by the decision"
    rests = (
        f"{count} worlds are asked; those that match {figures} best count most, as if only "
        f"{weights.effective_count:.1f} were asked"
        if known
        else f"{count} worlds are asked and count alike"
    )
    kept = _kept(answers, recommended, market_fen)
    first = f"How sure: {rests}. With one of them left out in turn, {kept}."
    note = weights.note
    return (first, f"{note[0].upper()}{note[1:]}.") if note else (first,)


def _missed(answers: Sequence[WithoutWorld], asked: PriceQuestion) -> Iterator[str]:
    """Yield where what is recommended would miss the goal without a world, at its worst."""
    least = min((one for one in answers if one.reach is not None), key=_reach_of, default=None)
    if least is not None and _reach_of(least) < asked.probability - ROUNDING:
        reach = _told_below(_reach_of(least), asked.probability)
        yield (
            f"With the world {least.world} left out, the recommended policy reaches the goal with "
            f"{reach} only, below the asked {asked.asked_text}."
        )


def _told_below(chance: float, asked: float) -> str:
    """A probability below what is asked, with the decimals that show it to be."""
    texts = (f"{chance:.{decimals}f}" for decimals in range(2, _MOST_DECIMALS))
    return next((text for text in texts if float(text) < asked), f"{chance:.{_MOST_DECIMALS}f}")


def _reach_of(answer: WithoutWorld) -> float:
    assert answer.reach is not None
    return answer.reach


def _kept(answers: Sequence[WithoutWorld], recommended: str | None, market_fen: float) -> str:
    """In how many cases the answer stays the same, and what it costs."""
    cases = f"in {sum(one.is_same for one in answers)} of {len(answers)} cases"
    if recommended is None:
        return f"still no policy reaches the goal {cases}"
    costs = [one.cost_fen for one in answers if one.cost_fen is not None]
    said = f"the same policy is recommended {cases}"
    if not any(costs):
        return said
    is_less = max(costs) < 0
    shown = [abs(cost) if is_less else cost for cost in costs]
    low, high = bn(min(shown), market_fen), bn(max(shown), market_fen)
    amount = low if low == high else f"{low} to {high}"
    return f"{said}, and costs {amount} bn RMB {'less' if is_less else 'more'} than today's"


def _weights_without(weights: Floats, place: int) -> Floats:
    """The weights with one at 0, adding up to 1; the others even where they have none."""
    others = weights.copy()
    others[place] = 0.0
    if others.sum() <= _ALONE:
        others = np.ones_like(weights)
        others[place] = 0.0
    return np.asarray(others / others.sum())
