"""Settlement and learning of buyers: every look of a slot, once rationing is done.

Money of one order, all in fen:  price = paid + coupon = supplier + commission + take.
A returned order undoes all of it; the coupon does not go back to the purse.
"""

import numpy as np

from engine.accounts import Account, Count
from engine.jit import kernel, prefetch, stage, step
from engine.market.sessions.batch import BATCH_BUYERS
from engine.market.sessions.context import LOST, OUTSIDE, PUBLIC_FEED
from engine.market.sessions.terms import (
    budget_now,
    days_away,
    habit_now,
    memory_now,
    partner_part,
)
from engine.market.streams import index_of, price_index
from engine.population.buyers import (
    AFFINITY_ONE,
    BYTE_ONE,
    DAY_ZERO,
    FLAG_BOUGHT,
    FLAG_ORDERED,
    FLAG_TIER3,
    FLAG_TWICE,
    FOLLOWS,
    HABIT_ONE,
    MEMORY_UNIT,
    MOST_ENGAGEMENT,
    affinity_of,
    anchor_of,
    set_affinity,
    set_follow,
)
from engine.rng import uniform
from engine.rules.choice import log_price_ratio
from engine.rules.commission import part_fen
from engine.rules.learning import lowered, raised, remembered
from engine.rules.returns import return_probability

_ORDERS, _GMV, _PAID = int(Account.ORDERS), int(Account.GMV), int(Account.PAID)
_OWN, _PARTNER = int(Account.OWN_COUPON), int(Account.PARTNER_COUPON)
_COMMISSION, _TAKE = int(Account.COMMISSION), int(Account.TAKE)
_SUPPLIER, _CAPPED = int(Account.SUPPLIER), int(Account.CAPPED)
_TO_RETURNED = int(Account.RETURNED) - _ORDERS
_ELSEWHERE = int(Account.ELSEWHERE)
_LEAKED = int(Account.LEAKED)
_PAYING, _NEW = int(Count.PAYING_BUYERS), int(Count.NEW_BUYERS)
_MONTH, _TWICE, _RETAINED = (
    int(Count.MONTH_BUYERS),
    int(Count.MONTH_TWICE),
    int(Count.MONTH_RETAINED),
)
_HALF = np.float32(0.5)
_ONE = np.float32(1.0)
_LOOKS_AHEAD = 16
"""Looks between asking for a buyer's memory and using it."""


@kernel
def settle(buyers, market, context, totals, looks, n, batch):
    """Settle `n` looks of one block: first who did not buy, then the orders, each in order.

    Buyers of one block are in no other.

    `n` int64 looks of `looks` (records of `context.LOOK`); changes `buyers` and adds to `totals`
    (int64, sample fen); `batch.position` is room.
    """
    streams, tastes = market.streams, market.tastes
    _decay_affinity(n, buyers.person, tastes.affinity_fading, looks)
    _disappoint(n, buyers, streams.shown, tastes.nothing_to_buy, looks)
    for first in range(0, n, BATCH_BUYERS):
        orders = _list_orders(first, min(n, first + BATCH_BUYERS), buyers, looks, batch.position)
        for k in range(orders):
            look = looks[batch.position[k]]
            if streams.links_out.flat[index_of(streams, look)]:
                _settle_leak(buyers, streams, context, totals, look)
            else:
                _settle_order(buyers, streams, tastes, context, totals, look)


@stage
def _decay_affinity(n, people, fading, looks):
    """Looking without buying tires of an anchor (M9)."""
    for k in range(n):
        prefetch(people, looks[min(k + _LOOKS_AHEAD, n - 1)].buyer)
        look = looks[k]
        if look.choice == OUTSIDE and look.follow < FOLLOWS:
            _move_affinity(people[look.buyer], look, fading, False)


@stage
def _disappoint(n, buyers, shown, change, looks):
    """Nothing on show, or sold out before one's turn: people come less (M18)."""
    for k in range(n):
        look = looks[k]
        if look.choice == LOST or shown[look.anchor] == 0:
            _move_engagement(buyers, look.buyer, change)


