"""Which finalists are, or yet may be, the policies of a price table's rows.

What finalists hold on their first replications is compared with levels that are moved to these by
the given policies, which have met all of them (`engine.search.aim.moved_levels`).
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from engine.search.aim import Aim, cheapest_first, moved_levels
from engine.search.finalists.posterior import Finalist
from engine.search.problem import Sample
from engine.stats.arrays import Floats
from engine.stats.paired import paired_variance

_MARGINS: Final = (1.0, 0.0, -1.0)
"""Standard errors by which the cheapest that are kept hold a level."""


class RowPolicies(NamedTuple):
    """The policies of the rows of `aim`, among finalists."""

    aim: Aim

    def leaders(
        self, finalists: Sequence[Finalist], known: Mapping[int, Sample], count: int
    ) -> set[int]:
        """Return the numbers of the cheapest that surely hold, hold, and may hold each level.

        Parameters
        ----------
        finalists
            Those with `count` replications or more, given ones among them.
        known
            By number, the given ones' samples on all replications.
        count
            Replications on which they are compared.
        """
        if not known or not finalists:
            return set()
        held, price = _figures(finalists, count, self.aim)
        levels = _levels_here(finalists, held, known, count, self.aim)
        doubt = _doubt(finalists, count, self.aim)
        places = [
            place
            for level in levels
            for margin in _MARGINS
            for place in cheapest_first(held, price, level + margin * doubt)[:1]
        ]
        return {finalists[place].candidate.number for place in places}

    def cheaper(self, finalists: Sequence[Finalist], known: Mapping[int, Sample]) -> int | None:
        """Return the number of one without all replications that looks cheaper than a row's policy.

        It may miss the row's level by a standard error. Costs are compared beside today's policy on
        the replications that both have met.

        Parameters
        ----------
        finalists
            All that may be a row's policy, given ones among them.
        known
            By number, the samples of those that have met all replications.
        """
        today = next((one for one in finalists if one.candidate.name == self.aim.today), None)
        if today is None or today.candidate.number not in known:
            return None
        numbers = list(known)
        held = np.array([self.aim.held(known[k]) for k in numbers])
        base = self.aim.price_by(known[today.candidate.number].values)
        price = np.array([(self.aim.price_by(known[k].values) - base).mean() for k in numbers])
        levels = self.aim.asked_levels(
            held[numbers.index(today.candidate.number)], float(held.max())
        )
        rows = [cheapest_first(held, price, level)[:1] for level in levels]
        paid = [price[row[0]] if row else np.inf for row in rows]
        best: tuple[float, int] | None = None
        for one in finalists:
            if one.candidate.number in known:
                continue
            count = one.sample.replications
            own = Sample(one.sample.first(count))
            here = [self.aim.held(Sample(known[k].first(count))) for k in numbers]
            doubt = _doubt(
                [own for own in finalists if own.sample.replications >= count], count, self.aim
            )
            asked = [level - doubt for level in moved_levels(levels, here, list(held))]
            cost = float((self.aim.price_by(own.values) - base[:count]).mean())
            saves = [
                before - cost
                for level, before in zip(asked, paid, strict=True)
                if self.aim.held(own) >= level and cost < before
            ]
            if saves and (best is None or (-max(saves), one.candidate.number) < best):
                best = (-max(saves), one.candidate.number)
        return None if best is None else best[1]


def _figures(finalists: Sequence[Finalist], count: int, aim: Aim) -> tuple[Floats, Floats]:
    """Return what finalists hold and cost on the first replications, (n,) each."""
    samples = [Sample(one.sample.first(count)) for one in finalists]
    held = np.array([aim.held(own) for own in samples])
    return held, np.array([aim.price_by(own.values).mean() for own in samples])


def _levels_here(
    finalists: Sequence[Finalist], held: Floats, known: Mapping[int, Sample], count: int, aim: Aim
) -> list[float]:
    """Return the table's levels as they stand on the first replications."""
    numbers = list(known)
    there = [aim.held(known[k]) for k in numbers]
    here = [aim.held(Sample(known[k].first(count))) for k in numbers]
    names = {one.candidate.number: one.candidate.name for one in finalists}
    today = next((own for k, own in zip(numbers, there, strict=True)
                  if names.get(k) == aim.today), min(there))  # fmt: skip
    (high,) = moved_levels([float(held.max())], there, here)
    return moved_levels(aim.asked_levels(today, high), here, there)


def _doubt(finalists: Sequence[Finalist], count: int, aim: Aim) -> float:
    """Return the standard error of the difference between what two of them hold."""
    by = np.stack([aim.reached_by(one.sample.first(count)) for one in finalists])
    pooled = paired_variance(by[:, None, :])
    return 0.0 if pooled is None else float(np.sqrt(2 * pooled[0] / count))
