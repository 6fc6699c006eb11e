"""Anchors on the first day: fans, families, supply of their own, schedules."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.population.draws import categories, normal_quantiles, normals, uniforms
from engine.rng import Purpose
from engine.spec.scenario import Scenario
from engine.units import CATEGORIES, IS_BRAND

HEAD, WAIST, TAIL = 0, 1, 2
NO_FAMILY = -1
NO_SUPPLIER = -1
ARRIVAL_DAYS = 365
"""Newcomers begin on the days after the first."""


class Anchors(NamedTuple):
    """One entry per anchor, by falling number of fans; guests of trial streams come last.

    `fans` people; `engaged` weights of first-day follows; `arrives` day of the first stream,
    until which fans are 0, or 0 for who was there before; `members` (families, members) anchor
    numbers; `is_brand` marks brands' own accounts.
    """

    fans: NDArray[np.float64]
    engaged: NDArray[np.float64]
    arrives: NDArray[np.int64]
    tier: NDArray[np.uint8]
    category: NDArray[np.uint8]
    charisma: NDArray[np.float32]
    live_base: NDArray[np.float64]
    family: NDArray[np.int32]
    members: NDArray[np.int32]
    own_supplier: NDArray[np.int32]
    is_brand: NDArray[np.bool_]
    guests_from: int


def draw_anchors(
    scenario: Scenario, count: int, supplier_kinds: NDArray[np.uint8], seed: int
) -> Anchors:
    """Draw `count` anchors, and one guest per trial stream, from the world seed.

    `supplier_kinds` are those of `suppliers.draw_suppliers`, its guests last.
    """
    spec = scenario.anchors
    trials = scenario.calendar.trial_streams
    total, suppliers_count = count + len(trials), supplier_kinds.size - len(trials)

    def uniform(draw: int) -> NDArray[np.float64]:
        return uniforms(seed, Purpose.ANCHOR, total, draw)

    # Fans are the quantiles of their law, not draws from it: one world is as heavy-tailed
    # as the next, and the size of the largest does not depend on luck.
    newcomers = int(spec.newcomers_share * count)
    quantiles = normal_quantiles(count - newcomers)[::-1]
    fans = np.exp(spec.fans_log_mean + spec.fans_log_sd * quantiles)
    fans = np.concatenate([fans, np.zeros(newcomers + len(trials))])
    rank_share = (np.arange(total) + 0.5) / count
    tier = np.where(
        rank_share < spec.head_share,
        HEAD,
        np.where(rank_share < spec.head_share + spec.waist_share, WAIST, TAIL),
    ).astype(np.uint8)
    category = categories(uniform(0), spec.category_share.values())
    category[count:] = [CATEGORIES.index(trial.category) for trial in trials]
    low, high = spec.live_probability
    charisma = 1.0 + spec.charisma_sd * normals(seed, Purpose.ANCHOR, total, 1)
    family, members = _families(scenario, count, uniform(2))
    owns = uniform(3) < np.array(spec.own_supply_share.values())[tier]
    owned = (uniform(4) * suppliers_count).astype(np.int32)
    return Anchors(
        fans=fans,
        arrives=np.concatenate(
            [
                np.zeros(count - newcomers, np.int64),
                _arrival_days(newcomers),
                np.zeros(len(trials), np.int64),
            ]
        ),
        engaged=np.where(fans > 0, fans, 1.0) ** spec.engaged_power * (fans > 0),
        tier=tier,
        category=category,
        charisma=np.maximum(charisma, 0.1).astype(np.float32),
        live_base=low + (high - low) * uniform(5),
        family=np.concatenate([family, np.full(len(trials), NO_FAMILY, np.int32)]),
        members=members,
        own_supplier=np.where(owns, owned, NO_SUPPLIER).astype(np.int32),
        is_brand=owns & IS_BRAND[supplier_kinds[owned]],
        guests_from=count,
    )


def _arrival_days(newcomers: int) -> NDArray[np.int64]:
    """Days from 1 on which newcomers begin, evenly over a year."""
    return 1 + ((np.arange(newcomers) + 0.5) / newcomers * ARRIVAL_DAYS).astype(np.int64)


def strength_of_rank(rank: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Bargaining strength, 1 for rank 0 and 0 for the last of `count`: falls with ln rank."""
    return np.asarray(np.clip(1.0 - np.log1p(rank) / np.log1p(count), 0.0, 1.0))


def _families(
    scenario: Scenario, count: int, draws: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Families led by the largest anchors; the other members are drawn from the rest."""
    spec = scenario.anchors
    size = spec.family_members_count
    families = min(spec.families_count, count // size)
    others = families + np.argsort(draws[families:count], kind="stable")
    followers = others[: families * (size - 1)].reshape(families, size - 1)
    members = np.column_stack([np.arange(families), followers]).astype(np.int32)
    family = np.full(count, NO_FAMILY, np.int32)
    for number, row in enumerate(members):
        family[row] = number
    return family, members.reshape(families, size)
