"""From simulated runs to what the price of targets needs: a policy's samples beside today's."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.case import RunResult
from engine.decision.price_table import ConfirmedPolicy
from engine.errors import InputError
from engine.stats.arrays import Floats

_Years = dict[tuple[str, int, int, int], RunResult]
"""By world, replication, run seed and population."""


def confirmed_policy(
    name: str,
    years: Sequence[RunResult],
    today: Sequence[RunResult],
    others: Sequence[str] = (),
    binding: str = "",
    weights: Mapping[str, float] | None = None,
) -> ConfirmedPolicy:
    """Return a policy's samples by world and replication, in the order of today's years.

        net cost = contribution of today's policy - contribution of the policy, year by year

    Parameters
    ----------
    name
        What the policy is called in tables.
    years, today
        Its years and those of today's policy, of the same worlds, replications and seeds.
    others
        Further columns of `runs` whose means are shown.
    binding
        What the policy ran into.
    weights
        How much each world counts in the means of `others`, adding up to 1; none: all the same.

    Raises
    ------
    InputError
        If the years do not pair, or a world lacks a replication.
    """
    own, base = _by_key(years), _by_key(today)
    worlds = list(dict.fromkeys(key[0] for key in base))
    if own.keys() != base.keys() or len(base) % len(worlds):
        raise _unpaired(name)
    keys = [
        sorted((key for key in base if key[0] == world), key=lambda key: key[1]) for world in worlds
    ]
    if len({tuple(key[1] for key in row) for row in keys}) > 1:
        raise _unpaired(name)

    def table(found: _Years, measure: str) -> Floats:
        return np.array([[found[key].run[measure] for key in row] for row in keys], np.float64)

    shares = np.array([1.0 / len(worlds) if weights is None else weights[w] for w in worlds])
    contribution = "platform_contribution_fen"
    return ConfirmedPolicy(
        name=name,
        gmv_fen=table(own, "gmv_paid_fen"),
        cost_fen=table(base, contribution) - table(own, contribution),
        subsidy_fen=table(own, "subsidy_fen"),
        binding=binding,
        others={measure: float(shares @ table(own, measure).mean(axis=1)) for measure in others},
    )


def _by_key(years: Sequence[RunResult]) -> _Years:
    def key(labels: dict[str, Any]) -> tuple[str, int, int, int]:
        return labels["world"], labels["replication"], labels["seed"], labels["population"]

    return {key(year.labels): year for year in years}


def _unpaired(name: str) -> InputError:
    return InputError(
        f"policy {name!r}",
        "its years are not those of today's policy, world by world",
        "the same replications of the same worlds, under common random numbers",
        "simulate both with the same seed, worlds and replications",
    )
