"""The price of a target: for each level the cheapest policy that reaches it so surely.

Of policy i in world k (weight w_k, adding up to 1) and replication r, G is GMV as paid and C the
net cost beyond today's policy, paired. With the asked probability p

    reach_i(T) = sum_k w_k mean_r 1[G_ikr >= T]          held_i = max {T : reach_i(T) >= p}
    row(T)     = argmin { c_i - v g_i : reach_i(T) >= p }

c_i and g_i the weighted means of cost and of GMV more than today's, v the value of a RMB of GMV
beyond what it contributes within the year (0 unless given). Of equally cheap policies the one
that holds more is taken; so no policy that is given is both as cheap as a row and better, and
costs rise with the target. Where no policy reaches a level the row says so.

Worlds are taken as they are: what costs spread over is their means. Replications are noise, which
all worlds share: what is uncertain of a figure over worlds is its spread over replications.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from engine.case import RunResult
from engine.decision.amounts import bn
from engine.errors import InputError
from engine.stats.arrays import Floats
from engine.stats.intervals import Interval, mean_interval, wilson
from engine.stats.quantiles import weighted_quantile
from engine.stats.reach import ROUNDING, held_level, levels_between, reached_share
from engine.units import FEN_PER_BN_RMB

_Results = dict[tuple[str, int, int, int], RunResult]
"""By world, replication, run seed and population."""


def _gmv_of_the_run(run: RunResult) -> float:
    found: float = run.run["gmv_paid_fen"]
    return found


@dataclass(frozen=True)
class ConfirmedPolicy:
    """A policy that was simulated on fresh seeds in every world.

    `gmv_fen`, `cost_fen` and `subsidy_fen` are (worlds, replications) float64: GMV as paid by the
    end of the targets' year, net cost over the horizon beyond today's policy under the same seeds,
    the platform's coupons. `binding` says what it ran into, `others` further means to show, by
    measure.
    """

    name: str
    gmv_fen: Floats
    cost_fen: Floats
    subsidy_fen: Floats
    binding: str = ""
    others: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_results(
        cls,
        name: str,
        results: Sequence[RunResult],
        today: Sequence[RunResult],
        others: Sequence[str] = (),
        weights: Mapping[str, float] | None = None,
        gmv: Callable[[RunResult], float] = _gmv_of_the_run,
    ) -> "ConfirmedPolicy":
        """Return a policy's samples by world and replication, in the order of today's runs.

            net cost = contribution of today's policy - contribution of the policy, run by run

        Parameters
        ----------
        name
            What the policy is called in tables.
        results, today
            Its runs and those of today's policy, of the same worlds, replications and seeds.
        others
            Further columns of `runs` whose means are shown.
        weights
            How much each world counts in the means of `others`, adding up to 1; none: all the same.
        gmv
            GMV as paid of a run that targets are levels of, fen.

        Raises
        ------
        InputError
            If the runs do not pair, or a world lacks a replication.
        """
        own, base = _by_key(results), _by_key(today)
        worlds = list(dict.fromkeys(key[0] for key in base))
        if own.keys() != base.keys() or len(base) % len(worlds):
            raise _unpaired(name)
        keys = [
            sorted((key for key in base if key[0] == world), key=lambda key: key[1])
            for world in worlds
        ]
        if len({tuple(key[1] for key in row) for row in keys}) > 1:
            raise _unpaired(name)

        def by_world(found: _Results, measure: str) -> Floats:
            return np.array([[found[key].run[measure] for key in row] for row in keys], np.float64)

        shares = np.array([1.0 / len(worlds) if weights is None else weights[w] for w in worlds])
        contribution = "platform_contribution_fen"
        return cls(
            name=name,
            gmv_fen=np.array([[gmv(own[key]) for key in row] for row in keys], np.float64),
            cost_fen=by_world(base, contribution) - by_world(own, contribution),
            subsidy_fen=by_world(own, "subsidy_fen"),
            others={
                measure: float(shares @ by_world(own, measure).mean(axis=1)) for measure in others
            },
        )


@dataclass(frozen=True)
class PriceQuestion:
    """How sure a target is to be reached, over which worlds, and what GMV is worth.

    `weights` (worlds,) float64 add up to 1 and go with `worlds`; `value_of_gmv` in RMB per RMB;
    `market_fen` is what the year should sell, by which amounts have their digits.
    """

    probability: float
    worlds: tuple[str, ...]
    weights: Floats
    value_of_gmv: float = 0.0
    market_fen: float = 0.0

    def bn(self, fen: float) -> str:
        """Return an amount as sentences write it, bn RMB."""
        return bn(fen, self.market_fen)

    @property
    def asked_text(self) -> str:
        """The asked probability as sentences write it: two decimals, or all that it has."""
        return max(f"{self.probability:.2f}", f"{self.probability:g}", key=len)

    def reach(self, policy: ConfirmedPolicy, target_fen: float) -> float:
        """Return the probability that a policy's GMV as paid ends at or above a target."""
        return reached_share(policy.gmv_fen, target_fen, self.weights)

    def reach_95(self, policy: ConfirmedPolicy, target_fen: float) -> tuple[float, float] | None:
        """Return the 95 % limits that the luck of runs leaves of `reach`; None of one run a world.

        Wilson's, of as many independent runs as there are replications: worlds share their luck.
        """
        count = policy.gmv_fen.shape[1]
        return wilson(self.reach(policy, target_fen) * count, count) if count > 1 else None

    def is_reached(self, policy: ConfirmedPolicy, target_fen: float) -> bool:
        """Return whether a policy reaches a target with the asked probability."""
        return self.reach(policy, target_fen) >= self.probability - ROUNDING

    def held_fen(self, policy: ConfirmedPolicy) -> float:
        """Return the largest target that a policy reaches with the asked probability, fen."""
        return held_level(policy.gmv_fen, self.probability, self.weights)

    def mean(self, sample: Floats) -> float:
        """Return the mean over replications, worlds weighted, of (worlds, replications) float64."""
        return float(self.weights @ sample.mean(axis=1))

    def median_cost_fen(self, policy: ConfirmedPolicy) -> float:
        """Return the median over worlds of a policy's mean net cost, as tables show it, fen."""
        return weighted_quantile(policy.cost_fen.mean(axis=1), self.weights, 0.5)

    def cheapest(
        self,
        policies: Sequence[ConfirmedPolicy],
        today: ConfirmedPolicy,
        target_fen: float,
    ) -> ConfirmedPolicy | None:
        """Return the cheapest policy that reaches a target with the asked probability, if one does.

        Cheap is `argmin c - v g` of the module; of equals the one that holds more is taken.

        Parameters
        ----------
        policies
            Those that may be taken.
        today
            Whose GMV and cost the others are counted from.
        target_fen
            GMV as paid, fen.
        """
        good = [one for one in policies if self.is_reached(one, target_fen)]

        def order(one: ConfirmedPolicy) -> tuple[float, float, bool, str]:
            price = self.mean(one.cost_fen) - self.value_of_gmv * self.mean(
                one.gmv_fen - today.gmv_fen
            )
            return price, -self.held_fen(one), one is not today, one.name

        return min(good, key=order, default=None)

    def default_targets(
        self,
        policies: Sequence[ConfirmedPolicy],
        today: ConfirmedPolicy,
        goal_fen: float,
        count: int = 6,
    ) -> list[float]:
        """Return levels from what today's policy holds to one that no policy reaches, fen.

        Whole steps of 1, 2 or 5 times a power of ten bn RMB, about `count` of them, and the goal.

        Parameters
        ----------
        policies
            Those that were confirmed.
        today
            The policy whose held target is the lowest level.
        goal_fen
            GMV as paid, fen.
        count
            How many levels there are, about.
        """
        low = self.held_fen(today) / FEN_PER_BN_RMB
        high = max(self.held_fen(one) for one in _with_today(policies, today)) / FEN_PER_BN_RMB
        levels = levels_between(low, high, goal_fen / FEN_PER_BN_RMB, count)
        return [level * FEN_PER_BN_RMB for level in levels]


