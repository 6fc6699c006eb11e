"""Buyers: 71 bytes each, traits from a low-discrepancy sequence, follows from anchors' fans.

Traits are stored as small integers; the tables that decode them are in
`engine.market.terms`. Trait d of buyer i is the quantile at frac(s_d + i a_d), the
additive recurrence with a_d = phi^-(d+1), phi the root of phi^(D+1) = phi + 1 (Roberts
2018); the shifts s_d come from the world seed. It halves the sampling noise of yearly GMV
against independent draws. Follows are independent draws.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.jit import kernel, step
from engine.population.alias import alias_table, draw_alias
from engine.population.anchors import ARRIVAL_DAYS, Anchors
from engine.population.draws import normal_quantiles
from engine.rng import MASK, Purpose, bits, from_entity, key, uniform
from engine.spec.scenario import Scenario
from engine.units import N_CATEGORIES, N_KINDS

LANES, LANE_BITS = 4, 16
"""Affinities in a 64-bit word, and the room of each."""
FOLLOWS = 2 * LANES
ANCHOR_LOW_BITS = 16
ANCHOR_LOW_MASK = (1 << ANCHOR_LOW_BITS) - 1
AFFINITY_BITS = 12
AFFINITY_ONE = (1 << AFFINITY_BITS) - 1
AFFINITY_STEP = np.float32(1.0 / AFFINITY_ONE)
DAY_ZERO = 1024
"""Days are stored from here, so that purchases before the first day are positive."""

BYTE_ONE = 255
HABIT_ONE = 65535
HABIT_STEP = np.float32(1.0 / HABIT_ONE)
ENGAGEMENT_ONE = 1 << 15
ENGAGEMENT_STEP = np.float32(1.0 / ENGAGEMENT_ONE)
MOST_ENGAGEMENT = (1 << 16) - 1
MEMORY_UNIT = 200.0
"""memory byte m means ln(remembered / elsewhere) = -m / MEMORY_UNIT."""
ACTIVITY_CENTRE, ACTIVITY_UNIT = 128.0, 20.0
SENSITIVITY_CENTRE, SENSITIVITY_UNIT = 128.0, 64.0

CACHE_LINE = 64

FLAG_TIER3 = 1
FLAG_BOUGHT = 2
FLAG_TWICE = 4
FLAG_ORDERED = 8

_BYTES_OF_A_PERSON = ("memory", "sensitivity", "impulse", "taste", "flags")
_VIEWS = {"affinity_words": "affinities"}
"""Fields that are the bytes of another one, read in another way."""


def person_dtype(categories: int, kinds: int) -> np.dtype[np.void]:
    """Lay out what is read of those who come: a record of one cache line.

    Fields stand in the order of their alignment, so that none needs padding. By follow:
    `affinities` in 1/4095, below the four high bits of the anchor's number (of 20); `anchors`,
    its 16 low bits. affinity_words: the same 16 bytes as two words, for sums over four at once
    (see `engine.market.sessions.routing`). budget: fen in the wallet on the day last `seen`;
    income: what fills it, RMB a month; bought: day of the last purchase by category; trust: by
    kind, in 1/255; flags: tier, ever bought, twice in the month of the last order, ordered since
    the first day.

    Raises
    ------
    ValueError
        If the fields of so many categories and kinds take more than a cache line.
    """
    fields = {
        "affinities": np.dtype((np.uint16, FOLLOWS)),
        "anchors": np.dtype((np.uint16, FOLLOWS)),
        "budget": np.dtype(np.int32),
        "income": np.dtype(np.uint16),
        "bought": np.dtype((np.uint16, categories)),
        "trust": np.dtype((np.uint8, kinds)),
        **dict.fromkeys(_BYTES_OF_A_PERSON, np.dtype(np.uint8)),
    }
    offsets = np.cumsum([0, *(field.itemsize for field in fields.values())]).tolist()
    if offsets[-1] > CACHE_LINE:
        raise ValueError(
            f"a buyer's record with {categories} categories of goods and {kinds} kinds of "
            f"supplier takes {offsets[-1]} bytes, and a cache line has {CACHE_LINE}: a category "
            "takes 2 bytes and a kind 1; leave some out of engine/units.py"
        )
    record = np.dtype(
        {
            "names": [*fields, "affinity_words"],
            "formats": [*fields.values(), np.dtype((np.uint64, FOLLOWS // LANES))],
            "offsets": [*offsets[:-1], 0],
            "itemsize": CACHE_LINE,
        }
    )
    _check_layout(record)
    return record


def _check_layout(record: np.dtype[np.void]) -> None:
    """Raise ValueError where fields overlap, but for `_VIEWS`, or stand out of place."""
    owner: dict[int, str] = {}
    for name in record.names or ():
        kind, offset = record.fields[name][:2]  # type: ignore[index]
        if offset % kind.base.alignment or offset + kind.itemsize > record.itemsize:
            raise ValueError(f"{name} stands at byte {offset} of a buyer's record, out of place")
        for byte in range(offset, offset + kind.itemsize):
            other = owner.setdefault(byte, name)
            if other not in {name, _VIEWS.get(name)}:
                raise ValueError(f"{name} and {other} of a buyer's record share byte {byte}")


PERSON = person_dtype(N_CATEGORIES, N_KINDS)
"""The record of a buyer in this market; see `person_dtype`."""

_TRAITS = 6
_QUANTILES = 4096
_ARRIVAL_DRAW = 8
_SAME_DRAW = 2 * FOLLOWS
_WALLET_DRAW = 63


class Buyers(NamedTuple):
    """All simulated buyers.

    What decides who comes is a column each, since it is read of everybody in every slot:
    `activity` level, `habit` in 1/65535, `engagement` in 1/32768 (M18: 1 as on the historical
    path, 0 gone for good), `seen`: the day, from `DAY_ZERO`, on which it last learned something,
    or arrives. `person`: `PERSON` records.
    """

    activity: NDArray[np.uint8]
    habit: NDArray[np.uint16]
    engagement: NDArray[np.uint16]
    seen: NDArray[np.uint16]
    person: NDArray[np.void]


COLUMNS = tuple(name for name in Buyers._fields if name != "person")
"""Columns with a plain number by buyer."""


def _new_buyers(count: int) -> Buyers:
    """Buyers of whom nothing is known."""
    habit, seen = np.zeros(count, np.uint16), np.zeros(count, np.uint16)
    engagement = np.full(count, ENGAGEMENT_ONE, np.uint16)
    people = cache_lines(count, PERSON)
    return Buyers(np.zeros(count, np.uint8), habit, engagement, seen, people)


def aligned_copy(buyers: Buyers) -> Buyers:
    """A copy whose records stand on cache lines of their own."""
    person = cache_lines(buyers.person.size, PERSON)
    person[:] = buyers.person
    return buyers._replace(
        **{name: getattr(buyers, name).copy() for name in COLUMNS},
        person=person,
    )


def bytes_per_buyer() -> int:
    """Bytes of state that one simulated buyer takes."""
    return sum(column.itemsize for column in _new_buyers(1))


@step
def earned_fen(income_rmb, days):
    """What `days` bring of a month's income in RMB, whole fen; int64, a month has 30 days."""
    return income_rmb * days * 10 // 3


