"""Buyers on the first day: traits from a low-discrepancy sequence, follows from anchors' fans.

Trait d of buyer i is the quantile at frac(s_d + i a_d), the additive recurrence with
a_d = phi^-(d+1), phi the root of phi^(D+1) = phi + 1 (Roberts 2018); the shifts s_d come from
the world seed. It halves the sampling noise of yearly GMV against independent draws. Follows are
independent draws.

What tables tell of buyers is written over what is drawn, stage by stage, so that what depends on
it is drawn accordingly.
"""

import numpy as np
from numpy.typing import NDArray

from engine.jit import kernel, step
from engine.population.alias import alias_table, draw_alias
from engine.population.anchors import ARRIVAL_DAYS, Anchors
from engine.population.buyers import (
    ACTIVITY_CENTRE,
    ACTIVITY_UNIT,
    AFFINITY_ONE,
    BYTE_ONE,
    DAY_ZERO,
    FLAG_BOUGHT,
    FLAG_TIER3,
    FOLLOWS,
    HABIT_ONE,
    SENSITIVITY_CENTRE,
    SENSITIVITY_UNIT,
    Buyers,
    affinity_of,
    anchor_of,
    earned_fen,
    record_of,
    set_follow,
)
from engine.population.draws import normal_quantiles
from engine.population.given import NOTHING_GIVEN, Given
from engine.population.given_buyers import put_buyers
from engine.rng import MASK, Purpose, bits, from_entity, key, uniform
from engine.spec.scenario import Scenario

_TRAITS = 6
_QUANTILES = 4096
_ARRIVAL_DRAW = 8
_SAME_DRAW = 2 * FOLLOWS
_WALLET_DRAW = 63


def draw_buyers(
    scenario: Scenario,
    anchors: Anchors,
    numbers: range,
    seed: int,
    given: Given = NOTHING_GIVEN,
) -> Buyers:
    """Create the buyers of these numbers from the world seed, and nobody else.

    What is `given` of buyers is given of all: their numbers are those of the world.
    """
    count = len(numbers)
    buyers = Buyers.new(count, record_of(scenario))
    _draw_persons(buyers, scenario, numbers.start, seed, given)
    stream = from_entity(key(seed, Purpose.BUYER_FOLLOWS), numbers.start)
    affinity = np.float64(scenario.buyers.initial_affinity)
    if given.follows is None:
        follows = np.int64(scenario.buyers.follows_count)
        table = alias_table(anchors.engaged * anchors.stands_for)
        _fill_follows(buyers, stream, follows, affinity, table, anchors.stands_for)
        return buyers
    taken = np.zeros(count, np.uint8)
    for rows in given.follows(count):
        _place_follows(
            buyers.person, taken, stream, affinity, rows.buyer, rows.anchor, rows.level, rows.place
        )
    return buyers


def _draw_persons(buyers: Buyers, scenario: Scenario, first: int, seed: int, given: Given) -> None:
    """Fill in who buyers are, from number `first` on, and what lies behind them but follows."""
    spec, shifts = scenario.buyers, _shifts(seed, first)
    history = from_entity(key(seed, Purpose.BUYER_HISTORY), first)
    newcomers = np.float64(spec.newcomers_share)
    _fill_groups(buyers, shifts, _steps(), np.float64(spec.tier12_share), history, newcomers)
    put_buyers(buyers, given, ("tier", "arrives"))
    quantiles = normal_quantiles(_QUANTILES)
    # budget ~ lognormal around the tier's mean, in whole RMB
    budget_spread = np.exp(spec.budget_log_sd * quantiles - spec.budget_log_sd**2 / 2)
    means = spec.wallet_level * np.array(spec.monthly_budget_rmb.values())
    incomes = np.clip(np.outer(means, budget_spread), 1, 20_000)
    _fill_traits(
        buyers,
        shifts,
        _steps(),
        _levels(spec.activity_log_sd, quantiles, ACTIVITY_CENTRE, ACTIVITY_UNIT),
        _levels(spec.sensitivity_log_sd, quantiles, SENSITIVITY_CENTRE, SENSITIVITY_UNIT),
        incomes.astype(np.uint16),
    )
    put_buyers(buyers, given, ("activity", "sensitivity", "impulse", "taste", "income"))
    _fill_history(
        buyers,
        history,
        np.float64(spec.bought_before_share),
        np.float64(spec.initial_habit),
        np.uint8(round(spec.initial_trust * BYTE_ONE)),
        np.float64(spec.initial_wallet),
        np.int64(spec.wallet_days),
    )
    put_buyers(buyers, given, ("budget", "trust", "bought_before", "habit"), scenario.categories)


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
def _fill_groups(buyers, shifts, steps, tier12_share, stream, newcomers):
    """In which tier buyers live, and on which day they arrive."""
    tier12_edge = np.uint64(tier12_share * 18446744073709549568.0)
    for i in range(buyers.person.size):
        tier = 0 if shifts[0] + np.uint64(i) * steps[0] < tier12_edge else 1
        buyers.person[i].flags = np.uint8(FLAG_TIER3 * tier)
        buyers.seen[i] = np.uint16(DAY_ZERO)
        arrival = uniform(stream, i, _ARRIVAL_DRAW)
        if arrival < newcomers:
            buyers.seen[i] += np.uint16(1 + int(arrival / newcomers * ARRIVAL_DAYS))