@stage
def _list_orders(first, last, buyers, looks, position):
    """List the looks at which something was bought, and call up who did; returns how many."""
    orders = np.uint64(0)
    for k in range(first, last):
        position[orders] = k
        orders += np.uint64(looks[k].choice < LOST)
    for k in range(orders):
        prefetch(buyers.person, looks[position[k]].buyer)
        prefetch(buyers.habit, looks[position[k]].buyer)
        prefetch(buyers.seen, looks[position[k]].buyer)
    return np.int64(orders)


@stage
def _settle_leak(buyers, streams, context, totals, look):
    """An order through an external link (M11): no GMV, no coupon, but the need is met."""
    place = index_of(streams, look)
    me = buyers.person[look.buyer]
    _ledger_of(totals, streams, me, look, place)[_LEAKED] += 1
    # Yesterday's date: what is bought today is what `_count_order` takes for paid here.
    me.bought[streams.good_category.flat[place]] = np.uint16(context.day + DAY_ZERO - 1)


@step
def _ledger_of(totals, streams, me, look, place):
    """The accounts of the look's segment, before `_count_order` makes the buyer a known one."""
    domain = 0 if _is_private(look.follow) else 1
    known = np.int64((me.flags & FLAG_BOUGHT) > 0)
    return totals.ledger[streams.kind.flat[place], me.flags & FLAG_TIER3, domain, known]


@step
def _is_private(follow):
    """Whether a look came by a follow or through a followed anchor's family.

    `follow` uint8 of a look; the result a bool.
    """
    return follow != PUBLIC_FEED


@stage
def _settle_order(buyers, streams, tastes, context, totals, look):
    """One accepted order: money moves, then the buyer learns."""
    place, i, anchor = index_of(streams, look), look.buyer, look.anchor
    ledger = _ledger_of(totals, streams, buyers.person[i], look, place)
    price, paid = streams.price.flat[place], streams.paid.flat[price_index(streams, look, place)]
    _book_money(ledger, streams, context, place, paid, 0)
    ledger[_CAPPED] += streams.capped.flat[place]
    ledger[_ELSEWHERE] += streams.elsewhere.flat[place]
    totals.gmv[anchor] += price
    totals.commission[anchor] += part_fen(price, streams.cps_bp.flat[place])
    totals.offered[anchor] += part_fen(price, context.offer_bp[streams.kind.flat[place]])
    returned = uniform(context.returned, i, np.int64(look.session)) < return_probability(
        streams.quality.flat[place],
        tastes.return_base,
        tastes.return_slope,
        tastes.return_pivot,
        tastes.return_category[streams.good_category.flat[place]],
    )
    if returned:
        _book_money(ledger, streams, context, place, paid, _TO_RETURNED)
    _count_order(buyers, context, totals, i)
    _update_buyer(buyers, streams, tastes, context, totals, look, place, paid, returned)


@step
def _book_money(ledger, streams, context, place, paid, offset):
    """Enter an order's money: into the accounts of sales, or of returns by `offset`."""
    price, kind = streams.price.flat[place], streams.kind.flat[place]
    coupon = price - paid
    partner = partner_part(kind, coupon, (context.partner_share_bp, context.is_co_funded))
    commission = part_fen(price, streams.cps_bp.flat[place])
    take = part_fen(price, context.take_bp[kind])
    ledger[_ORDERS + offset] += 1
    ledger[_GMV + offset] += price
    ledger[_PAID + offset] += paid
    ledger[_OWN + offset] += coupon - partner
    ledger[_PARTNER + offset] += partner
    ledger[_COMMISSION + offset] += commission
    ledger[_TAKE + offset] += take
    ledger[_SUPPLIER + offset] += price - commission - take


@step
def _count_order(buyers, context, totals, i):
    """First order of the day, of the month, of a life; who came back."""
    me = buyers.person[i]
    today = np.uint16(context.day + DAY_ZERO)
    first_today = True
    for c in range(me.bought.size):
        first_today &= me.bought[c] != today
    totals.counts[_PAYING] += first_today
    totals.counts[_NEW] += (me.flags & FLAG_BOUGHT) == 0
    kept = np.int64(me.flags) & (FLAG_TIER3 | FLAG_TWICE) | FLAG_BOUGHT | FLAG_ORDERED
    # Who ordered before has last learned something on the day of that order.
    last = np.int64(buyers.seen[i]) - DAY_ZERO if me.flags & FLAG_ORDERED else np.int64(-1)
    if last < context.month_start:
        totals.counts[_MONTH] += 1
        totals.counts[_RETAINED] += last >= context.last_month_start
        kept &= ~FLAG_TWICE
    elif not kept & FLAG_TWICE:
        totals.counts[_TWICE] += 1
        kept |= FLAG_TWICE
    me.flags = np.uint8(kept)