class PriceRow(NamedTuple):
    """One target and its cheapest policy; None where no policy that was given reaches it.

    `reach_95` are the limits that luck leaves of `reach`, as `PriceQuestion.reach_95` has them.
    `cost` is the mean over worlds with its interval over replications; `cost_median`, `cost_50` and
    `cost_80` are of the worlds' means; `cost_per_gmv` is RMB of net cost per RMB of GMV that this
    row has more than the row below it (than today's, of the lowest), None if it is no other
    policy; `cost_per_gmv_80` is of the worlds' ratios, None unless each world surely sells more.
    Amounts in fen.
    """

    target_fen: float
    reach_today: float
    policy: str | None
    reach: float | None = None
    reach_error: float | None = None
    reach_95: tuple[float, float] | None = None
    worst_world: str = ""
    worst_reach: float | None = None
    cost: Interval = Interval(None, None, None, None)
    cost_median: float | None = None
    cost_50: tuple[float, float] | None = None
    cost_80: tuple[float, float] | None = None
    cost_per_gmv: float | None = None
    cost_per_gmv_80: tuple[float, float] | None = None
    gmv_fen: float | None = None
    subsidy_fen: float | None = None
    binding: str = ""
    others: Mapping[str, float] = {}


def price_table(
    policies: Sequence[ConfirmedPolicy],
    today: ConfirmedPolicy,
    targets_fen: Sequence[float],
    asked: PriceQuestion,
) -> list[PriceRow]:
    """Return the price of each target, the lowest first.

    Parameters
    ----------
    policies
        All that was confirmed, however it was found; today's is added.
    today
        Today's policy carried on, whose net cost is 0 throughout.
    targets_fen
        Levels of GMV as paid.
    asked
        What makes a policy good enough.
    """
    everyone = _with_today(policies, today)
    rows: list[PriceRow] = []
    below: ConfirmedPolicy | None = today
    for target in sorted(set(targets_fen)):
        found = asked.cheapest(everyone, today, target)
        rows.append(_row(found, below, today, target, asked))
        below = found
    return rows