@step
def anchor_of(me, f):
    """Anchor of follow `f`."""
    high = np.int64(me.affinities[f]) >> AFFINITY_BITS
    return np.uint32(high << ANCHOR_LOW_BITS | np.int64(me.anchors[f]))


@step
def affinity_of(me, f):
    """Affinity to the anchor of follow `f`, in 1/4095."""
    return np.int64(me.affinities[f] & AFFINITY_ONE)


@step
def set_follow(me, f, anchor, affinity):
    """Make `anchor` the one that is followed in place `f`."""
    me.anchors[f] = np.uint16(anchor & ANCHOR_LOW_MASK)
    me.affinities[f] = np.uint16(anchor >> ANCHOR_LOW_BITS << AFFINITY_BITS | np.int64(affinity))


@step
def set_affinity(me, f, affinity):
    """Change the affinity to the anchor followed in place `f`."""
    me.affinities[f] = np.uint16(np.int64(me.affinities[f]) & ~AFFINITY_ONE | np.int64(affinity))


def draw_buyers(scenario: Scenario, anchors: Anchors, numbers: range, seed: int) -> Buyers:
    """Create the buyers of these numbers from the world seed, and nobody else."""
    spec, first = scenario.buyers, numbers.start
    buyers = _new_buyers(len(numbers))
    quantiles = normal_quantiles(_QUANTILES)
    # budget ~ lognormal around the tier's mean, in whole RMB
    budget_spread = np.exp(spec.budget_log_sd * quantiles - spec.budget_log_sd**2 / 2)
    means = spec.wallet_level * np.array(spec.monthly_budget_rmb.values())
    incomes = np.clip(np.outer(means, budget_spread), 1, 20_000)
    _fill_traits(
        buyers,
        _shifts(seed, first),
        _steps(),
        np.float64(spec.tier12_share),
        _levels(spec.activity_log_sd, quantiles, ACTIVITY_CENTRE, ACTIVITY_UNIT),
        _levels(spec.sensitivity_log_sd, quantiles, SENSITIVITY_CENTRE, SENSITIVITY_UNIT),
        incomes.astype(np.uint16),
    )
    table = alias_table(anchors.engaged * anchors.stands_for)
    _fill_history(
        buyers,
        from_entity(key(seed, Purpose.BUYER_HISTORY), first),
        np.float64(spec.bought_before_share),
        np.float64(spec.initial_habit),
        np.uint8(round(spec.initial_trust * BYTE_ONE)),
        np.float64(spec.newcomers_share),
        np.float64(spec.initial_wallet),
        np.int64(spec.wallet_days),
    )
    _fill_follows(
        buyers,
        from_entity(key(seed, Purpose.BUYER_FOLLOWS), first),
        np.int64(spec.follows_count),
        np.float64(spec.initial_affinity),
        table,
        anchors.stands_for,
    )
    return buyers


