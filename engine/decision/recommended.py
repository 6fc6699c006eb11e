"""What to do about a goal, in words: the cheapest that reaches it, what it holds, what comes next.

Never the highest sales: a policy that costs more is recommended only where a RMB of GMV is given
a value of its own (`PriceQuestion.value_of_gmv`), and then that is said.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from engine.decision.amounts import finer
from engine.decision.price_table import (
    ConfirmedPolicy,
    PriceQuestion,
    PriceRow,
    price_table,
)
from engine.units import FEN_PER_BN_RMB


class Recommendation(NamedTuple):
    """The policy that is recommended, None where none reaches the goal, and why.

    `held_fen` is the largest target that it holds as surely as asked, of the best policy where
    none reaches the goal; `next_step` is of the policy that is cheapest for the lowest asked
    target above that which any reaches, and of the highest that it is cheapest for; `pays_from`
    the value of GMV, RMB per RMB, at which it would pay to go there.
    """

    policy: str | None
    needs_nothing_more: bool
    held_fen: float
    next_step: PriceRow | None
    pays_from: float | None
    sentences: tuple[str, ...]

    @classmethod
    def of(
        cls,
        policies: Sequence[ConfirmedPolicy],
        today: ConfirmedPolicy,
        goal_fen: float,
        targets_fen: Sequence[float],
        asked: PriceQuestion,
    ) -> "Recommendation":
        """Recommend the cheapest policy that reaches the goal with the asked probability.

        Parameters
        ----------
        policies, today, targets_fen, asked
            See `price_table`.
        goal_fen
            GMV as paid that the year should reach.
        """
        everyone = [today, *(one for one in policies if one is not today)]
        found = asked.cheapest(everyone, today, goal_fen)
        if found is None:
            best = max(everyone, key=asked.held_fen)
            return cls(
                None, False, asked.held_fen(best), None, None, _out_of_reach(best, goal_fen, asked)
            )
        held = asked.held_fen(found)
        above = [target for target in targets_fen if target > held]
        rows = [row for row in price_table(everyone, today, above, asked) if row.policy is not None]
        step = [row for row in rows if row.policy == rows[0].policy][-1] if rows else None
        enough = asked.is_reached(today, goal_fen)
        pays_from = _pays_from(step, found, everyone, asked)
        sentences = (
            *_reached(found, today, goal_fen, asked),
            _held_sentence(found, asked),
            _next_sentence(step, found, today, asked),
        )
        return cls(found.name, enough, held, step, pays_from, sentences)

    def asked_beyond(
        self, today: str, rows: Sequence[PriceRow], asked: PriceQuestion
    ) -> tuple[str | None, str]:
        """Return whose years beyond the horizon are asked about, and what sentences call it.

        The recommended policy, or the next step's where nothing more is needed, or that of the
        highest target that is reached where there is neither.

        Parameters
        ----------
        today
            Name of today's policy.
        rows
            Of the price table.
        asked
            Writes amounts.
        """
        if self.policy not in {None, today}:
            return self.policy, "the recommended policy"
        highest = next((row for row in reversed(rows) if row.policy is not None), None)
        step = self.next_step or highest
        if self.next_step is None and step:
            return step.policy, f"the policy for {asked.bn(step.target_fen)} bn RMB"
        return step.policy if step else None, "the next step"


def _reached(
    found: ConfirmedPolicy, today: ConfirmedPolicy, goal_fen: float, asked: PriceQuestion
) -> tuple[str, ...]:
    """Say whether doing nothing more is enough, and what is cheapest."""
    chance, own = asked.reach(today, goal_fen), asked.reach(found, goal_fen)
    cost = asked.median_cost_fen(found)
    goal = f"{asked.bn(goal_fen)} bn RMB"
    enough = asked.is_reached(today, goal_fen)
    first = (
        f"Doing nothing more reaches {goal} with probability {chance:.2f}."
        if enough
        else f"Doing nothing more reaches {goal} with probability {chance:.2f} only."
    )
    if found is today:
        return (first,)
    valued = asked.value_of_gmv > 0 and cost > 0 and enough
    why = f" at a value of {asked.value_of_gmv:g} RMB per RMB of GMV" if valued else ""
    price = f"{asked.bn(cost)} bn RMB more" if cost >= 0 else f"{asked.bn(-cost)} bn RMB less"
    lead = "Best is" if valued else "Cheapest is"
    sold = asked.mean(found.gmv_fen - today.gmv_fen)
    sales = f"sells {asked.bn(abs(sold))} bn RMB {'more' if sold >= 0 else 'less'}"
    said = f"it costs {price}, {sales} and reaches it with {own:.2f}"
    return (first, f"{lead} {found.name}{why}: {said}.")


def _next_sentence(
    step: PriceRow | None, found: ConfirmedPolicy, today: ConfirmedPolicy, asked: PriceQuestion
) -> str:
    """Say what the next step costs, both beyond what is recommended and beyond today's policy."""
    if step is None or step.cost_median is None:
        return f"No policy here reaches the next target with the asked {asked.asked_text}."
    more = f"{asked.bn(step.cost_median - asked.median_cost_fen(found))} bn RMB more than"
    start = f"The next step, {asked.bn(step.target_fen)} bn RMB,"
    if found is today:
        return f"{start} costs {more} today's policy: {step.policy}."
    if step.policy == today.name:
        return f"{start} is to go on as today, which costs {more} the policy recommended."
    beyond = f"{asked.bn(abs(step.cost_median))} bn RMB {_way(step.cost_median)} than today's"
    return f"{start} costs {more} the policy recommended and {beyond}: {step.policy}."


def _way(fen: float) -> str:
    return "more" if fen >= 0 else "less"


def _out_of_reach(best: ConfirmedPolicy, goal_fen: float, asked: PriceQuestion) -> tuple[str, ...]:
    chance = asked.reach(best, goal_fen)
    goal = f"{asked.bn(goal_fen)} bn RMB with probability {asked.probability:g}"
    return (
        f"No policy here reaches {goal}: the best, {best.name}, does with {chance:.2f}.",
        _held_sentence(best, asked),
    )


def _pays_from(
    step: PriceRow | None,
    found: ConfirmedPolicy,
    everyone: Sequence[ConfirmedPolicy],
    asked: PriceQuestion,
) -> float | None:
    """The value of GMV at which the next step costs no more than what it sells is worth."""
    if step is None:
        return None
    other = next(one for one in everyone if one.name == step.policy)
    more = asked.mean(other.gmv_fen - found.gmv_fen)
    if more <= 0:
        return None
    return (asked.mean(other.cost_fen) - asked.mean(found.cost_fen)) / more


def _held_sentence(policy: ConfirmedPolicy, asked: PriceQuestion) -> str:
    """Say the largest target that is held, rounded down."""
    digit = FEN_PER_BN_RMB / 10 ** (1 + finer(asked.market_fen))
    held = asked.bn(math.floor(asked.held_fen(policy) / digit) * digit)
    return f"With the asked {asked.asked_text} it holds {held} bn RMB."
