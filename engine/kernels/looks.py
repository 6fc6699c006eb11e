"""One serious look: utilities of the showcase, their expected sales, the choice."""

import numpy as np

from engine.jit import step
from engine.kernels.state import OUTSIDE, PUBLIC_FEED
from engine.rng import uniform
from engine.rules.choice import (
    good_utility,
    memory_term,
    outside_utility,
    price_disutility,
    stream_utility,
)
from engine.rules.fastmath import exp32
from engine.rules.subsidy import partner_part_fen
from engine.units import EXPECTED_ONE, Kind
from engine.world.buyers import (
    AFFINITY_STEP,
    BYTE_ONE,
    DAY_ZERO,
    FLAG_BOUGHT,
    FLAG_TIER3,
    HABIT_ONE,
    MEMORY_UNIT,
)

_PARTNER = int(Kind.PARTNER)
_ZERO = np.float32(0.0)
_HALF = np.float32(0.5)
_BYTE = np.float32(1.0 / BYTE_ONE)
_HABIT = np.float32(1.0 / HABIT_ONE)
_MEMORY = np.float32(-1.0 / MEMORY_UNIT)
_EXPECTED_ONE = np.float32(EXPECTED_ONE)


@step
def days_away(me, moment, tastes):
    """Days since the buyer last learned something, within the fading tables; < 0: to arrive."""
    return min(moment.day + DAY_ZERO - np.int64(me.seen), tastes.habit_left.size - 1)


@step
def habit_now(me, away, tastes):
    """Habit in [0, 1], faded to today."""
    return np.float32(me.habit) * _HABIT * tastes.habit_left[away]


@step
def memory_now(me, away, tastes):
    """ln(remembered price / price elsewhere) <= 0, faded to today."""
    return np.float32(me.memory) * _MEMORY * tastes.memory_left[away]


@step
def budget_now(me, moment):
    """Fen left this month; the first look of a month finds it full."""
    if np.int64(me.seen) < moment.month_start + DAY_ZERO:
        return np.int64(me.income) * 100
    return np.int64(me.budget)


@step
def coupon_class(me, has_coupon):
    """Which column of prices a buyer faces; see `state.N_COUPON_CLASSES`."""
    if not has_coupon:
        return 0
    tier = np.int64(me.flags & FLAG_TIER3)
    return 1 + tier if me.flags & FLAG_BOUGHT else 3 + tier


@step
def weigh(weights, buyers, shop, tastes, moment, look, coupon):
    """Exp of every utility at the look's stream into `weights`; the outside option's is returned.

    What the month's budget cannot pay has weight 0 (is out of the choice set).
    """
    i, anchor = look.buyer, look.anchor
    me, trust = buyers.state[i], buyers.trust[i]
    away = days_away(me, moment, tastes)
    budget = budget_now(me, moment)
    tier = np.int64(me.flags & FLAG_TIER3)
    alpha = tastes.price[tier, me.sensitivity]
    taste = np.float32(me.taste) * _BYTE * tastes.brand_taste[tier]
    memory = memory_term(memory_now(me, away, tastes), tastes.memory_weight, tastes.curvature)
    stream = stream_utility(
        tastes.beta_affinity,
        np.float32(look.affinity) * AFFINITY_STEP,
        tastes.beta_impulse,
        np.float32(me.impulse) * _BYTE,
        shop.charisma[anchor],
    )
    for j in range(shop.shown[anchor]):
        utility = good_utility(
            stream,
            shop.own_utility[anchor, j],
            tastes.beta_quality,
            np.float32(trust[shop.kind[anchor, j]]) * _BYTE,
            shop.quality[anchor, j],
            tastes.beta_brand,
            shop.brand[anchor, j],
            taste,
        ) - alpha * price_disutility(shop.price_term[anchor, coupon, j], memory, tastes.curvature)
        weights[j] = exp32(utility) if shop.paid[anchor, coupon, j] <= budget else _ZERO
    habit = habit_now(me, away, tastes)
    return exp32(outside_utility(moment.outside_level, tastes.beta_habit, habit))


@step
def choose(weights, shown, outside, u):
    """The good whose interval holds u; the outside option comes first.

    A coupon taken away widens the outside interval, so nobody starts to buy for want of
    a coupon.
    """
    total = outside
    for j in range(shown):
        total += weights[j]
    edge, mark = outside, u * total
    if mark < edge:
        return OUTSIDE, total
    for j in range(shown):
        edge += weights[j]
        if mark < edge:
            return j, total
    return OUTSIDE, total  # u rounds to 1 and every edge is below it


@step
def add_expected(tally, shop, weights, total, anchor, coupon, sign):
    """Add (sign 1) or take back (sign -1) the probabilities of one look, in fixed point."""
    paid = _ZERO
    for j in range(shop.shown[anchor]):
        share = weights[j] / total
        if not shop.links_out[anchor, j]:
            tally.expected[anchor, j] += sign * np.int64(share * _EXPECTED_ONE + _HALF)
            paid += share * np.float32(shop.paid[anchor, coupon, j])
    tally.expected_paid[anchor] += sign * np.int64(paid + _HALF)


@step
def claim(tally, shop, look, moment, sign):
    """Count the look's wish for a good and for its coupon, or take it back."""
    if look.choice == OUTSIDE:
        return
    anchor, j = look.anchor, look.choice
    if shop.links_out[anchor, j]:
        return
    tally.demand[shop.supplier[anchor, j]] += sign
    coupon = shop.price[anchor, j] - shop.paid[anchor, look.coupon, j]
    if coupon > 0:
        partner = partner_part(shop.kind[anchor, j], coupon, moment.partner_share_bp)
        tally.claims[0, look.bucket] += sign * (coupon - partner)
        tally.claims[1, look.bucket] += sign * partner


@step
def partner_part(kind, coupon, partner_share_bp):
    """What the retail partner pays of a coupon on its own goods (M4)."""
    return partner_part_fen(coupon, partner_share_bp) if kind == _PARTNER else 0


@step
def decide_look(weights, buyers, shop, tastes, moment, tally, look):
    """Choose at one look, and count what is expected and wished."""
    outside = weigh(weights, buyers, shop, tastes, moment, look, look.coupon)
    u = uniform(moment.choice, look.buyer, np.int64(look.session))
    choice, total = choose(weights, shop.shown[look.anchor], outside, u)
    look.choice = np.uint8(choice)
    add_expected(tally, shop, weights, total, look.anchor, look.coupon, 1)
    claim(tally, shop, look, moment, 1)


@step
def withdraw_coupon(weights, buyers, shop, tastes, moment, tally, look, instead):
    """Decide one look again with coupon class `instead`, as if it had never had another."""
    outside = weigh(weights, buyers, shop, tastes, moment, look, look.coupon)
    _, total = choose(weights, shop.shown[look.anchor], outside, _ZERO)
    add_expected(tally, shop, weights, total, look.anchor, look.coupon, -1)
    claim(tally, shop, look, moment, -1)
    look.coupon = np.uint8(instead)
    decide_look(weights, buyers, shop, tastes, moment, tally, look)


@step
def is_private(follow):
    """Whether a look came by a follow or through a followed anchor's family."""
    return follow != PUBLIC_FEED