def cache_lines(count: int, record: np.dtype[np.void]) -> NDArray[np.void]:
    """Zeroed records of 64 bytes, each on a cache line of its own."""
    memory = np.zeros((count + 1) * CACHE_LINE, np.uint8)
    first = -memory.ctypes.data % CACHE_LINE
    return memory[first : first + count * CACHE_LINE].view(record)


def _steps() -> NDArray[np.uint64]:
    phi = 1.5
    for _ in range(64):
        phi = (1.0 + phi) ** (1.0 / (_TRAITS + 1))
    return np.array([int(phi ** -(d + 1) * 2**64) for d in range(_TRAITS)], np.uint64)


def _shifts(seed: int, first: int) -> NDArray[np.uint64]:
    """Where each trait's sequence stands at buyer `first`."""
    starts = (int(key(seed, Purpose.BUYER_TRAITS, d)) for d in range(_TRAITS))
    moved = zip(starts, _steps().tolist(), strict=True)
    return np.array([(start + first * step) & MASK for start, step in moved], np.uint64)


def _levels(
    log_sd: float, quantiles: NDArray[np.float64], centre: float, unit: float
) -> NDArray[np.uint8]:
    """Byte levels of a lognormal with mean 1 at each quantile: exp((b - centre) / unit)."""
    logs = log_sd * quantiles - log_sd**2 / 2
    return np.clip(np.round(centre + unit * logs), 0, 255).astype(np.uint8)


@kernel
def _fill_traits(  # noqa: PLR0913, PLR0917 - numba passes by position
    buyers, shifts, steps, tier12_share, activity, sensitivity, incomes
):
    tier12_edge = np.uint64(tier12_share * 18446744073709549568.0)
    table_shift, byte_shift = np.uint64(52), np.uint64(56)
    for i in range(buyers.person.size):
        n = np.uint64(i)
        me = buyers.person[i]
        tier = 0 if shifts[0] + n * steps[0] < tier12_edge else 1
        me.flags = np.uint8(FLAG_TIER3 * tier)
        buyers.activity[i] = activity[(shifts[1] + n * steps[1]) >> table_shift]
        me.sensitivity = sensitivity[(shifts[2] + n * steps[2]) >> table_shift]
        me.impulse = np.uint8((shifts[3] + n * steps[3]) >> byte_shift)
        me.taste = np.uint8((shifts[4] + n * steps[4]) >> byte_shift)
        me.income = incomes[tier, (shifts[5] + n * steps[5]) >> table_shift]
        buyers.seen[i] = np.uint16(DAY_ZERO)


@step
def _bought_draw(c):
    """Number of the draw for category `c`: from 2 on, without that of the arrival."""
    return 2 + c + np.int64(2 + c >= _ARRIVAL_DRAW)


@kernel
def _fill_history(  # noqa: PLR0913, PLR0917 - numba passes by position
    buyers, stream, bought_share, habit, trust, newcomers, least_wallet, wallet_days
):
    """Buyers of old have a habit and bought something in the last 90 days; newcomers arrive."""
    for i in range(buyers.person.size):
        me = buyers.person[i]
        me.trust[:] = trust
        filled = least_wallet + (1.0 - least_wallet) * uniform(stream, i, _WALLET_DRAW)
        me.budget = np.int32(filled * earned_fen(np.int64(me.income), wallet_days))
        arrival = uniform(stream, i, _ARRIVAL_DRAW)
        if arrival < newcomers:
            buyers.seen[i] += np.uint16(1 + int(arrival / newcomers * ARRIVAL_DAYS))
        bought_before = arrival >= newcomers and uniform(stream, i, 0) < bought_share
        if bought_before:
            me.flags |= np.uint8(FLAG_BOUGHT)
            # habit 2 u, so that its mean is `habit`
            level = min(2.0 * habit * uniform(stream, i, 1), 1.0)
            buyers.habit[i] = np.uint16(level * HABIT_ONE)
        for c in range(N_CATEGORIES):
            days_ago = int(90.0 * uniform(stream, i, _bought_draw(c)))
            me.bought[c] = np.uint16(DAY_ZERO - 1 - days_ago)


@kernel
def _fill_follows(buyers, stream, count, affinity, table, stands_for):
    for i in range(buyers.person.size):
        if buyers.seen[i] > DAY_ZERO:
            continue  # who is still to arrive follows nobody yet
        me = buyers.person[i]
        for f in range(count):
            anchor = draw_alias(bits(stream, i, 2 * f), table)
            known = False
            for g in range(f):
                known |= (anchor_of(me, g) == anchor) & (affinity_of(me, g) > 0)
            # A second draw of a followed anchor leaves the place empty (affinity 0); of a row of
            # several anchors it is mostly another one.
            if known:
                known = uniform(stream, i, _SAME_DRAW + f) * stands_for[anchor] < 1.0
            if not known:
                level = min(affinity * (0.5 + uniform(stream, i, 2 * f + 1)), 1.0)
                set_follow(me, f, anchor, level * AFFINITY_ONE)
