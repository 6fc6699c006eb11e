"""What a buyer brings to a look, and what a look claims; shared by every kernel of a slot."""

import numpy as np

from engine.jit import step
from engine.market.streams import index_of, price_index
from engine.market.totals import OWN, PARTNER
from engine.population.buyers import (
    DAY_ZERO,
    FLAG_BOUGHT,
    FLAG_TIER3,
    HABIT_STEP,
    MEMORY_UNIT,
    earned_fen,
)
from engine.rules.subsidy import partner_part_fen
from engine.units import N_TIERS

_MEMORY = np.float32(-1.0 / MEMORY_UNIT)


@step
def days_away(buyers, i, context, tastes):
    """Days since the buyer last learned something, within the fading tables; < 0: to arrive.

    `i` an integer; the result int64, days.
    """
    return min(context.day + DAY_ZERO - np.int64(buyers.seen[i]), tastes.habit_left.size - 1)


@step
def habit_now(buyers, i, away, tastes):
    """Habit in [0, 1], faded to today.

    `i` and `away` integers; the result float32.
    """
    return np.float32(buyers.habit[i]) * HABIT_STEP * tastes.habit_left[away]


@step
def memory_now(me, away, tastes):
    """ln(remembered price / price elsewhere) <= 0, faded to today.

    `me` a record of `population.buyers.record_of`, `away` in days, an integer; the result float32.
    """
    return np.float32(me.memory) * _MEMORY * tastes.memory_left[away]


@step
def budget_now(buyers, i, context, tastes):
    """Fen in the wallet: it fills day by day, up to so many days of income.

    `i` an integer; the result int64, days.
    """
    me = buyers.person[i]
    income, days = np.int64(me.income), context.day + DAY_ZERO - np.int64(buyers.seen[i])
    full = earned_fen(income, tastes.wallet_days)
    return min(np.int64(me.budget) + earned_fen(income, days), full)


@step
def coupon_class(me, has_coupon, priced_as):
    """Which column of prices a buyer faces; see `streams.N_COUPON_CLASSES`.

    `me` a record of `population.buyers.record_of`, `has_coupon` a bool, `priced_as` of the
    streams; the result uint8.
    """
    flags = np.int64(me.flags)
    tier, is_new = flags & FLAG_TIER3, np.int64((flags & FLAG_BOUGHT) == 0)
    return priced_as[np.int64(has_coupon) * (1 + tier + N_TIERS * is_new)]


@step
def claims_of(totals):
    """Where claims are counted: by supplier, and by bucket on each purse.

    Three int64 arrays of `totals`: `demand` (suppliers,), and fen by bucket (N_BUCKETS,), of the
    platform's own purse and of the partner's.
    """
    return totals.demand, totals.claims[OWN], totals.claims[PARTNER]


@step
def add_claim(counted, streams, look, payers, sign):
    """Count a look's wish for a good and for its coupon (sign 1), or take it back (-1).

    `counted` as of `claims_of`; `look` a record of `context.LOOK`; `payers` as of
    `partner_part`, int64 and bool; money in sample fen.
    """
    demand, own, partners = counted
    place = index_of(streams, look)
    claimed = sign * np.int64(not streams.links_out.flat[place])
    coupon = streams.price.flat[place] - streams.paid.flat[price_index(streams, look, place)]
    partner = partner_part(streams.kind.flat[place], coupon, payers)
    demand[np.uint32(streams.supplier.flat[place])] += claimed
    own[look.bucket] += claimed * (coupon - partner)
    partners[look.bucket] += claimed * partner


@step
def partner_part(kind, coupon, payers):
    """What the retail partner pays of a coupon on its own goods (M4).

    `kind` uint8, `coupon` int64 fen, `payers` its share (int64 basis points) and whether it
    pays for each kind (bool); the result int64 fen.
    """
    share_bp, is_co_funded = payers
    return np.int64(is_co_funded[kind]) * partner_part_fen(coupon, share_bp)
