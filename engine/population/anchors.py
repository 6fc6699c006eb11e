"""Anchors on the first day: fans, families, supply of their own, schedules.

A row is an anchor, or a stratum of the smaller ones. What is drawn of a row is a function of its
number: the largest anchors, whose number is their rank, are the same whatever the scale.

The market's anchors are ranks 0 .. N - 1 by fans. `rows` of them are simulated: the first ones
are single anchors; each row behind them is a stratum of neighbouring ranks, and stands for them
with the mean of what they have (Cochran, Sampling Techniques, 3rd ed. 1977, ch. 5). Sizes of
strata grow with rank, since sales are spread over ln rank far more evenly than over rank.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.population.draws import categories, normal_quantiles, normals, uniforms
from engine.population.given import NOTHING, Columns, put
from engine.rng import Purpose
from engine.spec.scenario import Scenario

_Ints = NDArray[np.int64]
_Floats = NDArray[np.float64]

HEAD, WAIST, TAIL = 0, 1, 2
_NO_FAMILY = -1
NO_SUPPLIER = -1
_HEADS = 300
"""The largest are rows of their own: this many of them, or half of all rows if that is less."""
ARRIVAL_DAYS = 365
"""Newcomers begin on the days after the first."""


class Anchors(NamedTuple):
    """One entry per row, by falling number of fans; guests of trial streams come last.

    `stands_for` anchors of the market, whole numbers: 1 for the largest and for guests. All else
    is of each of these anchors: `fans` people; `engaged` weights of first-day follows; `arrives`
    day of the first stream, until which fans are 0, or 0 for who was there before; `members`
    (families, members) rows; `is_brand` marks brands' own accounts.
    """

    stands_for: NDArray[np.float64]

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
    scenario: Scenario,
    count: int,
    supplier_kinds: NDArray[np.uint8],
    seed: int,
    given: Columns = NOTHING,
) -> Anchors:
    """Draw `count` rows of anchors, and one guest per trial stream, from the world seed.

    `supplier_kinds` are those of `suppliers.draw_suppliers`, its guests last. Columns that are
    `given` are not drawn; the first of them is `fans`, which falls.
    """
    spec = scenario.anchors
    trials = scenario.calendar.trial_streams
    total, suppliers_count = count + len(trials), supplier_kinds.size - len(trials)

    def uniform(draw: int) -> NDArray[np.float64]:
        return uniforms(seed, Purpose.ANCHOR, total, draw)

    rows = _given_rows(scenario, given) if "fans" in given else _rows(scenario, count)
    guests = np.zeros(len(trials))
    # The tiers are shares of the market; guests are in the last.
    rank_share = (mean_ranks(rows.stands_for) + 0.5) / rows.stands_for.sum()
    rank_share = np.concatenate([rank_share, guests + np.inf])
    tier = np.where(
        rank_share < spec.head_share,
        HEAD,
        np.where(rank_share < spec.head_share + spec.waist_share, WAIST, TAIL),
    ).astype(np.uint8)
    category = put(
        given, "category", categories(uniform(0), spec.category_share.of(scenario.categories))
    )
    category[count:] = [scenario.categories.index(trial.category) for trial in trials]
    low, high = spec.live_probability
    charisma = 1.0 + spec.charisma_sd * normals(seed, Purpose.ANCHOR, total, 1)
    if "family" in given:
        family = given["family"].astype(np.int32)
        members = _given_members(given, spec.family_members_count)
    else:
        family, members = _families(scenario, rows.stands_for, uniform(2))
    tier = put(given, "tier", tier)
    owns = uniform(3) < np.array(spec.own_supply_share.values())[tier]
    owned = (uniform(4) * suppliers_count).astype(np.int32)
    own = put(given, "own_supplier", np.where(owns, owned, NO_SUPPLIER).astype(np.int32))
    is_brand = (own != NO_SUPPLIER) & np.array(scenario.kinds_that("is_brand"))[supplier_kinds[own]]
    return Anchors(
        stands_for=np.concatenate([rows.stands_for, guests + 1.0]),
        fans=np.concatenate([rows.fans, guests]),
        engaged=np.concatenate([rows.engaged, guests]),
        arrives=np.concatenate([rows.arrives, np.zeros(len(trials), np.int64)]),
        tier=tier,
        category=category,
        charisma=put(given, "charisma", np.maximum(charisma, 0.1).astype(np.float32)),
        live_base=put(given, "live_base", low + (high - low) * uniform(5)),
        family=np.concatenate([family, np.full(len(trials), _NO_FAMILY, np.int32)]),
        members=members,
        own_supplier=own,
        is_brand=put(given, "is_brand", is_brand),
        guests_from=count,
    )


class _Rows(NamedTuple):
    """What a row is before anything is drawn; columns of `Anchors`, without guests."""

    stands_for: NDArray[np.float64]
    fans: NDArray[np.float64]
    engaged: NDArray[np.float64]
    arrives: NDArray[np.int64]


def _rows(scenario: Scenario, count: int) -> _Rows:
    """The market's anchors as `count` rows: who is there by rank, then newcomers by their day.

    Fans are the quantiles of their law, not draws from it: one world is as heavy-tailed as the
    next, and the size of the largest does not depend on the seed. A row has the mean of its ranks,
    so that all fans and all engaged fans are as many at every scale.
    """
    spec = scenario.anchors
    market, new_rows = max(spec.market_count, count), int(spec.newcomers_share * count)
    newcomers = int(spec.newcomers_share * market) if new_rows else 0
    tiers = (spec.head_share, spec.head_share + spec.waist_share)
    cuts = [math.ceil(share * market - 0.5) for share in tiers]
    heads = min(_HEADS, count // 2)
    strata = _rank_strata(market - newcomers, count - new_rows, heads, cuts)
    new = _even_strata(newcomers, new_rows)
    quantiles = normal_quantiles(market - newcomers)[::-1]
    fans = np.exp(spec.fans_log_mean + spec.fans_log_sd * quantiles)
    none = np.zeros(new_rows)
    return _Rows(
        stands_for=np.concatenate([np.diff(strata), np.diff(new)]).astype(np.float64),
        fans=np.concatenate([_stratum_means(fans, strata), none]),
        engaged=np.concatenate([_stratum_means(fans**spec.engaged_power, strata), none]),
        arrives=np.concatenate([np.zeros(count - new_rows, np.int64), _arrival_days(new_rows)]),
    )


def _given_rows(scenario: Scenario, given: Columns) -> _Rows:
    """Rows of a table: each is one anchor that is there from the first day, if it says no more."""
    fans = given["fans"].astype(np.float64)
    engaged = np.where(fans > 0.0, fans**scenario.anchors.engaged_power, 0.0)
    return _Rows(
        stands_for=put(given, "stands_for", np.ones(fans.size)),
        fans=fans,
        engaged=put(given, "engaged", engaged),
        arrives=put(given, "arrives", np.zeros(fans.size, np.int64)),
    )


def _given_members(given: Columns, least: int) -> NDArray[np.int32]:
    """Members of each family that is given, the first by place; (families, members) int32.

    Smaller families than the largest repeat theirs in turn.
    """
    family = given["family"]
    place = given.get("family_place", np.arange(family.size))
    order = np.lexsort((place, family))
    order = order[family[order] != _NO_FAMILY]
    groups = np.split(order, np.flatnonzero(np.diff(family[order])) + 1) if order.size else []
    size = max((group.size for group in groups), default=least)
    members = [np.resize(group, size) for group in groups]
    return np.array(members, np.int32).reshape(len(groups), size)


def _arrival_days(newcomers: int) -> NDArray[np.int64]:
    """Days from 1 on which newcomers begin, evenly over a year."""
    return 1 + ((np.arange(newcomers) + 0.5) / newcomers * ARRIVAL_DAYS).astype(np.int64)


def singles(stands_for: NDArray[np.float64]) -> int:
    """How many rows from the first on are single anchors, whose number is their rank."""
    return int(np.append(stands_for != 1.0, True).argmax())


def strength_of_rank(rank: NDArray[np.float64], count: float) -> NDArray[np.float64]:
    """Bargaining strength, 1 for rank 0 and 0 for the last of `count`: falls with ln rank."""
    return np.asarray(np.clip(1.0 - np.log1p(rank) / np.log1p(count), 0.0, 1.0))


def _families(
    scenario: Scenario, stands_for: NDArray[np.float64], draws: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Families led by the largest anchors; the other members are drawn from the next largest.

    They are single anchors, so that no relative is a crowd.
    """
    spec = scenario.anchors
    size, count = spec.family_members_count, stands_for.size
    pool = min(spec.family_ranks_count, singles(stands_for))
    families = min(spec.families_count, pool // size)
    others = families + np.argsort(draws[families:pool], kind="stable")
    followers = others[: families * (size - 1)].reshape(families, size - 1)
    members = np.column_stack([np.arange(families), followers]).astype(np.int32)
    family = np.full(count, _NO_FAMILY, np.int32)
    for number, row in enumerate(members):
        family[row] = number
    return family, members.reshape(families, size)


def _rank_strata(market: int, rows: int, heads: int, cuts: Iterable[int] = ()) -> _Ints:
    """The first rank of each of `rows` strata, and `market` behind them: int64 (rows + 1,).

    With as many rows as anchors every row is one; else at least the `heads` largest are. Behind
    them a stratum from rank e on, with n rows left, has e ((market / e)^(1 / n) - 1) anchors, in
    whole ones: a geometric series. No stratum has ranks from both sides of one of the `cuts`, as
    far as there are rows for it.
    """
    edges = list(range((rows if rows == market else min(heads, rows - 1)) + 1))
    while len(edges) <= rows:
        first, left = edges[-1], rows + 1 - len(edges)
        growth = (market / max(first, 1)) ** (1.0 / left) - 1.0
        size = max(1, round(max(first, 1) * growth))
        edges.append(market if left == 1 else min(first + size, market + 1 - left))
    strata = np.array(edges, np.int64)
    for cut in cuts:
        if rows > 1 and 0 < cut < market:
            strata[1 + np.argmin(np.abs(strata[1:-1] - cut))] = cut
    return strata


def _even_strata(market: int, rows: int) -> _Ints:
    """The first place of each of `rows` strata of equal anchors, and `market`: int64."""
    return np.arange(rows + 1, dtype=np.int64) * market // max(rows, 1)


def _stratum_means(values: _Floats, strata: _Ints) -> _Floats:
    """The mean of `values`, by rank, over each stratum: float64 (rows,)."""
    return np.asarray(np.add.reduceat(values, strata[:-1]) / np.diff(strata))


def mean_ranks(stands_for: _Floats) -> _Floats:
    """The mean rank of the anchors that each row stands for, rows in their order.

    `stands_for` (float64, by row) anchors; the result float64, 0 for the first if it is one.
    """
    return np.asarray(np.cumsum(stands_for) - (stands_for + 1.0) / 2.0)