@kernel
def _fill_traits(buyers, shifts, steps, activity, sensitivity, incomes):
    table_shift, byte_shift = np.uint64(52), np.uint64(56)
    for i in range(buyers.person.size):
        n = np.uint64(i)
        me = buyers.person[i]
        tier = np.int64(me.flags & np.uint8(FLAG_TIER3))
        buyers.activity[i] = activity[(shifts[1] + n * steps[1]) >> table_shift]
        me.sensitivity = sensitivity[(shifts[2] + n * steps[2]) >> table_shift]
        me.impulse = np.uint8((shifts[3] + n * steps[3]) >> byte_shift)
        me.taste = np.uint8((shifts[4] + n * steps[4]) >> byte_shift)
        me.income = incomes[tier, (shifts[5] + n * steps[5]) >> table_shift]


@step
def _bought_draw(c):
    """Number of the draw for category `c`: from 2 on, without that of the arrival."""
    return 2 + c + np.int64(2 + c >= _ARRIVAL_DRAW)


@kernel
def _fill_history(  # noqa: PLR0913, PLR0917 - numba passes by position
    buyers, stream, bought_share, habit, trust, least_wallet, wallet_days
):
    """Buyers of old have a habit and bought something in the last 90 days."""
    for i in range(buyers.person.size):
        me = buyers.person[i]
        me.trust[:] = trust
        filled = least_wallet + (1.0 - least_wallet) * uniform(stream, i, _WALLET_DRAW)
        me.budget = np.int32(filled * earned_fen(np.int64(me.income), wallet_days))
        bought_before = buyers.seen[i] == DAY_ZERO and uniform(stream, i, 0) < bought_share
        if bought_before:
            me.flags |= np.uint8(FLAG_BOUGHT)
            # habit 2 u, so that its mean is `habit`
            level = min(2.0 * habit * uniform(stream, i, 1), 1.0)
            buyers.habit[i] = np.uint16(level * HABIT_ONE)
        for c in range(me.bought.size):
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


@kernel
def _place_follows(  # noqa: PLR0913, PLR0917 - numba passes by position
    person, taken, stream, affinity, buyer, anchor, level, place
):
    """Write rows of a table of follows: `anchor` followed by `buyer`, both numbers (int64).

    `level` float64 affinity on [0, 1], drawn where it is negative; `place` int64 of the record,
    or -1 for the first that is free; `taken` (uint8, by buyer) places that are filled.
    """
    for k in range(buyer.size):
        i = buyer[k]
        f = place[k] if place[k] >= 0 else np.int64(taken[i])
        taken[i] += np.uint8(1)
        liking = level[k]
        if liking < 0.0:
            liking = min(affinity * (0.5 + uniform(stream, i, 2 * f + 1)), 1.0)
            set_follow(person[i], f, anchor[k], liking * AFFINITY_ONE)
        else:
            set_follow(person[i], f, anchor[k], np.int64(liking * AFFINITY_ONE + 0.5))