def _with_today(
    policies: Sequence[ConfirmedPolicy], today: ConfirmedPolicy
) -> list[ConfirmedPolicy]:
    return [today, *(one for one in policies if one is not today)]


def _row(
    found: ConfirmedPolicy | None,
    below: ConfirmedPolicy | None,
    today: ConfirmedPolicy,
    target_fen: float,
    asked: PriceQuestion,
) -> PriceRow:
    without_more = asked.reach(today, target_fen)
    if found is None:
        return PriceRow(target_fen, without_more, None)
    reached = np.where(found.gmv_fen >= target_fen, 1.0, 0.0)
    by_world, costs = reached.mean(axis=1), found.cost_fen.mean(axis=1)
    worst = int(np.argmin(by_world))
    low80, low50, middle, high50, high80 = (
        weighted_quantile(costs, asked.weights, share) for share in (0.1, 0.25, 0.5, 0.75, 0.9)
    )
    return PriceRow(
        target_fen=target_fen,
        reach_today=without_more,
        policy=found.name,
        reach=asked.mean(reached),
        reach_error=mean_interval(asked.weights @ reached).standard_error,
        reach_95=asked.reach_95(found, target_fen),
        worst_world=asked.worlds[worst],
        worst_reach=float(by_world[worst]),
        cost=mean_interval(asked.weights @ found.cost_fen),
        cost_median=middle,
        cost_50=(low50, high50),
        cost_80=(low80, high80),
        cost_per_gmv=_marginal(found, below or today, asked),
        cost_per_gmv_80=_marginal_80(found, below or today, asked),
        gmv_fen=asked.mean(found.gmv_fen),
        subsidy_fen=asked.mean(found.subsidy_fen),
        binding=found.binding,
        others=found.others,
    )


def _marginal(found: ConfirmedPolicy, below: ConfirmedPolicy, asked: PriceQuestion) -> float | None:
    """RMB of net cost more per RMB of GMV more; None without more GMV."""
    more = asked.mean(found.gmv_fen - below.gmv_fen)
    return asked.mean(found.cost_fen - below.cost_fen) / more if more > 0 else None


def _marginal_80(
    found: ConfirmedPolicy, below: ConfirmedPolicy, asked: PriceQuestion
) -> tuple[float, float] | None:
    """The 10 and 90 % quantiles over worlds of RMB of net cost more per RMB of GMV more.

        r_k = mean_r (C_kr - C'_kr) / mean_r (G_kr - G'_kr), in pairs with the row below

    None where some world sells no more, or where luck may have brought what all together sell
    more (the 95 % interval over replications): a ratio to nothing, or to less, says nothing.
    """
    more, dearer = found.gmv_fen - below.gmv_fen, found.cost_fen - below.cost_fen
    by_world = more.mean(axis=1)
    least = mean_interval(asked.weights @ more).low
    if least is None or least <= 0 or (by_world[asked.weights > 0] <= 0).any():
        return None
    ratios = dearer.mean(axis=1) / np.where(by_world > 0, by_world, 1.0)
    low, high = (weighted_quantile(ratios, asked.weights, share) for share in (0.1, 0.9))
    return low, high


def _by_key(results: Sequence[RunResult]) -> _Results:
    def key(labels: dict[str, Any]) -> tuple[str, int, int, int]:
        return labels["world"], labels["replication"], labels["seed"], labels["population"]

    return {key(result.labels): result for result in results}


def _unpaired(name: str) -> InputError:
    return InputError(
        f"policy {name!r}",
        "its runs are not those of today's policy, world by world",
        "the same replications of the same worlds, under common random numbers",
        "simulate both with the same seed, worlds and replications",
    )
