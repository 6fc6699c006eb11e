"""What a buyer brings to a look, and what a look claims; shared by every kernel of a slot."""

import numpy as np

from engine.jit import step
from engine.kernels.state import OUTSIDE, OWN, PARTNER, PUBLIC_FEED
from engine.rules.subsidy import partner_part_fen
from engine.units import Kind
from engine.world.buyers import DAY_ZERO, FLAG_BOUGHT, FLAG_TIER3, HABIT_STEP, MEMORY_UNIT

_PARTNER = int(Kind.PARTNER)
_MEMORY = np.float32(-1.0 / MEMORY_UNIT)


@step
def days_away(rhythm, moment, tastes):
    """Days since the buyer last learned something, within the fading tables; < 0: to arrive."""
    return min(moment.day + DAY_ZERO - np.int64(rhythm.seen), tastes.habit_left.size - 1)


@step
def habit_now(rhythm, away, tastes):
    """Habit in [0, 1], faded to today."""
    return np.float32(rhythm.habit) * HABIT_STEP * tastes.habit_left[away]


@step
def memory_now(me, away, tastes):
    """ln(remembered price / price elsewhere) <= 0, faded to today."""
    return np.float32(me.memory) * _MEMORY * tastes.memory_left[away]


@step
def budget_now(me, rhythm, moment):
    """Fen left this month; the first look of a month finds it full."""
    if np.int64(rhythm.seen) < moment.month_start + DAY_ZERO:
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
def shelf_of(shop):
    """What claims read of the shop: links out, supplier, kind, price and paid."""
    return shop.links_out, shop.supplier, shop.kind, shop.price, shop.paid


@step
def claims_of(tally):
    """Where claims are counted: by supplier, and by purse and bucket."""
    return tally.demand, tally.claims


@step
def add_claim(counted, shelf, look, partner_share_bp, sign):
    """Count the look's wish for a good and for its coupon (sign 1), or take it back (-1)."""
    links_out, suppliers, kinds, prices, paid = shelf
    demand, claims = counted
    if look.choice == OUTSIDE:
        return
    anchor, j = look.anchor, look.choice
    if links_out[anchor, j]:
        return
    demand[suppliers[anchor, j]] += sign
    coupon = prices[anchor, j] - paid[look.coupon, anchor, j]
    if coupon > 0:
        partner = partner_part(kinds[anchor, j], coupon, partner_share_bp)
        claims[OWN, look.bucket] += sign * (coupon - partner)
        claims[PARTNER, look.bucket] += sign * partner


@step
def partner_part(kind, coupon, partner_share_bp):
    """What the retail partner pays of a coupon on its own goods (M4)."""
    return partner_part_fen(coupon, partner_share_bp) if kind == _PARTNER else 0


@step
def is_private(follow):
    """Whether a look came by a follow or through a followed anchor's family."""
    return follow != PUBLIC_FEED