@step
def _update_buyer(buyers, streams, tastes, context, totals, look, place, paid, returned):
    """Habit, memory, budget, need, trust and affinity after one order (M9, M17, M23)."""
    i = look.buyer
    me, away = buyers.person[i], days_away(buyers, i, context, tastes)
    habit = habit_now(buyers, i, away, tastes)
    memory = remembered(
        memory_now(me, away, tastes),
        log_price_ratio(paid, streams.elsewhere.flat[place]),
        tastes.memory_step,
    )
    budget = budget_now(buyers, i, context, tastes)
    if not returned:
        habit = raised(habit, tastes.habit_gain)
        budget -= paid
    buyers.habit[i] = np.uint16(habit * np.float32(HABIT_ONE) + _HALF)
    _move_engagement(buyers, i, tastes.lost_engagement if returned else tastes.gained_engagement)
    me.memory = np.uint8(min(-memory * np.float32(MEMORY_UNIT) + _HALF, np.float32(BYTE_ONE)))
    me.budget = np.int32(budget)
    buyers.seen[i] = np.uint16(context.day + DAY_ZERO)
    me.bought[streams.good_category.flat[place]] = np.uint16(context.day + DAY_ZERO)
    _move_trust(me.trust, streams.kind.flat[place], tastes, returned)
    if look.follow < FOLLOWS:
        step_size = tastes.affinity_return_loss if returned else tastes.affinity_gain
        _move_affinity(me, look, step_size, not returned)
    elif not returned:
        _follow(me, tastes, context, totals, look)


@step
def _move_engagement(buyers, i, change):
    """Engagement of buyer `i` moves by `change` (int64, in its unit on record), within bounds."""
    moved = np.int64(buyers.engagement[i]) + change
    here = buyers.engagement[i] > 0  # who has gone for good stays away
    buyers.engagement[i] = np.uint16(min(max(moved, 0), MOST_ENGAGEMENT) * np.int64(here))


@step
def _move_trust(trust, kind, tastes, returned):
    """Trust in one kind of goods, kept in 1/255; a half rounds away from where it was."""
    level = np.float32(trust[kind])
    if returned:
        trust[kind] = np.uint8(lowered(level, tastes.trust_return_loss))
    else:
        gained = tastes.trust_gain * (np.float32(BYTE_ONE) - level)
        trust[kind] = np.uint8(min(level + gained + _HALF, np.float32(BYTE_ONE)))


@step
def _move_affinity(me, look, size, up):
    """Affinity to the anchor followed, towards 1 or towards 0 by the share `size`."""
    if anchor_of(me, look.follow) != look.anchor:
        return  # an earlier order of this slot gave the place to another anchor
    level = np.float32(affinity_of(me, look.follow))
    moved = level + size * (np.float32(AFFINITY_ONE) - level) if up else lowered(level, size)
    set_affinity(me, look.follow, moved + _HALF)


@step
def _follow(me, tastes, context, totals, look):
    """A buyer who came by the feed or a family may follow; the weakest follow goes (M9).

    `me` a record of `population.buyers.record_of`, `look` one of `context.LOOK`.
    """
    chance = uniform(context.follow, look.buyer, np.int64(look.session))
    if chance >= tastes.follow_probability:
        return
    weakest, lowest = 0, 2 * AFFINITY_ONE
    for f in range(FOLLOWS):
        affinity = affinity_of(me, f)
        if anchor_of(me, f) == look.anchor and affinity > 0:
            return  # followed already
        if affinity < lowest:
            weakest, lowest = f, affinity
    set_follow(me, weakest, look.anchor, tastes.follow_affinity * np.float32(AFFINITY_ONE))
    totals.follows[look.anchor] += 1
